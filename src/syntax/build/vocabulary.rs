//! Kinds, actions, probes, rules.

use super::Builder;
use super::parts::{Built, Mismatch, Parts};
use crate::base::Span;
use crate::syntax::grammar::Rule;
use crate::syntax::tree::{Action, Extend, Field, Held, Kind, Probe, Rule as RuleItem, Type, TypeKind};
use pest::iterators::Pair;

impl<'s> Builder<'s, '_> {
    pub(super) fn kind(&mut self, parts: &mut Parts<'_>, span: Span) -> Built<Kind<'s>> {
        let name = self.name(parts)?;
        let parent = match parts.maybe(Rule::parent) {
            Some(parent) => Some(self.name(&mut Parts::of(parent))?),
            None => None,
        };
        let title = self.maybe_text(parts)?;
        let mut kind = Kind {
            name,
            parent,
            title,
            fields: Vec::new(),
            states: Vec::new(),
            rests: Vec::new(),
            rests_on: None,
            held: None,
            volatile: None,
            until_restart: false,
            span,
        };
        for clause in parts {
            self.kind_clause(&mut kind, clause)?;
        }
        Ok(kind)
    }

    fn kind_clause(&mut self, kind: &mut Kind<'s>, clause: Pair<'_, Rule>) -> Built<()> {
        let span = self.place(&clause);
        let rule = clause.as_rule();
        let mut parts = Parts::of(clause);
        match rule {
            Rule::field => kind.fields.push(self.field(&mut parts, span)?),
            Rule::states => kind.states.extend(self.names(&mut parts)?),
            Rule::rests if parts.peek() == Some(Rule::rests_on) => {
                kind.rests_on = Some(self.name(&mut parts.inner()?)?);
            }
            Rule::rests => kind.rests.extend(self.names(&mut parts)?),
            Rule::exclusive | Rule::shared => {
                let holder = self.name(&mut parts)?;
                kind.held = Some(Held { shared: rule == Rule::shared, kind: holder, span });
            }
            Rule::volatile => {
                kind.volatile = Some(span);
                kind.until_restart = parts.has(Rule::until_restart);
            }
            _ => return Err(Mismatch),
        }
        Ok(())
    }

    pub(super) fn extend(&mut self, parts: &mut Parts<'_>, span: Span) -> Built<Extend<'s>> {
        let kind = self.name(parts)?;
        Ok(Extend { kind, fields: self.fields(parts)?, span })
    }

    pub(super) fn action(&mut self, parts: &mut Parts<'_>, span: Span) -> Built<Action<'s>> {
        let name = self.name(parts)?;
        let params = self.params(parts)?;
        let host = match parts.maybe(Rule::host) {
            Some(host) => {
                let mut parts = Parts::of(host);
                Some((self.name(&mut parts)?, self.name(&mut parts)?))
            }
            None => None,
        };
        let title = self.maybe_text(parts)?;
        Ok(Action { name, params, host, title, clauses: self.clauses(parts)?, span })
    }

    pub(super) fn probe(&mut self, parts: &mut Parts<'_>, span: Span) -> Built<Probe<'s>> {
        let name = self.name(parts)?;
        let params = self.params(parts)?;
        let title = self.maybe_text(parts)?;
        let mut probe = Probe { name, params, title, on: None, clauses: Vec::new(), yes_means: Vec::new(), span };
        while let Some(rule) = parts.peek() {
            match rule {
                Rule::probe_on => probe.on = Some(self.path(&mut parts.inner()?)?),
                Rule::yes_means => probe.yes_means.extend(self.exprs(&mut parts.inner()?)?),
                _ => probe.clauses.push(self.clause(parts.any()?)?),
            }
        }
        Ok(probe)
    }

    pub(super) fn rule(&mut self, parts: &mut Parts<'_>, span: Span) -> Built<RuleItem<'s>> {
        let name = self.name(parts)?;
        let params = self.params(parts)?;
        let title = self.maybe_text(parts)?;
        let mut requires = Vec::new();
        for require in parts {
            let mut parts = Parts::of(require);
            requires.push((self.expr(&mut parts)?, self.maybe_text(&mut parts)?));
        }
        Ok(RuleItem { name, params, title, requires, span })
    }

    pub(super) fn params(&mut self, parts: &mut Parts<'_>) -> Built<Vec<Field<'s>>> {
        let params = parts.need(Rule::params)?;
        self.fields(&mut Parts::of(params))
    }

    fn fields(&mut self, parts: &mut Parts<'_>) -> Built<Vec<Field<'s>>> {
        parts.each(|field| {
            let span = self.place(&field);
            self.field(&mut Parts::of(field), span)
        })
    }

    fn field(&mut self, parts: &mut Parts<'_>, span: Span) -> Built<Field<'s>> {
        let name = self.name(parts)?;
        let ty = self.field_type(parts.any()?)?;
        let default = if parts.peek().is_some() { Some(self.operand(parts)?) } else { None };
        Ok(Field { name, ty, default, span })
    }

    fn field_type(&mut self, pair: Pair<'_, Rule>) -> Built<Type<'s>> {
        let span = self.place(&pair);
        let kind = match pair.as_rule() {
            Rule::name => TypeKind::Named(self.word(span.start as usize)),
            Rule::set_of => TypeKind::Set(self.name(&mut Parts::of(pair))?),
            Rule::one_of => TypeKind::OneOf(self.names(&mut Parts::of(pair))?),
            _ => return Err(Mismatch),
        };
        Ok(Type { kind, span })
    }
}
