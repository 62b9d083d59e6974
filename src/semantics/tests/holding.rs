//! Things that are held by one, states that must not last, goals.

use super::scene::{A, B, CLUSTER, Line, POWER, SERVICE, Scene};
use crate::bytecode::sample::ids;
use crate::bytecode::{Guard, Op};
use crate::calculus::{CellId, CellKind, MachineId};

#[test]
fn what_was_released_can_be_taken() {
    let mut plan = Scene::new();
    plan.run("release").on(A).releases(1);
    plan.run("claim").on(B).acquires(2);
    plan.goal(SERVICE, 0b100);
    plan.comes_to(&[]);
}

#[test]
fn what_was_released_if_possible_may_still_be_held() {
    let mut plan = Scene::new();
    plan.run("release").on(A).releases(1).if_possible();
    plan.run("claim").on(B).acquires(2);
    plan.comes_to(&["claim: service held twice"]);
}

#[test]
fn a_fence_frees_what_its_victim_held() {
    let mut plan = Scene::new();
    plan.run("release").on(A).releases(1).if_possible();
    plan.run("fence").on(B).fences_a();
    plan.run("claim").on(B).acquires(2);
    plan.comes_to(&[]);
}

#[test]
fn taking_what_one_has_is_no_conflict() {
    let mut plan = Scene::new();
    plan.given(SERVICE, 0b011);
    plan.run("claim").on(A).acquires(1);
    plan.comes_to(&[]);
}

#[test]
fn any_initial_value_may_be_the_one() {
    let mut plan = Scene::new();
    plan.given(SERVICE, 0b111);
    plan.run("release").on(A).releases(1);
    plan.run("claim").on(A).acquires(1);
    plan.comes_to(&["claim: service held twice"]);
}

#[test]
fn a_move_takes_a_thing_from_one_place_only() {
    let mut plan = Scene::new();
    plan.given(SERVICE, 0b011);
    plan.run("move").moves(1, 2);
    plan.goal(SERVICE, 0b100);
    plan.comes_to(&["goal missed: service"]);
}

/// Tries to take the service back to `a`, or else to `b`; gives the ladder's beginning.
fn two_ways(plan: &mut Scene) {
    plan.run("release").on(A).releases(1);
    let enter = plan.here();
    plan.line("ladder", Op::Enter);
    plan.run("first").on(A).acquires(1);
    let ok = plan.ok(enter + 1);
    let guard = plan.not(ok);
    plan.run("second").on(B).acquires(2).needing(&[enter]).waiting_for(&[enter + 1]).when(guard);
    let rungs = ids(&[enter + 1, enter + 2]);
    plan.line("ladder.join", Op::Join { rungs }).needing(&[enter]).waiting_for(&[enter + 1, enter + 2]);
}

#[test]
fn an_attempt_that_failed_may_have_had_its_effect() {
    let mut plan = Scene::new();
    two_ways(&mut plan);
    plan.comes_to(&["second: service held twice"]);
}

#[test]
fn a_ladder_ends_well_if_one_of_its_rungs_does() {
    let mut plan = Scene::new();
    two_ways(&mut plan);
    plan.goal(SERVICE, 0b100);
    plan.comes_to(&["second: service held twice", "goal missed: service"]);
}

#[test]
fn what_a_step_needs_is_looked_at_while_it_runs() {
    let mut plan = Scene::new();
    plan.run("stop").on(A).sets(POWER, 1).if_possible();
    plan.run("save").on(A).needs_that(POWER, 0b01);
    plan.run("start").on(A).sets(POWER, 0).needs_that(POWER, 0b10);
    plan.comes_to(&["save: power not so", "start: power not so"]);
}

#[test]
fn a_goal_is_missed_only_by_a_plan_that_ends_well() {
    let mut plan = Scene::new();
    plan.run("release").on(A).releases(1);
    plan.run("claim").on(B).acquires(2);
    plan.run("check").on(B);
    plan.goal(SERVICE, 0b110);
    plan.comes_to(&[]);
}

#[test]
fn a_tolerated_step_does_not_carry_a_goal() {
    let mut plan = Scene::new();
    plan.run("release").on(A).releases(1);
    plan.run("claim").on(B).acquires(2).if_possible();
    plan.goal(SERVICE, 0b100);
    plan.comes_to(&["goal missed: service"]);
}

#[test]
fn a_cancellation_leaves_open_what_only_the_next_step_closes() {
    let mut plan = Scene::new();
    plan.run("prepare").on(A).sets(CLUSTER, 1);
    plan.run("put back").on(A).sets(CLUSTER, 0);
    plan.comes_to(&["left open: cluster"]);
}

/// A phase whose `finally` puts the cluster back.
fn bracket(plan: &mut Scene) {
    let enter = plan.here();
    plan.line("window", Op::Enter);
    plan.line("window.first", Op::Enter);
    plan.run("prepare").on(A).sets(CLUSTER, 1);
    plan.run("migrate").on(A);
    plan.line("window.first.exit", Op::Exit);
    plan.line("window.finally", Op::Enter).needing(&[enter]).waiting_for(&[enter + 4]).in_finally();
    plan.run("put back").on(A).sets(CLUSTER, 0).in_finally();
    plan.line("window.finally.exit", Op::Exit).in_finally();
    plan.line("window.exit", Op::Exit).needing(&[enter + 4, enter + 7]);
}

#[test]
fn a_finally_closes_what_was_opened_unless_it_fails() {
    let mut plan = Scene::new();
    bracket(&mut plan);
    plan.comes_to(&[]);
}

#[test]
fn a_finally_that_does_something_else_closes_nothing() {
    let mut plan = Scene::new();
    bracket(&mut plan);
    plan.0.0.code[7].effects.clear();
    plan.comes_to(&["left open: cluster"]);
}

#[test]
fn a_recovery_that_failed_excuses_its_own_cell_only() {
    let mut plan = Scene::new();
    bracket(&mut plan);
    plan.0.0.cells[SERVICE as usize].rests = 0b010;
    let put_back = &mut plan.0.0.code[7];
    put_back.effects.clear();
    Line(put_back).sets(SERVICE, 1);
    plan.comes_to(&["left open: cluster"]);
}

#[test]
fn a_hold_on_the_thing_is_a_way_to_close_it() {
    for (held, expected) in [(CLUSTER, &[][..]), (POWER, &["left open: cluster"])] {
        let mut plan = Scene::new();
        plan.run("prepare").on(A).sets(CLUSTER, 1);
        plan.hold(Some(A), &[held]);
        plan.comes_to(expected);
    }
}

#[test]
fn a_machine_that_comes_up_takes_again_what_it_is_configured_with() {
    let cut_and_claim = || {
        let mut plan = Scene::new();
        let kind = CellKind::Configured { machine: MachineId(A), of: CellId(SERVICE) };
        let configured = plan.0.cell("service configured on a", &["no", "yes"], kind).0;
        plan.given(configured, 0b10);
        plan.run("cut").on(B).fences_a();
        plan.run("claim").on(B).acquires(2);
        (plan, configured)
    };
    let comes_back = ["comes back: service configured on a"];
    let (plan, _) = cut_and_claim();
    plan.comes_to(&comes_back);
    let (mut plan, configured) = cut_and_claim();
    plan.run("remove").on(B).sets(configured, 0).if_possible();
    plan.comes_to(&comes_back);
    let (mut plan, _) = cut_and_claim();
    plan.hold(Some(B), &[]);
    plan.comes_to(&comes_back);
    let mut untouched = cut_and_claim().0;
    untouched.given(SERVICE, 0b100);
    untouched.0.0.code.truncate(1);
    untouched.comes_to(&[]);
    let (mut plan, _) = cut_and_claim();
    plan.hold(Some(A), &[]);
    plan.comes_to(&[]);
    let (mut plan, configured) = cut_and_claim();
    plan.given(configured, 0b01);
    plan.comes_to(&[]);
}

#[test]
fn the_last_way_out_of_a_ladder_is_a_recovery_too() {
    let mut plan = Scene::new();
    plan.line("ladder", Op::Enter);
    plan.run("first").on(A).sets(CLUSTER, 1);
    let ok = plan.ok(2);
    let guard = plan.not(ok);
    plan.run("second").on(B).sets(CLUSTER, 0).needing(&[1]).waiting_for(&[2]).when(guard);
    let rungs = ids(&[2, 3]);
    plan.line("ladder.join", Op::Join { rungs }).needing(&[1]).waiting_for(&[2, 3]);
    // If the first rung is ok, the cluster stays prepared. If it is not and the second fails, that is known.
    plan.comes_to(&["left open: cluster"]);
}

#[test]
fn what_was_open_before_and_is_not_touched_is_not_left_open_by_the_plan() {
    let mut plan = Scene::new();
    plan.given(CLUSTER, 0b11);
    plan.run("release").on(A).releases(1);
    plan.comes_to(&[]);
}

#[test]
fn conditions_decide_who_runs() {
    let mut plan = Scene::new();
    let forced = plan.decision("forced");
    let (yes, no) = (plan.is(forced, 1), plan.is(forced, 0));
    plan.run("release").on(A).releases(1).when(no);
    plan.run("claim").on(B).acquires(2).when(yes);
    plan.comes_to(&["claim: service held twice"]);
}

#[test]
fn at_most_counts() {
    let mut plan = Scene::new();
    plan.run("one").on(A).if_possible();
    plan.run("two").on(A).if_possible();
    let (one, two) = (plan.ok(1), plan.ok(2));
    let failed = vec![plan.not(one), plan.not(two)];
    let few = plan.0.guard(Guard::AtMost { count: 0, of: failed });
    plan.run("release").on(A).releases(1).when(few);
    // Not applicable passes: with one failure the service is still on `a`.
    plan.run("claim").on(B).acquires(2).when(one);
    plan.comes_to(&["claim: service held twice"]);
}

#[test]
fn an_assumption_happens_as_it_settles() {
    let mut plan = Scene::new();
    plan.line("assume", Op::Assume { why: "it has no power".into() }).fences_a();
    plan.run("claim").on(B).acquires(2);
    plan.run("save").on(A).needs_that(POWER, 0b01);
    plan.comes_to(&["save: power not so"]);
}

#[test]
fn who_cancels_takes_nothing_for_granted_any_more() {
    let mut plan = Scene::new();
    plan.line("ladder", Op::Enter);
    plan.run("release").on(A).releases(1);
    let ok = plan.ok(2);
    let guard = plan.not(ok);
    plan.line("assume", Op::Assume { why: "it is old".into() })
        .sets(CLUSTER, 1)
        .needing(&[1])
        .waiting_for(&[2])
        .when(guard);
    let rungs = ids(&[2, 3]);
    plan.line("ladder.join", Op::Join { rungs }).needing(&[1]).waiting_for(&[2, 3]);
    plan.goal(SERVICE, 0b001);
    // If `release` fails; but not if it is cancelled before it starts: the plan then is not done.
    plan.comes_to(&["goal missed: service", "left open: cluster"]);
    let mut plan = Scene::new();
    plan.line("ladder", Op::Enter);
    plan.line("tell", Op::Tell { text: Default::default() });
    let ok = plan.ok(2);
    let guard = plan.not(ok);
    plan.line("assume", Op::Assume { why: "it is old".into() })
        .sets(CLUSTER, 1)
        .needing(&[1])
        .waiting_for(&[2])
        .when(guard);
    let rungs = ids(&[2, 3]);
    plan.line("ladder.join", Op::Join { rungs }).needing(&[1]).waiting_for(&[2, 3]);
    plan.comes_to(&[]);
}
