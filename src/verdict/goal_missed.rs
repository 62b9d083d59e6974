//! HA0610: a plan that ends as done promises its goal. HA0612: one whose goal holds before it starts promises nothing.

use super::scene::Scene;
use crate::base::{Code, Diagnostic, Span};
use crate::calculus::{CellId, Effect, Requirement};
use std::collections::{HashMap, HashSet};

pub(super) fn diagnostic(scene: &Scene<'_>, cell: CellId) -> Diagnostic {
    let goals = scene.plan.goal.iter().filter(|(r, _)| r.cell == cell);
    let allowed = goals.clone().fold(u64::MAX, |mask, (r, _)| mask & r.allowed);
    let span = goals.map(|(_, span)| *span).next().unwrap_or(scene.plan.span);
    let says = scene.says(cell, allowed);
    Diagnostic::error(Code::GoalMissed, span, format!("the plan may end as done without `{says}`"))
        .help(format!("let a step that must not fail see to `{says}`, or leave it out of the goal"))
}

/// A goal that is so before the plan starts, and that no step touches otherwise than to make it so.
pub(super) fn held_before(scene: &Scene<'_>) -> Option<Diagnostic> {
    let mut goals: HashMap<CellId, u64> = HashMap::new();
    for (r, _) in &scene.plan.goal {
        *goals.entry(r.cell).or_insert(scene.cell(r.cell).all()) &= r.allowed;
    }
    let leaves = |e: &Effect| goals.get(&e.cell).is_some_and(|allowed| e.change.image(*allowed) & !allowed != 0);
    let effects = scene.program.code.iter().flat_map(|i| &i.effects);
    let left: HashSet<CellId> = effects.filter(|e| leaves(e)).map(|e| e.cell).collect();
    let so = |(r, _): &(Requirement, Span)| scene.cell(r.cell).initial & !r.allowed == 0 && !left.contains(&r.cell);
    let goal = &scene.plan.goal;
    let (_, first) = goal.first().filter(|_| goal.iter().all(so))?;
    let span = goal.iter().fold(*first, |all, (_, span)| all.to(*span));
    Some(
        Diagnostic::warning(Code::GoalHeldBefore, span, "all of this is so before the plan starts")
            .help("say in the goal what the plan brings about, or correct what is given"),
    )
}
