//! `test` blocks: resolved against their plan, their references checked. Running them is the drill's business.

use super::Resolver;
use super::elaborate::{Elaborator, unescape};
use crate::base::{Code, Diagnostic, Span, nearest};
use crate::calculus::{AtomId, CellId};
use crate::model::{Ending, Expectation, Expected, Fault, Given, Injection, Named, Plan, Premise, Scenario};
use crate::syntax::tree::{self, Expr, ExprKind, Name, Operand, OperandKind, StepRef, Test};
use std::collections::HashSet;

/// The test as data, unless its plan cannot be had, and what is wrong with it.
pub(super) fn resolve<'s>(resolver: &Resolver<'s>, test: &Test<'s>) -> (Option<Scenario>, Vec<Diagnostic>) {
    let Some(call) = &test.plan else {
        let error = Diagnostic::error(Code::TestNames, test.title.span, "the test does not say which plan it is about");
        return (None, vec![error.help("add `plan NAME(…)`")]);
    };
    if test.expect.is_empty() {
        let error = Diagnostic::error(Code::TestNames, test.title.span, "the test expects nothing, so it cannot fail");
        return (None, vec![error.help("add `expect …`, if only `expect completed`")]);
    }
    // `plan switchback()` is the plan that the name stands for, with its arguments.
    let alias = resolver.library.aliases().iter().find(|a| a.name.text == call.name.text);
    let called = alias.map_or(call, |alias| &alias.call);
    let (done, mut diagnostics) =
        resolver.called(called, call.name.text, |elaborator| Reading::of(resolver, elaborator, test));
    if let (Some(alias), Some((_, first))) = (alias, call.args.first()) {
        let error =
            Diagnostic::error(Code::WrongArguments, first.span, format!("`{}` has its arguments", alias.name.text));
        diagnostics.push(error.label(alias.name.span, "here").help("leave them out"));
    }
    let Some((done, reading)) = done else { return (None, diagnostics) };
    let scenario = Scenario {
        title: unescape(&test.title),
        span: test.title.span,
        plan: done.plan,
        given: reading.given,
        faults: reading.faults,
        expect: reading.expect,
    };
    let diagnostics: Vec<_> = diagnostics.into_iter().chain(reading.diagnostics).collect();
    let broken = diagnostics.iter().any(Diagnostic::is_error);
    ((!broken).then_some(scenario), diagnostics)
}

/// The clauses of a test as far as they are read.
#[derive(Default)]
struct Reading {
    names: HashSet<String>,
    given: Vec<Given>,
    faults: Vec<Injection>,
    expect: Vec<Expected>,
    diagnostics: Vec<Diagnostic>,
}

impl Reading {
    fn of<'s>(resolver: &Resolver<'s>, plan: &mut Elaborator<'_, 's>, test: &Test<'s>) -> Reading {
        let mut reading = Reading { names: plan.taken(), ..Reading::default() };
        for expr in &test.given {
            reading.given(resolver, plan, expr);
        }
        for when in &test.when {
            let steps = reading.named(when.step);
            reading.faults.push(Injection { steps, fault: fault(when.fault), times: when.times, span: when.span });
        }
        for expected in &test.expect {
            let what = reading.expectation(plan, &expected.kind);
            reading.expect.extend(what.map(|what| Expected { what, span: expected.span }));
        }
        reading
    }

    fn expectation<'s>(
        &mut self,
        plan: &mut Elaborator<'_, 's>,
        kind: &tree::ExpectationKind<'s>,
    ) -> Option<Expectation> {
        use tree::ExpectationKind as Kind;
        Some(match kind {
            Kind::Ran(steps) => Expectation::Ran(steps.iter().map(|s| self.named(*s)).collect()),
            Kind::Skipped(steps) => Expectation::Skipped(steps.iter().map(|s| self.named(*s)).collect()),
            Kind::RanBefore(a, b) => Expectation::RanBefore(self.named(*a), self.named(*b)),
            Kind::RanTimes(step, times) => Expectation::RanTimes(self.named(*step), *times),
            Kind::Lost(path) => Expectation::Lost(self.lost(plan.unfolded(), path)?),
            Kind::Completed => Expectation::Ends(Ending::Completed),
            Kind::Stopped => Expectation::Ends(Ending::Stopped),
            Kind::Cancelled => Expectation::Ends(Ending::Cancelled),
            Kind::State(expr) => Expectation::State(plan.test_facts(expr)),
        })
    }

    fn lost(&mut self, plan: &Plan, path: &tree::Path<'_>) -> Option<CellId> {
        let name = path.names.last().map_or("", |n| n.text);
        let found = plan.cells.iter().position(|c| c.name == name || c.name.strip_suffix(" state") == Some(name));
        if found.is_none() {
            self.diagnostics.push(
                Diagnostic::error(Code::TestNames, path.span, format!("the plan never touches `{name}`"))
                    .help("name a thing whose data the plan may lose"),
            );
        }
        found.map(CellId::at)
    }

    /// A step by its full name, or all copies of one by a shorter name.
    fn named(&mut self, step: StepRef<'_>) -> Named {
        let copy = |n: &String| n.strip_prefix(step.text).is_some_and(|rest| rest.starts_with(['[', '.', '~']));
        if !self.names.contains(step.text) && !self.names.iter().any(copy) {
            let plain: HashSet<&str> = self.names.iter().map(|n| self::plain(n)).collect();
            let error = Diagnostic::error(Code::TestNames, step.span, format!("the plan has no step `{}`", step.text));
            self.diagnostics.push(match nearest(self::plain(step.text), plain) {
                Some(word) => error.help(format!("did you mean `{word}`?")),
                None => error.help("name a step or phase of the plan, or a copy of one: `step[member]`"),
            });
        }
        Named { text: step.text.to_owned(), span: step.span }
    }

    /// `given answers(ec1) is true`, `given firewalls are excluded`, `given primary is down`.
    fn given<'s>(&mut self, resolver: &Resolver<'s>, plan: &mut Elaborator<'_, 's>, expr: &Expr<'s>) {
        let question = match &expr.kind {
            ExprKind::Is { subject, negated, options } => Some((subject, Some(options.as_slice()), *negated)),
            ExprKind::Operand(subject) => Some((subject, None, false)),
            ExprKind::Not(inner) => match &inner.kind {
                ExprKind::Operand(subject) => Some((subject, None, true)),
                _ => None,
            },
            _ => None,
        };
        if let Some((subject, options, negated)) = question
            && self.answer(resolver, plan.unfolded(), subject, options, negated, expr.span)
        {
            return;
        }
        if let Some((Operand { kind: OperandKind::Path(path), .. }, ..)) = question
            && let Some(first) = path.names.first()
            && resolver.library.thing_named(first.text, first.span.file).is_none()
        {
            let message = format!("nothing in the plan depends on `{}`", first.text);
            self.diagnostics.push(
                Diagnostic::error(Code::TestNames, path.span, message)
                    .help("name a decision, a probe or a thing of the plan"),
            );
            return;
        }
        let facts = plan.test_facts(expr);
        self.given.extend(facts.into_iter().map(|fact| Given { what: Premise::Fact(fact), span: expr.span }));
    }

    /// Whether the clause is about an answer; then it is taken in.
    fn answer(
        &mut self,
        resolver: &Resolver<'_>,
        plan: &Plan,
        subject: &Operand<'_>,
        options: Option<&[Name<'_>]>,
        negated: bool,
        span: Span,
    ) -> bool {
        let written: String = resolver.sources.text(subject.span).chars().filter(|c| !c.is_whitespace()).collect();
        let atoms: Vec<AtomId> = plan
            .atoms
            .iter()
            .enumerate()
            .filter(|(_, a)| asks(&a.name, &written))
            .map(|(i, _)| AtomId::at(i))
            .collect();
        let Some(atom) = atoms.first().and_then(|a| plan.atoms.get(a.index())) else {
            let OperandKind::Call(call) = &subject.kind else { return false };
            self.never_asked(plan, call, &written);
            return true;
        };
        let Some(options) = options else {
            let mask = if negated { 1 } else { 2 };
            self.given.push(Given { what: Premise::Answer(atoms, mask), span });
            return true;
        };
        let mut mask = 0;
        for option in options {
            match option_of(&atom.options, option.text) {
                Some(index) => mask |= 1 << index,
                None => self.diagnostics.push(
                    Diagnostic::error(Code::TestNames, option.span, format!("`{written}` cannot be `{}`", option.text))
                        .help(format!("its answers are {}", atom.options.join(", "))),
                ),
            }
        }
        self.given.push(Given { what: Premise::Answer(atoms, if negated { !mask } else { mask }), span });
        true
    }

    fn never_asked(&mut self, plan: &Plan, call: &tree::Call<'_>, written: &str) {
        let error = Diagnostic::error(Code::TestNames, call.span, format!("the plan never asks `{written}`"));
        let same = |a: &&crate::calculus::Atom| a.name.split('(').next() == Some(call.name.text);
        self.diagnostics.push(match plan.atoms.iter().find(same) {
            Some(atom) => error.help(format!("it asks `{}`", atom.name)),
            None => error.help("name a probe that a condition of the plan uses"),
        });
    }
}

/// Whether `written`, without white space, is how a test calls this atom: `hosts(a, b) on c at check` is `hosts(a,b)`.
fn asks(atom: &str, written: &str) -> bool {
    let atom = atom.split_once(')').map_or_else(|| atom.to_owned(), |(call, _)| format!("{call})"));
    atom.chars().filter(|c| !c.is_whitespace()).eq(written.chars())
}

fn option_of(options: &[String], word: &str) -> Option<usize> {
    let word = match word {
        "true" if options.iter().any(|o| o == "yes") => "yes",
        "false" if options.iter().any(|o| o == "no") => "no",
        other => other,
    };
    options.iter().position(|o| o == word)
}

/// A name without what tells its copies apart.
fn plain(name: &str) -> &str {
    name.split(['[', '.', '~']).next().unwrap_or(name)
}

fn fault(fault: tree::Fault) -> Fault {
    match fault {
        tree::Fault::Fails => Fault::Fails,
        tree::Fault::TimesOut => Fault::TimesOut,
        tree::Fault::Succeeds => Fault::Succeeds,
        tree::Fault::Cancelled => Fault::Cancelled,
        tree::Fault::ExecutorLost => Fault::ExecutorLost,
    }
}
