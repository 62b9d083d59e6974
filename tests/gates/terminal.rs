//! Questions on a terminal that is answered elsewhere, belongs to somebody without the role, or to nobody in time. script(1)
//! makes the terminal.

use crate::place::{Place, me};
use std::io::Read;
use std::process::{Child, Command, Stdio};

const PLAN: &str = r#"
node here { via = local }
plan move() {
  given here is up
  step sure {
    ask "Shall clients be moved?"
    by  movers
    within 2m
  }
  step go on here { run "echo gone >>log" }
}
"#;

/// A command at a terminal at which nobody types; `None` without script(1).
fn at_terminal(place: &Place, command: &str) -> Option<Child> {
    if Command::new("script").arg("--version").output().is_err() {
        eprintln!("skipped: script(1) is not installed");
        return None;
    }
    let mut script = place.command("script", &["-qec", command, "/dev/null"]);
    Some(script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap())
}

/// Exit code and all that was shown. The keyboard is there until the end.
fn shown(mut child: Child) -> (i32, String) {
    let keyboard = child.stdin.take();
    let mut shown = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut shown).unwrap();
    let exit = child.wait().unwrap().code().unwrap();
    drop(keyboard);
    (exit, String::from_utf8_lossy(&shown).into_owned())
}

#[test]
fn a_prompt_is_taken_back_when_somebody_else_has_answered() {
    let place = Place::new(PLAN);
    let role = format!("movers={}", me());
    let command = format!("{} run plan.ha --yes --plain --role {role}", env!("CARGO_BIN_EXE_handover"));
    let Some(run) = at_terminal(&place, &command) else { return };
    place.wait_for("sure");
    assert_eq!(place.handover(&["approve"]).0, 0);
    let (exit, shown) = shown(run);
    let (prompt, after) = shown.split_once("[no / yes] >").unwrap_or_else(|| panic!("{shown}"));
    assert!(exit == 0 && prompt.contains("Shall clients be moved?"), "{shown}");
    assert!(after.contains("(no longer needed)") && after.contains(&format!("yes (says {})", me())), "{shown}");
}

#[test]
fn somebody_at_the_terminal_without_the_role_is_told_who_is_waited_for() {
    let place = Place::new(PLAN);
    let command = format!("{} run plan.ha --yes --plain --role movers=daemon", env!("CARGO_BIN_EXE_handover"));
    let Some(run) = at_terminal(&place, &command) else { return };
    place.wait_for("sure");
    assert_eq!(place.handover(&["cancel"]).0, 0);
    let (exit, shown) = shown(run);
    assert!(shown.contains("(for movers to answer until ") && !shown.contains("[no / yes] >"), "{shown}");
    assert_eq!(exit, 5, "{shown}");
}

#[test]
fn the_script_waits_at_its_terminal_no_longer_than_it_says() {
    let place = Place::new(&PLAN.replace("by  movers", "").replace("within 2m", "within 1s, else yes"));
    assert_eq!(place.handover(&["build", "plan.ha", "--emit", "sh", "-o", "plan.sh"]).0, 0);
    let shells = ["dash", "busybox sh", "bash"];
    let there = |shell: &&&str| Command::new(shell.split(' ').next().unwrap()).args(["-c", ":"]).output().is_ok();
    for (nth, shell) in shells.iter().filter(there).enumerate() {
        let state = place.path(&format!("scripts{nth}"));
        let Some(run) = at_terminal(&place, &format!("{shell} plan.sh --state {}", state.display())) else { return };
        let (exit, shown) = shown(run);
        assert!(exit == 0 && shown.contains("Shall clients be moved?"), "{shell}: {shown}");
    }
    assert_eq!(place.log().split(' ').filter(|line| *line == "gone").count(), shells.iter().filter(there).count());
}
