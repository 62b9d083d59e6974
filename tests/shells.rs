//! What a shell's user gets besides `--help`: completions in real shells, manual pages that real readers understand.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const HANDOVER: &str = env!("CARGO_BIN_EXE_handover");

/// Whether a program is there; says what is left out if it is not.
fn there(program: &str) -> bool {
    let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).output().unwrap().status.success();
    if !found {
        assert!(
            std::env::var_os("HANDOVER_REQUIRE_LABS").is_none(),
            "there is no {program}, and nothing may be skipped"
        );
        eprintln!("skipped: {program} is not installed");
    }
    found
}

fn handover(words: &[&str]) -> Output {
    Command::new(HANDOVER).args(words).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A folder with one plan, and handover in the path.
fn shell(program: &str, folder: &Path) -> Command {
    let path = format!("{}:{}", Path::new(HANDOVER).parent().unwrap().display(), std::env::var("PATH").unwrap());
    fs::write(folder.join("only.ha"), "node a { host = \"a.example\" }\n").unwrap();
    let mut command = Command::new(program);
    command.current_dir(folder).env("PATH", path).env("HOME", folder).env("TERM", "dumb");
    command
}

/// What an interactive shell on a terminal shows when this is typed.
fn typed(start: &str, lines: &str, folder: &Path) -> String {
    let mut script = shell("script", folder);
    let mut child =
        script.args(["-qec", start, "/dev/null"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), lines.as_bytes()).unwrap();
    text(&child.wait_with_output().unwrap().stdout)
}

/// A command, its file and another command are completed by the tabulator.
const TYPED: &str = "handover che\ton\t\nhandover expl\tHA0101 | head -1\nexit\n";

fn assert_completed(shown: &str) {
    assert!(shown.contains("no findings in 1 file"), "{shown}");
    assert!(shown.contains("# HA0101: a name is not declared"), "{shown}");
}

#[test]
fn bash_completes_commands_and_plans() {
    if there("bash") && there("script") {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("completions"), handover(&["completions", "bash"]).stdout).unwrap();
        let lines = format!("source ./completions\n{TYPED}");
        assert_completed(&typed("bash --norc --noprofile -i", &lines, folder.path()));
    }
}

#[test]
fn zsh_completes_commands_and_plans() {
    if there("zsh") && there("script") {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("functions")).unwrap();
        fs::write(folder.path().join("functions/_handover"), handover(&["completions", "zsh"]).stdout).unwrap();
        let lines = format!("fpath=(./functions $fpath); autoload -U compinit; compinit -u\n{TYPED}");
        assert_completed(&typed("zsh -f -i", &lines, folder.path()));
    }
}

#[test]
fn fish_completes_commands_flags_and_plans() {
    if there("fish") {
        let folder = tempfile::tempdir().unwrap();
        for (line, wanted) in [
            ("handover che", "check\t"),
            ("handover check on", "only.ha"),
            ("handover check --format ", "sarif\t"),
            ("handover new --template ", "disaster-recovery\t"),
        ] {
            let lines = format!("handover completions fish | source; complete -C '{line}'");
            let output = shell("fish", folder.path()).args(["--no-config", "-c", &lines]).output().unwrap();
            assert!(text(&output.stdout).lines().any(|l| l.starts_with(wanted)), "{line}: {output:?}");
        }
    }
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man/man1");
    assert!(handover(&["man", "-o", pages.to_str().unwrap()]).status.success());
    let commands: Vec<String> = handover::cli::command().get_subcommands().map(|c| c.get_name().to_owned()).collect();
    assert_eq!(fs::read_dir(&pages).unwrap().count(), commands.len() + 1);
    for command in &commands {
        let page = fs::read(pages.join(format!("handover-{command}.1"))).unwrap();
        assert_eq!(page, handover(&["man", command]).stdout);
        assert!(text(&page).contains(&format!("\nhandover {}", command)), "examples");
    }
    // A second time: the pages of another version are replaced.
    assert!(handover(&["man", "-o", pages.to_str().unwrap()]).status.success());
    if there("mandoc") {
        let files = fs::read_dir(&pages).unwrap().map(|f| f.unwrap().path());
        let linted = Command::new("mandoc").args(["-T", "lint", "-W", "error"]).args(files).output().unwrap();
        assert!(linted.status.success() && linted.stdout.is_empty(), "{linted:?}");
        let page = Command::new("mandoc").args(["-T", "ascii"]).arg(pages.join("handover-run.1")).output().unwrap();
        // A bold letter is printed twice, with a step back in between.
        let parts: Vec<String> = text(&page.stdout).split('\u{8}').map(str::to_owned).collect();
        let (last, bold) = parts.split_last().unwrap();
        let shown: String = bold.iter().map(|p| &p[..p.len() - 1]).chain([last.as_str()]).collect();
        for part in
            ["handover-run - Run a plan", "SYNOPSIS", "--lost-after <SECONDS>", "EXAMPLES\n", "handover run move.ha\n"]
        {
            assert!(shown.contains(part), "{part}: {shown}");
        }
    }
}

#[test]
fn a_page_that_is_not_there_and_a_folder_that_cannot_be_made() {
    let refused = handover(&["man", "resum"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("did you mean `resume`?"), "{refused:?}");
    let refused = handover(&["man", "xyzzy"]);
    assert!(text(&refused.stderr).contains("`handover --help` lists the commands"), "{refused:?}");
    let file = tempfile::NamedTempFile::new().unwrap();
    let refused = handover(&["man", "-o", file.path().to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("HA0007"), "{refused:?}");
}

#[test]
fn what_is_no_code_leads_to_codes() {
    let all = text(&handover(&["explain"]).stdout);
    assert!(
        all.starts_with("files and syntax\n  HA0001  ") && all.contains("\n\nnames and types\n  HA0101  "),
        "{all}"
    );
    let refused = handover(&["explain", "fence"]);
    assert_eq!(refused.status.code(), Some(2));
    let said = text(&refused.stderr);
    assert!(
        said.contains("there is no code `fence`") && said.contains("  HA0406  a fence depends on its victim"),
        "{said}"
    );
    let said = text(&handover(&["explain", "xyzzy"]).stderr);
    assert!(said.contains("`handover explain` lists them all"), "{said}");
}
