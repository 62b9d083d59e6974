//! The command's contract: exit codes, streams, help, what becomes of bad input.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The command, with nothing of this machine's settings.
fn handover(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_handover"));
    command.current_dir(folder).env("HOME", folder).env("HANDOVER_STATE", folder.join("state"));
    command.env_remove("XDG_STATE_HOME").env_remove("NO_COLOR").env("LC_ALL", "C.UTF-8");
    command
}

/// Runs the command in a folder of its own.
fn run(args: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    handover(folder.path()).args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The subcommands, as `handover --help` lists them.
fn subcommands() -> Vec<String> {
    let help = text(&run(&["--help"]).stdout);
    let list = help.split_once("Commands:").unwrap().1.split_once("\n\n").unwrap().0;
    let names = list.lines().filter(|l| l.starts_with("  ") && !l.starts_with("   "));
    names.map(|l| l.split_whitespace().next().unwrap().to_owned()).filter(|n| n != "help").collect()
}

#[test]
fn the_command_line_is_explained_and_mistakes_in_it_exit_2() {
    for args in [&["--help"][..], &["--version"], &["help"]] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        assert!(!output.stdout.is_empty() && output.stderr.is_empty(), "{args:?}");
    }
    for args in [&[][..], &["no-such"], &["explain", "--no-such"], &["explain", "a", "b"], &["completions", "tcsh"]] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{args:?}");
    }
}

#[test]
fn every_subcommand_has_examples_and_each_of_them_is_a_command_line() {
    let names = subcommands();
    assert!(names.contains(&String::from("explain")), "{names:?}");
    for name in names {
        let help = text(&run(&[&name, "--help"]).stdout);
        let (_, examples) = help.split_once("Examples:\n").unwrap_or_else(|| panic!("{name} has no examples:\n{help}"));
        let lines: Vec<&str> = examples.lines().take_while(|l| l.starts_with("  handover ")).collect();
        assert!(!lines.is_empty(), "{name}: {help}");
        for line in lines {
            let line = line.split(" | ").next().unwrap().split(" >").next().unwrap();
            let words = shlex::split(line.trim()).unwrap();
            let mut args: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
            // The example is understood if the command accepts it and then shows its help.
            args.push("--help");
            let output = run(&args);
            assert_eq!(output.status.code(), Some(0), "{line}");
            args.pop();
            args.push("--no-such-flag");
            assert!(text(&run(&args).stderr).contains("'--no-such-flag'"), "{line}");
        }
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = handover(folder.path())
        .args(["completions", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut complaint = String::new();
    child.stderr.take().unwrap().read_to_string(&mut complaint).unwrap();
    assert_eq!((child.wait().unwrap().code(), complaint.as_str()), (Some(0), ""));
}

#[test]
fn output_that_cannot_be_written_is_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = handover(folder.path()).args(["completions", "bash"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("could not be written"), "{}", text(&output.stderr));
}

#[test]
fn colour_is_used_where_it_is_asked_for_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let stderr = |args: &[&str]| text(&handover(folder.path()).args(args).output().unwrap().stderr);
    assert!(!stderr(&["disasm", "none"]).contains('\x1b'), "not on a pipe");
    assert!(stderr(&["disasm", "none", "--color", "always"]).contains('\x1b'));
}

#[test]
fn explain_knows_every_code_and_says_so_if_not() {
    let list = text(&run(&["explain"]).stdout);
    assert!(list.lines().count() > 40 && list.lines().all(|l| l.starts_with("HA")), "{list}");
    for line in list.lines() {
        let (code, title) = line.split_once("  ").unwrap();
        let page = text(&run(&["explain", code]).stdout);
        assert!(page.starts_with(&format!("# {code}: {title}\n")), "{page}");
    }
    let output = run(&["explain", "HA0110x"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("did you mean `HA0110`?"), "{}", text(&output.stderr));
}

#[test]
fn a_program_that_is_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("broken.hab"), "HAB").unwrap();
    for (file, code) in [("broken.hab", "HA0901"), ("none.hab", "HA0001"), (".", "HA0001")] {
        let output = handover(folder.path()).args(["disasm", file]).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{file}");
        assert!(text(&output.stderr).contains(code) && output.stdout.is_empty(), "{file}: {}", text(&output.stderr));
    }
}
