//! What runs leave at nodes, and who removes it.

use crate::case::{BUSY, Case, outcome, plan, wait_until};
use rustix::process::Signal;
use std::fs;
use std::path::PathBuf;

/// The folders of notes of a node that no other test has.
fn notes_of(node: &str) -> Vec<PathBuf> {
    let me = rustix::process::getuid().as_raw();
    let tops = ["/run", "/var/run", "/tmp", "/var/tmp"].map(|root| format!("{root}/handover-{me}"));
    let tops: std::collections::BTreeSet<PathBuf> = tops.iter().filter_map(|top| fs::canonicalize(top).ok()).collect();
    let all = tops.iter().flat_map(|top| fs::read_dir(top).unwrap()).map(|entry| entry.unwrap().path());
    all.filter(|path| path.extension().is_some_and(|extension| extension == node)).collect()
}

/// A name for a node that no other test has.
fn own_node(case: &Case) -> String {
    let name = case.folder.path().file_name().unwrap().to_str().unwrap().to_lowercase();
    format!("n_{}", name.trim_start_matches(".tmp"))
}

/// Writes a plan of its own that runs something at this node.
fn write_plan(case: &Case, file: &str, node: &str, script: &str) {
    let name = file.trim_end_matches(".ha");
    let step = format!("step one on {node} {{ run \"{script}\" }}");
    fs::write(case.path(file), format!("node {node} {{}}\nplan {name}() {{\n  given {node} is up\n  {step}\n}}\n"))
        .unwrap();
}

#[test]
fn a_run_that_is_refused_leaves_no_notes() {
    let Some(case) = Case::new(&plan("", "    true")) else { return };
    let node = own_node(&case);
    write_plan(&case, "lacking.ha", &node, "no-such-command | wc -l");
    let (code, text) = outcome(&case.command(&["run", "lacking.ha", "--yes"]).output().unwrap());
    assert!(code == 3 && text.contains("nothing was started"), "{text}");
    assert_eq!(notes_of(&node), Vec::<PathBuf>::new());
}

#[test]
fn notes_that_a_run_could_not_remove_are_removed_by_a_later_one_and_no_others() {
    let Some(mut case) = Case::new(&plan("", &BUSY.replace("exit 3", "exit 0"))) else { return };
    let node = own_node(&case);
    let text = case.read("plan.ha").replace("far", &node);
    fs::write(case.path("plan.ha"), text).unwrap();
    write_plan(&case, "other.ha", &node, "true");
    let other = |case: &Case| {
        let (code, text) = outcome(&case.command(&["run", "other.ha", "--yes"]).output().unwrap());
        assert_eq!(code, 0, "{text}");
    };
    // Its executor is lost: its notes are needed by whoever takes it up.
    let mut executor = case.start(&[]);
    case.wait_for("begun");
    executor.kill().unwrap();
    executor.wait().unwrap();
    other(&case);
    assert_eq!(notes_of(&node).len(), 1);
    // It ends while its node cannot be reached.
    case.sshd.stop();
    case.sshd.strike(Signal::KILL);
    let (code, text) =
        outcome(&case.command(&["resume", "--lost-after", "1", "--settle", "one=failed"]).output().unwrap());
    assert_eq!(code, 3, "{text}");
    assert_eq!(notes_of(&node).len(), 1);
    fs::write(case.path("go"), "").unwrap();
    wait_until("the end of the command", || case.is_over("begun"));
    case.sshd.boot();
    other(&case);
    assert_eq!(notes_of(&node), Vec::<PathBuf>::new());
}
