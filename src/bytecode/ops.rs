//! The op table: number, name, operands and meaning of every instruction and every condition.
//!
//! The types [`Op`] and [`Guard`], their encoding, their disassembly and the manual `docs/bytecode.md` all come from the
//! entries below. Numbers are never reused: they are the format.

use crate::bytecode::program::{GuardId, InstrId};
use crate::bytecode::show::Show;
use crate::bytecode::wire::choice;
use crate::calculus::{Answer, AtomId, Command, Gate, Template};

/// One entry of an op table, for the manual.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OpDoc {
    /// Its number in the encoding.
    pub number: u8,
    /// Its name in the disassembly.
    pub mnemonic: &'static str,
    /// What it takes, in the order of the encoding.
    pub operands: &'static [OperandDoc],
    /// What it does, a line or two.
    pub doc: &'static str,
}

/// One operand of an op.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OperandDoc {
    /// Its name.
    pub name: &'static str,
    /// What kind of thing it is, in words.
    pub kind: &'static str,
    /// What it is for.
    pub doc: &'static str,
}

/// A type that can be an operand.
trait Operand {
    /// In words.
    const KIND: &'static str;
}

macro_rules! operands {
    ($($type:ty = $kind:literal),* $(,)?) => { $(impl Operand for $type { const KIND: &'static str = $kind; })* };
}

operands! {
    u8 = "byte",
    u32 = "number",
    u64 = "number",
    bool = "yes or no",
    String = "text",
    AtomId = "atom",
    Option<AtomId> = "atom or none",
    InstrId = "instruction",
    Vec<InstrId> = "instructions",
    GuardId = "guard",
    Vec<GuardId> = "guards",
    Template = "text with holes",
    Option<Template> = "text with holes or none",
    Command = "command",
    Vec<Answer> = "answers",
    Gate = "role, time and answer, each or none",
}

macro_rules! ops {
    ($(
        $(#[doc = $about:literal])+
        #[derive($($derive:ident),*)]
        $set:ident, $what:literal {$(
            $(#[doc = $doc:literal])+
            $number:literal $mnemonic:literal $variant:ident
            $({$( $(#[doc = $field_doc:literal])+ $field:ident: $kind:ty, )*})?
            $(( $inner:ident: $inner_kind:ty ))?;
        )*}
    )*) => {$(
        $(#[doc = $about])+
        #[derive($($derive),*)]
        pub enum $set {$(
            $(#[doc = $doc])+
            $variant $({ $( $(#[doc = $field_doc])+ $field: $kind, )* })? $(( $inner_kind ))?,
        )*}

        impl $set {
            /// The table, by number.
            pub const TABLE: &'static [OpDoc] = &[$(OpDoc {
                number: $number,
                mnemonic: $mnemonic,
                operands: &[
                    $($(OperandDoc {
                        name: stringify!($field),
                        kind: <$kind as Operand>::KIND,
                        doc: concat!($($field_doc),+),
                    },)*)?
                    $(OperandDoc {
                        name: stringify!($inner),
                        kind: <$inner_kind as Operand>::KIND,
                        doc: "",
                    },)?
                ],
                doc: concat!($($doc),+),
            },)*];

            /// Its name in the disassembly.
            pub fn mnemonic(&self) -> &'static str {
                match self { $($set::$variant { .. } => $mnemonic,)* }
            }

            /// Calls `see` with the name and content of each operand.
            pub(super) fn each_operand(&self, see: &mut dyn FnMut(&'static str, &dyn Show)) {
                let _ = &see;
                match self {
                    $($set::$variant $({ $($field),* })? $(( $inner ))? => {
                        $($(see(stringify!($field), $field);)*)?
                        $(see(stringify!($inner), $inner);)?
                    })*
                }
            }
        }

        choice! { $set: $set, $what {
            $($number => $variant $({ $($field),* })? $(( $inner ))?),*
        } }
    )*};
}

ops! {
    /// What an instruction does.
    #[derive(Clone, PartialEq, Eq, Debug)]
    Op, "an instruction" {
        /// Beginning of the plan, a phase, a rung or a `finally`.
        0 "ENTER" Enter;
        /// End of one.
        1 "EXIT" Exit;
        /// End of a ladder: passes when a rung did, or when none was attempted.
        2 "JOIN" Join {
            /// The rungs' last instructions, in order.
            rungs: Vec<InstrId>,
        };
        /// Run a command.
        3 "RUN" Run {
            /// The command.
            command: Command,
            /// Reads back whether it is done: before (already so?), after, and when the outcome is unknown.
            verify: Option<Template>,
            /// How many more times a failed attempt is repeated.
            retries: u32,
            /// Pause before each repetition, in milliseconds.
            every_ms: u64,
        };
        /// Repeat a command until it succeeds.
        4 "WAIT" Wait {
            /// The command; its time limit is that of the whole wait.
            command: Command,
            /// Pause between readings, in milliseconds.
            every_ms: u64,
            /// Wait for a no instead of a yes.
            negated: bool,
        };
        /// Read a condition. Always ends `ok`; a command that fails or does not end is a no.
        5 "PROBE" Probe {
            /// The atom that gets the answer.
            atom: AtomId,
            /// The command.
            command: Command,
        };
        /// Ask the operator.
        6 "ASK" Ask {
            /// The question.
            question: Template,
            /// Labelled answers; empty for yes (`ok`) or no (`failed`).
            answers: Vec<Answer>,
            /// The atom that gets the labelled answer.
            atom: Option<AtomId>,
            /// Who may answer, until when, and what counts if nobody does.
            gate: Gate,
        };
        /// Tell the operator.
        7 "TELL" Tell {
            /// What.
            text: Template,
        };
        /// Let time pass.
        8 "DELAY" Delay {
            /// Milliseconds.
            ms: u64,
        };
        /// Take something for granted.
        9 "ASSUME" Assume {
            /// Why.
            why: String,
        };
        /// End of the plan.
        10 "END" End;
    }

    /// A condition, as a node of a table in which each entry refers to earlier ones only.
    #[derive(Clone, PartialEq, Eq, Hash, Debug)]
    Guard, "a condition" {
        /// True.
        0 "ALWAYS" Always;
        /// False.
        1 "NEVER" Never;
        /// The atom has this answer.
        2 "IS" Is {
            /// The atom.
            atom: AtomId,
            /// Index of the answer.
            option: u8,
        };
        /// The instruction's status is `ok`.
        3 "OK" Ok(step: InstrId);
        /// Not this.
        4 "NOT" Not(guard: GuardId);
        /// All of these.
        5 "ALL" All(guards: Vec<GuardId>);
        /// One of these.
        6 "ANY" Any(guards: Vec<GuardId>);
        /// At most so many of these.
        7 "ATMOST" AtMost {
            /// How many.
            count: u32,
            /// Of which.
            of: Vec<GuardId>,
        };
    }
}
