//! The compiled program: instructions in written order, with the whole calculus, as plain data.
//!
//! ```text
//! PROBE …      conditions that are read before anything happens
//! ENTER        the plan
//!   RUN, ASK, TELL, WAIT, DELAY, PROBE, ASSUME    steps
//!   ENTER … EXIT                                  a phase, a body of `otherwise` or `finally`
//!   JOIN                                          the end of a ladder of attempts
//! END
//! ```
//!
//! # Settling
//!
//! Every instruction has a status: `pending, running, ok, failed, unknown, not applicable, blocked, cancelled`.
//! It is *stopped* when it is blocked, cancelled, or failed or unknown and not tolerated. Once everything in its
//! `needs` and `waits` is settled, a pending instruction settles or starts:
//!
//! 1. something it needs is stopped: `blocked`;
//! 2. its guard is false: `not applicable` (which passes);
//! 3. cancellation was requested, it is not in a `finally`, and it is a step (an `ASSUME`, too) or an `ENTER`: `cancelled`;
//! 4. `ENTER`, `EXIT`, `ASSUME`, `END`: `ok`;
//! 5. `JOIN`: `ok` if a rung is `ok`; else `blocked` if a rung is stopped; else `not applicable`;
//! 6. a step: it may start, and its outcome becomes its status.
//!
//! So a failure blocks exactly its dependents, and the final status of every instruction is a function of the atoms'
//! answers and the steps' outcomes, whatever the interleaving.

use crate::bytecode::ops::{Guard, Op};
use crate::calculus::{
    Atom, Cell, CellId, Command, Effect, Flags, Hold, Machine, MachineId, Requirement, Secret, Template, Value,
};

/// Index of an instruction.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub struct InstrId(pub u32);

/// Index of a guard; guard 0 is always [`Guard::Always`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct GuardId(pub u32);

impl InstrId {
    /// The id of the `index`th instruction.
    pub fn at(index: usize) -> InstrId {
        InstrId(u32::try_from(index).unwrap_or(u32::MAX))
    }

    /// The index in the code.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl GuardId {
    /// The guard that is always true.
    pub const ALWAYS: GuardId = GuardId(0);

    /// The id of the `index`th guard.
    pub fn at(index: usize) -> GuardId {
        GuardId(u32::try_from(index).unwrap_or(u32::MAX))
    }

    /// The index in the table.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A compiled plan.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Program {
    /// The plan's name.
    pub plan: String,
    /// What it is for.
    pub title: String,
    /// The plan's arguments as shown to people: `from`, `tokyo`.
    pub arguments: Vec<(String, String)>,
    /// The sources it was compiled from.
    pub sources: Vec<SourceFile>,
    /// Machines.
    pub machines: Vec<Machine>,
    /// Cells.
    pub cells: Vec<Cell>,
    /// Atoms.
    pub atoms: Vec<Atom>,
    /// Guards, each made of earlier ones; the first is [`Guard::Always`].
    pub guards: Vec<Guard>,
    /// Values known only while the plan runs.
    pub values: Vec<Value<InstrId, GuardId>>,
    /// Secrets by reference.
    pub secrets: Vec<Secret>,
    /// Instructions in written order; the last is [`Op::End`].
    pub code: Vec<Instr>,
    /// What holds when the plan completes.
    pub goal: Vec<Requirement>,
    /// Names of the things that no other run may touch meanwhile, ascending.
    pub locks: Vec<String>,
    /// Losses that the plan accepts, with the reason.
    pub accepted: Vec<(CellId, String)>,
    /// Duties that outlive the plan.
    pub holds: Vec<Hold>,
    /// Names of the things about which earlier plans may have left duties that this one ends, ascending.
    pub ends: Vec<String>,
    /// Time promised for the whole plan, in milliseconds.
    pub rto_ms: Option<u64>,
    /// How people run it again, or go back. Like the places it does not determine a run.
    pub calls: Calls,
}

/// Words to go after `handover run`, as one types them in a shell.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Calls {
    /// Runs the plan again; decisions are still to be added.
    pub again: String,
    /// Runs a plan that follows this one.
    pub back: Vec<String>,
}

/// A source of a program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceFile {
    /// Its path as the compiler was given it, `std/…` for the embedded library.
    pub path: String,
    /// BLAKE3 of its text.
    pub digest: [u8; 32],
}

/// One instruction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Instr {
    /// What it does.
    pub op: Op,
    /// Unique name: `restart[web].vs2`, `check[cfguest1]~2`, `window`, `window.exit`.
    pub name: String,
    /// The vendor's heading; may be empty.
    pub title: String,
    /// The procedure's own number.
    pub number: Option<u32>,
    /// Where it runs; `None` for the operator and for block structure.
    pub host: Option<MachineId>,
    /// When it runs.
    pub guard: GuardId,
    /// Earlier instructions that must have passed, ascending.
    pub needs: Vec<InstrId>,
    /// Earlier instructions that must have ended, ascending.
    pub waits: Vec<InstrId>,
    /// What must hold while it runs; of an `ENTER`, when it settles `ok`.
    pub requires: Vec<Requirement>,
    /// What it does to cells; a fence's effects on what its victim held are spelt out.
    pub effects: Vec<Effect>,
    /// Machines that can do nothing any more once it succeeded: commands in flight there are dead.
    pub fences: Vec<MachineId>,
    /// Cells whose data it loses.
    pub loses: Vec<CellId>,
    /// How it is treated.
    pub flags: Flags,
    /// Usual duration in milliseconds.
    pub usually_ms: Option<u64>,
    /// Where it stands in the sources.
    pub place: Place,
}

/// A place in a program's sources.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Place {
    /// Index in [`Program::sources`].
    pub source: u32,
    /// Line from 1; 0 for none.
    pub line: u32,
    /// Column from 1.
    pub column: u32,
}

impl Program {
    /// An instruction by its name and where it runs: `stop on a`.
    pub fn name_and_place(&self, id: InstrId) -> String {
        let Some(instr) = self.code.get(id.index()) else { return String::from("?") };
        match instr.host.and_then(|h| self.machines.get(h.index())) {
            Some(machine) => format!("{} on {}", instr.name, machine.name),
            None => instr.name.clone(),
        }
    }
}

impl Op {
    /// Whether it is block structure or an assumption: settled without doing anything.
    pub fn is_structure(&self) -> bool {
        matches!(self, Op::Enter | Op::Exit | Op::Join { .. } | Op::Assume { .. } | Op::End)
    }

    /// The command, if it runs one.
    pub fn command(&self) -> Option<&Command> {
        match self {
            Op::Run { command, .. } | Op::Wait { command, .. } | Op::Probe { command, .. } => Some(command),
            _ => None,
        }
    }

    /// Whether a cancellation keeps it from starting.
    pub fn is_cancellable(&self) -> bool {
        !self.is_structure() || matches!(self, Op::Enter | Op::Assume { .. })
    }

    /// Its texts that may have holes.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        let own = match self {
            Op::Run { verify, .. } => verify.as_ref(),
            Op::Ask { question: text, .. } | Op::Tell { text } => Some(text),
            _ => None,
        };
        own.into_iter().chain(self.command().into_iter().flat_map(Command::templates))
    }
}

impl Guard {
    /// The guards it is made of.
    pub fn parts(&self) -> &[GuardId] {
        match self {
            Guard::Not(part) => std::slice::from_ref(part),
            Guard::All(parts) | Guard::Any(parts) | Guard::AtMost { of: parts, .. } => parts,
            Guard::Always | Guard::Never | Guard::Is { .. } | Guard::Ok(_) => &[],
        }
    }
}
