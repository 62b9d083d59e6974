//! Steps: what they do, where, and the ladders that targets and `otherwise` make of them.

use super::actions::{Parts, Undo};
use super::{Elaborator, Named};
use crate::base::{Code, Diagnostic, Span, limits};
use crate::calculus::{Answer, AtomSource, Flags, Reach, Value as RunValue, ValueId, ValueSource};
use crate::model::{Act, After, Condition, Group, Guard, Item, Key, Order, Region, Rung, Step};
use crate::resolve::types::Ty;
use crate::resolve::value::{Value, all, any, not};
use crate::syntax::tree::{self, ClauseKind, ExprKind, OperandKind, Target, TargetKind};

/// What a step does, among its clauses.
enum Deed<'t, 's> {
    Do(&'t tree::Call<'s>),
    Run,
    Ask(&'t tree::Text<'s>),
    Tell(&'t tree::Text<'s>),
    WaitUntil(&'t tree::Expr<'s>, Option<&'t tree::Operand<'s>>),
    WaitFor(&'t tree::Operand<'s>),
}

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
                TargetKind::OneOf(_, chooser) => self.one_of(step, &full, target, chooser.as_ref(), &mut conditions),
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
        for member in self.target_members(target) {
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

    fn deed<'t>(&mut self, step: &'t tree::Step<'s>) -> Option<Deed<'t, 's>> {
        let mut found: Option<(Deed<'t, 's>, Span)> = None;
        for clause in &step.clauses {
            let deed = match &clause.kind {
                ClauseKind::Do(call) => Deed::Do(call),
                ClauseKind::Run(_) => Deed::Run,
                ClauseKind::Ask(text) => Deed::Ask(text),
                ClauseKind::Tell(text) => Deed::Tell(text),
                ClauseKind::WaitUntil(expr, every) => Deed::WaitUntil(expr, every.as_ref()),
                ClauseKind::WaitFor(time) => Deed::WaitFor(time),
                _ => continue,
            };
            match &found {
                Some((Deed::Run, _)) if matches!(deed, Deed::Run) => {}
                Some((_, first)) => {
                    let first = *first;
                    self.report(
                        Diagnostic::error(
                            Code::Contradiction,
                            clause.span,
                            format!("step `{}` does two things", step.name.text),
                        )
                        .label(first, "the other one")
                        .help("make two steps of it"),
                    );
                }
                None => found = Some((deed, clause.span)),
            }
        }
        if found.is_none() {
            self.report(
                Diagnostic::error(
                    Code::Contradiction,
                    step.name.span,
                    format!("step `{}` does nothing", step.name.text),
                )
                .help("say what it does: `do …`, `run …`, `ask …`, `tell …` or `wait …`"),
            );
        }
        found.map(|(deed, _)| deed)
    }

    /// A step on one machine, or on none.
    fn build(
        &mut self,
        step: &tree::Step<'s>,
        name: String,
        key: Key,
        host: Option<Value<'s>>,
        target: Option<Span>,
    ) -> (Step, Option<crate::calculus::AtomId>) {
        let span = step.name.span;
        let deed = self.deed(step);
        let machine = host.as_ref().and_then(|h| self.host_machine(h, target.unwrap_or(span)));
        let own = self.clauses(&step.clauses, host.as_ref(), false);
        let mut parts = own;
        let raw = matches!(deed, Some(Deed::Run));
        if target.is_none() && matches!(deed, Some(Deed::Run | Deed::Do(_))) {
            self.report(
                Diagnostic::error(Code::MissingTarget, span, format!("it is not said where `{}` runs", step.name.text))
                    .help("add `on NODE` after its name"),
            );
        }
        let opaque = raw && !parts.declares;
        let mut call = String::new();
        if let Some(Deed::Do(what)) = deed {
            call = self.source(what.span);
            if let Some(action) = self.act(what, host.as_ref(), target.unwrap_or(span)) {
                parts = action.overridden_by(parts);
            }
        }
        let title = self.message(step.title.as_ref());
        self.captures(step, key, &mut parts);
        let (retries, every_ms) = if parts.runs { self.retries(step, &parts) } else { (0, 0) };
        let reach = machine.and_then(|m| self.plan.machines.get(m.index())).map(|m| m.reach.clone());
        let flags = Flags {
            tolerated: step.clauses.iter().any(|c| matches!(c.kind, ClauseKind::IfPossible)),
            lingers: !parts.command.kill && !parts.effects.is_empty() && reach.is_some_and(|r| r != Reach::Local),
            finally: false,
            idempotent: parts.idempotent,
            opaque,
            commits: parts.commits,
        };
        let (act, host_of, answers) = self.act_of(step, deed, &parts, machine, (retries, every_ms), &name);
        let model = Step {
            key,
            name,
            number: step.number.map(|(n, _)| n),
            title,
            span: step.span,
            host: host_of,
            conditions: Vec::new(),
            after: Vec::new(),
            requires: parts.requires,
            effects: parts.effects,
            fences: parts.fences,
            loses: parts.loses,
            flags,
            usually_ms: parts.usually_ms,
            call,
            act,
        };
        (model, answers)
    }

    fn captures(&mut self, step: &tree::Step<'s>, key: Key, parts: &mut Parts<'s>) {
        for clause in &step.clauses {
            if let ClauseKind::Capture(name, pattern) = &clause.kind {
                let value = ValueId::at(self.plan.values.len());
                self.plan
                    .values
                    .push(RunValue { name: name.text.to_string(), source: ValueSource::Captured { by: key } });
                if let Some(capture) = self.capture(pattern.as_ref(), value) {
                    parts.command.captures.push(capture);
                }
            }
        }
    }

    /// `retry N times, every D`, and whether that is safe.
    fn retries(&mut self, step: &tree::Step<'s>, parts: &Parts<'s>) -> (u32, u64) {
        let Some((times, every, span)) = step.clauses.iter().find_map(|c| match &c.kind {
            ClauseKind::Retry(times, every) => Some((*times, every.as_ref(), c.span)),
            _ => None,
        }) else {
            return (0, 0);
        };
        if !parts.idempotent && parts.verify.is_none() {
            self.report(not_retryable(span, &step.name, step.name.span));
        }
        let times = self.times(times, limits::RETRIES, span);
        (times, every.and_then(|e| self.duration(e)).unwrap_or(0))
    }

    #[allow(clippy::type_complexity, reason = "the three parts are used at one place, by name")]
    fn act_of(
        &mut self,
        step: &tree::Step<'s>,
        deed: Option<Deed<'_, 's>>,
        parts: &Parts<'s>,
        machine: Option<crate::calculus::MachineId>,
        (retries, every_ms): (u32, u64),
        name: &str,
    ) -> (Act, Option<crate::calculus::MachineId>, Option<crate::calculus::AtomId>) {
        let runs = matches!(deed, Some(Deed::Do(_) | Deed::Run));
        self.misplaced(step, &deed, runs);
        match deed {
            Some(Deed::Ask(text)) => {
                let question = self.message_template(text);
                let answers = self.answers(step);
                let atom = (!answers.is_empty()).then(|| {
                    let options = answers.iter().map(|a| a.name.clone()).collect();
                    let shown = question.render(|_| "…".into());
                    self.atom(name.to_string(), shown, options, AtomSource::Answer)
                });
                (Act::Ask { question, answers, atom }, None, atom)
            }
            Some(Deed::Tell(text)) => (Act::Tell { text: self.message_template(text) }, None, None),
            Some(Deed::WaitFor(time)) => (Act::Delay { ms: self.duration(time).unwrap_or(0) }, None, None),
            Some(Deed::WaitUntil(expr, every)) => {
                let every = every.and_then(|e| self.duration(e)).unwrap_or(1_000);
                let (act, host) = self.wait_until(expr, every, parts);
                (act, host, None)
            }
            Some(Deed::Do(_) | Deed::Run) | None => {
                let (command, verify) = (parts.command.clone(), parts.verify.clone());
                (Act::Run { command, verify, retries, every_ms }, machine, None)
            }
        }
    }

    /// Clauses that mean nothing for what the step does.
    fn misplaced(&mut self, step: &tree::Step<'s>, deed: &Option<Deed<'_, 's>>, runs: bool) {
        let asks = matches!(deed, Some(Deed::Ask(_)));
        for clause in &step.clauses {
            let why = match &clause.kind {
                ClauseKind::Attests(_) if !asks => "`attests` is the word of the person who is asked",
                ClauseKind::Answer { .. } if !asks => "`answer` belongs to an `ask`",
                ClauseKind::Retry(..)
                | ClauseKind::Capture(..)
                | ClauseKind::ExitMeans(..)
                | ClauseKind::OutputMeans(..)
                    if !runs && deed.is_some() =>
                {
                    "only a command has a result"
                }
                ClauseKind::Verify(_) if !runs && deed.is_some() => "only a command is read back",
                _ => continue,
            };
            self.report(Diagnostic::error(Code::Contradiction, clause.span, why).help(if asks {
                "remove the clause"
            } else {
                "remove the clause, or add what it is about"
            }));
        }
    }

    fn answers(&mut self, step: &tree::Step<'s>) -> Vec<Answer> {
        let mut answers: Vec<Answer> = Vec::new();
        for clause in &step.clauses {
            if let ClauseKind::Answer { name, label, stops } = &clause.kind {
                if answers.iter().any(|a| a.name == name.text) {
                    self.report(
                        Diagnostic::error(
                            Code::DeclaredTwice,
                            name.span,
                            format!("there are two answers `{}`", name.text),
                        )
                        .help("give each answer a name of its own"),
                    );
                    continue;
                }
                let label = self.message(label.as_ref());
                answers.push(Answer { name: name.text.to_string(), label, stops: *stops });
            }
        }
        if answers.len() == 1 {
            self.report(
                Diagnostic::error(Code::Contradiction, step.name.span, "a single answer is no choice")
                    .help("add another `answer`, or leave it out: without answers it is yes or no"),
            );
        }
        answers
    }

    fn wait_until(
        &mut self,
        expr: &tree::Expr<'s>,
        every_ms: u64,
        parts: &Parts<'s>,
    ) -> (Act, Option<crate::calculus::MachineId>) {
        let (negated, inner) = match &expr.kind {
            ExprKind::Not(inner) => (true, inner.as_ref()),
            _ => (false, expr),
        };
        let call = match &inner.kind {
            ExprKind::Operand(operand) => match &operand.kind {
                OperandKind::Call(call) => Some(call),
                _ => None,
            },
            _ => None,
        };
        let Some(call) = call else {
            self.report(
                Diagnostic::error(Code::WrongType, expr.span, "only a probe can be waited for").help(
                    "say `wait until PROBE(…)` or `wait until not PROBE(…)`; to let time pass say `wait for 30s`",
                ),
            );
            return (Act::Delay { ms: 0 }, None);
        };
        // Waiting reads the probe by itself, again and again: it is no condition that is read beforehand.
        let (atoms, probes) = (self.plan.atoms.len(), self.plan.probes.len());
        let (pending, known) = (self.pending_reads.len(), self.atoms.clone());
        let waiting = format!("{} (waiting)", self.at_step);
        let outer = std::mem::replace(&mut self.at_step, waiting);
        let found = self.probe(call);
        self.at_step = outer;
        self.plan.atoms.truncate(atoms);
        self.plan.probes.truncate(probes);
        self.pending_reads.truncate(pending);
        self.atoms = known;
        match found {
            Some((_, probe)) => {
                let mut command = probe.command;
                command.within_ms = parts.command.within_ms.or(command.within_ms);
                command.kill = true;
                (Act::Wait { command, every_ms, negated }, probe.host)
            }
            None => (Act::Delay { ms: 0 }, None),
        }
    }

    /// The undo of a step's action, with the variables of that action.
    fn undo_of(&mut self, step: &tree::Step<'s>, host: Option<&Value<'s>>, at: Span) -> Option<Undo<'s>> {
        let call =
            step.clauses.iter().find_map(|c| if let ClauseKind::Do(call) = &c.kind { Some(call) } else { None })?;
        let before = self.diagnostics.len();
        let parts = self.act(call, host, at);
        self.diagnostics.truncate(before);
        parts?.undo
    }

    fn undo_step(
        &mut self,
        undo: &Undo<'s>,
        name: String,
        key: Key,
        host: &Value<'s>,
        undone: &Step,
        at: Span,
    ) -> Step {
        let outer = std::mem::replace(&mut self.vars, undo.vars.clone());
        let parts = self.act(&undo.call, Some(host), at).unwrap_or_default();
        let call = self.source(undo.call.span);
        self.vars = outer;
        self.know(&name, key, Guard::Succeeded(key), None, at);
        let flags = Flags {
            idempotent: parts.idempotent,
            lingers: !parts.command.kill && !parts.effects.is_empty() && undone.flags.lingers,
            ..Flags::default()
        };
        Step {
            key,
            name,
            number: None,
            title: format!("undo `{}`", undone.name),
            span: undone.span,
            host: undone.host,
            conditions: Vec::new(),
            after: Vec::new(),
            requires: parts.requires,
            effects: parts.effects,
            fences: parts.fences,
            loses: parts.loses,
            flags,
            usually_ms: parts.usually_ms,
            call,
            act: Act::Run { command: parts.command, verify: parts.verify, retries: 0, every_ms: 0 },
        }
    }
}

impl<'s> Parts<'s> {
    /// An action's parts with what the step itself says beside them.
    fn overridden_by(mut self, own: Parts<'s>) -> Parts<'s> {
        self.requires.extend(own.requires);
        for (effect, span) in own.effects {
            if !self.effects.iter().any(|(e, _)| e.cell == effect.cell) {
                self.effects.push((effect, span));
            }
        }
        self.fences.extend(own.fences);
        self.loses.extend(own.loses);
        self.command.env.extend(own.command.env);
        self.command.meanings.splice(0..0, own.command.meanings);
        if own.command.within_ms.is_some() {
            self.command.within_ms = own.command.within_ms;
            self.command.kill = own.command.kill;
        }
        self.verify = own.verify.or(self.verify);
        self.usually_ms = own.usually_ms.or(self.usually_ms);
        self.idempotent |= own.idempotent;
        self.commits |= own.commits;
        self
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

/// A retry that could do its work twice.
pub(super) fn not_retryable(span: Span, name: &tree::Name<'_>, at: Span) -> Diagnostic {
    Diagnostic::error(Code::NotRetryable, span, format!("`{}` could do its work twice", name.text))
        .label(at, "a failed attempt may have worked all the same")
        .help("give its action a `verify` that reads back whether it is done, or say `idempotent` if twice is as good as once")
}
