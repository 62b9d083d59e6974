//! Tests and what they expect.

use super::Builder;
use super::parts::{Built, Mismatch, Parts};
use crate::base::Span;
use crate::syntax::grammar::Rule;
use crate::syntax::tree::{Expectation, ExpectationKind, Fault, Test, When};
use pest::iterators::Pair;

impl<'s> Builder<'s, '_> {
    pub(super) fn test(&mut self, parts: &mut Parts<'_>, span: Span) -> Built<Test<'s>> {
        let title = self.text(parts)?;
        let mut test = Test { title, plan: None, given: Vec::new(), when: Vec::new(), expect: Vec::new(), span };
        for clause in parts {
            let span = self.place(&clause);
            let rule = clause.as_rule();
            let mut parts = Parts::of(clause);
            match rule {
                Rule::test_plan => test.plan = Some(self.call(&mut parts)?),
                Rule::given => test.given.extend(self.exprs(&mut parts)?),
                Rule::when => test.when.push(self.when(&mut parts, span)?),
                Rule::expect => {
                    while parts.peek().is_some() {
                        test.expect.push(self.expectation(&mut parts)?);
                    }
                }
                _ => return Err(Mismatch),
            }
        }
        Ok(test)
    }

    fn when(&mut self, parts: &mut Parts<'_>, span: Span) -> Built<When<'s>> {
        let lost = parts.maybe(Rule::executor_lost).is_some();
        let step = self.step_ref(parts)?;
        let fault = match lost {
            true => Fault::ExecutorLost,
            false => self.fault(parts)?,
        };
        let times = match parts.maybe(Rule::count) {
            Some(count) => Some(self.count(count)?),
            None => None,
        };
        Ok(When { step, fault, times, span })
    }

    fn fault(&mut self, parts: &mut Parts<'_>) -> Built<Fault> {
        Ok(match self.word(self.start(&parts.need(Rule::fault)?)).text {
            "fails" => Fault::Fails,
            "times" => Fault::TimesOut,
            "succeeds" => Fault::Succeeds,
            _ => Fault::Cancelled,
        })
    }

    /// `once` or `N times`.
    fn count(&mut self, pair: Pair<'_, Rule>) -> Built<u32> {
        let mut parts = Parts::of(pair);
        if parts.peek().is_none() { Ok(1) } else { self.number(&mut parts) }
    }

    fn expectation(&mut self, parts: &mut Parts<'_>) -> Built<Expectation<'s>> {
        if parts.peek() == Some(Rule::expr) {
            let expr = self.expr(parts)?;
            let span = expr.span;
            return Ok(Expectation { kind: ExpectationKind::State(expr), span });
        }
        let pair = parts.any()?;
        let span = self.place(&pair);
        let rule = pair.as_rule();
        let mut parts = Parts::of(pair);
        let parts = &mut parts;
        let kind = match rule {
            Rule::ran => self.ran(parts)?,
            Rule::skipped => ExpectationKind::Skipped(self.step_refs(parts)?),
            Rule::lost => ExpectationKind::Lost(self.path(parts)?),
            Rule::ending => match self.slice(span) {
                "completed" => ExpectationKind::Completed,
                "stopped" => ExpectationKind::Stopped,
                _ => ExpectationKind::Cancelled,
            },
            _ => return Err(Mismatch),
        };
        Ok(Expectation { kind, span })
    }

    fn ran(&mut self, parts: &mut Parts<'_>) -> Built<ExpectationKind<'s>> {
        let steps = self.step_refs(parts)?;
        let first = *steps.first().ok_or(Mismatch)?;
        if let Some(before) = parts.maybe(Rule::before) {
            return Ok(ExpectationKind::RanBefore(first, self.step_ref(&mut Parts::of(before))?));
        }
        if let Some(count) = parts.maybe(Rule::count) {
            return Ok(ExpectationKind::RanTimes(first, self.count(count)?));
        }
        Ok(ExpectationKind::Ran(steps))
    }
}
