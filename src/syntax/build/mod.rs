//! From the parser's pairs to the tree. One file per area; the grammar decides what is accepted, this only gives it a
//! shape, and finds the few mistakes that a grammar cannot: numbers that are too large for their use.
//!
//! Every function takes the parts of one rule in their order. `None` means that the grammar and this module disagree;
//! a test builds every form of the language, so that nobody sees it.

mod clauses;
mod estate;
mod expect;
mod expr;
mod parts;
mod plan;
mod tokens;
mod vocabulary;

use crate::base::{Code, Diagnostic, FileId, Span};
use crate::syntax::grammar::Rule;
use crate::syntax::tree::{Item, Operand, OperandKind, Use};
use parts::{Built, Mismatch, Parts};
use pest::iterators::{Pair, Pairs};

/// Gives the tree its text, its spans and its diagnostics.
pub(super) struct Builder<'s> {
    id: FileId,
    text: &'s str,
    diagnostics: Vec<Diagnostic>,
}

impl<'s> Builder<'s> {
    /// A builder for the file `id` with this text.
    pub(super) fn new(id: FileId, text: &'s str) -> Builder<'s> {
        Builder { id, text, diagnostics: Vec::new() }
    }

    /// Adds a diagnostic.
    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// All that was reported.
    pub(super) fn finish(self) -> Vec<Diagnostic> {
        self.diagnostics
    }

    /// The items of a `file`.
    pub(super) fn file(&mut self, pairs: Pairs<'_, Rule>) -> Vec<Item<'s>> {
        let mut items = Vec::new();
        for pair in pairs.flat_map(Pair::into_inner).filter(|pair| pair.as_rule() != Rule::EOI) {
            let span = self.place(&pair);
            match self.item(pair) {
                Ok(item) => items.push(item),
                Err(Mismatch) => {
                    let message = "the compiler does not know what to make of this";
                    let help = "this is a defect of the compiler; please report it";
                    self.report(Diagnostic::error(Code::UnexpectedWord, span, message).help(help));
                }
            }
        }
        items
    }

    /// The value of a `lone_operand`; several are a list.
    pub(super) fn lone_operand(&mut self, pairs: Pairs<'_, Rule>) -> Built<Operand<'s>> {
        let mut parts = Parts::new(pairs).inner()?;
        let mut operands = self.operands(&mut parts)?;
        if operands.len() == 1 {
            return operands.pop().ok_or(Mismatch);
        }
        Ok(Operand { kind: OperandKind::List(operands), span: self.span(0, self.text.len()) })
    }

    fn item(&mut self, pair: Pair<'_, Rule>) -> Built<Item<'s>> {
        let span = self.place(&pair);
        let rule = pair.as_rule();
        let mut parts = Parts::of(pair);
        let parts = &mut parts;
        match rule {
            Rule::import => self.import(parts).map(Item::Use),
            Rule::kind => self.kind(parts, span).map(Item::Kind),
            Rule::extend => self.extend(parts, span).map(Item::Extend),
            Rule::action => self.action(parts, span).map(Item::Action),
            Rule::probe => self.probe(parts, span).map(Item::Probe),
            Rule::estate_rule => self.rule(parts, span).map(Item::Rule),
            Rule::entity => self.entity(parts, span).map(Item::Entity),
            Rule::alias => self.alias(parts, span).map(Item::Alias),
            Rule::plan => self.plan(parts, span).map(Item::Plan),
            Rule::test => self.test(parts, span).map(Item::Test),
            _ => Err(Mismatch),
        }
    }

    fn import(&mut self, parts: &mut Parts<'_>) -> Built<Use<'s>> {
        if let Some(string) = parts.maybe(Rule::string) {
            let text = self.string(&string);
            return Ok(Use { path: text.raw, span: text.span });
        }
        let span = self.place(&parts.need(Rule::import_path)?);
        Ok(Use { path: self.slice(span), span })
    }

    /// The place of a rule, without the glue after it.
    fn place(&self, pair: &Pair<'_, Rule>) -> Span {
        let span = pair.as_span();
        self.span(span.start(), self.trimmed(span.start(), span.end()))
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.id, start, end)
    }

    /// The source text under a span.
    fn slice(&self, span: Span) -> &'s str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    /// Where the last token in `start..end` ends.
    fn trimmed(&self, start: usize, end: usize) -> usize {
        let text = self.text.get(start..end).unwrap_or("");
        start + text.trim_end().len()
    }
}
