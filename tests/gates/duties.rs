//! Duties that outlive their run.

use crate::place::{Place, me};
use serde_json::Value;

const PLAN: &str = r#"
kind database "a database" { exclusive on node }
node a { via = local }
node b { via = local }
database orders {}

action promote(d: database) on host: node {
  needs    host is up
  acquires d on host
  run      "echo promote {{d.name}} >>log; test ! -e broken"
  within   1m, then kill
}
plan failover() {
  given a is up, b is up, orders on nowhere
  step promote on b { do promote(orders) }
  step after on b { run "test ! -e stuck" }
  hold "keep a as it is" on [a, orders]
  hold "tell the customers"
}
plan look()  { given a is up, b is up  step look on b { run "echo look >>log" } }
plan patch() { given a is up  step patch on a { run "echo patch >>log" } }
plan rejoin() {
  given a is up
  ends  hold on [a, orders]
  step rejoin on a { run "echo rejoin >>log; test ! -e broken" }
}
"#;

impl Place {
    fn run(&self, plan: &str, more: &[&str]) -> (i32, String, String) {
        self.handover(&[&["run", "plan.ha", plan, "--yes"], more].concat())
    }

    fn holds(&self) -> Vec<Value> {
        let (_, out, _) = self.handover(&["runs", "--format", "json"]);
        serde_json::from_str::<Value>(&out).unwrap()["holds"].as_array().unwrap().clone()
    }
}

#[test]
fn what_is_held_is_in_the_way_of_whoever_would_break_it_until_a_plan_ends_it() {
    let place = Place::new(PLAN);
    let (exit, told, _) = place.run("failover", &[]);
    assert_eq!(exit, 0);
    let holds = place.holds();
    assert_eq!(holds.len(), 2);
    let shown = format!("hold       {} on a, orders: keep a as it is", holds[0]["id"].as_str().unwrap());
    assert!(told.contains(&shown), "{told}");
    assert_eq!((&holds[0]["node"], &holds[0]["things"][0]), (&Value::from("a"), &Value::from("orders")));
    let id = holds[0]["id"].as_str().unwrap();
    let (_, out, _) = place.handover(&["runs"]);
    assert!(out.contains(id) && out.contains("keep a as it is") && out.contains("tell the customers"), "{out}");
    assert_eq!(place.run("look", &[]).0, 0, "nobody minds that");
    let (exit, out, err) = place.run("patch", &[]);
    assert_eq!((exit, out.as_str(), place.log().as_str()), (3, "", "promote orders look "), "nothing is started");
    for said in ["patch on a would break the hold on a, orders", "ends hold on a, orders", "--waive-hold", "release"] {
        assert!(err.contains(said), "{said}: {err}");
    }
    // A rehearsal says so, and is one.
    let (exit, out, err) = place.run("patch", &["--dry-run"]);
    assert!(exit == 0 && out.contains("echo patch"), "{out}{err}");
    assert!(err.contains("warning: it would be refused now: patch on a would break the hold on a, orders"), "{err}");
    assert_eq!(place.run("look", &["--dry-run"]).2, "");
    // A plan that was to end it and failed has not.
    std::fs::write(place.path("broken"), "").unwrap();
    assert_eq!(place.run("rejoin", &[]).0, 3);
    assert_eq!(place.holds().len(), 2);
    std::fs::remove_file(place.path("broken")).unwrap();
    let (exit, told, _) = place.run("rejoin", &[]);
    assert!(exit == 0 && told.contains("over       what earlier runs left to be kept of a, orders"), "{told}");
    let (_, out, _) = place.handover(&["show", id.split('.').next().unwrap()]);
    assert!(out.contains(&format!("hold {id} is over: ended by run ")) && out.contains(" (rejoin)"), "{out}");
    assert_eq!(place.holds().len(), 1, "what is about nothing is left to people");
    assert_eq!(place.run("patch", &[]).0, 0);
}

#[test]
fn a_hold_is_waived_or_released_by_a_person_who_says_why() {
    let place = Place::new(PLAN);
    place.run("failover", &[]);
    let id = place.holds()[0]["id"].as_str().unwrap().to_owned();
    let (exit, _, err) = place.run("patch", &["--waive-hold", &id]);
    assert!(exit == 2 && err.contains("--why"), "{err}");
    let (exit, _, err) = place.run("patch", &["--waive-hold", "nosuch", "--why", "x"]);
    assert!(exit == 2 && err.contains("there is no hold `nosuch`"), "{err}");
    let (exit, out, err) = place.run("patch", &["--waive-hold", &id, "--why", "the disk is full"]);
    assert!(exit == 0 && out.contains("completed  with 1 waiver, 1 done"), "{out}{err}");
    let waived = place.events("waived");
    assert_eq!((&waived[0]["waiver"], &waived[0]["by"]["why"]), (&"hold".into(), &"the disk is full".into()));
    assert_eq!(place.events("run_ended")[0]["waived"].as_array().unwrap().len(), 1);
    let (_, out, _) = place.handover(&["runs"]);
    let line = out.lines().find(|line| line.contains("completed   patch(), by ")).unwrap();
    assert!(line.ends_with(", with 1 waiver"), "{line}");
    assert_eq!(place.holds().len(), 2, "it was waived for one run");
    let (exit, _, err) = place.handover(&["release", "2", "--why", "a was scrapped"]);
    assert!(exit == 2 && err.contains("there is no hold `2`"), "the beginning of its id is not enough: {err}");
    let (exit, out, err) = place.handover(&["release", &id, "--why", "a was scrapped"]);
    assert!(exit == 0 && out.starts_with("released: the hold on a, orders"), "{out}{err}");
    let over = format!("released by {}, at ", me());
    let run = id.split('.').next().unwrap();
    let (_, out, _) = place.handover(&["show", run]);
    assert!(out.contains(&format!("hold {id} is over: {over}")) && out.contains(": a was scrapped"), "{out}");
    let (_, out, _) = place.handover(&["report", run, "--format", "json"]);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert!(report["holds_over"][0].as_str().unwrap().contains(&over), "{report}");
    assert_eq!(report["holds"], serde_json::json!([format!("{run}.2: tell the customers")]));
    let (_, out, _) = place.handover(&["report", run]);
    let (kept, rest) = out.split_once("## No longer to be kept").unwrap();
    assert!(!kept.contains("keep a as it is") && rest.contains("keep a as it is"), "{out}");
    assert_eq!((place.holds().len(), place.run("patch", &[]).0), (1, 0));
    let (exit, _, err) = place.handover(&["release", &id, "--why", "again"]);
    let before = format!("the hold `{id}` was released already, by {}, at 20", crate::place::me());
    assert!(exit == 2 && err.contains(&before) && err.contains(": a was scrapped"), "{err}");
}

#[test]
fn a_run_that_did_not_complete_leaves_what_it_has_touched_to_be_minded() {
    let place = Place::new(PLAN);
    std::fs::write(place.path("broken"), "").unwrap();
    assert_ne!(place.run("failover", &[]).0, 0);
    let texts: Vec<Value> = place.holds().iter().map(|h| h["text"].clone()).collect();
    assert_eq!(texts, ["keep a as it is"], "it may have promoted the database; nobody has to be told yet");
    assert_eq!(place.run("patch", &[]).0, 3);
    // The plan whose duty it is may be tried again, and leaves it once.
    std::fs::remove_file(place.path("broken")).unwrap();
    assert_eq!(place.run("failover", &[]).0, 0);
    assert_eq!(place.holds().len(), 2);

    let place =
        Place::new(&PLAN.replace("step promote on b {", "step first on b { run \"false\" }\n  step promote on b {"));
    assert_eq!(place.run("failover", &[]).0, 3);
    assert_eq!(place.holds(), [Value::Null; 0], "nothing was touched");
}
