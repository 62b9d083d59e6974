//! What would have fitted, in words.

use crate::syntax::words::{OPENINGS, Opening, Place};

/// At most this many things are named.
const NAMED: usize = 5;
/// How the grammar says that a name may begin.
const NAME: &str = "a..z";
/// How it says that a number may.
const NUMBER: &str = "0..9";

/// Classes of tokens that have a name: the signs by which one is known, its name, its members. The larger come first.
const CLASSES: &[(&[&str], &str, &[&str])] = &[
    (&["./"], "a path", &["./", "../", "\"", NAME, NUMBER]),
    (&["[", NUMBER, "not"], "a condition", &["not", "every", "each", "some", "\"", "[", "(", "if", NAME, NUMBER]),
    (&["[", NUMBER], "a value", &["\"", "[", "(", "if", NAME, NUMBER]),
    (&["\""], "a text in quotes", &["\""]),
    (&[NAME], "a name", &[NAME]),
    (&[NUMBER], "a number", &[NUMBER]),
];

/// What would have fitted at some place.
pub(super) struct Expected {
    tokens: Vec<String>,
}

impl Expected {
    /// These signs and words; `a..z` stands for names, `0..9` for numbers.
    pub(super) fn new(mut tokens: Vec<String>) -> Expected {
        let glue = [" ", "\t..\r", "#"];
        let parts = ["\"\"\"", "A..Z", "_", "-", "BUILTIN_RULE"];
        tokens.retain(|token| !glue.contains(&token.as_str()) && !parts.contains(&token.as_str()));
        Expected { tokens }
    }

    /// Whether this sign or word fits.
    pub(super) fn has(&self, token: &str) -> bool {
        self.tokens.iter().any(|t| t == token)
    }

    /// Whether a name fits.
    pub(super) fn name(&self) -> bool {
        self.has(NAME)
    }

    /// Whether a number or duration fits.
    pub(super) fn number(&self) -> bool {
        self.has(NUMBER)
    }

    /// Whether the next clause of this place may begin.
    pub(super) fn begins(&self, place: Place) -> bool {
        let mut openings = OPENINGS.iter().filter(|opening| opening.fits(place)).peekable();
        openings.peek().is_some() && openings.all(|opening| self.has(opening.word))
    }

    /// The words that fit.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        self.tokens.iter().map(String::as_str).filter(|t| t.len() > 1 && t.bytes().all(|b| b.is_ascii_alphabetic()))
    }

    /// `a condition`, `` `{` or a text in quotes ``
    pub(super) fn shown(&self, place: Place) -> String {
        let mut rest: Vec<&str> = self.tokens.iter().map(String::as_str).collect();
        let mut named = Vec::new();
        for (signs, name, members) in CLASSES {
            if signs.iter().all(|sign| rest.contains(sign)) {
                rest.retain(|token| !members.contains(token));
                named.push((*name).to_owned());
            }
        }
        let begins = self.begins(place);
        if begins {
            named.push(clause_of(place).to_owned());
            rest.retain(|token| !Opening::of(token).is_some_and(|opening| opening.fits(place)));
        }
        // That what is there could have gone on is not worth a word if there is more to say.
        if begins || rest.iter().filter(|token| goes_on(token)).count() >= 2 {
            rest.retain(|token| !goes_on(token) && *token != ",");
        }
        if rest.len() > 1 {
            rest.retain(|token| *token != ".");
        }
        named.extend(rest.into_iter().map(|token| format!("`{token}`")));
        named.truncate(NAMED);
        listed(&named)
    }
}

/// Whether a value or condition goes on with this.
fn goes_on(token: &str) -> bool {
    let words = ["is", "are", "on", "include", "includes", "agree", "succeeded", "did", "and", "or", "except"];
    words.contains(&token) || matches!(token, "." | "(" | "[" | "==" | "!=" | "<" | ">" | "<=" | ">=")
}

/// What stands in this place.
pub(super) fn clause_of(place: Place) -> &'static str {
    match place {
        Place::File => "an item such as `plan` or `action`",
        Place::Kind => "a clause of a kind",
        Place::Extend => "a field",
        Place::Action => "a clause of an action",
        Place::Probe => "a clause of a probe",
        Place::Rule => "`require`",
        Place::Entity => "an attribute",
        Place::Plan => "a clause of a plan",
        Place::Block => "a step",
        Place::Step => "a clause of a step",
        Place::Test => "a clause of a test",
    }
}

/// `a, b or c`
pub(super) fn listed(parts: &[String]) -> String {
    match parts {
        [] => String::from("the end"),
        [one] => one.clone(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}
