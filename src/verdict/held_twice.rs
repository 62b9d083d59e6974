//! HA0401: a thing that only one node may hold could be on two.

use super::mend::{nothing_given, take_away};
use super::scene::Scene;
use super::tale::Tale;
use crate::base::{Code, Diagnostic};
use crate::bytecode::InstrId;
use crate::calculus::{CellId, Change};
use std::collections::HashSet;

pub(super) fn diagnostic(scene: &Scene<'_>, tale: &Tale, step: InstrId, cell: CellId) -> Diagnostic {
    let name = &scene.cell(cell).name;
    let (first, second) = (scene.value(cell, tale.value), scene.taken(step, cell));
    let message = format!("`{name}` may be held by two nodes: `{first}` and `{second}`");
    take_away(scene, tale, step, cell).onto(Diagnostic::error(Code::HeldTwice, scene.deed(step), message))
}

/// Things of which nothing is given: they may be on any node when the plan starts, also on one that it does not know. A step
/// that brings one up finds it free only if something says before that nobody has it.
pub(super) fn anywhere(scene: &Scene<'_>) -> Vec<Diagnostic> {
    let given: HashSet<CellId> = scene.plan.givens.iter().map(|(cell, _, _)| *cell).collect();
    let mut settled: HashSet<CellId> = HashSet::new();
    let mut found = Vec::new();
    for (at, instr) in scene.program.code.iter().enumerate() {
        for effect in &instr.effects {
            let (step, cell) = (InstrId::at(at), effect.cell);
            if effect.exclusive && !given.contains(&cell) && settled.insert(cell) {
                let (name, to) = (&scene.cell(cell).name, scene.taken(step, cell));
                let message =
                    format!("`{name}` may be held by two nodes: `{to}`, and whoever has it when the plan starts");
                let finding = Diagnostic::error(Code::HeldTwice, scene.deed(step), message).here("brings it up");
                found.push(nothing_given(scene, cell).onto(finding));
            } else if effect.change == Change::Set(0) {
                settled.insert(cell);
            }
        }
    }
    found
}
