//! A plan whose nodes are reached over a real sshd, and the journal of its runs.

use crate::sshd::Sshd;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A plan, a server for its nodes, and a journal.
pub struct Case {
    pub sshd: Sshd,
    pub folder: TempDir,
}

/// A step of this shell text on `far`, with clauses of its action.
pub fn plan(clauses: &str, script: &str) -> String {
    format!(
        "node far {{}}\naction act() on host: node {{\n  needs host is up\n  run \"\"\"\n{script}\n  \"\"\"\n  {clauses}\n}}\n\
         plan move() {{\n  given far is up\n  step one on far {{ do act() }}\n}}\n"
    )
}

impl Case {
    pub fn new(plan: &str) -> Option<Case> {
        Case::with("", plan)
    }

    /// `options` are lines of the server's configuration. In the plan, `DIR` stands for the folder.
    pub fn with(options: &str, plan: &str) -> Option<Case> {
        let folder = tempfile::tempdir().unwrap();
        let sshd = Sshd::start(&folder.path().join("sshd"), options)?;
        sshd.client("Host *\n  ServerAliveInterval 1\n  ServerAliveCountMax 2");
        let case = Case { sshd, folder };
        fs::write(case.path("plan.ha"), plan.replace("DIR", folder_name(case.folder.path()))).unwrap();
        Some(case)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    pub fn has(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_handover"));
        command.args(args).arg("--ssh-config").arg(self.path("sshd/ssh_config")).current_dir(&self.folder);
        command.env("HANDOVER_STATE", self.path("state")).env("THE_SECRET", "s3cr'et \\n$x").stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub fn start(&self, args: &[&str]) -> Child {
        self.command(&[&["run", "plan.ha", "--yes"], args].concat()).spawn().unwrap()
    }

    pub fn run(&self, args: &[&str]) -> (i32, String) {
        outcome(&self.start(args).wait_with_output().unwrap())
    }

    pub fn resume(&self) -> (i32, String) {
        outcome(&self.command(&["resume"]).output().unwrap())
    }

    pub fn wait_for(&self, name: &str) {
        wait_until(name, || fs::read_to_string(self.path(name)).is_ok_and(|text| !text.is_empty()));
    }

    /// Whether the process whose number is in this file has ended.
    pub fn is_over(&self, name: &str) -> bool {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.read(name).trim())).unwrap_or_default();
        assert!(!self.read(name).is_empty(), "`{name}` has never begun");
        stat.is_empty() || stat.contains(") Z ")
    }
}

fn folder_name(path: &Path) -> &str {
    path.to_str().unwrap()
}

pub fn wait_until(what: &str, so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !so() {
        assert!(begin.elapsed() < Duration::from_secs(60), "it does not come: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

pub fn outcome(output: &Output) -> (i32, String) {
    let text = [&output.stdout, &output.stderr].map(|t| String::from_utf8_lossy(t).into_owned()).concat();
    (output.status.code().unwrap_or(-1), text)
}

/// Runs until told to go on, with a child that does not want to end.
pub const BUSY: &str = "    trap '' TERM\n    sleep 300 & echo $! >DIR/child\n    echo $$ >DIR/begun\n    \
                    until test -e DIR/go; do sleep 0.05; done\n    echo so >DIR/done\n    kill -9 $(cat DIR/child)\n    exit 3";
