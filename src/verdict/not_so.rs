//! HA0403, HA0404, HA0405, HA0705: what something needs could be otherwise when it is needed.

use super::comes_back;
use super::mend;
use super::scene::Scene;
use super::tale::Tale;
use crate::base::{Code, Diagnostic, Span};
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

/// The code of a need that is not met.
pub(super) fn code(scene: &Scene<'_>, step: InstrId, cell: CellId) -> Code {
    match need(scene, step, cell) {
        Need::Target => Code::TargetGone,
        Need::Node => Code::ThroughGone,
        Need::NotConfigured => Code::ComesBack,
        Need::Given => Code::GivenNotMet,
        Need::Other => Code::NotEstablished,
    }
}

pub(super) fn diagnostic(scene: &Scene<'_>, tale: &Tale, step: InstrId, cell: CellId) -> Diagnostic {
    let (name, thing) = (scene.name(step), &scene.cell(cell).name);
    let needed = scene.says(cell, scene.required(step, cell));
    let code = code(scene, step, cell);
    let (message, mend) = match need(scene, step, cell) {
        Need::Target => {
            (format!("`{thing}`, on which `{name}` runs, may be down"), mend::node_up(scene, tale, step, cell))
        }
        Need::Node => {
            (format!("`{name}` depends on `{thing}`, which may be down"), mend::node_up(scene, tale, step, cell))
        }
        Need::NotConfigured => return comes_back::during(scene, step, cell),
        Need::Given => (
            format!("`{name}` takes `{needed}` for given, which may not be so"),
            mend::provide(scene, tale, step, cell),
        ),
        Need::Other => {
            (format!("`{name}` needs `{needed}`, which may not be so"), mend::provide(scene, tale, step, cell))
        }
    };
    let diagnostic = mend.onto(Diagnostic::error(code, scene.deed(step), message));
    match clause(scene, step, cell) {
        Some(clause) if code == Code::ThroughGone => diagnostic.label(clause, format!("needs `{thing}`")),
        _ => diagnostic,
    }
}

/// The clause by which a step needs something, if that is not the whole of what it does.
fn clause(scene: &Scene<'_>, step: InstrId, cell: CellId) -> Option<Span> {
    let requires = &scene.step(step)?.requires;
    let (_, span) = requires.iter().find(|(r, _)| r.cell == cell)?;
    Some(*span).filter(|span| *span != scene.deed(step))
}
