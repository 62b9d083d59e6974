//! Running a program: events, their fold, the pure machine, the traits of the host, the driver.
//!
//! Knows nothing of processes, files or clocks; `os` implements the traits.

mod aftermath;
mod cells;
mod chronicle;
mod conclusion;
mod dependents;
mod driver;
mod error;
mod event;
pub mod exit;
mod guard;
mod host;
mod launch;
mod machine;
mod mask;
mod options;
mod outlook;
mod reading;
mod ready;
mod step;

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;

pub use aftermath::{Aftermath, ByHand, LeftOpen, NotDone, cause};
pub use cells::Cells;
pub use chronicle::{Asked, Chronicle, Exchange, Tale, Try, Waiving, Way};
pub use conclusion::{left_open, missed_goals};
pub use driver::{Host, drive};
pub use error::RunError;
pub use event::{
    AnswerSource, Approved, Event, Exit, Link, Open, Record, RunEnded, RunOutcome, RunStarted, Said, StepEnded,
    StepOutcome, Waiver, Who,
};
pub use guard::{Guards, Truth};
pub use host::{Fate, Finished, Happening, Journal, JournalError, Key, Question, Reporter, Tail, Trace, Wish, World};
pub(crate) use launch::quote;
pub use launch::{Launch, Rehearsal, rehearse, writes_secrets};
#[cfg(feature = "compiler")]
pub(crate) use launch::{reach, remote_limit, word};
pub use machine::{Attempt, Inconsistent, Machine};
pub use options::Options;
pub(crate) use options::unknown_step;
pub use outlook::{NoReturn, Outlook, usual_ms};
#[cfg(feature = "compiler")]
pub(crate) use reading::{Output, Reading};
pub use step::Settlement;
