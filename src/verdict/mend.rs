//! What would mend a violation, in the words of the plan: a step to add, a word to give, a condition to widen. Where that
//! is a matter of typing, also as an edit.

use super::scene::Scene;
use super::skipping::shortened;
use super::tale::Tale;
use crate::base::{Diagnostic, Fix, Span, duration};
use crate::bytecode::{Instr, InstrId};
use crate::calculus::{CellId, CellKind, MachineId};
use crate::model::Item;
use crate::resolve::{Need, Remedy};

/// Advice, and the edit that follows it.
pub(super) struct Mend {
    pub help: String,
    pub fix: Option<Fix>,
}

impl Mend {
    pub fn onto(self, diagnostic: Diagnostic) -> Diagnostic {
        let diagnostic = diagnostic.help(self.help);
        match self.fix {
            Some(fix) => Diagnostic { fix: Some(fix), ..diagnostic },
            None => diagnostic,
        }
    }
}

/// Advice alone.
pub(super) fn advice(help: impl Into<String>) -> Mend {
    Mend { help: help.into(), fix: None }
}

/// Something must bring about what `step` needs.
pub(super) fn provide(scene: &Scene<'_>, tale: &Tale, step: InstrId, cell: CellId) -> Mend {
    let needed = scene.says(cell, scene.required(step, cell));
    let why = why_not(scene, tale, step, &format!("sees to `{needed}`"));
    if tale.untouched && scene.givens(cell).next().is_none() {
        let word = scene.givable(cell, scene.required(step, cell));
        let fix = give(scene, &word);
        return Mend { help: format!("nothing is said about it: add `given {word}`, or let a step see to it"), fix };
    }
    if let Some(provider) = scene.provider(step, cell) {
        let (name, theirs) = (scene.name(step), scene.name(provider));
        let condition = format!("only if {theirs} succeeded");
        let fix = clause(scene, step, &condition).filter(|_| scene.step(provider).is_some());
        let both = match tale.skipped.contains(&provider) {
            true => why,
            false => format!("`{theirs}` sees to `{needed}`, but `{name}` runs whatever becomes of it"),
        };
        return Mend {
            help: format!("{both}; make `{theirs}` certain, or let `{name}` run only after it:\n  {condition}"),
            fix,
        };
    }
    if let Some(later) = scene.later(step, |i| gives(i, cell, tale.value, scene.required(step, cell))) {
        return moved(scene, later, step);
    }
    let own = scene.instr(step).and_then(|i| i.host).map(|m| scene.machine(m));
    let mut nodes: Vec<&str> = own.into_iter().collect();
    nodes.extend(scene.up().into_iter().filter(|n| Some(*n) != own));
    let fine = scene.values(cell, scene.required(step, cell));
    let things = scene.things(cell);
    let need =
        Need { cell: &scene.cell(cell).name, now: scene.value(cell, tale.value), fine, fence: false, things, nodes };
    match scene.resolver.action_for(&need) {
        Some(remedy) => {
            let (line, fix) = step_before(scene, &remedy, step);
            Mend { help: format!("{why}; add before `{}`:\n  {line}", scene.name(step)), fix }
        }
        None => match scene.resolver.probe_for(&need) {
            Some(probe) => {
                let condition = format!("only if {}", scene.call(&probe));
                let fix = clause(scene, step, &condition);
                Mend {
                    help: format!("{why}; let `{}` run only if a look shows it:\n  {condition}", scene.name(step)),
                    fix,
                }
            }
            None => advice(format!("{why}; make sure of `{needed}` before `{}`", scene.name(step))),
        },
    }
}

/// A step that would help stands too late.
pub(super) fn moved(scene: &Scene<'_>, later: InstrId, step: InstrId) -> Mend {
    let (late, name) = (scene.name(later), scene.name(step));
    advice(format!("`{late}` would see to it, but comes after `{name}`: move `{late}` before `{name}`"))
}

/// Whether an instruction that works brings a cell from a value to one of these.
pub(super) fn gives(instr: &Instr, cell: CellId, now: u8, fine: u64) -> bool {
    let after = instr.effects.iter().filter(|e| e.cell == cell).map(|e| e.change.apply(now));
    after.into_iter().any(|value| value != now && fine >> (value & 63) & 1 == 1)
}

/// A node that a step needs must be up.
pub(super) fn node_up(scene: &Scene<'_>, tale: &Tale, step: InstrId, cell: CellId) -> Mend {
    let node = scene.spell(&scene.cell(cell).name);
    if tale.untouched && scene.givens(cell).next().is_none() {
        let word = format!("{node} is up");
        let fix = give(scene, &word);
        return Mend {
            help: format!("nothing is said about it: add `given {word}` if the plan is only for that"),
            fix,
        };
    }
    if !tale.untouched {
        let name = scene.name(step);
        return advice(format!(
            "the plan itself takes `{node}` down before `{name}`: move `{name}` before that, or run it elsewhere"
        ));
    }
    let need = Need {
        cell: &scene.cell(cell).name,
        now: "down",
        fine: vec!["up"],
        fence: false,
        things: vec![&scene.cell(cell).name],
        nodes: scene.up(),
    };
    match scene.resolver.probe_for(&need) {
        Some(probe) => {
            let condition = format!("only if {}", scene.call(&probe));
            let fix = clause(scene, step, &condition);
            Mend {
                help: format!(
                    "let `{}` run only if the node answers, and say what is done otherwise:\n  {condition}",
                    scene.name(step)
                ),
                fix,
            }
        }
        None => advice(format!(
            "let `{}` run only if a probe says that `{node}` is up, or say `given {node} is up`",
            scene.name(step)
        )),
    }
}

/// Nothing of a command must run on after its time.
pub(super) fn kill(scene: &Scene<'_>, step: InstrId) -> Mend {
    let (name, parts) = (scene.name(step), scene.step(step).map(|s| s.parts).unwrap_or_default());
    let own = parts.within.filter(|w| scene.is_ours(*w));
    let limit = scene.instr(step).and_then(|i| i.op.command()).and_then(|c| c.within_ms);
    let fence = "or fence its node before going on";
    match (own, limit) {
        (Some(within), _) => {
            let text = format!("{}, then kill", scene.sources.text(within));
            Mend {
                help: format!("let nothing of `{name}` run on after its time, {fence}:\n  {text}"),
                fix: Some(Fix { span: within, text }),
            }
        }
        (None, limit) => {
            let limit = limit.map_or_else(|| String::from("5m"), |ms| duration(ms).replace(' ', ""));
            let text = format!("within {limit}, then kill");
            let fix = clause(scene, step, &text);
            Mend { help: format!("let nothing of `{name}` run on after its time, {fence}:\n  {text}"), fix }
        }
    }
}

/// Why what should have helped did not: the narrower condition, or what may fail.
pub(super) fn why_not(scene: &Scene<'_>, tale: &Tale, step: InstrId, does: &str) -> String {
    let name = scene.name(step);
    if let Some(skipped) = tale.skipped.first() {
        let (theirs, ours) = (scene.conditions(*skipped), scene.conditions(step));
        let narrower: Vec<&str> = theirs.iter().copied().filter(|c| !ours.contains(c)).collect();
        if !narrower.is_empty() {
            let own = if ours.is_empty() {
                String::from("in any case")
            } else {
                format!("`{}`", shortened(&ours.join("`, `")))
            };
            let skipped = scene.name(*skipped);
            return format!(
                "`{skipped}` {does}, but only `{}`, and `{name}` runs {own}",
                shortened(&narrower.join("`, `").replacen("only ", "", 1))
            );
        }
    }
    let tolerated = tale.failed.iter().find(|s| scene.instr(**s).is_some_and(|i| i.flags.tolerated));
    match tolerated {
        Some(failed) => format!("`{}` {does}, but it may fail: the plan says `if possible`", scene.name(*failed)),
        None => format!("nothing {does} for certain"),
    }
}

/// A step before another one, as text and as an edit.
pub(super) fn step_before(scene: &Scene<'_>, remedy: &Remedy, before: InstrId) -> (String, Option<Fix>) {
    let thing = remedy.arguments.first().map_or_else(String::new, |(_, thing)| format!("_{thing}"));
    let name = scene.fresh(&format!("{}{thing}", remedy.name));
    let line = format!("step {name} on {} {{ do {} }}", scene.spell(&remedy.node), scene.call(remedy));
    let fix = scene.step(before).and_then(|step| {
        let at = Span { end: step.span.start, ..step.span };
        let indent = scene.indent(at).filter(|_| scene.is_ours(at))?;
        Some(Fix { span: at, text: format!("{line}\n{indent}") })
    });
    (line, fix)
}

/// A clause more in a step.
fn clause(scene: &Scene<'_>, step: InstrId, text: &str) -> Option<Fix> {
    let deed = scene.step(step)?.parts.deed;
    let at = Span { start: deed.end, ..deed };
    let lone = scene.ends_line(at);
    let gap = match scene.indent(Span { end: deed.start, ..deed }) {
        Some(indent) if lone => format!("\n{indent}"),
        _ => String::from("  "),
    };
    scene.is_ours(at).then(|| Fix { span: at, text: format!("{gap}{text}") })
}

/// A fact more that is given.
fn give(scene: &Scene<'_>, word: &str) -> Option<Fix> {
    let file = scene.plan.span.file;
    let givens = scene.plan.givens.iter().map(|(_, _, span)| *span).filter(|s| s.file == file);
    if let Some(last) = givens.max_by_key(|s| s.end) {
        let at = Span { start: last.end, ..last };
        return scene.is_ours(at).then(|| Fix { span: at, text: format!(", {word}") });
    }
    let Some(Item::Step(first)) = scene.plan.body.first() else { return None };
    let at = Span { end: first.span.start, ..first.span };
    let indent = scene.indent(at)?;
    scene.is_ours(at).then(|| Fix { span: at, text: format!("given {word}\n{indent}") })
}

/// Somebody minds a machine after the plan.
pub(super) fn hold(scene: &Scene<'_>, machine: &str, thing: &str) -> (String, Option<Fix>) {
    let line =
        format!("hold \"keep {machine} off the network until it no longer takes {thing}\" on {}", scene.spell(machine));
    let file = scene.plan.span.file;
    let givens = scene.plan.givens.iter().map(|(_, _, span)| *span).filter(|s| s.file == file && scene.is_ours(*s));
    let fix = givens.max_by_key(|s| s.end).and_then(|last| {
        let (at, indent) = scene.line_end(last)?;
        Some(Fix { span: at, text: format!("\n{indent}{line}") })
    });
    (line, fix)
}

/// The machine that a value of a place stands for.
pub(super) fn holder(kind: &CellKind, value: u8) -> Option<MachineId> {
    match kind {
        CellKind::Place { holders } => holders.get(usize::from(value)).copied().flatten(),
        _ => None,
    }
}
