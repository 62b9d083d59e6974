//! Another name for something, or the reason why not.

use super::fixture::marked;
use crate::assist::{rename, renamed};

/// The texts after what is marked has got another name; the reason why not.
fn attempt(text: &str, new: &str) -> Result<Vec<String>, String> {
    let mut marked = marked(text);
    let paths = marked.paths();
    let edits = rename(&mut marked.desk, &marked.texts, &paths, ("plan.ha", marked.offset), new)?;
    let mut texts = marked.texts.clone();
    for edit in edits.iter().rev() {
        texts.0.get_mut(&edit.place.path).unwrap().replace_range(edit.place.range(), &edit.text);
    }
    let changed = texts.0.into_iter().filter(|(path, text)| marked.texts.0[path] != *text);
    Ok(changed.map(|(_, text)| text).collect())
}

#[track_caller]
fn check(text: &str, new: &str, expected: &str) {
    assert_eq!(attempt(text, new).unwrap().last().map(String::as_str), Some(expected));
}

#[track_caller]
fn check_refused(text: &str, new: &str, why: &str) {
    let refusal = attempt(text, new).unwrap_err();
    assert!(refusal.contains(why), "{refusal}");
}

#[test]
fn a_name_is_changed_wherever_it_means_the_same() {
    check(
        "use ./estate\nplan p(x|: node = b) { given x is up  step y on x { run \"echo {{x.name}} x\" } }\nplan q = p(x: a)",
        "node_x",
        "use ./estate\nplan p(node_x: node = b) { given node_x is up  step y on node_x { run \"echo {{node_x.name}} x\" } }\nplan q = p(node_x: a)",
    );
    check(
        "use ./estate\nplan p() { step o|ne on b { run \"a\" }  step two on b { after one  run \"b\" } }\ntest \"t\" { plan p()  when one fails  expect ran two }",
        "first",
        "use ./estate\nplan p() { step first on b { run \"a\" }  step two on b { after first  run \"b\" } }\ntest \"t\" { plan p()  when first fails  expect ran two }",
    );
    let both = attempt("use ./estate\nplan p() { given por|tal on a }", "gateway").unwrap();
    assert_eq!(both.len(), 2);
    assert!(both[0].contains("address gateway {") && both[1].contains("given gateway on a"));
    assert_eq!(attempt("use ./estate\nplan p() { given por|tal on a }", "portal"), Ok(Vec::new()));
}

#[test]
fn what_would_clash_or_is_no_name_is_refused() {
    check_refused("use ./estate\nplan p() { given por|tal on a }", "web", "`web` is declared twice");
    check_refused("use ./estate\nplan p(x|: node = b) { given x is up, b is up }", "b", "already");
    check_refused("use ./estate\nplan p() { step o|ne on b { run \"a\" }  step two on b { run \"b\" } }", "two", "two");
    for word in ["on", "1x", "", "a b", "é"] {
        check_refused("use ./estate\nplan p() { given por|tal on a }", word, "cannot be a name");
    }
}

#[test]
fn what_belongs_to_a_library_or_cannot_be_known_is_refused() {
    check_refused(
        "use ./estate\nplan p() { step x on b { do st|op(web) } }",
        "halt",
        "belongs to the library `std/service`",
    );
    check_refused("use ./estate\nplan p() { given a is u|p }", "on_line", "belongs to the library `std/core`");
    check_refused("use ./estate\nplan p() { given por|tal on a } plan q() { given portal on ( }", "x", "has mistakes");
    check_refused("use ./estate\ntest \"a ti|tle\" { plan p() }", "x", "is a text");
    check_refused("use ./estate\n|\nplan p() { }", "x", "no name");
}

#[test]
fn what_can_be_renamed_is_told_with_its_place() {
    let marked = marked("use ./estate\nplan p() { given portal| on a }");
    let (at, name) = renamed(&marked.view, marked.offset).unwrap();
    assert_eq!((&marked.text[at], name.as_str()), ("portal", "portal"));
}
