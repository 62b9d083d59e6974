//! Running from the command line: confirmation, decisions, exit codes, the journal, what programs and people see.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use serde_json::Value;
use std::fs;

use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// A plan on this machine that writes down what it does, fails where it is told to, and can leave something open.
const PLAN: &str = r#"
kind alarm "raises an alarm" { states loud, mute  rests in loud }
node a { via = local }
alarm bell {}

action mute(b: alarm) on host: node {
  needs    host is up
  ensures  b is mute
  run      "echo mute >>log"
  idempotent
}
action unmute(b: alarm) on host: node {
  needs    host is up
  ensures  b is loud
  run      "echo unmute >>log; test ! -e stuck"
  idempotent
}

plan move() "Something moves" {
  given  a is up, bell is loud
  given  firewalls are included or excluded
  locks  bell
  goal   bell is loud

  phase quiet {
    step hush on a { do mute(bell) }
    step walls on a {
      only if firewalls are included
      run "echo walls >>log"
    }
    step work "The work itself" on a { run "echo work >>log; echo so it is >&2; test ! -e broken" }
    step tidy on a { run "echo tidy >>log" }
  } finally {
    step again on a { do unmute(bell) }
  }
}
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

    fn touch(self, name: &str) -> Case {
        fs::write(self.path(name), "").unwrap();
        self
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_handover"));
        command.args(args).current_dir(&self.0).env("HOME", self.0.path()).env("HANDOVER_STATE", self.path("state"));
        command.stdin(Stdio::null()).env("LC_ALL", "C.UTF-8");
        command
    }

    fn handover(&self, args: &[&str]) -> (i32, String, String) {
        let Output { status, stdout, stderr } = self.command(args).output().unwrap();
        (status.code().unwrap(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
    }

    /// Runs the plan without firewalls.
    fn run(&self) -> (i32, String, String) {
        self.handover(&["run", "plan.ha", "--given", "firewalls=excluded", "--yes"])
    }

    fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default().replace('\n', " ")
    }
}

/// Whether the lines contain these words, in this order.
fn tells(text: &str, words: &[&str]) {
    let mut rest = text;
    for word in words {
        rest = rest.split_once(word).unwrap_or_else(|| panic!("`{word}` is missing or misplaced in:\n{text}")).1;
    }
}

#[test]
fn a_run_does_the_plan_and_tells_it() {
    let case = Case::new();
    let (exit, out, err) = case.run();
    assert_eq!((exit, err.as_str()), (0, ""), "{out}");
    assert_eq!(case.log(), "mute work tidy unmute ");
    tells(
        &out,
        &[
            "run",
            "move()",
            "decided",
            "firewalls: excluded",
            "ok",
            "hush on a",
            "skipped",
            "walls on a: only if firewalls is included",
            "completed",
        ],
    );
}

#[test]
fn a_failure_stops_safely_or_leaves_something_open() {
    let case = Case::new().touch("broken");
    let (exit, out, err) = case.run();
    assert_eq!(exit, 3, "{out}");
    assert_eq!(case.log(), "mute work unmute ");
    tells(
        &out,
        &[
            "failed",
            "work on a",
            "so it is",
            "blocked",
            "tidy on a: work on a did not work",
            "ok",
            "again on a",
            "stopped",
        ],
    );
    tells(&err, &["handover show "]);

    let case = Case::new().touch("stuck");
    let (exit, out, _) = case.run();
    assert_eq!(exit, 4, "{out}");
    tells(&out, &["failed", "again on a", "stopped", "open", "`bell` may be"]);
}

#[test]
fn nothing_is_run_without_a_yes_or_a_decision() {
    let case = Case::new();
    let (exit, out, err) = case.handover(&["run", "plan.ha", "--given", "firewalls=excluded"]);
    assert_eq!((exit, out.as_str()), (2, ""));
    tells(&err, &["error", "without a terminal", "--yes"]);
    let (exit, _, err) = case.handover(&["run", "plan.ha", "--yes"]);
    assert_eq!(exit, 2);
    tells(&err, &["`firewalls`", "--given firewalls=included|excluded"]);
    let (exit, _, err) = case.handover(&["run", "plan.ha", "--yes", "--given", "firewalls=maybe"]);
    assert_eq!(exit, 2);
    tells(&err, &["`firewalls` cannot be `maybe`", "included"]);
    let (exit, _, err) = case.handover(&["run", "plan.ha", "--yes", "--given", "firewals=included"]);
    assert_eq!(exit, 2);
    tells(&err, &["`firewals`", "did you mean `firewalls`?"]);
    let (exit, _, err) = case.handover(&["run", "plan.ha", "--given", "firewalls=included", "--yes", "--dir", "none"]);
    assert_eq!(exit, 2);
    tells(&err, &["`none` is not a folder"]);
    assert_eq!(case.log(), "");
    assert!(!case.path("state").exists());
}

#[test]
fn a_dry_run_shows_every_command_and_runs_none() {
    let case = Case::new();
    let (exit, out, err) = case.handover(&["run", "plan.ha", "--given", "firewalls=excluded", "--dry-run"]);
    assert_eq!((exit, err.as_str()), (0, ""));
    tells(
        &out,
        &["move()", "hush", "echo mute >>log", "walls", "(skipped)", "work", "The work itself", "echo work", "again"],
    );
    assert_eq!(case.log(), "");
    assert!(!case.path("state").exists());
}

#[test]
fn a_command_that_reads_secrets_is_shown_with_what_writes_them() {
    let case = Case::new();
    let plan = r#"
secret token { env = "TOKEN" }
secret key   { file = "key" }
node here { via = local }
node jail { via = exec  prefix = "env -u NOTHING" }
action show() on host: node {
  needs host is up
  env   PW = token
  env   KEY = key
  run   "test \"$PW $KEY\" = 'two words it is' && test -e mended && echo it works"
  verify "test \"$KEY\" = 'it is' && test -e mended"
}
plan tell() {
  given here is up, jail is up
  step there on jail { do show() }
}
"#;
    fs::write(case.path("tell.ha"), plan).unwrap();
    fs::write(case.path("key"), "it is\nand more\n").unwrap();
    let writes = "{ printf '%s\\n' \"${TOKEN:?}\"; head -n 1 ";
    let (exit, out, _) = case.handover(&["run", "tell.ha", "--dry-run", "--yes"]);
    assert_eq!(exit, 0);
    tells(&out, &["reads first, from standard input, what this writes: ", writes]);
    let run = case.command(&["run", "tell.ha", "--yes"]).env("TOKEN", "two words").output().unwrap();
    assert_eq!(run.status.code(), Some(3));
    let (_, out, _) = case.handover(&["show", "--format", "json"]);
    let step = &serde_json::from_str::<Value>(&out).unwrap()["left"]["not_done"][0];
    assert_eq!(step["secrets"], serde_json::json!(["token", "key"]));
    fs::write(case.path("mended"), "").unwrap();
    for (command, said) in [("by_hand", "it works\n"), ("verify", "")] {
        let typed = step[command].as_str().unwrap();
        assert!(typed.starts_with(writes), "{typed}");
        let shell = |token: Option<&str>| {
            let mut shell = Command::new("sh");
            shell.args(["-c", typed]).current_dir(&case.0).stdin(Stdio::null()).env_remove("TOKEN");
            token.into_iter().for_each(|token| _ = shell.env("TOKEN", token));
            shell.output().unwrap()
        };
        let worked = shell(Some("two words"));
        assert!(worked.status.success() && worked.stdout == said.as_bytes(), "{worked:?}");
        let output = shell(None);
        assert!(!output.status.success(), "{output:?}");
    }
}

#[test]
fn a_text_is_given_without_quotes_of_its_own() {
    let case = Case::new();
    let plan = "node a { via = local }\nplan say(what: string, at: path) {\n  given a is up\n  \
                step s on a { run \"echo {{what}} >{{at}}\" }\n}\n";
    fs::write(case.path("say.ha"), plan).unwrap();
    for (given, said) in [("hello", "hello"), ("it's two words", "it's two words"), ("\"in quotes\"", "in quotes")] {
        let given = format!("what={given}");
        let (exit, _, err) = case.handover(&["run", "say.ha", "--given", &given, "--given", "at=log", "--yes"]);
        assert_eq!((exit, fs::read_to_string(case.path("log")).unwrap().trim()), (0, said), "{err}");
    }
    let (exit, _, err) = case.handover(&["run", "say.ha", "--given", "what={{at}}", "--given", "at=log", "--yes"]);
    assert_eq!(exit, 1);
    tells(&err, &["a value cannot stand inside this text"]);
}

#[test]
fn events_are_lines_of_json_whatever_becomes_of_the_run() {
    for (broken, exit, outcome) in [(false, 0, "completed"), (true, 3, "stopped")] {
        let case = if broken { Case::new().touch("broken") } else { Case::new() };
        let args = ["run", "plan.ha", "--given", "firewalls=excluded", "--yes", "--events", "json"];
        let (code, out, _) = case.handover(&args);
        let events: Vec<Value> = out.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        assert_eq!((code, events[0]["event"].as_str()), (exit, Some("run_started")));
        let last = events.last().unwrap();
        assert_eq!((last["event"].as_str(), last["outcome"].as_str()), (Some("run_ended"), Some(outcome)));
        assert!(events.iter().any(|e| e["event"] == "step_ended" && e["name"] == "work"), "{out}");
        let run = events[0]["run"].as_str().unwrap();
        let (_, shown, _) = case.handover(&["show", run, "--format", "json"]);
        let shown: Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(shown["events"].as_array().unwrap(), &events, "the journal has the same events");
    }
}

#[test]
fn a_configuration_that_is_not_there_is_refused() {
    let case = Case::new();
    let args = ["run", "plan.ha", "--given", "firewalls=excluded", "--yes", "--ssh-config", "nope"];
    let (exit, _, err) = case.handover(&args);
    assert_eq!(exit, 2, "{err}");
    tells(&err, &["nope` cannot be read: No such file"]);
    assert_eq!(case.log(), "");
}

#[test]
fn runs_and_show_tell_what_happened() {
    let case = Case::new().touch("broken");
    let (exit, out, err) = case.handover(&["runs"]);
    let none = format!("there are no runs in `{}` yet\n", case.path("state").display());
    assert_eq!((exit, out.as_str(), err), (0, "", none));
    let (_, told, _) = case.run();
    let (_, list, _) = case.handover(&["runs"]);
    tells(&list, &["stopped", "move(), by "]);
    let run = list.split_whitespace().next().unwrap();
    let (exit, shown, _) = case.handover(&["show", run]);
    assert_eq!((exit, shown.as_str()), (0, told.as_str()), "a run is told again as it was told");
    assert_eq!(case.handover(&["show", &run[..8]]).1, shown, "the beginning of the id will do");
    assert_eq!(case.handover(&["show"]).1, shown, "and so will nothing: the latest");
    let (exit, _, err) = case.handover(&["resume"]);
    assert_eq!(exit, 2);
    tells(&err, &["no run in `", "is unfinished: there is nothing to take up", "handover runs"]);
    let (_, json, _) = case.handover(&["runs", "--format", "json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((json["runs"][0]["id"].as_str(), json["runs"][0]["exit"].as_u64()), (Some(run), Some(3)));
    let (exit, _, err) = case.handover(&["resume", run]);
    assert_eq!(exit, 2);
    tells(&err, &["has ended"]);
    for command in ["show", "resume"] {
        let (exit, _, err) = case.handover(&[command, "1999"]);
        assert_eq!(exit, 2);
        tells(&err, &["there is no run `1999`", "handover runs"]);
    }
}

#[test]
fn a_compiled_program_runs_like_its_plan() {
    let case = Case::new();
    assert_eq!(case.handover(&["build", "plan.ha", "-o", "move.hab"]).0, 0);
    let (exit, out, _) = case.handover(&["run", "move.hab", "--given", "firewalls=included", "--yes"]);
    assert_eq!(exit, 0, "{out}");
    assert_eq!(case.log(), "mute walls work tidy unmute ");
    let (exit, _, err) = case.handover(&["run", "move.hab", "other", "--yes"]);
    assert_eq!(exit, 2);
    tells(&err, &["has one plan"]);
    let mut bytes = fs::read(case.path("move.hab")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(case.path("flipped.hab"), &bytes).unwrap();
    fs::write(case.path("short.hab"), &bytes[..middle]).unwrap();
    for file in ["flipped.hab", "short.hab", "plan.ha.hab"] {
        let (exit, _, err) = case.handover(&["run", file, "--given", "firewalls=included", "--yes"]);
        assert_eq!(exit, 1, "{file}: {err}");
        tells(&err, &[if file == "plan.ha.hab" { "HA0001" } else { "HA0901" }, file]);
    }
    assert_eq!(case.log(), "mute walls work tidy unmute ");
}

#[test]
fn a_program_that_is_not_safe_is_not_run() {
    let case = Case::new();
    assert_eq!(case.handover(&["build", "plan.ha", "-o", "move.hab"]).0, 0);
    // As if somebody had built it who did not ask whether `a` is up.
    let mut program = handover::bytecode::decode(&fs::read(case.path("move.hab")).unwrap()).unwrap();
    program.cells.iter_mut().filter(|c| c.name == "a").for_each(|c| c.initial = 3);
    fs::write(case.path("unsafe.hab"), handover::bytecode::encode(&program)).unwrap();
    let (exit, _, err) = case.handover(&["run", "unsafe.hab", "--given", "firewalls=included", "--yes"]);
    assert_eq!(exit, 1);
    tells(
        &err,
        &["HA0901", "`unsafe.hab` is not proved safe: what `hush` needs of `a` may not be so", "build it again"],
    );
    assert_eq!(case.log(), "");
    let all_the_same = ["run", "unsafe.hab", "--unproved", "--given", "firewalls=included", "--yes"];
    assert_eq!(case.handover(&all_the_same).0, 0);
}

#[test]
fn a_plan_with_mistakes_is_not_run() {
    let case = Case::new();
    fs::write(case.path("plan.ha"), PLAN.replace("do mute(bell)", "do mutte(bell)")).unwrap();
    let (exit, out, err) = case.run();
    assert_eq!((exit, out.as_str()), (1, ""));
    tells(&err, &["HA0101", "mutte", "1 error"]);
    assert!(!case.path("state").exists());
}

#[test]
fn a_reader_that_goes_away_does_not_stop_a_run() {
    let case = Case::new();
    let mut command = case.command(&["run", "plan.ha", "--given", "firewalls=excluded", "--yes"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(case.log(), "mute work tidy unmute ");
}

#[test]
fn a_state_folder_that_cannot_be_used_is_said_so_before_anything_is_done() {
    let case = Case::new().touch("state");
    let (exit, _, err) = case.run();
    assert_eq!(exit, 3);
    tells(&err, &["state folder", "--state DIR"]);
    assert_eq!(case.log(), "");
}

#[test]
fn what_was_left_open_is_listed_with_its_run() {
    let case = Case::new().touch("broken").touch("stuck");
    assert_eq!(case.run().0, 4);
    let (exit, out, _) = case.handover(&["runs"]);
    assert_eq!(exit, 0);
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines[0].contains("  left open   move()"), "{out}");
    let open: Vec<&str> = lines.iter().filter_map(|line| line.strip_prefix("    left open: ")).collect();
    assert_eq!(
        open,
        ["`bell` may be loud or mute; it must be loud", "again on a should have put things in order and did not",]
    );
    // Where the program cannot be read any more the run is listed all the same, and says where to look.
    let db = rusqlite::Connection::open(case.path("state/journal.db")).unwrap();
    db.execute("DELETE FROM programs", []).unwrap();
    let (exit, out, _) = case.handover(&["runs"]);
    let id = out.split(' ').next().unwrap().to_owned();
    assert_eq!(exit, 0, "{out}");
    assert!(out.contains(&format!("    left open: `handover show {id}` says what\n")), "{out}");
}

/// A run whose executor is lost, taken up with flags of its own.
#[test]
fn flags_that_were_given_to_go_on_are_said_again_to_go_on() {
    let case = Case::new();
    let plan = PLAN.replace(
        "echo work >>log; echo so it is >&2;",
        "echo work >>log; until test -e go$(grep -c work log); do sleep 0.02; done;",
    );
    fs::write(case.path("plan.ha"), plan).unwrap();
    let kill_at_work = |mut command: Command, count: usize| {
        let mut executor = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let begin = std::time::Instant::now();
        while case.log().matches("work").count() < count {
            assert!(begin.elapsed().as_secs() < 60, "the step does not begin");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        executor.kill().unwrap();
        executor.wait().unwrap();
    };
    kill_at_work(case.command(&["run", "plan.ha", "--given", "firewalls=excluded", "--yes", "--jobs", "3"]), 1);
    let settle = ["--settle", "work=again"];
    let flags = ["--jobs", "5", "--lost-after", "7"];
    fs::write(case.path("go1"), "").unwrap();
    kill_at_work(case.command(&[&["resume"][..], &settle, &flags].concat()), 2);
    let (_, out, _) = case.handover(&["runs"]);
    let id = out.split(' ').next().unwrap().to_owned();
    assert!(out.contains(&format!("`handover resume {id} --jobs 5 --lost-after 7 --settle work=…`")), "{out}");
    fs::write(case.path("go2"), "").unwrap();
    let (exit, out, err) = case.handover(&["resume", "--settle", "work=failed"]);
    assert_eq!(exit, 3, "{out}{err}");
    assert!(out.contains("handover run plan.ha move --given firewalls=excluded --jobs 5 --lost-after 7\n"), "{out}");
}
