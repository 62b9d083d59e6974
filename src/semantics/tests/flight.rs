//! Commands that were given up and may still have their effect.

use super::scene::{A, B, CLUSTER, POWER, SERVICE, Scene};
use crate::bytecode::Op;

#[test]
fn a_command_that_was_given_up_lands_when_the_thing_is_elsewhere() {
    let mut plan = Scene::new();
    plan.given(SERVICE, 0b001);
    plan.run("first").on(A).acquires(1).lingering().if_possible();
    plan.run("release").on(A).releases(1);
    plan.run("second").on(B).acquires(2);
    plan.comes_to(&["second: service held twice", "first: service lands late"]);
}

#[test]
fn a_fence_stops_what_is_in_flight() {
    let mut plan = Scene::new();
    plan.given(SERVICE, 0b001);
    plan.run("first").on(A).acquires(1).lingering().if_possible();
    plan.run("fence").on(B).fences_a();
    plan.run("second").on(B).acquires(2);
    plan.comes_to(&[]);
}

#[test]
fn a_fence_that_failed_stops_nothing() {
    let mut plan = Scene::new();
    plan.given(SERVICE, 0b001);
    plan.run("first").on(A).acquires(1).lingering().if_possible();
    plan.run("release").on(A).releases(1);
    plan.run("fence").on(B).fences_a().if_possible();
    plan.run("second").on(B).acquires(2);
    plan.comes_to(&["second: service held twice", "first: service lands late"]);
}

#[test]
fn an_assumption_stops_it_as_a_fence_does() {
    let mut plan = Scene::new();
    plan.given(SERVICE, 0b001);
    plan.run("first").on(A).acquires(1).lingering().if_possible();
    plan.line("assume", Op::Assume { why: "it has no power".into() }).fences_a();
    plan.run("second").on(B).acquires(2);
    plan.comes_to(&[]);
}

#[test]
fn a_fence_of_another_machine_stops_nothing() {
    let mut plan = Scene::new();
    plan.given(SERVICE, 0b001);
    plan.run("first").on(B).acquires(2).lingering().if_possible();
    plan.run("release").on(B).moves(2, 0);
    plan.run("fence").on(B).fences_a();
    plan.run("second").on(A).acquires(1);
    plan.comes_to(&["second: service held twice", "first: service lands late"]);
}

#[test]
fn what_succeeded_does_not_land_again_unless_it_may_be_repeated() {
    for (idempotent, expected) in [(false, &[][..]), (true, &["take: service held twice", "start: service lands late"])]
    {
        let mut plan = Scene::new();
        plan.given(SERVICE, 0b001);
        plan.run("start").on(A).acquires(1).lingering().0.flags.idempotent = idempotent;
        plan.run("release").on(A).releases(1);
        plan.run("take").on(B).acquires(2);
        plan.comes_to(expected);
    }
}

#[test]
fn a_step_may_lose_what_it_needs_while_it_runs() {
    let mut plan = Scene::new();
    plan.run("stop").on(A).sets(POWER, 1).lingering().if_possible();
    plan.run("start").on(B).sets(POWER, 0);
    plan.run("save").on(A).needs_that(POWER, 0b01);
    plan.comes_to(&["save: power not so"]);
}

#[test]
fn a_goal_may_be_lost_after_the_end() {
    let mut plan = Scene::new();
    plan.run("stop").on(A).sets(POWER, 1).lingering().if_possible();
    plan.run("start").on(B).sets(POWER, 0);
    plan.goal(POWER, 0b01);
    plan.comes_to(&["goal missed: power"]);
}

#[test]
fn a_thing_may_be_opened_again_after_the_end() {
    let mut plan = Scene::new();
    plan.run("prepare").on(A).sets(CLUSTER, 1).lingering().if_possible();
    plan.line("finally", Op::Enter).needing(&[0]).waiting_for(&[1]).in_finally();
    plan.run("put back").on(B).sets(CLUSTER, 0).in_finally();
    plan.line("finally.exit", Op::Exit).in_finally();
    plan.comes_to(&["left open: cluster"]);
}

#[test]
fn a_fence_of_its_own_machine_stops_its_own_attempts() {
    let mut plan = Scene::new();
    plan.run("shut down").on(A).fences_a().lingering().idempotent();
    plan.run("start").on(B).sets(POWER, 0);
    plan.run("save").on(A).needs_that(POWER, 0b01);
    plan.comes_to(&[]);
}
