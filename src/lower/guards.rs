//! The guard table of a program: the formulas of the DAG that something uses, in their order.

use crate::bytecode::{Guard, GuardId, InstrId};
use crate::calculus::ValueId;
use crate::model::Plan;
use crate::order::{Dag, Formula, GuardIx};

/// The guards of a program, and where each formula of the DAG went.
pub(super) struct GuardTable {
    table: Vec<Guard>,
    ids: Vec<Option<GuardId>>,
}

impl GuardTable {
    /// The guards that the nodes and values of a DAG use; [`Guard::Always`] comes first.
    pub(super) fn of(plan: &Plan, dag: &Dag) -> GuardTable {
        let formulas: Vec<&Formula> = dag.guards().iter().collect();
        let mut used = vec![false; formulas.len()];
        let mut mark = |guard: GuardIx| {
            if let Some(slot) = used.get_mut(guard.index()) {
                *slot = true;
            }
        };
        mark(GuardIx::ALWAYS);
        dag.nodes().for_each(|(_, node)| mark(node.guard));
        for value in 0..plan.values.len() {
            dag.choices(ValueId::at(value)).iter().for_each(|g| mark(*g));
        }
        for (index, formula) in formulas.iter().enumerate().rev() {
            if used.get(index) == Some(&true) {
                parts(formula).for_each(|part| {
                    if let Some(slot) = used.get_mut(part.index()) {
                        *slot = true;
                    }
                });
            }
        }
        let mut made = GuardTable { table: Vec::new(), ids: vec![None; formulas.len()] };
        for (index, formula) in formulas.iter().enumerate().filter(|(i, _)| used.get(*i) == Some(&true)) {
            let id = GuardId::at(made.table.len());
            let guard = made.translate(formula);
            made.table.push(guard);
            if let Some(slot) = made.ids.get_mut(index) {
                *slot = Some(id);
            }
        }
        made
    }

    /// The guard that a formula became.
    pub(super) fn id(&self, formula: GuardIx) -> GuardId {
        self.ids.get(formula.index()).copied().flatten().unwrap_or(GuardId::ALWAYS)
    }

    /// The table.
    pub(super) fn into_table(self) -> Vec<Guard> {
        self.table
    }

    fn translate(&self, formula: &Formula) -> Guard {
        let list = |parts: &[GuardIx]| parts.iter().map(|p| self.id(*p)).collect();
        match formula {
            Formula::Always => Guard::Always,
            Formula::Never => Guard::Never,
            Formula::Is(atom, option) => Guard::Is { atom: *atom, option: *option },
            Formula::Ok(node) => Guard::Ok(InstrId(node.0)),
            Formula::Not(inner) => Guard::Not(self.id(*inner)),
            Formula::All(all) => Guard::All(list(all)),
            Formula::Any(any) => Guard::Any(list(any)),
            Formula::AtMost(count, of) => Guard::AtMost { count: *count, of: list(of) },
        }
    }
}

/// What a formula is made of.
fn parts(formula: &Formula) -> impl Iterator<Item = GuardIx> {
    let (one, many): (Option<GuardIx>, &[GuardIx]) = match formula {
        Formula::Not(inner) => (Some(*inner), &[]),
        Formula::All(parts) | Formula::Any(parts) | Formula::AtMost(_, parts) => (None, parts),
        Formula::Always | Formula::Never | Formula::Is(..) | Formula::Ok(_) => (None, &[]),
    };
    one.into_iter().chain(many.iter().copied())
}
