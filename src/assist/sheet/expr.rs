//! The names in conditions, values and texts.

use super::collect::{Collector, bytes};
use super::{Sort, Ty, Use, Wanted};
use crate::syntax::tree::{Expr, ExprKind, Operand, OperandKind, Path, Place, StepRef, Text};

impl Collector {
    pub(super) fn exprs(&mut self, exprs: &[Expr<'_>]) {
        exprs.iter().for_each(|expr| self.expr(expr));
    }

    /// A condition or fact.
    pub(super) fn expr(&mut self, expr: &Expr<'_>) {
        match &expr.kind {
            ExprKind::Or(parts) | ExprKind::And(parts) => self.exprs(parts),
            ExprKind::Not(inner) => self.expr(inner),
            ExprKind::Quantified { var, set, body, .. } => {
                self.operand(set);
                let ty = Ty::Member(Box::new(ty_of(set)));
                self.within(self.owner, expr.span, |c| {
                    c.declare(Sort::Variable, *var, expr.span, ty, None);
                    c.expr(body);
                });
            }
            ExprKind::Is { subject, options, .. } => {
                self.operand(subject);
                for option in options {
                    self.name(*option, Wanted::State(ty_of(subject)));
                }
            }
            ExprKind::On { subject, place, .. } => {
                self.operand(subject);
                match place {
                    Some(Place::Node(path)) => self.path(path),
                    Some(Place::AnyOf(set)) => self.operand(set),
                    None => {}
                }
            }
            ExprKind::Include { subject, what } => {
                self.operand(subject);
                // A kind, or a thing: names of both are looked for.
                self.name(*what, Wanted::State(Ty::Unknown));
            }
            ExprKind::Agree { subject, field } => {
                self.operand(subject);
                self.name(*field, Wanted::Field(Ty::Member(Box::new(ty_of(subject)))));
            }
            ExprKind::Outcome { step, .. } => self.step(step, &Wanted::Step),
            ExprKind::Compare { left, right, .. } => {
                self.operand(left);
                self.operand(right);
            }
            ExprKind::Operand(operand) => self.operand(operand),
        }
    }

    /// A value.
    pub(super) fn operand(&mut self, operand: &Operand<'_>) {
        match &operand.kind {
            OperandKind::Text(text) => self.holes(text),
            OperandKind::Number(_) | OperandKind::Duration(_) => {}
            OperandKind::Path(path) => self.path(path),
            OperandKind::List(members) => members.iter().for_each(|member| self.operand(member)),
            OperandKind::Call(call) => self.call(call, Wanted::Probe),
            OperandKind::Group(expr) => self.expr(expr),
            OperandKind::Except(all, except) => {
                self.operand(all);
                self.operand(except);
            }
            OperandKind::IfThen(condition, yes, no) => {
                self.expr(condition);
                self.operand(yes);
                self.operand(no);
            }
        }
    }

    /// A value of a known type: a word of `one of a, b` names nothing.
    pub(super) fn chosen(&mut self, operand: &Operand<'_>, ty: &Ty) {
        let word = matches!((&operand.kind, ty), (OperandKind::Path(path), Ty::OneOf(words))
            if matches!(path.names.as_slice(), [only] if words.iter().any(|word| word == only.text)));
        if !word {
            self.operand(operand);
        }
    }

    /// `from.manager.host`
    pub(super) fn path(&mut self, path: &Path<'_>) {
        let mut before: Vec<String> = Vec::new();
        for name in &path.names {
            let wanted = if before.is_empty() { Wanted::Value } else { Wanted::Field(Ty::Value(before.clone())) };
            before.push(name.text.into());
            self.name(*name, wanted);
        }
    }

    /// `restart[web].vs2`: the step, and what stands between the brackets.
    pub(super) fn step(&mut self, step: &StepRef<'_>, wanted: &Wanted) {
        let (start, mut rest) = (bytes(step.span).start, step.text);
        let mut at = start;
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        let mut wanted = Some(wanted.clone());
        while !rest.is_empty() {
            let len = rest.find(|c: char| !is_name(c)).unwrap_or(rest.len());
            let (word, after) = rest.split_at(len);
            if !word.is_empty() {
                // What follows the name are members: things.
                let wanted = wanted.take().unwrap_or(Wanted::Value);
                self.uses.push(Use { at: at..at + len, name: word.into(), wanted });
            }
            let skip = after.find(is_name).unwrap_or(after.len());
            at += len + skip;
            rest = after.get(skip..).unwrap_or("");
        }
    }

    /// The names in `{{…}}`.
    pub(super) fn holes(&mut self, text: &Text<'_>) {
        let mut from = 0;
        while let Some(open) = text.raw.get(from..).and_then(|rest| rest.find("{{")) {
            let start = from + open + 2;
            let Some(len) = text.raw.get(start..).and_then(|rest| rest.find("}}")) else { return };
            let inner = text.raw.get(start..start + len).unwrap_or("");
            self.hole(inner, bytes(text.span).start + start);
            from = start + len + 2;
        }
    }

    fn hole(&mut self, inner: &str, start: usize) {
        let mut before: Vec<String> = Vec::new();
        let mut at = start;
        for part in inner.split('.') {
            let name = part.trim();
            let lead = part.len() - part.trim_start().len();
            if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')) {
                return;
            }
            let wanted = if before.is_empty() { Wanted::Value } else { Wanted::Field(Ty::Value(before.clone())) };
            before.push(name.into());
            self.uses.push(Use { at: at + lead..at + lead + name.len(), name: name.into(), wanted });
            at += part.len() + 1;
        }
    }
}

/// The type of a value, as far as it tells itself.
pub(super) fn ty_of(operand: &Operand<'_>) -> Ty {
    match &operand.kind {
        OperandKind::Text(_) => Ty::Named("string".into()),
        OperandKind::Number(_) => Ty::Named("number".into()),
        OperandKind::Duration(_) => Ty::Named("duration".into()),
        OperandKind::Path(path) => Ty::Value(path.names.iter().map(|name| name.text.into()).collect()),
        OperandKind::List(members) => members.first().map_or(Ty::Unknown, |one| Ty::SetOf(Box::new(ty_of(one)))),
        OperandKind::Call(_) | OperandKind::Group(_) => Ty::Named("bool".into()),
        OperandKind::Except(all, _) => ty_of(all),
        OperandKind::IfThen(_, yes, _) => ty_of(yes),
    }
}
