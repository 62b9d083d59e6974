//! What each word of a text is, for colours: by its meaning where that is known, by its form elsewhere.

use super::desk::View;
use super::sheet::{Declaration, Sheet, Sort, Use, Wanted};
use crate::syntax::cursor::{Form, words};
use std::collections::HashMap;
use std::ops::Range;

/// A coloured word.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Token {
    /// Where.
    pub at: Range<usize>,
    /// Index of what it is in [`Token::SORTS`].
    pub sort: usize,
    /// It is where this is declared.
    pub declares: bool,
    /// It comes from the standard library.
    pub library: bool,
}

impl Token {
    /// What a word can be; all of them are of the protocol's own list, so that every theme has colours for them.
    pub const SORTS: [&'static str; 14] = [
        "keyword",
        "comment",
        "string",
        "number",
        "type",
        "variable",
        "function",
        "method",
        "class",
        "property",
        "enumMember",
        "parameter",
        "event",
        "namespace",
    ];

    /// What can be said of a word besides, bit by bit.
    pub const MODIFIERS: [&'static str; 2] = ["declaration", "defaultLibrary"];
}

/// The index of what a name is the name of.
fn sort(sort: Sort) -> usize {
    let name = match sort {
        Sort::Kind => "type",
        Sort::Thing | Sort::Variable | Sort::Decision => "variable",
        Sort::Action => "function",
        Sort::Probe => "method",
        Sort::Plan | Sort::Rule | Sort::Test => "class",
        Sort::Field => "property",
        Sort::State | Sort::Answer => "enumMember",
        Sort::Parameter => "parameter",
        Sort::Step | Sort::Phase => "event",
    };
    index(name)
}

fn index(name: &str) -> usize {
    Token::SORTS.iter().position(|sort| *sort == name).unwrap_or(0)
}

/// The words of the text that a view is of, in text order.
pub fn tokens(view: &View) -> Vec<Token> {
    let Some(own) = view.own() else { return Vec::new() };
    let mut named = names(view, own);
    let mut found: Vec<Token> = Vec::new();
    for word in words(&own.text) {
        // A path after `use` is several words, and one name.
        if found.last().is_some_and(|last| word.at.start < last.at.end) {
            continue;
        }
        match (named.remove(&word.at.start), word.form) {
            (Some(token), _) => found.push(token),
            (None, Form::Word) => found.push(plain(word.at, "keyword")),
            (None, Form::Number) => found.push(plain(word.at, "number")),
            (None, Form::Comment) => found.push(plain(word.at, "comment")),
            (None, Form::Text) => text(word.at, &named, &mut found),
            (None, Form::Sign) => {}
        }
    }
    found
}

fn plain(at: Range<usize>, name: &str) -> Token {
    Token { at, sort: index(name), declares: false, library: false }
}

/// What a name looks like that is declared nowhere: a type, a field that everything has, a word of `one of a, b`.
fn unknown(used: &Use) -> &'static str {
    match &used.wanted {
        Wanted::Kind => "type",
        Wanted::Field(_) => "property",
        Wanted::State(_) | Wanted::Value => "enumMember",
        Wanted::Action => "function",
        Wanted::Probe => "method",
        Wanted::Plan => "class",
        Wanted::Step | Wanted::StepOf(_) => "event",
        Wanted::Parameter(..) => "parameter",
    }
}

/// All names by their places.
fn names(view: &View, own: &Sheet) -> HashMap<usize, Token> {
    let mut named = HashMap::new();
    for used in &own.uses {
        let target = view.resolve(own, used);
        let known = target.as_ref().and_then(|target| view.get(target));
        let library = target.is_some_and(|target| target.path.starts_with("std/"));
        let sort = known.map_or_else(|| index(unknown(used)), |known| sort(known.sort));
        named.insert(used.at.start, Token { at: used.at.clone(), sort, declares: false, library });
    }
    let declares = |d: &&Declaration| d.sort != Sort::Test;
    for declaration in own.declarations.iter().filter(declares) {
        let at = declaration.at.clone();
        named.insert(at.start, Token { at, sort: sort(declaration.sort), declares: true, library: false });
    }
    for import in &own.imports {
        named.insert(import.at.start, plain(import.at.clone(), "namespace"));
    }
    named
}

/// A string, with the names in its holes.
fn text(at: Range<usize>, named: &HashMap<usize, Token>, found: &mut Vec<Token>) {
    let mut inside: Vec<&Token> =
        at.clone().filter_map(|offset| named.get(&offset)).filter(|token| token.at.end <= at.end).collect();
    inside.sort_by_key(|token| token.at.start);
    let mut from = at.start;
    for token in inside {
        if from < token.at.start {
            found.push(plain(from..token.at.start, "string"));
        }
        found.push(token.clone());
        from = token.at.end;
    }
    if from < at.end {
        found.push(plain(from..at.end, "string"));
    }
}
