//! The clauses of actions, probes and steps.

use super::Builder;
use super::expr::begins_operand;
use super::parts::{Built, Mismatch, Parts};
use crate::syntax::grammar::Rule;
use crate::syntax::tree::{Clause, ClauseKind, Condition, Operand, Overdue, Verdict};
use pest::iterators::Pair;

impl<'s> Builder<'s, '_> {
    pub(super) fn clauses(&mut self, parts: &mut Parts<'_>) -> Built<Vec<Clause<'s>>> {
        parts.each(|clause| self.clause(clause))
    }

    pub(super) fn clause(&mut self, pair: Pair<'_, Rule>) -> Built<Clause<'s>> {
        let span = self.place(&pair);
        let rule = pair.as_rule();
        let mut parts = Parts::of(pair);
        let parts = &mut parts;
        let kind = match rule {
            Rule::only_if | Rule::unless | Rule::after => ClauseKind::When(self.condition(rule, parts)?),
            Rule::needs
            | Rule::acquires
            | Rule::releases
            | Rule::moves
            | Rule::ensures
            | Rule::fences
            | Rule::isolates
            | Rule::loses
            | Rule::attests
            | Rule::through => self.effect(rule, parts)?,
            Rule::exit_means | Rule::output_means | Rule::capture => self.meaning(rule, parts)?,
            Rule::within
            | Rule::usually
            | Rule::idempotent
            | Rule::env
            | Rule::commits
            | Rule::retry
            | Rule::retry_from
            | Rule::if_possible => self.manner(rule, parts)?,
            _ => self.deed(rule, parts)?,
        };
        Ok(Clause { kind, span })
    }

    pub(super) fn condition(&mut self, rule: Rule, parts: &mut Parts<'_>) -> Built<Condition<'s>> {
        Ok(match rule {
            Rule::only_if => Condition::OnlyIf(self.expr(parts)?),
            Rule::unless => Condition::Unless(self.expr(parts)?),
            Rule::after => Condition::After { steps: self.step_refs(parts)?, finished: parts.has(Rule::finished) },
            _ => return Err(Mismatch),
        })
    }

    fn effect(&mut self, rule: Rule, parts: &mut Parts<'_>) -> Built<ClauseKind<'s>> {
        Ok(match rule {
            Rule::needs => ClauseKind::Needs(self.exprs(parts)?),
            Rule::acquires => ClauseKind::Acquires(self.path(parts)?, self.maybe_path(parts)?),
            Rule::releases => ClauseKind::Releases(self.path(parts)?, self.maybe_path(parts)?),
            Rule::moves => ClauseKind::Moves(self.path(parts)?, self.path(parts)?, self.path(parts)?),
            Rule::ensures => ClauseKind::Ensures(self.exprs(parts)?),
            Rule::fences => ClauseKind::Fences(self.path(parts)?),
            Rule::isolates => ClauseKind::Isolates(self.path(parts)?),
            Rule::loses => ClauseKind::Loses(self.path(parts)?),
            Rule::attests => ClauseKind::Attests(self.exprs(parts)?),
            Rule::through => ClauseKind::Through(self.paths(parts)?),
            _ => return Err(Mismatch),
        })
    }

    fn deed(&mut self, rule: Rule, parts: &mut Parts<'_>) -> Built<ClauseKind<'s>> {
        Ok(match rule {
            Rule::run => ClauseKind::Run(self.text(parts)?),
            Rule::verify => ClauseKind::Verify(self.text(parts)?),
            Rule::undo => ClauseKind::Undo(self.call(parts)?),
            Rule::act => ClauseKind::Do(self.call(parts)?),
            Rule::ask => ClauseKind::Ask(self.text(parts)?),
            Rule::answer => {
                let name = self.name(parts)?;
                ClauseKind::Answer { name, label: self.maybe_text(parts)?, stops: parts.has(Rule::stops) }
            }
            Rule::by => ClauseKind::By(self.name(parts)?),
            Rule::tell => ClauseKind::Tell(self.text(parts)?),
            Rule::wait_until => ClauseKind::WaitUntil(Box::new(self.expr(parts)?), self.maybe_operand(parts)?),
            Rule::wait_for => ClauseKind::WaitFor(self.operand(parts)?),
            _ => return Err(Mismatch),
        })
    }

    fn manner(&mut self, rule: Rule, parts: &mut Parts<'_>) -> Built<ClauseKind<'s>> {
        Ok(match rule {
            Rule::within => ClauseKind::Within(self.operand(parts)?, self.overdue(parts)?),
            Rule::usually => ClauseKind::Usually(self.operand(parts)?),
            Rule::idempotent => ClauseKind::Idempotent,
            Rule::env => ClauseKind::Env(self.name(parts)?, self.operand(parts)?),
            Rule::commits => ClauseKind::Commits(self.maybe_text(parts)?),
            Rule::retry => ClauseKind::Retry(self.number(parts)?, self.maybe_operand(parts)?),
            Rule::retry_from => ClauseKind::RetryFrom(self.name(parts)?, self.number(parts)?),
            Rule::if_possible => ClauseKind::IfPossible,
            _ => return Err(Mismatch),
        })
    }

    fn overdue(&mut self, parts: &mut Parts<'_>) -> Built<Overdue<'s>> {
        if parts.has(Rule::then_kill) {
            return Ok(Overdue::Kill);
        }
        match parts.maybe(Rule::else_answer) {
            Some(answer) => Ok(Overdue::Answer(self.name(&mut Parts::of(answer))?)),
            None => Ok(Overdue::Fails),
        }
    }

    fn meaning(&mut self, rule: Rule, parts: &mut Parts<'_>) -> Built<ClauseKind<'s>> {
        Ok(match rule {
            Rule::exit_means => {
                let mut codes = Vec::new();
                while parts.peek() == Some(Rule::number) {
                    codes.push(self.number(parts)?);
                }
                ClauseKind::ExitMeans(codes, self.verdict(parts)?)
            }
            Rule::output_means => ClauseKind::OutputMeans(self.text(parts)?, self.verdict(parts)?),
            Rule::capture => ClauseKind::Capture(self.name(parts)?, self.maybe_text(parts)?),
            _ => return Err(Mismatch),
        })
    }

    fn verdict(&mut self, parts: &mut Parts<'_>) -> Built<Verdict<'s>> {
        let pair = parts.need(Rule::verdict)?;
        Ok(match self.word(self.start(&pair)).text {
            "success" => Verdict::Success,
            "failure" => Verdict::Failure,
            "warning" => Verdict::Warning,
            _ => Verdict::Ask(self.text(&mut Parts::of(pair))?),
        })
    }

    /// An operand, if the next part begins one.
    pub(super) fn maybe_operand(&mut self, parts: &mut Parts<'_>) -> Built<Option<Operand<'s>>> {
        match parts.peek() {
            Some(rule) if begins_operand(rule) => self.operand(parts).map(Some),
            _ => Ok(None),
        }
    }
}
