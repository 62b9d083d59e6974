//! The layout of everything that the calculus and a program are made of, in the order of its fields.

use crate::bytecode::program::{GuardId, Instr, InstrId, Place};
use crate::bytecode::wire::{DecodeError, Reader, Wire, Writer, choice, error, record};
use crate::calculus::{
    Answer, Atom, AtomId, AtomSource, Capture, Cell, CellId, CellKind, Change, Command, Effect, EnvValue, EnvVar,
    Flags, Gate, Hold, Machine, MachineId, Meaning, Piece, Reach, Requirement, Secret, SecretId, SecretSource, Sign,
    Template, Value, ValueId, ValueSource, Verdict,
};

macro_rules! ids {
    ($($id:ident),*) => {$(
        impl Wire for $id {
            fn write<'a>(&'a self, to: &mut Writer<'a>) {
                self.0.write(to);
            }

            fn read(from: &mut Reader<'_>) -> Result<$id, DecodeError> {
                Ok($id(u32::read(from)?))
            }
        }
    )*};
}

ids!(MachineId, CellId, AtomId, ValueId, SecretId, GuardId);

record! {
    Machine: Machine { name, site, reach, power }
    Cell: Cell { name, values, kind, volatile, rests, initial }
    Requirement: Requirement { cell, allowed }
    Effect: Effect { cell, change, exclusive }
    Atom: Atom { name, question, options, source, yes_means }
    Value<InstrId, GuardId>: Value { name, source }
    Secret: Secret { name, source }
    EnvVar: EnvVar { name, value }
    Command: Command { script, env, within_ms, kill, meanings, captures }
    Meaning: Meaning { sign, verdict }
    Capture: Capture { value, pattern }
    Answer: Answer { name, label, stops }
    Gate: Gate { role, within_ms, otherwise }
    Hold: Hold { text, machine, things, cells }
}

choice! {
    Reach: Reach, "a way to reach a machine" { 0 => Local, 1 => Exec { prefix }, 2 => Ssh { host, user } }
    CellKind: CellKind, "a kind of cell" {
        0 => Place { holders }, 1 => Shared { machine }, 2 => State, 3 => Power { machine },
        4 => Configured { machine, of }
    }
    Change: Change, "a change" { 0 => Set(value), 1 => Move { from, to } }
    AtomSource: AtomSource, "a source of answers" { 0 => Decision, 1 => Probe, 2 => Answer }
    Piece: Piece, "a piece of a text" { 0 => Text(text), 1 => Value(value) }
    ValueSource<InstrId, GuardId>: ValueSource, "a source of a value" {
        0 => Captured { by }, 1 => Picked { cases, otherwise }
    }
    SecretSource: SecretSource, "a source of a secret" { 0 => Env(name), 1 => File(path) }
    EnvValue: EnvValue, "a content of a variable" { 0 => Plain(text), 1 => Secret(secret) }
    Sign: Sign, "a sign of a result" { 0 => Exit(codes), 1 => Output(pattern) }
    Verdict: Verdict, "a verdict" { 0 => Success, 1 => Failure, 2 => Warning, 3 => Ask(question) }
}

impl Wire for Template {
    fn write<'a>(&'a self, to: &mut Writer<'a>) {
        self.0.write(to);
    }

    fn read(from: &mut Reader<'_>) -> Result<Template, DecodeError> {
        Ok(Template(Vec::read(from)?))
    }
}

/// One bit a flag.
impl Wire for Flags {
    fn write<'a>(&'a self, to: &mut Writer<'a>) {
        let Flags { tolerated, lingers, finally, idempotent, opaque, commits } = *self;
        let flags = [tolerated, lingers, finally, idempotent, opaque, commits];
        to.byte(flags.iter().rev().fold(0, |byte, &flag| byte << 1 | u8::from(flag)));
    }

    fn read(from: &mut Reader<'_>) -> Result<Flags, DecodeError> {
        const FLAGS: &str = "six flags";
        let start = from.at();
        let byte = from.byte(FLAGS)?;
        if byte >= 1 << 6 {
            return Err(error(start, FLAGS, format!("bits {byte:#b}")));
        }
        let bit = |n: u8| byte & (1 << n) != 0;
        Ok(Flags {
            tolerated: bit(0),
            lingers: bit(1),
            finally: bit(2),
            idempotent: bit(3),
            opaque: bit(4),
            commits: bit(5),
        })
    }
}

/// All but the place, which stands in the source map.
impl Wire for Instr {
    fn write<'a>(&'a self, to: &mut Writer<'a>) {
        let Instr { op, name, title, number, host, guard, needs, waits, requires, effects, fences, .. } = self;
        let Instr { loses, flags, usually_ms, place: _, .. } = self;
        op.write(to);
        name.write(to);
        title.write(to);
        number.write(to);
        host.write(to);
        guard.write(to);
        needs.write(to);
        waits.write(to);
        requires.write(to);
        effects.write(to);
        fences.write(to);
        loses.write(to);
        flags.write(to);
        usually_ms.write(to);
    }

    fn read(from: &mut Reader<'_>) -> Result<Instr, DecodeError> {
        Ok(Instr {
            op: Wire::read(from)?,
            name: Wire::read(from)?,
            title: Wire::read(from)?,
            number: Wire::read(from)?,
            host: Wire::read(from)?,
            guard: Wire::read(from)?,
            needs: Wire::read(from)?,
            waits: Wire::read(from)?,
            requires: Wire::read(from)?,
            effects: Wire::read(from)?,
            fences: Wire::read(from)?,
            loses: Wire::read(from)?,
            flags: Wire::read(from)?,
            usually_ms: Wire::read(from)?,
            place: Place::default(),
        })
    }
}
