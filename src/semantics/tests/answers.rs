//! Probes, questions, waiting.

use super::scene::{A, B, POWER, SERVICE, Scene};
use crate::bytecode::Op;
use crate::bytecode::sample::command;

#[test]
fn a_yes_proves_what_it_means() {
    let mut plan = Scene::new();
    plan.given(SERVICE, 0b011);
    plan.probe("stopped", SERVICE, 0b001);
    let yes = plan.is(0, 1);
    plan.run("claim").on(B).acquires(2).when(yes);
    plan.comes_to(&[]);
}

#[test]
fn a_no_proves_nothing() {
    let mut plan = Scene::new();
    plan.given(POWER, 0b11);
    plan.probe("answers", POWER, 0b01);
    let (yes, no) = (plan.is(0, 1), plan.is(0, 0));
    plan.run("stop").on(A).needs_that(POWER, 0b01).when(yes);
    plan.run("cut").on(B).needs_that(POWER, 0b10).when(no);
    plan.comes_to(&["cut: power not so"]);
}

#[test]
fn a_yes_is_as_good_as_the_moment_at_which_it_was_said() {
    let mut plan = Scene::new();
    plan.probe("answers", POWER, 0b01);
    let yes = plan.is(0, 1);
    plan.run("stop").on(A).sets(POWER, 1).when(yes);
    plan.run("save").on(A).needs_that(POWER, 0b01).when(yes);
    plan.comes_to(&["save: power not so"]);
}

#[test]
fn a_person_who_says_no_has_changed_nothing() {
    let mut plan = Scene::new();
    plan.ask("is it off?").fences_a().if_possible();
    let yes = plan.ok(1);
    let no = plan.not(yes);
    plan.run("save").on(A).needs_that(POWER, 0b01).when(no);
    plan.run("claim").on(B).acquires(2).when(yes);
    plan.comes_to(&[]);
}

#[test]
fn waiting_in_vain_has_changed_nothing() {
    let mut plan = Scene::new();
    let wait = Op::Wait { command: command("off"), every_ms: 1, negated: false };
    plan.line("until it is off", wait).on(B).fences_a().if_possible();
    let ok = plan.ok(1);
    let late = plan.not(ok);
    plan.run("save").on(A).needs_that(POWER, 0b01).when(late);
    plan.run("claim").on(B).acquires(2);
    plan.comes_to(&["claim: service held twice"]);
}

#[test]
fn an_answer_that_stops_lets_nothing_follow() {
    let mut plan = Scene::new();
    plan.choose("what now?", &["release", "claim", "!stop"]);
    let (release, claim, stop) = (plan.is(0, 0), plan.is(0, 1), plan.is(0, 2));
    plan.run("release").on(A).releases(1).when(release);
    plan.run("claim").on(B).acquires(2).when(claim);
    plan.run("never").on(B).acquires(2).when(stop);
    plan.comes_to(&["claim: service held twice"]);
}

#[test]
fn a_tolerated_question_may_stay_without_an_answer() {
    let mut plan = Scene::new();
    plan.choose("what now?", &["release", "wait"]).if_possible();
    let release = plan.is(0, 0);
    plan.run("release").on(A).releases(1).when(release);
    let other = plan.not(release);
    let wait = plan.is(0, 1);
    let neither = plan.not(wait);
    let nobody = plan.0.guard(crate::bytecode::Guard::All(vec![other, neither]));
    plan.run("claim").on(B).acquires(2).when(nobody);
    plan.comes_to(&["claim: service held twice"]);
}
