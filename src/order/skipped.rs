//! What certainly does not run once some answers are known.
//!
//! A guard is evaluated with three values: true, false, open. A node is skipped if its guard is false however the open
//! answers and the outcomes of the steps turn out.

use crate::calculus::AtomId;
use crate::order::dag::{Dag, NodeId, Stated, What};
use crate::order::guards::{Formula, GuardIx};
use crate::order::logic::{Answers, Logic, Truth};

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
    skipped(dag, decisions, false)
}

/// What does not run when these answers are known and every step that runs succeeds.
pub(super) fn when_all_succeeds(dag: &Dag, decisions: &[(AtomId, u8)]) -> Skipped {
    skipped(dag, decisions, true)
}

fn skipped(dag: &Dag, decisions: &[(AtomId, u8)], success: bool) -> Skipped {
    let mut answers = Answers(decisions.iter().copied().collect());
    let found = evaluate(dag, &mut answers, success);
    let mut why: Vec<Option<Why>> = Vec::with_capacity(dag.node_count());
    for (id, node) in dag.nodes() {
        let is_false = |c: &Stated| found.is_false(c.guard).unwrap_or(false);
        why.push(found.skipped(id).unwrap_or(false).then(|| {
            let own = node.conditions.iter().position(is_false).map(|index| Why::Condition(id, index));
            // A ladder without an attempt follows its attempts; all else that is around a node takes it along.
            let falsified = found.is_false(node.guard).unwrap_or(false);
            let around = || node.within.filter(|_| falsified).and_then(|n| why.get(n.index()).copied().flatten());
            own.filter(|_| falsified).or_else(around).unwrap_or(Why::Follows)
        }));
    }
    Skipped { decisions: decisions.to_vec(), why }
}

/// What became of every condition and node, as bits of some logic.
pub(super) struct Evaluated<B> {
    truths: Vec<Truth<B>>,
    skipped: Vec<B>,
}

impl<B: Copy> Evaluated<B> {
    /// A condition of a node is certainly false.
    pub(super) fn is_false(&self, guard: GuardIx) -> Option<B> {
        self.truths.get(guard.index()).map(|t| t.no)
    }

    /// A node certainly does not run.
    pub(super) fn skipped(&self, node: NodeId) -> Option<B> {
        self.skipped.get(node.index()).copied()
    }
}

/// Goes through the plan once; with `success`, every step that runs is taken to succeed, otherwise that is open.
pub(super) fn evaluate<L: Logic>(dag: &Dag, logic: &mut L, success: bool) -> Evaluated<L::Bit> {
    let found = Evaluated { truths: Vec::new(), skipped: Vec::with_capacity(dag.node_count()) };
    let mut e = Evaluation { dag, formulas: dag.guards().iter().collect(), logic, success, found };
    for (_, node) in dag.nodes() {
        let last = node.conditions.iter().map(|c| c.guard).chain([node.guard]).max();
        while e.found.truths.len() <= last.map_or(0, GuardIx::index) {
            let Some(formula) = e.formulas.get(e.found.truths.len()).copied() else { break };
            let truth = e.truth_of(formula);
            e.found.truths.push(truth);
        }
        let mut skipped = e.truth(node.guard).no;
        if let What::Join(_, rungs) = &node.what {
            let none = e.all_skipped(rungs);
            skipped = e.logic.any(&[skipped, none]);
        }
        e.found.skipped.push(skipped);
    }
    e.found
}

struct Evaluation<'a, L: Logic> {
    dag: &'a Dag,
    formulas: Vec<&'a Formula>,
    logic: &'a mut L,
    success: bool,
    /// So far.
    found: Evaluated<L::Bit>,
}

impl<L: Logic> Evaluation<'_, L> {
    /// What an earlier condition is; what is not there is open.
    fn truth(&mut self, guard: GuardIx) -> Truth<L::Bit> {
        match self.found.truths.get(guard.index()) {
            Some(truth) => *truth,
            None => Truth { yes: self.logic.constant(false), no: self.logic.constant(false) },
        }
    }

    fn is_skipped(&mut self, node: NodeId) -> L::Bit {
        match self.found.skipped(node) {
            Some(skipped) => skipped,
            None => self.logic.constant(false),
        }
    }

    fn all_skipped(&mut self, nodes: &[NodeId]) -> L::Bit {
        let each: Vec<L::Bit> = nodes.iter().map(|n| self.is_skipped(*n)).collect();
        self.logic.all(&each)
    }

    fn truth_of(&mut self, formula: &Formula) -> Truth<L::Bit> {
        match formula {
            Formula::Always => Truth { yes: self.logic.constant(true), no: self.logic.constant(false) },
            Formula::Never => Truth { yes: self.logic.constant(false), no: self.logic.constant(true) },
            Formula::Is(atom, option) => {
                let (has, other) = (self.logic.has(*atom, *option), self.logic.has_another(*atom, *option));
                let readers = self.dag.readers(*atom);
                if readers.is_empty() {
                    return Truth { yes: has, no: other };
                }
                // Nobody brings the answer if all who would are skipped, and then no answer is the one asked for.
                let unread = self.all_skipped(readers);
                let read = self.logic.not(unread);
                Truth { yes: self.logic.all(&[has, read]), no: self.logic.any(&[other, unread]) }
            }
            Formula::Ok(node) => {
                let no = self.is_skipped(*node);
                let yes = if self.success { self.logic.not(no) } else { self.logic.constant(false) };
                Truth { yes, no }
            }
            Formula::Not(inner) => {
                let Truth { yes, no } = self.truth(*inner);
                Truth { yes: no, no: yes }
            }
            Formula::All(parts) => self.counted(parts, parts.len(), 1),
            Formula::Any(parts) => self.counted(parts, 1, parts.len()),
            Formula::AtMost(count, parts) => {
                let count = *count as usize;
                let Truth { yes, no } = self.counted(parts, count.saturating_add(1), parts.len().saturating_sub(count));
                Truth { yes: no, no: yes }
            }
        }
    }

    /// True once at least `yes` of the parts are, false once at least `no` of them are.
    fn counted(&mut self, parts: &[GuardIx], yes: usize, no: usize) -> Truth<L::Bit> {
        let truths: Vec<Truth<L::Bit>> = parts.iter().map(|p| self.truth(*p)).collect();
        let (sure, never): (Vec<L::Bit>, Vec<L::Bit>) = truths.iter().map(|t| (t.yes, t.no)).unzip();
        Truth { yes: self.logic.at_least(yes, &sure), no: self.logic.at_least(no, &never) }
    }
}
