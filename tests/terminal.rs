//! What a person at a terminal gets: confirmation, questions, colour, progress. script(1) makes the terminal.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::fs;
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use tempfile::TempDir;

const PLAN: &str = r#"
node a { via = local }
plan move() "Something moves" {
  given a is up
  step work "The work itself" on a { run "sleep 1; echo work >>log" }
  step sure { ask "Is it there?" }
  step done { only if sure succeeded  tell "It is." }
}
"#;

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("plan.ha"), PLAN).unwrap();
    folder
}

/// Runs the command on a terminal and types each answer once the text before it has appeared. `None` without script(1).
fn at_terminal(folder: &TempDir, args: &str, env: &[(&str, &str)], dialogue: &[(&str, &str)]) -> Option<(i32, String)> {
    if Command::new("script").arg("--version").output().is_err() {
        eprintln!("skipped: script(1) is not installed");
        return None;
    }
    let mut command = Command::new("script");
    command.args(["-qec", &format!("{} {args}", env!("CARGO_BIN_EXE_handover")), "/dev/null"]);
    command.current_dir(folder).env("HANDOVER_STATE", folder.path().join("state")).env("LC_ALL", "C.UTF-8");
    command.env_remove("NO_COLOR").envs(env.iter().copied());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut keyboard, mut screen) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut shown = String::new();
    let (mut at, mut dialogue) = (0, dialogue.iter());
    let mut next = dialogue.next();
    let mut buffer = [0; 4096];
    while let Ok(n @ 1..) = screen.read(&mut buffer) {
        shown.push_str(&String::from_utf8_lossy(&buffer[..n]));
        while let Some((prompt, answer)) = next {
            let Some(found) = shown[at..].find(prompt) else { break };
            at += found + prompt.len();
            keyboard.write_all(format!("{answer}\n").as_bytes()).unwrap();
            next = dialogue.next();
        }
    }
    assert!(next.is_none(), "{:?} never appeared in\n{shown}", next.map(|n| n.0));
    Some((child.wait().unwrap().code().unwrap(), shown))
}

#[test]
fn a_person_sees_what_will_be_done_says_yes_and_is_asked() {
    let folder = folder();
    let dialogue = [("Go ahead? [y/N]", "y"), ("a answer", "a"), ("sure [no / yes] >", "yes")];
    let Some((exit, shown)) = at_terminal(&folder, "run plan.ha", &[], &dialogue) else { return };
    assert_eq!(exit, 0, "{shown}");
    assert_eq!(fs::read_to_string(folder.path().join("log")).unwrap(), "work\n");
    let (before, after) = shown.split_once("Go ahead?").unwrap();
    for part in ["move()", "work", "The work itself", "sure"] {
        assert!(before.contains(part), "{part} in {before}");
    }
    for part in ["▸ ", "work on a", "since ", "\x1b[4A", "Is it there?", "yes (says ", "It is.", "completed"] {
        assert!(after.contains(part), "{part} in {after}");
    }
}

#[test]
fn a_person_who_wants_only_lines_is_asked_too() {
    let folder = folder();
    let dialogue = [("Go ahead? [y/N]", "y"), ("[no / yes] >", "y")];
    let Some((exit, shown)) = at_terminal(&folder, "run plan.ha --plain", &[], &dialogue) else { return };
    assert_eq!(exit, 0, "{shown}");
    assert!(shown.contains("Is it there?") && shown.contains("It is.") && !shown.contains("\x1b[4A"), "{shown}");
}

#[test]
fn a_no_or_an_empty_line_runs_nothing() {
    for answer in ["n", "", "perhaps"] {
        let folder = folder();
        let Some((exit, shown)) = at_terminal(&folder, "run plan.ha", &[], &[("[y/N]", answer)]) else { return };
        assert_eq!(exit, 5, "{shown}");
        assert!(shown.contains("nothing was done") && !folder.path().join("log").exists(), "{shown}");
    }
}

#[test]
fn colour_is_for_terminals_and_no_color_is_respected() {
    let folder = folder();
    let colour = |args: &str, env: &[(&str, &str)]| {
        at_terminal(&folder, args, env, &[]).map(|(_, shown)| shown.contains("\x1b["))
    };
    let Some(on) = colour("check none.ha", &[]) else { return };
    assert!(on);
    assert_eq!(colour("check none.ha", &[("NO_COLOR", "1")]), Some(false));
    assert_eq!(colour("check none.ha --color never", &[]), Some(false));
    assert_eq!(colour("check none.ha --color always", &[("NO_COLOR", "1")]), Some(true));
}

#[test]
fn a_terminal_without_the_characters_gets_plain_ones() {
    let folder = folder();
    let Some((_, plain)) = at_terminal(&folder, "check none.ha --color never", &[("LC_ALL", "C")], &[]) else { return };
    assert!(plain.is_ascii() && plain.contains("HA0001"), "{plain}");
}
