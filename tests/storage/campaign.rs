//! Which faults, at which points: a few of them in every test run, as many as wanted in a campaign.

use crate::faults::{Fault, Trial};
use crate::lab::campaign::{Lines, chosen, run_all};
use crate::lab::say;
use crate::volume::is_possible;

const MOVE: [&str; 12] =
    ["leave", "stop", "unmount", "detach", "withdraw", "export", "attach", "check", "mount", "note", "serve", "arrive"];
const TAKE_OVER: [&str; 9] = ["fence", "withdraw", "export", "attach", "check", "mount", "note", "serve", "arrive"];

/// Every fault at every point where it makes sense.
fn matrix() -> Vec<Trial> {
    let anywhere = [
        Fault::Executor,
        Fault::Cable("st1", "lan"),
        Fault::Cable("st1", "san"),
        Fault::Cable("st2", "lan"),
        Fault::Cable("st2", "san"),
        Fault::Power("st1"),
        Fault::Power("st2"),
        Fault::Freeze("st1"),
        Fault::Freeze("st2"),
    ];
    let before_unmount = [Fault::Busy, Fault::Stuck, Fault::Full];
    let taking_over = [Fault::Executor, Fault::Cable("st2", "san"), Fault::Power("st2"), Fault::Freeze("st1")];
    let trials = |plan, steps: &'static [&'static str], faults: &[Fault]| -> Vec<Trial> {
        let at = |fault| steps.iter().map(move |step| Trial { plan, fault, step });
        faults.iter().copied().flat_map(at).collect()
    };
    [
        trials("move", &MOVE, &anywhere),
        trials("move", &MOVE[..2], &before_unmount),
        trials("move", &MOVE[..8], &[Fault::NoMountPoint]),
        trials("take_over", &TAKE_OVER, &taking_over),
    ]
    .concat()
}

/// How many trials are run at the same time: nothing may be lost, doubled or repeated in any of them.
const AT_ONCE: usize = 2;

#[test]
#[ignore = "a campaign takes many minutes; `make faults` runs it"]
fn campaign() {
    if !is_possible() {
        return;
    }
    let trials = chosen(matrix(), |t| format!("{} {} at {}", t.plan, t.fault, t.step));
    let lines = Lines::of("storage");
    run_all(&trials, AT_ONCE, |trial| {
        let outcome = trial.run();
        lines.write(&outcome.line());
        assert!(outcome.is_harmless(), "{}", outcome.line());
    });
}

/// One of every sort whose end is known: the exit code and the way out.
const KNOWN: [(Trial, Option<i32>, &[&str]); 6] = [
    (Trial { plan: "move", fault: Fault::Busy, step: "leave" }, Some(0), &[]),
    (Trial { plan: "move", fault: Fault::Stuck, step: "leave" }, Some(3), &[]),
    (Trial { plan: "move", fault: Fault::Full, step: "leave" }, Some(0), &[]),
    (Trial { plan: "move", fault: Fault::NoMountPoint, step: "stop" }, Some(3), &[]),
    (Trial { plan: "move", fault: Fault::Executor, step: "mount" }, None, &["resume"]),
    (Trial { plan: "take_over", fault: Fault::Freeze("st1"), step: "fence" }, Some(0), &["rejoin"]),
];

#[test]
fn what_a_fault_leaves_is_known_and_so_is_the_way_out() {
    if !is_possible() {
        return;
    }
    run_all(&KNOWN, AT_ONCE, |(trial, exit, way_out)| {
        let outcome = trial.run();
        say(&outcome.line().to_string());
        assert!(outcome.is_harmless(), "{}", outcome.line());
        assert_eq!((outcome.exit, outcome.way_out.as_slice()), (*exit, *way_out), "{trial:?}: {}", outcome.left);
    });
}
