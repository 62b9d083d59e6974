//! What has changed in steps: those that are gone, those that are new, and what the others say otherwise than before.

use super::blocks::{is_named, is_step};
use super::change::{Change, Kind, Weight};
use super::parts::{Part, parts, what};
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
        // Every block stands for its members: what is said of it is said of them.
        if !is_step(is) && !matches!(part, Part::Requires) && !(part == Part::Title && is_named(is)) {
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

/// What a change of a part is, and how it is said; `{}` stands for the part.
struct Rule {
    lost: Kind,
    went: &'static str,
    gained: Kind,
    came: &'static str,
    changed: Kind,
    /// How a change is said; empty if what went and what came are two changes.
    both: &'static str,
}

impl Rule {
    fn changes(&self, gone: &[String], came: &[String]) -> Vec<Change> {
        let said = |text: &str, lines: &[String]| text.replace("{}", &lines.join(", "));
        match (gone, came) {
            ([], []) => Vec::new(),
            (gone, came) if !gone.is_empty() && !came.is_empty() && !self.both.is_empty() => {
                vec![Change::new(self.changed, self.both).before(gone.join("\n")).after(came.join("\n"))]
            }
            (gone, came) => {
                let went = (!gone.is_empty()).then(|| Change::new(self.lost, said(self.went, gone)));
                let come = (!came.is_empty()).then(|| Change::new(self.gained, said(self.came, came)));
                went.into_iter().chain(come).collect()
            }
        }
    }
}

fn rule(part: Part, op: &Op) -> Rule {
    let rule = |lost, went, gained, came, changed, both| Rule { lost, went, gained, came, changed, both };
    let one = |kind, went, came, both| rule(kind, went, kind, came, kind, both);
    let vouches = matches!(op, Op::Ask { .. });
    match part {
        Part::Fences => {
            rule(Kind::FenceDropped, "does not fence {} any more", Kind::Safer, "fences {}", Kind::FenceDropped, "")
        }
        Part::Act => one(Kind::Command, "is no step any more", "is a step now", "is something else now"),
        Part::Role => rule(
            Kind::GateWeakened,
            "anybody may answer, not only {}",
            Kind::Safer,
            "only {} may answer",
            Kind::GateWeakened,
            "somebody else answers",
        ),
        Part::Deadline => rule(
            Kind::Safer,
            "waits for an answer without limit, no longer {}",
            Kind::GateWeakened,
            "does not wait for an answer longer than {}",
            Kind::GateWeakened,
            "something else happens if nobody answers",
        ),
        Part::Answers => one(Kind::Question, "does not offer {} any more", "offers {}", "offers other answers"),
        Part::Place => {
            one(Kind::Retargeted, "runs on no node any more, it was {}", "runs on {}", "runs on another node")
        }
        Part::NodeUp => rule(
            Kind::RequirementDropped,
            "does not need its node to be up any more",
            Kind::Safer,
            "needs its node to be up",
            Kind::Effect,
            "",
        ),
        Part::Requires => rule(
            Kind::RequirementDropped,
            "does not need `{}` any more",
            Kind::Safer,
            "needs `{}`",
            Kind::Effect,
            "needs something else",
        ),
        Part::Effects if vouches => rule(
            Kind::Safer,
            "a yes does not mean `{}` any more",
            Kind::TakenForGranted,
            "a yes is believed to mean `{}`",
            Kind::TakenForGranted,
            "a yes is believed to mean something else",
        ),
        Part::Effects => {
            one(Kind::Effect, "does not bring about `{}` any more", "brings about `{}`", "brings about something else")
        }
        Part::Loses => {
            rule(Kind::Safer, "does not lose {} any more", Kind::LossAccepted, "loses {}", Kind::LossAccepted, "")
        }
        Part::Text => one(
            Kind::Command,
            "does nothing any more",
            "does something now",
            match op {
                Op::Ask { .. } => "asks something else",
                Op::Tell { .. } => "tells something else",
                Op::Delay { .. } => "waits for another time",
                Op::Assume { .. } => "for another reason",
                _ => "runs another command",
            },
        ),
        Part::Environment => one(
            Kind::Command,
            "without `{}` in its environment",
            "with `{}` in its environment",
            "has another environment",
        ),
        Part::Meanings => one(
            Kind::Command,
            "exit 0 is success, all else failure; it was: {}",
            "results mean something else: {}",
            "results mean something else",
        ),
        Part::Captures => {
            one(Kind::Command, "does not keep {} any more", "keeps {}", "keeps something else of its output")
        }
        Part::Verify => rule(
            Kind::VerifyDropped,
            "is not read back any more (`verify`)",
            Kind::Safer,
            "is read back (`verify`)",
            Kind::Command,
            "is read back otherwise (`verify`)",
        ),
        Part::Negated => one(Kind::Command, "waits for a yes instead of a no", "waits for a no instead of a yes", ""),
        Part::Within => one(
            Kind::TimeLimit,
            "has no time limit any more, it was {}",
            "has a time limit of {}",
            "has another time limit",
        ),
        Part::Kill => rule(
            Kind::MayLandLate,
            "is not killed when its time is up, and may go on",
            Kind::TimeLimit,
            "is killed when its time is up",
            Kind::MayLandLate,
            "",
        ),
        Part::Retries => one(
            Kind::Retries,
            "is not repeated any more",
            "is repeated up to {} times",
            "is repeated another number of times",
        ),
        Part::Every => {
            one(Kind::Retries, "without a pause, it was {}", "with a pause of {}", "pauses for another time")
        }
        Part::Tolerated => rule(
            Kind::Safer,
            "a failure stops the run again",
            Kind::Tolerated,
            "a failure passes (`if possible`)",
            Kind::Tolerated,
            "",
        ),
        Part::Lingers => rule(
            Kind::Safer,
            "does not land late any more",
            Kind::MayLandLate,
            "may land late if it is given up",
            Kind::MayLandLate,
            "",
        ),
        Part::Finally => rule(
            Kind::FinallyDropped,
            "does not run any more whatever became of the rest (`finally`)",
            Kind::Safer,
            "runs whatever became of the rest (`finally`)",
            Kind::FinallyDropped,
            "",
        ),
        Part::Idempotent => rule(
            Kind::Safer,
            "is not taken to be harmless twice any more (`idempotent`)",
            Kind::TakenForGranted,
            "is taken to be harmless twice (`idempotent`)",
            Kind::TakenForGranted,
            "",
        ),
        Part::Opaque => {
            rule(Kind::Safer, "says what it does", Kind::Opaque, "nothing is known of what it does", Kind::Opaque, "")
        }
        Part::Commits => rule(
            Kind::Safer,
            "there is a way back from it again",
            Kind::NoReturn,
            "from here on there is no way back",
            Kind::NoReturn,
            "",
        ),
        Part::Usually => one(
            Kind::Duration,
            "has no usual duration any more, it was {}",
            "usually takes {}",
            "usually takes another time",
        ),
        Part::Title => one(Kind::Wording, "without its heading, {}", "has a heading: {}", "has another heading"),
        Part::Number => one(Kind::Wording, "without its number, {}", "has the number {}", "has another number"),
    }
}

impl Side<'_> {
    /// What a step runs or says.
    fn deed(&self, instr: &Instr) -> Option<String> {
        parts(self, instr).into_iter().find(|(part, _)| *part == Part::Text).map(|(_, text)| text)
    }
}
