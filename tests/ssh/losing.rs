//! What becomes of a command whose connection, executor or notes are lost.

use crate::case::{BUSY, Case, outcome, plan, wait_until};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

#[test]
fn a_cut_connection_does_not_end_a_command_and_its_end_is_found_out() {
    for (signal, ends_with) in [(Signal::KILL, "exit 3"), (Signal::KILL, "exit 0"), (Signal::STOP, "exit 3")] {
        let Some(case) = Case::new(&plan("", &BUSY.replace("exit 3", ends_with))) else { return };
        let executor = case.start(&[]);
        case.wait_for("begun");
        case.sshd.strike(signal);
        // A stopped connection is found out by its silence.
        std::thread::sleep(Duration::from_secs(if signal == Signal::STOP { 6 } else { 1 }));
        fs::write(case.path("go"), "").unwrap();
        let (code, text) = outcome(&executor.wait_with_output().unwrap());
        let expected = if ends_with == "exit 0" { 0 } else { 3 };
        assert_eq!(code, expected, "{signal:?} {ends_with}: {text}");
        assert!(text.contains("far lost") && text.matches("far open").count() == 2, "{text}");
        assert!(case.has("done") && (code == 0 || text.contains("exit code 3")), "{text}");
    }
}

#[test]
fn how_a_command_ended_is_told_however_late_that_is_noted() {
    let script =
        "    echo $PPID >DIR/runner\n    echo $$ >DIR/begun\n    until test -e DIR/go; do sleep 0.05; done\n    exit 3";
    let Some(case) = Case::new(&plan("", script)) else { return };
    let executor = case.start(&[]);
    case.wait_for("begun");
    let runner = Pid::from_raw(case.read("runner").trim().parse().unwrap()).unwrap();
    kill_process(runner, Signal::STOP).unwrap();
    case.sshd.strike(Signal::KILL);
    fs::write(case.path("go"), "").unwrap();
    wait_until("the end of the command", || case.is_over("begun"));
    // Longer than it takes to be asked again, and than a note usually is on its way.
    std::thread::sleep(Duration::from_secs(6));
    kill_process(runner, Signal::CONT).unwrap();
    let (code, text) = outcome(&executor.wait_with_output().unwrap());
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("exit code 3"), "{text}");
}

#[test]
fn output_that_nobody_takes_does_not_end_a_command() {
    let script =
        "    echo $$ >DIR/begun\n    for i in 1 2 3 4 5 6 7 8 9; do echo line; sleep 0.2; done\n    echo so >DIR/done";
    let Some(case) = Case::new(&plan("", script)) else { return };
    let executor = case.start(&[]);
    case.wait_for("begun");
    case.sshd.strike(Signal::KILL);
    let (code, text) = outcome(&executor.wait_with_output().unwrap());
    assert_eq!((code, case.has("done")), (0, true), "{text}");
}

#[test]
fn an_outcome_that_nobody_can_tell_is_unknown_and_read_back_if_that_is_possible() {
    let Some(mut case) = Case::new(&plan("", BUSY)) else { return };
    let executor = case.start(&["--lost-after", "2"]);
    case.wait_for("begun");
    case.sshd.strike(Signal::KILL);
    case.sshd.stop();
    let (code, text) = outcome(&executor.wait_with_output().unwrap());
    assert_eq!(code, 4, "{text}");
    assert!(text.contains("it could not be asked again; it may still be running on `far`"), "{text}");
    assert!(text.contains("nobody knows whether one on far happened"), "{text}");
    let sought = text.split("far lost, looked for until ").nth(1).and_then(|rest| rest.get(9..)).unwrap_or_default();
    assert!(sought.starts_with(" (2s), then the outcome is unknown: "), "{text}");
    fs::write(case.path("go"), "").unwrap();
    wait_until("the end of the command", || case.is_over("begun"));
}

#[test]
fn what_cannot_be_reached_when_a_step_begins_has_not_begun() {
    let text = r#"
node far {}
node here { via = local }
plan move() {
  given far is up, here is up
  step one on far { run "echo x >DIR/one" }
  step wait on here { run "echo x >DIR/begun; until test -e DIR/go; do sleep 0.05; done" }
  step two on far { run "echo x >DIR/two" }
}
"#;
    for back in [false, true] {
        let Some(mut case) = Case::new(text) else { return };
        let executor = case.start(&["--lost-after", "1"]);
        case.wait_for("begun");
        case.sshd.strike(Signal::KILL);
        case.sshd.stop();
        if back {
            case.sshd.boot();
        }
        std::thread::sleep(Duration::from_millis(300));
        fs::write(case.path("go"), "").unwrap();
        let (code, text) = outcome(&executor.wait_with_output().unwrap());
        assert_eq!((code, case.has("two")), if back { (0, true) } else { (3, false) }, "{text}");
        assert!(back || text.contains("two on far") && text.contains("`far` cannot be reached"), "{text}");
    }
}

#[test]
fn a_command_whose_notes_were_swept_away_is_not_said_never_to_have_begun() {
    let Some(case) = Case::new(&plan("", &BUSY.replace("exit 3", "exit 0"))) else { return };
    let mut executor = case.start(&[]);
    case.wait_for("begun");
    executor.kill().unwrap();
    executor.wait().unwrap();
    let own = fs::read_to_string(format!("/proc/{}/environ", case.read("begun").trim())).unwrap();
    let slot = own.split('\0').find_map(|v| v.strip_prefix("HANDOVER_COMMAND=")).unwrap().to_owned();
    fs::remove_dir_all(&slot).unwrap();
    let (code, text) = case.resume();
    assert_eq!(code, 4, "{text}");
    assert!(!text.contains("before it began"), "{text}");
    fs::write(case.path("go"), "").unwrap();
    wait_until("the end of the command", || case.is_over("begun"));
}

#[test]
fn a_command_in_another_space_of_process_ids_is_not_said_to_have_ended() {
    let Some(case) = Case::new(&plan("", &BUSY.replace("exit 3", "exit 0"))) else { return };
    let mut executor = case.start(&[]);
    case.wait_for("begun");
    executor.kill().unwrap();
    executor.wait().unwrap();
    let own = fs::read_to_string(format!("/proc/{}/environ", case.read("begun").trim())).unwrap();
    let slot = own.split('\0').find_map(|v| v.strip_prefix("HANDOVER_COMMAND=")).unwrap().to_owned();
    let note = PathBuf::from(slot).join("begun");
    let here = fs::read_link("/proc/self/ns/pid").unwrap();
    let text = fs::read_to_string(&note).unwrap();
    assert!(text.trim_end().ends_with(here.to_str().unwrap()), "{text}");
    fs::write(&note, text.replace(here.to_str().unwrap(), "pid:[1]").replace(case.read("begun").trim(), "999999999"))
        .unwrap();
    let (code, text) = case.resume();
    assert_eq!(code, 4, "{text}");
    assert!(text.contains("nobody knows what became of `one`"), "{text}");
    fs::write(case.path("go"), "").unwrap();
    wait_until("the end of the command", || case.is_over("begun"));
}

#[test]
fn a_run_that_is_taken_up_finds_what_became_of_a_command() {
    for ends_before in [true, false] {
        let Some(case) = Case::new(&plan("", &BUSY.replace("exit 3", "exit 0"))) else { return };
        let mut executor = case.start(&[]);
        case.wait_for("begun");
        executor.kill().unwrap();
        executor.wait().unwrap();
        if ends_before {
            fs::write(case.path("go"), "").unwrap();
            wait_until("the end of the command", || case.is_over("begun"));
        }
        let resumed = case.command(&["resume"]).spawn().unwrap();
        if !ends_before {
            std::thread::sleep(Duration::from_millis(700));
            fs::write(case.path("go"), "").unwrap();
        }
        let (code, text) = outcome(&resumed.wait_with_output().unwrap());
        assert_eq!(code, 0, "it ended well, and its note says so: {text}");
        assert_eq!(case.read("done"), "so\n");
    }
}

#[test]
fn a_run_that_is_taken_up_where_nothing_can_be_found_asks() {
    let Some(mut case) = Case::new(&plan("", BUSY)) else { return };
    let mut executor = case.start(&[]);
    case.wait_for("begun");
    executor.kill().unwrap();
    executor.wait().unwrap();
    case.sshd.stop();
    case.sshd.strike(Signal::KILL);
    let (code, text) = outcome(&case.command(&["resume", "--lost-after", "1"]).output().unwrap());
    assert_eq!(code, 4, "{text}");
    assert!(text.contains("nobody knows what became of `one`"), "{text}");
    fs::write(case.path("go"), "").unwrap();
    wait_until("the end of the command", || case.is_over("begun"));
    case.sshd.boot();
    let (code, text) = case.resume();
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("exit code 3"), "{text}");
}
