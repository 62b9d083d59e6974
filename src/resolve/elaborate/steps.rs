//! Steps: what they do, where, and the ladders that targets and `otherwise` make of them.

use super::{Elaborator, Named};
use crate::base::{Code, Diagnostic, Span, limits};
use crate::calculus::{AtomSource, ValueId, ValueSource};
use crate::model::{After, Condition, Group, Guard, Item, Key, Order, Region, Rung};
use crate::resolve::types::Ty;
use crate::resolve::value::{Value, all, any, not};
use crate::syntax::tree::{self, ClauseKind, Target, TargetKind};

/// A step without its `otherwise` and `finally`, its conditions apart.
pub(super) struct Bare {
    pub item: Item,
    pub conditions: Vec<Condition>,
    pub after: Vec<After>,
}

impl<'s> Elaborator<'_, 's> {
    /// The item of a step with everything that hangs on it.
    pub(super) fn step_item(&mut self, step: &tree::Step<'s>) -> Item {
        let bare = self.bare_step(step);
        if step.otherwise.is_empty() && step.finally.is_none() {
            return bare.whole();
        }
        if let Some(clause) = step.clauses.iter().find(|c| matches!(c.kind, ClauseKind::IfPossible))
            && !step.otherwise.is_empty()
        {
            self.report(
                Diagnostic::error(Code::Contradiction, clause.span, "a failure that is tolerated needs no `otherwise`")
                    .help("remove `if possible`: with `otherwise` the step may fail, and what follows it is tried"),
            );
        }
        let first = Rung { conditions: bare.conditions, items: vec![bare.item], span: step.span };
        let name = format!("{}{}", step.name.text, self.suffix);
        let name = self.own_name(format!("{name}.ladder"), step.span);
        self.ladder(name, step.span, first, &step.otherwise, step.finally.as_ref(), bare.after)
    }

    /// A step alone, on its target or targets.
    pub(super) fn bare_step(&mut self, step: &tree::Step<'s>) -> Bare {
        let full = self.claim_name(step.name);
        let outer_step = std::mem::replace(&mut self.at_step, full.clone());
        let target = step.target.as_ref();
        let mut host = None;
        if let Some(Target { kind: TargetKind::One(path), .. }) = target {
            host = Some(self.path(path, &Ty::Unknown));
        }
        let outer_host = std::mem::replace(&mut self.at_host, host.clone());
        let (mut conditions, after) = self.when(&step.clauses);
        let before = self.plan.values.len();
        let item = match target {
            None => self.one(step, &full, None, None),
            Some(target) => match &target.kind {
                TargetKind::One(_) => self.one(step, &full, host, Some(target.span)),
                TargetKind::EachOf(_) => self.each_of(step, &full, target),
                TargetKind::AnyOf(_) => self.any_of(step, &full, target),
                TargetKind::OneOf(_, chooser) => self.one_of(step, &full, target, chooser.as_deref(), &mut conditions),
            },
        };
        if self.plan.values.len() > before && !matches!(item, Item::Step(_)) {
            self.no_capture(step, "a value captured on several nodes is not one value");
        }
        self.at_step = outer_step;
        self.at_host = outer_host;
        Bare { item, conditions, after }
    }

    fn no_capture(&mut self, step: &tree::Step<'s>, why: &str) {
        if let Some(clause) = step.clauses.iter().find(|c| matches!(c.kind, ClauseKind::Capture(..))) {
            self.report(
                Diagnostic::error(Code::Contradiction, clause.span, why)
                    .help("capture it in a step of its own, on one node and outside a retried part"),
            );
        }
    }

    fn one(&mut self, step: &tree::Step<'s>, full: &str, host: Option<Value<'s>>, at: Option<Span>) -> Item {
        let key = self.key();
        let (model, answers) = self.build(step, full.to_string(), key, host, at);
        self.know(full, key, Guard::Succeeded(key), answers, step.name.span);
        self.bind_captures(step, key);
        Item::Step(Box::new(model))
    }

    /// Makes a captured value visible to what follows.
    fn bind_captures(&mut self, step: &tree::Step<'s>, key: Key) {
        for clause in &step.clauses {
            if let ClauseKind::Capture(name, _) = &clause.kind {
                let found = self.plan.values.iter().rposition(
                    |v| matches!(v.source, ValueSource::Captured { by } if by == key && v.name == name.text),
                );
                if let Some(index) = found {
                    self.vars.push((name.text, Value::Captured(ValueId::at(index))));
                }
            }
        }
        if self.in_retry {
            self.no_capture(step, "a value captured in a retried part may come from any of the tries");
        }
    }

    fn each_of(&mut self, step: &tree::Step<'s>, full: &str, target: &Target<'s>) -> Item {
        let key = self.key();
        let mut items = Vec::new();
        let mut done = Vec::new();
        for member in self.target_members(target) {
            let name = format!("{full}[{}]", member.show(self.library));
            let own = self.key();
            self.at_host = Some(member.clone());
            let (model, _) = self.build(step, name.clone(), own, Some(member), Some(target.span));
            self.know(&name, own, Guard::Succeeded(own), None, step.name.span);
            done.push(Guard::Succeeded(own));
            items.push(Item::Step(Box::new(model)));
        }
        self.know(full, key, all(done), None, step.name.span);
        Item::Group(Group { key, name: full.to_string(), items })
    }

    /// `any of`: each member in turn; what an uncertain attempt left behind is undone before the next is tried.
    fn any_of(&mut self, step: &tree::Step<'s>, full: &str, target: &Target<'s>) -> Item {
        let key = self.key();
        let mut tries = Vec::new();
        let mut members = self.target_members(target);
        if members.len() > limits::ATTEMPTS {
            let message = format!("there are more than {} nodes to try one after the other", limits::ATTEMPTS);
            self.report(Diagnostic::error(Code::TooBig, target.span, message).help("try a smaller set"));
            members.truncate(limits::ATTEMPTS);
        }
        for member in members {
            let name = format!("{full}.{}", member.show(self.library));
            let own = self.key();
            self.at_host = Some(member.clone());
            let undo = self.undo_of(step, Some(&member), target.span);
            let (model, _) = self.build(step, name.clone(), own, Some(member.clone()), Some(target.span));
            self.know(&name, own, Guard::Succeeded(own), None, step.name.span);
            let undo = undo.map(|undo| {
                let key = self.key();
                let name = format!("{name}.undo");
                self.taken.insert(name.clone(), step.name.span);
                self.undo_step(&undo, name, key, &member, &model, target.span)
            });
            tries.push((model, undo));
        }
        let mut rest: Option<Vec<Item>> = None;
        for (i, (model, undo)) in tries.into_iter().enumerate().rev() {
            let name = model.name.clone();
            let mut rungs =
                vec![Rung { conditions: Vec::new(), items: vec![Item::Step(Box::new(model))], span: step.span }];
            if let Some(next) = rest.take() {
                let items = undo.map(|u| Item::Step(Box::new(u))).into_iter().chain(next).collect();
                rungs.push(Rung { conditions: Vec::new(), items, span: target.span });
            }
            if rungs.len() == 1 && i > 0 {
                rest = rungs.pop().map(|r| r.items);
                continue;
            }
            let own = if i == 0 { key } else { self.key() };
            let name = if i == 0 { format!("{full}.any") } else { format!("{name}.else") };
            rest = Some(vec![Item::Region(Box::new(Region {
                key: own,
                name,
                title: String::new(),
                span: step.span,
                conditions: Vec::new(),
                requires: Vec::new(),
                after: Vec::new(),
                rungs,
                finally: Vec::new(),
                order: Order::Text,
            }))]);
        }
        self.know(full, key, Guard::Succeeded(key), None, step.name.span);
        let none = Item::Group(Group { key, name: full.to_string(), items: Vec::new() });
        rest.and_then(|mut items| items.pop()).unwrap_or(none)
    }

    /// `one of`: a decision at the start named after the step, or the first member for which a condition holds.
    fn one_of(
        &mut self,
        step: &tree::Step<'s>,
        full: &str,
        target: &Target<'s>,
        chooser: Option<&tree::Expr<'s>>,
        conditions: &mut Vec<Condition>,
    ) -> Item {
        let key = self.key();
        let members = self.target_members(target);
        let guards = match chooser {
            None => {
                let names = members.iter().map(|m| m.show(self.library)).collect::<Vec<_>>();
                if names.len() > limits::DOMAIN {
                    self.report(
                        Diagnostic::error(Code::TooBig, target.span, "there are more than 64 nodes to choose from")
                            .help("choose from a smaller set"),
                    );
                }
                let question = format!("which node for `{full}`?");
                let atom = self.atom(full.to_string(), question, names, AtomSource::Decision);
                self.used_atoms.insert(atom);
                (0..members.len()).map(|i| Guard::Is(atom, u8::try_from(i).unwrap_or(0))).collect::<Vec<_>>()
            }
            Some(expr) => self.first_that(&members, expr, target.span, conditions),
        };
        let mut items = Vec::new();
        let mut done = Vec::new();
        for (member, guard) in members.into_iter().zip(guards) {
            let shown = member.show(self.library);
            let name = format!("{full}[{shown}]");
            let own = self.key();
            self.at_host = Some(member.clone());
            let (mut model, _) = self.build(step, name.clone(), own, Some(member), Some(target.span));
            model.conditions.push(Condition { guard, text: format!("only if {shown} is the one"), span: target.span });
            self.know(&name, own, Guard::Succeeded(own), None, step.name.span);
            done.push(Guard::Succeeded(own));
            items.push(Item::Step(Box::new(model)));
        }
        self.know(full, key, any(done), None, step.name.span);
        Item::Group(Group { key, name: full.to_string(), items })
    }

    fn first_that(
        &mut self,
        members: &[Value<'s>],
        expr: &tree::Expr<'s>,
        span: Span,
        conditions: &mut Vec<Condition>,
    ) -> Vec<Guard> {
        let mut guards = Vec::new();
        let mut before = Vec::new();
        for member in members {
            self.vars.push(("it", member.clone()));
            self.at_host = Some(member.clone());
            let guard = self.condition(expr);
            self.vars.pop();
            guards.push(all(before.iter().cloned().map(not).chain([guard.clone()]).collect()));
            before.push(guard);
        }
        let text = format!("only if {} for one of them", self.source(expr.span));
        conditions.push(Condition { guard: any(before), text, span });
        guards
    }

    /// Makes a step or phase known under its name.
    pub(super) fn know(
        &mut self,
        name: &str,
        key: Key,
        ok: Guard,
        answers: Option<crate::calculus::AtomId>,
        span: Span,
    ) {
        self.taken.entry(name.to_string()).or_insert(span);
        self.names.insert(name.to_string(), Named { key, ok, answers });
    }

    /// A unique name for a block that has none in the text.
    pub(super) fn own_name(&mut self, wanted: String, span: Span) -> String {
        let mut name = wanted.clone();
        while self.taken.contains_key(&name) {
            let copy = self.copies.entry(wanted.clone()).or_insert(1);
            *copy += 1;
            name = format!("{wanted}.{copy}");
        }
        self.taken.insert(name.clone(), span);
        name
    }

    /// The unique name of a step or phase.
    pub(super) fn claim_name(&mut self, name: tree::Name<'s>) -> String {
        let mut full = format!("{}{}", name.text, self.suffix);
        if let Some(first) = self.taken.get(&full).copied() {
            match self.includes.last() {
                Some(plan) => full = format!("{plan}.{full}"),
                None => self.report(
                    Diagnostic::error(Code::DeclaredTwice, name.span, format!("there are two steps `{}`", name.text))
                        .label(first, "first here")
                        .help("give each step of a plan a name of its own"),
                ),
            }
        }
        self.taken.insert(full.clone(), name.span);
        full
    }

    /// `only if`, `unless`, `after` among the clauses of a step.
    fn when(&mut self, clauses: &[tree::Clause<'s>]) -> (Vec<Condition>, Vec<After>) {
        let given: Vec<_> = clauses
            .iter()
            .filter_map(|c| {
                if let ClauseKind::When(condition) = &c.kind { Some((condition.clone(), c.span)) } else { None }
            })
            .collect();
        self.conditions_and_order(&given)
    }

    pub(super) fn conditions_and_order(
        &mut self,
        clauses: &[(tree::Condition<'s>, Span)],
    ) -> (Vec<Condition>, Vec<After>) {
        let (mut conditions, mut order) = (Vec::new(), Vec::new());
        for (clause, span) in clauses {
            match clause {
                tree::Condition::OnlyIf(expr) => {
                    let guard = self.condition(expr);
                    conditions.push(Condition { guard, text: self.source(*span), span: *span });
                }
                tree::Condition::Unless(expr) => {
                    let guard = not(self.condition(expr));
                    conditions.push(Condition { guard, text: self.source(*span), span: *span });
                }
                tree::Condition::After { steps, finished } => {
                    for step in steps {
                        match self.find_step(*step) {
                            Some(named) => order.push(After { item: named.key, finished: *finished, span: step.span }),
                            None => {
                                let diagnostic = self.unknown_step(*step, Code::AfterLater);
                                self.report(diagnostic);
                            }
                        }
                    }
                }
            }
        }
        (conditions, order)
    }
}

impl Bare {
    /// The item with its conditions and order put back on it.
    fn whole(self) -> Item {
        match self.item {
            Item::Step(mut step) => {
                step.conditions = self.conditions;
                step.after = self.after;
                Item::Step(step)
            }
            Item::Group(mut group) => {
                for item in &mut group.items {
                    if let Item::Step(step) = item {
                        step.conditions.splice(0..0, self.conditions.iter().cloned());
                        step.after.extend(self.after.iter().cloned());
                    }
                }
                Item::Group(group)
            }
            Item::Region(mut region) => {
                region.conditions = self.conditions;
                region.after = self.after;
                Item::Region(region)
            }
        }
    }
}
