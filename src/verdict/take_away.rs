//! What takes an exclusive thing from the node that has it: a step that stands too late, a release or a fence to add, a fence
//! where a release may not work, somebody's word.

use super::mend::{Mend, advice, gives, moved, step_before, why_not};
use super::scene::Scene;
use super::tale::Tale;
use crate::base::Fix;
use crate::bytecode::InstrId;
use crate::calculus::CellId;
use crate::resolve::{Need, Remedy};

/// Before `step`, something must take an exclusive thing from where it is.
pub(super) fn take_away(scene: &Scene<'_>, tale: &Tale, step: InstrId, cell: CellId) -> Mend {
    let holder = scene.value(cell, tale.value);
    if scene.machine_of(cell, tale.value).is_none() && holder.starts_with("another ") {
        return nothing_given(scene, cell);
    }
    if let Some(later) = scene.later(step, |i| gives(i, cell, tale.value, 1)) {
        return moved(scene, later, step);
    }
    let (name, thing) = (scene.name(step), &scene.cell(cell).name);
    let why = why_not(scene, tale, step, &format!("takes `{thing}` from `{holder}`"));
    let vouch = vouch(scene, tale, cell);
    match remove(scene, tale, step, cell) {
        Some(remedy) => match otherwise(scene, tale, &remedy, cell) {
            Some((text, fix)) => Mend { help: format!("{why}; {text}\nor {vouch}"), fix },
            None => {
                let (line, fix) = step_before(scene, &remedy, step);
                Mend { help: format!("{why}; add before `{name}`:\n  {line}\nor {vouch}"), fix }
            }
        },
        None => {
            let fence = lacking(scene, step, holder);
            let fence = fence.unwrap_or_else(|| String::from("fence it (`std/host` has fences)"));
            let sure = format!("make sure before `{name}` that `{holder}` has let go of `{thing}`");
            advice(format!("{why}; {sure}: {fence}, or {vouch}"))
        }
    }
}

/// The fence that there would be if the holder had some attributes.
fn lacking(scene: &Scene<'_>, step: InstrId, holder: &str) -> Option<String> {
    let (action, fields) = scene.resolver.lacking_for(&fence_of(holder, helpers(scene, step, holder)))?;
    let fields: Vec<String> = fields.iter().map(|f| format!("`{f}`")).collect();
    Some(format!("`{action}` fences it if `{holder}` has a value for {}", fields.join(" and ")))
}

fn fence_of<'a>(holder: &'a str, nodes: Vec<&'a str>) -> Need<'a> {
    Need { cell: holder, now: "up", fine: vec!["down"], fence: true, things: vec![holder], nodes }
}

/// The nodes that are up and not the holder, best first one that has no part in it.
fn helpers<'a>(scene: &Scene<'a>, step: InstrId, holder: &str) -> Vec<&'a str> {
    let own = scene.instr(step).and_then(|i| i.host).map_or("", |m| scene.machine(m));
    let mut others: Vec<&str> = scene.up().into_iter().filter(|n| *n != holder).collect();
    others.sort_by_key(|n| *n == own);
    others
}

/// The action that takes an exclusive thing away from where it is: a release there, if that node is up and has not let
/// anybody wait, else a fence.
fn remove(scene: &Scene<'_>, tale: &Tale, step: InstrId, cell: CellId) -> Option<Remedy> {
    let (thing, holder) = (scene.cell(cell), scene.value(cell, tale.value));
    let machine = scene.machine_of(cell, tale.value)?;
    let up = scene.up();
    let fence = || {
        let need = fence_of(holder, helpers(scene, step, holder));
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

/// A release that may be skipped or fail can end in the remedy, if that is a fence: advice and the edit.
fn otherwise(scene: &Scene<'_>, tale: &Tale, remedy: &Remedy, cell: CellId) -> Option<(String, Option<Fix>)> {
    if remedy.node == scene.value(cell, tale.value) {
        return None;
    }
    let releases = |id: &&InstrId| scene.instr(**id).is_some_and(|i| gives(i, cell, tale.value, 1));
    let release = *tale.skipped.iter().chain(&tale.failed).find(releases)?;
    let step = scene.step(release).filter(|s| scene.is_ours(s.span) && !s.name.contains(['[', '.']))?;
    let source = scene.sources.get(step.span.file)?.text.as_str();
    let text = source.get(step.span.start as usize..step.span.end as usize)?;
    let (before, after) = (source.get(..step.span.start as usize)?, source.get(step.span.end as usize..)?);
    let laddered = before.trim_end().ends_with("otherwise") || after.trim_start().starts_with("otherwise");
    if laddered || !text.ends_with('}') {
        return None;
    }
    let name = scene.fresh("fence");
    let line = format!("}} otherwise step {name} on {} {{ do {} }}", scene.spell(&remedy.node), scene.call(remedy));
    let body = text.strip_suffix('}')?;
    let (what, body) = match body.split_once("if possible") {
        Some((first, last)) => ("instead of `if possible`, ", format!("{}{last}", first.trim_end())),
        None => ("", String::from(body)),
    };
    let advice = format!("{what}let `{}` end in:\n  {line}", scene.name(release));
    Some((advice, Some(Fix { span: step.span, text: format!("{body}{line}") })))
}

/// A question whose yes is somebody's word that the holder has let go.
fn vouch(scene: &Scene<'_>, tale: &Tale, cell: CellId) -> String {
    let (thing, holder) = (&scene.cell(cell).name, scene.value(cell, tale.value));
    let (name, spelled) = (scene.fresh("sure"), scene.spell(holder));
    let shown = if spelled == holder { String::from(holder) } else { format!("{{{{{spelled}.name}}}}") };
    let (question, fact) = match scene.machine_of(cell, tale.value) {
        Some(_) if scene.cell(cell).volatile => (format!("Is {shown} off?"), format!("{spelled} is down")),
        _ => (format!("Has {shown} let go of {thing}?"), format!("{} on nowhere", scene.spell(thing))),
    };
    format!("let somebody vouch for it:\n  step {name} {{ ask \"{question}\"  attests {fact} }}")
}

/// Where an exclusive thing is when the plan starts has to be said.
fn nothing_given(scene: &Scene<'_>, cell: CellId) -> Mend {
    let thing = &scene.cell(cell).name;
    advice(format!(
        "say where it is, such as `given {thing} on nowhere`, or `given {thing} on NODE or nowhere`: then it is proved"
    ))
}
