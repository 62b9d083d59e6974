//! A person at a terminal.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use tempfile::TempDir;

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

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.0).env("HOME", self.0.path());
        command.env("HANDOVER_STATE", self.path("state")).stdin(Stdio::null());
        command
    }
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
    let command = format!("{} run plan.ha --plain", env!("CARGO_BIN_EXE_handover"));
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
