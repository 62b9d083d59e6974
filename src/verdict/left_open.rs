//! HA0510: a thing could be left in a state in which it must not stay.

use super::mend::{Mend, advice, kill};
use super::scene::Scene;
use super::tale::Tale;
use crate::base::{Code, Diagnostic};
use crate::bytecode::InstrId;
use crate::calculus::CellId;
use crate::resolve::Need;

pub(super) fn diagnostic(scene: &Scene<'_>, tale: &Tale, cell: CellId) -> Diagnostic {
    let left = scene.says(cell, 1 << (tale.value & 63));
    let rests = scene.says(cell, scene.cell(cell).rests);
    let cause = scene.first_to_set(cell, tale.value);
    let span = cause.map_or(scene.plan.span, |id| scene.deed(id));
    let finding = Diagnostic::error(Code::LeftOpen, span, format!("`{left}` may be left so, and it must not last"));
    match tale.late.last() {
        // What put it back has worked, and was undone.
        Some(late) => kill(scene, *late).onto(finding),
        None => restore(scene, tale, cell, cause, &rests).onto(finding),
    }
}

/// What would put it back, in a `finally`.
fn restore(scene: &Scene<'_>, tale: &Tale, cell: CellId, cause: Option<InstrId>, rests: &str) -> Mend {
    let own = cause.and_then(|id| scene.instr(id)?.host).map(|m| scene.machine(m));
    let nodes: Vec<&str> = own.into_iter().chain(scene.up()).collect();
    let (name, now) = (scene.cell(cell).name.as_str(), scene.value(cell, tale.value));
    let fine = scene.values(cell, scene.cell(cell).rests);
    let need = Need { cell: name, now, fine, fence: false, things: scene.things(cell), nodes };
    let why = format!("put it back to `{rests}` in a `finally`, which runs after failure and cancellation too");
    match scene.resolver.action_for(&need) {
        Some(remedy) => {
            let (what, on) = (scene.call(&remedy), scene.spell(&remedy.node));
            advice(format!(
                "{why}:\n  }} finally {{\n    step {} on {on} {{ do {what} }}\n  }}",
                scene.fresh("put_back")
            ))
        }
        None => advice(why),
    }
}
