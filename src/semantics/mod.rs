//! The definition: what a verified program may come to, as a small interpreter that allows every legal move.
//!
//! Everything that proves, runs or simulates plans means what is written here: the prover is an optimisation of
//! [`explore`], the executor must only ever show what [`State::apply`] allows, and a story that a verdict tells is
//! replayed here. It is slow and meant to be obviously right, so it shares no code with any of them.
//!
//! # State
//!
//! A status for each instruction, a value for each cell, an answer or none for each atom, the effects that are *in
//! flight*, and whether cancellation was requested. A run starts with any of the initial values in each cell, any answer
//! to each decision, and nothing in flight.
//!
//! # Moves
//!
//! * **Settle**: an instruction gets the status that the settling rule gives it (top of `bytecode/program.rs`). What an
//!   `ASSUME` takes for granted happens as it settles `ok`, as if it were a step that succeeds in no time; and what the
//!   `ENTER` of an included plan requires has to be so then.
//! * **Start**: a step starts, once the settling rule lets it.
//! * **End**: a running step ends.
//!   `RUN` ends ok, failed or unknown. `ASK` ends ok or failed; with labelled answers it gets one of them, and fails if
//!   that one stops, or gets none and fails. `WAIT` and `DELAY` end ok or failed. `TELL` ends ok. `PROBE` ends ok with a
//!   no, or with a yes if everything that its yes means is so at that moment.
//!   A step that is ok has had all of its effects. Of a `RUN` that failed or is unknown each effect has happened or not,
//!   independently. Anything else that failed has changed nothing.
//! * **Land**: an effect in flight happens. It stays in flight: it may land any number of times.
//! * **Cancel**: the operator wants the run to end; at any moment, once.
//!
//! # In flight
//!
//! A `RUN` that *lingers* has all of its effects in flight once its outcome is unknown. If it is also idempotent, so that
//! it may be repeated, then an earlier attempt (or one before the executor was lost) may still be under way whatever its
//! outcome is: its effects may be in flight too. A fence ends this: once it is ok, no effect of a step whose machine it
//! fences is in flight any more, its own included.
//!
//! # What goes wrong
//!
//! See [`Violation`]. It is noted, and the run goes on.
//!
//! # Trusted
//!
//! That effects are declared as they are; that what `verify` saw done has landed; that a yes means what it is said to
//! mean; that a fence does what the word says; that a person's word is true. A crash of the executor adds nothing: what
//! was running then ends in one of the ways above.

mod ending;
mod explore;
mod moves;
mod settling;
mod state;

#[cfg(test)]
pub(crate) mod random;
#[cfg(test)]
mod tests;

pub use explore::explore;
#[cfg(test)]
pub(crate) use explore::visit;
pub use moves::{Move, NotAllowed};
pub use state::{State, starts};

use crate::bytecode::InstrId;
use crate::calculus::CellId;

/// Something that must not happen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Violation {
    /// While the step runs that acquires the thing, it is somewhere else.
    HeldTwice {
        /// The step that acquires.
        step: InstrId,
        /// The exclusive thing.
        cell: CellId,
    },
    /// An acquire that was in flight lands while the thing is somewhere else.
    LandsLate {
        /// The step whose effect was in flight.
        step: InstrId,
        /// The exclusive thing.
        cell: CellId,
    },
    /// While the step runs, something it needs is not so.
    NotSo {
        /// The step.
        step: InstrId,
        /// What it needs.
        cell: CellId,
    },
    /// The plan has ended well, and its goal does not hold.
    GoalMissed {
        /// What is not as the goal says.
        cell: CellId,
    },
    /// The plan has ended, and a thing that it has touched is in a state in which it must not stay, though nothing that
    /// was to put it right has failed, and no hold is about it.
    LeftOpen {
        /// The thing.
        cell: CellId,
    },
    /// The plan has ended, and a machine would take a thing when it comes up that another one has by now; the plan has
    /// touched the thing or what the machine takes, and no hold is about the machine.
    ComesBack {
        /// Whether the machine takes it: a cell of the kind [`crate::calculus::CellKind::Configured`].
        cell: CellId,
    },
}
