//! Every change of roles that the example has plans for, one after the other in one lab.

use crate::client::Client;
use crate::lab::{Lab, is_possible, say, text};
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
    let latest = lab.latest();
    let word = |event: &serde_json::Value, key: &str| event[key].as_str().unwrap_or_default().to_owned();
    lab.events(latest["id"].as_str().expect("a run"))
        .iter()
        .map(|e| format!("{} {} {}", word(e, "name"), word(e, "event"), word(e, "outcome")).trim().to_owned())
        .collect()
}

#[test]
fn roles_change_and_nothing_that_was_acknowledged_is_lost() {
    if !is_possible() {
        return;
    }
    let lab = Lab::up();
    assert_eq!(lab.writable(), ["pg1"]);

    while_writing(&lab, "switchover by the executor", "1 then 2", || lab.run("switchover", &[]));
    assert_eq!(lab.writable(), ["pg2"]);

    while_writing(&lab, "switchback by the emitted script", "2 then 3", || lab.run_script("switchback"));
    assert_eq!(lab.writable(), ["pg1"]);

    fails_over_to_the_standby(&lab);
    the_old_primary_is_harmless_when_it_returns(&lab);
    while_writing(&lab, "reprotect by the emitted script", "4", || lab.run_script("reprotect"));
    assert_eq!(lab.writable(), ["pg2"]);
    assert_eq!(lab.sql("pg1", "select count(*) from writes where n = -2").as_deref(), Some("0"));

    let title = "failback, the executor killed as it promotes, and resumed";
    while_writing(&lab, title, "4 then 5", || run_killed_at(&lab, "failback", "promote"));
    assert_eq!(lab.writable(), ["pg1"]);

    fails_over_without_a_service_processor(&lab);
}

/// Runs a plan with an executor that is killed as it begins a step, and resumes the run.
fn run_killed_at(lab: &Lab, plan: &str, step: &str) -> Output {
    let mut executor = lab.begin("ctl-west", plan, &[]);
    assert!(executor.reaches("step_started", step), "{step} does not begin");
    executor.kill();
    executor.wait();
    let latest = lab.latest();
    lab.handover("ctl-west", &["resume", latest["id"].as_str().expect("a run")]).output().expect("handover")
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
    assert_eq!(lab.writable(), ["pg2"]);

    happened_in_this_order(lab, "fence step_ended ok", "promote step_started");
}

/// Somebody plugs the old primary in and starts it as it was. Clients do not reach it, and it acknowledges nothing.
fn the_old_primary_is_harmless_when_it_returns(lab: &Lab) {
    while_writing(lab, "the old primary returns", "4", || {
        lab.does("lab/join pg1");
        lab.does("lab/power on pg1");
        lab.does("lab/console pg1 runuser -u postgres -- pg_ctl start -D /srv/pg/main -l /srv/pg/log -w -s");
        lab.try_line("lab/console ctl-west ssh pg1 true")
    });
    assert_eq!(lab.sql("pg1", "select pg_is_in_recovery()").as_deref(), Some("f"), "it takes itself for the primary");
    assert_eq!(lab.sql("pg1", "insert into writes values (-2, '')"), None, "nobody confirms its commits");
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
        assert_eq!(lab.sql("pg1", "select pg_is_in_recovery()").as_deref(), Some("f"), "it still runs");
        assert_eq!(lab.sql("pg1", "insert into writes values (-3, '')"), None, "nobody confirms its commits");
        assert_eq!(lab.sql("pg2", "insert into writes values (-4, '')"), None, "commits wait for a second copy");

        lab.does("lab/join pg1");
        lab.does("lab/power mend pg1");
        lab.does("lab/console pg1 mv /srv/pg/main/global/pg_control /srv/pg/main/global/gone");
        lab.run("reprotect", &[])
    });
    happened_in_this_order(lab, "rewind step_ended failed", "copy_anew step_ended ok");
    assert_eq!(lab.writable(), ["pg2"]);
    assert_eq!(lab.sql("pg1", "select count(*) from writes where n = -3").as_deref(), Some("0"));
}
