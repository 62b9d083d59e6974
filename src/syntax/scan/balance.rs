//! The brackets that are open, and guesses about those that are missing.
//!
//! A correct text needs no guess. Only when the brackets of a file do not balance is it scanned again, and then
//! indentation and the words of the language tell which one is to blame.

use std::ops::Range;

/// In which way the brackets of a file do not balance.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Trouble {
    /// They do, as far as is known.
    None,
    /// Something is not closed.
    Missing,
    /// Something is closed that was not open.
    Extra,
}

/// An open bracket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open {
    /// `{`, `(` or `[`.
    pub(super) sign: char,
    /// Where it stands.
    pub(super) at: usize,
    /// How far its line is indented.
    pub(super) indent: usize,
    /// It opens the body of a step.
    pub(super) step: bool,
    /// The end of the last token on its line.
    pub(super) line_end: Option<usize>,
    /// How far the next line is indented.
    pub(super) inner: Option<usize>,
}

impl Open {
    /// The sign that closes it.
    pub(super) fn closer(&self) -> char {
        match self.sign {
            '(' => ')',
            '[' => ']',
            _ => '}',
        }
    }
}

/// The brackets that are open.
#[derive(Debug, Default)]
pub(super) struct Balance {
    stack: Vec<Open>,
    skipping: Option<(usize, usize)>,
}

impl Balance {
    pub(super) fn is_empty(&self) -> bool {
        self.stack.is_empty()
    }

    pub(super) fn depth(&self) -> usize {
        self.stack.len()
    }

    pub(super) fn push(&mut self, open: Open) {
        self.stack.push(open);
    }

    pub(super) fn pop(&mut self) -> Option<Open> {
        self.stack.pop()
    }

    /// The innermost open bracket.
    pub(super) fn top(&self) -> Option<&Open> {
        self.stack.last()
    }

    /// Whether a brace is open.
    pub(super) fn in_braces(&self) -> bool {
        self.stack.iter().any(|open| open.sign == '{')
    }

    /// What closes all that is open.
    pub(super) fn closers(&self) -> String {
        self.stack.iter().rev().map(Open::closer).collect()
    }

    /// A line ends after the token that ends at `end`; the next one is indented this far.
    pub(super) fn line_ends(&mut self, end: usize, indent: usize) {
        for open in self.stack.iter_mut().rev().take_while(|open| open.line_end.is_none()) {
            open.line_end = Some(end);
            open.inner = Some(indent);
        }
    }

    /// Leaves out everything from `start`, where a bracket opens, to where that closes.
    pub(super) fn skip(&mut self, start: usize) {
        self.skipping = Some((start, 1));
    }

    /// Whether something is being left out.
    pub(super) fn is_skipping(&self) -> bool {
        self.skipping.is_some()
    }

    /// Counts a bracket inside what is left out; gives the whole of it when that ends.
    pub(super) fn skipped(&mut self, opens: bool, end: usize) -> Option<Range<usize>> {
        let (start, depth) = self.skipping.as_mut()?;
        if opens {
            *depth += 1;
            return None;
        }
        *depth -= 1;
        if *depth > 0 {
            return None;
        }
        let whole = *start..end;
        self.skipping = None;
        Some(whole)
    }

    /// Ends what is left out where the file or item ends.
    pub(super) fn end_skip(&mut self, end: usize) -> Option<Range<usize>> {
        self.skipping.take().map(|(start, _)| start..end)
    }
}
