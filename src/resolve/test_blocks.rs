//! `test` blocks: parsed, resolved, their references checked. Running them is the drill's business.

use super::Resolver;
use crate::base::{Code, Diagnostic, nearest};
use crate::syntax::tree::{ExpectationKind, ExprKind, OperandKind, StepRef, Test};
use std::collections::HashSet;

/// Checks that everything a test names exists in its plan.
pub(super) fn check<'s>(resolver: &Resolver<'s>, test: &Test<'s>) -> Vec<Diagnostic> {
    let Some(call) = &test.plan else {
        return vec![
            Diagnostic::error(Code::TestNames, test.title.span, "the test does not say which plan it is about")
                .help("add `plan NAME(…)`"),
        ];
    };
    let (done, mut diagnostics) = resolver.called(call, call.name.text);
    let Some(done) = done else { return diagnostics };
    let mut refs: Vec<StepRef<'s>> = test.when.iter().map(|w| w.step).collect();
    for expectation in &test.expect {
        match &expectation.kind {
            ExpectationKind::Ran(steps) | ExpectationKind::Skipped(steps) => refs.extend(steps),
            ExpectationKind::RanBefore(a, b) => refs.extend([*a, *b]),
            ExpectationKind::RanTimes(a, _) => refs.push(*a),
            ExpectationKind::Lost(path) => {
                let name = path.names.last().map_or("", |n| n.text);
                if !done.plan.cells.iter().any(|c| c.name == name) {
                    diagnostics.push(
                        Diagnostic::error(Code::TestNames, path.span, format!("the plan never touches `{name}`"))
                            .help("name a thing whose data the plan may lose"),
                    );
                }
            }
            ExpectationKind::Completed
            | ExpectationKind::Stopped
            | ExpectationKind::Cancelled
            | ExpectationKind::State(_) => {}
        }
    }
    for step in refs {
        if !known(&done.names, step.text) {
            let plain: HashSet<&str> = done.names.iter().map(|n| plain(n)).collect();
            let error = Diagnostic::error(Code::TestNames, step.span, format!("the plan has no step `{}`", step.text));
            diagnostics.push(match nearest(self::plain(step.text), plain) {
                Some(word) => error.help(format!("did you mean `{word}`?")),
                None => error.help("name a step or phase of the plan, or a copy of one: `step[member]`"),
            });
        }
    }
    diagnostics.extend(givens(test, &done.plan));
    diagnostics
}

/// A name without what tells its copies apart.
fn plain(name: &str) -> &str {
    name.split(['[', '.', '~']).next().unwrap_or(name)
}

/// A step by its full name, or all copies of one by its plain name.
fn known(names: &HashSet<String>, text: &str) -> bool {
    names.contains(text)
        || names.iter().any(|n| n.strip_prefix(text).is_some_and(|rest| rest.starts_with(['[', '.', '~'])))
}

/// `given answers(ec1) is true`, `given firewalls are excluded`: each must be an atom of the plan and one of its answers.
fn givens<'s>(test: &Test<'s>, plan: &crate::model::Plan) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for expr in &test.given {
        let ExprKind::Is { subject, options, .. } = &expr.kind else { continue };
        let name = match &subject.kind {
            OperandKind::Call(call) => call.name.text,
            OperandKind::Path(path) => path.names.first().map_or("", |n| n.text),
            _ => continue,
        };
        let atom = plan.atoms.iter().find(|a| plain(&a.name) == name || a.name.split('(').next() == Some(name));
        match (atom, &subject.kind) {
            (Some(atom), _) => {
                let fits = |o: &str| {
                    atom.options.iter().any(|a| a == o) || (atom.options.len() == 2 && matches!(o, "true" | "false"))
                };
                for option in options.iter().filter(|o| !fits(o.text)) {
                    found.push(
                        Diagnostic::error(
                            Code::TestNames,
                            option.span,
                            format!("`{name}` cannot be `{}`", option.text),
                        )
                        .help(format!("its answers are {}", atom.options.join(", "))),
                    );
                }
            }
            (None, OperandKind::Call(call)) => found.push(
                Diagnostic::error(Code::TestNames, call.span, format!("the plan never asks `{name}`"))
                    .help("name a probe that a condition of the plan uses"),
            ),
            (None, _) if !plan.cells.iter().any(|c| c.name == name) => found.push(
                Diagnostic::error(Code::TestNames, subject.span, format!("nothing in the plan depends on `{name}`"))
                    .help("name a decision, a probe or a thing of the plan"),
            ),
            (None, _) => {}
        }
    }
    found
}
