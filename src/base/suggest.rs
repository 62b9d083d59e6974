//! "Did you mean": the nearest of the names that would have fitted.

/// The candidate nearest to `word`, if it is near enough to be a slip of the fingers.
///
/// Near means an edit distance (with transpositions) of at most one for words of up to four letters, two up to eight,
/// three beyond. Ties go to the first candidate.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = match word.chars().count() {
        0..=4 => 1,
        5..=8 => 2,
        _ => 3,
    };
    let mut best = None;
    for candidate in candidates {
        let d = distance(word, candidate, limit);
        if d <= limit && candidate != word && best.is_none_or(|(b, _)| d < b) {
            best = Some((d, candidate));
        }
    }
    best.map(|(_, c)| c)
}

/// ``did you mean `x`?`` for the nearest candidate.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(word, candidates).map(|c| format!("did you mean `{c}`?"))
}

/// Optimal string alignment distance, or anything above `limit` once it is exceeded.
fn distance(a: &str, b: &str, limit: usize) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(64).collect(), b.chars().take(64).collect());
    if a.len().abs_diff(b.len()) > limit {
        return limit + 1;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, &ca) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, &cb) in b.iter().enumerate() {
            let at = |r: &[usize], k: usize| r.get(k).copied().unwrap_or(limit + 1);
            let mut d = (at(&last, j) + usize::from(ca != cb)).min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            let crossed = i > 0 && j > 0 && a.get(i - 1) == Some(&cb) && b.get(j - 1) == Some(&ca);
            if crossed {
                d = d.min(at(&before, j - 1) + 1);
            }
            row.push(d);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(limit + 1)
}

#[cfg(test)]
mod tests {
    use super::{did_you_mean, nearest};

    #[test]
    fn finds_slips_and_leaves_strangers_alone() {
        assert_eq!(nearest("onyl", ["unless", "only", "after"]), Some("only"));
        assert_eq!(nearest("primry", ["secondary", "primary"]), Some("primary"));
        assert_eq!(nearest("zebra", ["primary"]), None);
        assert_eq!(did_you_mean("mont", ["mount"]).as_deref(), Some("did you mean `mount`?"));
    }
}
