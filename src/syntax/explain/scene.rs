//! Where in a piece of text a mistake stands: between which tokens, in whose braces, in which clause.

use super::expected::Expected;
use crate::syntax::grammar::{self, Rule};
use crate::syntax::lex::{Kind, Lexer, Token};
use crate::syntax::words::{self, Opening, Place};
use std::ops::Range;

/// Something that no rule accepts.
const STRANGER: &str = " \u{1}";

/// The tokens of a piece, and where it went wrong.
pub(in crate::syntax) struct Scene<'a> {
    source: &'a str,
    tokens: Vec<Token>,
    /// Index of the token that does not fit; the number of tokens if there should be more.
    at: usize,
    levels: Vec<Level>,
}

/// One pair of braces around the mistake, or the piece itself.
#[derive(Clone, Copy)]
struct Level {
    place: Place,
    /// Index of the first token in it.
    first: usize,
}

impl<'a> Scene<'a> {
    /// The scene of a piece in which `rule` went no further than the byte `failed`, and what would have fitted there.
    pub(super) fn new(rule: Rule, source: &'a str, failed: usize) -> (Scene<'a>, Expected) {
        let tokens: Vec<Token> = Lexer::new(source, 0).filter(|token| token.kind != Kind::Comment).collect();
        let at = tokens.partition_point(|token| token.end <= failed);
        let mut scene = Scene { source, tokens, at, levels: Vec::new() };
        let expected = scene.step_back(rule);
        scene.levels = scene.levels_before(rule, scene.at);
        (scene, expected)
    }

    /// The scene of somebody who writes at the end of a source.
    pub(in crate::syntax) fn at_end(source: &'a str) -> Scene<'a> {
        let tokens: Vec<Token> = Lexer::new(source, 0).filter(|token| token.kind != Kind::Comment).collect();
        let mut scene = Scene { source, at: tokens.len(), tokens, levels: Vec::new() };
        scene.levels = scene.levels_before(Rule::file, scene.at);
        scene
    }

    /// The tokens before the end that belong to one clause, as far as one can tell; none at the beginning of braces.
    pub(in crate::syntax) fn open_clause(&self) -> Vec<&'a str> {
        let first = self.levels.last().map_or(0, |level| level.first);
        let start = self.at.checked_sub(1).map_or(0, |last| self.clause_start(last)).max(first);
        self.texts(start, self.at)
    }

    /// The tokens before the braces that the end is in, from the word that they belong to.
    pub(in crate::syntax) fn open_entry(&self) -> Vec<&'a str> {
        let brace = self.levels.last().map_or(0, |level| level.first).saturating_sub(1);
        let Some(outer) = self.levels.len().checked_sub(2).and_then(|i| self.levels.get(i)) else { return Vec::new() };
        self.texts(self.start_from(brace, *outer), brace)
    }

    fn texts(&self, from: usize, to: usize) -> Vec<&'a str> {
        self.tokens.get(from..to).unwrap_or_default().iter().map(|token| token.text(self.source)).collect()
    }

    /// Goes back to the first token that does not fit, and says what would have fitted there.
    fn step_back(&mut self, rule: Rule) -> Expected {
        let mut expected = self.expected(rule, self.at);
        // A keyword that stands where something is missing was taken for a name, and only what follows it did not fit.
        for back in 1..=3 {
            let Some(at) = self.at.checked_sub(back) else { break };
            if self.looks_like_keyword(at) {
                let before = self.expected(rule, at);
                if before.name() && !before.has(self.text(self.tokens.get(at).copied())) {
                    (self.at, expected) = (at, before);
                    break;
                }
            }
        }
        expected
    }

    /// What would fit in the place of the token `back` before the one that does not fit.
    pub(super) fn expected_before(&self, rule: Rule, back: usize) -> Expected {
        self.expected(rule, self.at.saturating_sub(back))
    }

    /// What would fit in the place of a token.
    fn expected(&self, rule: Rule, at: usize) -> Expected {
        let good = at.checked_sub(1).and_then(|i| self.tokens.get(i)).and_then(|last| self.source.get(..last.end));
        let failure = grammar::failure(rule, &format!("{}{STRANGER}", good.unwrap_or("")));
        Expected::new(failure.map(|failure| failure.expected).unwrap_or_default())
    }

    /// Whether this is a reserved word, or the first word of a clause at the beginning of a line.
    fn looks_like_keyword(&self, i: usize) -> bool {
        let Some(token) = self.tokens.get(i) else { return false };
        let word = token.text(self.source);
        let last = i.checked_sub(1).and_then(|i| self.tokens.get(i));
        let gap = self.source.get(last.map_or(0, |last| last.end)..token.start).unwrap_or("");
        words::is_reserved(word) || gap.contains('\n') && Opening::of(word).is_some()
    }

    /// The braces that are open before a token, outermost first.
    fn levels_before(&self, rule: Rule, end: usize) -> Vec<Level> {
        let outermost = if rule == Rule::plan_part { Place::Plan } else { Place::File };
        let mut levels = vec![Level { place: outermost, first: 0 }];
        let mut opener = None;
        for (i, token) in self.tokens.iter().enumerate().take(end) {
            let inside = levels.last().map_or(outermost, |level| level.place);
            match token.text(self.source) {
                "{" => levels.push(Level { place: opener.take().unwrap_or(Place::Entity), first: i + 1 }),
                "}" => {
                    if levels.len() > 1 {
                        levels.pop();
                    }
                    opener = None;
                }
                word if token.kind == Kind::Word => match Place::after(word) {
                    Some(_) if inside == Place::File && opener.is_some() => {}
                    Some(place) if matches!(place, Place::Step | Place::Block) || inside == Place::File => {
                        opener = Some(place);
                    }
                    _ => {}
                },
                _ => {}
            }
        }
        levels
    }

    /// What the braces around the mistake belong to.
    pub(in crate::syntax) fn place(&self) -> Place {
        self.levels.last().map_or(Place::File, |level| level.place)
    }

    /// The token that does not fit.
    pub(super) fn found(&self) -> Option<Token> {
        self.tokens.get(self.at).copied()
    }

    /// The token `back` before the one that does not fit.
    pub(super) fn before(&self, back: usize) -> Option<Token> {
        self.at.checked_sub(back).and_then(|i| self.tokens.get(i)).copied()
    }

    /// The text of a token; nothing for none.
    pub(super) fn text(&self, token: Option<Token>) -> &'a str {
        token.map_or("", |token| token.text(self.source))
    }

    /// The first token of the clause with the mistake.
    pub(super) fn clause(&self) -> Option<Token> {
        self.tokens.get(self.extent().0).copied()
    }

    /// The bytes to blank out so that the rest can be parsed: a clause, or an entry with its braces.
    pub(super) fn around(&self) -> Range<usize> {
        let (start, end) = self.extent();
        let from = self.tokens.get(start).map_or(0, |token| token.start);
        let to = self.tokens.get(end - 1).map_or(self.source.len(), |token| token.end);
        from..to
    }

    /// The tokens of the clause with the mistake; at least one.
    fn extent(&self) -> (usize, usize) {
        let first = self.levels.last().map_or(0, |level| level.first);
        // Where a new clause or the end of the braces comes too early, the clause before it is to blame.
        let early = self.at > first && (self.is_end() || self.fits_here());
        if early {
            return (self.clause_start(self.at - 1), self.at);
        }
        if self.is_end() {
            return self.parent();
        }
        let start = if self.is_rung(self.at) { self.at } else { self.clause_start(self.at) };
        (start, self.clause_end(start, self.at))
    }

    /// The entry whose braces are around the mistake.
    fn parent(&self) -> (usize, usize) {
        let outer = self.levels.len().checked_sub(2).and_then(|i| self.levels.get(i));
        let Some(outer) = outer else { return (0, self.tokens.len().max(1)) };
        let brace = self.levels.last().map_or(0, |level| level.first).saturating_sub(1);
        let start = self.start_from(brace, *outer);
        (start, self.clause_end(start, brace))
    }

    /// Whether the braces end where the mistake is.
    fn is_end(&self) -> bool {
        matches!(self.text(self.found()), "" | "}")
    }

    /// Whether the token that does not fit begins a clause of this place.
    fn fits_here(&self) -> bool {
        let place = self.place();
        let fits = Opening::of(self.text(self.found())).is_some_and(|opening| opening.fits(place));
        fits && self.begins_clause(self.at)
    }

    fn clause_start(&self, at: usize) -> usize {
        self.levels.last().map_or(0, |level| self.start_from(at, *level))
    }

    /// The last token not after `at` that begins a clause of this level.
    fn start_from(&self, at: usize, level: Level) -> usize {
        let mut depth = 0usize;
        for i in (level.first..=at.min(self.tokens.len().saturating_sub(1))).rev() {
            match self.text(self.tokens.get(i).copied()) {
                "}" | ")" | "]" if i != at => depth += 1,
                "{" | "(" | "[" if i != at => depth = depth.saturating_sub(1),
                _ if depth == 0 && (self.begins_clause(i) || self.is_rung(i)) => return i,
                _ => {}
            }
        }
        level.first
    }

    /// The first token after `at` that begins another clause than the one that begins at `start`, or closes the braces.
    fn clause_end(&self, start: usize, at: usize) -> usize {
        let (mut braces, mut brackets) = (0usize, 0usize);
        for i in start..self.tokens.len() {
            match self.text(self.tokens.get(i).copied()) {
                "}" if braces == 0 => return i.max(at + 1),
                "}" => (braces, brackets) = (braces - 1, 0),
                "{" => (braces, brackets) = (braces + 1, 0),
                "(" | "[" => brackets += 1,
                ")" | "]" => brackets = brackets.saturating_sub(1),
                _ if i > at && braces == 0 && brackets == 0 && self.begins_clause(i) => return i,
                _ => {}
            }
        }
        self.tokens.len()
    }

    /// Whether this token is an `otherwise` or `finally` after the braces of what it belongs to.
    fn is_rung(&self, i: usize) -> bool {
        matches!(self.text(self.tokens.get(i).copied()), "otherwise" | "finally")
    }

    /// Whether this token most likely begins a clause or an entry: only the grammar could tell for certain.
    fn begins_clause(&self, i: usize) -> bool {
        let Some(token) = self.tokens.get(i).filter(|token| token.kind == Kind::Word) else { return false };
        let Some(last) = i.checked_sub(1).and_then(|i| self.tokens.get(i)).copied() else { return true };
        let (word, before) = (token.text(self.source), last.text(self.source));
        let gap = self.source.get(last.end..token.start).unwrap_or("");
        if self.is_rung(i) || words::is_infix(word) && !matches!(word, "on" | "include") {
            return false;
        }
        match last.kind {
            Kind::Open | Kind::Close if matches!(before, "{" | "}") => true,
            Kind::Sign | Kind::Open | Kind::Unknown => false,
            Kind::Word if words::is_prefix(before) => false,
            _ if self.place() == Place::File && gap.ends_with('\n') => true,
            _ if gap.contains('\n') => {
                let free = matches!(self.place(), Place::Kind | Place::Extend | Place::Entity) || i == self.at;
                free || Opening::of(word).is_some() || self.declares(i)
            }
            _ => self.begins_inline(i, before),
        }
    }

    /// The same for a word that is not the first on its line, where words of other clauses look like a beginning.
    fn begins_inline(&self, i: usize, before: &str) -> bool {
        let word = self.text(self.tokens.get(i).copied());
        let place = self.place();
        if matches!(place, Place::Kind | Place::Extend | Place::Entity) && self.declares(i) {
            return true;
        }
        let inside = ["fails", "means", "starts", "only", "drill", "wait", "accept", "otherwise", "step", "phase"];
        let opening = Opening::of(word).is_some_and(|opening| opening.fits(place));
        opening && !inside.contains(&before) && !matches!(word, "on" | "include" | "for" | "if")
    }

    /// Whether `name =`, `name:` or `kind name {` begins here.
    fn declares(&self, i: usize) -> bool {
        let next = |ahead: usize| self.text(self.tokens.get(i + ahead).copied());
        matches!(next(1), "=" | ":") || next(2) == "{"
    }
}
