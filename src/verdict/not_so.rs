//! HA0403, HA0404, HA0405, HA0407, HA0705: what something needs could be otherwise when it is needed.

use super::scene::Scene;
use super::tale::Tale;
use crate::base::{Code, Diagnostic};
use crate::bytecode::{InstrId, Op};
use crate::calculus::{CellId, CellKind};

/// What is needed.
enum Need {
    /// The node that the step runs on.
    Target,
    /// Another node.
    Node,
    /// A node that comes up must not take the thing.
    NotConfigured,
    /// What an included plan takes for given.
    Given,
    /// Anything else.
    Other,
}

fn need(scene: &Scene<'_>, step: InstrId, cell: CellId) -> Need {
    let instr = scene.instr(step);
    match &scene.cell(cell).kind {
        _ if instr.is_some_and(|i| i.op == Op::Enter) => Need::Given,
        CellKind::Power { machine } if scene.required(step, cell) & scene.cell(cell).all() == 1 => {
            if instr.and_then(|i| i.host) == Some(*machine) { Need::Target } else { Need::Node }
        }
        CellKind::Configured { .. } => Need::NotConfigured,
        _ => Need::Other,
    }
}

pub(super) fn diagnostic(scene: &Scene<'_>, tale: &Tale, step: InstrId, cell: CellId) -> Diagnostic {
    let (name, thing) = (scene.name(step), &scene.cell(cell).name);
    let needed = scene.says(cell, scene.required(step, cell));
    let (code, message, help) = match need(scene, step, cell) {
        Need::Target => (
            Code::TargetGone,
            format!("`{thing}`, on which `{name}` runs, may be down"),
            format!("say `given {thing} is up`, or run `{name}` only if it is"),
        ),
        Need::Node => (
            Code::ThroughGone,
            format!("`{name}` depends on `{thing}`, which may be down"),
            format!("say `given {thing} is up`, or go another way"),
        ),
        Need::NotConfigured => {
            let (node, of) = configured(scene, cell);
            (
                Code::ComesBack,
                format!("`{node}` may take `{of}` again when it comes back with `{name}`"),
                format!("release `{of}` on `{node}` first, or let `{name}` bring the node up without it"),
            )
        }
        Need::Given => (
            Code::GivenNotMet,
            format!("`{name}` takes `{needed}` for given, which may not be so"),
            format!("make sure of `{needed}` before it is included"),
        ),
        Need::Other => (
            Code::NotEstablished,
            format!("`{name}` needs `{needed}`, which may not be so"),
            format!("make sure of `{needed}` before `{name}`, or say `given {needed}`"),
        ),
    };
    let _ = tale;
    Diagnostic::error(code, scene.deed(step), message).help(help)
}

/// The node and the thing that a cell of configuration is about.
fn configured<'a>(scene: &Scene<'a>, cell: CellId) -> (&'a str, &'a str) {
    match &scene.cell(cell).kind {
        CellKind::Configured { machine, of } => (scene.machine(*machine), &scene.cell(*of).name),
        _ => ("?", "?"),
    }
}
