//! Duties that outlive a plan, and what they are about.

use super::commands::Use;
use super::{CellKey, Elaborator};
use crate::base::{Code, Diagnostic, Span};
use crate::calculus::{CellId, Hold};
use crate::resolve::library::ThingId;
use crate::resolve::types::Ty;
use crate::resolve::value::Value;
use crate::syntax::tree::{Operand, OperandKind, Text};

impl<'s> Elaborator<'_, 's> {
    /// What a hold is about: a node, other things, or both.
    pub(super) fn hold(&mut self, text: &Text<'s>, about: Option<&Operand<'s>>) {
        let text = self.template(text, Use::Message).render(|_| "…".into());
        let mut hold = Hold { text, machine: None, things: Vec::new(), cells: Vec::new() };
        let mut held = Vec::new();
        for (id, span) in about.map_or_else(Vec::new, |operand| self.holdable(operand)) {
            if !self.library.is_node(self.library.thing(id).kind) {
                hold.things.push(self.library.thing(id).name.text.to_owned());
                held.push(id);
                continue;
            }
            let machine = self.machine(id, span);
            if hold.machine.replace(machine).is_some_and(|first| first != machine) {
                self.report(
                    Diagnostic::error(Code::WrongType, span, "a hold is about one node, this is the second")
                        .help("write a `hold` for each node: each may end at another time"),
                );
            }
        }
        self.held.push((self.plan.holds.len(), held));
        self.plan.holds.push(hold);
    }

    /// The things about which a plan ends the duties that earlier ones have left.
    pub(super) fn ends_hold(&mut self, about: &Operand<'s>) {
        for (id, span) in self.holdable(about) {
            self.plan.ends.push((self.library.thing(id).name.text.to_owned(), span));
        }
    }

    /// The things that an operand names; nothing else can be held.
    fn holdable(&mut self, about: &Operand<'s>) -> Vec<(ThingId, Span)> {
        let mut things = Vec::new();
        for value in self.listed(about) {
            match value {
                (Value::Thing(id), span) => things.push((id, span)),
                (Value::Open(Ty::Thing(_) | Ty::Set(_) | Ty::Unknown), _) => {}
                (other, span) => {
                    let ty = other.ty(self.library).describe(self.library);
                    self.report(
                        Diagnostic::error(Code::WrongType, span, format!("{ty} cannot be held"))
                            .help("name a node or another thing, or a list of them"),
                    );
                }
            }
        }
        things
    }

    /// The values of an operand, each with its place: the members of a list or set, which may be of different kinds.
    fn listed(&mut self, operand: &Operand<'s>) -> Vec<(Value<'s>, Span)> {
        if let OperandKind::List(operands) = &operand.kind {
            return operands.iter().flat_map(|o| self.listed(o)).collect();
        }
        match self.operand(operand, &Ty::Unknown) {
            Value::Set(ids, _) => ids.into_iter().map(|id| (Value::Thing(id), operand.span)).collect(),
            other => vec![(other, operand.span)],
        }
    }

    /// The cells of the things that the holds are about, once every cell is known.
    pub(super) fn held_cells(&mut self) {
        for (hold, things) in std::mem::take(&mut self.held) {
            let about = |key: &CellKey| match key {
                CellKey::State(t) | CellKey::Place(t) | CellKey::Shared(t, _) => things.contains(t),
                CellKey::Power(_) => false,
            };
            let mut cells: Vec<CellId> = self.cells.iter().filter(|(key, _)| about(key)).map(|(_, c)| *c).collect();
            cells.sort_unstable();
            if let Some(hold) = self.plan.holds.get_mut(hold) {
                hold.cells = cells;
            }
        }
    }
}
