//! Random programs for tests: anything that the types allow, sense or nonsense.

use crate::bytecode::{Calls, Guard, GuardId, Instr, InstrId, Op, Place, Program, SourceFile};
use crate::calculus::{
    Answer, Atom, AtomId, AtomSource, Capture, Cell, CellId, CellKind, Change, Command, Effect, EnvValue, EnvVar,
    Flags, Gate, Hold, Machine, MachineId, Meaning, Piece, Reach, Requirement, Secret, SecretId, SecretSource, Sign,
    Template, Value, ValueId, ValueSource, Verdict,
};
use proptest::collection::vec;
use proptest::strategy::Strategy;

/// Any program; shrinks to smaller ones.
pub(crate) fn program() -> impl Strategy<Value = Program> {
    vec(proptest::arbitrary::any::<u64>(), 0..400).prop_map(|words| Program::draw(&mut Dice(words.into_iter())))
}

/// Numbers to draw from; zeros once they are used up.
struct Dice(std::vec::IntoIter<u64>);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0.next().unwrap_or(0) % n
    }
}

/// What can be drawn. Zeros draw the smallest.
trait Draw {
    fn draw(dice: &mut Dice) -> Self;
}

impl Draw for bool {
    fn draw(dice: &mut Dice) -> bool {
        dice.below(2) == 1
    }
}

impl Draw for u8 {
    fn draw(dice: &mut Dice) -> u8 {
        u32::draw(dice) as u8
    }
}

/// Small ones, any, and those at which the encoding gets longer.
impl Draw for u64 {
    fn draw(dice: &mut Dice) -> u64 {
        match dice.below(4) {
            0 => dice.below(8),
            1 => dice.below(u64::MAX),
            2 => (1 << dice.below(64)) - dice.below(2),
            _ => u64::MAX - dice.below(2),
        }
    }
}

impl Draw for u32 {
    fn draw(dice: &mut Dice) -> u32 {
        u64::draw(dice) as u32
    }
}

impl Draw for String {
    fn draw(dice: &mut Dice) -> String {
        ["", "a", "b", "run", "zwölf", "a\0b", "two\nlines", "日本"][dice.below(8) as usize].to_owned()
    }
}

impl<T: Draw> Draw for Option<T> {
    fn draw(dice: &mut Dice) -> Option<T> {
        bool::draw(dice).then(|| T::draw(dice))
    }
}

impl<T: Draw> Draw for Vec<T> {
    fn draw(dice: &mut Dice) -> Vec<T> {
        (0..dice.below(4)).map(|_| T::draw(dice)).collect()
    }
}

impl<A: Draw, B: Draw> Draw for (A, B) {
    fn draw(dice: &mut Dice) -> (A, B) {
        (A::draw(dice), B::draw(dice))
    }
}

impl Draw for [u8; 32] {
    fn draw(dice: &mut Dice) -> [u8; 32] {
        [u8::draw(dice); 32]
    }
}

macro_rules! ids {
    ($($id:ident)*) => {$(
        impl Draw for $id {
            fn draw(dice: &mut Dice) -> $id {
                $id(u32::draw(dice))
            }
        }
    )*};
}

macro_rules! records {
    ($($type:ty: $name:ident { $($field:ident)* })*) => {$(
        impl Draw for $type {
            fn draw(dice: &mut Dice) -> $type {
                $name { $($field: Draw::draw(dice)),* }
            }
        }
    )*};
}

macro_rules! choices {
    ($($type:ty: $name:ident, $count:literal { $($n:literal => $variant:ident $({ $($field:ident)* })? $(( $inner:ident ))?),* })*) => {$(
        impl Draw for $type {
            fn draw(dice: &mut Dice) -> $type {
                match dice.below($count) {
                    $($n => {
                        $(let $inner = Draw::draw(dice);)?
                        $name::$variant $({ $($field: Draw::draw(dice)),* })? $(( $inner ))?
                    })*
                    other => unreachable!("{other}"),
                }
            }
        }
    )*};
}

ids!(MachineId CellId AtomId ValueId SecretId GuardId InstrId);

records! {
    Program: Program {
        plan title arguments sources machines cells atoms guards values secrets code goal locks accepted holds ends rto_ms calls
    }
    Calls: Calls { again back }
    SourceFile: SourceFile { path digest }
    Machine: Machine { name site reach power }
    Cell: Cell { name values kind volatile rests initial }
    Atom: Atom { name question options source yes_means }
    Value<InstrId, GuardId>: Value { name source }
    Secret: Secret { name source }
    Hold: Hold { text machine things cells }
    Requirement: Requirement { cell allowed }
    Effect: Effect { cell change exclusive }
    Command: Command { script env within_ms kill meanings captures }
    EnvVar: EnvVar { name value }
    Meaning: Meaning { sign verdict }
    Capture: Capture { value pattern }
    Answer: Answer { name label stops }
    Gate: Gate { role within_ms otherwise }
    Flags: Flags { tolerated lingers finally idempotent opaque commits }
    Place: Place { source line column }
    Instr: Instr {
        op name title number host guard needs waits requires effects fences loses flags usually_ms place
    }
}

impl Draw for Template {
    fn draw(dice: &mut Dice) -> Template {
        Template(Draw::draw(dice))
    }
}

choices! {
    Reach: Reach, 3 { 0 => Local, 1 => Exec { prefix }, 2 => Ssh { host user } }
    CellKind: CellKind, 5 {
        0 => State, 1 => Place { holders }, 2 => Shared { machine },
        3 => Power { machine }, 4 => Configured { machine of }
    }
    Change: Change, 2 { 0 => Set(value), 1 => Move { from to } }
    AtomSource: AtomSource, 3 { 0 => Decision, 1 => Probe, 2 => Answer }
    ValueSource<InstrId, GuardId>: ValueSource, 2 { 0 => Captured { by }, 1 => Picked { cases otherwise } }
    SecretSource: SecretSource, 2 { 0 => Env(name), 1 => File(path) }
    EnvValue: EnvValue, 2 { 0 => Plain(text), 1 => Secret(secret) }
    Sign: Sign, 2 { 0 => Exit(codes), 1 => Output(pattern) }
    Verdict: Verdict, 4 { 0 => Success, 1 => Failure, 2 => Warning, 3 => Ask(question) }
    Piece: Piece, 2 { 0 => Text(text), 1 => Value(value) }
    Guard: Guard, 8 {
        0 => Always, 1 => Never, 2 => Is { atom option }, 3 => Ok(step),
        4 => Not(guard), 5 => All(guards), 6 => Any(guards), 7 => AtMost { count of }
    }
    Op: Op, 11 {
        0 => Enter, 1 => Exit, 2 => End, 3 => Join { rungs },
        4 => Run { command verify retries every_ms }, 5 => Wait { command every_ms negated },
        6 => Probe { atom command }, 7 => Ask { question answers atom gate }, 8 => Tell { text },
        9 => Delay { ms }, 10 => Assume { why }
    }
}
