//! A plan compiled to a script, in a folder of its own, to be run by each shell that there is.

use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A shell: the words to start it.
pub type Shell = &'static [&'static str];

/// The shells that scripts are for. Those that are not installed are left out, and said to be.
pub fn shells() -> Vec<Shell> {
    const KNOWN: [Shell; 3] = [&["dash"], &["busybox", "sh"], &["bash"]];
    let there = |words: &Shell| {
        let works = Command::new(words[0]).args(&words[1..]).args(["-c", ":"]).output().is_ok();
        if !works {
            eprintln!("skipped: there is no {}", words[0]);
        }
        works
    };
    let found: Vec<Shell> = KNOWN.into_iter().filter(there).collect();
    if found.is_empty() { vec![&["sh"]] } else { found }
}

/// Runs `check` with each shell.
pub fn each_shell(check: impl Fn(Shell)) {
    for shell in shells() {
        println!("by {shell:?}");
        check(shell);
    }
}

/// A compiled plan.
pub struct Case {
    folder: TempDir,
    shell: Shell,
}

impl Case {
    /// The only plan of a text.
    pub fn new(plan: &str, shell: Shell) -> Case {
        let case = Case { folder: tempfile::tempdir().unwrap(), shell };
        case.compile(plan, "plan");
        case
    }

    /// Compiles a text to `NAME.sh`.
    pub fn compile(&self, plan: &str, name: &str) {
        let text = format!("{name}.ha");
        fs::write(self.path(&text), plan).unwrap();
        let built = Command::new(env!("CARGO_BIN_EXE_handover"))
            .args(["build", &text, "--emit", "sh", "-o", &format!("{name}.sh")])
            .current_dir(self.folder())
            .output()
            .unwrap();
        assert!(built.status.success(), "{}", outcome(&built).1);
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    pub fn has(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// A program that commands of the plan find in `bin`.
    pub fn program(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path("bin")).unwrap();
        let path = self.path("bin").join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// The script `NAME.sh` in a process group of its own.
    pub fn command_of(&self, name: &str, args: &[&str]) -> Command {
        let mut command = Command::new(self.shell[0]);
        command.args(&self.shell[1..]).arg(self.path(&format!("{name}.sh"))).args(args);
        let path = format!("{}:{}", self.path("bin").display(), std::env::var("PATH").unwrap());
        command.env("PATH", path).env("HOME", self.folder()).env_remove("XDG_STATE_HOME").env_remove("HANDOVER_DIR");
        command.current_dir(self.folder()).process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub fn command(&self, args: &[&str]) -> Command {
        self.command_of("plan", args)
    }

    pub fn start(&self, args: &[&str]) -> Child {
        self.command(args).spawn().unwrap()
    }

    /// Runs the script to its end: exit code and what it says.
    pub fn run(&self, args: &[&str]) -> (i32, String) {
        outcome(&self.command(args).output().unwrap())
    }

    pub fn wait_for(&self, name: &str) {
        let begin = Instant::now();
        while !self.has(name) {
            assert!(begin.elapsed() < Duration::from_secs(60), "`{name}` does not appear");
            sleep(Duration::from_millis(5));
        }
    }
}

pub fn outcome(output: &Output) -> (i32, String) {
    let text = [&output.stdout, &output.stderr].map(|t| String::from_utf8_lossy(t).into_owned()).concat();
    (output.status.code().unwrap_or(-1), text)
}

pub fn finish(child: Child) -> (i32, String) {
    outcome(&child.wait_with_output().unwrap())
}

pub fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// Whether a process is alive.
pub fn lives(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

/// Writes a file.
pub fn touch(path: PathBuf) {
    fs::write(path, "").unwrap();
}
