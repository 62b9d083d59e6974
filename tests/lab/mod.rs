//! A lab with real machines, built and removed by the commands of an example, and an executor at work in it.

pub mod campaign;

use serde_json::Value;
use std::cell::Cell;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread::sleep;
use std::time::{Duration, Instant};

pub const HANDOVER: &str = env!("CARGO_BIN_EXE_handover");

/// What every lab needs: a script that works where it is there, and what to say if not.
const NEEDS: [(&str, &str); 5] = [
    ("[ \"$(id -u)\" = 0 ]", "it needs root"),
    ("unshare --net --mount --pid --uts --fork true", "it needs to create namespaces"),
    ("ip netns list", "it needs iproute2"),
    ("command -v arping", "it needs arping (package iputils-arping)"),
    ("command -v ssh && command -v sshd", "it needs OpenSSH's client and server"),
];

/// Whether a lab can be built here. If not, says why, and fails where labs are required.
pub fn is_possible(more: &[(&str, &str)]) -> bool {
    let works = |script: &str| {
        let script = format!("PATH=$PATH:/usr/sbin:/sbin; {script}");
        Command::new("sh").args(["-c", &script]).output().is_ok_and(|o| o.status.success())
    };
    let Some((_, why)) = NEEDS.iter().chain(more).find(|(script, _)| !works(script)) else { return true };
    assert!(std::env::var("HANDOVER_REQUIRE_LABS").as_deref() != Ok("1"), "the lab is required, and {why}");
    say(&format!("skipped: {why}"));
    false
}

/// Says something even when the test passes.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

pub fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A lab of its own, removed when dropped.
pub struct Lab {
    folder: PathBuf,
    name: String,
    files: tempfile::TempDir,
    control: Cell<&'static str>,
}

impl Lab {
    /// Builds the lab of an example.
    pub fn up(example: &str) -> Lab {
        static LAST: AtomicU32 = AtomicU32::new(0);
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(example);
        remove_stale_labs(&folder, example);
        let name = format!("{example}-{}.{}", std::process::id(), LAST.fetch_add(1, Ordering::Relaxed));
        let files = tempfile::tempdir().expect("a folder");
        let lab = Lab { folder, name, files, control: Cell::new("lab/control") };
        lab.does("lab/up");
        lab
    }

    /// Where files of this lab's test belong.
    pub fn files(&self) -> &Path {
        self.files.path()
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// The words by which commands run on the machine that plans are run from, from now on.
    pub fn is_run_from(&self, control: &'static str) {
        self.control.set(control);
    }

    /// A command in the example's folder that finds this lab.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.folder).env("LAB_NAME", &self.name).stdin(Stdio::null());
        command.env("HANDOVER", HANDOVER).env("HANDOVER_STATE", self.files().join("runs"));
        command
    }

    /// Runs a command line that has to work; what it said.
    #[track_caller]
    pub fn does(&self, line: &str) -> String {
        let output = self.tries(line);
        assert!(output.status.success(), "{line}: {}", text(&output));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Runs a command line: words between single spaces.
    pub fn tries(&self, line: &str) -> Output {
        let mut words = line.split(' ');
        let program = words.next().expect("a word");
        self.command(program).args(words).output().expect("a shell")
    }

    /// Runs a script in front of a machine.
    pub fn at(&self, machine: &str, script: &str) -> Output {
        self.command("lab/console").args([machine, "sh", "-c", script]).output().expect("a shell")
    }

    /// A command of handover's on the machine that plans are run from.
    pub fn handover(&self, words: &[&str]) -> Command {
        let mut control = self.control.get().split(' ');
        let mut command = self.command(control.next().expect("a word"));
        command.args(control).arg(HANDOVER).args(words);
        command
    }

    /// Runs a plan to its end.
    pub fn run(&self, plan: &str, more: &[&str]) -> Output {
        self.handover(&["run", "plan.ha", plan, "--yes"]).args(more).output().expect("handover")
    }

    /// Runs a plan that has to complete.
    #[track_caller]
    pub fn completes(&self, plan: &str, more: &[&str]) {
        let output = self.run(plan, more);
        assert!(output.status.success(), "{plan}: {}", text(&output));
    }

    /// Begins a plan.
    pub fn begin(&self, plan: &str, more: &[&str]) -> Executor {
        let mut command = self.handover(&["run", "plan.ha", plan, "--yes", "--events", "json"]);
        let mut child = command.args(more).stdout(Stdio::piped()).spawn().expect("handover");
        let lines = BufReader::new(child.stdout.take().expect("its events")).lines().map_while(Result::ok);
        let (tell, events) = mpsc::channel();
        std::thread::spawn(move || {
            for line in lines {
                let _ = tell.send(serde_json::from_str(&line).expect("JSON"));
            }
        });
        Executor { child, events }
    }

    /// Does what the example's page shows, but for building and removing the lab; all that was said.
    #[track_caller]
    pub fn follow_page(&self) -> Seen {
        let page = std::fs::read_to_string(self.folder.join("README.md")).expect("a page");
        let block = page.split("```sh\n").nth(1).and_then(|rest| rest.split("```").next()).expect("commands");
        let kept = |line: &&str| !["cd ", "lab/up", "lab/down"].iter().any(|word| line.starts_with(word));
        let lines: Vec<&str> = block.lines().filter(kept).collect();
        // The command as it is installed, with nobody at the terminal.
        let command = self.files().join("handover");
        let words =
            format!("#!/bin/sh\nexec {HANDOVER} \"$@\" --yes --state {}\n", self.files().join("runs").display());
        std::fs::write(&command, words).expect("a file");
        std::fs::set_permissions(&command, PermissionsExt::from_mode(0o755)).expect("a file");
        let script = lines.join("\n").replace("/tmp/", &format!("{}/", self.files().display()));
        let script = script.replace("handover", &command.display().to_string());
        let output = self
            .command("bash")
            .args(["-ec", &format!("trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n{script}\nwait")])
            .output()
            .expect("bash");
        assert!(output.status.success(), "{}", text(&output));
        Seen(text(&output))
    }

    pub fn json(&self, words: &[&str]) -> Value {
        let output = self.handover(words).args(["--format", "json"]).output().expect("handover");
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no JSON: {}", text(&output)))
    }

    /// All runs, the latest first.
    pub fn runs(&self) -> Vec<Value> {
        self.json(&["runs"])["runs"].as_array().expect("runs").clone()
    }

    /// What the journal of a run says.
    pub fn events(&self, run: &Value) -> Vec<Value> {
        let id = run["id"].as_str().expect("a run");
        self.json(&["show", id])["events"].as_array().expect("events").clone()
    }

    /// What the latest run has become of, and what it has left open.
    pub fn left(&self) -> String {
        let events = self.events(self.runs().first().expect("a run"));
        let Some(end) = events.iter().find(|e| e["event"] == "run_ended") else { return String::from("unfinished") };
        let name = |step: &Value| {
            let event = events.iter().find(|e| e["step"] == *step && !e["name"].is_null());
            event.and_then(|e| e["name"].as_str()).unwrap_or("a step").to_owned()
        };
        let open = |open: &Value| match open["what"].as_str() {
            Some("thing") => format!("{} in doubt", open["name"].as_str().unwrap_or_default()),
            Some("unknown") => format!("`{}` unknown", name(&open["step"])),
            _ => format!("`{}` not put right", name(&open["step"])),
        };
        let open: Vec<String> = end["open"].as_array().into_iter().flatten().map(open).collect();
        let outcome = end["outcome"].as_str().unwrap_or_default();
        if open.is_empty() { outcome.to_owned() } else { format!("{outcome}: {}", open.join(", ")) }
    }

    /// How often these steps were begun in all runs, without those that were found to be done already.
    pub fn begun(&self, steps: &[&str]) -> usize {
        let in_run = |run: &Value| {
            let events = self.events(run);
            let is = |e: &&Value, event: &str, step: &str| e["event"] == event && e["name"] == step;
            let begun = |step: &&&str| {
                let already = events.iter().any(|e| is(&e, "step_ended", step) && e["outcome"] == "already_so");
                !already && events.iter().any(|e| is(&e, "step_started", step))
            };
            steps.iter().filter(begun).count()
        };
        self.runs().iter().map(in_run).sum()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = self.command("lab/down").status();
    }
}

/// An executor at work. It is a process of this machine's, so that it can be ended like one.
pub struct Executor {
    child: Child,
    events: mpsc::Receiver<Value>,
}

/// How long a run may take before the operator loses patience, who asks it to end twice, and then kills it.
const PATIENCE: [Duration; 3] = [Duration::from_secs(90), Duration::from_secs(10), Duration::from_secs(30)];

impl Executor {
    /// Waits until a step begins; false if the run ends without it.
    pub fn reaches(&mut self, step: &str) -> bool {
        self.events.iter().any(|event| event["event"] == "step_started" && event["name"] == step)
    }

    pub fn is_at_work(&mut self) -> bool {
        self.child.try_wait().expect("a process").is_none()
    }

    /// Ends it as `kill -9` does.
    pub fn kill(&mut self) {
        self.child.kill().expect("a process");
    }

    /// Asks it to end, as Ctrl-C does.
    pub fn interrupt(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("a process");
    }

    /// Waits for its end; the exit code, if it was not killed. What it says will take longer than the operator's patience is
    /// not waited for.
    pub fn wait(mut self) -> Option<i32> {
        for patience in PATIENCE {
            let start = Instant::now();
            while start.elapsed() < patience && !self.events.try_iter().any(|event| is_too_long(&event)) {
                if let Some(status) = self.child.try_wait().expect("a process") {
                    return status.code();
                }
                sleep(Duration::from_millis(20));
            }
            self.interrupt();
        }
        self.kill();
        self.child.wait().expect("a process").code()
    }
}

/// Whether a connection was lost, and the node is looked for longer than anybody wants to wait.
fn is_too_long(event: &Value) -> bool {
    let time = |name: &str| event[name].as_str()?.parse::<jiff::Timestamp>().ok();
    let sought = time("sought_until").zip(time("time"));
    sought.is_some_and(|(until, lost)| {
        until.duration_since(lost) > jiff::SignedDuration::try_from(PATIENCE[0]).expect("short")
    })
}

/// A program of the lab's that runs until it is ended, and says then what it has seen.
pub struct Witness(Option<Child>);

impl Witness {
    pub fn start(mut command: Command) -> Witness {
        Witness(Some(command.stdout(Stdio::piped()).spawn().expect("a witness")))
    }

    /// Ends it; what it has seen.
    pub fn stop(mut self) -> Seen {
        let child = self.0.take().expect("a witness");
        terminate(&child);
        Seen(text(&child.wait_with_output().expect("it ends")))
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            terminate(child);
            let _ = child.wait();
        }
    }
}

/// What a witness has seen.
pub struct Seen(pub String);

impl Seen {
    /// The number on the line that begins so.
    #[track_caller]
    pub fn number(&self, key: &str) -> u64 {
        let number = self.0.lines().find_map(|l| l.strip_prefix(key)?.trim().trim_end_matches(" ms").parse().ok());
        number.unwrap_or_else(|| panic!("nothing is said of `{key}`: {}", self.0))
    }
}

fn terminate(child: &Child) {
    let pid = rustix::process::Pid::from_child(child);
    let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
}

/// Takes down the labs of processes that are no more.
fn remove_stale_labs(folder: &Path, example: &str) {
    let Ok(entries) = std::fs::read_dir("/run/netns") else { return };
    for name in entries.flatten().filter_map(|e| e.file_name().into_string().ok()) {
        let Some(number) = name.strip_prefix(example).and_then(|rest| rest.strip_prefix('-')?.split('-').next()) else {
            continue;
        };
        let pid = number.split('.').next().unwrap_or_default();
        // A process that nobody has collected yet has no program any more.
        let program = std::fs::read_link(Path::new("/proc").join(pid).join("exe")).unwrap_or_default();
        if !program.file_name().is_some_and(|name| name.to_string_lossy().starts_with(example)) {
            let _ = Command::new(folder.join("lab/down")).env("LAB_NAME", format!("{example}-{number}")).status();
        }
    }
}
