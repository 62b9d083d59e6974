//! One cause, one finding: of violations that follow from the same turn of events the first is shown, with
//! the other steps that run into it.

use super::told;
use crate::bytecode::InstrId;
use crate::prove::{Found, Proof};
use crate::semantics::Violation;
use std::collections::{BTreeSet, HashMap};

/// A violation, and the other steps that run into the same.
#[derive(Debug)]
pub(super) struct Cause<'a> {
    pub found: &'a Found,
    pub more: BTreeSet<InstrId>,
}

/// What of a violation tells one cause from another, beside the story: its sort and its cell.
fn sort(violation: Violation) -> (u8, u32) {
    match violation {
        Violation::HeldTwice { cell, .. } => (0, cell.0),
        Violation::LandsLate { cell, .. } => (1, cell.0),
        Violation::NotSo { cell, .. } => (2, cell.0),
        Violation::GoalMissed { cell } => (3, cell.0),
        Violation::LeftOpen { cell } => (4, cell.0),
        Violation::ComesBack { cell } => (5, cell.0),
    }
}

/// Where a violation is seen, in written order.
fn at(violation: Violation) -> u32 {
    match violation {
        Violation::HeldTwice { step, .. } | Violation::LandsLate { step, .. } | Violation::NotSo { step, .. } => step.0,
        Violation::GoalMissed { .. } | Violation::LeftOpen { .. } | Violation::ComesBack { .. } => u32::MAX,
    }
}

/// Whether a violation has the cause of an earlier one at the same cell. Of the same sort it does if all that leads to the
/// earlier one leads to it too, and so does a step that takes late what it must not take in time. If something was needed
/// that is not so, whatever else goes wrong at the same cell in exactly the same turn of events follows from that.
fn follows(earlier: &Found, later: &Found) -> bool {
    let all = earlier.story.iter().all(|turn| later.story.contains(turn));
    let alike = sort(earlier.violation).0 == sort(later.violation).0;
    let late = match (earlier.violation, later.violation) {
        (Violation::HeldTwice { step, .. }, Violation::LandsLate { step: late, .. }) => step == late,
        (Violation::NotSo { .. }, Violation::LandsLate { .. }) => true,
        _ => false,
    };
    let same = earlier.story.len() == later.story.len();
    let needed = matches!(earlier.violation, Violation::NotSo { .. }) && at(later.violation) != u32::MAX;
    all && (alike || late || (same && needed))
}

/// The causes of everything that was found, in written order.
pub(super) fn causes(proof: &Proof) -> Vec<Cause<'_>> {
    let mut found: Vec<&Found> = proof.found.iter().collect();
    found.sort_by_key(|f| (at(f.violation), sort(f.violation)));
    let mut causes: Vec<Cause<'_>> = Vec::new();
    let mut known: HashMap<u32, Vec<usize>> = HashMap::new();
    for found in found {
        let alike = known.entry(sort(found.violation).1).or_default();
        let first = alike.iter().copied().find(|i| causes.get(*i).is_some_and(|c| follows(c.found, found)));
        match first.and_then(|i| causes.get_mut(i)) {
            Some(cause) => {
                let (first, other) = (told::at(cause.found.violation), told::at(found.violation));
                cause.more.extend(other.map(|(step, _)| step).filter(|s| first.is_none_or(|(step, _)| step != *s)));
            }
            None => {
                alike.push(causes.len());
                causes.push(Cause { found, more: BTreeSet::new() });
            }
        }
    }
    causes
}
