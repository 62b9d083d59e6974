//! How deeply conditions and brackets are nested, counted so that the parser and every walk of the tree stay shallow.
//!
//! Brackets count, and so do the words that put what follows them inside something: `not`, `if`, `every`, `except` and
//! their like. Two values side by side are never one expression, nor is what a comma separates: there such words stop
//! counting.

use crate::base::limits;

/// What one level of brackets has nested so far.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    /// Words other than `not`.
    words: usize,
    /// `not`s directly after each other.
    nots: usize,
}

/// The count for the place the scan has come to.
#[derive(Debug, Default)]
pub(super) struct Nesting {
    outer: Vec<Level>,
    level: Level,
    total: usize,
    reported: bool,
}

impl Nesting {
    /// A bracket opens; false if that is one too many, and it must be left out.
    pub(super) fn enter(&mut self) -> bool {
        if self.total >= limits::NESTING {
            return false;
        }
        self.outer.push(std::mem::take(&mut self.level));
        self.total += 1;
        true
    }

    /// The bracket closes.
    pub(super) fn leave(&mut self) {
        self.reset();
        self.level = self.outer.pop().unwrap_or_default();
        self.total = self.total.saturating_sub(1);
    }

    /// A word that nests; false if that is one too many, and it must be left out.
    pub(super) fn prefix(&mut self, word: &str) -> bool {
        if self.total >= limits::NESTING {
            return false;
        }
        self.total += 1;
        if word == "not" {
            self.level.nots += 1;
        } else {
            self.level = Level { words: self.level.words + self.level.nots + 1, nots: 0 };
        }
        true
    }

    /// A token after which a `not` before it nests nothing more.
    pub(super) fn other(&mut self) {
        self.total -= self.level.nots;
        self.level.nots = 0;
    }

    /// The expression has ended.
    pub(super) fn reset(&mut self) {
        self.total -= self.level.nots + self.level.words;
        self.level = Level::default();
    }

    /// True the first time.
    pub(super) fn report_once(&mut self) -> bool {
        !std::mem::replace(&mut self.reported, true)
    }
}
