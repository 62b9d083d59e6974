//! What a state does not allow, and how it says so.

use super::scene::{A, B, CLUSTER, POWER, SERVICE, Scene};
use crate::bytecode::{InstrId, Status};
use crate::semantics::{Move, State, explore, starts};
use crate::verify::Verified;

fn plan() -> Verified {
    let mut plan = Scene::new();
    plan.probe("answers", POWER, 0b10);
    plan.run("release").on(A).releases(1).sets(CLUSTER, 1).lingering();
    plan.choose("go on?", &["yes", "!no"]).sets(CLUSTER, 0);
    plan.verified()
}

fn end(step: u32, outcome: Status, applied: u64) -> Move {
    Move::End { step: InstrId(step), outcome, applied, lingers: false, answer: None }
}

fn answered(step: u32, outcome: Status, answer: u8) -> Move {
    Move::End { step: InstrId(step), outcome, applied: 0, lingers: false, answer: Some(answer) }
}

#[track_caller]
fn refused(state: &State, program: &Verified, made: &Move, why: &str) {
    let mut after = state.clone();
    assert_eq!(after.apply(program, made).unwrap_err().to_string(), why);
    assert_eq!(&after, state, "a refused move changes nothing");
}

#[track_caller]
fn make(state: &mut State, program: &Verified, made: &Move) {
    assert_eq!(state.apply(program, made), Ok(Vec::new()));
}

#[test]
fn moves_that_are_not_allowed_are_refused_with_a_reason() {
    let program = plan();
    let p = &program;
    let mut s = starts(p).next().unwrap();
    let [enter, probe, release, ask] = [0, 1, 2, 3].map(InstrId);
    refused(&s, p, &Move::Start(enter), "`plan` may not start: it is ok");
    refused(&s, p, &Move::Settle(probe), "`answers` still has to wait");
    refused(&s, p, &Move::Start(probe), "`answers` still has to wait");
    refused(&s, p, &Move::Settle(InstrId(99)), "`?` still has to wait");
    make(&mut s, p, &Move::Settle(enter));
    refused(&s, p, &Move::Settle(enter), "`plan` is settled or running");
    refused(&s, p, &Move::Settle(probe), "`answers` may start, so nothing follows for it");
    refused(&s, p, &answered(1, Status::Ok, 0), "`answers` ends without running");
    make(&mut s, p, &Move::Start(probe));
    refused(&s, p, &Move::Start(probe), "`answers` has started or is settled");
    refused(&s, p, &end(1, Status::Ok, 0), "`answers` cannot end like this");
    refused(&s, p, &answered(1, Status::Failed, 0), "`answers` cannot end like this");
    refused(&s, p, &answered(1, Status::Ok, 2), "`answers` cannot end like this");
    refused(&s, p, &answered(1, Status::Ok, 1), "`answers` is answered yes, though what that means is not so");
    make(&mut s, p, &answered(1, Status::Ok, 0));
    make(&mut s, p, &Move::Start(release));
    refused(&s, p, &end(2, Status::Blocked, 0), "`release` cannot end like this");
    refused(&s, p, &end(2, Status::Ok, 1), "`release` is ok without all of its effects");
    refused(&s, p, &end(2, Status::Failed, 4), "`release` has an effect that it does not have");
    refused(&s, p, &end(2, Status::Unknown, 1), "`release` leaves something in flight");
    let lingers = |outcome| Move::End { step: release, outcome, applied: 3, lingers: true, answer: None };
    refused(&s, p, &lingers(Status::Ok), "`release` leaves nothing in flight");
    refused(&s, p, &Move::Land { step: release, effect: 0 }, "`release` has no such effect in flight");
    let mut given_up = s.clone();
    make(&mut given_up, p, &lingers(Status::Unknown));
    make(&mut given_up, p, &Move::Land { step: release, effect: 1 });
    refused(&given_up, p, &Move::Land { step: release, effect: 2 }, "`release` has no such effect in flight");
    make(&mut s, p, &end(2, Status::Ok, 3));
    make(&mut s, p, &Move::Start(ask));
    refused(&s, p, &answered(3, Status::Ok, 1), "`go on?` cannot end like this");
    refused(&s, p, &answered(3, Status::Failed, 0), "`go on?` cannot end like this");
    refused(&s, p, &answered(3, Status::Failed, 2), "`go on?` cannot end like this");
    refused(&s, p, &end(3, Status::Ok, 1), "`go on?` cannot end like this");
    refused(&s, p, &end(3, Status::Failed, 1), "`go on?` has changed something and failed");
    make(&mut s, p, &Move::Cancel);
    refused(&s, p, &Move::Cancel, "cancellation was requested before");
    make(&mut s, p, &answered(3, Status::Failed, 1));
    make(&mut s, p, &Move::Settle(InstrId(4)));
    assert_eq!((s.is_over(), s.status(InstrId(4))), (true, Status::Blocked));
    assert_eq!(s.moves(p), []);
}

#[test]
fn every_move_that_is_offered_is_allowed_and_every_start_is_one() {
    let mut scene = Scene::new();
    scene.given(SERVICE, 0b101);
    scene.decision("p");
    scene.run("claim").on(B).acquires(2);
    let program = scene.verified();
    assert_eq!(starts(&program).count(), 4);
    let mut open: Vec<State> = starts(&program).collect();
    let mut met = 0;
    while let Some(state) = open.pop() {
        for made in state.moves(&program) {
            let mut next = state.clone();
            next.apply(&program, &made).unwrap();
            assert_ne!(next, state, "{made:?}");
            open.push(next);
            met += 1;
        }
    }
    assert!(met > 20, "{met}");
}

#[test]
fn a_plan_that_is_too_large_is_not_explored() {
    let program = plan();
    assert_eq!(explore(&program, 10), None);
    assert!(explore(&program, 1_000).is_some());
}
