//! What there is to know of a name.

use super::fixture::marked;
use crate::assist::{Outlook, hover};
use crate::session::{Request, compile};

/// What is told of the marked name, all of these in it.
#[track_caller]
fn check(text: &str, parts: &[&str]) {
    let marked = marked(text);
    let outlook = marked.outlook();
    let (told, at) = hover(&marked.view, Some(&outlook), marked.offset).unwrap();
    assert!(at.contains(&marked.offset) || at.end == marked.offset);
    for part in parts {
        assert!(told.contains(part), "no `{part}` in\n{told}");
    }
}

#[test]
fn an_action_is_told_with_its_effects_its_read_back_its_undoing_and_its_comment() {
    check(
        "use ./estate\nplan p() { step x on b { do prep|are(pool) } }",
        &[
            "action prepare(c: cluster) on host: node",
            "ensures  c is prepared",
            "verify   \"cluster status\"",
            "undo     restore(c)",
            "Makes it stop watching.",
        ],
    );
    check("use ./estate\nplan p() { step x on b { do drop_add|ress(portal) } }", &["releases", "from `std/net`"]);
}

#[test]
fn things_fields_states_and_values_are_told_as_they_are_declared() {
    check(
        "use ./estate\nplan p() { given por|tal on a }",
        &["address portal { ip", "Clients know it by this.", "`address`: an IP address"],
    );
    check("use ./estate\nplan p() { given b.ho|st == \"x\" }", &["node { host: string }"]);
    check("use ./estate\nplan p() { given b is u|p }", &["up: a state of node"]);
    check("use ./estate\nplan p(x: node = b) { given x| is up }", &["x: node = b"]);
    check("use ./estate\nplan p() { let all| = pool.nodes }", &["let all = pool.nodes"]);
    check(
        "use ./estate\nplan p() { given fire|walls are included or excluded }",
        &["given firewalls are included or excluded"],
    );
}

const STEPS: &str = "use ./estate
plan p() {
  given a is up, b is up, web on a, watching is full or none
  step one on a { do stop(web) }
  step tw|o on b { unless watching is full  do start(web) }
}";

#[test]
fn a_step_is_told_with_what_is_foreseen_and_proved() {
    check(
        STEPS,
        &[
            "step two on b",
            "in `p`: `two` on `b`, wave 2 of 2",
            "brings `web on b`",
            "skipped if watching is full",
            "needs `b is up` – not proved yet",
            "acquires",
        ],
    );
    let marked = marked(STEPS);
    let done = compile(&marked.texts, "plan.ha", &Request { everything: true, ..Request::default() });
    assert!(done.diagnostics.iter().all(|d| !d.is_error()), "{:?}", done.diagnostics);
    let (told, _) = hover(&marked.view, Some(&Outlook::of_compilation(&done)), marked.offset).unwrap();
    assert!(told.contains("proved: whatever happened before, when it begins `b is up`"), "{told}");
}

#[test]
fn of_a_word_that_begins_a_clause_its_use_is_told() {
    check("use ./estate\nplan p() {\n  step x on b { d|o stop(web) }\n}", &["do mount(disk)"]);
    check("use ./estate\nplan p() {\n  step x on b {\n    with|in 2m\n  }\n}", &["within 2m, then kill"]);
}

#[test]
fn nothing_is_told_of_what_means_nothing() {
    for text in ["plan p() { given no|body is up }", "plan p() { given b i|s up }", "# giv|en", "plan p() {| }"] {
        let marked = marked(&format!("use ./estate\n{text}"));
        assert_eq!(hover(&marked.view, None, marked.offset), None, "{text}");
    }
}
