//! Which words differ between two texts.

use crate::base::hunks;

/// A part of a text that stayed, went or came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Word<'t> {
    /// In both.
    Same(&'t str),
    /// Only in the old text.
    Gone(&'t str),
    /// Only in the new one.
    New(&'t str),
}

/// The words of both texts in order, with the white space between them; what stands together is one part.
pub fn word_diff<'t>(old: &'t str, new: &'t str) -> Vec<Word<'t>> {
    let (old_words, new_words) = (split(old), split(new));
    let mut parts = Vec::new();
    let (mut old_at, mut new_at) = (0, 0);
    for hunk in hunks(&old_words, &new_words) {
        push(&mut parts, Word::Same, new, &new_words, new_at..hunk.new.start);
        push(&mut parts, Word::Gone, old, &old_words, hunk.old.clone());
        push(&mut parts, Word::New, new, &new_words, hunk.new.clone());
        (old_at, new_at) = (hunk.old.end, hunk.new.end);
    }
    let left = old_words.len().saturating_sub(old_at);
    push(&mut parts, Word::Same, new, &new_words, new_at..new_at + left);
    parts
}

/// Words and what is between them, each a part.
fn split(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let blank = first.is_whitespace();
        let end = rest.find(|c: char| c.is_whitespace() != blank).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        words.push(word);
        rest = after;
    }
    words
}

/// Adds a run of words as one part.
fn push<'t>(
    parts: &mut Vec<Word<'t>>,
    make: fn(&'t str) -> Word<'t>,
    text: &'t str,
    words: &[&'t str],
    range: std::ops::Range<usize>,
) {
    let length = |words: &[&str]| words.iter().map(|w| w.len()).sum::<usize>();
    let start = length(words.get(..range.start).unwrap_or_default());
    let end = start + length(words.get(range).unwrap_or_default());
    parts.extend(text.get(start..end).filter(|part| !part.is_empty()).map(make));
}

#[cfg(test)]
mod tests {
    use super::{Word, word_diff};

    #[test]
    fn what_stays_goes_and_comes_stands_in_order() {
        let diff = word_diff("mount -o ro  /dev/sda /data", "mount -o rw  /dev/sda /data now");
        let expected = [
            Word::Same("mount -o "),
            Word::Gone("ro"),
            Word::New("rw"),
            Word::Same("  /dev/sda /data"),
            Word::New(" now"),
        ];
        assert_eq!(diff, expected);
        assert_eq!(word_diff("a", "a"), [Word::Same("a")]);
        assert_eq!(word_diff("", "a b"), [Word::New("a b")]);
        assert_eq!(word_diff("", ""), []);
    }
}
