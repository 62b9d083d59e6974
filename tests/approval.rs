//! Approvals: what was signed runs, anything else is refused with the reason, and the journal has who signed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use tempfile::TempDir;

const PLAN: &str = r#"
node tokyo { via = local }
node osaka { via = local }

plan move(to: node = tokyo) "Something moves" {
  given  tokyo is up, osaka is up
  given  firewalls are included or excluded

  step walls on to {
    only if firewalls are included
    run "echo walls >>walls"
  }
  step work "The work itself" on to { run "echo work on {{to.name}} >>log" }
}
"#;

struct Case(TempDir);

impl Case {
    /// A plan, the keys of Mila and Noah, and a file that lets both sign.
    fn new() -> Case {
        let case = Case(tempfile::tempdir().unwrap());
        fs::write(case.path("plan.ha"), PLAN).unwrap();
        let mut signers = String::new();
        for name in ["mila", "noah"] {
            case.keygen(&["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", name]);
            let public = fs::read_to_string(case.path(&format!("{name}.pub"))).unwrap();
            signers.push_str(&format!("{name}@example.org namespaces=\"plan@handover\" {public}"));
        }
        fs::write(case.path("signers"), signers).unwrap();
        case
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn keygen(&self, args: &[&str]) -> String {
        let output = Command::new("ssh-keygen").args(args).current_dir(&self.0).stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn command(&self, args: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_handover"));
        command.args(args.split(' ')).current_dir(&self.0).env("HOME", self.0.path());
        command.env("HANDOVER_STATE", self.path("state")).stdin(Stdio::null());
        for name in ["APPROVALS", "ALLOWED_SIGNERS", "REVOKED_KEYS"] {
            command.env_remove(format!("HANDOVER_{name}"));
        }
        command
    }

    fn with(&self, args: &str, variables: &[(&str, &str)]) -> (i32, String) {
        let output = self.command(args).envs(variables.iter().copied()).output().unwrap();
        let text = [&output.stdout, &output.stderr].map(|t| String::from_utf8_lossy(t).into_owned()).concat();
        (output.status.code().unwrap(), text)
    }

    fn handover(&self, args: &str) -> (i32, String) {
        self.with(args, &[])
    }

    /// Signs with this key; `what` is the file with what belongs to it.
    fn sign(&self, what: &str, key: &str, out: &str) {
        let (code, text) = self.handover(&format!("sign {what} --key {key} -o {out}"));
        assert_eq!(code, 0, "{text}");
    }

    /// Runs the plan as these flags say.
    fn run(&self, flags: &str) -> (i32, String) {
        self.handover(&format!("run plan.ha --given firewalls=excluded --yes --allowed-signers signers {flags}"))
    }

    /// That this is refused, in these words, and that nothing was started.
    fn refuses(&self, flags: &str, why: &[&str]) {
        let (code, text) = self.run(flags);
        self.refused(code, &text, why);
    }

    fn refused(&self, code: i32, text: &str, why: &[&str]) {
        assert_eq!(code, 3, "{text}");
        assert!(text.contains("nothing was started"), "{text}");
        assert!(!self.path("log").exists() && !self.path("state").exists(), "{text}");
        why.iter().for_each(|why| assert!(text.contains(why), "no `{why}` in\n{text}"));
    }

    fn edit(&self, file: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(file)).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(self.path(file), text.replacen(from, to, 1)).unwrap();
    }
}

#[test]
fn what_is_approved_runs_and_the_journal_has_who_approved_it() {
    let case = Case::new();
    case.sign("plan.ha", "mila", "a.approval");
    let (code, text) = case.run("--require-approval a.approval");
    assert_eq!(code, 0, "{text}");
    let key = case.keygen(&["-l", "-f", "mila.pub"]);
    let key = key.split(' ').nth(1).unwrap();
    for shown in [text, case.handover("show").1, case.handover("report").1] {
        assert!(shown.contains("mila@example.org") && shown.contains(key), "{shown}");
    }
    let events: Value = serde_json::from_str(&case.handover("show --format json").1).unwrap();
    let approved = &events["events"][0]["approved"][0];
    assert_eq!((&approved["by"], &approved["key"]), (&Value::from("mila@example.org"), &Value::from(key)));
    let approval = fs::read_to_string(case.path("a.approval")).unwrap();
    let statement = &approval[..approval.find("-----BEGIN").unwrap()];
    assert_eq!(approved["digest"], blake3::hash(statement.as_bytes()).to_hex().as_str());
    assert!(statement.contains(approved["signed"].as_str().unwrap()), "{statement}");
    assert!(statement.contains("\n|   step work \"The work itself\" on to {"), "the source can be read: {statement}");
    assert!(statement.contains("\n|       command   echo work on tokyo >>log\n"), "and what it does: {statement}");
}

#[test]
fn a_comment_changes_nothing_that_was_approved() {
    let case = Case::new();
    case.sign("plan.ha", "mila", "a.approval");
    case.edit("plan.ha", "\nplan", "\n# Moves it.\nplan");
    let (code, text) = case.run("--require-approval a.approval");
    assert_eq!(code, 0, "{text}");
}

#[test]
fn a_program_is_approved_like_its_plan() {
    let case = Case::new();
    case.sign("plan.ha", "mila", "plan.approval");
    assert_eq!(case.handover("build plan.ha -o plan.hab").0, 0);
    case.sign("plan.hab", "noah", "program.approval");
    let both = "--require-approval plan.approval --require-approval program.approval --approvals 2";
    let run = format!("run plan.hab --given firewalls=included --yes --allowed-signers signers {both}");
    assert_eq!(case.handover(&run).0, 0);
    assert_eq!(case.run(both).0, 0);
}

#[test]
fn what_was_changed_is_told_by_its_line() {
    let case = Case::new();
    case.sign("plan.ha", "mila", "a.approval");
    case.edit("plan.ha", "echo work on", "rm -rf work; echo work on");
    let by = "`a.approval` is signed by mila@example.org, but approves something else: `plan.ha` has changed since";
    let lines = "  plan.ha:13\n  -   step work \"The work itself\" on to { run \"echo work on {{to.name}} >>log\" }\n  \
                 +   step work \"The work itself\" on to { run \"rm -rf work; echo work on {{to.name}} >>log\" }\n";
    case.refuses("--require-approval a.approval", &[by, lines, "go back to what was approved"]);
    let (code, text) = case.run("--require-approval a.approval --dry-run");
    case.refused(code, &text, &[by]);
    let flags = "--given firewalls=excluded --dry-run --allowed-signers signers --require-approval a.approval";
    let (code, text) = case.handover(&format!("run plan.ha {flags}"));
    case.refused(code, &text, &[by]);
}

#[test]
fn a_compiled_program_that_differs_is_told_by_its_instruction() {
    let case = Case::new();
    case.sign("plan.ha", "mila", "a.approval");
    case.edit("plan.ha", ">>log", ">>other");
    assert_eq!(case.handover("build plan.ha -o plan.hab").0, 0);
    fs::remove_file(case.path("plan.ha")).unwrap();
    let flags = "--given firewalls=excluded --yes --allowed-signers signers --require-approval a.approval";
    let (code, text) = case.handover(&format!("run plan.hab {flags}"));
    let lines = "  RUN    work  plan.ha:13:3\n  -       command   echo work on tokyo >>log\n  +       command   echo work on tokyo >>other\n";
    case.refused(code, &text, &["`plan.ha` has changed since", lines]);
}

#[test]
fn other_arguments_are_told() {
    let case = Case::new();
    case.sign("plan.ha", "mila", "a.approval");
    let why = ["the plan is approved with other arguments", "- to = tokyo\n  + to = osaka"];
    case.refuses("--given to=osaka --require-approval a.approval", &why);
}

#[test]
fn decisions_can_be_part_of_what_is_approved() {
    let case = Case::new();
    case.sign("plan.ha --given firewalls=included", "mila", "a.approval");
    let why = ["approves it with `firewalls=included` only", "run it with `--given firewalls=included`"];
    case.refuses("--require-approval a.approval", &why);
    let flags = "--yes --allowed-signers signers --require-approval a.approval";
    assert_eq!(case.handover(&format!("run plan.ha --given firewalls=included {flags}")).0, 0);
    assert_eq!(case.handover("build plan.ha -o plan.hab").0, 0);
    let (code, text) = case.handover("sign plan.hab --given firewalls=perhaps --key mila -o b.approval");
    assert!(code == 2 && text.contains("`firewalls` cannot be `perhaps`"), "{text}");
}

#[test]
fn so_many_different_people_must_have_approved_it() {
    let case = Case::new();
    case.sign("plan.ha", "mila", "a.approval");
    case.sign("plan.ha", "noah", "b.approval");
    let both = "--require-approval a.approval --require-approval b.approval";
    case.refuses("--approvals 1", &["somebody must have approved it, and nobody has"]);
    case.refuses(
        "--require-approval a.approval --approvals 2",
        &["2 people must have approved it, and only mila@example.org has"],
    );
    case.refuses(
        "--require-approval a.approval --require-approval a.approval --approvals 2",
        &["only mila@example.org has"],
    );
    case.refuses(&format!("{both} --approvals 3"), &["only mila@example.org, noah@example.org has"]);
    // Noah's key under Mila's name: one person.
    let signers = fs::read_to_string(case.path("signers")).unwrap();
    case.edit("signers", "noah@", "mila@");
    case.refuses(&format!("{both} --approvals 2"), &["only mila@example.org has"]);
    fs::write(case.path("signers"), signers).unwrap();
    let (code, text) = case.run(&format!("{both} --approvals 2"));
    assert!(code == 0 && text.matches("approved   by").count() == 2, "{text}");
}

#[test]
fn a_host_can_require_approvals() {
    let case = Case::new();
    case.sign("plan.ha", "mila", "a.approval");
    let run = "run plan.ha --given firewalls=excluded";
    let paths = ["signers", "mila.pub"].map(|name| case.path(name).to_str().unwrap().to_owned());
    let one = [("HANDOVER_APPROVALS", "1"), ("HANDOVER_ALLOWED_SIGNERS", paths[0].as_str())];
    let two = [("HANDOVER_APPROVALS", "2"), one[1]];
    let (code, text) = case.with(&format!("{run} --yes"), &one);
    case.refused(code, &text, &["somebody must have approved it, and nobody has"]);
    assert_eq!(case.with(&format!("{run} --dry-run"), &one).0, 0, "a rehearsal needs nobody");
    let (code, text) = case.with(&format!("{run} --yes --require-approval a.approval --approvals 1"), &two);
    case.refused(code, &text, &["2 people must have approved it"]);
    let approved = format!("{run} --yes --require-approval a.approval");
    let (code, text) = case.with(&format!("{approved} --allowed-signers mine"), &one);
    assert!(code == 2 && text.contains("`--allowed-signers` says otherwise than this host"), "{text}");
    let (code, text) = case.with(&approved, &[("HANDOVER_APPROVALS", "some")]);
    assert!(code == 2 && text.contains("HANDOVER_APPROVALS is `some`"), "{text}");
    let (code, text) = case.with(&approved, &[]);
    assert!(code == 2 && text.contains("nobody has said whose approvals count"), "{text}");
    let revoked = [one[0], one[1], ("HANDOVER_REVOKED_KEYS", paths[1].as_str())];
    let (code, text) = case.with(&approved, &revoked);
    case.refused(code, &text, &["mila.pub` revokes"]);
    for (name, value) in [("HANDOVER_ALLOWED_SIGNERS", "signers"), ("HANDOVER_REVOKED_KEYS", "mila.pub")] {
        let (code, text) = case.with(&approved, &[one[0], one[1], (name, value)]);
        let why = format!("{name} is `{value}`, which is another file in every folder");
        assert!(code == 2 && text.contains(&why), "{text}");
    }
    for flag in ["--replica here", "--ssh-config own", "--state elsewhere"] {
        let (code, text) = case.with(&format!("{approved} {flag}"), &one);
        case.refused(code, &text, &["this host says by HANDOVER_APPROVALS what may run on it"]);
    }
    assert_eq!(case.with(&approved, &one).0, 0);
    assert_eq!(case.with(&format!("{run} --yes"), &[("HANDOVER_APPROVALS", "0")]).0, 0);
}

#[test]
fn what_does_not_count_is_refused_with_the_reason() {
    let case = Case::new();
    case.sign("plan.ha", "mila", "a.approval");
    let approval = fs::read_to_string(case.path("a.approval")).unwrap();
    let (statement, signature) = approval.split_at(approval.find("-----BEGIN").unwrap());
    let refuses = |text: &[u8], why: &str| {
        fs::write(case.path("b.approval"), text).unwrap();
        case.refuses("--require-approval b.approval", &[why]);
    };
    refuses(statement.as_bytes(), "is not signed");
    refuses(b"", "`b.approval` is no approval: line 1");
    refuses(b"\xff", "is not UTF-8 text");
    refuses(approval.replace("move", "mova").as_bytes(), "it was changed after it was signed");
    refuses(approval.replacen("by", "-oProxyCommand=touch${IFS}log by", 1).as_bytes(), "is no approval: line");
    refuses((approval.clone() + "$(touch log)\n").as_bytes(), "stands after the signature");
    let wide = format!("{}\u{1b}[2K", "x".repeat(1 << 20));
    refuses(approval.replacen("plan      move", &format!("plan      {wide}"), 1).as_bytes(), "is not written as");
    fs::write(case.path("text"), statement).unwrap();
    case.keygen(&["-q", "-Y", "sign", "-n", "git", "-f", "mila", "text"]);
    let other = fs::read_to_string(case.path("text.sig")).unwrap();
    refuses((statement.to_owned() + &other).as_bytes(), "namespace does not match");
    refuses((statement.to_owned() + &signature.replacen("U1NI", "AAAA", 1)).as_bytes(), "does not fit");
    case.refuses("--require-approval none.approval", &["`none.approval` does not exist"]);
    case.refuses("--require-approval /dev/zero", &["`/dev/zero` is larger than 64 MiB"]);
    case.refuses("--require-approval a.approval --revoked-keys mila.pub", &["which `mila.pub` revokes"]);
    case.edit("signers", "namespaces=\"plan@handover\"", "valid-before=\"20200101\"");
    case.refuses("--require-approval a.approval", &["lets nobody sign with that", "key has expired"]);
    fs::write(case.path("signers"), "").unwrap();
    case.refuses("--require-approval a.approval", &["the ED25519 key SHA256:", "`signers` lets nobody sign with that"]);
}

#[test]
fn what_cannot_be_signed_is_not() {
    let case = Case::new();
    let (code, text) = case.handover("sign plan.ha --key none -o a.approval");
    assert!(code == 2 && text.contains("does not sign with `none`") && !case.path("a.approval").exists(), "{text}");
    let (code, text) = case.handover("sign plan.ha --key mila -o none/a.approval");
    assert!(code == 1 && text.contains("its folder does not exist"), "{text}");
    case.edit("plan.ha", "is up, osaka", "is high, osaka");
    assert_eq!(case.handover("sign plan.ha --key mila -o a.approval").0, 1);
}

#[test]
fn without_ssh_keygen_nothing_runs() {
    let case = Case::new();
    case.sign("plan.ha", "mila", "a.approval");
    let flags = "--given firewalls=excluded --yes --allowed-signers signers --require-approval a.approval";
    let (code, text) = case.with(&format!("run plan.ha {flags}"), &[("PATH", "/nonexistent")]);
    case.refused(code, &text, &["`a.approval` cannot be checked: there is no `ssh-keygen`"]);
    let (code, text) = case.with("sign plan.ha --key mila -o b.approval", &[("PATH", "/nonexistent")]);
    assert!(code == 2 && text.contains("there is no `ssh-keygen`"), "{text}");
}

#[test]
fn the_agent_signs_too() {
    let case = Case::new();
    let socket = case.path("agent").to_string_lossy().into_owned();
    let mut agent = Command::new("ssh-agent").args(["-D", "-a", &socket]).stdout(Stdio::null()).spawn().unwrap();
    let add = || {
        let mut add = Command::new("ssh-add");
        add.args(["-q", "mila"]).current_dir(&case.0).env("SSH_AUTH_SOCK", &socket).stderr(Stdio::null());
        add.status().unwrap().success()
    };
    let begin = std::time::Instant::now();
    while !add() {
        assert!(begin.elapsed().as_secs() < 30, "the agent takes no key");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    fs::remove_file(case.path("mila")).unwrap();
    let signed = case.with("sign plan.ha --key mila.pub -o a.approval", &[("SSH_AUTH_SOCK", &socket)]);
    agent.kill().unwrap();
    agent.wait().unwrap();
    assert_eq!(signed.0, 0, "{}", signed.1);
    assert_eq!(case.run("--require-approval a.approval").0, 0);
}

/// Starts the plan and kills the executor at work.
fn lost(case: &Case, flags: &str) {
    lost_by(case, flags, "mila");
}

/// The same with what is signed by this key.
fn lost_by(case: &Case, flags: &str, key: &str) {
    case.edit(
        "plan.ha",
        "echo work",
        "touch begun; while test -e begun && ! test -e go; do sleep 0.02; done; echo work",
    );
    case.sign("plan.ha", key, "a.approval");
    let mut executor = case.command(&format!("run plan.ha --given firewalls=excluded --yes{flags}"));
    let mut executor = executor.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begin = std::time::Instant::now();
    while !case.path("begun").exists() {
        assert!(begin.elapsed().as_secs() < 60, "the step does not begin");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    executor.kill().unwrap();
    executor.wait().unwrap();
}

#[test]
fn a_run_is_taken_up_again_only_as_the_host_allows() {
    let paths = |case: &Case| ["signers", "revoked"].map(|name| case.path(name).to_str().unwrap().to_owned());
    // One that nobody has approved.
    let case = Case::new();
    lost(&case, "");
    let [signers, _] = paths(&case);
    let rule = [("HANDOVER_APPROVALS", "1"), ("HANDOVER_ALLOWED_SIGNERS", signers.as_str())];
    let (code, text) = case.with("resume --settle work=failed", &rule);
    assert!(code == 3 && text.contains("wants the approvals of 1, and it was started with 0"), "{text}");
    let (code, text) = case.with("resume --state elsewhere", &rule);
    assert!(code == 3 && text.contains("`--state` cannot be `elsewhere`"), "{text}");
    fs::write(case.path("go"), "").unwrap();
    // One that Mila has approved, who may not any more, or whose key is revoked, in either form.
    let case = Case::new();
    lost(&case, " --allowed-signers signers --require-approval a.approval");
    let [signers, revoked] = paths(&case);
    let rule = |people: &'static str| [("HANDOVER_APPROVALS", people), ("HANDOVER_ALLOWED_SIGNERS", signers.as_str())];
    let with_revoked = || [&rule("1")[..], &[("HANDOVER_REVOKED_KEYS", revoked.as_str())]].concat();
    let refused = |variables: &[(&str, &str)], why: &str| {
        let (code, text) = case.with("resume --settle work=done", variables);
        assert!(code == 3 && text.contains(why) && text.contains("is not taken up again here"), "{text}");
    };
    refused(&rule("2"), "wants the approvals of 2, and it was started with 1");
    let all = fs::read_to_string(case.path("signers")).unwrap();
    let noah = all.lines().nth(1).unwrap();
    fs::write(case.path("signers"), noah.replace("noah@", "mila@")).unwrap();
    refused(&rule("1"), "mila@example.org may not sign with the key SHA256:");
    fs::write(case.path("signers"), &all).unwrap();
    fs::copy(case.path("mila.pub"), case.path("revoked")).unwrap();
    refused(&with_revoked(), "revoked` revokes");
    fs::remove_file(case.path("revoked")).unwrap();
    case.keygen(&["-q", "-k", "-f", "revoked", "mila.pub"]);
    refused(&with_revoked(), "revoked` revokes");
    case.keygen(&["-q", "-k", "-f", "revoked", "noah.pub"]);
    fs::write(case.path("go"), "").unwrap();
    let mut ended = case.with("resume --settle work=done", &with_revoked());
    if ended.0 != 0 {
        ended = case.with("resume --settle work=done", &with_revoked());
    }
    assert_eq!(ended.0, 0, "{}", ended.1);
}

#[test]
fn a_run_that_is_taken_up_again_is_the_one_that_was_approved() {
    let case = Case::new();
    lost(&case, " --allowed-signers signers --require-approval a.approval");
    case.edit("plan.ha", "echo work", "echo something else");
    fs::write(case.path("go"), "").unwrap();
    let (code, text) = case.handover("resume --settle work=done");
    assert!([0, 2, 4].contains(&code), "{text}");
    let (code, text) = if code == 0 { (code, text) } else { case.handover("resume --settle work=done") };
    assert_eq!(code, 0, "{text}");
    assert!(case.handover("show").1.contains("approved   by mila@example.org"), "{text}");
    assert_eq!(fs::read_to_string(case.path("log")).unwrap(), "work on tokyo\n");
}

/// Somebody whom an authority vouches for: their key is nowhere on this host.
#[test]
fn an_authority_may_vouch_for_those_who_sign() {
    let case = Case::new();
    case.keygen(&["-q", "-t", "ed25519", "-N", "", "-C", "ca", "-f", "ca"]);
    case.keygen(&["-q", "-s", "ca", "-I", "mila", "-n", "mila@example.org,m@example.org", "-V", "-1h:+1h", "mila.pub"]);
    let authority = fs::read_to_string(case.path("ca.pub")).unwrap();
    let signers = |options: &str| {
        fs::write(case.path("signers"), format!("*@example.org cert-authority{options} {authority}")).unwrap();
    };
    signers(",namespaces=\"git\"");
    case.sign("plan.ha", "mila-cert.pub", "a.approval");
    case.refuses(
        "--require-approval a.approval",
        &["mila@example.org", "not permitted for use in signature namespace"],
    );
    case.sign("plan.ha", "mila", "bare.approval");
    signers(",namespaces=\"plan@handover\"");
    case.refuses("--require-approval bare.approval", &["lets nobody sign with that"]);
    fs::copy(case.path("ca.pub"), case.path("revoked")).unwrap();
    case.refuses("--require-approval a.approval --revoked-keys revoked", &["revoked` revokes"]);

    // At `resume` the same people count, and no others.
    fs::remove_file(case.path("a.approval")).unwrap();
    lost_by(&case, " --allowed-signers signers --require-approval a.approval", "mila-cert.pub");
    let paths = ["signers", "revoked"].map(|name| case.path(name).to_str().unwrap().to_owned());
    let rule = [("HANDOVER_APPROVALS", "1"), ("HANDOVER_ALLOWED_SIGNERS", paths[0].as_str())];
    let with_revoked = [&rule[..], &[("HANDOVER_REVOKED_KEYS", paths[1].as_str())]].concat();
    let refused = |variables: &[(&str, &str)], why: &str| {
        let (code, text) = case.with("resume --settle work=done", variables);
        assert!(code == 3 && text.contains(why) && text.contains("is not taken up again here"), "{text}");
    };
    let may_not = "mila@example.org may not sign with the key SHA256:";
    let all = fs::read_to_string(case.path("signers")).unwrap();
    for other in [all.replace("*@example.org", "*@example.com"), all.replace("cert-authority,", ""), String::new()] {
        fs::write(case.path("signers"), other).unwrap();
        refused(&rule, may_not);
    }
    fs::write(case.path("signers"), &all).unwrap();
    let revoke = |what: &[&str]| {
        fs::remove_file(case.path("revoked")).unwrap();
        case.keygen(&[&["-q", "-k", "-f", "revoked"][..], what].concat());
        refused(&with_revoked, "revoked` revokes");
    };
    revoke(&["mila-cert.pub"]);
    revoke(&["mila.pub"]);
    revoke(&["ca.pub"]);
    for listed in ["ca.pub", "mila.pub"] {
        fs::copy(case.path(listed), case.path("revoked")).unwrap();
        refused(&with_revoked, "revoked` revokes");
    }
    fs::copy(case.path("noah.pub"), case.path("revoked")).unwrap();
    fs::write(case.path("go"), "").unwrap();
    let mut ended = case.with("resume --settle work=done", &with_revoked);
    if ended.0 != 0 {
        ended = case.with("resume --settle work=done", &with_revoked);
    }
    assert_eq!(ended.0, 0, "{}", ended.1);
    assert!(case.handover("show").1.contains("approved   by mila@example.org"));
}
