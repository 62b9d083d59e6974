//! What an action or a probe would come to if a plan called it with these things.

use super::Elaborator;
use crate::base::{Code, Diagnostic};
use crate::calculus::Change;
use crate::resolve::library::{Declared, Param, ThingId};
use crate::resolve::value::Value;
use crate::syntax::tree;
use std::collections::BTreeSet;

/// The effects of a call, by the names of cells and machines.
pub(in crate::resolve) struct Effects {
    /// Cells with the names of their values, and what becomes of each.
    pub changes: Vec<(String, Vec<String>, Change)>,
    /// Machines that it fences.
    pub fences: Vec<String>,
}

/// What a yes means for a cell: that it has one of these values.
pub(in crate::resolve) struct Proven {
    pub cell: String,
    pub values: Vec<String>,
}

impl<'s> Elaborator<'_, 's> {
    /// The effects of an action called with these values (`None` for a default) on a node, if that compiles but for
    /// attributes that have no value, and the names of these.
    pub(in crate::resolve) fn effects_of(
        mut self,
        action: &Declared<'s, tree::Action<'s>>,
        values: Vec<Option<ThingId>>,
        node: ThingId,
    ) -> Option<(Effects, BTreeSet<String>)> {
        let at = action.tree.name.span;
        self.called_with(&action.params, values);
        let (name, kind) = action.tree.host?;
        let kind = self.library.kind_named(kind.text)?;
        if !self.library.is_a(self.library.thing(node).kind, kind) {
            return None;
        }
        let host = Value::Thing(node);
        self.vars.push((name.text, host.clone()));
        let parts = self.clauses(&action.tree.clauses, Some(&host), true);
        let machine = self.host_machine(&host, at);
        let fences = self.independent(&parts, machine, at);
        let lacking = self.lacking()?;
        let changes = parts.effects.iter().filter_map(|(effect, _)| {
            let cell = self.plan.cells.get(effect.cell.index())?;
            Some((cell.name.clone(), cell.values.clone(), effect.change))
        });
        let fenced = fences.iter().filter_map(|m| Some(self.plan.machines.get(m.index())?.name.clone()));
        Some((Effects { changes: changes.collect(), fences: fenced.collect() }, lacking))
    }

    /// What the yes of a probe called with these values means, if that compiles.
    pub(in crate::resolve) fn proves(
        mut self,
        probe: &Declared<'s, tree::Probe<'s>>,
        values: Vec<Option<ThingId>>,
    ) -> Option<Vec<Proven>> {
        self.called_with(&probe.params, values);
        let facts: Vec<_> = probe.tree.yes_means.iter().flat_map(|e| self.facts(e)).collect();
        self.clauses(&probe.tree.clauses, None, true);
        if self.broken() {
            return None;
        }
        let proven = |(cell, allowed): (crate::calculus::CellId, u64)| {
            let cell = self.plan.cells.get(cell.index())?;
            let values = cell.values.iter().enumerate().filter(|(v, _)| *v < 64 && allowed >> v & 1 == 1);
            Some(Proven { cell: cell.name.clone(), values: values.map(|(_, name)| name.clone()).collect() })
        };
        Some(facts.iter().filter_map(|f| proven((f.cell, f.allowed))).collect())
    }

    fn called_with(&mut self, params: &[Param<'s>], values: Vec<Option<ThingId>>) {
        for (param, value) in params.iter().zip(values) {
            let value = match (value, &param.default) {
                (Some(thing), _) => Value::Thing(thing),
                (None, Some(default)) => self.constant(default, &param.ty),
                (None, None) => Value::unknown(),
            };
            self.vars.push((param.name.text, value));
        }
    }

    /// The attributes that have no value; `None` if anything else is wrong.
    fn lacking(&self) -> Option<BTreeSet<String>> {
        let errors = self.diagnostics.iter().filter(|d| d.is_error());
        let name = |d: &Diagnostic| {
            d.span().filter(|_| d.code == Code::MissingAttribute).map(|at| self.sources.text(at).to_owned())
        };
        errors.map(name).collect()
    }

    fn broken(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }
}
