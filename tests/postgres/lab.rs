//! The lab of the example: built, asked and removed by its own commands.

use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread::sleep;
use std::time::{Duration, Instant};

const HANDOVER: &str = env!("CARGO_BIN_EXE_handover");
const LABS: &str = "handover-test-";

pub fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/postgres")
}

/// Whether the lab can be built here. If not, says why, and fails where it is required.
pub fn is_possible() -> bool {
    let Some(why) = missing() else { return true };
    assert!(std::env::var("HANDOVER_REQUIRE_LABS").as_deref() != Ok("1"), "the lab is required, and {why}");
    say(&format!("skipped: {why}"));
    false
}

fn missing() -> Option<&'static str> {
    if !rustix::process::geteuid().is_root() {
        return Some("it needs root");
    }
    let works = |script: &str| Command::new("sh").args(["-c", script]).output().is_ok_and(|o| o.status.success());
    [
        ("unshare --net --mount --pid --uts --fork true", "it needs to create namespaces"),
        ("ip netns list", "it needs iproute2"),
        ("command -v arping", "it needs arping (package iputils-arping)"),
        ("command -v ssh && PATH=$PATH:/usr/sbin:/sbin command -v sshd", "it needs OpenSSH's client and server"),
        ("ls /usr/lib/postgresql/*/bin/initdb || command -v initdb", "it needs PostgreSQL"),
        ("id postgres && command -v runuser", "it needs the user postgres"),
    ]
    .into_iter()
    .find(|(script, _)| !works(script))
    .map(|(_, why)| why)
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
    name: String,
    files: tempfile::TempDir,
}

impl Lab {
    pub fn up() -> Lab {
        static LAST: AtomicU32 = AtomicU32::new(0);
        remove_stale_labs();
        let name = format!("{LABS}{}.{}", std::process::id(), LAST.fetch_add(1, Ordering::Relaxed));
        let lab = Lab { name, files: tempfile::tempdir().expect("a folder") };
        lab.does("lab/up");
        lab
    }

    /// Where files of this lab's test belong.
    pub fn folder(&self) -> &Path {
        self.files.path()
    }

    /// The name of a network of the lab: a host's, or `wan`.
    pub fn network(&self, name: &str) -> String {
        format!("{}-{name}", self.name)
    }

    /// A file of a host's that its console sees elsewhere.
    pub fn file(&self, host: &str, name: &str) -> PathBuf {
        Path::new("/var/tmp").join(&self.name).join(host).join(name)
    }

    /// Waits until a file is there; the executor must be at work all the while.
    pub fn wait_for_file(&self, host: &str, name: &str, executor: &mut Executor) {
        let file = self.file(host, name);
        while !file.exists() {
            assert!(executor.is_at_work(), "{} does not appear", file.display());
            sleep(Duration::from_millis(10));
        }
    }

    /// A command in the example's folder that finds this lab.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(example()).env("LAB_NAME", &self.name).stdin(Stdio::null());
        command
    }

    pub fn does(&self, line: &str) {
        let output = self.try_line(line);
        assert!(output.status.success(), "{line}: {}", text(&output));
    }

    pub fn try_line(&self, line: &str) -> Output {
        let mut words = line.split(' ');
        let program = words.next().expect("a word");
        self.command(program).args(words).output().expect("a shell")
    }

    /// Runs a statement on a server as its administrator, in front of it.
    pub fn sql(&self, host: &str, statement: &str) -> Option<String> {
        let psql = "runuser -u postgres -- timeout 2 psql -d postgres -qAtX -v ON_ERROR_STOP=1 -c";
        let output = self.command("lab/console").arg(host).args(psql.split(' ')).arg(statement).output();
        let output = output.expect("a shell");
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// The hosts whose server would accept a write.
    pub fn writable(&self) -> Vec<&'static str> {
        let attempt = "begin; insert into writes values (-1, ''); rollback";
        ["pg1", "pg2"].into_iter().filter(|host| self.sql(host, attempt).is_some()).collect()
    }

    /// A command of handover's on a control host. All control hosts have one journal.
    pub fn handover(&self, control: &str, words: &[&str]) -> Command {
        let mut command = self.command("lab/console");
        command.args([control, HANDOVER]).args(words).arg("--state").arg(self.folder().join("runs"));
        command
    }

    /// Runs a plan with the executor.
    pub fn run(&self, plan: &str, more: &[&str]) -> Output {
        self.handover("ctl-west", &["run", "plan.ha", plan, "--yes"]).args(more).output().expect("handover")
    }

    /// Compiles a plan to a shell script, and runs that.
    pub fn run_script(&self, plan: &str) -> Output {
        let script = self.folder().join("plan.sh");
        let build = self.command(HANDOVER).args(["build", "plan.ha", plan, "--emit", "sh", "-o"]).arg(&script).output();
        let build = build.expect("handover");
        assert!(build.status.success(), "{}", text(&build));
        let mut command = self.command("lab/console");
        command.args(["ctl-west", "sh"]).arg(&script).env("HANDOVER_DIR", example());
        command.arg("--state").arg(self.folder().join("script")).output().expect("a shell")
    }

    /// Begins a plan on a control host.
    pub fn begin(&self, control: &str, plan: &str, more: &[&str]) -> Executor {
        let words = ["run", "plan.ha", plan, "--yes", "--events", "json"];
        let mut command = self.handover(control, &words);
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

    pub fn json(&self, words: &[&str]) -> Value {
        let output = self.handover("ctl-west", words).args(["--format", "json"]).output();
        serde_json::from_slice(&output.expect("handover").stdout).expect("JSON")
    }

    /// The latest run, as it is listed.
    pub fn latest(&self) -> Value {
        self.json(&["runs"])["runs"][0].clone()
    }

    /// What the journal of a run says.
    pub fn events(&self, run: &str) -> Vec<Value> {
        self.json(&["show", run])["events"].as_array().expect("events").clone()
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
    /// Reads on until something happens to a step; false if the run ends without it.
    pub fn reaches(&mut self, event: &str, step: &str) -> bool {
        self.events.iter().any(|found| found["event"] == event && found["name"] == step)
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

    /// Waits for its end; the exit code, if it was not killed.
    pub fn wait(mut self) -> Option<i32> {
        for patience in PATIENCE {
            let start = Instant::now();
            while start.elapsed() < patience {
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

/// Takes down the labs of processes that are no more.
fn remove_stale_labs() {
    let Ok(entries) = std::fs::read_dir("/run/netns") else { return };
    for name in entries.flatten().filter_map(|e| e.file_name().into_string().ok()) {
        let Some(lab) = name.strip_prefix(LABS).and_then(|rest| rest.split('-').next()) else { continue };
        let pid = lab.split('.').next().unwrap_or_default();
        // A process that nobody has collected yet has no program any more.
        let program = std::fs::read_link(Path::new("/proc").join(pid).join("exe")).unwrap_or_default();
        if !program.file_name().is_some_and(|name| name.to_string_lossy().starts_with("postgres-")) {
            let _ = Command::new(example().join("lab/down")).env("LAB_NAME", format!("{LABS}{lab}")).status();
        }
    }
}
