//! What would help: actions by their effects and probes by what their yes means, called with given things. Each call is
//! unfolded as if a plan made it, so one that would not compile is not proposed.

use super::elaborate::{Effects, Elaborator};
use super::library::{Param, ThingId};
use super::types::Ty;
use super::{Resolver, elaborate};
use crate::base::Span;
use crate::calculus::Change;
use crate::syntax::tree;
use std::collections::BTreeSet;

/// What is wanted of a thing.
#[derive(Clone, Debug, Default)]
pub struct Need<'a> {
    /// The cell, by its name.
    pub cell: &'a str,
    /// The value that it has.
    pub now: &'a str,
    /// The values that it should have.
    pub fine: Vec<&'a str>,
    /// A fence is wanted, and no action that asks the machine itself.
    pub fence: bool,
    /// The things that a call may name.
    pub things: Vec<&'a str>,
    /// The nodes that it may run on, best first.
    pub nodes: Vec<&'a str>,
}

/// A call that would help.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Remedy {
    /// The action or probe.
    pub name: String,
    /// Its arguments: the parameter where it has to be named, and the thing.
    pub arguments: Vec<(Option<String>, String)>,
    /// The node that it runs on; empty for a probe, which says so itself.
    pub node: String,
}

/// A parameter's name, where it has to be said, and the thing for it; `None` for its default.
type Argument = (Option<String>, Option<ThingId>);

/// Calls that are tried for one action or probe.
const CALLS: usize = 64;

impl<'s> Resolver<'s> {
    /// The action that brings about what is needed with the fewest effects; of several the one that is declared first, as
    /// the library puts first what is safest.
    pub fn action_for(&self, need: &Need<'_>) -> Option<Remedy> {
        let mut best: Option<((usize, Span), Remedy)> = None;
        self.each_action(need, |action, call, node, effects, lacking| {
            let rank = (effects.changes.len(), action.name.span);
            if lacking.is_empty() && best.as_ref().is_none_or(|(r, _)| rank < *r) {
                let node = self.library.thing(node).name.text.to_string();
                let remedy = Remedy { name: action.name.text.to_string(), arguments: self.shown(call), node };
                best = Some((rank, remedy));
            }
            lacking.is_empty()
        });
        best.map(|(_, remedy)| remedy)
    }

    /// The action that would bring about what is needed if some attributes had values, and these; the one that is declared
    /// first.
    pub fn lacking_for(&self, need: &Need<'_>) -> Option<(String, Vec<String>)> {
        let mut best: Option<(Span, (String, Vec<String>))> = None;
        self.each_action(need, |action, _, _, _, lacking| {
            if !lacking.is_empty() && best.as_ref().is_none_or(|(span, _)| action.name.span < *span) {
                best = Some((action.name.span, (action.name.text.to_string(), lacking.into_iter().collect())));
            }
            true
        });
        best.map(|(_, found)| found)
    }

    /// Shows every call of an action that helps, with its node, effects, and the attributes that it lacks; after a yes the
    /// other nodes are not tried.
    fn each_action(
        &self,
        need: &Need<'_>,
        mut see: impl FnMut(&tree::Action<'s>, &[Argument], ThingId, &Effects, BTreeSet<String>) -> bool,
    ) {
        let things = self.named(&need.things);
        for action in self.library.actions() {
            for call in self.calls(&action.params, &things) {
                for node in self.named(&need.nodes) {
                    let values = call.iter().map(|(_, thing)| *thing).collect();
                    let tried = Elaborator::new(&self.library, self.sources).effects_of(action, values, node);
                    let Some((effects, lacking)) = tried.filter(|(e, _)| helps(need, e)) else { continue };
                    if see(&action.tree, &call, node, &effects, lacking) {
                        break;
                    }
                }
            }
        }
    }

    /// A probe whose yes means that what is needed is so.
    pub fn probe_for(&self, need: &Need<'_>) -> Option<Remedy> {
        let mut all: Vec<_> = self.library.probes().collect();
        all.sort_by_key(|p| p.tree.name.text);
        let things = self.named(&[need.things.as_slice(), need.nodes.as_slice()].concat());
        for probe in all {
            for call in self.calls(&probe.params, &things) {
                let values = call.iter().map(|(_, thing)| *thing).collect();
                let Some(facts) = Elaborator::new(&self.library, self.sources).proves(probe, values) else { continue };
                let proven =
                    |f: &elaborate::Proven| f.cell == need.cell && f.values.iter().all(|v| need.fine.contains(&&**v));
                if facts.iter().any(proven) {
                    let arguments = self.shown(&call);
                    return Some(Remedy { name: probe.tree.name.text.to_string(), arguments, node: String::new() });
                }
            }
        }
        None
    }

    fn named(&self, names: &[&str]) -> Vec<ThingId> {
        let mut found: Vec<ThingId> = Vec::new();
        for name in names {
            let thing = self.library.things().find(|t| self.library.thing(*t).name.text == *name);
            found.extend(thing.filter(|t| !found.contains(t)));
        }
        found
    }

    /// The ways in which parameters can be given these things, each at most once; what has a default is left out. `None`
    /// stands for a default.
    fn calls(&self, params: &[Param<'s>], things: &[ThingId]) -> Vec<Vec<Argument>> {
        let mut calls: Vec<Vec<Argument>> = vec![Vec::new()];
        let mut skipped = false;
        for param in params {
            if param.default.is_some() {
                skipped = true;
                calls.iter_mut().for_each(|c| c.push((None, None)));
                continue;
            }
            let Ty::Thing(kind) = param.ty else { return Vec::new() };
            let fits = |t: &&ThingId| self.library.is_a(self.library.thing(**t).kind, kind);
            let named = skipped.then(|| param.name.text.to_string());
            let longer = |call: &Vec<Argument>| {
                let free = things.iter().filter(fits).filter(|t| call.iter().all(|(_, used)| used != &Some(**t)));
                free.map(|t| [call.as_slice(), &[(named.clone(), Some(*t))]].concat()).collect::<Vec<_>>()
            };
            calls = calls.iter().flat_map(longer).take(CALLS).collect();
        }
        calls
    }

    fn shown(&self, call: &[Argument]) -> Vec<(Option<String>, String)> {
        let name = |thing: &ThingId| self.library.thing(*thing).name.text.to_string();
        call.iter().filter_map(|(param, thing)| Some((param.clone(), name(thing.as_ref()?)))).collect()
    }
}

/// Whether effects bring about what is needed.
fn helps(need: &Need<'_>, effects: &Effects) -> bool {
    if need.fence && !effects.fences.iter().any(|m| m == need.cell) {
        return false;
    }
    effects.changes.iter().filter(|(cell, _, _)| cell == need.cell).any(|(_, values, change)| {
        let after = match change {
            Change::Set(to) => values.get(usize::from(*to)),
            Change::Move { from, to } => {
                let applies = values.get(usize::from(*from)).is_some_and(|v| v == need.now);
                applies.then(|| values.get(usize::from(*to))).flatten()
            }
        };
        after.is_some_and(|v| need.fine.contains(&v.as_str()))
    })
}
