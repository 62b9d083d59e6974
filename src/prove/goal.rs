//! Goal: when the plan ends as done, what it promises is so, and stays so.

use super::cells::Values;
use super::search::{Look, Spot};
use super::status::Engine;
use crate::semantics::Violation;

/// Looks at the values of a cell after everything.
pub(super) fn check(look: &mut Look, engine: &mut Engine<'_>, last: &Values) {
    let goal = engine.p.goal.iter().filter(|r| r.cell == look.cell).fold(u64::MAX, |mask, r| mask & r.allowed);
    if goal == u64::MAX {
        return;
    }
    look.checks += 1;
    let end = engine.p.code.len().saturating_sub(1);
    let done = engine.runs(end);
    let missed = last.when(engine, !goal);
    let when = engine.bdd.and(done, missed);
    look.suspect(Violation::GoalMissed { cell: look.cell }, when, Spot::Run(end));
}
