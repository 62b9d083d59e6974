//! The report of a run: what it says, that nothing in it is more than text, and that a real browser shows it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use regex_lite::Regex;
use serde_json::Value;
use snapbox::Assert;
use snapbox::assert::Action;
use std::fs;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A plan with everything that a report tells of.
const PLAN: &str = r#"
kind alarm "raises an alarm" { states loud, mute  rests in loud }
node a { via = local }
alarm bell {}

action mute(b: alarm) on host: node {
  needs    host is up
  ensures  b is mute
  run      "echo off"
  idempotent
}
action unmute(b: alarm) on host: node {
  needs    host is up
  ensures  b is loud
  run      "test ! -e stuck"
  idempotent
}

plan move(to: path = "/srv") "The <b>portal</b> & its | friends move" {
  given  a is up, bell is loud
  given  firewalls are included or excluded
  goal   bell is loud
  locks  bell
  rto    10m

  phase quiet {
    step hush "Nobody is woken" on a { do mute(bell) }
    step walls on a { only if firewalls are included  run "echo walls" }
    step check on a { run "test -e tried || { touch tried; echo not yet >&2; exit 1; }"  idempotent  retry 2 times, every 1s }
    step sure { ask "Is the <i>new</i> side ready?" }
    step work "The work itself" on a {
      only if sure succeeded
      run     "echo '<script>alert(1)</script>' '```'; sleep 0.3; test ! -e broken"
      commits "clients see it"
      usually 1s
    }
    step after on a { run "echo it is done" }
  } finally {
    step again on a { do unmute(bell) }
  }
}
plan back = move(to: "/old") follows move "Back again"
"#;

struct Case(TempDir);

impl Case {
    fn new() -> Case {
        let case = Case(tempfile::tempdir().unwrap());
        fs::write(case.path("plan.ha"), PLAN).unwrap();
        case
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_handover"));
        command.args(args).current_dir(&self.0).env("HANDOVER_STATE", self.path("state")).stdin(Stdio::null());
        command
    }

    fn handover(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs the plan; gives the exit code.
    fn runs(&self, more: &[&str]) -> i32 {
        let plan = ["run", "plan.ha", "move", "--yes", "--given", "firewalls=excluded", "--answer", "sure=yes"];
        let ran = self.handover(&[&plan, more].concat());
        ran.status.code().unwrap_or_else(|| panic!("{ran:?}"))
    }

    fn report(&self, args: &[&str]) -> String {
        let report = self.handover(&[&["report"], args].concat());
        assert!(report.status.success(), "{report:?}");
        String::from_utf8(report.stdout).unwrap()
    }
}

/// What stays the same from run to run.
fn steady(case: &Case, report: &str) -> String {
    let folder = fs::canonicalize(&case.0).unwrap();
    let mut text = report.replace(&*folder.to_string_lossy().replace('_', "\\_"), "FOLDER");
    for (pattern, same) in [
        (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", "YYYY-MM-DD HH:MM:SSZ"),
        (r"\d\d:\d\d:\d\dZ", "HH:MM:SSZ"),
        (r"\d{8}-\d{6}-[0-9a-f]{4}", "RUN"),
        (r"[0-9a-f]{64}", "DIGEST"),
        (r"(under 0.1s|\b\d+(\.\d)?s) \|", "0s |"),
        (r"journal of \d+ events", "journal of N events"),
        (r"\| [^|]+ \| (started it) on .*", "| USER | $1 on HOST |  |"),
        (r"\| [^|]+ \| answered", "| USER | answered"),
        (r"by [^ ]+, in advance", "by USER, in advance"),
    ] {
        text = Regex::new(pattern).unwrap().replace_all(&text, same).into_owned();
    }
    text
}

#[test]
fn a_run_that_stopped_is_told_with_what_is_left() {
    let case = Case::new();
    for file in ["broken", "stuck"] {
        fs::write(case.path(file), "").unwrap();
    }
    assert_eq!(case.runs(&[]), 4);
    let action = if std::env::var_os("UPDATE").is_some() { Action::Overwrite } else { Action::Verify };
    let report = steady(&case, &case.report(&[]));
    Assert::new().action(action).eq(report, snapbox::file!["report/stopped.md"].raw());

    let data: Value = serde_json::from_str(&case.report(&["--format", "json"])).unwrap();
    assert_eq!(data["verdict"]["word"], "stopped, something is left open");
    assert_eq!(data["promise"]["word"], "not reached");
    assert_eq!(data["left"]["go_back"][0], "handover run plan.ha back");
    let steps = data["steps"].as_array().unwrap();
    let step = |name: &str| steps.iter().find(|s| s["name"] == name).unwrap();
    for (name, status) in [
        ("quiet.hush", "ok"),
        ("quiet.walls", "not applicable"),
        ("quiet.work", "failed"),
        ("quiet.after", "blocked"),
        ("quiet.again", "failed"),
    ] {
        let found = steps.iter().find(|s| s["name"].as_str().unwrap().ends_with(name.rsplit('.').next().unwrap()));
        assert_eq!(found.unwrap()["status"], status, "{name}");
    }
    assert_eq!(step("check")["attempts"].as_array().unwrap().len(), 2);
    assert_eq!((step("work")["critical"].clone(), step("after")["critical"].clone()), (true.into(), false.into()));
}

#[test]
fn a_run_that_went_on_without_something_says_no_plain_success() {
    let case = Case::new();
    let mut lost = case.command(&["run", "plan.ha", "move", "--yes", "--given", "firewalls=excluded"]);
    lost.args(["--answer", "sure=yes", "--events", "json"]).stdout(Stdio::piped());
    let mut lost = lost.spawn().unwrap();
    let start = Instant::now();
    while !case.path("tried").exists() {
        assert!(start.elapsed() < Duration::from_secs(20), "the run does not begin");
        std::thread::sleep(Duration::from_millis(5));
    }
    lost.kill().unwrap();
    lost.wait().unwrap();
    let report = case.report(&[]);
    let end = Regex::new(
        r"\n\| Last heard of \| .*\n.*\n\| Promised \| 10m, \*\*9m 5\ds left when it was last heard of\*\* \|",
    )
    .unwrap();
    assert!(end.is_match(&report) && !report.contains("not reached"), "{report}");
    let plan = ["run", "plan.ha", "move", "--given", "firewalls=excluded", "--dry-run"];
    let rehearsed = String::from_utf8(case.handover(&plan).stderr).unwrap();
    assert!(rehearsed.contains("has not ended: its executor was lost"), "{rehearsed}");
    assert_eq!(case.runs(&["--anew"]), 0);
    let report = case.report(&[]);
    assert!(report.starts_with("# move(to: /srv): completed with waivers\n"), "{report}");
    assert!(report.contains("it is no plain success") && report.contains("\n## Done without\n"), "{report}");
    let page = case.report(&["--format", "html"]);
    assert!(page.contains("<header class=\"warn\">"), "{page}");
    let shown = String::from_utf8(case.handover(&["show"]).stdout).unwrap();
    assert!(shown.contains("with 1 waiver"), "{shown}");
}

#[test]
fn a_run_that_is_done_says_so_and_leaves_nothing() {
    let case = Case::new();
    assert_eq!(case.runs(&[]), 0);
    let report = case.report(&[]);
    assert!(report.contains("**completed.** Everything that had to be done was done."), "{report}");
    assert!(report.contains("| Promised | 10m, kept |"), "{report}");
    assert!(!report.contains("What is left") && !report.contains("Done without"), "{report}");
}

#[test]
fn the_page_is_whole_by_itself_and_nothing_in_it_is_markup_but_its_own() {
    let case = Case::new();
    assert_eq!(case.runs(&[]), 0);
    assert!(case.handover(&["report", "-o", "report.html"]).status.success());
    let page = fs::read_to_string(case.path("report.html")).unwrap();
    for foreign in ["<script", "http:", "https:", "<b>portal", "<i>new", "<img", "<link", "@import", "url("] {
        assert!(!page.contains(foreign), "{foreign} in\n{page}");
    }
    for part in ["&lt;script&gt;alert(1)&lt;/script&gt;", "The &lt;b&gt;portal", "default-src 'none'", "<svg"] {
        assert!(page.contains(part), "{part} in\n{page}");
    }
}

#[test]
fn a_file_that_cannot_be_written_and_a_run_that_is_not_there_are_said_so() {
    let case = Case::new();
    assert_eq!(case.runs(&[]), 0);
    let refused = |args: &[&str]| {
        let refused = case.handover(args);
        (refused.status.code(), String::from_utf8(refused.stderr).unwrap())
    };
    let (code, why) = refused(&["report", "-o", "nowhere/report.html"]);
    assert!(code == Some(2) && why.contains("nowhere/report.html"), "{why}");
    let (code, why) = refused(&["report", "nothing"]);
    assert!(code == Some(2) && why.contains("there is no run `nothing`"), "{why}");
}

/// The text of the page as Chromium has it when it is loaded, and what it said on the way.
#[test]
fn a_browser_shows_the_page_without_complaint() {
    let browsers = ["chromium", "chromium-browser", "google-chrome"];
    let is_here = |name: &&&str| Command::new(name).arg("--version").output().is_ok_and(|o| o.status.success());
    let Some(browser) = browsers.iter().find(is_here) else {
        assert!(
            std::env::var_os("HANDOVER_REQUIRE_LABS").is_none(),
            "there is no Chromium, and nothing may be skipped"
        );
        return eprintln!("skipped: there is no Chromium");
    };
    let case = Case::new();
    fs::write(case.path("broken"), "").unwrap();
    assert_eq!(case.runs(&[]), 3);
    assert!(case.handover(&["report", "-o", "report.html"]).status.success());
    let shown = |page: &str| {
        let mut command = Command::new(browser);
        command.args(["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--dump-dom"]);
        command.arg(format!("--user-data-dir={}", case.path("profile").display()));
        command.arg(format!("file://{}", case.path(page).display()));
        let output = command.output().unwrap();
        let (page, said) =
            (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr).into_owned());
        let complaints = said.lines().filter(|l| l.contains(":CONSOLE")).map(String::from).collect::<Vec<_>>();
        (page, complaints)
    };
    let (page, complaints) = shown("report.html");
    assert_eq!(complaints, [""; 0]);
    for part in ["stopped", "What is left", "The work itself", "handover run plan.ha back", "Nobody is woken", "</svg>"]
    {
        assert!(page.contains(part), "{part} in\n{page}");
    }
    // It would have been heard.
    fs::write(case.path("bad.html"), "<script>console.error('a complaint')</script>").unwrap();
    let (_, complaints) = shown("bad.html");
    assert!(complaints.iter().any(|c| c.contains("a complaint")), "{complaints:?}");
}
