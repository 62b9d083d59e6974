//! Conditions, facts and values.
//!
//! The grammar gives a condition as a flat list of parts (`not`, subject, statement, `and` …); precedence is made here.

use super::Builder;
use super::parts::{Built, Mismatch, Parts};
use crate::base::{Code, Diagnostic, Span};
use crate::syntax::grammar::Rule;
use crate::syntax::tree::{Call, Comparison, Expr, ExprKind, Operand, OperandKind, Place, StepRef};
use pest::iterators::Pair;

impl<'s> Builder<'s, '_> {
    /// All conditions up to the next part that is none.
    pub(super) fn exprs(&mut self, parts: &mut Parts<'_>) -> Built<Vec<Expr<'s>>> {
        let mut exprs = vec![self.expr(parts)?];
        while parts.peek() == Some(Rule::expr) {
            exprs.push(self.expr(parts)?);
        }
        Ok(exprs)
    }

    pub(super) fn expr(&mut self, parts: &mut Parts<'_>) -> Built<Expr<'s>> {
        let mut parts = Parts::of(parts.need(Rule::expr)?);
        let first = self.all(&mut parts)?;
        if parts.peek() != Some(Rule::or) {
            return Ok(first);
        }
        let mut sides = vec![first];
        while parts.has(Rule::or) {
            sides.push(self.all(&mut parts)?);
        }
        joined(sides, ExprKind::Or)
    }

    /// The terms up to the next `or`.
    fn all(&mut self, parts: &mut Parts<'_>) -> Built<Expr<'s>> {
        let first = self.term(parts)?;
        if parts.peek() != Some(Rule::and) {
            return Ok(first);
        }
        let mut terms = vec![first];
        while parts.has(Rule::and) {
            terms.push(self.term(parts)?);
        }
        joined(terms, ExprKind::And)
    }

    fn term(&mut self, parts: &mut Parts<'_>) -> Built<Expr<'s>> {
        let mut nots = Vec::new();
        while let Some(not) = parts.maybe(Rule::not) {
            nots.push(self.place(&not));
        }
        let mut expr = match parts.maybe(Rule::quantified) {
            Some(quantified) => self.quantified(quantified)?,
            None => self.predicate(parts)?,
        };
        while let Some(not) = nots.pop() {
            let span = not.to(expr.span);
            expr = Expr { kind: ExprKind::Not(Box::new(expr)), span };
        }
        Ok(expr)
    }

    fn quantified(&mut self, pair: Pair<'_, Rule>) -> Built<Expr<'s>> {
        let span = self.place(&pair);
        let some = self.slice(span).starts_with("some");
        let mut parts = Parts::of(pair);
        let var = self.name(&mut parts)?;
        let set = self.operand(&mut parts)?;
        let body = Box::new(self.expr(&mut parts)?);
        Ok(Expr { kind: ExprKind::Quantified { some, var, set, body }, span })
    }

    fn predicate(&mut self, parts: &mut Parts<'_>) -> Built<Expr<'s>> {
        let subject = self.operand(parts)?;
        let statement = match parts.peek() {
            Some(Rule::is | Rule::on | Rule::compares | Rule::includes | Rule::agrees | Rule::succeeded) => {
                parts.any()?
            }
            _ => {
                let span = subject.span;
                return Ok(Expr { kind: ExprKind::Operand(subject), span });
            }
        };
        let span = subject.span.to(self.place(&statement));
        let kind = self.statement(subject, statement)?;
        Ok(Expr { kind, span })
    }

    fn statement(&mut self, subject: Operand<'s>, pair: Pair<'_, Rule>) -> Built<ExprKind<'s>> {
        let span = self.place(&pair);
        let rule = pair.as_rule();
        let mut parts = Parts::of(pair);
        let parts = &mut parts;
        Ok(match rule {
            Rule::is => ExprKind::Is { subject, negated: parts.has(Rule::not), options: self.names(parts)? },
            Rule::on => {
                let place = match parts.peek() {
                    Some(Rule::any_of) => Some(Place::AnyOf(self.operand(&mut parts.inner()?)?)),
                    Some(Rule::path) => Some(Place::Node(self.path(parts)?)),
                    _ => None,
                };
                ExprKind::On { subject, place, nowhere: parts.has(Rule::nowhere) }
            }
            Rule::compares => {
                let op = comparison(self.slice(span))?;
                ExprKind::Compare { left: subject, op, right: self.operand(parts)? }
            }
            Rule::includes => ExprKind::Include { subject, what: self.name(parts)? },
            Rule::agrees => ExprKind::Agree { subject, field: self.name(parts)? },
            Rule::succeeded => self.outcome(&subject, span, parts),
            _ => return Err(Mismatch),
        })
    }

    /// `STEP succeeded`: the subject and the bracket after it are the step's name.
    fn outcome(&mut self, subject: &Operand<'s>, span: Span, parts: &mut Parts<'_>) -> ExprKind<'s> {
        if !matches!(subject.kind, OperandKind::Path(_)) {
            let message = "only a step or a phase can succeed";
            self.report(
                Diagnostic::error(Code::UnexpectedWord, subject.span, message).help("write the name of a step"),
            );
        }
        let mut place = subject.span;
        if let Some(member) = parts.maybe(Rule::member) {
            place = place.to(self.place(&member));
        }
        ExprKind::Outcome {
            step: StepRef { text: self.slice(place), span: place },
            succeeded: self.slice(span).ends_with("succeeded"),
        }
    }

    /// All operands up to the next part that is none.
    pub(super) fn operands(&mut self, parts: &mut Parts<'_>) -> Built<Vec<Operand<'s>>> {
        let mut operands = Vec::with_capacity(parts.len());
        while parts.peek().is_some_and(begins_operand) {
            operands.push(self.operand(parts)?);
        }
        Ok(operands)
    }

    pub(super) fn operand(&mut self, parts: &mut Parts<'_>) -> Built<Operand<'s>> {
        let mut operand = self.value(parts)?;
        while parts.has(Rule::except) {
            let right = self.value(parts)?;
            let span = operand.span.to(right.span);
            operand = Operand { kind: OperandKind::Except(Box::new(operand), Box::new(right)), span };
        }
        Ok(operand)
    }

    fn value(&mut self, parts: &mut Parts<'_>) -> Built<Operand<'s>> {
        if parts.peek() == Some(Rule::path) {
            return self.path_or_call(parts);
        }
        let pair = parts.any()?;
        let span = self.place(&pair);
        let kind = match pair.as_rule() {
            Rule::string => OperandKind::Text(self.string(&pair)),
            Rule::duration => OperandKind::Duration(self.duration(&pair)),
            Rule::number => OperandKind::Number(self.integer(&pair)),
            Rule::list => OperandKind::List(self.operands(&mut Parts::of(pair))?),
            Rule::group => OperandKind::Group(Box::new(self.expr(&mut Parts::of(pair))?)),
            Rule::if_then => {
                let mut parts = Parts::of(pair);
                let condition = Box::new(self.expr(&mut parts)?);
                let yes = Box::new(self.operand(&mut parts)?);
                OperandKind::IfThen(condition, yes, Box::new(self.operand(&mut parts)?))
            }
            _ => return Err(Mismatch),
        };
        Ok(Operand { kind, span })
    }

    fn path_or_call(&mut self, parts: &mut Parts<'_>) -> Built<Operand<'s>> {
        let path = self.path(parts)?;
        let Some(args) = parts.maybe(Rule::args) else {
            let span = path.span;
            return Ok(Operand { kind: OperandKind::Path(path), span });
        };
        if path.names.len() > 1 {
            let message = format!("`{}` is not the name of a probe", self.slice(path.span));
            let help = "a call begins with a plain name: `name(…)`";
            self.report(Diagnostic::error(Code::UnexpectedWord, path.span, message).help(help));
        }
        let name = *path.names.first().ok_or(Mismatch)?;
        let span = path.span.to(self.place(&args));
        let args = self.args(args)?;
        Ok(Operand { kind: OperandKind::Call(Call { name, args, span }), span })
    }

    pub(super) fn call(&mut self, parts: &mut Parts<'_>) -> Built<Call<'s>> {
        let pair = parts.need(Rule::call)?;
        let span = self.place(&pair);
        let mut parts = Parts::of(pair);
        let name = self.name(&mut parts)?;
        let args = self.args(parts.need(Rule::args)?)?;
        Ok(Call { name, args, span })
    }

    fn args(&mut self, pair: Pair<'_, Rule>) -> Built<Vec<(Option<crate::syntax::tree::Name<'s>>, Operand<'s>)>> {
        let mut parts = Parts::of(pair);
        let mut args = Vec::with_capacity(parts.len());
        while parts.peek().is_some() {
            let label = parts.maybe(Rule::label).map(|label| self.word(self.start(&label)));
            args.push((label, self.operand(&mut parts)?));
        }
        Ok(args)
    }
}

/// Whether a part of this rule is an operand or its beginning.
pub(super) fn begins_operand(rule: Rule) -> bool {
    matches!(rule, Rule::path | Rule::string | Rule::duration | Rule::number | Rule::list | Rule::group | Rule::if_then)
}

/// Several terms as one.
fn joined<'s>(exprs: Vec<Expr<'s>>, kind: fn(Vec<Expr<'s>>) -> ExprKind<'s>) -> Built<Expr<'s>> {
    let span = exprs.first().ok_or(Mismatch)?.span.to(exprs.last().ok_or(Mismatch)?.span);
    Ok(Expr { kind: kind(exprs), span })
}

/// The comparison that the text begins with.
fn comparison(text: &str) -> Built<Comparison> {
    let signs = [
        ("==", Comparison::Equal),
        ("!=", Comparison::NotEqual),
        ("<=", Comparison::AtMost),
        (">=", Comparison::AtLeast),
        ("<", Comparison::Less),
        (">", Comparison::Greater),
    ];
    signs.into_iter().find(|(sign, _)| text.starts_with(sign)).map(|(_, comparison)| comparison).ok_or(Mismatch)
}
