//! What has been said already: a finding that would be mended by a step which was proposed before is only named there, and
//! so are the steps that run into the same.

use super::scene::Scene;
use super::tale::Tale;
use crate::base::Diagnostic;
use crate::bytecode::InstrId;
use crate::calculus::CellId;
use crate::order::NodeId;
use crate::semantics::Violation;
use std::collections::BTreeSet;

/// Steps and things that a finding names; of more only the number is said.
const NAMED: usize = 3;

/// A finding, and what was not told since it comes to the same.
pub(super) struct Told {
    pub violation: Violation,
    pub finding: Diagnostic,
    /// The steps that run into the same.
    pub more: BTreeSet<InstrId>,
    /// What else the proposed step would mend.
    also: Vec<String>,
}

impl Told {
    pub fn new(violation: Violation, finding: Diagnostic, more: BTreeSet<InstrId>) -> Told {
        Told { violation, finding, more, also: Vec::new() }
    }

    /// Takes in a later finding that the step proposed for this one would mend, too; gives it back if it would not.
    pub fn takes(&mut self, scene: &Scene<'_>, later: Told) -> Option<Told> {
        let (Some((step, cell)), Some((other, thing))) = (at(self.violation), at(later.violation)) else {
            return Some(later);
        };
        let proposed = proposed(&self.finding);
        if proposed.is_empty() || proposed != self::proposed(&later.finding) || !reaches(scene, step, other) {
            return Some(later);
        }
        let name = |id: &InstrId| format!("in `{}`", scene.name(*id));
        let names = match thing == cell {
            true => std::iter::once(other).chain(later.more).map(|s| name(&s)).collect(),
            false => vec![format!("`{}`", scene.cell(thing).name)],
        };
        for name in names {
            if !self.also.contains(&name) {
                self.also.push(name);
            }
        }
        None
    }

    /// The finding, with what it stands for.
    pub fn whole(mut self, scene: &Scene<'_>) -> Diagnostic {
        let steps: Vec<String> = self.more.iter().map(|s| format!("`{}`", scene.name(*s))).collect();
        match steps.len() {
            0 => {}
            n if n > NAMED => self.finding.message.push_str(&format!(" (and in {n} more steps)")),
            _ => self.finding.message.push_str(&format!(" (and in {})", joined(&steps))),
        }
        if !self.also.is_empty() {
            let left = self.also.len().saturating_sub(NAMED);
            self.also.truncate(NAMED);
            self.also.extend((left > 0).then(|| format!("{left} more")));
            self.finding.message.push_str(&format!(" (also {}: the same step mends it)", joined(&self.also)));
        }
        self.finding
    }

    /// Whether a thing is held twice only because the command took effect late of which this was said.
    pub fn is_cause(&self, now: Violation, tale: &Tale) -> bool {
        match (self.violation, now) {
            (Violation::LandsLate { step, cell }, Violation::HeldTwice { cell: other, .. }) => {
                cell == other && tale.late.contains(&step)
            }
            _ => false,
        }
    }
}

/// `a, b and c`
fn joined(words: &[String]) -> String {
    match words.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{} and {last}", first.join(", ")),
        None => String::new(),
    }
}

/// The step and the thing of a violation that shows as a step begins or runs.
pub(super) fn at(violation: Violation) -> Option<(InstrId, CellId)> {
    match violation {
        Violation::HeldTwice { step, cell } | Violation::LandsLate { step, cell } | Violation::NotSo { step, cell } => {
            Some((step, cell))
        }
        Violation::GoalMissed { .. } | Violation::LeftOpen { .. } | Violation::ComesBack { .. } => None,
    }
}

/// The steps that the help of a finding proposes: lines of their own.
fn proposed(finding: &Diagnostic) -> Vec<&str> {
    let lines = finding.help.iter().flat_map(|h| h.lines());
    lines.map(str::trim_start).filter(|l| l.starts_with("step ")).collect()
}

/// Whether what stands before one step stands before the other one, too: in the same block or around it.
fn reaches(scene: &Scene<'_>, step: InstrId, other: InstrId) -> bool {
    let block = |id: NodeId| scene.dag.node(id).and_then(|n| n.within);
    let home = block(NodeId(step.0));
    std::iter::successors(Some(NodeId(other.0)), |id| block(*id)).any(|id| block(id) == home)
}
