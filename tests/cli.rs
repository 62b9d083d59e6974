//! The command's contract: exit codes, streams, help, what becomes of bad input.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

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

/// What a machine makes of the exit code of a run must not hang on a full disk under its log.
#[test]
fn how_a_run_has_ended_matters_more_than_its_output() {
    let folder = tempfile::tempdir().unwrap();
    let plan = "node a { via = local }\nplan p() { given a is up step s on a { run \"true\" } }\n";
    std::fs::write(folder.path().join("p.ha"), plan).unwrap();
    let said = |args: &[&str]| {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let mut command = handover(folder.path());
        let output = command.args(["run", "p.ha"]).args(args).env("HANDOVER_STATE", folder.path().join("state"));
        let output = output.stdout(full).output().unwrap();
        let err = text(&output.stderr);
        assert!(err.contains("could not be written"), "{err}");
        output.status.code()
    };
    assert_eq!(said(&["--yes"]), Some(0));
    assert_eq!(said(&["--dry-run"]), Some(1));
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
    let codes: Vec<_> = list.lines().filter_map(|line| line.strip_prefix("  ")?.split_once("  ")).collect();
    assert!(codes.len() > 40 && codes.iter().all(|(code, _)| code.starts_with("HA")), "{list}");
    for (code, title) in codes {
        let page = text(&run(&["explain", code]).stdout);
        assert!(page.starts_with(&format!("# {code}: {title}\n")), "{page}");
    }
    let output = run(&["explain", "HA0110x"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("these come near it:") && text(&output.stderr).contains("  HA0110  "));
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

/// A plan with a decision, as a file of a folder.
const PLAN: &str = r#"
node a { host = "a" }
plan look() "Look | around" {
  given a is up
  given walls are up or gone
  phase both {
    only if walls are up
    step 1 see "Is it there?" on a { run "ls | wc -l" }
    step 2 say { tell "Seen." }
  }
}
plan again = look()
"#;

#[test]
fn a_plan_is_shown_in_every_format_specialised_by_what_is_given() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("plan.ha"), PLAN).unwrap();
    let plan = |args: &[&str]| {
        let output = handover(folder.path()).args(["plan", "plan.ha", "look"]).args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", text(&output.stderr));
        text(&output.stdout)
    };
    assert!(plan(&[]).contains("to decide  walls: up or gone"), "{}", plan(&[]));
    let gone = plan(&["--given", "walls=gone"]);
    assert!(gone.contains("skipped: walls are gone"), "{gone}");
    let table = plan(&["--format", "markdown"]);
    assert!(table.starts_with("# Look \\| around\n"), "{table}");
    assert!(
        table.contains("| 1 | a | Is it there?<br>**see**<br>*effects not declared* | only if walls are up |\n"),
        "{table}"
    );
    assert!(table.contains("\nOn a:\n\n    ls | wc -l\n"), "{table}");
    let table = plan(&["--format", "markdown", "--given", "walls=gone"]);
    assert!(table.contains("| up or **gone** |") && table.contains("| *skipped: walls are gone* |"), "{table}");
    assert!(plan(&["--format", "mermaid"]).contains("flowchart TB"));
    assert!(plan(&["--format", "dot"]).starts_with("digraph"));
    let json: serde_json::Value = serde_json::from_str(&plan(&["--format", "json"])).unwrap();
    assert_eq!(json["title"], "Look | around");
}

#[test]
fn a_plan_that_cannot_be_chosen_or_given_is_a_usage_error() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("plan.ha"), PLAN).unwrap();
    for (args, help) in [
        (&["plan.ha"][..], "say which: look, again"),
        (&["plan.ha", "lokk"], "did you mean `look`?"),
        (&["plan.ha", "look", "--given", "wals=up"], "did you mean `walls`?"),
        (&["plan.ha", "look", "--given", "walls=high"], "it is one of"),
        (&["plan.ha", "look", "--given", "walls"], "expected NAME=VALUE"),
    ] {
        let output = handover(folder.path()).arg("plan").args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(text(&output.stderr).contains(help), "{args:?}: {}", text(&output.stderr));
    }
}

#[test]
fn findings_go_where_they_are_expected() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("plans")).unwrap();
    std::fs::write(folder.path().join("plans/good.ha"), PLAN).unwrap();
    std::fs::write(folder.path().join("plans/bad.ha"), PLAN.replace("on a {", "on aa {")).unwrap();
    let run = |args: &[&str]| {
        let output = handover(folder.path()).args(args).output().unwrap();
        (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
    };
    let covers = "1 of 2 steps; nothing is known of see";
    let proved = format!("no findings in 1 file, 2 plans\nproved: look ({covers}), again ({covers})\n");
    assert_eq!(run(&["check", "plans/good.ha"]), (0, proved, String::new()));
    // Of a plan that does nothing, nothing is proved.
    let empty = "node a { via = local }\nplan nothing() { given a is up }\n";
    std::fs::write(folder.path().join("empty.ha"), empty).unwrap();
    let none = "no findings in 1 file, 1 plan\nwithout any step: nothing\n";
    assert_eq!(run(&["check", "empty.ha"]), (0, String::from(none), String::new()));
    // Of `check` they are the product; of the others they are what is in the way.
    let (exit, out, err) = run(&["check", "plans"]);
    assert_eq!((exit, err.as_str()), (1, ""));
    assert!(out.contains("plans/bad.ha:8") && out.ends_with("1 error\n"), "{out}");
    let (exit, out, err) = run(&["plan", "plans/bad.ha", "look"]);
    assert_eq!((exit, out.as_str()), (1, ""));
    assert!(err.contains("HA0101"), "{err}");
    for args in [&["check", "--format", "json", "plans"][..], &["plan", "plans/bad.ha", "look", "--format", "json"]] {
        let (exit, out, err) = run(args);
        let json: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!((exit, err.as_str(), json["errors"].as_u64()), (1, "", Some(1)));
        assert_eq!(json["diagnostics"][0]["range"]["start"]["line"], 8);
    }
    let (exit, out, _) = run(&["check", "--format", "json", "plans/good.ha"]);
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((exit, json["errors"].as_u64(), json["diagnostics"].as_array().map(Vec::len)), (0, Some(0), Some(0)));
}

#[test]
fn bad_input_has_a_message_a_place_and_a_code() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    std::fs::create_dir(folder.path().join("folder.ha")).unwrap();
    write("latin.ha", b"# caf\xe9\n");
    write("empty.ha", b"");
    write("braces.ha", &b"{".repeat(100_000));
    write("parentheses.ha", format!("plan p() {{ given {} }}", "(".repeat(100_000)).as_bytes());
    write("large.ha", &b"#".repeat(100 << 20));
    write("one.ha", b"use ./two\nnode a {}\n");
    write("two.ha", b"use ./one\nnode b {}\n");
    for (file, exit, part) in [
        ("none.ha", 1, "there is no file `none.ha`"),
        ("empty", 1, "has no `.ha` file"),
        ("latin.ha", 1, "line 1"),
        ("empty.ha", 0, "no findings"),
        ("braces.ha", 1, "braces.ha:1:"),
        ("parentheses.ha", 1, "HA0005"),
        ("large.ha", 1, "larger than 32 MiB"),
        ("one.ha", 0, "no findings"),
    ] {
        let output = handover(folder.path()).args(["check", file]).output().unwrap();
        let out = text(&output.stdout);
        assert_eq!(output.status.code(), Some(exit), "{file}: {out}");
        assert!(out.contains(part) && (exit == 0 || out.contains("HA0")), "{file}: {out}");
        assert!(out.len() < 2_000, "{file}: {}", out.len());
    }
}

#[test]
fn a_plan_is_built_as_a_program_a_script_and_json_and_checked_later() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("plan.ha"), PLAN).unwrap();
    let build = |args: &[&str]| {
        let output = handover(folder.path()).args(["build", "plan.ha", "look"]).args(args).output().unwrap();
        (output.status.code().unwrap(), output.stdout, text(&output.stderr))
    };
    assert_eq!(build(&[]), (0, Vec::new(), String::new()));
    assert!(folder.path().join("look.hab").is_file());
    for what in ["bytecode", "sh", "json"] {
        let (exit, bytes, _) = build(&["--emit", what, "-o", "-"]);
        assert!(exit == 0 && !bytes.is_empty(), "{what}");
        assert_eq!(build(&["--emit", what, "-o", "out"]), (0, Vec::new(), String::new()));
        let out = folder.path().join("out");
        assert_eq!(std::fs::read(&out).unwrap(), bytes, "{what} is the same wherever it goes");
        assert_eq!(build(&["--emit", what, "-o", "out", "--check"]), (0, Vec::new(), String::new()));
        std::fs::write(&out, &bytes[1..]).unwrap();
        let (exit, _, err) = build(&["--emit", what, "-o", "out", "--check"]);
        assert!(exit == 1 && err.contains("HA0902"), "{what}: {err}");
        std::fs::remove_file(&out).unwrap();
        let (exit, _, err) = build(&["--emit", what, "-o", "out", "--check"]);
        assert!(exit == 1 && err.contains("HA0001"), "{what}: {err}");
    }
    assert_eq!(build(&["--emit", "sh", "--check"]).0, 2, "nothing to check");
    let (exit, _, err) = build(&["--given", "walls=up"]);
    assert!(exit == 2 && err.contains("decided when the run starts"), "{err}");
    let (exit, _, err) = build(&["-o", "none/out"]);
    assert!(exit == 1 && err.contains("HA0007"), "{err}");
}

#[test]
fn the_standard_library_is_documented_to_the_last_action() {
    let list = text(&run(&["doc"]).stdout);
    let libraries: Vec<&str> = list.lines().map(|l| l.split_whitespace().next().unwrap()).collect();
    assert!(libraries.len() > 6 && libraries.contains(&"std/net"), "{list}");
    for line in list.lines() {
        assert!(line.split_whitespace().count() > 3, "a library says what it is: {line}");
    }
    for library in libraries {
        let contents = text(&run(&["doc", library]).stdout);
        for entry in contents.lines().filter(|l| l.starts_with("  ") && !l.starts_with("   ")) {
            let name = entry.trim().split(['(', ' ']).next().unwrap();
            let shown = run(&["doc", library, name]);
            assert_eq!(shown.status.code(), Some(0), "{library} {name}");
            assert!(text(&shown.stdout).contains(name), "{library} {name}");
        }
    }
    let shown = text(&run(&["doc", "net", "add_address"]).stdout);
    for part in ["Bring an address up", "gratuitous ARP", "acquires a on host", "verify", "undo     drop_address(a)"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    for (args, help) in
        [(&["doc", "nett"][..], "did you mean `net`?"), (&["doc", "net", "drop_adress"], "drop_address")]
    {
        let output = run(args);
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains(help), "{}", text(&output.stderr));
    }
}

#[test]
fn a_library_of_ones_own_is_documented_in_the_same_way() {
    let folder = tempfile::tempdir().unwrap();
    let ask = |args: &[&str]| handover(folder.path()).arg("doc").args(args).output().unwrap();
    let library = "# Our pumps.\n\n# A pump.\nkind pump \"it pumps\" { states running, idle }\nplan p() {}\n";
    std::fs::write(folder.path().join("pumps.ha"), library).unwrap();
    let shown = text(&ask(&["pumps.ha"]).stdout);
    assert_eq!(shown, "pumps.ha: Our pumps.\n\nKinds\n  pump\n      it pumps\n");
    assert!(text(&ask(&["pumps.ha", "pump"]).stdout).contains("A pump."));

    let missing = ask(&["none.ha"]);
    assert!(missing.status.code() == Some(1) && text(&missing.stderr).contains("HA0001"), "{missing:?}");
    std::fs::write(folder.path().join("broken.ha"), "kind a {}\nkind {\n").unwrap();
    let broken = ask(&["broken.ha"]);
    assert_eq!(broken.status.code(), Some(1));
    assert!(text(&broken.stderr).contains("HA0003"), "mistakes are told as `check` tells them: {broken:?}");
}

#[test]
fn what_follows_from_a_missing_file_alone_is_not_told() {
    let folder = tempfile::tempdir().unwrap();
    // What nobody has declared could be something to be decided.
    let plan = "use std/host\nuse ./estate\nplan p(from: node = a) {\n  given control is up, from is up\n  \
                step s on control { do power_off(from) }\n  step t on from { do power_off(control) }\n}\n";
    std::fs::write(folder.path().join("p.ha"), plan).unwrap();
    let codes = || {
        let output = handover(folder.path()).args(["check", "p.ha"]).output().unwrap();
        let found = text(&output.stdout);
        found.lines().filter(|l| l.starts_with("HA")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(codes(), ["HA0114"]);
    std::fs::write(folder.path().join("estate.ha"), "<<<<<<< a\nnode a {}\n=======\nnode b {}\n>>>>>>> b\n").unwrap();
    assert_eq!(codes(), ["HA0008"]);
}

#[test]
fn a_yes_that_makes_a_result_a_success_is_listed_as_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let plan = r#"
        node a { host = "a.example" }
        kind volume { exclusive on node }
        volume data {}
        plan p() {
          given a is up, data on a
          step leave on a { run "leave"  output "busy" means ask "Is it free?"  releases data on a  within 1m }
        }
    "#;
    std::fs::write(folder.path().join("p.ha"), plan).unwrap();
    let shown = text(&handover(folder.path()).args(["plan", "p.ha"]).output().unwrap().stdout);
    assert!(shown.contains("people: leave says that it has worked"), "{shown}");
}
