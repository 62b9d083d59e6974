//! Scripts on their own: clean, careful about who runs them and when, and able to go on after a crash.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[allow(dead_code, reason = "plans of other steps are not needed")]
#[path = "../counting/mod.rs"]
mod counting;
mod harness;
mod survival;

use harness::{Case, each_shell, lives, outcome, shells};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

const HANDOVER: &str = env!("CARGO_BIN_EXE_handover");

/// The plans of an example that have all their arguments.
fn plans(example: &Path) -> Vec<String> {
    let check = Command::new(HANDOVER).arg("build").arg(example).args(["--emit", "sh", "-o", "-"]).output().unwrap();
    let (code, text) = outcome(&check);
    match text.split("say which: ").nth(1) {
        Some(names) => names.lines().next().unwrap().split(", ").map(String::from).collect(),
        None => {
            assert_eq!(code, 0, "{text}");
            vec![String::new()]
        }
    }
}

#[test]
fn the_scripts_of_the_examples_are_clean() {
    let shellcheck = Command::new("shellcheck").arg("--version").output().is_ok();
    if !shellcheck {
        eprintln!("skipped: there is no shellcheck");
    }
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let temporary = tempfile::tempdir().unwrap();
    let mut checked = 0;
    for example in fs::read_dir(examples).unwrap().map(|e| e.unwrap().path().join("plan.ha")).filter(|p| p.exists()) {
        for plan in plans(&example) {
            let script = temporary.path().join("plan.sh");
            let plan = Some(plan).filter(|p| !p.is_empty());
            let mut build = Command::new(HANDOVER);
            build.arg("build").arg(&example).args(&plan).args(["--emit", "sh", "-o"]).arg(&script);
            let (code, text) = outcome(&build.output().unwrap());
            assert_eq!(code, 0, "{text}");
            for shell in shells() {
                let parsed = Command::new(shell[0]).args(&shell[1..]).arg("-n").arg(&script).output().unwrap();
                assert!(parsed.status.success(), "{} {plan:?}: {}", example.display(), outcome(&parsed).1);
            }
            if shellcheck {
                let found = Command::new("shellcheck").args(["-s", "sh"]).arg(&script).output().unwrap();
                assert!(found.status.success(), "{} {plan:?}: {}", example.display(), outcome(&found).1);
            }
            checked += 1;
        }
    }
    assert!(checked > 15, "{checked} plans");
}

const DECIDING: &str = r#"
node a { via = local }
plan move() "Something moves" {
  given a is up
  given firewalls are included or excluded
  step sure { ask "Is it off?" }
  step one on a {
    only if firewalls are included
    run     "touch one"
  }
  step two on a { run "touch two" }
}
"#;

#[test]
fn a_request_that_makes_no_sense_starts_nothing() {
    each_shell(|shell| {
        let case = Case::new(DECIDING, shell);
        for (args, says) in [
            (&["--answer", "sure=yes"][..], "not decided yet:\n  --given firewalls=included|excluded"),
            (&["--given", "firewalls=some"], "firewalls is one of: included excluded"),
            (&["--given", "fire=excluded"], "there is no fire for --given"),
            (&["--given", "firewalls"], "--given takes NAME=ANSWER"),
            (&["--given"], "--given needs a value"),
            (&["--answer", "one=yes", "--given", "firewalls=excluded"], "there is no one for --answer"),
            (&["--answer", "sure=maybe", "--given", "firewalls=excluded"], "the answers of sure are: yes no"),
            (&["--jobs", "0"], "--jobs takes a number from 1 to 999"),
            (&["--settle", "one=maybe"], "--settle takes STEP=done, STEP=failed or STEP=again"),
            (&["--resume"], "there is no run to resume"),
            (&["--frobnicate"], "unknown option --frobnicate"),
            (&["plan"], "unknown option plan"),
        ] {
            let (code, text) = case.run(args);
            assert_eq!(code, 2, "{args:?}: {text}");
            assert!(text.contains(says), "{args:?}: {text}");
        }
        assert!(!case.has("one") && !case.has("two"));
        let (code, text) = case.run(&["--help"]);
        assert_eq!(code, 0);
        assert!(text.contains("  --given firewalls=included|excluded"), "{text}");
    });
}

#[test]
fn a_dry_run_shows_what_would_be_done_and_does_nothing() {
    each_shell(|shell| {
        let case = Case::new(DECIDING, shell);
        let (code, text) = case.run(&["--dry-run"]);
        assert_eq!(code, 0, "{text}");
        assert!(text.contains("one, on a\n      only if firewalls is included\n      $ touch one"), "{text}");
        assert!(text.contains("sure\n      ask: Is it off?"), "{text}");
        let (_, text) = case.run(&["--dry-run", "--given", "firewalls=excluded"]);
        assert!(!text.contains("touch one") && text.contains("$ touch two"), "{text}");
        assert!(!case.has("two") && !case.has(".local"), "nothing is written");
    });
}

#[test]
fn a_question_needs_somebody_to_answer() {
    each_shell(|shell| {
        let case = Case::new(DECIDING, shell);
        let (code, text) = case.run(&["--given", "firewalls=excluded"]);
        assert_eq!(code, 3, "{text}");
        assert!(text.contains("failed     sure: there is nobody to ask: no terminal, and no --answer"), "{text}");
        assert!(text.contains("blocked    two"), "{text}");
        // script(1) gives the command a terminal; what it reads itself is typed there.
        let run = format!("{} '{}'", shell.join(" "), case.path("plan.sh").display());
        let mut script = Command::new("script");
        script.args(["-qec", &run, "/dev/null"]).env("HOME", case.folder());
        let person = script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut person = match person {
            Ok(person) => person,
            Err(why) => return eprintln!("skipped: there is no `script` to make a terminal: {why}"),
        };
        std::io::Write::write_all(person.stdin.as_mut().unwrap(), b"perhaps\nincluded\nwhat\nyes\n").unwrap();
        let (code, text) = outcome(&person.wait_with_output().unwrap());
        assert_eq!(code, 0, "{text}");
        assert!(case.has("one") && case.has("two"), "{text}");
    });
}

#[test]
fn commands_that_are_not_there_are_missed_before_anything_is_done() {
    let plan = r#"
node a { via = local }
node b { via = exec  prefix = "env NODE=b" }
plan move() {
  given a is up, b is up
  step one on a { run "touch one; frobnicate --all" }
  step two on b { run "/opt/nobody/has/this && dislocate | frobnicate" }
}
"#;
    each_shell(|shell| {
        let case = Case::new(plan, shell);
        let (code, text) = case.run(&[]);
        assert_eq!(code, 3, "{text}");
        assert!(
            text.contains("nothing was started:\n  a has no command frobnicate\n  b has no command dislocate\n"),
            "{text}"
        );
        assert!(text.contains("  b has no command frobnicate\n"), "{text}");
        assert!(text.contains("note: /opt/nobody/has/this is not on b yet"), "{text}");
        assert!(!case.has("one"));
        let (code, text) = case.run(&["--unchecked"]);
        assert_eq!(code, 3, "{text}");
        assert!(case.has("one") && text.contains("failed     one: exit code 127"), "{text}");
    });
}

/// An `ssh` that notes what it is given, and does what the real one does with it: joins it and gives it to a shell.
const SSH: &str = r#"#!/bin/sh
while [ "$1" != -- ]; do printf '%s ' "$1" >>"$HOME/log"; shift; done
shift
echo "host $1" >>"$HOME/log"; shift
[ ! -e "$HOME/lost" ] || exit 255
ps -A -o args= 2>/dev/null | grep -F "se'cr et" | grep -v grep >>"$HOME/seen"
exec sh -c "$*"
"#;

#[test]
fn a_secret_that_a_command_prints_is_not_kept_and_one_of_two_lines_is_refused() {
    let plan = r##"
secret pw { env = "THE_SECRET" }
node h { via = local }
plan p() {
  given h is up
  step zero on h { run "env >inherited; printf 'it is s3c*'; echo '[r]et'" let said = match "it is" in output }
  step one on h { env PW = pw  run "printf 'a %s b %s\n' \"$PW\" \"$PW\"; echo $PW >&2" }
  step two on h { run "echo {{said}} >said" }
  step three on h { env PW = pw  run "echo $PW" let kept = output }
  step four on h { run "echo {{kept}} >kept" }
}
"##;
    each_shell(|shell| {
        let case = Case::new(plan, shell);
        let run = |secret: &str| outcome(&case.command(&[]).env("THE_SECRET", secret).output().unwrap());
        let (code, text) = run("s3c*[r]et");
        assert_eq!(code, 3, "{text}");
        assert_eq!(case.read("said"), "it is\n");
        assert!(
            text.contains("three") && text.contains("what is to be kept of the output contains a secret"),
            "{text}"
        );
        assert!(!case.read("inherited").contains("THE_SECRET"), "{}", case.read("inherited"));
        let kept = Command::new("grep").args(["-rlF", "s3c*[r]et"]).arg(case.folder()).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&kept.stdout), "");
        let (code, text) = run("one\ntwo");
        assert_eq!(code, 3, "{text}");
        assert!(text.contains("has more than one line"), "{text}");
    });
}

#[test]
fn values_and_secrets_arrive_unchanged_and_unseen() {
    let plan = r##"
secret pw { env = "THE_SECRET" }
secret key { file = "key" }
node far { host = "far.example"  user = "ops" }
node near { via = local }
action write(text: string) on host: node {
  needs host is up
  env   PW = pw
  env   KEY = key
  env   NOTE = "it's $x"
  run   "printf '%s\n' {{text}} \"$PW\" \"$KEY\" \"$NOTE\" >>out; cat >>out # that is all"
}
plan move() {
  given far is up, near is up
  step one on far { do write("it's \"so\" $HOME `id` \\ * ä") }
  step two on near { do write("x\ny") }
}
"##;
    each_shell(|shell| {
        let case = Case::new(plan, shell);
        case.program("ssh", SSH);
        fs::write(case.path("key"), "first line\nsecond line\n").unwrap();
        let run = |args: &[&str]| outcome(&case.command(args).env("THE_SECRET", "se'cr et").output().unwrap());
        let (code, text) = run(&["--jobs", "1"]);
        assert_eq!(code, 0, "{text}");
        let rest = "se'cr et\nfirst line\nit's $x\n";
        assert_eq!(case.read("out"), format!("it's \"so\" $HOME `id` \\ * ä\n{rest}x\ny\n{rest}"));
        assert!(case.read("log").ends_with("-o BatchMode=yes -l ops host far.example\n"), "{}", case.read("log"));
        assert_eq!(case.read("seen"), "", "the secret is on no command line");
        let before = case.read("out");
        fs::remove_file(case.path("key")).unwrap();
        let (code, text) = run(&[]);
        assert_eq!(code, 2, "{text}");
        assert!(text.contains("the secret key is missing: there is no key"), "{text}");
        let (code, text) = case.run(&[]);
        assert_eq!(code, 2, "{text}");
        assert!(text.contains("the secret pw is missing: there is no THE_SECRET"), "{text}");
        assert_eq!(case.read("out"), before);
    });
}

#[test]
fn a_way_that_is_not_there_starts_nothing() {
    let plan = "node a { via = exec  prefix = \"./on a\" }\nplan move() {\n  given a is up\n  step one on a { run \"touch one\" }\n}\n";
    each_shell(|shell| {
        let case = Case::new(plan, shell);
        let (code, text) = case.run(&[]);
        assert_eq!(code, 2, "{text}");
        assert!(text.contains("./on, which leads to a, is not in "), "{text}");
        case.program("on", "#!/bin/sh\nshift\nexec \"$@\"\n");
        let output = case.command(&[]).env("HANDOVER_DIR", case.path("bin")).output().unwrap();
        assert_eq!(outcome(&output).0, 0, "{}", outcome(&output).1);
        assert!(case.has("bin/one"));
    });
}

#[test]
fn the_end_tells_what_is_open_and_what_was_missed() {
    let plan = r#"
kind monitor { states watching, quiet  rests in watching }
node a { via = local }
monitor alarm {}
action mute(m: monitor) on host: node {
  needs   host is up
  ensures m is quiet
  run     "true"
}
action unmute(m: monitor) on host: node {
  needs   host is up
  ensures m is watching
  run     "test -e on"
}
plan move() {
  given a is up, alarm is watching
  goal  alarm is watching
  hold  "look at the alarm"
  phase busy {
    step hush on a { do mute(alarm) }
  } finally {
    step listen on a { do unmute(alarm) }
  }
}
"#;
    each_shell(|shell| {
        let case = Case::new(plan, shell);
        let (code, text) = case.run(&[]);
        assert_eq!(code, 4, "{text}");
        assert!(text.contains("  open       alarm may be watching or quiet; it must be left watching\n"), "{text}");
        assert!(text.contains("  open       listen did not work: what it puts in order is not in order\n"), "{text}");
        assert!(text.contains("  goal       alarm is watching or quiet; the plan was to have it watching\n"), "{text}");
        assert!(!text.contains("look at"), "{text}");
        fs::write(case.path("on"), "").unwrap();
        let (code, text) = case.run(&[]);
        assert_eq!(code, 0, "{text}");
        assert!(text.contains("  hold       look at the alarm\n"), "{text}");
    });
}

#[test]
fn a_lost_connection_leaves_the_outcome_open() {
    let plan = "node far {}\nplan move() {\n  given far is up\n  step one on far { run \"touch out\" }\n}\n";
    each_shell(|shell| {
        let case = Case::new(plan, shell);
        case.program("ssh", SSH);
        fs::write(case.path("lost"), "").unwrap();
        let (code, text) = case.run(&[]);
        assert_eq!(code, 4, "{text}");
        assert!(text.contains("note: far does not answer"), "{text}");
        assert!(text.contains("unknown    one: the connection to far was lost or did not come about"), "{text}");
        assert!(text.contains("nobody knows whether one happened, or still will, on far"), "{text}");
    });
}

#[test]
fn a_time_limit_ends_all_that_was_started() {
    let plan = r#"
node far {}
node near { via = local }
action hang(file: string) on host: node {
  needs  host is up
  run    "trap '' TERM; sleep 30 & echo $! >{{file}}; wait; touch late"
  within 1s, then kill
}
plan move() {
  given far is up, near is up
  step one on far  { do hang("one") }
  step two on near { do hang("two") }
}
"#;
    each_shell(|shell| {
        let case = Case::new(plan, shell);
        case.program("ssh", SSH);
        let (code, text) = case.run(&[]);
        assert_eq!(code, 3, "that both have ended is certain: {text}");
        for step in ["one", "two"] {
            assert!(text.contains(&format!("failed     {step}: it did not end within 1 s, and was ended")), "{text}");
            assert!(!lives(&case.read(step)), "{step}: {text}");
        }
        assert!(!case.has("late"));
    });
}

#[test]
fn without_setsid_at_least_the_command_is_ended() {
    let plan = r#"
node near { via = local }
action hang() on host: node {
  needs  host is up
  run    "echo $$ >pid; exec sleep 30"
  within 1s, then kill
}
plan move() {
  given near is up
  step one on near { do hang() }
}
"#;
    each_shell(|shell| {
        let case = Case::new(plan, shell);
        // A path with all that the script uses, but for setsid.
        fs::create_dir(case.path("tools")).unwrap();
        let tools = "cat chmod date dirname grep head id ln mkdir mv printf rm rmdir sed sh sleep sync tail tr uname";
        for tool in tools.split(' ') {
            let found = Command::new("sh").args(["-c", &format!("command -v {tool} || :")]).output().unwrap();
            let found = outcome(&found).1;
            if found.starts_with('/') {
                std::os::unix::fs::symlink(found.trim(), case.path("tools").join(tool)).unwrap();
            }
        }
        let there = Command::new("sh").args(["-c", &format!("command -v {}", shell[0])]).output().unwrap();
        let mut command = Command::new(outcome(&there).1.trim());
        command.args(&shell[1..]).arg(case.path("plan.sh")).env("PATH", case.path("tools")).env("HOME", case.folder());
        let (code, text) = outcome(&command.stdin(Stdio::null()).output().unwrap());
        assert_eq!(code, 3, "{text}");
        assert!(text.contains("failed     one: it did not end within 1 s"), "{text}");
        assert!(!lives(&case.read("pid")), "{text}");
    });
}
