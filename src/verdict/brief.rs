//! Violations beyond the first ones: cause and place, without a story. To tell one takes time that grows with the square of
//! the plan, and nobody reads a hundred.

use super::scene::Scene;
use crate::base::{Code, Diagnostic};
use crate::semantics::Violation;

/// Stories that are told at most.
const STORIES: usize = 20;
/// Work that telling may be: instructions, squared, times stories.
const WORK: usize = 4_000_000_000;

/// How many stories are told of a plan: at least one.
pub(super) fn stories(scene: &Scene<'_>) -> usize {
    let size = scene.program.code.len().max(1);
    (WORK / size.saturating_mul(size)).clamp(1, STORIES)
}

/// A violation in one line.
pub(super) fn finding(scene: &Scene<'_>, violation: Violation) -> Diagnostic {
    let (code, span, message) = match violation {
        Violation::HeldTwice { step, cell } => {
            (Code::HeldTwice, scene.deed(step), format!("`{}` may be held by two nodes", scene.cell(cell).name))
        }
        Violation::LandsLate { step, cell } => {
            let (name, to) = (&scene.cell(cell).name, scene.taken(step, cell));
            let message = format!("`{}` may take effect late, and bring `{name}` to `{to}`", scene.name(step));
            (Code::LandsLate, scene.deed(step), message)
        }
        Violation::NotSo { step, cell } => {
            let needed = scene.says(cell, scene.required(step, cell));
            let message = format!("`{}` needs `{needed}`, which may not be so", scene.name(step));
            (super::not_so::code(scene, step, cell), scene.deed(step), message)
        }
        Violation::GoalMissed { cell } => {
            let goals = scene.plan.goal.iter().filter(|(r, _)| r.cell == cell);
            let allowed = goals.fold(u64::MAX, |mask, (r, _)| mask & r.allowed);
            let message = format!("the plan may end as done without `{}`", scene.says(cell, allowed));
            (Code::GoalMissed, scene.plan.span, message)
        }
        Violation::LeftOpen { cell } => {
            let message = format!("`{}` may be left in a state that must not last", scene.cell(cell).name);
            (Code::LeftOpen, scene.plan.span, message)
        }
        Violation::ComesBack { cell } => {
            let message = format!("after the plan, `{}` may still be so and must not", scene.cell(cell).name);
            (Code::ComesBack, scene.plan.span, message)
        }
    };
    Diagnostic::error(code, span, message).help("mend what is told before; of this one the story is not told")
}
