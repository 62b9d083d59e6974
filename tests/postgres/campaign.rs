//! Which faults, at which points: a few of them in every test run, as many as wanted in a campaign.

use crate::faults::{Fault, Moment, Point, Trial};
use crate::lab::campaign::{Lines, chosen, run_all};
use crate::lab::say;
use crate::servers::is_possible;

const SWITCHOVER: [&str; 11] =
    ["ready", "flush", "leave", "stop", "last_record", "complete", "promote", "arrive", "turn", "follow", "protected"];
const FAILOVER: [&str; 4] = ["fence", "promote", "go_alone", "arrive"];

/// Every point at which something can go wrong in a plan.
fn points(steps: &'static [&'static str]) -> impl Iterator<Item = Point> {
    let moments = |step| [Moment::Begins, Moment::Before, Moment::After].map(|moment| Point { step, moment });
    steps.iter().flat_map(move |step| moments(step)).filter(|p| p.moment == Moment::Begins || p.command().is_some())
}

/// Every fault at every point where it makes sense.
fn matrix() -> Vec<Trial> {
    let both = [Fault::Executor, Fault::Control, Fault::Sshd("pg2"), Fault::Cable("pg2"), Fault::Disk("pg2")];
    let hangs = [false, true].map(|for_good| Fault::Hang { for_good });
    let primary = [Fault::Cable("pg1"), Fault::Sshd("pg1"), Fault::Disk("pg1"), Fault::Freeze("pg1")];
    let faults = |plan, steps, faults: Vec<Fault>| {
        let at = move |fault| points(steps).map(move |point| Trial { plan, fault, point });
        faults.into_iter().flat_map(at)
    };
    let switchover = faults("switchover", &SWITCHOVER, primary.into_iter().chain(both).collect());
    let failover = faults("failover", &FAILOVER, both.to_vec());
    let hanging =
        faults("switchover", &SWITCHOVER, hangs.to_vec()).chain(faults("failover", &FAILOVER, hangs.to_vec()));
    let hanging = hanging.filter(|t| t.point.moment != Moment::Begins);
    switchover.chain(failover).chain(hanging).collect()
}

/// How many trials are run at the same time; each must leave no write lost, no address doubled, nothing repeated.
const AT_ONCE: usize = 6;

#[test]
#[ignore = "a campaign takes many minutes; `make faults` runs it"]
fn campaign() {
    if !is_possible() {
        return;
    }
    let trials = chosen(matrix(), |t| format!("{} {} at {}", t.plan, t.fault, t.point));
    let lines = Lines::of("postgres");
    run_all(&trials, AT_ONCE, |trial| {
        let outcome = trial.run();
        lines.write(&outcome.line());
        assert!(outcome.is_harmless(), "{}", outcome.line());
    });
}

/// Trials of every sort whose end is known: the exit code, how the run ended, the way out. The longest first.
const KNOWN: [(Trial, Option<i32>, &str, &[&str]); 9] = [
    (
        switchover(Fault::Hang { for_good: true }, "promote", Moment::Before),
        Some(4),
        "cancelled",
        &["failover", "reprotect"],
    ),
    (switchover(Fault::Cable("pg1"), "stop", Moment::Before), Some(4), "cancelled", &["failover", "reprotect"]),
    (switchover(Fault::Cable("pg2"), "promote", Moment::After), Some(4), "stopped", &["failover", "reprotect"]),
    (switchover(Fault::Freeze("pg1"), "leave", Moment::Begins), Some(4), "stopped", &["failover", "reprotect"]),
    (switchover(Fault::Sshd("pg2"), "promote", Moment::Before), Some(4), "stopped", &["failover", "reprotect"]),
    (
        switchover(Fault::Disk("pg2"), "promote", Moment::Before),
        Some(4),
        "stopped",
        &["servers started by hand", "failover", "reprotect"],
    ),
    (switchover(Fault::Executor, "promote", Moment::Before), None, "unfinished, then completed", &["resume"]),
    (switchover(Fault::Control, "stop", Moment::After), None, "unfinished, then completed", &["resume"]),
    (switchover(Fault::Sshd("pg1"), "leave", Moment::Begins), Some(4), "stopped", &[]),
];

const fn switchover(fault: Fault, step: &'static str, moment: Moment) -> Trial {
    Trial { plan: "switchover", fault, point: Point { step, moment } }
}

#[test]
fn what_a_fault_leaves_is_known_and_so_is_the_way_out() {
    if !is_possible() {
        return;
    }
    run_all(&KNOWN, AT_ONCE, |(trial, exit, left, way_out)| {
        let outcome = trial.run();
        say(&format!("{:.1} s: {}", outcome.seconds, outcome.line()));
        assert!(outcome.is_harmless(), "{}", outcome.line());
        // How much could be found out in time depends on the machine's haste; how the run ended does not.
        let ended = outcome.left.split(": ").next().unwrap_or_default();
        let seen = (outcome.exit, ended, outcome.way_out.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(seen, (*exit, *left, way_out.to_vec()), "{trial:?}");
    });
}
