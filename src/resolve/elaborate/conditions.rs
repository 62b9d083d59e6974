//! Conditions to guards: what is known folds away, what is asked becomes an atom.

use super::Elaborator;
use crate::base::{Code, Diagnostic, Span, nearest};
use crate::calculus::{AtomId, AtomSource, Flags};
use crate::model::{Act, Guard, Probe, Step, StepParts};
use crate::resolve::library::{KindId, ThingId};
use crate::resolve::types::{Ty, a, compare_versions};
use crate::resolve::value::{Value, all, any, not};
use crate::syntax::tree::{Call, ClauseKind, Comparison, Expr, ExprKind, Name, Operand, OperandKind, StepRef};
use std::cmp::Ordering;

/// The words that answer a yes-or-no question, with the option they stand for.
const YES_NO: &[(&str, u8)] = &[("no", 0), ("false", 0), ("yes", 1), ("true", 1)];

impl<'s> Elaborator<'_, 's> {
    /// The guard of a condition.
    pub(super) fn condition(&mut self, expr: &Expr<'s>) -> Guard {
        match &expr.kind {
            ExprKind::Or(parts) => any(parts.iter().map(|p| self.condition(p)).collect()),
            ExprKind::And(parts) => all(parts.iter().map(|p| self.condition(p)).collect()),
            ExprKind::Not(inner) => not(self.condition(inner)),
            ExprKind::Quantified { some, var, set, body } => {
                let each = self.each_member(*var, set, |me| me.condition(body));
                if *some { any(each) } else { all(each) }
            }
            ExprKind::Is { subject, negated, options } => {
                let guard = any(options.iter().map(|o| self.is(subject, *o)).collect());
                if *negated { not(guard) } else { guard }
            }
            ExprKind::On { subject, .. } => {
                let _ = self.operand(subject, &Ty::Unknown);
                self.unknowable(expr.span, "where a thing is")
            }
            ExprKind::Include { subject, what } => self.includes(subject, *what),
            ExprKind::Agree { subject, field } => self.agree(subject, *field),
            ExprKind::Outcome { step, succeeded } => {
                let guard = self.outcome(*step);
                if *succeeded { guard } else { not(guard) }
            }
            ExprKind::Compare { left, op, right } => self.compare(left, *op, right, expr.span),
            ExprKind::Operand(operand) => self.flag(operand),
        }
    }

    /// Runs `f` with `var` standing for each member of the set in turn.
    pub(super) fn each_member<T>(
        &mut self,
        var: Name<'s>,
        set: &Operand<'s>,
        mut f: impl FnMut(&mut Self) -> T,
    ) -> Vec<T> {
        let members = self.members(set);
        let mut results = Vec::new();
        for member in members {
            self.vars.push((var.text, member));
            results.push(f(self));
            self.vars.pop();
        }
        results
    }

    /// The members of a set; one open member if the set is not known.
    pub(super) fn members(&mut self, set: &Operand<'s>) -> Vec<Value<'s>> {
        match self.operand(set, &Ty::Unknown) {
            Value::Set(ids, _) => ids.into_iter().map(Value::Thing).collect(),
            Value::Open(Ty::Set(kind)) => vec![Value::Open(Ty::Thing(kind))],
            Value::Open(_) => vec![Value::unknown()],
            Value::Many(values) => values,
            other => {
                let ty = other.ty(self.library).describe(self.library);
                self.report(
                    Diagnostic::error(Code::WrongType, set.span, format!("this is {ty}, but a set is needed"))
                        .help("name a set of things, or list them: `[a, b]`"),
                );
                Vec::new()
            }
        }
    }

    fn unknowable(&mut self, span: Span, what: &str) -> Guard {
        self.report(
            Diagnostic::error(Code::UnknowableState, span, format!("{what} cannot be asked while the plan runs"))
                .help("ask a probe, decide it at the start with `given …`, or say `STEP succeeded`"),
        );
        Guard::Always
    }

    fn is(&mut self, subject: &Operand<'s>, option: Name<'s>) -> Guard {
        if let Some(atom) = self.named_atom(subject) {
            return self.answer(atom, option);
        }
        let value = match &subject.kind {
            OperandKind::Path(path) if path.names.len() == 1 => {
                match self.name(path.names.first().copied().unwrap_or(option), &Ty::Unknown) {
                    Some(value) => value,
                    None => return self.undecided(subject, option),
                }
            }
            _ => self.operand(subject, &Ty::Unknown),
        };
        self.value_is(value, option, subject.span)
    }

    fn value_is(&mut self, value: Value<'s>, option: Name<'s>, span: Span) -> Guard {
        match value {
            Value::Atom(atom, _) => self.answer(atom, option),
            Value::Bool(b) => constant(self.yes_no(option).is_none_or(|o| (o == 1) == b)),
            Value::Asked(guard) => match self.yes_no(option) {
                Some(0) => not(guard),
                _ => guard,
            },
            Value::Word(word, words) => {
                self.check_option(option, &words);
                constant(word == option.text)
            }
            Value::Thing(id) => self.thing_is(self.library.thing(id).kind, Some(id), option, span),
            Value::Open(Ty::Thing(kind)) => self.thing_is(kind, None, option, span),
            Value::Open(Ty::OneOf(words)) => {
                self.check_option(option, &words);
                Guard::Always
            }
            Value::Open(_) => Guard::Always,
            Value::Picked(cases, otherwise) => {
                let (mut parts, mut none) = (Vec::new(), Vec::new());
                for (guard, case) in cases {
                    let hit = self.value_is(case, option, span);
                    parts.push(all(none.iter().cloned().chain([guard.clone(), hit]).collect()));
                    none.push(not(guard));
                }
                let hit = self.value_is(*otherwise, option, span);
                parts.push(all(none.into_iter().chain([hit]).collect()));
                any(parts)
            }
            other => {
                let ty = other.ty(self.library).describe(self.library);
                self.report(
                    Diagnostic::error(Code::WrongType, span, format!("{ty} cannot be `{}`", option.text))
                        .help("compare values with `==`"),
                );
                Guard::Always
            }
        }
    }

    /// `s.pool is p` compares things; `s is up` asks for a state, which only a probe can answer.
    fn thing_is(&mut self, kind: KindId, id: Option<ThingId>, option: Name<'s>, span: Span) -> Guard {
        if self.library.kind(kind).states.iter().any(|s| s.text == option.text) {
            return self.unknowable(span, "the state of a thing");
        }
        match self.name(option, &Ty::Unknown) {
            Some(Value::Thing(other)) => constant(id.is_none_or(|id| id == other)),
            Some(_) => Guard::Always,
            None => {
                let info = self.library.kind(kind);
                let words: Vec<_> = info.states.iter().map(|s| s.text).collect();
                let near = nearest(option.text, words.iter().copied());
                self.report(
                    Diagnostic::error(
                        Code::UnknownMember,
                        option.span,
                        format!("{} cannot be `{}`", a(info.name.text), option.text),
                    )
                    .help(match near {
                        Some(word) => format!("did you mean `{word}`?"),
                        None if words.is_empty() => "it has no states; compare with the name of a thing".into(),
                        None => format!("its states are {}", words.join(", ")),
                    }),
                );
                Guard::Always
            }
        }
    }

    fn yes_no(&mut self, option: Name<'s>) -> Option<u8> {
        let found = YES_NO.iter().find(|(w, _)| *w == option.text).map(|(_, o)| *o);
        if found.is_none() {
            self.report(
                Diagnostic::error(Code::UnknownMember, option.span, format!("a yes or no cannot be `{}`", option.text))
                    .help("say `is true` or `is false`, or just name it"),
            );
        }
        found
    }

    fn check_option(&mut self, option: Name<'s>, words: &[&str]) -> Option<u8> {
        let found = words.iter().position(|w| *w == option.text);
        if found.is_none() {
            self.report(
                Diagnostic::error(
                    Code::UnknownMember,
                    option.span,
                    format!("`{}` is not one of the answers", option.text),
                )
                .help(match nearest(option.text, words.iter().copied()) {
                    Some(word) => format!("did you mean `{word}`?"),
                    None => format!("they are {}", words.join(", ")),
                }),
            );
        }
        found.and_then(|i| u8::try_from(i).ok())
    }

    /// A decision or a question with labelled answers, by its plain name.
    fn named_atom(&mut self, subject: &Operand<'s>) -> Option<AtomId> {
        let OperandKind::Path(path) = &subject.kind else { return None };
        let [name] = path.names.as_slice() else { return None };
        if let Some(answers) = self.names.get(name.text).and_then(|n| n.answers) {
            return Some(answers);
        }
        match self.vars.iter().rev().find(|(n, _)| *n == name.text) {
            Some((word, Value::Atom(atom, _))) => {
                self.read.insert(word);
                Some(*atom)
            }
            _ => None,
        }
    }

    /// The guard "the atom has this answer".
    fn answer(&mut self, atom: AtomId, option: Name<'s>) -> Guard {
        self.used_atoms.insert(atom);
        let options = self.plan.atoms.get(atom.index()).map(|a| a.options.clone()).unwrap_or_default();
        let words: Vec<&str> = options.iter().map(String::as_str).collect();
        let found = match words.as_slice() {
            ["no", "yes"] => self.yes_no(option),
            words => self.check_option(option, words),
        };
        found.map_or(Guard::Always, |o| Guard::Is(atom, o))
    }

    fn undecided(&mut self, subject: &Operand<'s>, option: Name<'s>) -> Guard {
        let written = self.source(subject.span);
        let words = self.vars.iter().map(|(n, _)| *n).chain(self.library.thing_words(subject.span.file));
        let error = match nearest(&written, words) {
            Some(word) => Diagnostic::error(Code::UnknownName, subject.span, format!("there is no `{written}` here"))
                .help(format!("did you mean `{word}`?"))
                .fix(subject.span, word),
            None => Diagnostic::error(Code::UndecidedGiven, subject.span, format!("nobody decides `{written}`"))
                .help(format!("let it be decided when the plan starts: `given {written} is {} or …`", option.text)),
        };
        self.report(error);
        Guard::Always
    }

    /// A flag or a probe.
    fn flag(&mut self, operand: &Operand<'s>) -> Guard {
        match self.operand(operand, &Ty::Bool) {
            Value::Bool(b) => constant(b),
            Value::Asked(guard) => guard,
            Value::Atom(atom, _) => {
                self.used_atoms.insert(atom);
                Guard::Is(atom, 1)
            }
            _ => Guard::Always,
        }
    }

    fn includes(&mut self, subject: &Operand<'s>, what: Name<'s>) -> Guard {
        let value = self.operand(subject, &Ty::Unknown);
        let kind = self.library.kind_named(what.text);
        let thing = self.library.thing_named(what.text, what.span.file);
        if kind.is_none() && thing.is_none() && !self.vars.iter().any(|(n, _)| *n == what.text) {
            self.report(
                Diagnostic::error(Code::UnknownName, what.span, format!("there is no kind or thing `{}`", what.text))
                    .help("name what the set may include: a kind such as `firewall`, or a thing"),
            );
            return Guard::Always;
        }
        let wanted = match (kind, self.vars.iter().rev().find(|(n, _)| *n == what.text)) {
            (None, Some((_, Value::Thing(id)))) => Some(*id),
            _ => thing,
        };
        match value {
            Value::Set(ids, _) => constant(ids.iter().any(|id| match kind {
                Some(kind) => self.library.is_a(self.library.thing(*id).kind, kind),
                None => wanted == Some(*id),
            })),
            Value::Open(_) => Guard::Always,
            other => {
                let ty = other.ty(self.library).describe(self.library);
                self.report(
                    Diagnostic::error(
                        Code::WrongType,
                        subject.span,
                        format!("this is {ty}, but only a set can include something"),
                    )
                    .help("name a set of things"),
                );
                Guard::Always
            }
        }
    }

    fn agree(&mut self, subject: &Operand<'s>, field: Name<'s>) -> Guard {
        let mut seen: Option<String> = None;
        let mut same = true;
        for member in self.members(subject) {
            let value = self.member(member, field);
            let shown = value.show(self.library);
            same &= seen.as_ref().is_none_or(|s| *s == shown);
            seen.get_or_insert(shown);
        }
        constant(same)
    }

    fn compare(&mut self, left: &Operand<'s>, op: Comparison, right: &Operand<'s>, span: Span) -> Guard {
        let a = self.operand(left, &Ty::Unknown);
        let ty = a.ty(self.library);
        let b = self.operand(right, &ty);
        let ordering = match (&a, &b) {
            (Value::Open(_), _) | (_, Value::Open(_)) => return Guard::Always,
            (Value::Number(a), Value::Number(b)) | (Value::Duration(a), Value::Duration(b)) => Some(a.cmp(b)),
            (Value::Text(a, Ty::Version), Value::Text(b, _)) => compare_versions(a, b),
            (Value::Text(a, _), Value::Text(b, _)) if a == b => Some(Ordering::Equal),
            (Value::Thing(a), Value::Thing(b)) if a == b => Some(Ordering::Equal),
            (Value::Word(a, _), Value::Word(b, _)) if a == b => Some(Ordering::Equal),
            (Value::Bool(a), Value::Bool(b)) if a == b => Some(Ordering::Equal),
            (Value::Atom(..) | Value::Asked(_) | Value::Captured(_) | Value::Picked(..), _)
            | (_, Value::Atom(..) | Value::Asked(_) | Value::Captured(_) | Value::Picked(..)) => {
                return self.unknowable(span, "a value that is known only while the plan runs");
            }
            _ => None,
        };
        let ordered = matches!(ty, Ty::Number | Ty::Duration | Ty::Version);
        match op {
            Comparison::Equal => constant(ordering == Some(Ordering::Equal)),
            Comparison::NotEqual => constant(ordering != Some(Ordering::Equal)),
            _ if !ordered => {
                let ty = ty.describe(self.library);
                self.report(
                    Diagnostic::error(Code::WrongType, span, format!("{ty} is neither more nor less than another"))
                        .help("compare it with `==` or `!=`; versions, numbers and durations have an order"),
                );
                Guard::Always
            }
            Comparison::Less => constant(ordering == Some(Ordering::Less)),
            Comparison::AtMost => constant(matches!(ordering, Some(Ordering::Less | Ordering::Equal))),
            Comparison::Greater => constant(ordering == Some(Ordering::Greater)),
            Comparison::AtLeast => constant(matches!(ordering, Some(Ordering::Greater | Ordering::Equal))),
        }
    }

    fn outcome(&mut self, step: StepRef<'s>) -> Guard {
        match self.find_step(step) {
            Some(named) => named.ok,
            None => {
                let diagnostic = self.unknown_step(step, Code::ConditionLater);
                self.report(diagnostic);
                Guard::Always
            }
        }
    }

    /// The earlier step or phase that a reference means: the copy in this branch of a `for each` first.
    pub(super) fn find_step(&self, step: StepRef<'s>) -> Option<super::Named> {
        let own = format!("{}{}", step.text, self.suffix);
        self.names.get(&own).or_else(|| self.names.get(step.text)).cloned()
    }

    /// Why a step reference means nothing here: it is later, or there is none.
    pub(super) fn unknown_step(&self, step: StepRef<'s>, later: Code) -> Diagnostic {
        let plain = step.text.split(['[', '.', '~']).next().unwrap_or(step.text);
        if let Some(span) = self.declared.get(plain) {
            return Diagnostic::error(later, step.span, format!("`{}` comes later, or is this step itself", step.text))
                .label(*span, "here")
                .help("only earlier steps can be named: move this one behind it");
        }
        let error = Diagnostic::error(Code::UnknownName, step.span, format!("there is no step `{}`", step.text));
        match nearest(plain, self.declared.keys().copied()) {
            Some(word) => error.help(format!("did you mean `{word}`?")).fix(step.span, word),
            None => error.help("name an earlier step or phase of this plan"),
        }
    }

    /// The guard "this probe says yes", reading it before the first step, or, if it needs something, where it is used.
    pub(super) fn probe_guard(&mut self, call: &Call<'s>) -> Guard {
        match self.probe(call) {
            Some((atom, _)) => {
                self.used_atoms.insert(atom);
                Guard::Is(atom, 1)
            }
            None => Guard::Always,
        }
    }

    /// The atom of a probe call, and how it is read.
    pub(super) fn probe(&mut self, call: &Call<'s>) -> Option<(AtomId, Probe)> {
        let library = self.library;
        let Some(declared) = library.probe(call.name.text) else {
            let words = self.library.probes().map(|p| p.tree.name.text);
            let error =
                Diagnostic::error(Code::UnknownName, call.name.span, format!("there is no probe `{}`", call.name.text));
            let error = match nearest(call.name.text, words) {
                Some(word) => error.help(format!("did you mean `{word}`?")).fix(call.name.span, word),
                None if self.library.action(call.name.text).is_some() => {
                    error.help("this is an action; a condition asks a probe")
                }
                None => error.help("declare it with `probe`, or import the library that does"),
            };
            self.report(error);
            return None;
        };
        let values = self.arguments(call, &declared.params);
        let shown: Vec<String> = values.iter().map(|v| v.show(self.library)).collect();
        let open = values.iter().any(|v| matches!(v, Value::Open(_)));
        let vars = std::mem::replace(&mut self.vars, declared.params.iter().map(|p| p.name.text).zip(values).collect());
        let probe = self.probe_reading(&declared.tree, call, shown, open);
        self.vars = vars;
        probe
    }

    fn probe_reading(
        &mut self,
        tree: &crate::syntax::tree::Probe<'s>,
        call: &Call<'s>,
        shown: Vec<String>,
        open: bool,
    ) -> Option<(AtomId, Probe)> {
        let host = match &tree.on {
            Some(path) => self.path(path, &Ty::Unknown),
            None => self.at_host.clone().unwrap_or_else(|| {
                self.report(
                    Diagnostic::error(
                        Code::MissingTarget,
                        call.span,
                        format!("it is not said where `{}` is asked", call.name.text),
                    )
                    .label(tree.name.span, "the probe has no `on`")
                    .help("add `on NODE` to the probe, or use it in a step that has a target"),
                );
                Value::unknown()
            }),
        };
        let host_span = tree.on.as_ref().map_or(call.span, |p| p.span);
        let host = self.host_machine(&host, host_span);
        let parts = self.clauses(&tree.clauses, None, false);
        let yes: Vec<_> = tree.yes_means.iter().flat_map(|e| self.facts(e)).collect();
        if open {
            return None;
        }
        let at_start = !tree.clauses.iter().any(|c| matches!(c.kind, ClauseKind::Needs(_)));
        let mut name = format!("{}({})", tree.name.text, shown.join(", "));
        if tree.on.is_none()
            && let Some(machine) = host.and_then(|h| self.plan.machines.get(h.index()))
        {
            name = format!("{name} on {}", machine.name);
        }
        if !at_start && !self.at_step.is_empty() {
            name = format!("{name} at {}", self.at_step);
        }
        let known = self.atoms.contains_key(&name);
        let question = tree.title.as_ref().map_or_else(|| name.clone(), super::commands::unescape);
        let atom = self.atom(name.clone(), question.clone(), vec!["no".into(), "yes".into()], AtomSource::Probe);
        let requires = parts.requires.clone();
        let probe = Probe { atom, host, command: parts.command, requires, at_start, span: tree.name.span };
        if !known {
            if let Some(a) = self.plan.atoms.get_mut(atom.index()) {
                a.yes_means = yes.iter().map(|f| f.requirement()).collect();
            }
            self.plan.probes.push(probe.clone());
            if !at_start {
                let key = self.key();
                self.pending_reads.push(Step {
                    key,
                    name: format!("{name}?"),
                    number: None,
                    title: question,
                    span: call.span,
                    parts: StepParts { deed: call.span, ..StepParts::default() },
                    host,
                    conditions: Vec::new(),
                    after: Vec::new(),
                    requires: probe.requires.clone(),
                    effects: Vec::new(),
                    fences: Vec::new(),
                    loses: Vec::new(),
                    flags: Flags { idempotent: true, ..Flags::default() },
                    usually_ms: None,
                    call: name,
                    act: Act::Probe { atom, command: probe.command.clone() },
                });
            }
        }
        Some((atom, probe))
    }
}

fn constant(value: bool) -> Guard {
    if value { Guard::Always } else { Guard::Never }
}
