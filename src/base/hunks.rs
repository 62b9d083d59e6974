//! Where two sequences differ, lines or words: a longest common subsequence, within bounds.

use std::ops::Range;

/// Above so many pairs, what lies between the first and the last difference counts as one.
const PAIRS: usize = 4_000_000;

/// Parts of the old sequence in whose place there are others in the new one; either may be empty.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hunk {
    /// In the old sequence, from 0.
    pub old: Range<usize>,
    /// In the new sequence, from 0.
    pub new: Range<usize>,
}

/// Where two sequences differ, in order.
pub fn hunks<T: PartialEq>(old: &[T], new: &[T]) -> Vec<Hunk> {
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (old_rest, new_rest) = (old.get(head..).unwrap_or_default(), new.get(head..).unwrap_or_default());
    let tail = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(a, b)| a == b).count();
    let middle = |rest: &[T]| rest.len() - tail;
    let (rows, columns) = (middle(old_rest), middle(new_rest));
    let (old_rest, new_rest) = (old_rest.get(..rows).unwrap_or_default(), new_rest.get(..columns).unwrap_or_default());
    let kept = if rows.saturating_mul(columns) > PAIRS { Vec::new() } else { common(old_rest, new_rest) };
    let mut found = Vec::new();
    let (mut i, mut j) = (0, 0);
    for (next_i, next_j) in kept.into_iter().chain([(rows, columns)]) {
        if i < next_i || j < next_j {
            found.push(Hunk { old: head + i..head + next_i, new: head + j..head + next_j });
        }
        (i, j) = (next_i + 1, next_j + 1);
    }
    found
}

/// The pairs of a longest common subsequence, ascending.
fn common<T: PartialEq>(old: &[T], new: &[T]) -> Vec<(usize, usize)> {
    let width = new.len() + 1;
    // How long the longest is from (i, j) on.
    let mut longest = vec![0u32; (old.len() + 1) * width];
    let at = |table: &[u32], i: usize, j: usize| table.get(i * width + j).copied().unwrap_or(0);
    for (i, a) in old.iter().enumerate().rev() {
        for (j, b) in new.iter().enumerate().rev() {
            let length = match a == b {
                true => at(&longest, i + 1, j + 1) + 1,
                false => at(&longest, i + 1, j).max(at(&longest, i, j + 1)),
            };
            if let Some(slot) = longest.get_mut(i * width + j) {
                *slot = length;
            }
        }
    }
    let (mut i, mut j, mut pairs) = (0, 0, Vec::new());
    while let (Some(a), Some(b)) = (old.get(i), new.get(j)) {
        if a == b {
            pairs.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if at(&longest, i + 1, j) >= at(&longest, i, j + 1) {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::{Hunk, hunks};
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    #[test]
    fn single_changes_are_found() {
        let found = |old: &str, new: &str| {
            let lines = |text: &'static str| text.split(' ').filter(|w| !w.is_empty()).collect::<Vec<_>>();
            let (old, new) = (lines(String::leak(old.into())), lines(String::leak(new.into())));
            hunks(&old, &new).into_iter().map(|h| (h.old, h.new)).collect::<Vec<_>>()
        };
        assert_eq!(found("a b c", "a b c"), []);
        assert_eq!(found("a b c", "a x c"), [(1..2, 1..2)]);
        assert_eq!(found("a b c d e", "a x c e"), [(1..2, 1..2), (3..4, 3..3)]);
        assert_eq!(found("", "a b"), [(0..0, 0..2)]);
        assert_eq!(found("a b a", "a"), [(1..3, 1..1)]);
    }

    #[test]
    fn what_is_too_large_is_one_difference() {
        let old: Vec<String> = (0..2_100).map(|i| format!("a{i}")).collect();
        let new: Vec<String> = (0..2_100).map(|i| if i == 7 { format!("a{i}") } else { format!("b{i}") }).collect();
        let of = |texts: &'static [String]| texts.iter().map(String::as_str).collect::<Vec<_>>();
        let (old, new) = (of(Vec::leak(old)), of(Vec::leak(new)));
        assert_eq!(hunks(&old, &new), [Hunk { old: 0..2_100, new: 0..2_100 }]);
    }

    proptest! {
        #[test]
        fn with_its_hunks_the_old_text_becomes_the_new(old in "[abc]{0,12}", new in "[abc]{0,12}") {
            let lines = |text: &str| text.chars().map(String::from).collect::<Vec<_>>();
            let (old, new) = (lines(&old), lines(&new));
            let of = |texts: &[String]| texts.iter().map(|t| String::leak(t.clone()) as &str).collect::<Vec<_>>();
            let (old, new) = (of(&old), of(&new));
            let (mut made, mut at) = (Vec::new(), 0);
            for hunk in hunks(&old, &new) {
                prop_assert!(!hunk.old.is_empty() || !hunk.new.is_empty());
                made.extend_from_slice(&old[at..hunk.old.start]);
                made.extend_from_slice(&new[hunk.new]);
                at = hunk.old.end;
            }
            made.extend_from_slice(&old[at..]);
            prop_assert_eq!(made, new);
        }
    }
}
