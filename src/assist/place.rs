//! Places in texts as byte ranges, and what becomes of them when a text is changed.

use std::ops::Range;

/// A range of bytes in a text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Place {
    /// The text: the path of a file, or `std/…` for the embedded library.
    pub path: String,
    /// Offset of its first byte.
    pub start: usize,
    /// Offset after its last byte.
    pub end: usize,
}

impl Place {
    /// A range of bytes in the text of this path.
    pub fn new(path: impl Into<String>, range: Range<usize>) -> Place {
        Place { path: path.into(), start: range.start, end: range.end }
    }

    /// Where it is.
    pub fn range(&self) -> Range<usize> {
        self.start..self.end
    }
}

/// A text to be put in the place of another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Edit {
    /// What is replaced.
    pub place: Place,
    /// What is put there.
    pub text: String,
}

/// A change of a text: `removed` has become `added` bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// What was replaced.
    pub removed: Range<usize>,
    /// How many bytes stand there now.
    pub added: usize,
}

impl Change {
    /// Where a range is after the change; nowhere if what it is about was changed.
    pub fn moved(&self, range: Range<usize>) -> Option<Range<usize>> {
        if range.end <= self.removed.start {
            return Some(range);
        }
        if range.start < self.removed.end {
            // An edit within something larger leaves that there, only longer or shorter.
            let within = range.start < self.removed.start && self.removed.end < range.end;
            return within.then(|| range.start..range.end - self.removed.len() + self.added);
        }
        let moved = |at: usize| at - self.removed.len() + self.added;
        Some(moved(range.start)..moved(range.end))
    }
}

#[cfg(test)]
mod tests {
    use super::Change;

    #[test]
    fn what_stands_after_a_change_moves_and_what_was_changed_is_lost() {
        let change = Change { removed: 4..6, added: 5 };
        assert_eq!(change.moved(0..4), Some(0..4));
        assert_eq!(change.moved(6..9), Some(9..12));
        assert_eq!(change.moved(2..8), Some(2..11));
        for lost in [3..5, 4..6, 5..9, 4..8, 2..6] {
            assert_eq!(change.moved(lost.clone()), None, "{lost:?}");
        }
        assert_eq!(Change { removed: 4..4, added: 1 }.moved(4..7), Some(5..8));
    }
}
