//! Every change of roles that the example has plans for, one after the other in one lab.

use crate::client::Client;
use crate::lab::{Lab, say, text};
use crate::servers::{WEST, is_possible, run_script, sql, up, writable};
use std::process::Output;
use std::time::Instant;

/// Does something while the client writes; nothing that was acknowledged may be lost, and clients can write afterwards.
fn while_writing(lab: &Lab, title: &str, timelines: &str, act: impl FnOnce() -> Output) {
    let mut client = Client::start(lab);
    client.mark();
    let start = Instant::now();
    let output = act();
    let took = start.elapsed();
    client.mark();
    assert!(output.status.success(), "{title}: {}", text(&output));
    client.wait_for_acknowledged_writes();

    let seen = client.stop();
    assert_eq!(seen.lost, 0, "{title}: {}", seen.lines);
    assert_eq!(seen.timelines, timelines, "{title}: {}", seen.lines);
    let [before, during, after] = seen.acknowledged[..] else { panic!("two marks") };
    assert!(before >= 20 && after >= 20, "{title}: {}", seen.lines);
    say(&format!("{title}: {took:.1?}; acknowledged before, during, after: {before}, {during}, {after}"));
    say(&seen.lines);
}

/// What the journal of the latest run says of its steps, in its order: `fence step_started`, `fence step_ended ok`.
fn journal(lab: &Lab) -> Vec<String> {
    let word = |event: &serde_json::Value, key: &str| event[key].as_str().unwrap_or_default().to_owned();
    let line = |e: &serde_json::Value| format!("{} {} {}", word(e, "name"), word(e, "event"), word(e, "outcome"));
    lab.events(&lab.runs()[0]).iter().map(|e| line(e).trim().to_owned()).collect()
}

#[test]
fn roles_change_and_nothing_that_was_acknowledged_is_lost() {
    if !is_possible() {
        return;
    }
    let lab = up(WEST);
    assert_eq!(writable(&lab), ["pg1"]);

    while_writing(&lab, "switchover by the executor", "1 then 2", || lab.run("switchover", &[]));
    assert_eq!(writable(&lab), ["pg2"]);

    while_writing(&lab, "switchback by the emitted script", "2 then 3", || run_script(&lab, "switchback"));
    assert_eq!(writable(&lab), ["pg1"]);

    fails_over_to_the_standby(&lab);
    the_old_primary_is_harmless_when_it_returns(&lab);
    while_writing(&lab, "reprotect by the emitted script", "4", || run_script(&lab, "reprotect"));
    assert_eq!(writable(&lab), ["pg2"]);
    assert_eq!(sql(&lab, "pg1", "select count(*) from writes where n = -2").as_deref(), Some("0"));

    a_person_ends_what_the_failover_left_to_be_minded(&lab);

    let title = "failback, the executor killed as it promotes, and resumed";
    while_writing(&lab, title, "4 then 5", || run_killed_at(&lab, "failback", "promote"));
    assert_eq!(writable(&lab), ["pg1"]);

    fails_over_without_a_service_processor(&lab);
}

/// The script that took the old primary back has no journal: somebody has to say that the holds are over.
fn a_person_ends_what_the_failover_left_to_be_minded(lab: &Lab) {
    let holds = lab.json(&["runs"])["holds"].as_array().expect("holds").clone();
    assert_eq!(holds.len(), 2, "{holds:?}");
    for hold in holds {
        let id = hold["id"].as_str().expect("an id").to_owned();
        let released = lab.handover(&["release", &id, "--why", "reprotect was run as a script"]).output();
        let released = released.expect("handover");
        assert!(released.status.success(), "{}", text(&released));
    }
}

/// Runs a plan with an executor that is killed as it begins a step, and resumes the run.
fn run_killed_at(lab: &Lab, plan: &str, step: &str) -> Output {
    let mut executor = lab.begin(plan, &[]);
    assert!(executor.reaches(step), "{step} does not begin");
    executor.kill();
    executor.wait();
    lab.handover(&["resume"]).output().expect("handover")
}

fn happened_in_this_order(lab: &Lab, first: &str, second: &str) {
    let journal = journal(lab);
    let at = |what: &str| journal.iter().position(|e| e == what).unwrap_or_else(|| panic!("{what}: {journal:?}"));
    assert!(at(first) < at(second), "{first} before {second}: {journal:?}");
}

/// The primary is cut off: its power is cut before anybody else becomes the primary.
fn fails_over_to_the_standby(lab: &Lab) {
    while_writing(lab, "failover, the primary cut off", "3 then 4", || {
        lab.does("lab/cut pg1");
        lab.run("failover", &["--given", "commits=alone"])
    });
    assert_eq!(writable(lab), ["pg2"]);

    happened_in_this_order(lab, "fence step_ended ok", "promote step_started");
}

/// Somebody plugs the old primary in and starts it as it was. Clients do not reach it, and it acknowledges nothing.
fn the_old_primary_is_harmless_when_it_returns(lab: &Lab) {
    while_writing(lab, "the old primary returns", "4", || {
        lab.does("lab/join pg1");
        lab.does("lab/power on pg1");
        lab.does("lab/console pg1 runuser -u postgres -- pg_ctl start -D /srv/pg/main -l /srv/pg/log -w -s");
        lab.tries("lab/console ctl-west ssh pg1 true")
    });
    assert_eq!(sql(lab, "pg1", "select pg_is_in_recovery()").as_deref(), Some("f"), "it takes itself for the primary");
    assert_eq!(sql(lab, "pg1", "insert into writes values (-2, '')"), None, "nobody confirms its commits");
}

/// The service processor is gone with the site: the switch's port is closed, and the old primary runs on behind it. The
/// operator decides that commits wait until there are two copies again. The old primary's files are damaged: it is copied
/// anew.
fn fails_over_without_a_service_processor(lab: &Lab) {
    lab.does("lab/power break pg1");
    while_writing(lab, "failover without a service processor, and reprotect", "5 then 6", || {
        lab.does("lab/cut pg1");
        let failover = lab.run("failover", &["--given", "commits=waiting"]);
        assert!(failover.status.success(), "{}", text(&failover));
        happened_in_this_order(lab, "fence step_ended failed", "shut_out step_started");
        happened_in_this_order(lab, "shut_out step_ended ok", "promote step_started");
        assert_eq!(sql(lab, "pg1", "select pg_is_in_recovery()").as_deref(), Some("f"), "it still runs");
        assert_eq!(sql(lab, "pg1", "insert into writes values (-3, '')"), None, "nobody confirms its commits");
        assert_eq!(sql(lab, "pg2", "insert into writes values (-4, '')"), None, "commits wait for a second copy");

        lab.does("lab/join pg1");
        lab.does("lab/power mend pg1");
        lab.does("lab/console pg1 mv /srv/pg/main/global/pg_control /srv/pg/main/global/gone");
        lab.run("reprotect", &[])
    });
    happened_in_this_order(lab, "rewind step_ended failed", "copy_anew step_ended ok");
    assert_eq!(writable(lab), ["pg2"]);
    assert_eq!(sql(lab, "pg1", "select count(*) from writes where n = -3").as_deref(), Some("0"));
}
