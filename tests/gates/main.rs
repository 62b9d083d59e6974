//! Gates and control between processes: who may answer, until when, from another terminal, after a crash; cancelling from
//! elsewhere; and duties that outlive their run.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod duties;
mod place;
mod terminal;
mod users;

use place::{Place, me};
use serde_json::Value;
use std::time::{Duration, Instant};

/// Two questions, and a step after each.
const TWO: &str = r#"
node here { via = local }
plan move() "Clients move" {
  given here is up
  step sure {
    ask "Shall clients be moved?"
    by  movers
  }
  step one on here { run "echo one >>log" }
  step way {
    ask    "How?"
    answer quick "The address"
    answer full  "All of it"
    answer wait  "Not now" stops
    within 10m
  }
  step two on here {
    only if way is full
    run "echo two >>log"
  }
}
"#;

/// A question with a time and an answer that counts then.
fn timed(otherwise: &str) -> String {
    format!(
        r#"
node here {{ via = local }}
plan move() {{
  given here is up
  step sure {{
    ask "Shall clients be moved?"
    within 1s{otherwise}
  }}
  step go on here {{ run "echo gone >>log" }}
}}
"#
    )
}

#[test]
fn a_question_is_answered_from_another_terminal_once_and_by_name() {
    let place = Place::new(TWO);
    let role = format!("movers={}", me());
    let mut run = place.start(&["run", "plan.ha", "--yes", "--role", &role]);
    let id = place.wait_for("sure");
    let (exit, out, _) = place.handover(&["runs"]);
    assert!(exit == 0 && out.contains("running") && out.contains("waits for an answer: sure, for movers"), "{out}");
    let (exit, _, err) = place.handover(&["approve", "20261122-999999-aaaa"]);
    assert!(exit == 2 && err.contains("there is no run `20261122-999999-aaaa`"), "{err}");
    let (exit, _, err) = place.handover(&["resume", &id]);
    assert!(exit == 3 && err.contains(&format!("run {id} is running: ")), "{err}");
    assert!(err.contains(&format!("handover cancel {id}")), "{err}");
    let (exit, out, err) = place.handover(&["approve", "--why", "the standby is fresh"]);
    assert_eq!((exit, out), (0, format!("sure of run {id}: yes, says {}: the standby is fresh\n", me())), "{err}");
    place.wait_for("way");
    let (exit, _, err) = place.handover(&["approve", &id, "sure"]);
    assert!(exit == 2 && err.contains("`sure` was answered already: `yes`, by"), "{err}");
    let (exit, _, err) = place.handover(&["approve", "two"]);
    assert!(exit == 2 && err.contains("`two` has not been asked yet"), "{err}");
    let (exit, _, err) = place.handover(&["approve", "tow"]);
    assert!(exit == 2 && err.contains("the plan has no step `tow`"), "{err}");
    let (exit, _, err) = place.handover(&["approve"]);
    assert!(exit == 2 && err.contains("one of: quick, full, wait"), "{err}");
    let (exit, _, err) = place.handover(&["approve", "--answer", "ful"]);
    assert!(exit == 2 && err.contains("`ful` is no answer to this question"), "{err}");
    assert_eq!(place.handover(&["approve", &id[..10], "way", "--answer", "full"]).0, 0);
    assert_eq!(run.wait().unwrap().code(), Some(0));
    assert_eq!(place.log(), "one two ");
    let (exit, _, err) = place.handover(&["approve", &id]);
    assert!(exit == 2 && err.contains("has ended: it asks nothing any more"), "{err}");
    let answers = place.events("answered");
    assert_eq!(answers[0]["by"]["person"]["who"], Value::from(me()));
    assert_eq!(answers[0]["by"]["person"]["why"], "the standby is fresh");
}

#[test]
fn a_no_from_another_terminal_stops_the_plan() {
    let place = Place::new(TWO);
    let role = format!("movers={}", me());
    let mut run = place.start(&["run", "plan.ha", "--yes", "--role", &role, "--answer", "sure=yes"]);
    place.wait_for("way");
    let (exit, out, err) = place.handover(&["reject", "--why", "not tonight"]);
    assert!(exit == 0 && out.contains("way of run") && out.contains("wait, says"), "{out}{err}");
    assert_eq!(run.wait().unwrap().code(), Some(3));
    assert_eq!(place.log(), "one ");
    // Who said no and why is told; how to do it all the same is not.
    let (_, out, _) = place.handover(&["show"]);
    let said = format!("not done   way failed: the answer was `wait`, said {}: not tonight\n", me());
    let next = "           two on here is blocked: way did not work\n";
    assert!(out.contains(&(said + next + "go on ")), "{out}");
    let again = format!("go on      handover run plan.ha move --role {role}\n");
    assert!(out.contains(&again), "{out}");
    let (_, out, _) = place.handover(&["report"]);
    assert!(!out.contains("echo two") && !out.contains("find out"), "{out}");
}

#[test]
fn the_report_says_beside_an_answer_who_gave_the_role_for_it() {
    let place = Place::new(TWO);
    let role = format!("movers={}", me());
    let mut run = place.start(&["run", "plan.ha", "--yes", "--role", &role, "--answer", "way=full"]);
    place.wait_for("sure");
    assert_eq!(place.handover(&["approve", "--why", "seen"]).0, 0);
    assert_eq!(run.wait().unwrap().code(), Some(0));
    let (_, out, _) = place.handover(&["report", "--format", "json"]);
    let report: Value = serde_json::from_str(&out).unwrap();
    let given = format!("a role given by {} with --role", me());
    let by = report["steps"][0]["exchanges"][0]["by"].as_str().unwrap();
    assert!(by.contains(&format!("by {}: seen ({given})", me())), "{by}");
    let deeds: Vec<&str> = report["people"].as_array().unwrap().iter().map(|d| d["what"].as_str().unwrap()).collect();
    assert!(deeds.contains(&format!("answered sure as movers, {given} with yes").as_str()), "{deeds:?}");
}

#[test]
fn whoever_does_not_have_the_role_is_not_heard() {
    let place = Place::new(TWO);
    let mut run = place.start(&["run", "plan.ha", "--yes", "--role", "movers=daemon"]);
    let id = place.wait_for("sure");
    let (exit, _, err) = place.handover(&["approve"]);
    assert!(exit == 2 && err.contains(&format!("this is for `movers` to answer, and {} is not", me())), "{err}");
    assert_eq!(place.handover(&["cancel", &id]).0, 0);
    assert_eq!(run.wait().unwrap().code(), Some(5));
    let (_, out, _) = place.handover(&["show"]);
    assert!(out.contains(" 0 failed in "), "a question that was taken back has not failed: {out}");
    assert!(out.contains("not done   sure was cancelled: the operator cancelled"), "{out}");
    let (exit, _, err) = place.handover(&["run", "plan.ha", "--yes"]);
    assert!(exit == 2 && err.contains("nobody on this machine is `movers`") && err.contains("--role movers="), "{err}");
    let args = ["run", "plan.ha", "--yes", "--role", "movers=daemon", "--answer", "sure=yes"];
    let (exit, _, err) = place.handover(&args);
    assert!(exit == 2 && err.contains("`sure` is for `movers` to answer"), "{err}");
    let (exit, _, err) =
        place.handover(&["run", "plan.ha", "--yes", "--role", "movers=daemon", "--role", "mover=daemon"]);
    assert!(exit == 2 && err.contains("the plan asks for no role `mover`"), "{err}");
    let (exit, _, err) = place.handover(&["run", "plan.ha", "--yes", "--role", "movers=daemon,rooot"]);
    assert!(exit == 2 && err.contains("there is no user `rooot`"), "{err}");
    assert_eq!(place.log(), "");
}

#[test]
fn when_time_is_up_the_default_counts_or_nobody_has_answered() {
    for (otherwise, exit, log, answers) in [(", else yes", 0, "gone ", 1), (", else no", 3, "", 1), ("", 3, "", 0)] {
        let place = Place::new(&timed(otherwise));
        let (code, out, err) = place.handover(&["run", "plan.ha", "--yes"]);
        assert_eq!((code, place.log().as_str()), (exit, log), "{otherwise}: {out}{err}");
        let found = place.events("answered");
        assert_eq!(found.len(), answers, "{otherwise}");
        assert!(found.iter().all(|answer| answer["by"] == "deadline"), "{found:?}");
        let late = "nobody has answered in time";
        assert_eq!(out.contains(&format!("{late}\n")), answers == 0, "{out}");
        assert_eq!(out.contains(&format!("{late}, which counts as `no`")), otherwise == ", else no", "{out}");
    }
}

#[test]
fn a_test_of_a_plan_lets_nobody_answer() {
    let test = |otherwise, expects| {
        let block = format!("test \"silence\" {{ plan move()  when sure times out  expect {expects} }}\n");
        Place::new(&(timed(otherwise) + &block)).handover(&["test", "plan.ha"])
    };
    for (otherwise, expects) in
        [(", else yes", "ran go, completed"), (", else no", "skipped go, stopped"), ("", "skipped go, stopped")]
    {
        let (exit, out, err) = test(otherwise, expects);
        assert_eq!(exit, 0, "{otherwise}: {out}{err}");
    }
    let plan =
        timed("").replace("within 1s", "") + "test \"silence\" { plan move()  when sure times out  expect stopped }\n";
    let (exit, out, _) = Place::new(&plan).handover(&["test", "plan.ha"]);
    assert!(exit == 1 && out.contains("HA0913") && out.contains("give the question a time: `within 15m`"), "{out}");
}

#[test]
fn an_executor_that_is_lost_gives_no_more_time() {
    let place = Place::new(&timed(", else no"));
    let mut run = place.start(&["run", "plan.ha", "--yes"]);
    let id = place.wait_for("sure");
    run.kill().unwrap();
    run.wait().unwrap();
    let until: jiff::Timestamp = place.events("asked")[0]["until"].as_str().unwrap().parse().unwrap();
    let (exit, _, err) = place.handover(&["approve", &id]);
    let go_on = format!("handover resume {id} --answer sure=");
    assert!(exit == 3 && err.contains("no executor is working on run") && err.contains(&go_on), "{err}");
    let (_, out, _) = place.handover(&["runs"]);
    assert!(out.contains("unfinished") && !out.contains("waits for an answer"), "{out}");
    assert!(out.contains("its executor is lost: ") && out.contains(&go_on), "{out}");
    let (exit, _, err) = place.handover(&["resume", &id, "--settle", "go=done"]);
    assert!(exit == 2 && err.contains("`go` has not run: there is nothing to settle"), "{err}");
    while jiff::Timestamp::now() <= until {
        std::thread::sleep(Duration::from_millis(20));
    }
    // Too late, also for an answer in advance.
    let (exit, out, _) = place.handover(&["resume", "--answer", "sure=yes"]);
    assert_eq!((exit, place.log().as_str()), (3, ""), "{out}");
    assert!(out.contains("the answer `yes` came too late: the time was up at "), "{out}");
    let asked = place.events("asked");
    assert_eq!((asked.len(), &asked[0]["until"]), (2, &asked[1]["until"]), "the time is the recorded one");
    assert_eq!(place.events("answered")[0]["by"], "deadline");
}

#[test]
fn a_lost_run_is_cancelled_by_taking_it_up() {
    let place = Place::new(TWO);
    let role = format!("movers={}", me());
    let mut run = place.start(&["run", "plan.ha", "--yes", "--role", &role]);
    let id = place.wait_for("sure");
    run.kill().unwrap();
    run.wait().unwrap();
    let (exit, _, err) = place.handover(&["cancel", &id]);
    assert!(exit == 3 && err.contains("no executor is working on run") && err.contains("--cancel"), "{err}");
    let (exit, out, err) = place.handover(&["resume", &id, "--cancel", "--why", "wrong site"]);
    assert_eq!((exit, place.log().as_str()), (5, ""), "{out}{err}");
    assert_eq!(place.events("cancel_requested")[0]["by"]["why"], "wrong site");
}

#[test]
fn a_run_is_cancelled_from_elsewhere_mildly_and_then_at_once() {
    let place = Place::new(
        r#"
node here { via = local }
plan long() {
  given here is up
  step work on here { run "echo work >>log; exec sleep 300" within 10m }
  step more on here { run "echo more >>log" }
}
"#,
    );
    let mut run = place.start(&["run", "plan.ha", "--yes"]);
    place.until(|| place.log() == "work ");
    let (exit, out, err) = place.handover(&["cancel", "--why", "wrong site"]);
    assert!(exit == 0 && out.contains("what runs is left to end"), "{out}{err}");
    assert!(run.try_wait().unwrap().is_none(), "the command is left to end");
    let (exit, _, err) = place.handover(&["cancel"]);
    assert!(exit == 2 && err.contains("is being cancelled already") && err.contains("--now"), "{err}");
    assert!(run.try_wait().unwrap().is_none(), "a second mild wish changes nothing");
    let begun = Instant::now();
    assert_eq!(place.handover(&["cancel", "--now"]).0, 0);
    assert_eq!(run.wait().unwrap().code(), Some(5));
    assert!(begun.elapsed() < Duration::from_secs(250), "the command was ended");
    let hard: Vec<Value> = place.events("cancel_requested").iter().map(|e| e["hard"].clone()).collect();
    assert_eq!(hard, [Value::Null, Value::Bool(true)]);
    let (exit, _, err) = place.handover(&["cancel"]);
    assert!(exit == 2 && err.contains("no run in") && err.contains("is going on"), "{err}");
}

#[test]
fn the_script_takes_the_same_answers_from_the_same_people() {
    let place = Place::new(&TWO.replace("by  movers", "by  movers\n    within 1h, else no"));
    assert_eq!(place.handover(&["build", "plan.ha", "--emit", "sh", "-o", "plan.sh"]).0, 0);
    let role = format!("movers={}", me());
    let (exit, _, err) = place.script(&["--answer", "sure=yes"]);
    assert!(exit == 2 && err.contains("nobody here is movers"), "{err}");
    let (exit, _, err) = place.script(&["--role", "movers=eve", "--answer", "sure=yes"]);
    assert!(exit == 2 && err.contains("sure is for movers to answer"), "{err}");
    let (exit, out, err) = place.script(&["--role", &role]);
    assert_eq!((exit, place.log().as_str()), (3, ""), "nobody is there, and silence is a no: {out}{err}");
    let (exit, out, err) = place.script(&["--role", &role, "--answer", "sure=yes", "--answer", "way=full"]);
    assert_eq!((exit, place.log().as_str()), (0, "one two "), "{out}{err}");
}
