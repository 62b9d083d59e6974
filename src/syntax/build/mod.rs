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
#[cfg(test)]
mod tests;
mod tokens;
mod vocabulary;

pub(super) use parts::{Built, Mismatch};

use crate::base::{Diagnostic, FileId, Span, limits};
use crate::syntax::grammar::Rule;
use crate::syntax::lex;
use crate::syntax::tree::{Item, Operand, OperandKind, Use};
use parts::Parts;
use pest::iterators::Pair;

/// Gives the tree its text, its spans and its diagnostics.
pub(super) struct Builder<'s, 'c> {
    id: FileId,
    text: &'s str,
    comments: &'c [Span],
    /// Where the text that the grammar saw begins in the file.
    base: usize,
    diagnostics: Vec<Diagnostic>,
}

impl<'s, 'c> Builder<'s, 'c> {
    /// A builder for the file `id` with this text and these comments.
    pub(super) fn new(id: FileId, text: &'s str, comments: &'c [Span]) -> Builder<'s, 'c> {
        Builder { id, text, comments, base: 0, diagnostics: Vec::new() }
    }

    /// Pairs that are built from now on come from the text that begins here.
    pub(super) fn set_base(&mut self, base: usize) {
        self.base = base;
    }

    /// Adds a diagnostic, unless there are too many.
    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        if !self.is_full() {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Whether nothing more will be reported.
    pub(super) fn is_full(&self) -> bool {
        self.diagnostics.len() >= limits::SYNTAX_ERRORS
    }

    /// All that was reported.
    pub(super) fn finish(self) -> Vec<Diagnostic> {
        self.diagnostics
    }

    /// The items of a `file`.
    pub(super) fn items(&mut self, file: Pair<'_, Rule>) -> Built<Vec<Item<'s>>> {
        file.into_inner().filter(|pair| pair.as_rule() != Rule::EOI).map(|pair| self.item(pair)).collect()
    }

    /// The value of a `lone_operand`; several are a list.
    pub(super) fn lone_operand(&mut self, pair: Pair<'_, Rule>) -> Built<Operand<'s>> {
        let mut operands = self.operands(&mut Parts::of(pair))?;
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

    /// The place of a rule, without the glue after it; what was blanked out is glue to the grammar, and not in the text.
    fn place(&self, pair: &Pair<'_, Rule>) -> Span {
        let start = self.start(pair);
        let seen = pair.as_str().trim_end_matches(lex::is_space);
        self.span(start, self.trimmed(start, start + seen.len()))
    }

    /// Where a rule begins.
    fn start(&self, pair: &Pair<'_, Rule>) -> usize {
        self.base + pair.as_span().start()
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
        let length = |end: usize| {
            let text = self.text.get(start..end.min(self.text.len())).unwrap_or("");
            text.trim_end_matches(lex::is_space).len()
        };
        let mut end = start + length(end);
        while let Some(comment) = self.comment_before(end) {
            end = start + length(comment.start as usize);
        }
        end
    }

    /// The comment that ends exactly here.
    fn comment_before(&self, end: usize) -> Option<&Span> {
        let mut after = self.text.get(end..).unwrap_or("").chars().skip_while(|c| *c != '\n' && lex::is_space(*c));
        if after.next().is_some_and(|c| c != '\n') {
            return None;
        }
        let index = self.comments.partition_point(|comment| (comment.end as usize) < end);
        self.comments.get(index).filter(|comment| comment.end as usize == end)
    }
}
