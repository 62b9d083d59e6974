//! Which faults, at which points: a few of them in every test run, as many as wanted in a campaign.
//!
//! `RUNS=100 cargo test --test storage campaign -- --ignored` runs a hundred of them and writes a line of JSON for each to
//! `target/faults/storage.jsonl`.

use crate::faults::{Fault, Outcome, Trial};
use crate::lab::say;
use crate::volume::is_possible;
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

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

/// Runs trials, two at a time: nothing may be lost, doubled or repeated in any of them.
fn run_all(trials: &[Trial], ended: impl Fn(&Outcome) + Sync) {
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(Vec::new());
    let work = || {
        while let Some(trial) = trials.get(next.fetch_add(1, Ordering::Relaxed)) {
            match std::panic::catch_unwind(|| trial.run()) {
                Ok(outcome) => {
                    ended(&outcome);
                    if !outcome.is_harmless() {
                        failed.lock().expect("no panic").push(outcome.line().to_string());
                    }
                }
                Err(_) => failed.lock().expect("no panic").push(format!("{trial:?}")),
            }
        }
    };
    std::thread::scope(|scope| (0..2).for_each(|_| drop(scope.spawn(work))));
    let failed = failed.into_inner().expect("no panic");
    assert!(failed.is_empty(), "{} of {}:\n{}", failed.len(), trials.len(), failed.join("\n"));
}

#[test]
#[ignore = "a campaign takes many minutes; `make faults` runs it"]
fn campaign() {
    if !is_possible() {
        return;
    }
    let only = std::env::var("ONLY").unwrap_or_default();
    let name = |t: &Trial| format!("{} {} at {}", t.plan, t.fault, t.step);
    let matrix: Vec<Trial> = matrix().into_iter().filter(|t| name(t).contains(&only)).collect();
    let runs = std::env::var("RUNS").ok().and_then(|n| n.parse().ok()).unwrap_or(matrix.len());
    // Spread over the whole matrix, however many there are to be.
    let chosen: Vec<Trial> = (0..runs).map(|i| matrix[(i * matrix.len() / runs) % matrix.len()]).collect();

    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/faults");
    std::fs::create_dir_all(&folder).expect("a folder");
    let record = Mutex::new(std::fs::File::create(folder.join("storage.jsonl")).expect("a file"));
    run_all(&chosen, |outcome| {
        say(&outcome.line().to_string());
        writeln!(record.lock().expect("no panic"), "{}", outcome.line()).expect("a file");
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
    let trials: Vec<Trial> = KNOWN.iter().map(|known| known.0).collect();
    run_all(&trials, |outcome| {
        say(&outcome.line().to_string());
        let (trial, exit, way_out) = KNOWN.iter().find(|k| k.0 == outcome.trial).expect("one of them");
        assert_eq!((outcome.exit, outcome.way_out.as_slice()), (*exit, *way_out), "{trial:?}: {}", outcome.left);
    });
}
