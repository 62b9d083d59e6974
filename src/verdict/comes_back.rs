//! HA0407: a node that comes up again takes what another one has by now, during the plan or after it.

use super::mend::{Mend, hold};
use super::scene::Scene;
use super::tale::Tale;
use crate::base::{Code, Diagnostic};
use crate::bytecode::InstrId;
use crate::calculus::{CellId, CellKind};

/// A step brings a node up that would take the thing.
pub(super) fn during(scene: &Scene<'_>, step: InstrId, cell: CellId) -> Diagnostic {
    let (node, thing) = configured(scene, cell);
    let name = scene.name(step);
    let message = format!("`{node}` may take `{thing}` again when `{name}` brings it back");
    Diagnostic::error(Code::ComesBack, scene.deed(step), message)
        .help(format!("release `{thing}` on `{node}` before it goes down, or leave `{node}` down"))
}

/// Whoever starts the node after the plan has ended brings up a second holder.
pub(super) fn diagnostic(scene: &Scene<'_>, tale: &Tale, cell: CellId) -> Diagnostic {
    let (node, thing) = configured(scene, cell);
    let there = scene.value(tale.cell, tale.value);
    let taken = scene.last_to_set(tale.cell, tale.value);
    let message = format!("`{node}` may take `{thing}` again when it comes back, while `{there}` has it");
    let (line, fix) = hold(scene, node, thing);
    let help = format!(
        "release `{thing}` on `{node}` before it goes down; or let somebody mind it, after the plan too:\n  {line}"
    );
    let at = taken.map_or(scene.plan.span, |s| scene.deed(s));
    Mend { help, fix }.onto(Diagnostic::error(Code::ComesBack, at, message))
}

/// The node and the thing that a cell of configuration is about.
fn configured<'a>(scene: &Scene<'a>, cell: CellId) -> (&'a str, &'a str) {
    match &scene.cell(cell).kind {
        CellKind::Configured { machine, of } => (scene.machine(*machine), &scene.cell(*of).name),
        _ => ("?", "?"),
    }
}
