//! Words of a text by their form, and where in a text a cursor stands: for those who look at texts that are half-written.

use super::lex::{self, Kind, Lexer};
use super::words::{OPENINGS, Opening};
use std::ops::Range;

pub use super::words::Place;

/// What a word looks like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// A name or a keyword.
    Word,
    /// A number or a duration.
    Number,
    /// A string with its quotes.
    Text,
    /// A comment.
    Comment,
    /// A bracket, a sign, or what the language has no use for.
    Sign,
}

/// A word and where it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Word {
    /// What it looks like.
    pub form: Form,
    /// Where.
    pub at: Range<usize>,
}

/// All words of a text, in order.
pub fn words(text: &str) -> impl Iterator<Item = Word> {
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    Lexer::new(text, start).map(|token| Word { form: form(token), at: token.start..token.end })
}

fn form(token: lex::Token) -> Form {
    match token.kind {
        Kind::Word => Form::Word,
        Kind::Number => Form::Number,
        Kind::Text { .. } | Kind::Block { .. } => Form::Text,
        Kind::Comment => Form::Comment,
        Kind::Open | Kind::Close | Kind::Sign | Kind::Unknown => Form::Sign,
    }
}

/// A word that can begin something in a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Begin {
    /// With the words that always follow it: `only if`.
    pub shown: &'static str,
    /// How it is used.
    pub example: &'static str,
}

/// Every word that can begin something in a place.
pub fn beginnings(place: Place) -> impl Iterator<Item = Begin> {
    let fits = move |opening: &&Opening| opening.fits(place);
    OPENINGS.iter().filter(fits).map(|opening| Begin { shown: opening.shown, example: opening.example })
}
