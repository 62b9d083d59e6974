//! A folder with a plan and a journal, and the command in it.

use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Who runs the tests, as the system knows them.
pub fn me() -> String {
    let output = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

pub struct Place(TempDir);

impl Place {
    pub fn new(plan: &str) -> Place {
        let place = Place(tempfile::tempdir().unwrap());
        fs::write(place.path("plan.ha"), plan).unwrap();
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn command(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(args).current_dir(&self.0).env("HOME", self.0.path()).env("HANDOVER_STATE", self.path("state"));
        command.env_remove("SUDO_USER").env("LC_ALL", "C.UTF-8").stdin(Stdio::null());
        command
    }

    /// Exit code and output of the command.
    pub fn handover(&self, args: &[&str]) -> (i32, String, String) {
        ended(self.command(env!("CARGO_BIN_EXE_handover"), args).output().unwrap())
    }

    /// The same of the script that was built, without a terminal.
    pub fn script(&self, args: &[&str]) -> (i32, String, String) {
        let state = self.path("scripts");
        let all = [&["--wait", "sh", "plan.sh", "--anew", "--state", state.to_str().unwrap()], args].concat();
        ended(self.command("setsid", &all).output().unwrap())
    }

    /// The command, while it runs. It has no terminal.
    pub fn start(&self, args: &[&str]) -> Child {
        let mut command = self.command(env!("CARGO_BIN_EXE_handover"), args);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default().replace('\n', " ")
    }

    /// Waits until it is so.
    pub fn until(&self, is_so: impl Fn() -> bool) {
        let patience = Instant::now() + Duration::from_secs(60);
        while !is_so() {
            assert!(Instant::now() < patience, "it did not become so");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until a step asks; gives the run.
    pub fn wait_for(&self, step: &str) -> String {
        let asks = || {
            let (_, out, _) = self.handover(&["runs", "--format", "json"]);
            let listed: Value = serde_json::from_str(&out).ok()?;
            let run = listed["runs"].as_array()?.iter().find(|run| {
                let mut waits = run["waits"].as_array().into_iter().flatten();
                waits.any(|waiting| waiting["step"] == step)
            })?;
            Some(run["id"].as_str()?.to_owned())
        };
        self.until(|| asks().is_some());
        asks().unwrap()
    }

    /// The events of this sort of the latest run.
    pub fn events(&self, kind: &str) -> Vec<Value> {
        let (_, out, err) = self.handover(&["show", "--format", "json"]);
        let shown: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}"));
        shown["events"].as_array().unwrap().iter().filter(|e| e["event"] == kind).cloned().collect()
    }
}

pub fn ended(output: Output) -> (i32, String, String) {
    let Output { status, stdout, stderr } = output;
    (status.code().unwrap_or(-1), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}
