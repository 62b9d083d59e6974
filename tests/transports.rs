//! Reaching machines: what `ssh` is given and what arrives, secrets on the way, lost connections, limits kept there; and
//! a person at a terminal.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// An `ssh` that does what the real one does with its arguments: joins what follows the host with spaces and gives it to
/// the user's shell, here.
const SSH: &str = r#"#!/bin/sh
while [ "$1" != -- ]; do printf '%s ' "$1" >>"$LOG"; shift; done
shift
echo "host $1" >>"$LOG"; shift
[ ! -e "$LOG.lost" ] || exit 255
exec sh -c "$*"
"#;

struct Case(TempDir);

impl Case {
    fn new(plan: &str) -> Case {
        let case = Case(tempfile::tempdir().unwrap());
        fs::write(case.path("plan.ha"), plan).unwrap();
        fs::create_dir(case.path("bin")).unwrap();
        fs::write(case.path("bin/ssh"), SSH).unwrap();
        fs::set_permissions(case.path("bin/ssh"), fs::Permissions::from_mode(0o755)).unwrap();
        case
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let path = format!("{}:{}", self.path("bin").display(), std::env::var("PATH").unwrap());
        command.current_dir(&self.0).env("PATH", path).env("LOG", self.path("log")).env("HOME", self.0.path());
        command.env("HANDOVER_STATE", self.path("state")).env("THE_SECRET", "se'cr et").stdin(Stdio::null());
        command
    }

    fn run(&self) -> (i32, String) {
        let mut command = self.command(env!("CARGO_BIN_EXE_handover"));
        let output = command.args(["run", "plan.ha", "--yes"]).output().unwrap();
        let text = [&output.stdout, &output.stderr].map(|t| String::from_utf8_lossy(t).into_owned()).concat();
        (output.status.code().unwrap(), text)
    }
}

#[test]
fn ssh_delivers_scripts_values_and_secrets_unchanged() {
    let case = Case::new(
        r##"
secret pw { env = "THE_SECRET" }
node far { host = "far.example"  user = "ops" }
action write(text: string) on host: node {
  needs host is up
  env   PW = pw
  run   "printf '%s\n' {{text}} \"$PW\" >>out # that is all"
}
plan move() {
  given far is up
  step one on far { do write("it's \"so\" $HOME `id` \\ * ä") }
  step two on far { run """
      for i in 1 2; do
        echo "$i  line" >>out
      done
      cat >>out
      """ }
}
"##,
    );
    let (code, text) = case.run();
    assert_eq!(code, 0, "{text}");
    assert_eq!(case.read("out"), "it's \"so\" $HOME `id` \\ * ä\nse'cr et\n1  line\n2  line\n");
    assert_eq!(case.read("log"), "-o BatchMode=yes -l ops host far.example\n".repeat(2));
}

#[test]
fn a_connection_that_does_not_come_about_leaves_the_outcome_open() {
    let case = Case::new("node far {}\nplan move() {\n  given far is up\n  step one on far { run \"touch out\" }\n}\n");
    fs::write(case.path("log.lost"), "").unwrap();
    let (code, text) = case.run();
    assert_eq!(code, 4, "{text}");
    assert!(text.contains("the connection was lost or did not come about; it may still be running on `far`"), "{text}");
    assert!(text.contains("nobody knows whether one on far happened"), "{text}");
}

#[test]
fn a_limit_is_kept_by_the_machine_itself() {
    let plan = r#"
node far {}
action hang() on host: node {
  needs  host is up
  run    "sleep 30 & echo $! >pid; wait; touch late"
  within 1s, then kill
}
plan move() {
  given far is up
  step one on far { do hang() }
}
"#;
    let case = Case::new(plan);
    let (code, text) = case.run();
    assert_eq!(code, 3, "that it has ended is certain: {text}");
    assert!(text.contains("it did not end within 1s"), "{text}");
    let pid = case.read("pid").trim().to_owned();
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    assert!(!pid.is_empty() && (stat.is_empty() || stat.contains(") Z ")), "{stat}");
}

#[test]
fn a_person_at_a_terminal_is_asked() {
    let plan = r#"
node a { via = local }
plan move() {
  given a is up
  step sure { ask "Is everything off?" }
  step go on a { run "touch gone" }
}
"#;
    let case = Case::new(plan);
    let command = format!("{} run plan.ha", env!("CARGO_BIN_EXE_handover"));
    let mut script = case.command("script");
    // script(1) gives the command a terminal, and what it reads itself is typed there.
    script.args(["-qec", &command, "/dev/null"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut person = match script.spawn() {
        Ok(person) => person,
        Err(why) => return eprintln!("skipped: there is no `script` to make a terminal: {why}"),
    };
    let mut typed = person.stdin.take().unwrap();
    let answers = std::thread::spawn(move || {
        // What is typed before a question is seen is no answer to it: so type again until it is over.
        for _ in 0..100 {
            if std::io::Write::write_all(&mut typed, b"y\n").is_err() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(200));
        }
    });
    let output = person.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("Is everything off?") && text.contains("[no / yes] >"), "{text}");
    assert!(case.path("gone").exists());
    answers.join().unwrap();
}
