//! What can be written where somebody writes: only what may stand there, and what fits best first.

mod offers;
mod wish;

use super::desk::View;
use super::names::Target;
use super::sheet::Sort;
use crate::syntax::cursor::{Cursor, cursor};
use offers::Offers;
use std::ops::Range;

/// Offers of one completion; who needs more has to write more letters.
const SHOWN: usize = 400;

/// What an offer is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// Words of the language.
    Word,
    /// A type that is no kind.
    Type,
    /// A text to import.
    Text,
    /// A value such as `30s`.
    Value,
    /// Something declared.
    Name(Sort),
}

/// Something that can be written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Offer {
    /// What is written.
    pub label: String,
    /// The same with places to fill in, `mount(${1:fs})`, if there are any.
    pub snippet: Option<String>,
    /// What it is.
    pub what: What,
    /// A phrase on it; may be empty.
    pub detail: String,
    /// What it is the name of.
    pub target: Option<Target>,
    /// The lower, the better it fits.
    pub rank: u8,
    /// What is replaced by it.
    pub replace: Range<usize>,
}

/// What can be written at an offset of a text, best first, and whether that is all of it. `paths` finds the
/// texts of the workspace.
pub fn complete(view: &View, paths: &dyn Fn() -> Vec<String>, offset: usize) -> (Vec<Offer>, bool) {
    let Some(own) = view.own() else { return (Vec::new(), true) };
    let cursor: Cursor<'_> = cursor(&own.text, offset);
    let begun = |offer: &Offer| own.text.get(offer.replace.start..offset).unwrap_or("");
    let mut offers = Offers { view, own, cursor: &cursor, paths, found: Vec::new() };
    for wish in wish::wishes(&cursor) {
        offers.grant(wish);
    }
    let mut found = offers.found;
    found.retain(|offer| fits(&offer.label, begun(offer)));
    found.sort_by(|a, b| (a.rank, &a.label).cmp(&(b.rank, &b.label)));
    let mut seen = std::collections::HashSet::new();
    found.retain(|offer| seen.insert(offer.label.clone()));
    let all = found.len() <= SHOWN;
    found.truncate(SHOWN);
    (found, all)
}

/// Whether a label has these letters in this order, beginning with the same, capitals or not.
fn fits(label: &str, begun: &str) -> bool {
    let mut letters = label.chars().flat_map(char::to_lowercase);
    begun.chars().flat_map(char::to_lowercase).all(|wanted| letters.any(|letter| letter == wanted))
}
