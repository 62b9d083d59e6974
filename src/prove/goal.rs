//! Goal: when the plan ends as done, what it promises is so, and stays so.

use super::cells::Values;
use super::search::{Look, Spot};
use super::status::Engine;
use crate::semantics::Violation;

/// Looks at the values of a cell after everything.
pub(super) fn check(look: &mut Look, engine: &mut Engine<'_>, last: &Values) {
    let goal = engine.goals.get(look.cell.index()).copied().unwrap_or(u64::MAX);
    if goal == u64::MAX {
        return;
    }
    let end = engine.p.code.len().saturating_sub(1);
    let done = engine.runs(end);
    let missed = last.when(engine, !goal);
    let when = engine.bdd.and(done, missed);
    look.suspect(Violation::GoalMissed { cell: look.cell }, when, Spot::Run(end));
}
