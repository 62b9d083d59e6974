//! The quickstart example, for real: two nodes on the loopback, a client that keeps asking, both back ends.
#![cfg(unix)]
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const HANDOVER: &str = env!("CARGO_BIN_EXE_handover");

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/quickstart")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The example's nodes and a client that asks node `a`, in a folder of their own; stopped when dropped.
struct Nodes {
    state: tempfile::TempDir,
    port: String,
    client: Option<Child>,
}

impl Nodes {
    fn up() -> Nodes {
        let state = tempfile::tempdir().expect("a folder");
        let port = Command::new(example().join("web")).arg("free-port").output().expect("python3");
        let port = text(&port.stdout).trim().to_owned();
        let mut nodes = Nodes { state, port, client: None };
        assert!(nodes.on("a", &["web", "start"]).status.success());
        let seen = std::fs::File::create(nodes.state.path().join("seen")).expect("a file");
        let client = nodes.command("./on").args(["watch", "client"]).stdout(seen).spawn();
        nodes.client = Some(client.expect("a client"));
        nodes.wait_for_answers_by("a");
        nodes
    }

    /// A command in the example's folder that finds these nodes.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(example()).env("QUICKSTART_STATE", self.state.path()).env("QUICKSTART_PORT", &self.port);
        command
    }

    fn on(&self, node: &str, words: &[&str]) -> Output {
        self.command("./on").arg(node).args(words).output().expect("a shell")
    }

    fn run(&self, plan: &str) -> Output {
        let runs = self.state.path().join("runs");
        self.command(HANDOVER).args(["run", "plan.ha", plan, "--yes", "--state"]).arg(runs).output().expect("handover")
    }

    fn requests(&self) -> String {
        std::fs::read_to_string(self.state.path().join("watch/requests.log")).unwrap_or_default()
    }

    /// Waits until a node has answered some of the latest requests.
    fn wait_for_answers_by(&self, node: &str) {
        let start = Instant::now();
        while self.requests().lines().rev().take(3).filter(|l| l.contains(&format!(" {node} "))).count() < 3 {
            assert!(start.elapsed() < Duration::from_secs(20), "{node} does not answer:\n{}", self.requests());
            sleep(Duration::from_millis(20));
        }
    }

    /// Ends the client: whether it saw one node at a time, and what it says it saw.
    fn end_client(&mut self) -> (bool, String) {
        let mut client = self.client.take().expect("a client");
        terminate(&client);
        let status = client.wait().expect("it ends");
        (status.success(), std::fs::read_to_string(self.state.path().join("seen")).expect("what it saw"))
    }
}

fn terminate(child: &Child) {
    let pid = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw).expect("a process id");
    let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
}

impl Drop for Nodes {
    fn drop(&mut self) {
        if let Some(client) = &mut self.client {
            terminate(client);
            let _ = client.wait();
        }
        for node in ["a", "b"] {
            let _ = self.command("./on").args([node, "web", "kill"]).stderr(Stdio::null()).status();
        }
    }
}

/// Runs `demo.sh`, and holds it to what it promises: a, then b, never two at once, and no alarm.
fn demo(backend: &[&str]) {
    let home = tempfile::tempdir().expect("a folder");
    let output = Command::new("sh")
        .arg(example().join("demo.sh"))
        .arg(HANDOVER)
        .args(backend)
        .env("HOME", home.path())
        .env("TMPDIR", home.path())
        .env_remove("XDG_STATE_HOME")
        .stdin(Stdio::null())
        .output()
        .expect("a shell");
    let said = text(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", text(&output.stderr));
    assert!(said.contains("in turn        a then b, never two at once"), "{said}");
    assert!(said.contains("alarms         0"), "{said}");
    let left: Vec<_> = std::fs::read_dir(home.path()).expect("a folder").collect();
    assert!(left.is_empty(), "the demo leaves nothing behind: {left:?}");
}

#[test]
fn the_executor_hands_the_service_over() {
    demo(&[]);
}

#[test]
fn the_emitted_script_hands_the_service_over() {
    demo(&["sh"]);
}

#[test]
fn there_and_back_again() {
    let mut nodes = Nodes::up();
    let there = nodes.run("handover");
    assert!(there.status.success(), "{}{}", text(&there.stdout), text(&there.stderr));
    nodes.wait_for_answers_by("b");
    let back = nodes.run("return");
    assert!(back.status.success(), "{}{}", text(&back.stdout), text(&back.stderr));
    nodes.wait_for_answers_by("a");

    let (_, saw) = nodes.end_client();
    assert!(saw.contains("in turn        a then b then a"), "{saw}");
    assert!(saw.contains("alarms         0"), "{saw}");
}

#[test]
fn when_the_other_node_cannot_start_everything_is_as_before() {
    let mut nodes = Nodes::up();
    std::fs::create_dir_all(nodes.state.path().join("b/visits")).expect("a folder where the service keeps a file");

    let run = nodes.run("handover");
    assert_eq!(run.status.code(), Some(3), "stopped safely: {}{}", text(&run.stdout), text(&run.stderr));
    nodes.wait_for_answers_by("a");
    assert!(!nodes.state.path().join("watch/muted").exists(), "the monitor watches again");
    assert!(!nodes.on("b", &["web", "status"]).status.success(), "nothing runs on the other node");

    let (one_at_a_time, saw) = nodes.end_client();
    assert!(one_at_a_time, "{saw}");
    assert!(saw.contains("in turn        a, never two at once"), "{saw}");
    assert!(saw.contains("alarms         0"), "{saw}");
}
