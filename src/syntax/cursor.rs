//! Words of a text by their form, and where in a text a cursor stands: for those who look at texts that are half-written.

use super::explain::scene::Scene;
use super::lex::{self, Kind, Lexer};
use super::scan;
use super::words::{self, OPENINGS, Opening};
use crate::base::FileId;
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

/// Whether a word can be a name: letters, digits, `_` and `-`, and none of the words that hold sentences together.
pub fn may_be_a_name(word: &str) -> bool {
    let begins = word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    begins && word.bytes().all(lex::is_name_byte) && !words::is_reserved(word)
}

/// What a cursor is in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Inside<'t> {
    /// Words of the language.
    Code,
    /// A hole of a text, `{{…}}`: what stands in it before the word.
    Hole(&'t str),
    /// A comment, or a text outside of its holes.
    Prose,
}

/// Where in a text somebody writes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cursor<'t> {
    /// What it is in.
    pub inside: Inside<'t>,
    /// The word that is being written, before and after the cursor; empty between words.
    pub word: Range<usize>,
    /// What the braces around it belong to.
    pub place: Place,
    /// What stands before these braces, from the word that they belong to: `step`, `x`, `on`, `a`.
    pub entry: Vec<&'t str>,
    /// What stands before the word in its clause.
    pub clause: Vec<&'t str>,
    /// The word is the first of its line or stands after a brace: it may begin a clause.
    pub fresh: bool,
}

/// Where an offset of a text is. Mistakes elsewhere in the text do not matter.
pub fn cursor(text: &str, offset: usize) -> Cursor<'_> {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let item = begin_of_item(text, offset);
    let (inside, word) = inside(text, item, offset);
    let before = text.get(item..word.start).unwrap_or("");
    let scene = Scene::at_end(if inside == Inside::Code { before } else { "" });
    let gap = before.trim_end_matches([' ', '\t']);
    let fresh = gap.is_empty() || gap.ends_with(['\n', '\r', '{', '}']);
    Cursor { inside, word, place: scene.place(), entry: scene.open_entry(), clause: scene.open_clause(), fresh }
}

/// Where the item begins that an offset is in or after.
fn begin_of_item(text: &str, offset: usize) -> usize {
    let scan = scan::scan(FileId::default(), text.get(..offset).unwrap_or(""));
    scan.regions.last().map_or(0, |region| region.range.start)
}

/// What an offset is in, and the word there.
fn inside(text: &str, from: usize, offset: usize) -> (Inside<'_>, Range<usize>) {
    let token = Lexer::new(text, from).take_while(|token| token.start < offset).last();
    let Some(token) = token else { return (Inside::Code, offset..offset) };
    let gap = text.get(token.end.min(offset)..offset).unwrap_or("");
    if token.kind == Kind::Comment && !gap.contains('\n') {
        return (Inside::Prose, offset..offset);
    }
    if offset > token.end {
        return (Inside::Code, offset..offset);
    }
    match token.kind {
        Kind::Word | Kind::Number => (Inside::Code, token.start..token.end),
        Kind::Text { closed } | Kind::Block { closed } if !closed || offset < token.end => {
            let start = token.content().0.min(offset);
            hole(text, start, offset)
        }
        _ => (Inside::Code, offset..offset),
    }
}

/// The same within a string that begins at `start`.
fn hole(text: &str, start: usize, offset: usize) -> (Inside<'_>, Range<usize>) {
    let before = text.get(start..offset).unwrap_or("");
    let open = before.rfind("{{").map(|at| at + 2);
    let Some(content) = open.and_then(|at| before.get(at..)).filter(|content| !content.contains("}}")) else {
        return (Inside::Prose, offset..offset);
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let lead = content.trim_end_matches(is_name);
    let after = text.get(offset..).unwrap_or("");
    let end = offset + after.find(|c| !is_name(c)).unwrap_or(after.len());
    (Inside::Hole(lead), offset - (content.len() - lead.len())..end)
}

#[cfg(test)]
mod tests {
    use super::{Inside, Place, cursor};

    /// Where the `|` of a text is.
    #[track_caller]
    fn check(marked: &str, place: Place, clause: &[&str], word: &str) {
        let text = marked.replacen('|', "", 1);
        let found = cursor(&text, marked.find('|').unwrap());
        assert_eq!((found.place, found.clause.as_slice()), (place, clause), "{found:?}");
        assert_eq!(&text[found.word], word);
    }

    #[test]
    fn the_clause_and_its_braces_are_known_although_nothing_is_finished() {
        check("|", Place::File, &[], "");
        check("pl|an", Place::File, &[], "plan");
        check("plan p() {\n  step x on a {\n    do st|", Place::Step, &["do"], "st");
        check("plan p() {\n  step x on a { do stop(w|) }\n}\n", Place::Step, &["do", "stop", "("], "w");
        check("plan p() { step x on a { do b(c) } }\nplan q() {\n  given a.|", Place::Plan, &["given", "a", "."], "");
        check("plan p( {{ ] \n\nplan q() {\n  goal x is |\n}", Place::Plan, &["goal", "x", "is"], "");
        check("node a { host = \"x\"  us|", Place::Entity, &["host", "=", "\"x\""], "us");
        check("plan p() { phase q { for each x in y { |", Place::Block, &[], "");
    }

    #[test]
    fn texts_have_holes_and_comments_have_none() {
        let inside = |marked: &str| {
            let text = marked.replacen('|', "", 1);
            let word = cursor(&text, marked.find('|').unwrap()).word;
            match cursor(&text, marked.find('|').unwrap()).inside {
                Inside::Code => String::from("code"),
                Inside::Prose => String::from("prose"),
                Inside::Hole(before) => format!("{before}[{}]", &text[word]),
            }
        };
        assert_eq!(inside("tell \"a {{b.c|d}}\""), "b.[cd]");
        assert_eq!(inside("tell \"a {{|"), "[]");
        assert_eq!(inside("tell \"a {{b}} c|\""), "prose");
        assert_eq!(inside("tell \"a\"|"), "code");
        assert_eq!(inside("# {{a|"), "prose");
        assert_eq!(inside("# a |"), "prose");
        assert_eq!(inside("# a\n|"), "code");
        assert_eq!(inside("run \"\"\"\n {{x|\n\"\"\""), "[x]");
    }

    #[test]
    fn the_head_of_the_braces_is_known() {
        let text = "plan p() {\n  step 7 x \"t\" on each of [a] {\n    do ";
        assert_eq!(cursor(text, text.len()).entry, ["step", "7", "x", "\"t\"", "on", "each", "of", "[", "a", "]"]);
        let text = "site s { node n { host ";
        assert_eq!(cursor(text, text.len()).entry, ["node", "n"]);
    }
}
