//! Which trials of a lab are run, and that none of them does harm: a few in every test run, as many as wanted in a campaign.
//!
//! `make faults` runs RUNS of them, and writes a line of JSON for each to `target/faults/LAB.jsonl`, from which
//! `tests/faults/table` makes the table. `ONLY=text` picks those in whose description the text is.

use super::say;
use serde_json::Value;
use std::fmt::Debug;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Runs trials, so many at a time: they mostly wait. What is wrong with one is what `run` panics with.
pub fn run_all<Trial: Debug + Sync>(trials: &[Trial], at_once: usize, run: impl Fn(&Trial) + Sync) {
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(Vec::new());
    let work = || {
        while let Some(trial) = trials.get(next.fetch_add(1, Ordering::Relaxed)) {
            // What a trial panics with is told by its thread.
            if catch_unwind(AssertUnwindSafe(|| run(trial))).is_err() {
                failed.lock().expect("no panic").push(format!("{trial:?}"));
            }
        }
    };
    std::thread::scope(|scope| (0..at_once).for_each(|_| drop(scope.spawn(work))));
    let failed = failed.into_inner().expect("no panic");
    assert!(failed.is_empty(), "{} of {}:\n{}", failed.len(), trials.len(), failed.join("\n"));
}

/// Those of a matrix that were asked for by ONLY and RUNS, spread over all of it.
pub fn chosen<Trial: Clone>(matrix: Vec<Trial>, name: impl Fn(&Trial) -> String) -> Vec<Trial> {
    let only = std::env::var("ONLY").unwrap_or_default();
    let matrix: Vec<Trial> = matrix.into_iter().filter(|trial| name(trial).contains(&only)).collect();
    assert!(!matrix.is_empty(), "no trial is called `{only}`");
    let runs = std::env::var("RUNS").ok().and_then(|n| n.parse().ok()).unwrap_or(matrix.len());
    (0..runs).map(|i| matrix[(i * matrix.len() / runs) % matrix.len()].clone()).collect()
}

/// Where the lines of a campaign are written.
pub struct Lines(Mutex<std::fs::File>);

impl Lines {
    pub fn of(lab: &str) -> Lines {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/faults");
        std::fs::create_dir_all(&folder).expect("a folder");
        Lines(Mutex::new(std::fs::File::create(folder.join(format!("{lab}.jsonl"))).expect("a file")))
    }

    /// Says a line and writes it down.
    pub fn write(&self, line: &Value) {
        say(&line.to_string());
        writeln!(self.0.lock().expect("no panic"), "{line}").expect("a file");
    }
}
