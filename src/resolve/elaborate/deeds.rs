//! What one step on one machine does: its command, question, message or wait, and how its result is taken.

use super::Elaborator;
use super::actions::{Parts, Undo};
use super::gates::only_questions;
use crate::base::{Code, Diagnostic, Span, limits};
use crate::calculus::{
    Answer, AtomId, AtomSource, Change, Effect, Flags, MachineId, Reach, Requirement, Value as RunValue, ValueId,
    ValueSource,
};
use crate::model::{Act, Guard, Key, Step, StepParts};
use crate::resolve::value::Value;
use crate::syntax::tree::{self, ClauseKind, ExprKind, OperandKind, Overdue};

/// What a step does, among its clauses.
enum Deed<'t, 's> {
    Do(&'t tree::Call<'s>),
    Run,
    Ask(&'t tree::Text<'s>),
    Tell(&'t tree::Text<'s>),
    WaitUntil(&'t tree::Expr<'s>, Option<&'t tree::Operand<'s>>),
    WaitFor(&'t tree::Operand<'s>),
}

impl<'s> Elaborator<'_, 's> {
    fn deed<'t>(&mut self, step: &'t tree::Step<'s>) -> Option<(Deed<'t, 's>, Span)> {
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
        found
    }

    /// A step on one machine, or on none.
    pub(super) fn build(
        &mut self,
        step: &tree::Step<'s>,
        name: String,
        key: Key,
        host: Option<Value<'s>>,
        target: Option<Span>,
    ) -> (Step, Option<AtomId>) {
        let span = step.name.span;
        let (deed, deed_span) = self.deed(step).unzip();
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
        if let Some(Deed::WaitUntil(expr, _)) = deed {
            call = self.source(expr.span);
        }
        let runs_there = matches!(deed, Some(Deed::Do(_) | Deed::Run));
        let title = self.message(step.title.as_ref());
        self.captures(step, key, &mut parts);
        let (retries, every_ms) = if parts.runs { self.retries(step, &parts) } else { (0, 0) };
        let reach = machine.and_then(|m| self.plan.machines.get(m.index())).map(|m| m.reach.clone());
        let mut flags = Flags {
            tolerated: step.clauses.iter().any(|c| matches!(c.kind, ClauseKind::IfPossible)),
            lingers: !parts.command.kill && !parts.effects.is_empty() && reach.is_some_and(|r| r != Reach::Local),
            finally: false,
            idempotent: parts.idempotent,
            opaque,
            commits: parts.commits,
        };
        let (act, host_of, answers) = self.act_of(step, deed, &mut parts, machine, (retries, every_ms), &name);
        flags.lingers &= matches!(act, Act::Run { .. });
        let fences = self.independent(&parts, machine, span);
        self.isolate(&parts, key);
        self.targets.extend(target.filter(|_| runs_there).map(|at| (key, at)));
        let model = Step {
            key,
            name,
            number: step.number.map(|(n, _)| n),
            title,
            span: step.span,
            parts: StepParts { deed: deed_span.unwrap_or(span), within: parts.within },
            host: host_of,
            conditions: Vec::new(),
            after: Vec::new(),
            requires: [parts.requires, parts.survivors].concat(),
            effects: parts.effects,
            fences,
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
        parts: &mut Parts<'s>,
        machine: Option<MachineId>,
        (retries, every_ms): (u32, u64),
        name: &str,
    ) -> (Act, Option<MachineId>, Option<AtomId>) {
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
                let gate = self.gate(step, &answers, parts.command.within_ms);
                (Act::Ask { question, answers, atom, gate }, None, atom)
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
            if let ClauseKind::Within(_, Overdue::Answer(word)) = clause.kind
                && !asks
            {
                self.report(only_questions(word.span));
            }
            let why = match &clause.kind {
                ClauseKind::Attests(_) if !asks => "`attests` is the word of the person who is asked",
                ClauseKind::Answer { .. } if !asks => "`answer` belongs to an `ask`",
                ClauseKind::By(_) if !asks => "`by` says who answers an `ask`",
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
        } else if !answers.is_empty() && answers.iter().all(|a| a.stops) {
            self.report(
                Diagnostic::error(Code::Contradiction, step.name.span, "whatever the answer, the plan stops")
                    .help("take `stops` from an answer that lets it go on"),
            );
        } else if let Some(attested) = step.clauses.iter().find(|c| matches!(c.kind, ClauseKind::Attests(_)))
            && answers.iter().filter(|a| !a.stops).count() > 1
        {
            self.report(
                Diagnostic::error(
                    Code::Contradiction,
                    attested.span,
                    "nobody can tell which of the answers vouches for this",
                )
                .help("let all answers but one stop the plan, or ask for it in a step of its own"),
            );
        }
        answers
    }

    /// Waiting for a probe. When it has said yes, what that proves is so, as if the step had ensured it.
    fn wait_until(&mut self, expr: &tree::Expr<'s>, every_ms: u64, parts: &mut Parts<'s>) -> (Act, Option<MachineId>) {
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
        let atom = found.as_ref().filter(|_| !negated).and_then(|(atom, _)| self.plan.atoms.get(atom.index()));
        let proven = atom.map_or_else(Vec::new, |a| a.yes_means.clone());
        self.plan.atoms.truncate(atoms);
        self.plan.probes.truncate(probes);
        self.pending_reads.truncate(pending);
        self.atoms = known;
        match found {
            Some((_, probe)) => {
                parts.requires.extend(probe.requires);
                self.noticed(&proven, expr.span, parts);
                let mut command = probe.command;
                command.within_ms = parts.command.within_ms.or(command.within_ms);
                command.kill = command.within_ms.is_some();
                (Act::Wait { command, every_ms, negated }, probe.host)
            }
            None => (Act::Delay { ms: 0 }, None),
        }
    }

    /// Each fact that leaves its cell one value gives it that value.
    fn noticed(&mut self, facts: &[Requirement], span: Span, parts: &mut Parts<'s>) {
        for fact in facts.iter().filter(|fact| fact.allowed.count_ones() == 1) {
            let change = Change::Set(u8::try_from(fact.allowed.trailing_zeros()).unwrap_or(0));
            if !parts.effects.iter().any(|(e, _)| e.cell == fact.cell) {
                parts.effects.push((Effect { cell: fact.cell, change, exclusive: false }, span));
            }
        }
    }

    /// The undo of a step's action, with the variables of that action.
    pub(super) fn undo_of(&mut self, step: &tree::Step<'s>, host: Option<&Value<'s>>, at: Span) -> Option<Undo<'s>> {
        let call =
            step.clauses.iter().find_map(|c| if let ClauseKind::Do(call) = &c.kind { Some(call) } else { None })?;
        let before = self.diagnostics.len();
        let parts = self.act(call, host, at);
        self.diagnostics.truncate(before);
        parts?.undo
    }

    pub(super) fn undo_step(
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
        let fences = self.independent(&parts, undone.host, at);
        self.isolate(&parts, key);
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
            parts: StepParts { deed: undo.call.span, within: parts.within },
            host: undone.host,
            conditions: Vec::new(),
            after: Vec::new(),
            requires: [parts.requires, parts.survivors].concat(),
            effects: parts.effects,
            fences,
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
        self.through.extend(own.through);
        self.survivors.extend(own.survivors);
        self.loses.extend(own.loses);
        self.command.env.extend(own.command.env);
        self.command.meanings.splice(0..0, own.command.meanings);
        if own.command.within_ms.is_some() {
            self.command.within_ms = own.command.within_ms;
            self.command.kill = own.command.kill;
            self.within = own.within;
        }
        self.verify = own.verify.or(self.verify);
        self.usually_ms = own.usually_ms.or(self.usually_ms);
        self.idempotent |= own.idempotent;
        self.commits |= own.commits;
        self
    }
}

/// A retry that could do its work twice.
pub(super) fn not_retryable(span: Span, name: &tree::Name<'_>, at: Span) -> Diagnostic {
    Diagnostic::error(Code::NotRetryable, span, format!("`{}` could do its work twice", name.text))
        .label(at, "a failed attempt may have worked all the same")
        .help("give its action a `verify` that reads back whether it is done, or say `idempotent` if twice is as good as once")
}
