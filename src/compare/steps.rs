//! What has changed in steps: those that are gone, those that are new, and what the others say otherwise than before.

use super::blocks::{is_named, is_step};
use super::change::{Change, Kind, Weight};
use super::parts::{Part, parts, what};
use super::rules::rule;
use super::{Side, Sides};
use crate::base::duration;
use crate::bytecode::{Instr, InstrId, Op};

pub(super) fn changes(sides: &Sides<'_>) -> Vec<Change> {
    let mut found = Vec::new();
    for (id, instr) in steps(&sides.old).filter(|(id, _)| sides.pairs.new_of(*id).is_none()) {
        found.push(removed(&sides.old, id, instr));
    }
    for (id, instr) in steps(&sides.new).filter(|(id, _)| sides.pairs.old_of(*id).is_none()) {
        added(sides, id, instr, &mut found);
    }
    for (old, new) in sides.paired() {
        let (Some(was), Some(is)) = (sides.old.instr(old), sides.new.instr(new)) else { continue };
        renamed(sides, new, was, is, &mut found);
        differing(sides, new, was, is, &mut found);
    }
    found
}

/// The instructions that are steps.
fn steps<'p>(side: &Side<'p>) -> impl Iterator<Item = (InstrId, &'p Instr)> {
    let all = side.program.code.iter().enumerate().map(|(index, instr)| (InstrId::at(index), instr));
    all.filter(|(_, instr)| is_step(instr))
}

fn removed(side: &Side<'_>, id: InstrId, instr: &Instr) -> Change {
    let fenced: Vec<String> = instr.fences.iter().map(|m| side.names.machine(*m)).collect();
    let (kind, text) = match &instr.op {
        _ if !fenced.is_empty() => (Kind::FenceDropped, format!("removed; it fenced {}", fenced.join(", "))),
        Op::Ask { gate, .. } => {
            let whom = gate.role.as_ref().map_or_else(|| String::from("the operator"), Clone::clone);
            (Kind::GateDropped, format!("removed; {whom} is not asked any more"))
        }
        Op::Assume { .. } => (Kind::Safer, String::from("this is not taken for granted any more")),
        _ if instr.name.ends_with(".undo") => {
            (Kind::UndoDropped, String::from("removed; what a failure leaves is not undone any more"))
        }
        _ if instr.flags.finally => (Kind::FinallyDropped, String::from("removed; it ran whatever became of the rest")),
        op => (Kind::Removed, format!("removed: {}", what(op))),
    };
    Change::new(kind, text).of(side.name(id)).maybe_before(side.deed(instr))
}

/// What makes a new step a risk, whatever else it does.
const RISKY: &[Part] = &[Part::Effects, Part::Loses, Part::Tolerated, Part::Opaque, Part::Commits];

fn added(sides: &Sides<'_>, id: InstrId, instr: &Instr, found: &mut Vec<Change>) {
    let side = &sides.new;
    let name = side.name(id);
    let said = parts(side, instr);
    let of =
        |part: Part| said.iter().filter(|(p, _)| *p == part).map(|(_, t)| t.as_str()).collect::<Vec<_>>().join(", ");
    for part in RISKY {
        let (rule, text) = (rule(*part, &instr.op), of(*part));
        if !text.is_empty() && rule.gained.weight() == Weight::Risk {
            found.push(Change::new(rule.gained, rule.came.replace("{}", &text)).of(name.clone()));
        }
    }
    let (kind, text) = match &instr.op {
        Op::Assume { .. } => (Kind::TakenForGranted, format!("taken for granted: {}", of(Part::Effects))),
        Op::Ask { .. } => (Kind::Safer, String::from("new: a question")),
        _ if !instr.fences.is_empty() => (Kind::Safer, format!("new: it fences {}", of(Part::Fences))),
        op => (Kind::Added, format!("new: {}", what(op))),
    };
    found.push(Change::new(kind, text).of(name).maybe_after(side.deed(instr)));
}

/// Says that a step, or a block that its author has named, is called otherwise.
fn renamed(sides: &Sides<'_>, new: InstrId, was: &Instr, is: &Instr, found: &mut Vec<Change>) {
    let told = is_step(is) || is_named(is) && is_named(was);
    if was.name != is.name && told {
        let change = Change::new(Kind::Renamed, format!("was called `{}`", was.name));
        found.push(change.of(sides.new.name(new)));
    }
}

/// Says what two versions of an instruction say otherwise.
fn differing(sides: &Sides<'_>, new: InstrId, was: &Instr, is: &Instr, found: &mut Vec<Change>) {
    let (old_parts, new_parts) = (parts(&sides.old, was), parts(&sides.new, is));
    if old_parts == new_parts {
        return;
    }
    let name = sides.new.name(new);
    let mut all: Vec<Part> = old_parts.iter().chain(&new_parts).map(|(part, _)| *part).collect();
    all.sort_unstable();
    all.dedup();
    for part in all {
        // What else is said of a block is said of its members, too.
        let told = is_step(is) || part == Part::Requires || part == Part::Title && is_named(is);
        if !told {
            continue;
        }
        let of = |parts: &[(Part, String)]| -> Vec<String> {
            parts.iter().filter(|(p, _)| *p == part).map(|(_, text)| text.clone()).collect()
        };
        let (old_lines, new_lines) = (of(&old_parts), of(&new_parts));
        let without = |these: &[String], others: &[String]| -> Vec<String> {
            these.iter().filter(|t| !others.contains(t)).cloned().collect()
        };
        let (gone, came) = (without(&old_lines, &new_lines), without(&new_lines, &old_lines));
        let rule = rule(part, &is.op);
        let changes = rule.changes(&gone, &came);
        let promise = (part == Part::Within).then_some(sides.new.program.rto_ms).flatten();
        found.extend(changes.into_iter().map(|change| beyond(change, is, promise).of(name.clone())));
    }
}

/// A time limit beyond the time promised for the whole plan is more than a time limit.
fn beyond(change: Change, instr: &Instr, promise: Option<u64>) -> Change {
    let within = instr.op.command().and_then(|command| command.within_ms);
    match (promise, within) {
        (Some(promised), Some(ms)) if ms > promised => {
            let text = format!("{}, longer than the {} promised for the whole plan", change.text, duration(promised));
            Change { kind: Kind::BeyondPromise, weight: Kind::BeyondPromise.weight(), text, ..change }
        }
        _ => change,
    }
}

impl Side<'_> {
    /// What a step runs or says.
    fn deed(&self, instr: &Instr) -> Option<String> {
        parts(self, instr).into_iter().find(|(part, _)| *part == Part::Text).map(|(_, text)| text)
    }
}
