//! HA0402: a command that was given up could still take effect when a thing is elsewhere.

use super::mend::kill;
use super::scene::Scene;
use super::tale::Tale;
use crate::base::{Code, Diagnostic};
use crate::bytecode::InstrId;
use crate::calculus::CellId;

pub(super) fn diagnostic(scene: &Scene<'_>, tale: &Tale, step: InstrId, cell: CellId) -> Diagnostic {
    let name = &scene.cell(cell).name;
    let (there, to) = (scene.value(cell, tale.value), scene.taken(step, cell));
    let message =
        format!("`{name}` may come to `{to}` while it is on `{there}`: `{}` may take effect late", scene.name(step));
    kill(scene, step).onto(Diagnostic::error(Code::LandsLate, scene.deed(step), message))
}
