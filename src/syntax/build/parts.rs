//! The parts of a rule, taken one after the other.

use super::Builder;
use crate::base::Span;
use crate::syntax::grammar::Rule;
use pest::iterators::{Pair, Pairs};

/// The grammar and the builder disagree about the parts of a rule: a defect of ours.
#[derive(Clone, Copy, Debug)]
pub(in crate::syntax) struct Mismatch;

/// What the builder makes of the parts of a rule.
pub(in crate::syntax) type Built<T> = Result<T, Mismatch>;

/// What is left of the parts of a rule.
pub(super) struct Parts<'i> {
    pairs: Pairs<'i, Rule>,
    next: Option<Pair<'i, Rule>>,
}

impl<'i> Parts<'i> {
    /// These parts.
    pub(super) fn new(mut pairs: Pairs<'i, Rule>) -> Parts<'i> {
        let next = pairs.next();
        Parts { pairs, next }
    }

    /// The parts of this pair.
    pub(super) fn of(pair: Pair<'i, Rule>) -> Parts<'i> {
        Parts::new(pair.into_inner())
    }

    /// How many parts are left: enough room for what is made of them.
    pub(super) fn len(&self) -> usize {
        self.pairs.len() + usize::from(self.next.is_some())
    }

    /// The rule of the next part.
    pub(super) fn peek(&self) -> Option<Rule> {
        self.next.as_ref().map(Pair::as_rule)
    }

    /// The place of the next part.
    pub(super) fn place(&self, builder: &Builder<'_, '_>) -> Built<Span> {
        self.next.as_ref().map(|pair| builder.place(pair)).ok_or(Mismatch)
    }

    /// The next part, whatever it is.
    pub(super) fn any(&mut self) -> Built<Pair<'i, Rule>> {
        self.next().ok_or(Mismatch)
    }

    /// The next part, which must be of this rule.
    pub(super) fn need(&mut self, wanted: Rule) -> Built<Pair<'i, Rule>> {
        self.maybe(wanted).ok_or(Mismatch)
    }

    /// The next part, if it is of this rule.
    pub(super) fn maybe(&mut self, wanted: Rule) -> Option<Pair<'i, Rule>> {
        if self.peek() == Some(wanted) { self.next() } else { None }
    }

    /// Whether the next part is of this rule; it is taken.
    pub(super) fn has(&mut self, wanted: Rule) -> bool {
        self.maybe(wanted).is_some()
    }

    /// What `build` makes of each part that is left.
    pub(super) fn each<T>(&mut self, mut build: impl FnMut(Pair<'i, Rule>) -> Built<T>) -> Built<Vec<T>> {
        let mut built = Vec::with_capacity(self.len());
        for pair in self {
            built.push(build(pair)?);
        }
        Ok(built)
    }

    /// The parts of the next part.
    pub(super) fn inner(&mut self) -> Built<Parts<'i>> {
        self.any().map(Parts::of)
    }
}

impl<'i> Iterator for Parts<'i> {
    type Item = Pair<'i, Rule>;

    fn next(&mut self) -> Option<Pair<'i, Rule>> {
        std::mem::replace(&mut self.next, self.pairs.next())
    }
}
