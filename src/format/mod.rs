//! A text in its canonical form: the same tokens in the same tree, with other white space. No word is changed.
//!
//! [`layout`] makes rows of the outline, [`table`] lines up what stands in columns and prints them. What came out is read
//! again before anybody sees it. Formatting twice is formatting once.

mod difference;
mod layout;
mod row;
mod table;

pub use difference::unified;

use crate::syntax::outline::{Outline, Part, outline};

/// Columns that a block may take to stay on the line that its author has put it on.
pub const WIDTH: usize = 120;

/// How often a text is laid out until it is given up.
const ROUNDS: usize = 16;

/// A text that was formatted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Formatted {
    /// The canonical form.
    pub text: String,
    /// Offsets in the original of the items that do not parse; they are left as they were.
    pub left: Vec<usize>,
}

/// What came out does not mean what went in: a defect of ours. Nothing must be done with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Defect;

/// Formats a text.
///
/// # Errors
/// The result, read again, is not the same but for white space, or would change again.
pub fn format(text: &str) -> Result<Formatted, Defect> {
    let before = outline(text);
    let broken = before.parts.iter().filter_map(|part| match part {
        Part::Broken(first, _) => Some(before.tokens.get(*first).map_or(0, |token| token.start)),
        Part::Line(_) => None,
    });
    let left: Vec<usize> = broken.collect();
    let Some(formatted) = settled(text, &before) else {
        // Where brackets are missing, white space is all that tells the items apart.
        return if left.is_empty() { Err(Defect) } else { Ok(Formatted { text: text.to_owned(), left }) };
    };
    Ok(Formatted { text: formatted, left })
}

/// The text laid out until that changes nothing more; nothing if it does not stay the same text.
fn settled(text: &str, before: &Outline<'_>) -> Option<String> {
    let mut last = table::print(layout::rows(text, before));
    // Columns that came to stand below each other may make two tables one, and there are ever fewer tables.
    for _ in 0..ROUNDS {
        let outline = outline(&last);
        if !outline.is_same(before) {
            return None;
        }
        let next = table::print(layout::rows(&last, &outline));
        if next == last {
            return Some(last);
        }
        last = next;
    }
    None
}
