//! What a step depends on besides the node that it runs on, and that a fence does not depend on its victim.

use super::actions::Parts;
use super::{CellKey, Elaborator};
use crate::base::{Code, Diagnostic, Span};
use crate::calculus::{MachineId, Requirement};
use crate::model::Key;
use crate::resolve::library::ThingId;
use crate::resolve::types::Ty;
use crate::resolve::value::Value;
use crate::syntax::tree::{Name, Path};

/// A machine that a step makes sure of.
#[derive(Clone, Copy)]
pub(super) struct Fence {
    pub machine: MachineId,
    pub victim: ThingId,
    pub span: Span,
    /// The victim is cut off, but keeps what it has.
    pub keeps: bool,
}

impl<'s> Elaborator<'_, 's> {
    /// `through THING`. An attribute that has no value is not said to be anything: nothing is known of it then.
    pub(super) fn through(&mut self, path: &Path<'s>, parts: &mut Parts<'s>) {
        let before = self.diagnostics.len();
        let value = self.path(path, &Ty::Unknown);
        if path.names.len() > 1 && self.diagnostics.iter().skip(before).all(|d| d.code == Code::MissingAttribute) {
            self.diagnostics.truncate(before);
        }
        match value {
            Value::Thing(id) => self.depends_on(id, path.span, parts),
            Value::Set(ids, _) => ids.into_iter().for_each(|id| self.depends_on(id, path.span, parts)),
            Value::Open(_) => {}
            other => {
                let ty = other.ty(self.library).describe(self.library);
                self.report(
                    Diagnostic::error(Code::WrongType, path.span, format!("this is {ty}; nothing depends on it"))
                        .help("name a node, a network, or what lives on a node: a kind with the field `at: node`"),
                );
            }
        }
    }

    /// A step works only with this thing: a node must be up, and so must the node that another thing lives on.
    pub(super) fn depends_on(&mut self, thing: ThingId, span: Span, parts: &mut Parts<'s>) {
        parts.through.push((thing, span));
        let node = if self.is_a_node(thing) { Some(thing) } else { self.lives_on(thing) };
        if let Some(node) = node {
            let cell = self.cell(CellKey::Power(node), span);
            parts.survivors.push((Requirement { cell, allowed: 1 }, span));
        }
    }

    fn is_a_node(&self, thing: ThingId) -> bool {
        self.library.is_node(self.library.thing(thing).kind)
    }

    /// The node that a thing is on, by its attribute `at`.
    fn lives_on(&mut self, thing: ThingId) -> Option<ThingId> {
        self.own(thing, "at").first().copied().filter(|node| self.is_a_node(*node))
    }

    /// The things that an attribute names; none if the kind has no such attribute, or this thing no value for it.
    fn own(&mut self, thing: ThingId, attribute: &'s str) -> Vec<ThingId> {
        let info = self.library.thing(thing);
        if self.library.field(info.kind, attribute).is_none() {
            return Vec::new();
        }
        let name = Name { text: attribute, span: info.name.span };
        let before = self.diagnostics.len();
        let value = self.attribute(thing, name);
        self.diagnostics.truncate(before);
        match value {
            Value::Thing(id) => vec![id],
            Value::Set(ids, _) => ids,
            _ => Vec::new(),
        }
    }

    /// The machines that a step at `at` fences. It depends on none of them: what needs its victim is no fence.
    pub(super) fn independent(&mut self, parts: &Parts<'s>, host: Option<MachineId>, at: Span) -> Vec<MachineId> {
        for fence in &parts.fences {
            let victim = self.library.thing(fence.victim).name;
            if Some(fence.machine) == host {
                let message = format!("`{}` is to fence itself", victim.text);
                self.report(
                    Diagnostic::error(Code::FenceDependsOnVictim, at, message)
                        .label(fence.span, "the fence")
                        .help("say `ensures host is down` if it is asked to go down; a fence works from another node"),
                );
                continue;
            }
            for (thing, span) in &parts.through {
                let Some(why) = self.tied(*thing, fence.victim) else { continue };
                self.report(
                    Diagnostic::error(Code::FenceDependsOnVictim, at, format!("the fence of `{}` {why}", victim.text))
                        .label(*span, "by this clause")
                        .label(victim.span, "the victim")
                        .help("fence it over a way of its own: another network, a service processor, the storage"),
                );
            }
        }
        parts.fences.iter().map(|fence| fence.machine).collect()
    }

    /// Remembers which machines a step cuts off without taking from them what they have.
    pub(super) fn isolate(&mut self, parts: &Parts<'s>, step: Key) {
        for fence in parts.fences.iter().filter(|f| f.keeps) {
            self.isolated.entry(fence.machine).or_default().push(step);
        }
    }

    /// How a thing is lost together with a node.
    fn tied(&mut self, thing: ThingId, victim: ThingId) -> Option<String> {
        let name = self.library.thing(thing).name.text;
        if thing == victim {
            return Some(String::from("goes through its victim"));
        }
        if self.lives_on(thing) == Some(victim) {
            return Some(format!("needs `{name}`, which is on its victim"));
        }
        let theirs = self.own(victim, "networks");
        if theirs.contains(&thing) {
            return Some(format!("goes through `{name}`, the network of its victim"));
        }
        let ours = if self.is_a_node(thing) { self.own(thing, "networks") } else { Vec::new() };
        let shared = !ours.is_empty() && ours.iter().all(|network| theirs.contains(network));
        shared.then(|| format!("goes through `{name}`, which is only on networks of its victim"))
    }
}
