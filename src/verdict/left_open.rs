//! HA0510: a thing could be left in a state in which it must not stay.

use super::scene::Scene;
use super::tale::Tale;
use crate::base::{Code, Diagnostic};
use crate::bytecode::InstrId;
use crate::calculus::{CellId, Change};

pub(super) fn diagnostic(scene: &Scene<'_>, tale: &Tale, cell: CellId) -> Diagnostic {
    let left = scene.says(cell, 1 << (tale.value & 63));
    let rests = scene.says(cell, scene.cell(cell).rests);
    let gives = |change: Change| match change {
        Change::Set(to) | Change::Move { to, .. } => to == tale.value,
    };
    let code = (0..scene.program.code.len()).map(InstrId::at);
    let does =
        |id: &InstrId| scene.instr(*id).is_some_and(|i| i.effects.iter().any(|e| e.cell == cell && gives(e.change)));
    let cause = code.clone().find(does);
    let span = cause.map_or(scene.plan.span, |id| scene.deed(id));
    Diagnostic::error(Code::LeftOpen, span, format!("`{left}` may be left so, and it must not last"))
        .help(format!("put it back to `{rests}` in a `finally`: it runs after failure and cancellation too"))
}
