//! What would mend a violation, in the words of the plan: a step to add, a word to give, a condition to widen. Where that
//! is a matter of typing, also as an edit.

use super::scene::Scene;
use super::skipping::shortened;
use super::tale::Tale;
use crate::base::{Diagnostic, Fix, Span, duration};
use crate::bytecode::InstrId;
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

/// Before `step`, something must take an exclusive thing from where it is.
pub(super) fn take_away(scene: &Scene<'_>, tale: &Tale, step: InstrId, cell: CellId) -> Mend {
    let thing = &scene.cell(cell).name;
    let holder = scene.value(cell, tale.value);
    if scene.machine_of(cell, tale.value).is_none() && holder.starts_with("another ") {
        return nothing_given(scene, cell);
    }
    let why = why_not(scene, tale, step, &format!("takes `{thing}` from `{holder}`"));
    let remedy = remove(scene, tale, step, cell);
    let ask = format!("or let somebody vouch for it: `ask \"Is {holder} off?\"` with `attests {holder} is down`");
    match remedy {
        Some(remedy) => {
            let (line, fix) = step_before(scene, &remedy, step);
            Mend { help: format!("{why}; add before `{}`:\n  {line}\n{ask}", scene.name(step)), fix }
        }
        None => advice(format!(
            "{why}; make sure before `{}` that `{holder}` has let go of `{thing}`: fence it (`std/host` has fences), {ask}",
            scene.name(step)
        )),
    }
}

/// The action that takes an exclusive thing away from where it is: a release there, if that node is up and has not let
/// anybody wait, else a fence.
fn remove(scene: &Scene<'_>, tale: &Tale, step: InstrId, cell: CellId) -> Option<Remedy> {
    let (thing, holder) = (scene.cell(cell), scene.value(cell, tale.value));
    let machine = scene.machine_of(cell, tale.value)?;
    let up = scene.up();
    // Best from a node that has no part in it.
    let own = scene.instr(step).and_then(|i| i.host).map_or("", |m| scene.machine(m));
    let mut others: Vec<&str> = up.iter().copied().filter(|n| *n != holder).collect();
    others.sort_by_key(|n| *n == own);
    let fence = || {
        let need =
            Need { cell: holder, now: "up", fine: vec!["down"], fence: true, things: vec![holder], nodes: others };
        scene.resolver.action_for(&need).filter(|_| thing.volatile)
    };
    let release = || {
        let fine = vec!["nowhere", scene.taken(step, cell)];
        let things = vec![thing.name.as_str(), holder];
        let need = Need { cell: &thing.name, now: holder, fine, fence: false, things, nodes: vec![holder] };
        scene.resolver.action_for(&need).filter(|_| up.contains(&holder))
    };
    let calm = tale.failed.is_empty() && tale.skipped.is_empty() && scene.is_given_up(machine);
    if calm { release().or_else(fence) } else { fence().or_else(release) }
}

/// Where an exclusive thing is when the plan starts has to be said.
fn nothing_given(scene: &Scene<'_>, cell: CellId) -> Mend {
    let thing = &scene.cell(cell).name;
    advice(format!(
        "say where it is, such as `given {thing} on nowhere`, or `given {thing} on NODE or nowhere`: then it is proved"
    ))
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
fn why_not(scene: &Scene<'_>, tale: &Tale, step: InstrId, does: &str) -> String {
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
fn step_before(scene: &Scene<'_>, remedy: &Remedy, before: InstrId) -> (String, Option<Fix>) {
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
