//! What a run survives: an executor killed at any moment, a second run, signals, a full disk.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod counting;

use counting::{Moments, each_ran_once};
use rustix::process::{Pid, Signal, geteuid, kill_process};
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A step that takes until it is told to end, and one that puts things in order.
const WAITING: &str = r#"
node a { via = local }
plan move() "Something moves" {
  given  a is up
  phase busy {
    step work on a { run "touch begun; while test -e begun && ! test -e go; do sleep 0.02; done; touch done" }
    step more on a { run "touch more" }
  } finally {
    step tidy on a { run "touch tidy" }
  }
}
"#;

struct Case(TempDir);

impl Case {
    fn new(plan: &str) -> Case {
        let case = Case(tempfile::tempdir().unwrap());
        fs::write(case.path("plan.ha"), plan).unwrap();
        case
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn has(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_handover"));
        command.args(args).current_dir(&self.0).env("HOME", self.0.path()).env("HANDOVER_STATE", self.path("state"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn start(&self, args: &[&str]) -> Child {
        self.command(args).spawn().unwrap()
    }

    fn handover(&self, args: &[&str]) -> (i32, String) {
        outcome(&self.command(args).output().unwrap())
    }

    fn wait_for(&self, name: &str) {
        let begin = Instant::now();
        while !self.has(name) {
            assert!(begin.elapsed() < Duration::from_secs(60), "`{name}` does not appear");
            sleep(Duration::from_millis(5));
        }
    }

    /// The id of the only run.
    fn only_run(&self) -> String {
        let (code, list) = self.handover(&["runs"]);
        let runs: Vec<&str> = list.lines().filter(|line| !line.starts_with(' ')).collect();
        assert_eq!((code, runs.len()), (0, 1), "{list}");
        list.split(' ').next().unwrap().to_owned()
    }
}

fn outcome(output: &Output) -> (i32, String) {
    let text = [&output.stdout, &output.stderr].map(|t| String::from_utf8_lossy(t).into_owned()).concat();
    (output.status.code().unwrap_or(-1), text)
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

#[test]
fn a_run_survives_ten_kills_and_nothing_runs_twice() {
    let case = Case::new(&counting::plan(48));
    let (mut random, mut moments) = (Moments::new(), Vec::new());
    let mut settled = Vec::new();
    loop {
        let run = latest(&case);
        let mut args = if run.is_empty() { vec!["run", "plan.ha", "--yes"] } else { vec!["resume", &run] };
        args.extend(settled.iter().flat_map(|s: &String| ["--settle", s]));
        let mut executor = case.start(&args);
        if moments.len() < 10 {
            let ms = random.next(5, 60);
            moments.push(format!("{ms} ms: {args:?}"));
            sleep(Duration::from_millis(ms));
            executor.kill().unwrap();
        }
        let (code, text) = outcome(&executor.wait_with_output().unwrap());
        settled = lost(&case, code, &text);
        match code {
            0 => break,
            -1 => {}
            4 => assert!(!settled.is_empty(), "{text}\n{moments:#?}"),
            _ => panic!("{code}: {text}\n{moments:#?}"),
        }
    }
    assert_eq!(moments.len(), 10, "it ended before it was killed ten times: {moments:#?}");
    let (_, list) = case.handover(&["runs"]);
    assert!(list.contains("completed") && list.lines().count() == 1, "{list}\n{moments:#?}");
    each_ran_once(&fs::read_to_string(case.path("count")).unwrap(), 48, &moments);
}

/// The run in the journal, if it got there.
fn latest(case: &Case) -> String {
    let (code, list) = case.handover(&["runs"]);
    if code != 0 || !list.starts_with("20") { String::new() } else { list.split(' ').next().unwrap().to_owned() }
}

/// What the executor wants to be told of steps that were lost; we look and say.
fn lost(case: &Case, code: i32, text: &str) -> Vec<String> {
    if code != 4 {
        return Vec::new();
    }
    let asked = text.split("--settle '").skip(1).filter_map(|t| t.split('=').next());
    asked
        .map(|step| {
            assert!(case.has(&format!("{step}.done")), "{step} began and was not waited for\n{text}");
            format!("{step}=done")
        })
        .collect()
}

#[test]
fn a_second_run_is_refused_and_a_killed_one_is_waited_for() {
    let case = Case::new(WAITING);
    let mut executor = case.start(&["run", "plan.ha", "--yes"]);
    case.wait_for("begun");
    let run = case.only_run();
    let (code, text) = case.handover(&["run", "plan.ha", "--yes"]);
    assert_eq!(code, 3, "{text}");
    assert!(text.contains(&format!("the plan `move` is held by run {run} of the plan `move`")), "{text}");
    assert!(text.contains(&format!("process {}", executor.id())), "{text}");
    let (code, text) = case.handover(&["resume", &run]);
    assert_eq!(code, 3, "a run in progress is not taken up: {text}");
    executor.kill().unwrap();
    executor.wait().unwrap();
    // What it started still runs; whoever takes the run up waits for it.
    let second = case.start(&["resume", &run]);
    sleep(Duration::from_millis(300));
    fs::write(case.path("go"), "").unwrap();
    let (code, text) = outcome(&second.wait_with_output().unwrap());
    assert!(case.has("done"), "the command went on without its executor");
    assert_eq!(code, 4, "and nothing reads back what it did: {text}");
    assert!(text.contains(&format!("handover resume {run} --settle 'work=done|failed|again'")), "{text}");
    let (code, text) = case.handover(&["resume", &run, "--settle", "more=done"]);
    assert_eq!(code, 2, "{text}");
    let (code, text) = case.handover(&["resume", &run, "--settle", "work=done"]);
    assert_eq!(code, 0, "{text}");
    assert!(case.has("more") && case.has("tidy"));
    let (code, text) = case.handover(&["resume", &run]);
    assert_eq!(code, 2, "{text}");
}

#[test]
fn a_command_whose_notes_are_gone_is_not_run_again_unasked() {
    let case = Case::new(WAITING);
    let mut executor = case.start(&["run", "plan.ha", "--yes"]);
    case.wait_for("begun");
    let run = case.only_run();
    executor.kill().unwrap();
    executor.wait().unwrap();
    fs::remove_file(case.path("state/running").join(&run)).unwrap();
    fs::remove_file(case.path("begun")).unwrap();
    // Twice: what the first of them notes is not taken for the notes of the run.
    for _ in 0..2 {
        let (code, text) = case.handover(&["resume", &run]);
        assert_eq!((code, case.has("begun")), (4, false), "{text}");
        assert!(text.contains("--settle 'work=done|failed|again'"), "{text}");
    }
    fs::write(case.path("go"), "").unwrap();
    let (code, text) = case.handover(&["resume", &run, "--settle", "work=done"]);
    assert_eq!((code, case.has("more")), (0, true), "{text}");
}

/// Two plans over the same thing, and one over another.
const SHARING: &str = r#"
node a { via = local }
service web { unit = "web" }
service mail { unit = "mail" }
plan there() {
  given a is up
  locks web
  step work on a { run "touch begun; while test -e begun && ! test -e go; do sleep 0.02; done" }
}
plan back() {
  given a is up
  locks web
  step work on a { run "touch back" }
}
plan elsewhere() {
  given a is up
  locks mail
  step work on a { run "touch elsewhere" }
}
"#;

#[test]
fn what_a_lost_executor_held_is_not_touched_by_another_plan() {
    let case = Case::new(SHARING);
    let mut executor = case.start(&["run", "plan.ha", "there", "--yes"]);
    case.wait_for("begun");
    let run = case.only_run();
    executor.kill().unwrap();
    executor.wait().unwrap();
    let (code, text) = case.handover(&["run", "plan.ha", "back", "--yes"]);
    assert_eq!(code, 3, "{text}");
    assert!(text.contains(&format!("run {run} of `there`, which locks `web`, too, has not ended")), "{text}");
    assert!(text.contains(&format!("`handover resume {run}`")) && !case.has("back"), "{text}");
    let (code, text) = case.handover(&["run", "plan.ha", "elsewhere", "--yes"]);
    assert_eq!((code, case.has("elsewhere")), (0, true), "{text}");
    let (code, text) = case.handover(&["run", "plan.ha", "back", "--yes", "--anew"]);
    assert_eq!((code, case.has("back")), (0, true), "{text}");
    fs::write(case.path("go"), "").unwrap();
}

#[test]
fn the_first_ctrl_c_lets_commands_end_and_the_second_ends_them() {
    let case = Case::new(WAITING);
    let executor = case.start(&["run", "plan.ha", "--yes"]);
    case.wait_for("begun");
    signal(&executor, Signal::INT);
    sleep(Duration::from_millis(300));
    assert!(!case.has("tidy"), "the command still runs");
    fs::write(case.path("go"), "").unwrap();
    let (code, text) = outcome(&executor.wait_with_output().unwrap());
    assert_eq!(code, 5, "{text}");
    assert!(case.has("done") && case.has("tidy") && !case.has("more"));

    let case = Case::new(WAITING);
    let executor = case.start(&["run", "plan.ha", "--yes"]);
    case.wait_for("begun");
    signal(&executor, Signal::TERM);
    sleep(Duration::from_millis(100));
    signal(&executor, Signal::INT);
    let (code, text) = outcome(&executor.wait_with_output().unwrap());
    assert_eq!(code, 5, "{text}");
    assert!(!case.has("done") && case.has("tidy") && !case.has("more"));
    assert!(text.contains("the operator ended it"), "{text}");
}

#[test]
fn a_terminal_that_goes_away_ends_nothing() {
    let case = Case::new(WAITING);
    let executor = case.start(&["run", "plan.ha", "--yes"]);
    case.wait_for("begun");
    signal(&executor, Signal::HUP);
    sleep(Duration::from_millis(100));
    fs::write(case.path("go"), "").unwrap();
    let (code, text) = outcome(&executor.wait_with_output().unwrap());
    assert_eq!(code, 0, "{text}");
    assert!(case.has("more"));
}

#[test]
fn a_full_disk_stops_new_steps_and_loses_nothing() {
    let steps = "step pay on c { do pay(\"one\") }\n  step more on c { do pay(\"two\") }";
    let case = Case::new(&counting::plan_of(steps).replace("sleep 0.05", "sleep 0.3; ./fill"));
    fs::create_dir(case.path("state")).unwrap();
    // Fills the disk of the state folder while the first step runs.
    fs::write(case.path("fill"), "#!/bin/sh\ncat /dev/zero >state/ballast 2>/dev/null || true\n").unwrap();
    let inside = r#"
        mount -t tmpfs -o size=1m none state || { echo "no mount"; exit 99; }
        chmod +x fill
        "$HANDOVER" run plan.ha --yes; echo "first: $?"
        rm state/ballast; : >fill
        run=$("$HANDOVER" runs | cut -d' ' -f1)
        "$HANDOVER" resume "$run"; echo "second: $?"
        "$HANDOVER" resume "$run" --settle pay=done; echo "third: $?""#;
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", inside]).current_dir(&case.0).stdin(Stdio::null());
    command.env("HANDOVER", env!("CARGO_BIN_EXE_handover")).env("HANDOVER_STATE", case.path("state"));
    let output = command.output();
    let skip = match &output {
        Err(error) => Some(format!("there is no `unshare`: {error}")),
        Ok(output) if outcome(output).1.contains("no mount") || !geteuid().is_root() => {
            Some(String::from("only root may mount a small disk"))
        }
        Ok(_) => None,
    };
    if let Some(why) = skip {
        return eprintln!("skipped: {why}");
    }
    let (_, text) = outcome(&output.unwrap());
    assert!(
        text.contains("the disk is full; the run has stopped; what came of `pay` could not be written down"),
        "{text}"
    );
    assert!(text.contains("make room there; then `handover resume"), "{text}");
    for end in ["first: 4", "second: 4", "third: 0"] {
        assert!(text.contains(end), "{end} is not in\n{text}");
    }
    assert_eq!(fs::read_to_string(case.path("count")).unwrap(), "one\ntwo\n");
}

#[test]
fn a_disk_that_cannot_be_written_is_said_and_what_is_on_it_is_read() {
    let case = Case::new(&counting::plan_of("step pay on c { do pay(\"one\") }"));
    fs::create_dir(case.path("state")).unwrap();
    let inside = r#"
        mount -t tmpfs -o size=4m none state || { echo "no mount"; exit 99; }
        "$HANDOVER" run plan.ha --yes; echo "first: $?"
        mount -o remount,ro state || { echo "no mount"; exit 99; }
        "$HANDOVER" run plan.ha --yes; echo "second: $?"
        "$HANDOVER" runs; echo "runs: $?"
        "$HANDOVER" show --verify; echo "show: $?""#;
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", inside]).current_dir(&case.0).stdin(Stdio::null());
    command.env("HANDOVER", env!("CARGO_BIN_EXE_handover")).env("HANDOVER_STATE", case.path("state"));
    let text = match command.output() {
        Ok(output) if geteuid().is_root() && !outcome(&output).1.contains("no mount") => outcome(&output).1,
        _ => return eprintln!("skipped: only root may mount a small disk"),
    };
    for line in ["first: 0", "second: 3", "runs: 0", "show: 0", "completed", "is whole: ", "cannot be used"] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    assert_eq!(fs::read_to_string(case.path("count")).unwrap(), "one\n");
}

#[test]
fn a_journal_that_may_not_grow_stops_the_run_and_loses_nothing() {
    let steps: String = (0..40).map(|i| format!("step pay{i} on c {{ do pay(\"pay{i}\") }}\n")).collect();
    let case = Case::new(&counting::plan_of(&steps).replace("sleep 0.05; ", ""));
    // In blocks of 512 bytes.
    let limited = "ulimit -f 400; exec \"$HANDOVER\" run plan.ha --yes";
    let mut command = Command::new("sh");
    command.args(["-c", limited]).current_dir(&case.0).stdin(Stdio::null());
    command.env("HANDOVER", env!("CARGO_BIN_EXE_handover")).env("HANDOVER_STATE", case.path("state"));
    let (code, text) = outcome(&command.output().unwrap());
    assert_eq!(code, 4, "{text}");
    assert!(text.contains("nothing new is started"), "{text}");
    let run = case.only_run();
    let mut settled = lost(&case, code, &case.handover(&["resume", &run]).1);
    settled.iter_mut().for_each(|word| word.insert_str(0, "--settle="));
    let args: Vec<&str> = ["resume", &run].into_iter().chain(settled.iter().map(String::as_str)).collect();
    let (code, text) = case.handover(&args);
    assert_eq!(code, 0, "{text}");
    each_ran_once(&fs::read_to_string(case.path("count")).unwrap(), 40, &text);
}
