//! Why something did not run, in a given state: its condition, the failure of something before it, or a cancellation.

use super::scene::Scene;
use crate::base::Span;
use crate::bytecode::{InstrId, Op, Status};
use crate::order::{Formula, GuardIx, NodeId};
use crate::semantics::State;

pub(super) struct Skipping<'a> {
    pub scene: &'a Scene<'a>,
}

impl Skipping<'_> {
    /// Why an instruction that is settled did not run, and where that is said.
    pub fn why(&self, state: &State, id: InstrId) -> (String, Option<Span>) {
        match state.status(id) {
            Status::Cancelled => (String::from("is not started any more"), None),
            Status::Blocked => match self.culprit(state, id) {
                Some((culprit, Status::Cancelled)) => {
                    (format!("is not reached: `{}` is not started any more", self.scene.name(culprit)), None)
                }
                Some((culprit, _)) => (format!("is not reached: `{}` did not work", self.scene.name(culprit)), None),
                None => (String::from("is not reached"), None),
            },
            _ => self.condition(state, id),
        }
    }

    /// The condition that is not so, of the instruction or of a block around it.
    fn condition(&self, state: &State, id: InstrId) -> (String, Option<Span>) {
        let around = std::iter::successors(self.scene.node(id), |n| self.scene.dag.node(n.within?));
        for node in around {
            if let Some(stated) = node.conditions.iter().find(|c| !self.holds(state, c.guard)) {
                return (format!("is skipped by `{}`", shortened(&stated.text)), Some(stated.span));
            }
            if let Some(first) = node.instead_of {
                let first = self.scene.name(InstrId(first.0));
                return (format!("is not tried: it stands in for `{first}`, which worked or was not stopped"), None);
            }
        }
        (String::from("is skipped"), None)
    }

    /// The earliest of what an instruction needs that did not pass, through all that was not reached.
    fn culprit(&self, state: &State, id: InstrId) -> Option<(InstrId, Status)> {
        let mut at = id;
        loop {
            let stopped = |t: &InstrId| {
                let tolerated = self.scene.instr(*t).is_some_and(|i| i.flags.tolerated);
                state.status(*t).is_stopped(tolerated)
            };
            let instr = self.scene.instr(at)?;
            let rungs = if let Op::Join { rungs } = &instr.op { rungs.as_slice() } else { &[] };
            at = instr.needs.iter().chain(rungs).copied().find(stopped)?;
            if state.status(at) != Status::Blocked {
                return Some((at, state.status(at)));
            }
        }
    }

    fn holds(&self, state: &State, guard: GuardIx) -> bool {
        let ok = |node: &NodeId| state.status(InstrId(node.0)) == Status::Ok;
        match self.scene.dag.guards().get(guard) {
            Formula::Always => true,
            Formula::Never => false,
            Formula::Is(atom, option) => state.answers.get(atom.index()).copied().flatten() == Some(*option),
            Formula::Ok(node) => ok(node),
            Formula::Not(inner) => !self.holds(state, *inner),
            Formula::All(parts) => parts.iter().all(|p| self.holds(state, *p)),
            Formula::Any(parts) => parts.iter().any(|p| self.holds(state, *p)),
            Formula::AtMost(count, parts) => parts.iter().filter(|p| self.holds(state, **p)).count() <= *count as usize,
        }
    }
}

/// A condition on two lines at most; its place is quoted anyway.
pub(super) fn shortened(condition: &str) -> String {
    const LONGEST: usize = 120;
    match condition.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{} …", condition.get(..end).unwrap_or(condition).trim_end()),
        None => condition.to_owned(),
    }
}
