//! A journal that is kept at two sites: the controller's site is lost, and the run goes on from the other one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[allow(dead_code, reason = "plans of other steps are not needed")]
mod counting;

use counting::{Moments, each_ran_once};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Leads to the other site, unless the way is cut.
const WAY: &str = r#"#!/bin/sh
test -e cut && { echo "ssh: connect to host west: No route to host" >&2; exit 255; }
echo $$ >receiver
PATH=$(dirname "$HANDOVER"):$PATH HANDOVER_STATE=$PWD/west
export PATH HANDOVER_STATE
exec "$@"
"#;

/// Two steps, each of which takes until it is told to end.
const WAITING: &str = r#"
node a { via = local }
plan move() "Something moves" {
  given  a is up
  step one on a { run "echo one >>count; while test -e count && ! test -e go1; do sleep 0.02; done" }
  step two on a { run "echo two >>count; while test -e count && ! test -e go2; do sleep 0.02; done" }
  step three on a { run "echo three >>count" }
}
"#;

/// Two sites: a state folder each.
struct Sites(TempDir);

impl Sites {
    fn new(plan: &str) -> Sites {
        let sites = Sites(tempfile::tempdir().unwrap());
        fs::write(sites.path("plan.ha"), plan).unwrap();
        fs::write(sites.path("way"), WAY).unwrap();
        fs::set_permissions(sites.path("way"), Permissions::from_mode(0o755)).unwrap();
        sites
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, site: &str, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_handover"));
        command.args(args).current_dir(&self.0).env("HOME", self.0.path()).env("HANDOVER_STATE", self.path(site));
        command.env("HANDOVER", env!("CARGO_BIN_EXE_handover"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn handover(&self, site: &str, args: &[&str]) -> (i32, String) {
        outcome(&self.command(site, args).output().unwrap())
    }

    /// Starts the plan in the east, with its journal in the west, too.
    fn run(&self) -> Child {
        self.command("east", &["run", "plan.ha", "--yes", "--replica", "./way"]).spawn().unwrap()
    }

    /// The only run of a site, if it has one, and how many events it has.
    fn listed(&self, site: &str) -> Option<(String, u64)> {
        let (code, text) = self.handover(site, &["runs", "--format", "json"]);
        assert_eq!(code, 0, "{text}");
        let field =
            |name: &str| Some(text.split_once(name)?.1.split([',', '\n']).next()?.trim_matches([' ', '"']).to_owned());
        Some((field("\"id\": ")?, field("\"events\": ")?.parse().unwrap()))
    }

    fn wait(&self, what: &str, happens: impl Fn() -> bool) {
        let begin = Instant::now();
        while !happens() {
            assert!(begin.elapsed() < Duration::from_secs(60), "{what}");
            sleep(Duration::from_millis(5));
        }
    }

    fn count(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("count")).unwrap_or_default();
        text.lines().map(String::from).collect()
    }

    fn begins(&self, step: &str) {
        self.wait(&format!("{step} does not begin"), || self.count().iter().any(|s| s == step));
    }

    fn touch(&self, name: &str) {
        fs::write(self.path(name), "").unwrap();
    }

    /// Lets nobody through any more, and ends what has got through.
    fn cut(&self) {
        self.touch("cut");
        self.signal_receiver(Signal::KILL);
    }

    fn signal_receiver(&self, signal: Signal) {
        let pid = fs::read_to_string(self.path("receiver")).unwrap();
        kill_process(Pid::from_raw(pid.trim().parse().unwrap()).unwrap(), signal).unwrap();
    }

    /// Waits until no command of a lost executor is left.
    fn quiet(&self) {
        let here = self.0.path().canonicalize().unwrap();
        let lives = |entry: fs::DirEntry| fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd == here);
        self.wait("a command does not end", || !fs::read_dir("/proc").unwrap().flatten().any(lives));
    }

    /// Holds the journals of both sites against each other.
    fn same_chain(&self) {
        let (run, events) = self.listed("east").unwrap();
        let heads = ["east", "west"].map(|site| {
            let (code, text) = self.handover(site, &["show", &run, "--verify"]);
            assert_eq!(code, 0, "{site}: {text}");
            text
        });
        assert_eq!(heads[0], heads[1]);
        assert!(heads[0].contains(&format!("{events} events")), "{heads:?}");
    }
}

fn outcome(output: &Output) -> (i32, String) {
    let text = [&output.stdout, &output.stderr].map(|t| String::from_utf8_lossy(t).into_owned()).concat();
    (output.status.code().unwrap_or(-1), text)
}

/// How an executor ends; one that does not is ended.
fn ended(mut child: Child) -> (i32, String) {
    let begin = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begin.elapsed() > Duration::from_secs(60) {
            child.kill().unwrap();
        }
        sleep(Duration::from_millis(10));
    }
    outcome(&child.wait_with_output().unwrap())
}

fn host() -> String {
    fs::read_to_string("/proc/sys/kernel/hostname").unwrap().trim().to_owned()
}

#[test]
fn what_is_done_here_is_written_down_there() {
    let sites = Sites::new(&counting::plan(6));
    let (code, text) = ended(sites.run());
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("the journal is copied by `./way`"), "{text}");
    sites.same_chain();
    assert!(!Path::exists(&sites.path("west/locks")), "nothing is held there");
    let (code, text) = sites.handover("west", &["show"]);
    assert!(code == 0 && text.contains("completed"), "{text}");
}

#[test]
fn the_site_is_lost_at_any_moment_and_nothing_runs_twice() {
    let mut random = Moments::new();
    let mut taken_up = 0;
    for _ in 0..8 {
        let sites = Sites::new(&counting::plan(12));
        let mut executor = sites.run();
        let moment = random.next(10, 300);
        sleep(Duration::from_millis(moment));
        executor.kill().unwrap();
        executor.wait().unwrap();
        sites.quiet();
        let Some((run, _)) = sites.listed("west") else {
            assert!(sites.count().is_empty(), "nothing is done before it is written down there: {moment} ms");
            continue;
        };
        let begun = sites.count();
        let mut settled: Vec<String> = Vec::new();
        let dead = host();
        let (code, text) = loop {
            let mut args = vec!["resume", &run, "--dead", &dead];
            args.extend(settled.iter().flat_map(|s| ["--settle", s]));
            let (code, text) = sites.handover("west", &args);
            // Once it has been taken over there it is at home there.
            let args: Vec<&str> = args.into_iter().filter(|a| *a != "--dead" && *a != dead).collect();
            let (code, text) = match text.contains("leave `--dead` out") {
                true => sites.handover("west", &args),
                false => (code, text),
            };
            if code != 4 || !settled.is_empty() {
                break (code, text);
            }
            // We look, and say what we see.
            let lost = text.split("--settle '").skip(1).filter_map(|t| t.split('=').next());
            settled = lost
                .map(|step| format!("{step}={}", if begun.iter().any(|b| b == step) { "done" } else { "again" }))
                .collect();
        };
        let done = text.contains("has ended: there is nothing to take up again");
        assert!(code == 0 || done, "{moment} ms, {code}: {text}");
        taken_up += usize::from(!done);
        each_ran_once(&sites.count().join("\n"), 12, &(moment, text));
        assert_eq!(sites.handover("west", &["show", &run, "--verify"]).0, 0);
    }
    assert!(taken_up > 0, "the executor always ended before it was killed");
}

#[test]
fn a_way_that_is_lost_does_not_stop_the_run_and_is_caught_up_with() {
    let sites = Sites::new(WAITING);
    let executor = sites.run();
    sites.begins("one");
    sites.cut();
    sites.touch("go1");
    sites.begins("two");
    let (_, before) = sites.listed("west").unwrap();
    assert!(before < sites.listed("east").unwrap().1);
    fs::remove_file(sites.path("cut")).unwrap();
    sites.wait("it is not caught up with", || sites.listed("west") == sites.listed("east"));
    sites.touch("go2");
    let (code, text) = ended(executor);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("the run goes on without its copy"), "{text}");
    assert!(text.contains("the copy has everything again"), "{text}");
    sites.same_chain();
}

#[test]
fn a_run_that_ends_without_its_copy_says_so() {
    let sites = Sites::new(WAITING);
    let executor = sites.run();
    sites.begins("one");
    sites.cut();
    sites.touch("go1");
    sites.touch("go2");
    let (code, text) = ended(executor);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("the copy of the journal lacks the last "), "{text}");
    assert!(text.contains("completed  with 1 waiver"), "{text}");
    let (run, _) = sites.listed("east").unwrap();
    let (_, shown) = sites.handover("east", &["show", &run]);
    assert!(shown.contains("the copy of the journal lacks the end of the run, by "), "{shown}");
    let (code, text) = sites.handover("east", &["copy", &run]);
    assert!(code == 3 && text.contains("No route to host"), "{code}: {text}");
    fs::remove_file(sites.path("cut")).unwrap();
    let (code, text) = sites.handover("east", &["copy", &run]);
    assert!(code == 0 && text.contains("the copy by `./way` has all "), "{code}: {text}");
    sites.same_chain();
}

#[test]
fn a_way_that_is_back_when_the_run_ends_is_tried_once_more() {
    let sites = Sites::new(WAITING);
    let executor = sites.run();
    sites.begins("one");
    sites.cut();
    sites.touch("go1");
    sites.begins("two");
    fs::remove_file(sites.path("cut")).unwrap();
    sites.touch("go2");
    let (code, text) = ended(executor);
    assert!(code == 0 && !text.contains("waiver") && text.contains("the copy has everything again"), "{code}: {text}");
    sites.same_chain();
}

#[test]
fn a_way_that_hangs_is_given_up() {
    let sites = Sites::new(WAITING);
    let executor = sites.run();
    sites.begins("one");
    sites.signal_receiver(Signal::STOP);
    sites.touch("cut");
    sites.touch("go1");
    sites.touch("go2");
    let (code, text) = ended(executor);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("no answer within 5 s; the run goes on without its copy"), "{text}");
}

#[test]
fn whoever_was_taken_over_starts_nothing_more() {
    let sites = Sites::new(WAITING);
    let executor = sites.run();
    sites.begins("one");
    sites.cut();
    let (run, _) = sites.listed("west").unwrap();
    let dead = host();
    let (code, text) = sites.handover("west", &["resume", &run]);
    assert_eq!(code, 3, "{text}");
    assert!(text.contains(&format!("run {run} is executed elsewhere, and this is the copy of its journal")), "{text}");
    assert!(text.contains(&format!("`handover resume {run} --dead {dead}`")), "{text}");
    let (code, text) = sites.handover("west", &["resume", &run, "--dead", "somewhere-else"]);
    assert!(code == 2 && text.contains(&format!("you said `somewhere-else`; it is `{dead}`")), "{code}: {text}");
    // It is not dead, but whoever says so is believed, and their word is kept.
    let second = sites.command("west", &["resume", &run, "--dead", &dead, "--settle", "one=done"]).spawn().unwrap();
    sites.begins("two");
    fs::remove_file(sites.path("cut")).unwrap();
    sites.wait("it is not told", || sites.handover("east", &["show", &run]).1.contains("it was taken over: "));
    sites.touch("go1");
    let (code, text) = ended(executor);
    assert_eq!(code, 4, "{text}");
    assert!(text.contains(&format!("run {run} was taken over: ")), "{text}");
    assert!(text.contains("nothing more is started here"), "{text}");
    sites.touch("go2");
    let (code, text) = ended(second);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains(&format!("says that the executor on `{dead}` is dead")), "{text}");
    assert_eq!(sites.count(), ["one", "two", "three"]);
    // Neither is it taken up again where it was lost, whatever is said.
    for args in [&["resume", &run][..], &["resume", &run, "--without-replica"]] {
        let (code, text) = sites.handover("east", args);
        assert_eq!(code, 3, "{text}");
        assert!(text.contains("was taken over: "), "{text}");
    }
}

#[test]
fn a_run_that_was_taken_over_stays_so_for_the_first_executor() {
    let sites = Sites::new(WAITING);
    let mut executor = sites.run();
    sites.begins("one");
    executor.kill().unwrap();
    executor.wait().unwrap();
    sites.touch("go1");
    sites.touch("go2");
    sites.quiet();
    let (run, _) = sites.listed("west").unwrap();
    let (code, text) = sites.handover("west", &["resume", &run, "--dead", &host(), "--settle", "one=done"]);
    assert_eq!(code, 0, "{text}");
    // Once it has been told, it needs no way there to know.
    for (args, cut) in [(&["resume", &run][..], false), (&["resume", &run, "--without-replica"], true)] {
        if cut {
            sites.touch("cut");
        }
        let (code, text) = sites.handover("east", args);
        assert_eq!(code, 3, "{text}");
        assert!(text.contains(&format!("run {run} is not gone on with here: it was taken over: ")), "{text}");
        assert!(text.contains(&format!("look there: `./way handover show {run}`")), "{text}");
        assert!(!text.contains("--without-replica"), "{text}");
        let (_, listed) = sites.handover("east", &["runs"]);
        assert!(listed.contains("  taken over  move(), by ") && listed.contains("it was taken over: "), "{listed}");
    }
    assert_eq!(sites.count(), ["one", "two", "three"]);
    assert_eq!(sites.handover("east", &["show", &run, "--verify"]).0, 0);
}

#[test]
fn a_journal_is_no_copy_of_itself() {
    let sites = Sites::new(&counting::plan(3));
    let (code, text) = sites.handover("west", &["run", "plan.ha", "--yes", "--replica", "./way"]);
    assert!(code == 3 && text.contains("that is this journal itself"), "{code}: {text}");
    assert!(sites.count().is_empty());
    assert_eq!(sites.listed("west"), None);
}

#[test]
fn the_first_executor_takes_its_own_run_up_again_if_nobody_else_has() {
    let sites = Sites::new(WAITING);
    let mut executor = sites.run();
    sites.begins("one");
    executor.kill().unwrap();
    executor.wait().unwrap();
    sites.touch("go1");
    sites.quiet();
    let (run, _) = sites.listed("east").unwrap();
    sites.touch("cut");
    let (code, text) = sites.handover("east", &["resume", &run, "--settle", "one=done"]);
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("No route to host") && text.contains("add `--without-replica`"), "{text}");
    fs::remove_file(sites.path("cut")).unwrap();
    let mut executor = sites.command("east", &["resume", &run, "--settle", "one=done"]).spawn().unwrap();
    sites.begins("two");
    sites.wait("the copy does not grow", || sites.listed("west") == sites.listed("east"));
    executor.kill().unwrap();
    executor.wait().unwrap();
    sites.touch("cut");
    sites.touch("go2");
    sites.quiet();
    let (code, text) = sites.handover("east", &["resume", &run, "--without-replica", "--settle", "two=done"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("nobody has asked `./way` whether the run was taken over there"), "{text}");
    assert_eq!(sites.count(), ["one", "two", "three"]);
}

#[test]
fn without_its_copy_a_run_does_not_begin() {
    let sites = Sites::new(&counting::plan(3));
    sites.touch("cut");
    let (code, text) = ended(sites.run());
    assert_eq!(code, 3, "{text}");
    assert!(
        text.contains("the journal cannot be copied by `./way`: ssh: connect to host west: No route to host"),
        "{text}"
    );
    for (way, why) in [
        ("./nowhere", "`./nowhere` could not be started"),
        ("echo hello:", "what answers there is no `handover receive`: hello: handover receive"),
        (" ", "` ` is no command that leads to another machine"),
        ("false", "exit status: 1"),
    ] {
        let (code, text) = sites.handover("east", &["run", "plan.ha", "--yes", "--replica", way]);
        assert!((2..=3).contains(&code), "{code}: {text}");
        assert!(text.contains(why), "{text}");
    }
    assert!(sites.count().is_empty());
    assert_eq!(sites.listed("east"), None);
}

#[test]
fn what_makes_no_sense_for_a_run_without_a_copy_is_refused() {
    let sites = Sites::new(WAITING);
    let mut executor = sites.command("east", &["run", "plan.ha", "--yes"]).spawn().unwrap();
    sites.begins("one");
    executor.kill().unwrap();
    executor.wait().unwrap();
    sites.touch("go1");
    sites.quiet();
    let (run, _) = sites.listed("east").unwrap();
    let (code, text) = sites.handover("east", &["resume", &run, "--without-replica"]);
    assert!(code == 2 && text.contains("has no copy"), "{code}: {text}");
    let (code, text) = sites.handover("east", &["resume", &run, "--dead", "west"]);
    assert!(code == 2 && text.contains("leave `--dead` out"), "{code}: {text}");
    let (code, text) = sites.handover("east", &["copy", &run]);
    assert!(code == 2 && text.contains("has not ended"), "{code}: {text}");
    sites.touch("go2");
    assert_eq!(sites.handover("east", &["resume", &run, "--settle", "one=done"]).0, 0);
    let (code, text) = sites.handover("east", &["copy", &run]);
    assert!(code == 2 && text.contains("has no copy"), "{code}: {text}");
}
