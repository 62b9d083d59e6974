//! What the run of a script survives: being killed at any moment, a second run, signals.

use crate::counting::{self, Moments, each_ran_once};
use crate::harness::{Case, each_shell, finish, signal, touch};
use rustix::process::{Pid, Signal, kill_process_group};
use std::fs;
use std::process::Child;
use std::thread::sleep;
use std::time::Duration;

/// A step that takes until it is told to end, one after it, and one that puts things in order.
const WAITING: &str = r#"
node a { via = local }
plan move() "Something moves" {
  given  a is up
  locks  a
  phase busy {
    step work on a { run "touch begun; while test -e begun && ! test -e go; do sleep 0.02; done; touch done" }
    step more on a { run "touch more" }
  } finally {
    step tidy on a { run "touch tidy" }
  }
}
"#;

fn kill_all(child: &mut Child) {
    kill_process_group(Pid::from_child(child), Signal::KILL).unwrap();
    child.wait().unwrap();
}

#[test]
fn a_run_survives_ten_kills_and_nothing_runs_twice() {
    each_shell(|shell| {
        let case = Case::new(&counting::plan(18), shell);
        let (mut random, mut moments, mut settled) = (Moments::new(), Vec::new(), Vec::<String>::new());
        let mut resume = false;
        loop {
            let mut args = if resume { vec!["--unchecked", "--resume"] } else { vec!["--unchecked"] };
            args.extend(settled.iter().flat_map(|s| ["--settle", s.as_str()]));
            let mut script = case.start(&args);
            if moments.len() < 10 {
                let ms = random.next(50, 250);
                moments.push(format!("{ms} ms: {args:?}"));
                sleep(Duration::from_millis(ms));
                // Every other time with all of its own processes, but for the commands.
                match moments.len() % 2 {
                    0 => script.kill().unwrap(),
                    _ => kill_all(&mut script),
                }
            }
            let (code, text) = finish(script);
            resume = case.has(".local") && !text.contains("there is no run to resume");
            settled = lost(&case, code, &text);
            match code {
                0 => break,
                -1 => {}
                2 if !resume => {}
                4 if !settled.is_empty() => {}
                _ => panic!("{code}: {text}\n{moments:#?}"),
            }
        }
        each_ran_once(&case.read("count"), 18, &(moments, journal(&case)));
    });
}

/// What the script wants to be told of steps that were lost; we look and say.
fn lost(case: &Case, code: i32, text: &str) -> Vec<String> {
    if code != 4 {
        return Vec::new();
    }
    let asked = text.split("--settle ").skip(1).filter_map(|t| t.split('=').next());
    asked
        .map(|step| {
            let done = case.has(&format!("{step}.done"));
            let began = case.read("count").lines().any(|l| l == step);
            assert_eq!(began, done, "{step} began and was not waited for\n{text}");
            format!("{step}={}", if done { "done" } else { "again" })
        })
        .collect()
}

#[test]
fn a_second_run_is_refused_and_a_killed_one_is_waited_for() {
    each_shell(|shell| {
        let case = Case::new(WAITING, shell);
        case.compile(&WAITING.replace("plan move()", "plan other()"), "other");
        let mut script = case.start(&[]);
        case.wait_for("begun");
        let (code, text) = case.run(&[]);
        assert_eq!(code, 3, "{text}");
        assert!(text.contains(&format!("this plan is held by another run: process {} on ", script.id())), "{text}");
        let other = case.command_of("other", &[]).spawn().unwrap();
        let (code, text) = finish(other);
        assert_eq!(code, 3, "{text}");
        assert!(text.contains("a is held by another run: process"), "{text}");
        kill_all(&mut script);
        let (code, text) = case.run(&[]);
        assert_eq!(code, 3, "{text}");
        assert!(text.contains("is not over") && text.contains("take it up again with --resume"), "{text}");
        // What it started still runs; whoever takes the run up waits for it.
        let second = case.start(&["--resume"]);
        sleep(Duration::from_millis(500));
        touch(case.path("go"));
        let (code, text) = finish(second);
        assert!(case.has("done"), "the command went on without its script");
        assert_eq!(code, 4, "and nothing reads back what it did: {text}");
        assert!(text.contains("waiting for process"), "{text}");
        assert!(text.contains("--resume --settle work=done|failed|again"), "{text}");
        let (code, text) = case.run(&["--resume", "--settle", "work=done"]);
        assert_eq!(code, 0, "{text}");
        assert!(case.has("more") && case.has("tidy"));
        let (code, text) = case.run(&["--resume"]);
        assert_eq!(code, 2, "{text}");
        assert!(text.contains("there is no run to resume"), "{text}");
        let (code, text) = case.run(&[]);
        assert_eq!(code, 0, "a run that is over makes room for the next: {text}");
        fs::remove_file(case.path("go")).unwrap();
        fs::remove_file(case.path("begun")).unwrap();
        let mut script = case.start(&[]);
        case.wait_for("begun");
        kill_all(&mut script);
        touch(case.path("go"));
        let (code, text) = case.run(&["--anew"]);
        assert_eq!(code, 0, "{text}");
        let runs = fs::read_dir(case.path(".local/state/handover-sh")).unwrap().map(|e| e.unwrap().path());
        let plan = runs.into_iter().find(|p| p.to_string_lossy().contains("move-")).unwrap();
        let kept = fs::read_dir(plan).unwrap().filter(|e| e.as_ref().unwrap().path().is_dir()).count();
        assert_eq!(kept, 4, "every run is kept");
    });
}

#[test]
fn the_first_ctrl_c_lets_commands_end_and_the_second_ends_them() {
    each_shell(|shell| {
        let case = Case::new(WAITING, shell);
        let script = case.start(&[]);
        case.wait_for("begun");
        signal(&script, Signal::INT);
        sleep(Duration::from_millis(400));
        assert!(!case.has("tidy"), "the command still runs");
        touch(case.path("go"));
        let (code, text) = finish(script);
        assert_eq!(code, 5, "{text}");
        assert!(case.has("done") && case.has("tidy") && !case.has("more"), "{text}");

        let case = Case::new(WAITING, shell);
        let script = case.start(&[]);
        case.wait_for("begun");
        signal(&script, Signal::TERM);
        sleep(Duration::from_millis(200));
        signal(&script, Signal::INT);
        let (code, text) = finish(script);
        assert_eq!(code, 5, "{text}");
        assert!(!case.has("done") && case.has("tidy") && !case.has("more"), "{text}");
        assert!(text.contains("the operator ended it"), "{text}");
    });
}

#[test]
fn a_cancellation_survives_a_crash() {
    each_shell(|shell| {
        let case = Case::new(WAITING, shell);
        let mut script = case.start(&[]);
        case.wait_for("begun");
        signal(&script, Signal::INT);
        sleep(Duration::from_millis(400));
        kill_all(&mut script);
        touch(case.path("go"));
        case.wait_for("done");
        let (code, text) = case.run(&["--resume", "--settle", "work=done"]);
        assert_eq!(code, 5, "{text}");
        assert!(case.has("tidy") && !case.has("more"), "{text}");
    });
}

#[test]
fn a_terminal_that_goes_away_ends_nothing() {
    each_shell(|shell| {
        let case = Case::new(WAITING, shell);
        let script = case.start(&[]);
        case.wait_for("begun");
        kill_process_group(Pid::from_child(&script), Signal::HUP).unwrap();
        sleep(Duration::from_millis(100));
        touch(case.path("go"));
        let (code, text) = finish(script);
        assert_eq!(code, 0, "{text}");
        assert!(case.has("more"));
    });
}

#[test]
fn a_state_folder_that_cannot_be_written_stops_everything() {
    each_shell(|shell| {
        let case = Case::new(WAITING, shell);
        fs::write(case.path("file"), "").unwrap();
        let (code, text) = case.run(&["--state", "file"]);
        assert_eq!(code, 3, "{text}");
        assert!(text.contains("cannot be made"), "{text}");
        assert!(!case.has("begun"));
    });
}

#[test]
fn what_cannot_be_written_down_is_not_done() {
    let plan = r#"
node a { via = local }
plan move() {
  given a is up
  step one on a { run "rm -r state/*/run" }
  step two on a { run "touch two" }
}
"#;
    each_shell(|shell| {
        let case = Case::new(plan, shell);
        let (code, text) = case.run(&["--state", "state"]);
        assert_eq!(code, 4, "{text}");
        assert!(text.contains("cannot be written"), "{text}");
        assert!(!case.has("two"), "{text}");
    });
}

fn journal(case: &Case) -> String {
    let runs = fs::read_dir(case.path(".local/state/handover-sh")).unwrap();
    runs.filter_map(|run| fs::read_to_string(run.unwrap().path().join("run/journal")).ok()).collect()
}
