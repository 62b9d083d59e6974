//! The tree-sitter grammar beside the compiler: it finds the same tokens, and mistakes where the compiler finds them.

use super::texts::{Text, texts};
use super::tokens::{Class, Grammar};
use handover::base::{Code, FileId};
use handover::syntax;
use std::ops::Range;
use tree_sitter::{Language, Node, Parser, Query, QueryCursor, StreamingIterator, Tree};
use tree_sitter_handover::{FOLDS, HIGHLIGHTS, INJECTIONS, LANGUAGE, LOCALS};

/// How many changed texts are tried.
const MUTANTS: usize = 3_000;

fn tree(text: &str) -> Tree {
    let mut parser = Parser::new();
    parser.set_language(&LANGUAGE.into()).unwrap();
    parser.parse(text, None).unwrap()
}

/// Whether the compiler finds no mistake of form. How large a number may be, how deep brackets, and what a string may hide
/// is not for an editor.
fn compiles(text: &str) -> bool {
    let other = |code| matches!(code, Code::BadLiteral | Code::TooDeep | Code::TooLarge | Code::HiddenSign);
    syntax::parse(FileId(0), text).1.iter().all(|diagnostic| other(diagnostic.code))
}

/// Where the tree has its first mistake.
fn mistake(tree: &Tree) -> Option<Range<usize>> {
    fn first(node: Node<'_>) -> Option<Range<usize>> {
        if node.is_error() || node.is_missing() {
            return Some(node.byte_range());
        }
        node.children(&mut node.walk()).filter(Node::has_error).find_map(first)
    }
    first(tree.root_node())
}

/// The text, and a word about what is wrong with it.
fn shown(text: &Text, range: Range<usize>, what: &str) -> String {
    let line = text.text[..range.start].matches('\n').count() + 1;
    format!("{}:{line}: {what} at `{}`", text.from, text.text[range].lines().next().unwrap_or(""))
}

#[test]
fn what_the_compiler_understands_has_no_mistakes_and_the_other_way_round() {
    let mut wrong = Vec::new();
    let (mut good, mut bad) = (0, 0);
    for text in texts() {
        match (compiles(&text.text), mistake(&tree(&text.text))) {
            (true, None) => good += 1,
            (false, Some(_)) => bad += 1,
            (true, Some(range)) => wrong.push(shown(&text, range, "a mistake that is none")),
            (false, None) => wrong.push(shown(&text, 0..0, "no mistake is found")),
        }
    }
    assert!(wrong.is_empty(), "{good} and {bad} are right\n{}", wrong.join("\n"));
    assert!(good > 150 && bad > 10, "{good} good and {bad} bad texts");
}

/// What the highlighting says of each byte.
fn highlighted(text: &str, query: &Query) -> Vec<Option<Class>> {
    let mut classes = vec![None; text.len()];
    let tree = tree(text);
    let mut cursor = QueryCursor::new();
    let mut captures = cursor.captures(query, tree.root_node(), text.as_bytes());
    let mut found = Vec::new();
    while let Some((captured, index)) = captures.next() {
        let capture = captured.captures[*index];
        let name = query.capture_names()[capture.index as usize];
        found.push((capture.node.byte_range(), captured.pattern_index, class(name)));
    }
    // Inner nodes after outer ones, and later patterns after earlier ones.
    found.sort_by_key(|(range, pattern, _)| (std::cmp::Reverse(range.len()), *pattern));
    for (range, _, class) in found {
        classes[range].fill(Some(class));
    }
    classes
}

fn class(capture: &str) -> Class {
    match capture.split('.').next().unwrap_or("") {
        "keyword" => Class::Keyword,
        "comment" => Class::Comment,
        "string" if capture == "string.special" => Class::Hole,
        "string" => Class::String,
        "number" => Class::Number,
        "operator" | "punctuation" => Class::Sign,
        _ => Class::Name,
    }
}

#[test]
fn every_token_is_highlighted_as_what_it_is() {
    let grammar = Grammar::load();
    let query = Query::new(&LANGUAGE.into(), HIGHLIGHTS).unwrap();
    let (mut wrong, mut count) = (Vec::new(), 0);
    for text in texts() {
        let Some(tokens) = grammar.tokens(&text.text).filter(|_| compiles(&text.text)) else { continue };
        let found = highlighted(&text.text, &query);
        for (range, class) in tokens {
            count += 1;
            let bytes = &text.text.as_bytes()[range.clone()];
            let differs = |(byte, found): (&u8, &Option<Class>)| match (class, *found) {
                // A path is one token to the compiler, with its dots.
                (Class::Name, Some(Class::Sign)) => byte.is_ascii_alphanumeric(),
                (_, found) => found != Some(class),
            };
            if let Some(other) = bytes.iter().zip(&found[range.clone()]).find(|pair| differs(*pair)) {
                wrong.push(shown(&text, range, &format!("{class:?} that looks like {:?}", other.1)));
            }
        }
    }
    wrong.truncate(100);
    assert!(wrong.is_empty(), "of {count} tokens\n{}", wrong.join("\n"));
    assert!(count > 40_000, "{count} tokens");
}

#[test]
fn the_other_queries_fit_the_grammar() {
    let language: Language = LANGUAGE.into();
    for query in [INJECTIONS, LOCALS, FOLDS] {
        Query::new(&language, query).unwrap_or_else(|error| panic!("{error} in\n{query}"));
    }
}

/// A text with one token left out, or with one of another text in its place or after it.
fn mutant(text: &str, token: Range<usize>, other: &str, way: usize) -> String {
    let kept = if way == 2 { &text[token.clone()] } else { "" };
    let put = if way == 0 { "" } else { other };
    format!("{}{kept} {put} {}", &text[..token.start], &text[token.end..])
}

#[test]
fn of_texts_with_one_token_changed_it_says_what_the_compiler_says() {
    let grammar = Grammar::load();
    let texts: Vec<_> = texts()
        .into_iter()
        .filter(|text| text.text.len() < 6_000 && !text.text.contains("((((") && compiles(&text.text))
        .collect();
    let tokens: Vec<_> = texts.iter().map(|text| (text, grammar.tokens(&text.text).unwrap())).collect();
    let mut seed: u64 = 0;
    let mut any = |count: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % count
    };
    let (mut good, mut bad, mut wrong) = (0, 0, Vec::new());
    for _ in 0..MUTANTS {
        let ((text, own), (other, theirs)) = (&tokens[any(tokens.len())], &tokens[any(tokens.len())]);
        let (own, theirs) = (own[any(own.len())].0.clone(), theirs[any(theirs.len())].0.clone());
        let mutant = mutant(&text.text, own.clone(), &other.text[theirs], any(3));
        match (compiles(&mutant), mistake(&tree(&mutant)).is_none()) {
            (true, true) => good += 1,
            (false, false) => bad += 1,
            (known, _) => {
                let line = mutant[..own.start].rfind('\n').map_or(0, |at| at + 1);
                let line = mutant[line..].lines().next().unwrap_or("");
                wrong.push(format!("{} {line}", if known { "a mistake that is none:" } else { "no mistake found:" }));
            }
        }
    }
    assert!(good > MUTANTS / 20 && bad > MUTANTS / 2, "{good} good and {bad} bad ones");
    // Some words of the language can be names where another grammar would have to look ahead.
    assert!(wrong.len() * 100 < MUTANTS, "{} of {MUTANTS}: {wrong:#?}", wrong.len());
}
