//! Things and their attributes.

use super::Builder;
use super::parts::{Built, Mismatch, Parts};
use crate::base::Span;
use crate::syntax::grammar::Rule;
use crate::syntax::tree::Entity;

impl<'s> Builder<'s, '_> {
    pub(super) fn entity(&mut self, parts: &mut Parts<'_>, span: Span) -> Built<Entity<'s>> {
        let kind = self.name(parts)?;
        let name = self.name(parts)?;
        let mut entity = Entity { kind, name, attrs: Vec::new(), inner: Vec::new(), span };
        for pair in parts {
            let span = self.place(&pair);
            let rule = pair.as_rule();
            let mut parts = Parts::of(pair);
            match rule {
                Rule::attr => entity.attrs.push((self.name(&mut parts)?, self.operand(&mut parts)?)),
                Rule::entity => entity.inner.push(self.entity(&mut parts, span)?),
                _ => return Err(Mismatch),
            }
        }
        Ok(entity)
    }
}
