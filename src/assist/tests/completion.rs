//! Completion knows the position.

use super::fixture::marked;
use crate::assist::complete;

/// What is offered in a place of a step, a plan, …: the labels, best first.
fn offered(text: &str) -> Vec<String> {
    let marked = marked(text);
    let (offers, _) = complete(&marked.view, &|| marked.paths(), marked.offset);
    offers.into_iter().map(|offer| offer.label).collect()
}

/// Some labels are offered first, in this order, and others not at all.
#[track_caller]
fn check(text: &str, first: &[&str], never: &[&str]) {
    let labels = offered(text);
    assert_eq!(labels.get(..first.len().min(labels.len())).unwrap(), first, "{text}\n{labels:?}");
    for label in never {
        assert!(!labels.iter().any(|l| l == label), "{text}\n`{label}` in {labels:?}");
    }
}

/// These labels are among what is offered, others are not.
#[track_caller]
fn check_some(text: &str, some: &[&str], never: &[&str]) {
    let labels = offered(text);
    for label in some {
        assert!(labels.iter().any(|l| l == label), "{text}\n`{label}` not in {labels:?}");
    }
    check(text, &[], never);
}

const HEAD: &str =
    "use ./estate\nplan p(from: site = tokyo, to: node = b) {\n  given firewalls are included or excluded\n  ";

fn plan(rest: &str) -> String {
    format!("{HEAD}{rest}")
}

#[test]
fn words_that_may_begin_something_there() {
    check_some("|", &["use", "plan", "action", "node", "site"], &["step", "do", "otherwise"]);
    check_some(&plan("|"), &["given", "step", "for each", "otherwise"], &["do", "use", "states"]);
    check_some(&plan("step x on to {\n    |"), &["do", "run", "only if", "after"], &["given", "step", "plan"]);
    check_some(&plan("step x on to { do stop(web)  o|"), &["only if", "output"], &["run"]);
    check_some(&plan("step x on to {\n    o|"), &["only if", "output"], &["run", "after"]);
    check_some("use ./estate\nnode c {\n  |", &["host", "power", "via"], &["states", "unit"]);
    check_some("kind k {\n  |", &["states", "exclusive on"], &["do"]);
    check_some("test \"t\" {\n  |", &["plan", "when", "expect", "given"], &["step"]);
}

#[test]
fn actions_that_fit_and_things_that_fit_them() {
    check_some(&plan("step x on to {\n    do |"), &["stop", "start", "add_address", "prepare"], &["web", "answers"]);
    check(&plan("step x on to {\n    do prep|"), &["prepare"], &["stop"]);
    check(&plan("step x on to { do stop(|"), &["web"], &["portal", "a", "b", "to"]);
    check(&plan("step x on to { do prepare(c: |"), &["pool"], &["web"]);
    check(&plan("step x on to { do power_off(|"), &["to", "a", "b", "from"], &["web", "portal"]);
    check(&plan("step x on to { only if answers(to, from: |"), &["to", "a", "b", "from"], &["web"]);
    let labels = offered(&plan("step x on to { do power_off(|"));
    assert!(labels.contains(&String::from("victim:")), "{labels:?}");
}

#[test]
fn an_action_is_offered_with_places_for_its_arguments() {
    let marked = marked(&plan("step x on to { do prep|"));
    let (offers, all) = complete(&marked.view, &|| marked.paths(), marked.offset);
    assert!(all);
    assert_eq!(offers[0].snippet.as_deref(), Some("prepare(${1:c})"), "the node is no argument");
    assert_eq!(offers[0].detail, "Stop the watchdogs");
    assert_eq!(&marked.text[offers[0].replace.clone()], "prep");
}

#[test]
fn states_and_answers_and_fields_of_this_thing() {
    check(&plan("given to is |"), &["down", "up"], &["normal", "included"]);
    check(&plan("given pool is |"), &["normal", "prepared"], &["up"]);
    check(&plan("given pool is normal or |"), &["normal", "prepared"], &["up"]);
    check(&plan("step x on to { only if not pool is |"), &["normal", "prepared"], &["up"]);
    check(&plan("step x on to { only if firewalls are |"), &["excluded", "included"], &["up"]);
    check(
        &plan("step q { ask \"?\" answer yes_please answer no_way }\n step x on to { only if q is |"),
        &["no_way", "yes_please"],
        &["up"],
    );
    check(&plan("given from.manager is |"), &["down", "up"], &["normal"]);
    check(&plan("given from.|"), &["manager"], &["host", "nodes"]);
    check_some(&plan("given from.manager.|"), &["host", "power", "name", "site"], &["manager"]);
    check_some(&plan("step x on to { run \"echo {{to.|}}\""), &["host", "name"], &["manager"]);
    check_some(&plan("step x on to { run \"echo {{|\""), &["to", "from", "web"], &["do"]);
    check_some(&plan("let all = pool.nodes\n  given all.|"), &["host"], &["nodes"]);
    check(&plan("for each n in pool.nodes { step x on n { only if n is |"), &["down", "up"], &["normal"]);
}

#[test]
fn steps_that_can_be_named_and_targets() {
    let steps = "step one on to { run \"a\" }\n  phase two { step three on to { run \"b\" } }\n  ";
    check(&plan(&format!("{steps}step x on to {{ after |")), &["one", "three", "two"], &["x", "to"]);
    check_some(&plan(&format!("{steps}step x on to {{ only if |")), &["one", "to", "answers", "firewalls"], &["do"]);
    check(&plan("step x on |"), &["to", "a", "b"], &["web", "portal"]);
    check_some(&plan("step x on |"), &["each of", "any of"], &[]);
    check_some(&plan("goal portal on |"), &["to", "a", "nowhere"], &["portal"]);
    check_some(&plan(&format!("{steps}}}\ntest \"t\" {{\n  plan p()\n  when |")), &["one", "two", "three"], &["web"]);
}

#[test]
fn imports_kinds_types_and_plans() {
    check_some("use |", &["std/net", "std/postgres", "./estate"], &["std/core", "./plan"]);
    check_some("use std/n|", &["std/net"], &["std/fs"]);
    check_some("use ./estate\nkind k is |", &["node", "cluster"], &["string"]);
    check_some("use ./estate\nkind k { f: |", &["node", "string", "set of"], &["web"]);
    check_some("use ./estate\naction x(c: |", &["cluster", "duration"], &["pool"]);
    check_some("use ./estate\nplan p() { }\nplan q() { include |", &["p"], &["web"]);
    check_some("use ./estate\nplan p() { }\nplan q = p() follows |", &["p"], &["web"]);
    check("use ./estate\nnode c { via = |", &["exec", "local", "ssh"], &["web"]);
    check("use ./estate\nsite s { manager = |", &["a", "b"], &["web"]);
}

#[test]
fn where_anything_may_be_said_nothing_is_offered() {
    check("# use |", &[], &["std/net"]);
    for prose in ["# use |", "test \"|", "kind |", "use ./estate\nplan p() { step |"] {
        assert!(offered(prose).is_empty(), "{prose}: {:?}", offered(prose));
    }
}
