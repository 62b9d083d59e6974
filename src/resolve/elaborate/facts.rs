//! Facts about cells: what is needed, given, ensured, attested.

use super::{CellKey, Elaborator};
use crate::base::{Code, Diagnostic, Span, nearest};
use crate::calculus::{CellId, CellKind, MachineId, Requirement};
use crate::resolve::library::{KindId, ThingId};
use crate::resolve::types::{Ty, a};
use crate::resolve::value::Value;
use crate::syntax::tree::{Expr, ExprKind, Name, Operand, OperandKind, Place};

/// A statement about one cell: its value is one of `allowed`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fact {
    pub cell: CellId,
    /// Mask of values; complements have the bits above the cell's domain set until the plan is finished.
    pub allowed: u64,
    pub span: Span,
}

impl Fact {
    pub(super) fn requirement(&self) -> Requirement {
        Requirement { cell: self.cell, allowed: self.allowed }
    }
}

impl<'s> Elaborator<'_, 's> {
    /// What an expression says about cells.
    pub(super) fn facts(&mut self, expr: &Expr<'s>) -> Vec<Fact> {
        match &expr.kind {
            ExprKind::And(parts) => parts.iter().flat_map(|p| self.facts(p)).collect(),
            ExprKind::Or(parts) => self.either(parts, expr.span),
            ExprKind::Quantified { some: false, var, set, body } => {
                self.each_member(*var, set, |me| me.facts(body)).into_iter().flatten().collect()
            }
            ExprKind::Is { subject, negated, options } => {
                let subject_value = self.operand(subject, &Ty::Unknown);
                self.is_fact(&subject_value, *negated, options, subject.span, expr.span).into_iter().collect()
            }
            ExprKind::On { subject, place, nowhere } => self.on_fact(subject, place.as_ref(), *nowhere, expr.span),
            ExprKind::Operand(Operand { kind: OperandKind::Group(inner), .. }) => self.facts(inner),
            ExprKind::Not(inner) => {
                let facts = self.facts(inner);
                if let [fact] = facts.as_slice()
                    && !self.stands_in(fact.cell)
                {
                    return vec![Fact { allowed: !fact.allowed, ..*fact }];
                }
                if !facts.is_empty() {
                    self.not_a_fact(expr.span);
                }
                Vec::new()
            }
            _ => {
                self.not_a_fact(expr.span);
                Vec::new()
            }
        }
    }

    /// Facts joined by `or`: fine as long as they are about one cell.
    fn either(&mut self, parts: &[Expr<'s>], span: Span) -> Vec<Fact> {
        if let [Expr { kind: ExprKind::On { subject, .. }, .. }, others @ ..] = parts
            && let Some(place) = others.iter().find(|p| matches!(p.kind, ExprKind::Operand(_)))
        {
            let said = format!("{} on {}", self.source(subject.span), self.source(place.span));
            let first = parts.first().map_or_else(String::new, |p| self.source(p.span));
            self.report(
                Diagnostic::error(Code::WrongType, place.span, "this is not a statement about the state of a thing")
                    .help(format!("say `{first} or {said}`")),
            );
            return Vec::new();
        }
        let facts: Vec<Fact> = parts.iter().flat_map(|p| self.facts(p)).collect();
        let Some(first) = facts.first() else { return Vec::new() };
        if facts.iter().any(|f| f.cell != first.cell) {
            self.report(
                Diagnostic::error(Code::WrongType, span, "`or` joins statements about different things here")
                    .help("an `or` is possible between states of one thing, such as `a is up or down`"),
            );
        }
        let allowed = facts.iter().fold(0, |m, f| m | f.allowed);
        vec![Fact { cell: first.cell, allowed, span }]
    }

    fn not_a_fact(&mut self, span: Span) {
        self.report(
            Diagnostic::error(Code::WrongType, span, "this is not a statement about the state of a thing")
                .help("say `THING is STATE`, `THING on NODE` or `THING on nowhere`"),
        );
    }

    fn is_fact(
        &mut self,
        subject: &Value<'s>,
        negated: bool,
        options: &[Name<'s>],
        at: Span,
        span: Span,
    ) -> Option<Fact> {
        let (kind, id) = match subject {
            Value::Thing(id) => (self.library.thing(*id).kind, Some(*id)),
            Value::Open(Ty::Thing(kind)) => (*kind, None),
            Value::Open(_) => return None,
            other => {
                let ty = other.ty(self.library).describe(self.library);
                self.report(
                    Diagnostic::error(Code::WrongType, at, format!("this is {ty}; only things have states"))
                        .help("name a thing whose kind has `states`"),
                );
                return None;
            }
        };
        let mut mask = 0;
        for option in options {
            mask |= 1 << self.state(kind, *option)?.min(63);
        }
        let cell = self.state_cell(kind, id?, at)?;
        Some(Fact { cell, allowed: if negated { !mask } else { mask }, span })
    }

    /// Index of a state of a kind; reported if it has none such.
    fn state(&mut self, kind: KindId, option: Name<'s>) -> Option<usize> {
        let info = self.library.kind(kind);
        let found = info.states.iter().position(|s| s.text == option.text);
        if found.is_none() {
            let words = info.states.iter().map(|s| s.text);
            let error = Diagnostic::error(
                Code::UnknownMember,
                option.span,
                format!("{} cannot be `{}`", a(info.name.text), option.text),
            )
            .label(info.name.span, "the kind");
            let error = match nearest(option.text, words.clone()) {
                Some(word) => error.help(format!("did you mean `{word}`?")).fix(option.span, word),
                None if info.states.is_empty() => error.help("the kind has no states; add `states …` to it"),
                None if info.name.text == "node" => {
                    error.help("its states are up, down; of a node of which nobody knows say `up or down`")
                }
                None => error.help(format!("its states are {}", words.collect::<Vec<_>>().join(", "))),
            };
            self.report(error);
        }
        found
    }

    pub(super) fn state_cell(&mut self, kind: KindId, id: ThingId, at: Span) -> Option<CellId> {
        let power = self.library.is_node(kind);
        Some(self.cell(if power { CellKey::Power(id) } else { CellKey::State(id) }, at))
    }

    fn on_fact(&mut self, subject: &Operand<'s>, place: Option<&Place<'s>>, nowhere: bool, span: Span) -> Vec<Fact> {
        let value = self.operand(subject, &Ty::Unknown);
        let Some((thing, shared, holder)) = self.held(&value, subject.span) else { return Vec::new() };
        let mut machines = Vec::new();
        match place {
            None => {}
            Some(Place::Node(path)) => {
                let at = self.path(path, &Ty::Thing(holder));
                machines.push((at, path.span));
            }
            Some(Place::AnyOf(set)) => machines.extend(self.members(set).into_iter().map(|m| (m, set.span))),
        }
        let Some(thing) = thing else { return Vec::new() };
        let known: Vec<(ThingId, Span)> = machines
            .iter()
            .filter_map(|(v, s)| if let Value::Thing(id) = v { Some((*id, *s)) } else { None })
            .collect();
        if known.len() < machines.len() {
            return Vec::new();
        }
        match (shared, known.as_slice()) {
            (false, known) => {
                let cell = self.cell(CellKey::Place(thing), span);
                let mask = known.iter().fold(u64::from(nowhere), |m, (id, s)| m | 1 << self.holder(cell, *id, *s));
                vec![Fact { cell, allowed: mask, span }]
            }
            (true, [(id, s)]) => {
                let cell = self.cell(CellKey::Shared(thing, *id), *s);
                vec![Fact { cell, allowed: if nowhere { 3 } else { 2 }, span }]
            }
            (true, []) => vec![Fact { cell: self.stand_in(thing), allowed: 1, span }],
            (true, _) => {
                self.report(
                    Diagnostic::error(Code::WrongType, span, "a shared thing may be on several nodes at once")
                        .help("say for each node whether it is there"),
                );
                Vec::new()
            }
        }
    }

    /// The thing, whether it is shared, and the kind that holds it; reported if nothing can hold it.
    pub(super) fn held(&mut self, value: &Value<'s>, span: Span) -> Option<(Option<ThingId>, bool, KindId)> {
        let (kind, id) = match value {
            Value::Thing(id) => (self.library.thing(*id).kind, Some(*id)),
            Value::Open(Ty::Thing(kind)) => (*kind, None),
            Value::Open(_) => return None,
            other => {
                let ty = other.ty(self.library).describe(self.library);
                self.report(
                    Diagnostic::error(Code::CannotHold, span, format!("this is {ty}; only things are held"))
                        .help("name a thing whose kind is `exclusive on …` or `shared on …`"),
                );
                return None;
            }
        };
        let info = self.library.kind(kind);
        match info.held {
            Some((shared, holder)) => Some((id, shared, holder)),
            None => {
                self.report(
                    Diagnostic::error(Code::CannotHold, span, format!("{} is not held by anything", a(info.name.text)))
                        .label(info.name.span, "the kind")
                        .help("add `exclusive on node` or `shared on node` to the kind"),
                );
                None
            }
        }
    }

    /// The value of a place cell that stands for this machine.
    pub(super) fn holder(&mut self, cell: CellId, thing: ThingId, at: Span) -> u8 {
        let machine = self.machine(thing, at);
        self.holder_of(cell, machine, at)
    }

    fn holder_of(&mut self, cell: CellId, machine: MachineId, at: Span) -> u8 {
        let name = self.plan.machines.get(machine.index()).map_or_else(String::new, |m| m.name.clone());
        let Some(info) = self.plan.cells.get_mut(cell.index()) else { return 0 };
        let CellKind::Place { holders } = &mut info.kind else { return 0 };
        let index = holders.iter().position(|h| *h == Some(machine)).unwrap_or_else(|| {
            holders.push(Some(machine));
            info.values.push(name);
            holders.len() - 1
        });
        if index >= crate::base::limits::DOMAIN {
            let thing = info.name.clone();
            self.report(
                Diagnostic::error(Code::TooBig, at, format!("`{thing}` can be on more than 63 nodes"))
                    .help("split the plan, so that each part moves it between fewer nodes"),
            );
            return 0;
        }
        u8::try_from(index).unwrap_or(0)
    }
}
