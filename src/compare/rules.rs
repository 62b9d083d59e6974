//! What it means that a part of a step has gone, has come, or is another, and how that is said.

use super::change::{Change, Kind};
use super::parts::Part;
use crate::bytecode::Op;

/// What a change of a part is, and how it is said; `{}` stands for the part.
pub(super) struct Rule {
    lost: Kind,
    went: &'static str,
    /// What it is if the part is new.
    pub(super) gained: Kind,
    /// How that is said.
    pub(super) came: &'static str,
    changed: Kind,
    /// How a change is said; empty if what went and what came are two changes.
    both: &'static str,
}

impl Rule {
    /// The changes, if these lines of the part have gone and those have come.
    pub(super) fn changes(&self, gone: &[String], came: &[String]) -> Vec<Change> {
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

/// The rule for a part of a step that does this.
pub(super) fn rule(part: Part, op: &Op) -> Rule {
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
        Part::Within => rule(
            Kind::BeyondPromise,
            "has no time limit any more, it was {}",
            Kind::TimeLimit,
            "has a time limit of {}",
            Kind::TimeLimit,
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
