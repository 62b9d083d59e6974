//! Text to tree, piece by piece, going on after errors.
//!
//! A region is parsed alone, a plan step by step, so that neither memory nor a mistake spreads. Where a piece does not
//! parse, the mistake is explained, the clause around it is blanked out, and the piece is parsed again.

use crate::base::{Code, Diagnostic, FileId, Span, limits};
use crate::syntax::build::{Builder, Built};
use crate::syntax::explain::{self, Piece};
use crate::syntax::grammar::{self, Rule};
use crate::syntax::scan::{Body, Region, Scan};
use crate::syntax::tree::{Item, Plan};
use pest::iterators::Pair;
use std::borrow::Cow;
use std::ops::Range;

/// Steps of a plan are parsed together up to this many bytes.
const PART_BYTES: usize = 4 << 10;

/// Reads the regions of a scanned text.
pub(super) struct Reader<'s, 'c> {
    id: FileId,
    text: &'s str,
    scan: &'c Scan,
    builder: Builder<'s, 'c>,
    /// Errors that may still be reported in the region.
    budget: usize,
    /// Whether something was left out.
    pub(super) incomplete: bool,
}

impl<'s, 'c> Reader<'s, 'c> {
    /// A reader of this text.
    pub(super) fn new(id: FileId, text: &'s str, scan: &'c Scan) -> Reader<'s, 'c> {
        let whole = |code| matches!(code, Code::BadEscape | Code::HiddenSign);
        let incomplete = scan.diagnostics.iter().any(|diagnostic| !whole(diagnostic.code));
        Reader { id, text, scan, builder: Builder::new(id, text, &scan.comments), budget: 0, incomplete }
    }

    /// All that was reported while reading.
    pub(super) fn finish(self) -> Vec<Diagnostic> {
        self.builder.finish()
    }

    /// The items of a region.
    pub(super) fn region(&mut self, region: &Region) -> Vec<Item<'s>> {
        self.budget = limits::ERRORS_PER_ITEM;
        if let Some(body) = &region.body {
            return self.plan(region, body).map(Item::Plan).into_iter().collect();
        }
        self.piece(Rule::file, region.range.clone(), &region.suffix, Builder::items).unwrap_or_default()
    }

    fn plan(&mut self, region: &Region, body: &Body) -> Option<Plan<'s>> {
        let start = *body.cuts.first()?;
        let span = Span::new(self.id, region.range.start, region.range.end);
        let read = self.piece(Rule::plan_head, region.range.start..start, "", |b, pair| b.plan_head(pair, span));
        let known = read.is_some();
        // Without its head the plan is lost, but the mistakes in its body are still reported.
        let mut plan = read.unwrap_or_else(|| Plan::unnamed(span));
        let mut cuts = body.cuts.clone();
        cuts.push(body.end.unwrap_or(region.range.end));
        // The plan's own `}` belongs to none of its parts.
        let suffix = if body.end.is_none() { region.suffix.strip_suffix('}').unwrap_or("") } else { "" };
        let mut rest = cuts.as_slice();
        while let [from, tail @ ..] = rest
            && !tail.is_empty()
        {
            let together = tail.iter().take_while(|to| **to - from <= PART_BYTES).count().max(1);
            let suffix = if together == tail.len() { suffix } else { "" };
            self.steps(rest.get(..=together)?, suffix, &mut plan);
            rest = rest.get(together..)?;
        }
        known.then_some(plan)
    }

    /// The lines of a plan between the first and the last of these cuts.
    fn steps(&mut self, cuts: &[usize], suffix: &str, plan: &mut Plan<'s>) {
        let (Some(&from), Some(&to)) = (cuts.first(), cuts.last()) else { return };
        self.builder.set_base(from);
        if let Some(pair) = grammar::parse(Rule::plan_part, &self.source(from..to, suffix)) {
            let built = self.builder.plan_part(pair, plan);
            return self.built(built, from..to).unwrap_or_default();
        }
        for pair in cuts.windows(2) {
            if let [from, end] = *pair {
                let suffix = if end == to { suffix } else { "" };
                self.piece(Rule::plan_part, from..end, suffix, |b, pair| b.plan_part(pair, plan));
            }
        }
    }

    /// What `build` makes of the piece, without the clauses that do not fit; nothing if none of it can be saved.
    fn piece<T>(
        &mut self,
        rule: Rule,
        range: Range<usize>,
        suffix: &str,
        build: impl FnOnce(&mut Builder<'s, 'c>, Pair<'_, Rule>) -> Built<T>,
    ) -> Option<T> {
        let mut source = self.source(range.clone(), suffix);
        loop {
            if let Some(pair) = grammar::parse(rule, &source) {
                self.builder.set_base(range.start);
                let built = build(&mut self.builder, pair);
                return self.built(built, range);
            }
            self.incomplete = true;
            self.budget = self.budget.checked_sub(1)?;
            if self.builder.is_full() {
                return None;
            }
            let piece = Piece { id: self.id, rule, source: &source, base: range.start, text: self.text };
            let mistake = explain::mistake(&piece)?;
            let blank = mistake.around.start + range.start..mistake.around.end + range.start;
            if !self.is_guessed(&range, &blank) {
                self.builder.report(mistake.diagnostic);
            }
            let blanked = blanked(&source, &mistake.around);
            if blanked == *source {
                return None;
            }
            source = Cow::Owned(blanked);
        }
    }

    /// Takes what the builder made; that it could make nothing of what the grammar accepted is a defect.
    fn built<T>(&mut self, built: Built<T>, range: Range<usize>) -> Option<T> {
        built.ok().or_else(|| {
            let span = Span::new(self.id, range.start, range.end);
            let message = "the compiler does not know what to make of this";
            let help = "this is a defect of the compiler; please report it";
            self.builder.report(Diagnostic::error(Code::UnexpectedWord, span, message).help(help));
            None
        })
    }

    /// Whether the scan has already closed or left out something by guess in this part of a piece.
    fn is_guessed(&self, piece: &Range<usize>, part: &Range<usize>) -> bool {
        // One that began before the piece may reach into it.
        let first = self.scan.guessed.partition_point(|guess| guess.start < piece.start).saturating_sub(1);
        let mut guesses = self.scan.guessed.iter().skip(first).take_while(|guess| guess.start < part.end);
        guesses.any(|guess| part.start < guess.end)
    }

    /// The text of a range as the grammar is to see it.
    fn source(&self, range: Range<usize>, suffix: &str) -> Cow<'s, str> {
        let text = self.text.get(range.clone()).unwrap_or("");
        let first = self.scan.patches.partition_point(|patch| patch.range.end <= range.start);
        let patches = self.scan.patches.get(first..).unwrap_or_default();
        let count = patches.partition_point(|patch| patch.range.start < range.end);
        if count == 0 && suffix.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut bytes = text.as_bytes().to_vec();
        for patch in patches.iter().take(count) {
            let inside = |at: usize| at.clamp(range.start, range.end) - range.start;
            fill(&mut bytes, inside(patch.range.start)..inside(patch.range.end), patch.fill);
        }
        bytes.extend_from_slice(suffix.as_bytes());
        Cow::Owned(into_text(bytes))
    }
}

/// Puts spaces over a range of whole characters, and `last` over its last byte.
fn fill(bytes: &mut [u8], range: Range<usize>, last: u8) {
    if let Some(range) = bytes.get_mut(range) {
        range.fill(b' ');
        if let Some(byte) = range.last_mut() {
            *byte = last;
        }
    }
}

/// The bytes of a text of which whole characters were replaced.
fn into_text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// The text with spaces in the place of a range of whole characters.
fn blanked(text: &str, range: &Range<usize>) -> String {
    let mut bytes = text.as_bytes().to_vec();
    fill(&mut bytes, range.clone(), b' ');
    into_text(bytes)
}
