//! HA0702: a plan that follows another one starts from wherever that has ended. What it takes for given is made the goal of
//! the other, so that its proof tells how that is missed.
//!
//! Whether machines are up is left out: one that was lost is repaired before anybody goes back to it.

use super::scene::Scene;
use super::tale::Tale;
use crate::base::{Code, Diagnostic, Span};
use crate::bytecode::Program;
use crate::calculus::{Cell, CellId, CellKind, Requirement};
use crate::model::Plan;
use crate::order::Dag;
use crate::prove::{Limits, prove};
use crate::semantics::Violation;

/// Reports what `next`, which follows `plan`, takes for given although `plan` may end otherwise. `clause` says that it
/// follows.
pub fn return_trip(plan: &Plan, dag: &Dag, program: &Program, next: &Plan, clause: Span) -> Vec<Diagnostic> {
    let goal = taken_for_given(plan, next);
    let ending = Program { goal: goal.iter().map(|(_, r)| *r).collect(), ..program.clone() };
    let proof = prove(&ending, Limits::default());
    let scene = Scene::of(plan, dag, &ending);
    let mut found = Vec::new();
    for missed in &proof.found {
        let Violation::GoalMissed { cell } = missed.violation else { continue };
        let Some((theirs, wanted)) = goal.iter().find(|(_, r)| r.cell == cell) else { continue };
        let says = scene.says(cell, wanted.allowed);
        let message = format!("`{}` takes `{says}` for given, but `{}` may end otherwise", next.name, plan.name);
        let mut diagnostic = Diagnostic::error(Code::ReturnNotReady, clause, message).help(format!(
            "let `{}` see to it, or a plan between the two: then `{}` follows that one",
            plan.name, next.name
        ));
        for (_, _, span) in next.givens.iter().filter(|(c, _, _)| c == theirs) {
            diagnostic = diagnostic.label(*span, format!("given to `{}`", next.name));
        }
        match Tale::of(&scene, missed) {
            Ok(tale) => found.push(tale.onto(&scene, diagnostic)),
            Err(_) => found.push(diagnostic),
        }
    }
    found
}

/// What `next` takes for given about the cells that both plans have: its cell, and the same of that of `plan`.
fn taken_for_given(plan: &Plan, next: &Plan) -> Vec<(CellId, Requirement)> {
    let mut goal = Vec::new();
    for (theirs, cell) in next.cells.iter().enumerate() {
        let kind = std::mem::discriminant(&cell.kind);
        let same = |c: &&Cell| c.name == cell.name && std::mem::discriminant(&c.kind) == kind;
        let Some((ours, known)) = plan.cells.iter().enumerate().find(|(_, c)| same(c)) else { continue };
        if matches!(cell.kind, CellKind::Power { .. }) || cell.initial == cell.all() {
            continue;
        }
        let mut allowed = known.values.iter().enumerate().fold(0, |mask, (value, name)| {
            let there = cell.values.iter().position(|v| v == name);
            let fits = there.is_some_and(|v| cell.initial & (1 << v) != 0);
            if fits { mask | 1 << value } else { mask }
        });
        if matches!(cell.kind, CellKind::Configured { .. }) {
            // Less than was feared is as good.
            allowed |= 1;
        }
        if allowed != known.all() {
            goal.push((CellId::at(theirs), Requirement { cell: CellId::at(ours), allowed }));
        }
    }
    goal
}
