//! What every word of a text is by the grammar file: the truth that highlighting is held to.

use pest_meta::ast::{Rule, RuleType};
use pest_meta::parser::{self, consume_rules};
use pest_vm::Vm;
use serde::Serialize;
use std::fs;
use std::ops::Range;

/// What a token is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// A word of the language where it stands.
    Keyword,
    /// A name, or a path of them.
    Name,
    /// A number or a duration.
    Number,
    /// A string with its quotes, except for its holes.
    String,
    /// `{{…}}` in a string, around a name.
    Hole,
    /// From `#` to the end of the line.
    Comment,
    /// Brackets and the like.
    Sign,
}

/// Rules of the grammar that are one token each, with the glue after it.
const TOKENS: &[(&str, Class)] = &[
    ("name", Class::Name),
    ("path", Class::Name),
    ("label", Class::Name),
    ("step_ref", Class::Name),
    ("member", Class::Name),
    ("import_path", Class::Name),
    ("number", Class::Number),
    ("duration", Class::Number),
    ("string", Class::String),
    ("comment", Class::Comment),
];

/// The parser of the grammar file in which tokens, and nothing else, are visible.
pub struct Grammar(Vm);

impl Grammar {
    pub fn load() -> Grammar {
        let text = fs::read_to_string(super::root().join("grammar/ha.pest")).unwrap();
        let rules = consume_rules(parser::parse(parser::Rule::grammar_rules, &text).unwrap()).unwrap();
        let open = |rule: Rule| match rule.name.as_str() {
            // With `sp` visible, a token ends where the glue begins; and comments are parts of it.
            name if name == "sp" || TOKENS.iter().any(|(token, _)| *token == name) => {
                Rule { ty: RuleType::CompoundAtomic, ..rule }
            }
            _ => rule,
        };
        Grammar(Vm::new(pest_meta::optimizer::optimize(rules.into_iter().map(open).collect())))
    }

    /// The tokens of a text in order, as ranges of bytes; `None` if the grammar does not know it.
    pub fn tokens(&self, text: &str) -> Option<Vec<(Range<usize>, Class)>> {
        let mut found = Vec::new();
        for pair in self.0.parse("file", text).ok()?.flatten() {
            let Some((_, class)) = TOKENS.iter().find(|(rule, _)| *rule == pair.as_rule()) else { continue };
            let glue = pair.clone().into_inner().find(|inner| inner.as_rule() == "sp");
            let end = glue.map_or(pair.as_span().end(), |glue| glue.as_span().start());
            found.push((pair.as_span().start()..end, *class));
        }
        found.sort_by_key(|(range, _)| range.start);
        let mut tokens = Vec::new();
        let mut at = 0;
        for (range, class) in found {
            between(text, at..range.start, &mut tokens);
            at = range.end;
            match class {
                Class::String => string(text, range, &mut tokens),
                Class::Comment => tokens.push((range.start..range.start + text[range].trim_end().len(), class)),
                _ => tokens.push((range, class)),
            }
        }
        between(text, at..text.len(), &mut tokens);
        Some(tokens)
    }
}

/// Whatever is not one of the [`TOKENS`] is a word of the language, a sign or white space.
fn between(text: &str, range: Range<usize>, tokens: &mut Vec<(Range<usize>, Class)>) {
    for (at, c) in text[range.clone()].char_indices() {
        let at = range.start + at;
        let here = at..at + c.len_utf8();
        match tokens.last_mut() {
            _ if c.is_whitespace() => {}
            Some((word, Class::Keyword)) if word.end == at && is_word(c) => word.end = here.end,
            _ => tokens.push((here, if is_word(c) { Class::Keyword } else { Class::Sign })),
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

/// A string and its holes; `{{` around anything but a name is no hole.
fn string(text: &str, range: Range<usize>, tokens: &mut Vec<(Range<usize>, Class)>) {
    let mut at = range.start;
    while let Some(open) = text[at..range.end].find("{{").map(|i| at + i) {
        let Some(close) = text[open..range.end].find("}}").map(|i| open + i + 2) else { break };
        let inner = text[open + 2..close - 2].trim();
        if inner.is_empty() || !inner.split('.').all(|word| !word.is_empty() && word.chars().all(is_word)) {
            tokens.push((at..open + 2, Class::String));
            at = open + 2;
            continue;
        }
        tokens.push((at..open, Class::String));
        tokens.push((open..close, Class::Hole));
        at = close;
    }
    tokens.push((at..range.end, Class::String));
}
