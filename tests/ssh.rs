//! Nodes over real ssh: what arrives there, what becomes of commands whose connection is lost, what is ended and whether
//! that is certain, what is refused before anything starts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod sshd;

use rustix::process::{Pid, Signal, kill_process};
use sshd::Sshd;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A plan, a server for its nodes, and a journal.
struct Case {
    sshd: Sshd,
    folder: TempDir,
}

/// A step of this shell text on `far`, with clauses of its action.
fn plan(clauses: &str, script: &str) -> String {
    format!(
        "node far {{}}\naction act() on host: node {{\n  needs host is up\n  run \"\"\"\n{script}\n  \"\"\"\n  {clauses}\n}}\n\
         plan move() {{\n  given far is up\n  step one on far {{ do act() }}\n}}\n"
    )
}

impl Case {
    fn new(plan: &str) -> Option<Case> {
        Case::with("", plan)
    }

    /// `options` are lines of the server's configuration. In the plan, `DIR` stands for the folder.
    fn with(options: &str, plan: &str) -> Option<Case> {
        let folder = tempfile::tempdir().unwrap();
        let sshd = Sshd::start(&folder.path().join("sshd"), options)?;
        sshd.client("Host *\n  ServerAliveInterval 1\n  ServerAliveCountMax 2");
        let case = Case { sshd, folder };
        fs::write(case.path("plan.ha"), plan.replace("DIR", folder_name(case.folder.path()))).unwrap();
        Some(case)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    fn has(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_handover"));
        command.args(args).arg("--ssh-config").arg(self.path("sshd/ssh_config")).current_dir(&self.folder);
        command.env("HANDOVER_STATE", self.path("state")).env("THE_SECRET", "s3cr'et \\n$x").stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn start(&self, args: &[&str]) -> Child {
        self.command(&[&["run", "plan.ha", "--yes"], args].concat()).spawn().unwrap()
    }

    fn run(&self, args: &[&str]) -> (i32, String) {
        outcome(&self.start(args).wait_with_output().unwrap())
    }

    fn resume(&self) -> (i32, String) {
        outcome(&self.command(&["resume"]).output().unwrap())
    }

    fn wait_for(&self, name: &str) {
        wait_until(name, || fs::read_to_string(self.path(name)).is_ok_and(|text| !text.is_empty()));
    }

    /// Whether the process whose number is in this file has ended.
    fn is_over(&self, name: &str) -> bool {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.read(name).trim())).unwrap_or_default();
        assert!(!self.read(name).is_empty(), "`{name}` has never begun");
        stat.is_empty() || stat.contains(") Z ")
    }
}

fn folder_name(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn wait_until(what: &str, so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !so() {
        assert!(begin.elapsed() < Duration::from_secs(60), "it does not come: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn outcome(output: &Output) -> (i32, String) {
    let text = [&output.stdout, &output.stderr].map(|t| String::from_utf8_lossy(t).into_owned()).concat();
    (output.status.code().unwrap_or(-1), text)
}

/// Runs until told to go on, with a child that does not want to end.
const BUSY: &str = "    trap '' TERM\n    sleep 300 & echo $! >DIR/child\n    echo $$ >DIR/begun\n    \
                    until test -e DIR/go; do sleep 0.05; done\n    echo so >DIR/done\n    kill -9 $(cat DIR/child)\n    exit 3";

#[test]
fn scripts_values_and_secrets_arrive_unchanged_and_nothing_shows_the_secrets() {
    let Some(case) = Case::new(
        r##"
secret pw { env = "THE_SECRET" }
node far { host = "far.example" }
action write(text: string) on host: node {
  needs host is up
  env   PW = pw
  env   PLAIN = "it's {{text}}"
  run   "printf '%s\n' {{text}} \"$PW\" \"$PLAIN\" >>DIR/out # that is all"
}
action show() on host: node {
  needs host is up
  env   PW = pw
  run   "echo out; printf 'leak %s\n' \"$PW\" >&2; echo $$ >DIR/begun; until test -e DIR/go; do sleep 0.05; done; cat"
}
plan move() {
  given far is up
  step one on far { do write("it's \"so\" $HOME `id` \\ \\n * %s \t !x ~ ä") }
  step two on far { run """
      for i in 1 2; do
        echo "$i  line" >>DIR/out
      done
      printf 'a\\nb\n' >>DIR/out
      cat >>DIR/out
      """ }
  step three on far { do show() }
  step four on far { run "exit 255" }
}
"##,
    ) else {
        return;
    };
    let executor = case.start(&[]);
    case.wait_for("begun");
    for entry in fs::read_dir("/proc").unwrap().flatten().filter(|e| e.path().join("cmdline").exists()) {
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&line).contains("s3cr"), "{entry:?}");
    }
    fs::write(case.path("go"), "").unwrap();
    let (code, text) = outcome(&executor.wait_with_output().unwrap());
    assert_eq!(code, 3, "{text}");
    let odd = "it's \"so\" $HOME `id` \\ \\n * %s \t !x ~ ä";
    assert_eq!(case.read("out"), format!("{odd}\ns3cr'et \\n$x\nit's {odd}\n1  line\n2  line\na\\nb\n"));
    assert!(text.contains("four on far") && text.contains("exit code 255"), "{text}");
    for text in files(&case.path("state")) {
        assert!(!String::from_utf8_lossy(&text).contains("s3cr"), "the journal has it");
    }
    assert!(!text.contains("s3cr"), "{text}");
    let folder = format!("handover-{}", rustix::process::getuid().as_raw());
    let notes = ["/run", "/tmp", "/var/tmp"].map(|root| Path::new(root).join(&folder));
    let run = text.split("run        ").nth(1).unwrap().split(' ').next().unwrap();
    for left in notes.iter().filter_map(|n| fs::read_dir(n).ok()).flat_map(|entries| entries.flatten()) {
        assert!(!left.file_name().to_string_lossy().starts_with(run), "the notes at the node are removed");
    }
}

fn files(folder: &Path) -> Vec<Vec<u8>> {
    let paths = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![fs::read(&path).unwrap()] }).collect()
}

#[test]
fn a_cut_connection_does_not_end_a_command_and_its_end_is_found_out() {
    for (signal, ends_with) in [(Signal::KILL, "exit 3"), (Signal::KILL, "exit 0"), (Signal::STOP, "exit 3")] {
        let Some(case) = Case::new(&plan("", &BUSY.replace("exit 3", ends_with))) else { return };
        let executor = case.start(&[]);
        case.wait_for("begun");
        case.sshd.strike(signal);
        // A stopped connection is found out by its silence.
        std::thread::sleep(Duration::from_secs(if signal == Signal::STOP { 6 } else { 1 }));
        fs::write(case.path("go"), "").unwrap();
        let (code, text) = outcome(&executor.wait_with_output().unwrap());
        let expected = if ends_with == "exit 0" { 0 } else { 3 };
        assert_eq!(code, expected, "{signal:?} {ends_with}: {text}");
        assert!(text.contains("far lost") && text.matches("far open").count() == 2, "{text}");
        assert!(case.has("done") && (code == 0 || text.contains("exit code 3")), "{text}");
    }
}

#[test]
fn how_a_command_ended_is_told_however_late_that_is_noted() {
    let script =
        "    echo $PPID >DIR/runner\n    echo $$ >DIR/begun\n    until test -e DIR/go; do sleep 0.05; done\n    exit 3";
    let Some(case) = Case::new(&plan("", script)) else { return };
    let executor = case.start(&[]);
    case.wait_for("begun");
    let runner = Pid::from_raw(case.read("runner").trim().parse().unwrap()).unwrap();
    kill_process(runner, Signal::STOP).unwrap();
    case.sshd.strike(Signal::KILL);
    fs::write(case.path("go"), "").unwrap();
    wait_until("the end of the command", || case.is_over("begun"));
    // Longer than it takes to be asked again, and than a note usually is on its way.
    std::thread::sleep(Duration::from_secs(6));
    kill_process(runner, Signal::CONT).unwrap();
    let (code, text) = outcome(&executor.wait_with_output().unwrap());
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("exit code 3"), "{text}");
}

#[test]
fn output_that_nobody_takes_does_not_end_a_command() {
    let script =
        "    echo $$ >DIR/begun\n    for i in 1 2 3 4 5 6 7 8 9; do echo line; sleep 0.2; done\n    echo so >DIR/done";
    let Some(case) = Case::new(&plan("", script)) else { return };
    let executor = case.start(&[]);
    case.wait_for("begun");
    case.sshd.strike(Signal::KILL);
    let (code, text) = outcome(&executor.wait_with_output().unwrap());
    assert_eq!((code, case.has("done")), (0, true), "{text}");
}

#[test]
fn an_outcome_that_nobody_can_tell_is_unknown_and_read_back_if_that_is_possible() {
    let Some(mut case) = Case::new(&plan("", BUSY)) else { return };
    let executor = case.start(&["--lost-after", "2"]);
    case.wait_for("begun");
    case.sshd.strike(Signal::KILL);
    case.sshd.stop();
    let (code, text) = outcome(&executor.wait_with_output().unwrap());
    assert_eq!(code, 4, "{text}");
    assert!(text.contains("it could not be asked again; it may still be running on `far`"), "{text}");
    assert!(text.contains("nobody knows whether one on far happened"), "{text}");
    let sought = text.split("far lost, looked for until ").nth(1).and_then(|rest| rest.get(9..)).unwrap_or_default();
    assert!(sought.starts_with(" (2s), then the outcome is unknown: "), "{text}");
    fs::write(case.path("go"), "").unwrap();
    wait_until("the end of the command", || case.is_over("begun"));
}

#[test]
fn what_cannot_be_reached_when_a_step_begins_has_not_begun() {
    let text = r#"
node far {}
node here { via = local }
plan move() {
  given far is up, here is up
  step one on far { run "echo x >DIR/one" }
  step wait on here { run "echo x >DIR/begun; until test -e DIR/go; do sleep 0.05; done" }
  step two on far { run "echo x >DIR/two" }
}
"#;
    for back in [false, true] {
        let Some(mut case) = Case::new(text) else { return };
        let executor = case.start(&["--lost-after", "1"]);
        case.wait_for("begun");
        case.sshd.strike(Signal::KILL);
        case.sshd.stop();
        if back {
            case.sshd.boot();
        }
        std::thread::sleep(Duration::from_millis(300));
        fs::write(case.path("go"), "").unwrap();
        let (code, text) = outcome(&executor.wait_with_output().unwrap());
        assert_eq!((code, case.has("two")), if back { (0, true) } else { (3, false) }, "{text}");
        assert!(back || text.contains("two on far") && text.contains("`far` cannot be reached"), "{text}");
    }
}

#[test]
fn a_limit_ends_everything_that_was_started_and_that_is_certain() {
    for clause in ["within 1s, then kill", "within 1s"] {
        let Some(case) = Case::new(&plan(clause, BUSY)) else { return };
        let (code, text) = case.run(&[]);
        assert_eq!(code, 3, "{clause}: {text}");
        assert!(text.contains("it did not end within 1s"), "{text}");
        assert!(case.is_over("begun") && case.is_over("child"), "{clause}: {text}");
    }
}

#[test]
fn what_leaves_its_session_is_ended_too() {
    let script = "    setsid sh -c 'trap \"\" TERM; echo $$ >DIR/stray; until test -e DIR/go; do sleep 0.1; done' &\n    \
                  until test -s DIR/stray; do sleep 0.05; done\n    echo $$ >DIR/begun\n    sleep 100";
    for place in ["far", "near"] {
        let text =
            plan("within 1s, then kill", script).replace("node far {}", "node far {}\nnode near { via = local }");
        let text = text
            .replace("given far is up", "given far is up, near is up")
            .replace("one on far", &format!("one on {place}"));
        let Some(case) = Case::new(&text) else { return };
        let (code, text) = case.run(&[]);
        assert!(case.is_over("begun") && case.is_over("stray"), "{place}: {text}");
        assert_eq!(code, 3, "{place}: {text}");
        assert!(text.contains("it did not end within 1s"), "{text}");
    }
}

#[test]
fn what_ended_in_time_while_the_executor_was_stopped_has_ended() {
    for place in ["far", "near"] {
        let script = "    echo $$ >DIR/begun\n    until test -e DIR/go; do sleep 0.05; done\n    echo so >DIR/done";
        let text =
            plan("within 3s, then kill", script).replace("node far {}", "node far {}\nnode near { via = local }");
        let text = text
            .replace("given far is up", "given far is up, near is up")
            .replace("one on far", &format!("one on {place}"));
        let Some(case) = Case::new(&text) else { return };
        let executor = case.start(&[]);
        case.wait_for("begun");
        kill_process(Pid::from_child(&executor), Signal::STOP).unwrap();
        fs::write(case.path("go"), "").unwrap();
        wait_until("the end of the command", || case.has("done") && case.is_over("begun"));
        // Longer than the limit, and than what a node is given above it.
        std::thread::sleep(Duration::from_millis(3000 + handover::base::limits::REMOTE_GRACE_MS));
        kill_process(Pid::from_child(&executor), Signal::CONT).unwrap();
        let (code, text) = outcome(&executor.wait_with_output().unwrap());
        assert_eq!(code, 0, "{place}: {text}");
    }
}

#[test]
fn a_command_whose_notes_were_swept_away_is_not_said_never_to_have_begun() {
    let Some(case) = Case::new(&plan("", &BUSY.replace("exit 3", "exit 0"))) else { return };
    let mut executor = case.start(&[]);
    case.wait_for("begun");
    executor.kill().unwrap();
    executor.wait().unwrap();
    let own = fs::read_to_string(format!("/proc/{}/environ", case.read("begun").trim())).unwrap();
    let slot = own.split('\0').find_map(|v| v.strip_prefix("HANDOVER_COMMAND=")).unwrap().to_owned();
    fs::remove_dir_all(&slot).unwrap();
    let (code, text) = case.resume();
    assert_eq!(code, 4, "{text}");
    assert!(!text.contains("before it began"), "{text}");
    fs::write(case.path("go"), "").unwrap();
    wait_until("the end of the command", || case.is_over("begun"));
}

#[test]
fn a_command_in_another_space_of_process_ids_is_not_said_to_have_ended() {
    let Some(case) = Case::new(&plan("", &BUSY.replace("exit 3", "exit 0"))) else { return };
    let mut executor = case.start(&[]);
    case.wait_for("begun");
    executor.kill().unwrap();
    executor.wait().unwrap();
    let own = fs::read_to_string(format!("/proc/{}/environ", case.read("begun").trim())).unwrap();
    let slot = own.split('\0').find_map(|v| v.strip_prefix("HANDOVER_COMMAND=")).unwrap().to_owned();
    let note = PathBuf::from(slot).join("begun");
    let here = fs::read_link("/proc/self/ns/pid").unwrap();
    let text = fs::read_to_string(&note).unwrap();
    assert!(text.trim_end().ends_with(here.to_str().unwrap()), "{text}");
    fs::write(&note, text.replace(here.to_str().unwrap(), "pid:[1]").replace(case.read("begun").trim(), "999999999"))
        .unwrap();
    let (code, text) = case.resume();
    assert_eq!(code, 4, "{text}");
    assert!(text.contains("nobody knows what became of `one`"), "{text}");
    fs::write(case.path("go"), "").unwrap();
    wait_until("the end of the command", || case.is_over("begun"));
}

#[test]
fn a_login_shell_that_does_not_end_its_line_is_no_obstacle() {
    let folder = tempfile::tempdir().unwrap();
    let motd = folder.path().join("motd");
    fs::write(&motd, "printf 'welcome to far'\neval \"$SSH_ORIGINAL_COMMAND\"\n").unwrap();
    let options = format!("ForceCommand sh {}", motd.display());
    let Some(case) = Case::with(&options, &plan("", "    echo so >DIR/done")) else { return };
    let (code, text) = case.run(&[]);
    assert_eq!((code, case.has("done")), (0, true), "{text}");
}

#[test]
fn any_login_shell_passes_on_what_it_is_given() {
    let text = r##"
secret pw { env = "THE_SECRET" }
node far {}
action write(text: string) on host: node {
  needs host is up
  env   PW = pw
  run   "printf '%s\n' {{text}} \"$PW\" >DIR/out; cat >>DIR/out; exit 7"
}
plan move() {
  given far is up
  step one on far { do write("it's \"so\" $HOME `id` \\ \\n * %s !x !! ~ [a] {b} ^c") }
}
"##;
    for shell in ["tcsh", "fish", "dash", "bash", "busybox sh"] {
        let mut words = shell.split(' ');
        if Command::new(words.next().unwrap()).args(words).args(["-c", "exit"]).output().is_err() {
            assert!(
                std::env::var_os("HANDOVER_REQUIRE_LABS").is_none(),
                "there is no {shell}, and nothing may be skipped"
            );
            eprintln!("skipped: there is no {shell}");
            continue;
        }
        // As sshd runs what it is asked to by the login shell, with what that reads at its start.
        let options = format!("ForceCommand exec {shell} -c \"$SSH_ORIGINAL_COMMAND\"");
        let Some(case) = Case::with(&options, text) else { return };
        fs::create_dir_all(case.path("sshd/.config/fish")).unwrap();
        fs::write(case.path("sshd/.config/fish/config.fish"), "echo -n 'welcome to fish'; touch ~/read\n").unwrap();
        fs::write(case.path("sshd/.tcshrc"), "echo -n 'welcome to tcsh'; touch ~/read\n").unwrap();
        let (code, said) = case.run(&[]);
        assert!(code == 3 && said.contains("exit code 7"), "{shell}: {said}");
        assert_eq!(case.has("sshd/read"), ["tcsh", "fish"].contains(&shell), "{shell}: it was not asked");
        let odd = r#"it's "so" $HOME `id` \ \n * %s !x !! ~ [a] {b} ^c"#;
        assert_eq!(case.read("out"), format!("{odd}\ns3cr'et \\n$x\n"), "{shell}");
    }
}

#[test]
fn a_limit_is_kept_by_the_node_when_nobody_can_reach_it() {
    let Some(mut case) = Case::new(&plan("within 2s, then kill", BUSY)) else { return };
    let executor = case.start(&["--lost-after", "8"]);
    case.wait_for("begun");
    case.sshd.strike(Signal::KILL);
    case.sshd.stop();
    wait_until("the end of both", || case.is_over("begun") && case.is_over("child"));
    case.sshd.boot();
    let (code, text) = outcome(&executor.wait_with_output().unwrap());
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("it did not end within 2s"), "{text}");
}

#[test]
fn the_operator_ends_a_command_and_whether_that_is_certain_is_said() {
    for reachable in [true, false] {
        let Some(mut case) = Case::new(&plan("", BUSY)) else { return };
        let executor = case.start(&["--lost-after", "2"]);
        case.wait_for("begun");
        if !reachable {
            case.sshd.strike(Signal::KILL);
            case.sshd.stop();
        }
        for _ in 0..2 {
            kill_process(Pid::from_child(&executor), Signal::INT).unwrap();
            std::thread::sleep(Duration::from_millis(200));
        }
        let (code, text) = outcome(&executor.wait_with_output().unwrap());
        assert!(text.contains("the operator ended it"), "{text}");
        assert_eq!(code, if reachable { 5 } else { 4 }, "{text}");
        assert_eq!(case.is_over("begun") && case.is_over("child"), reachable, "{text}");
        fs::write(case.path("go"), "").unwrap();
        wait_until("the end of the command", || case.is_over("begun"));
    }
}

#[test]
fn a_run_that_is_taken_up_finds_what_became_of_a_command() {
    for ends_before in [true, false] {
        let Some(case) = Case::new(&plan("", &BUSY.replace("exit 3", "exit 0"))) else { return };
        let mut executor = case.start(&[]);
        case.wait_for("begun");
        executor.kill().unwrap();
        executor.wait().unwrap();
        if ends_before {
            fs::write(case.path("go"), "").unwrap();
            wait_until("the end of the command", || case.is_over("begun"));
        }
        let resumed = case.command(&["resume"]).spawn().unwrap();
        if !ends_before {
            std::thread::sleep(Duration::from_millis(700));
            fs::write(case.path("go"), "").unwrap();
        }
        let (code, text) = outcome(&resumed.wait_with_output().unwrap());
        assert_eq!(code, 0, "it ended well, and its note says so: {text}");
        assert_eq!(case.read("done"), "so\n");
    }
}

#[test]
fn a_run_that_is_taken_up_where_nothing_can_be_found_asks() {
    let Some(mut case) = Case::new(&plan("", BUSY)) else { return };
    let mut executor = case.start(&[]);
    case.wait_for("begun");
    executor.kill().unwrap();
    executor.wait().unwrap();
    case.sshd.stop();
    case.sshd.strike(Signal::KILL);
    let (code, text) = outcome(&case.command(&["resume", "--lost-after", "1"]).output().unwrap());
    assert_eq!(code, 4, "{text}");
    assert!(text.contains("nobody knows what became of `one`"), "{text}");
    fs::write(case.path("go"), "").unwrap();
    wait_until("the end of the command", || case.is_over("begun"));
    case.sshd.boot();
    let (code, text) = case.resume();
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("exit code 3"), "{text}");
}

#[test]
fn what_is_wrong_with_nodes_is_said_before_anything_starts() {
    let text = r#"
node good {}
node stranger {}
node other { user = "no-such-user" }
node lacking {}
plan move() {
  given good is up, stranger is up, other is up, lacking is up
  step a on good { run "echo x >DIR/out" }
  step b on stranger { run "true" }
  step c on other { run "true" }
  step d on lacking { run "no-such-command --now | wc -l" }
}
"#;
    let Some(case) = Case::new(text) else { return };
    let strange = case.path("sshd/strange");
    fs::write(&strange, format!("[127.0.0.1]:{} {}", case.sshd.port, case.read("sshd/user.pub"))).unwrap();
    case.sshd.client(&format!("Host stranger\n  UserKnownHostsFile {}\n", strange.display()));
    let (code, text) = case.run(&[]);
    assert_eq!((code, case.has("out")), (3, false), "{text}");
    assert!(text.contains("nothing was started"), "{text}");
    assert!(
        text.contains("`stranger`: it cannot be reached: ") && text.contains("Host key verification failed"),
        "{text}"
    );
    assert!(text.contains("SHA256:") && text.contains(&format!("{}:1", strange.display())), "which keys: {text}");
    assert!(text.contains("ssh-keygen -R") && !text.contains("--unready"), "{text}");
    assert!(text.contains("`other`: it cannot be reached: ") && text.contains("Permission denied"), "{text}");
    assert!(text.contains("`lacking`: it has no `no-such-command`"), "{text}");
    assert!(!text.contains("`good`"), "{text}");
    let (code, list) = outcome(&case.command(&["runs"]).output().unwrap());
    assert!(code == 2 || list.contains("no run"), "{list}");
    let (code, text) = case.run(&["--unready"]);
    assert_eq!((code, case.has("out")), (3, true), "{text}");
    assert!(text.contains("`lacking`: it has no `no-such-command`"), "it is told what is done without: {text}");
}

#[test]
fn a_node_whose_sshd_restarts_is_tried_again() {
    let Some(mut case) = Case::new(&plan("", "    echo so >DIR/done")) else { return };
    case.sshd.stop();
    let busy = TcpListener::bind(("127.0.0.1", case.sshd.port)).unwrap();
    let executor = case.start(&[]);
    // One that has too many connections to begin closes the next before a word is said.
    drop(busy.accept().unwrap());
    drop(busy);
    case.sshd.boot();
    let (code, text) = outcome(&executor.wait_with_output().unwrap());
    assert_eq!((code, case.has("done")), (0, true), "{text}");
    assert!(!text.contains("refused"), "{text}");
}

#[test]
fn a_node_has_as_many_commands_at_a_time_as_it_may() {
    let steps: String = (0..12)
        .map(|i| format!("    step s{i} on far {{ run \"echo + >>DIR/log; sleep 0.3; echo - >>DIR/log\" }}\n"))
        .collect();
    let text = format!("node far {{}}\nplan move() {{\n  given far is up\n  parallel {{\n{steps}  }}\n}}\n");
    // Fewer sessions than commands: ssh opens connections of its own for the others.
    for (options, per_node) in [("", "3"), ("MaxSessions 2", "4")] {
        let Some(case) = Case::with(options, &text) else { return };
        let (code, text) = case.run(&["--per-node", per_node]);
        assert_eq!(code, 0, "{text}");
        let (mut now, mut most) = (0_usize, 0);
        for line in case.read("log").lines() {
            now = if line == "+" { now + 1 } else { now - 1 };
            most = most.max(now);
        }
        assert!(most <= per_node.parse().unwrap() && most > 1, "{most} at a time: {text}");
    }
}

/// The folders of notes of a node that no other test has.
fn notes_of(node: &str) -> Vec<PathBuf> {
    let me = rustix::process::getuid().as_raw();
    let tops = ["/run", "/var/run", "/tmp", "/var/tmp"].map(|root| format!("{root}/handover-{me}"));
    let tops: std::collections::BTreeSet<PathBuf> = tops.iter().filter_map(|top| fs::canonicalize(top).ok()).collect();
    let all = tops.iter().flat_map(|top| fs::read_dir(top).unwrap()).map(|entry| entry.unwrap().path());
    all.filter(|path| path.extension().is_some_and(|extension| extension == node)).collect()
}

/// A name for a node that no other test has.
fn own_node(case: &Case) -> String {
    let name = case.folder.path().file_name().unwrap().to_str().unwrap().to_lowercase();
    format!("n_{}", name.trim_start_matches(".tmp"))
}

/// Writes a plan of its own that runs something at this node.
fn write_plan(case: &Case, file: &str, node: &str, script: &str) {
    let name = file.trim_end_matches(".ha");
    let step = format!("step one on {node} {{ run \"{script}\" }}");
    fs::write(case.path(file), format!("node {node} {{}}\nplan {name}() {{\n  given {node} is up\n  {step}\n}}\n"))
        .unwrap();
}

#[test]
fn a_run_that_is_refused_leaves_no_notes() {
    let Some(case) = Case::new(&plan("", "    true")) else { return };
    let node = own_node(&case);
    write_plan(&case, "lacking.ha", &node, "no-such-command | wc -l");
    let (code, text) = outcome(&case.command(&["run", "lacking.ha", "--yes"]).output().unwrap());
    assert!(code == 3 && text.contains("nothing was started"), "{text}");
    assert_eq!(notes_of(&node), Vec::<PathBuf>::new());
}

#[test]
fn notes_that_a_run_could_not_remove_are_removed_by_a_later_one_and_no_others() {
    let Some(mut case) = Case::new(&plan("", &BUSY.replace("exit 3", "exit 0"))) else { return };
    let node = own_node(&case);
    let text = case.read("plan.ha").replace("far", &node);
    fs::write(case.path("plan.ha"), text).unwrap();
    write_plan(&case, "other.ha", &node, "true");
    let other = |case: &Case| {
        let (code, text) = outcome(&case.command(&["run", "other.ha", "--yes"]).output().unwrap());
        assert_eq!(code, 0, "{text}");
    };
    // Its executor is lost: its notes are needed by whoever takes it up.
    let mut executor = case.start(&[]);
    case.wait_for("begun");
    executor.kill().unwrap();
    executor.wait().unwrap();
    other(&case);
    assert_eq!(notes_of(&node).len(), 1);
    // It ends while its node cannot be reached.
    case.sshd.stop();
    case.sshd.strike(Signal::KILL);
    let (code, text) =
        outcome(&case.command(&["resume", "--lost-after", "1", "--settle", "one=failed"]).output().unwrap());
    assert_eq!(code, 3, "{text}");
    assert_eq!(notes_of(&node).len(), 1);
    fs::write(case.path("go"), "").unwrap();
    wait_until("the end of the command", || case.is_over("begun"));
    case.sshd.boot();
    other(&case);
    assert_eq!(notes_of(&node), Vec::<PathBuf>::new());
}
