//! Clauses of actions, probes and steps to requirements, effects and commands; how machines are reached.

use super::commands::{Use, unescape};
use super::gates::only_questions;
use super::through::Fence;
use super::{CellKey, Elaborator};
use crate::base::{Code, Diagnostic, Span, limits, nearest};
use crate::calculus::{Capture, CellId, Change, Command, Effect, Meaning, Piece, Requirement, Sign, Template, Verdict};
use crate::resolve::library::{Param, ThingId};
use crate::resolve::types::{Ty, a};
use crate::resolve::value::Value;
use crate::syntax::tree::{self, Call, Clause, ClauseKind, Expr, Operand, Overdue, Path, Text};

/// What the clauses of an action or step come to.
#[derive(Clone, Default)]
pub(super) struct Parts<'s> {
    pub requires: Vec<(Requirement, Span)>,
    pub effects: Vec<(Effect, Span)>,
    pub fences: Vec<Fence>,
    /// What it works with besides its node.
    pub through: Vec<(ThingId, Span)>,
    /// The nodes among that, and those that the rest lives on, are up.
    pub survivors: Vec<(Requirement, Span)>,
    pub loses: Vec<(CellId, Span)>,
    pub command: Command,
    pub verify: Option<Template>,
    /// Where its time limit is said.
    pub within: Option<Span>,
    pub undo: Option<Undo<'s>>,
    pub usually_ms: Option<u64>,
    pub idempotent: bool,
    pub commits: bool,
    /// It has a `run`.
    pub runs: bool,
    /// It has an effect clause of any sort, `needs` included.
    pub declares: bool,
}

/// An `undo` clause with the variables it sees.
#[derive(Clone)]
pub(super) struct Undo<'s> {
    pub call: Call<'s>,
    pub vars: Vec<(&'s str, Value<'s>)>,
}

impl<'s> Elaborator<'_, 's> {
    /// The values of a call's arguments in the order of `params`; reports what is missing, unknown or too much.
    pub(super) fn arguments(&mut self, call: &Call<'s>, params: &[Param<'s>]) -> Vec<Value<'s>> {
        let mut values: Vec<Option<Value<'s>>> = vec![None; params.len()];
        let (mut next, mut misnamed) = (0, false);
        for (name, operand) in &call.args {
            let slot = match name {
                Some(name) => params.iter().position(|p| p.name.text == name.text),
                None => {
                    next += 1;
                    (next <= params.len()).then(|| next - 1)
                }
            };
            let Some((slot, param)) = slot.and_then(|i| params.get(i).map(|p| (i, p))) else {
                misnamed |= name.is_some();
                let diagnostic = extra_argument(call, *name, operand.span, params);
                self.report(diagnostic);
                continue;
            };
            let value = self.operand(operand, &param.ty);
            match values.get_mut(slot) {
                Some(place @ None) => *place = Some(value),
                _ => self.report(
                    Diagnostic::error(
                        Code::WrongArguments,
                        operand.span,
                        format!("`{}` is given twice", param.name.text),
                    )
                    .help("give each parameter once"),
                ),
            }
        }
        let mut missing = Vec::new();
        let mut complete = Vec::new();
        for (param, value) in params.iter().zip(values) {
            let value = value.or_else(|| param.default.as_ref().map(|d| self.constant(d, &param.ty)));
            if value.is_none() {
                missing.push(param.name);
            }
            complete.push(value.unwrap_or_else(|| Value::Open(param.ty.clone())));
        }
        if let (Some(first), false) = (missing.first(), misnamed) {
            let names: Vec<_> = missing.iter().map(|n| format!("`{}`", n.text)).collect();
            let error = Diagnostic::error(
                Code::WrongArguments,
                call.span,
                format!("`{}` also needs {}", call.name.text, names.join(", ")),
            )
            .label(first.span, "declared here")
            .help("give it in the order declared, or by name: `name: value`");
            self.report(error);
        }
        complete
    }

    /// What an action called on a machine comes to, and how it is shown.
    pub(super) fn act(&mut self, call: &Call<'s>, host: Option<&Value<'s>>, at: Span) -> Option<Parts<'s>> {
        let library = self.library;
        let Some(declared) = library.action(call.name.text) else {
            let diagnostic = self.unknown_action(call);
            self.report(diagnostic);
            return None;
        };
        let values = self.arguments(call, &declared.params);
        let mut vars: Vec<(&'s str, Value<'s>)> = declared.params.iter().map(|p| p.name.text).zip(values).collect();
        if let Some((name, kind)) = declared.tree.host {
            let kind = self.library.kind_named(kind.text);
            let value = match (host, kind) {
                (Some(host), Some(kind)) => self.fit(host.clone(), &Ty::Thing(kind), at),
                (None, Some(kind)) => Value::Open(Ty::Thing(kind)),
                (_, None) => Value::unknown(),
            };
            vars.push((name.text, value));
        }
        let outer = std::mem::replace(&mut self.vars, vars);
        let host_value = declared.tree.host.and_then(|(name, _)| self.name(name, &Ty::Unknown));
        let parts = self.clauses(&declared.tree.clauses, host_value.as_ref(), true);
        self.vars = outer;
        Some(parts)
    }

    fn unknown_action(&self, call: &Call<'s>) -> Diagnostic {
        let name = call.name;
        let words = self.library.actions().map(|a| a.tree.name.text);
        let error = Diagnostic::error(Code::UnknownName, name.span, format!("there is no action `{}`", name.text));
        if let Some(word) = nearest(name.text, words) {
            return error.help(format!("did you mean `{word}`?")).fix(name.span, word);
        }
        if self.library.probe(name.text).is_some() {
            return error.help("this is a probe: use it in a condition, or in `wait until`");
        }
        if matches!(name.text, "fence" | "stonith") {
            return error.help("the fences of `std/host` are `power_off`, `destroy_machine` and `isolate`");
        }
        match crate::stdlib::declaring("action", name.text) {
            Some(library) => error.help(format!("it is in `{library}`: add `use {library}`")),
            None => error.help("declare it with `action`, or import the library that does"),
        }
    }

    /// Understands clauses. `host` is the machine they are about; `declaring` if they are an action's own, where an
    /// `attests` is out of place.
    pub(super) fn clauses(&mut self, clauses: &[Clause<'s>], host: Option<&Value<'s>>, declaring: bool) -> Parts<'s> {
        let mut parts = Parts::default();
        let mut scripts: Vec<Template> = Vec::new();
        let mut verifies: Vec<Template> = Vec::new();
        for clause in clauses {
            let span = clause.span;
            match &clause.kind {
                ClauseKind::Needs(exprs) => {
                    parts.declares = true;
                    for fact in exprs.iter().flat_map(|e| self.facts(e)).collect::<Vec<_>>() {
                        parts.requires.push((fact.requirement(), fact.span));
                    }
                }
                ClauseKind::Acquires(..)
                | ClauseKind::Releases(..)
                | ClauseKind::Moves(..)
                | ClauseKind::Ensures(_)
                | ClauseKind::Fences(_)
                | ClauseKind::Isolates(_)
                | ClauseKind::Loses(_)
                | ClauseKind::Attests(_) => {
                    parts.declares = true;
                    self.effect(clause, host, declaring, &mut parts);
                }
                ClauseKind::Through(paths) => paths.iter().for_each(|path| self.through(path, &mut parts)),
                ClauseKind::Run(text) => {
                    parts.runs = true;
                    scripts.push(self.template(text, Use::Command));
                }
                ClauseKind::Verify(text) => verifies.push(self.template(text, Use::Command)),
                ClauseKind::Undo(call) => {
                    parts.undo = Some(Undo { call: call.clone(), vars: self.vars.clone() });
                    self.check_undo(call, host, span);
                }
                ClauseKind::Within(limit, overdue) => {
                    if parts.command.within_ms.is_some() {
                        self.twice(span, "within");
                    }
                    parts.command.within_ms = self.duration(limit);
                    parts.command.kill = matches!(overdue, Overdue::Kill);
                    if let Overdue::Answer(word) = overdue
                        && declaring
                    {
                        self.report(only_questions(word.span));
                    }
                    parts.within = Some(span);
                }
                ClauseKind::Usually(time) => parts.usually_ms = self.duration(time),
                ClauseKind::Idempotent => parts.idempotent = true,
                ClauseKind::Env(name, value) => {
                    let var = self.env(name.text, name.span, value, &mut parts);
                    parts.command.env.extend(var);
                }
                ClauseKind::Commits(_) => parts.commits = true,
                ClauseKind::ExitMeans(codes, verdict) => {
                    let verdict = self.verdict(verdict);
                    parts.command.meanings.push(Meaning { sign: Sign::Exit(codes.clone()), verdict });
                }
                ClauseKind::OutputMeans(pattern, verdict) => {
                    let verdict = self.verdict(verdict);
                    if let Some(pattern) = self.pattern(pattern) {
                        parts.command.meanings.push(Meaning { sign: Sign::Output(pattern), verdict });
                    }
                }
                // The rest belongs to steps alone.
                _ => {}
            }
        }
        parts.command.script = in_order(scripts);
        parts.verify = (!verifies.is_empty()).then(|| in_order(verifies));
        parts
    }

    fn twice(&mut self, span: Span, clause: &str) {
        self.report(
            Diagnostic::error(Code::Contradiction, span, format!("`{clause}` is said twice")).help("say it once"),
        );
    }

    fn effect(&mut self, clause: &Clause<'s>, host: Option<&Value<'s>>, declaring: bool, parts: &mut Parts<'s>) {
        let span = clause.span;
        match &clause.kind {
            ClauseKind::Acquires(thing, on) => self.hold_effect(thing, on.as_ref(), host, true, span, parts),
            ClauseKind::Releases(thing, on) => self.hold_effect(thing, on.as_ref(), host, false, span, parts),
            ClauseKind::Moves(thing, from, to) => self.move_effect(thing, from, to, span, parts),
            ClauseKind::Ensures(exprs) => self.set_effects(exprs, parts),
            ClauseKind::Attests(exprs) if declaring => {
                self.report(
                    Diagnostic::error(Code::Contradiction, span, "an action cannot attest anything")
                        .help("`attests` is a person's word: put it in a step with an `ask`; an action `ensures`"),
                );
                drop(exprs.iter().flat_map(|e| self.facts(e)).collect::<Vec<_>>());
            }
            ClauseKind::Attests(exprs) => self.set_effects(exprs, parts),
            ClauseKind::Fences(path) | ClauseKind::Isolates(path) => {
                let value = self.path(path, &Ty::Unknown);
                if let Some(machine) = self.host_machine(&value, path.span)
                    && let Value::Thing(id) = value
                {
                    let cell = self.cell(CellKey::Power(id), span);
                    self.put_effect(Effect { cell, change: Change::Set(1), exclusive: false }, span, parts);
                    if !parts.fences.iter().any(|f| f.machine == machine) {
                        let keeps = matches!(clause.kind, ClauseKind::Isolates(_));
                        parts.fences.push(Fence { machine, victim: id, span, keeps });
                    }
                }
            }
            ClauseKind::Loses(path) => {
                let value = self.path(path, &Ty::Unknown);
                if let Some(cell) = self.data_cell(&value, path.span) {
                    parts.loses.push((cell, span));
                }
            }
            _ => {}
        }
    }

    fn put_effect(&mut self, effect: Effect, span: Span, parts: &mut Parts<'s>) {
        match parts.effects.iter().find(|(e, _)| e.cell == effect.cell) {
            Some((first, first_span)) if first.change != effect.change => {
                let name = self.plan.cells.get(effect.cell.index()).map_or_else(String::new, |c| c.name.clone());
                let first_span = *first_span;
                self.report(
                    Diagnostic::error(Code::Contradiction, span, format!("two clauses change `{name}` differently"))
                        .label(first_span, "the other one")
                        .help("a step changes each thing once: keep the clause that says what is so in the end"),
                );
            }
            Some(_) => {}
            None => parts.effects.push((effect, span)),
        }
    }

    fn hold_effect(
        &mut self,
        thing: &Path<'s>,
        on: Option<&Path<'s>>,
        host: Option<&Value<'s>>,
        acquires: bool,
        span: Span,
        parts: &mut Parts<'s>,
    ) {
        let value = self.path(thing, &Ty::Unknown);
        let held = self.held(&value, thing.span);
        let Some((id, shared, kind)) = held else { return };
        let node = match (on, host) {
            (Some(path), _) => self.path(path, &Ty::Thing(kind)),
            (None, Some(host)) => self.fit(host.clone(), &Ty::Thing(kind), span),
            (None, None) => {
                self.report(
                    Diagnostic::error(Code::MissingTarget, span, "it is not said on which node")
                        .help("add `on NODE`, or give the step a target"),
                );
                return;
            }
        };
        let (Some(id), Value::Thing(node)) = (id, node) else { return };
        let effect = if shared {
            let cell = self.cell(CellKey::Shared(id, node), span);
            Effect { cell, change: Change::Set(u8::from(acquires)), exclusive: false }
        } else {
            let cell = self.cell(CellKey::Place(id), span);
            let there = self.holder(cell, node, span);
            let change = if acquires { Change::Set(there) } else { Change::Move { from: there, to: 0 } };
            Effect { cell, change, exclusive: acquires }
        };
        self.put_effect(effect, span, parts);
    }

    fn move_effect(&mut self, thing: &Path<'s>, from: &Path<'s>, to: &Path<'s>, span: Span, parts: &mut Parts<'s>) {
        let value = self.path(thing, &Ty::Unknown);
        let Some((id, shared, kind)) = self.held(&value, thing.span) else { return };
        if shared {
            self.report(
                Diagnostic::error(Code::CannotHold, span, "only an exclusive thing moves")
                    .help("a shared thing is released on one node and acquired on the other"),
            );
            return;
        }
        let (a, b) = (self.path(from, &Ty::Thing(kind)), self.path(to, &Ty::Thing(kind)));
        if let (Some(id), Value::Thing(a), Value::Thing(b)) = (id, a, b) {
            let cell = self.cell(CellKey::Place(id), span);
            let change = Change::Move { from: self.holder(cell, a, span), to: self.holder(cell, b, span) };
            self.put_effect(Effect { cell, change, exclusive: false }, span, parts);
        }
    }

    /// `ensures`, `attests`, `assume`: each fact gives its cell exactly one value.
    pub(super) fn set_effects(&mut self, exprs: &[Expr<'s>], parts: &mut Parts<'s>) {
        for fact in exprs.iter().flat_map(|e| self.facts(e)).collect::<Vec<_>>() {
            if fact.allowed.count_ones() != 1 {
                self.report(
                    Diagnostic::error(Code::Contradiction, fact.span, "this does not say which state it is in the end")
                        .help("name exactly one state or place"),
                );
                continue;
            }
            let value = u8::try_from(fact.allowed.trailing_zeros()).unwrap_or(0);
            let effect = Effect { cell: fact.cell, change: Change::Set(value), exclusive: false };
            self.put_effect(effect, fact.span, parts);
        }
    }

    /// The cell that stands for the data of a thing.
    pub(super) fn data_cell(&mut self, value: &Value<'s>, span: Span) -> Option<CellId> {
        let (Value::Thing(id), Ty::Thing(kind)) = (value, value.ty(self.library)) else { return None };
        let info = self.library.kind(kind);
        if !info.states.is_empty() {
            return self.state_cell(kind, *id, span);
        }
        match info.held {
            Some((false, _)) => Some(self.cell(CellKey::Place(*id), span)),
            _ => {
                self.report(
                    Diagnostic::error(
                        Code::CannotHold,
                        span,
                        format!("{} has no state that could be lost", a(info.name.text)),
                    )
                    .label(info.name.span, "the kind")
                    .help("give the kind `states`, or make it `exclusive on node`"),
                );
                None
            }
        }
    }

    /// An `undo` must name an action that fits; what it does is understood where it is used.
    fn check_undo(&mut self, call: &Call<'s>, host: Option<&Value<'s>>, span: Span) {
        let library = self.library;
        match library.action(call.name.text) {
            None => {
                let diagnostic = self.unknown_action(call);
                self.report(diagnostic);
            }
            Some(declared) => {
                self.arguments(call, &declared.params);
                if declared.tree.host.is_some() && host.is_none() {
                    self.report(
                        Diagnostic::error(
                            Code::MissingTarget,
                            span,
                            format!("`{}` needs a node to run on", call.name.text),
                        )
                        .help("give this action `on host: node`"),
                    );
                }
            }
        }
    }

    /// A duration in milliseconds.
    pub(super) fn duration(&mut self, operand: &Operand<'s>) -> Option<u64> {
        let Value::Duration(ms) = self.operand(operand, &Ty::Duration) else { return None };
        let wrong = match ms {
            0 => "a duration of zero is none",
            1..=limits::TIME_MS => return Some(ms),
            _ => "a duration of more than 30 days is no part of a plan",
        };
        self.report(
            Diagnostic::error(Code::BadLiteral, operand.span, wrong)
                .help("give a duration such as `30s` or `10m`, or leave the clause out"),
        );
        None
    }

    fn verdict(&mut self, verdict: &tree::Verdict<'s>) -> Verdict {
        match verdict {
            tree::Verdict::Success => Verdict::Success,
            tree::Verdict::Failure => Verdict::Failure,
            tree::Verdict::Warning => Verdict::Warning,
            tree::Verdict::Ask(text) => Verdict::Ask(self.template(text, Use::Message)),
        }
    }

    /// A pattern that the executor and every POSIX tool understand alike.
    pub(super) fn pattern(&mut self, text: &Text<'s>) -> Option<String> {
        let pattern = unescape(text);
        match crate::calculus::check_pattern(&pattern) {
            Ok(()) => Some(pattern),
            Err(why) => {
                self.report(Diagnostic::error(Code::BadPattern, text.span, why).help(
                    "use letters, `.`, `[…]`, `*`, `+`, `?`, `(…)`, `|`, `^`, `$`, and a backslash before a sign",
                ));
                None
            }
        }
    }

    /// `let NAME = output`, `let NAME = match "…" in output`.
    pub(super) fn capture(&mut self, pattern: Option<&Text<'s>>, value: crate::calculus::ValueId) -> Option<Capture> {
        let pattern = match pattern {
            Some(text) => Some(self.pattern(text)?),
            None => None,
        };
        Some(Capture { value, pattern })
    }

    /// A number of repetitions within its limit.
    pub(super) fn times(&mut self, n: u32, limit: u32, span: Span) -> u32 {
        if n > limit {
            self.report(
                Diagnostic::error(Code::TooBig, span, format!("{n} times are too many"))
                    .help(format!("at most {limit}; wait with `wait until` instead")),
            );
        }
        n.min(limit)
    }
}

/// Several scripts as one: each runs if the ones before succeeded.
fn in_order(mut scripts: Vec<Template>) -> Template {
    if scripts.len() < 2 {
        return scripts.pop().unwrap_or_default();
    }
    let mut pieces = Vec::new();
    for (i, script) in scripts.into_iter().enumerate() {
        pieces.push(Piece::Text(if i == 0 { "{ ".into() } else { "\n} && { ".into() }));
        pieces.extend(script.0);
    }
    pieces.push(Piece::Text("\n}".into()));
    Template(pieces)
}

fn extra_argument<'s>(call: &Call<'s>, name: Option<tree::Name<'s>>, span: Span, params: &[Param<'s>]) -> Diagnostic {
    let words: Vec<_> = params.iter().map(|p| p.name.text).collect();
    match name {
        Some(name) => {
            let error = Diagnostic::error(
                Code::WrongArguments,
                name.span,
                format!("`{}` has no parameter `{}`", call.name.text, name.text),
            );
            match nearest(name.text, words.iter().copied()) {
                Some(word) => error.help(format!("did you mean `{word}`?")).fix(name.span, word),
                None if words.is_empty() => error.help("it has no parameters"),
                None => error.help(format!("its parameters are {}", words.join(", "))),
            }
        }
        None => {
            Diagnostic::error(Code::WrongArguments, span, format!("`{}` takes no further argument", call.name.text))
                .help(if words.is_empty() {
                    "it has no parameters".into()
                } else {
                    format!("its parameters are {}", words.join(", "))
                })
        }
    }
}

/// Whether a plan has unfolded to more than a program may hold.
pub(super) fn too_many(keys: u32) -> bool {
    keys > limits::UNFOLDED
}
