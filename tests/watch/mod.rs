//! Watches a run from outside: what it says becomes of its steps, and how it ends.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

/// What a run did.
pub struct Run {
    /// Its exit code.
    pub exit: i32,
    /// `ok`, `already`, `failed`, `unknown`, `skipped`, `blocked`, `cancelled` for each step.
    pub steps: BTreeMap<String, String>,
    /// What it printed.
    pub said: String,
}

/// Runs `command` and reads what becomes of the steps: lines `TIME STATUS STEP…`. It is interrupted, as Ctrl-C does, when
/// the step `interrupt` starts.
pub fn watch(mut command: Command, interrupt: Option<&str>) -> Run {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let pid = rustix::process::Pid::from_child(&child);
    let mut steps = BTreeMap::new();
    let mut said = String::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        let mut words = line.split_whitespace().skip(1);
        if let (Some(status), Some(step)) = (words.next(), words.next()) {
            let step = step.trim_end_matches(':');
            match status {
                "start" if interrupt == Some(step) => {
                    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
                }
                // The end of the run: `cancelled  16 done, …`.
                _ if step.bytes().all(|b| b.is_ascii_digit()) => {}
                "already" | "ok" | "failed" | "unknown" | "skipped" | "blocked" | "cancelled" => {
                    steps.insert(step.to_owned(), status.to_owned());
                }
                _ => {}
            }
        }
        said += &format!("{line}\n");
    }
    let rest = child.wait_with_output().unwrap();
    said += &String::from_utf8_lossy(&rest.stderr);
    Run { exit: rest.status.code().unwrap_or(-1), steps, said }
}
