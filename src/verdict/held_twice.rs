//! HA0401: a thing that only one node may hold could be on two.

use super::scene::Scene;
use super::take_away::take_away;
use super::tale::Tale;
use crate::base::{Code, Diagnostic};
use crate::bytecode::InstrId;
use crate::calculus::CellId;

pub(super) fn diagnostic(scene: &Scene<'_>, tale: &Tale, step: InstrId, cell: CellId) -> Diagnostic {
    let name = &scene.cell(cell).name;
    let (first, second) = (scene.value(cell, tale.value), scene.taken(step, cell));
    let message = format!("`{name}` may be held by two nodes: `{first}` and `{second}`");
    take_away(scene, tale, step, cell).onto(Diagnostic::error(Code::HeldTwice, scene.deed(step), message))
}
