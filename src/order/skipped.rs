//! What certainly does not run once some answers are known.
//!
//! A guard is evaluated with three values: true, false, open. A node is skipped if its guard is false however the open
//! answers and the outcomes of the steps turn out.

use crate::calculus::AtomId;
use crate::order::dag::{Dag, Node, NodeId, What};
use crate::order::guards::{Formula, GuardIx};
use std::collections::HashMap;

/// The nodes that certainly do not run, and why.
#[derive(Clone, Debug, Default)]
pub struct Skipped {
    decisions: Vec<(AtomId, u8)>,
    why: Vec<Option<Why>>,
}

/// Why a node does not run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    /// A condition of this node (itself or a block around it) is false: index in [`Node::conditions`].
    Condition(NodeId, usize),
    /// It uses something that a skipped step would have brought, or no attempt of its ladder runs.
    Follows,
}

impl Skipped {
    /// The answers that were taken as known.
    pub fn decisions(&self) -> &[(AtomId, u8)] {
        &self.decisions
    }

    /// The known answer of an atom.
    pub fn decision(&self, atom: AtomId) -> Option<u8> {
        self.decisions.iter().find(|(a, _)| *a == atom).map(|(_, option)| *option)
    }

    /// Why a node does not run; `None` if it may run.
    pub fn why(&self, node: NodeId) -> Option<Why> {
        self.why.get(node.index()).copied().flatten()
    }

    /// Whether a node certainly does not run.
    pub fn contains(&self, node: NodeId) -> bool {
        self.why(node).is_some()
    }
}

/// What does not run when these answers are known, as pairs of an atom and the index of its answer.
pub fn specialise(dag: &Dag, decisions: &[(AtomId, u8)]) -> Skipped {
    evaluate(dag, decisions, None)
}

/// What does not run when these answers are known and every step that runs succeeds.
pub(super) fn when_all_succeeds(dag: &Dag, decisions: &[(AtomId, u8)]) -> Skipped {
    evaluate(dag, decisions, Some(true))
}

fn evaluate(dag: &Dag, decisions: &[(AtomId, u8)], success: Option<bool>) -> Skipped {
    let mut e = Evaluation {
        dag,
        formulas: dag.guards().iter().collect(),
        known: decisions.iter().copied().collect(),
        truth: Vec::new(),
        success,
        skipped: Skipped { decisions: decisions.to_vec(), why: Vec::with_capacity(dag.node_count()) },
    };
    for (_, node) in dag.nodes() {
        let why = e.why(node);
        e.skipped.why.push(why);
    }
    e.skipped
}

struct Evaluation<'a> {
    dag: &'a Dag,
    formulas: Vec<&'a Formula>,
    known: HashMap<AtomId, u8>,
    /// Values of the formulas evaluated so far; `None` is open.
    truth: Vec<Option<bool>>,
    /// Whether a step that runs succeeds.
    success: Option<bool>,
    skipped: Skipped,
}

impl Evaluation<'_> {
    fn why(&mut self, node: &Node) -> Option<Why> {
        while self.truth.len() <= node.guard.index() {
            let truth = self.formulas.get(self.truth.len()).and_then(|f| self.evaluate(f));
            self.truth.push(truth);
        }
        if self.truth(node.guard) == Some(false) {
            let own = node.conditions.iter().position(|c| self.truth(c.guard) == Some(false));
            let this = NodeId(u32::try_from(self.skipped.why.len()).unwrap_or(u32::MAX));
            let around = || node.within.and_then(|n| self.skipped.why(n));
            return Some(own.map(|index| Why::Condition(this, index)).or_else(around).unwrap_or(Why::Follows));
        }
        match &node.what {
            What::Join(_, rungs) => rungs.iter().all(|r| self.skipped.contains(*r)).then_some(Why::Follows),
            _ => None,
        }
    }

    fn truth(&self, guard: GuardIx) -> Option<bool> {
        self.truth.get(guard.index()).copied().flatten()
    }

    fn evaluate(&self, formula: &Formula) -> Option<bool> {
        match formula {
            Formula::Always => Some(true),
            Formula::Never => Some(false),
            Formula::Is(atom, option) => {
                let readers = self.dag.readers(*atom);
                if !readers.is_empty() && readers.iter().all(|n| self.skipped.contains(*n)) {
                    return Some(false);
                }
                self.known.get(atom).map(|answer| answer == option)
            }
            Formula::Ok(node) => {
                if self.skipped.contains(*node) {
                    Some(false)
                } else {
                    self.success
                }
            }
            Formula::Not(inner) => self.truth(*inner).map(|t| !t),
            Formula::All(parts) => self.unless(parts, false),
            Formula::Any(parts) => self.unless(parts, true),
            Formula::AtMost(count, of) => {
                let number = |t| of.iter().filter(|p| self.truth(**p) == t).count();
                let (sure, open, count) = (number(Some(true)), number(None), *count as usize);
                if sure > count { Some(false) } else { (sure + open <= count).then_some(true) }
            }
        }
    }

    /// `decisive` if one part has this value, its opposite if none can have it.
    fn unless(&self, parts: &[GuardIx], decisive: bool) -> Option<bool> {
        if parts.iter().any(|p| self.truth(*p) == Some(decisive)) {
            return Some(decisive);
        }
        parts.iter().all(|p| self.truth(*p).is_some()).then_some(!decisive)
    }
}
