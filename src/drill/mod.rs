//! The simulated world: a compiled plan on the real machine and driver, against a host that only pretends.
//!
//! Commands take their usual time on a virtual clock and succeed, fail or hang as a *plot* says; probes, read-backs and
//! answers agree with what has happened to the simulated cells. Nothing here interprets plans: the driver of
//! [`crate::run`] does, and this module is the other side of its traits. Same plot, same run.

mod combine;
mod command;
mod coverage;
mod expect;
mod fabricate;
mod follow;
mod play;
mod plot;
mod reply;
mod report;
mod scene;
mod state;
mod steps;
mod story;
mod sweep;
mod test;
mod things;
mod world;

#[cfg(test)]
mod tests;

pub use combine::Choice;
pub use coverage::{ConditionSeen, Coverage, Seen, StepSeen};
pub use report::{Breach, Group, Kind, Outcome, Report};
pub use story::Line;
pub use sweep::drill;
pub use test::{Finding, Verdict, test};
