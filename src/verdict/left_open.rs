//! HA0510: a thing could be left in a state in which it must not stay.

use super::mend::{Mend, advice, gives, kill};
use super::scene::Scene;
use super::tale::Tale;
use crate::base::{Code, Diagnostic, Fix, Span};
use crate::bytecode::InstrId;
use crate::calculus::{CellId, CellKind};
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
    let why = format!("put it back to `{rests}` in a `finally`, which runs after failure and cancellation too");
    let Some(cause) = cause.filter(|id| scene.step(*id).is_some()) else { return advice(why) };
    // What brings an exclusive thing to where it goes belongs to the way there.
    let place = matches!(scene.cell(cell).kind, CellKind::Place { .. });
    let back = scene.later(cause, |i| !place && gives(i, cell, tale.value, scene.cell(cell).rests));
    let Some(line) = back.and_then(|id| written(scene, id)).or_else(|| action(scene, tale, cell, cause)) else {
        return advice(why);
    };
    let moved = back.map(|id| format!(", and move `{}` there", scene.name(id))).unwrap_or_default();
    let around = scene.node(cause).and_then(|n| n.within);
    let phase = around.and_then(|id| scene.region(InstrId(id.0))).filter(|r| !r.name.contains('.'));
    if let Some(phase) = phase.filter(|r| scene.is_ours(r.span)) {
        let what = match phase.finally.is_empty() {
            true => format!("give the block `{}` one", phase.name),
            false => format!("that of the block `{}`", phase.name),
        };
        return advice(format!("{why}: {what}{moved}:\n  }} finally {{\n    {line}\n  }}"));
    }
    let last = last_of(scene, cause, back);
    let steps = match scene.name(last) {
        one if last == cause => format!("`{one}`"),
        other => format!("`{}` … `{other}`", scene.name(cause)),
    };
    let window = scene.fresh("window");
    Mend {
        help: format!(
            "{why}: put {steps} into a phase{moved}:\n  phase {window} {{\n    …\n  }} finally {{\n    {line}\n  }}"
        ),
        fix: wrapped(scene, cause, last, back, (&window, &line)),
    }
}

/// A step as it is written, if that is one line.
fn written(scene: &Scene<'_>, id: InstrId) -> Option<String> {
    let step = scene.step(id).filter(|s| scene.is_ours(s.span) && !s.name.contains(['[', '.']))?;
    let text = scene.sources.text(step.span);
    Some(if text.contains('\n') { format!("step {} …", step.name) } else { String::from(text) })
}

/// A step that would put it back, from the node where it was changed if that can be.
fn action(scene: &Scene<'_>, tale: &Tale, cell: CellId, cause: InstrId) -> Option<String> {
    let own = scene.instr(cause).and_then(|i| i.host).map(|m| scene.machine(m));
    let nodes: Vec<&str> = own.into_iter().chain(scene.up()).collect();
    let (name, now) = (scene.cell(cell).name.as_str(), scene.value(cell, tale.value));
    let fine = scene.values(cell, scene.cell(cell).rests);
    let need = Need { cell: name, now, fine, fence: false, things: scene.things(cell), nodes };
    let remedy = scene.resolver.action_for(&need)?;
    let (what, on) = (scene.call(&remedy), scene.spell(&remedy.node));
    Some(format!("step {} on {on} {{ do {what} }}", scene.fresh("put_back")))
}

/// The last step beside this one before that which puts things back.
fn last_of(scene: &Scene<'_>, cause: InstrId, back: Option<InstrId>) -> InstrId {
    let end = back.map_or(scene.program.code.len(), InstrId::index);
    let beside = |id: &InstrId| {
        let within = |id: InstrId| scene.node(id).map(|n| n.within);
        scene.step(*id).is_some() && within(*id) == within(cause)
    };
    (cause.index()..end).rev().map(InstrId::at).find(beside).unwrap_or(cause)
}

/// The steps in a phase with a `finally`, as an edit, if they stand beside each other on lines of their own.
fn wrapped(
    scene: &Scene<'_>,
    first: InstrId,
    last: InstrId,
    back: Option<InstrId>,
    (window, line): (&str, &str),
) -> Option<Fix> {
    let (from, to) = (scene.step(first)?.span, scene.step(last)?.span);
    let end = match back {
        Some(back) => scene.step(back).map(|s| s.span).filter(|_| last_of(scene, first, None) >= back)?,
        None => to,
    };
    let start = Span { end: from.start, ..from };
    let indent = scene.indent(start).filter(|_| scene.is_ours(from) && from.file == end.file && to.file == end.file)?;
    let text = scene.sources.get(from.file)?.text.get(from.start as usize..to.end as usize)?;
    let between = scene.sources.get(from.file)?.text.get(to.end as usize..end.end as usize)?;
    let kept = between.trim() == if back.is_some() { line } else { "" };
    if !kept || text.contains("\"\"\"") {
        return None;
    }
    let body = text.replace('\n', "\n  ");
    let text = format!("phase {window} {{\n{indent}  {body}\n{indent}}} finally {{\n{indent}  {line}\n{indent}}}");
    Some(Fix { span: Span { end: end.end, ..from }, text })
}
