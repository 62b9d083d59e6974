//! Repairs for what is wrong in a place, in words that say what they do.

use super::finding::Finding;
use super::place::Edit;

/// Characters of a text that a title shows.
const SHOWN: usize = 60;

/// What a repair does: `` replace `mont` by `mount` ``. `old` is the text that it replaces.
pub fn title(edit: &Edit, old: &str) -> String {
    let new = shown(&edit.text);
    match (old.trim().is_empty(), new.is_empty()) {
        (_, true) => format!("Remove `{}`", shown(old)),
        (true, false) => format!("Insert `{new}`"),
        (false, false) if edit.text.trim().ends_with(old.trim()) || edit.text.trim().starts_with(old.trim()) => {
            let added = edit.text.trim().replacen(old.trim(), "", 1);
            format!("Insert `{}`", shown(&added))
        }
        (false, false) => format!("Replace `{}` by `{new}`", shown(old)),
    }
}

/// A text on one line, cut off if it is long.
fn shown(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or("").trim_end()),
        None => line,
    }
}

/// The findings of a text that touch a range and can be mended.
pub fn mendable<'f>(
    findings: impl Iterator<Item = &'f Finding>,
    path: &str,
    range: std::ops::Range<usize>,
) -> Vec<(&'f Finding, &'f Edit)> {
    let touches = |finding: &Finding| {
        let own = std::iter::once(&finding.place).chain(finding.related.iter().map(|(place, _)| place));
        own.chain(finding.fix.iter().map(|fix| &fix.place))
            .any(|place| place.path == path && place.start <= range.end && range.start <= place.end)
    };
    let mut found: Vec<(&Finding, &Edit)> = Vec::new();
    for finding in findings.filter(|finding| touches(finding)) {
        if let Some(fix) = &finding.fix
            && !found.iter().any(|(_, other)| *other == fix)
        {
            found.push((finding, fix));
        }
    }
    found
}
