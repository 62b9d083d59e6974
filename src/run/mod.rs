//! Running a program: events, their fold, the pure machine, the traits of the host, the driver.
//!
//! Knows nothing of processes, files or clocks; `os` implements the traits.

mod cells;
mod conclusion;
mod event;
pub mod exit;
mod guard;
mod machine;
mod status;

pub use cells::Cells;
pub use event::{
    AnswerSource, Event, Exit, Open, Record, RunEnded, RunOutcome, RunStarted, StepEnded, StepOutcome, Who,
};
pub use guard::{Guards, Truth};
pub use machine::{Attempt, Inconsistent, Machine};
pub use status::Status;
