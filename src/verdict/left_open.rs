//! HA0510: a thing could be left in a state in which it must not stay.

use super::scene::Scene;
use super::tale::Tale;
use crate::base::{Code, Diagnostic};
use crate::calculus::CellId;

pub(super) fn diagnostic(scene: &Scene<'_>, tale: &Tale, cell: CellId) -> Diagnostic {
    let left = scene.says(cell, 1 << (tale.value & 63));
    let rests = scene.says(cell, scene.cell(cell).rests);
    let cause = scene.first_to_set(cell, tale.value);
    let span = cause.map_or(scene.plan.span, |id| scene.deed(id));
    Diagnostic::error(Code::LeftOpen, span, format!("`{left}` may be left so, and it must not last"))
        .help(format!("put it back to `{rests}` in a `finally`: it runs after failure and cancellation too"))
}
