//! The PostgreSQL example, for real: two sites as network namespaces, a primary and a synchronous standby, a client that
//! writes through the floating address all along. What a client was told is committed is never lost, and there is never
//! more than one server that clients can write to.
//!
//! Needs root, network namespaces and PostgreSQL; without them it says why it is skipped, or fails if
//! `HANDOVER_REQUIRE_LABS=1`. It leaves nothing behind, and clears what a killed run of it has left.
#![cfg(target_os = "linux")]
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests")]

use std::cell::Cell;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const HANDOVER: &str = env!("CARGO_BIN_EXE_handover");
const LABS: &str = "handover-test-";

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/postgres")
}

/// Why the lab cannot be built here, if it cannot.
fn missing() -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        return Some(String::from("it needs root"));
    }
    let works = |script: &str| Command::new("sh").args(["-c", script]).output().is_ok_and(|o| o.status.success());
    [
        ("unshare --net --mount --pid --uts --fork true", "it needs to create namespaces"),
        ("ip netns list", "it needs iproute2"),
        ("command -v arping", "it needs arping (package iputils-arping)"),
        ("ls /usr/lib/postgresql/*/bin/initdb || command -v initdb", "it needs PostgreSQL"),
        ("id postgres && command -v runuser", "it needs the user postgres"),
    ]
    .into_iter()
    .find(|(script, _)| !works(script))
    .map(|(_, why)| why.to_owned())
}

/// Says something even when the test passes.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A lab of this process's own, removed when dropped.
struct Lab {
    name: String,
    files: tempfile::TempDir,
    clients: Cell<u32>,
}

impl Lab {
    fn up() -> Lab {
        remove_stale_labs();
        let lab = Lab {
            name: format!("{LABS}{}", std::process::id()),
            files: tempfile::tempdir().expect("a folder"),
            clients: Cell::new(0),
        };
        let up = lab.command("lab/up").output().expect("a shell");
        assert!(up.status.success(), "{}", text(&up));
        lab
    }

    /// A command in the example's folder that finds this lab.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(example()).env("LAB_NAME", &self.name).stdin(Stdio::null());
        command
    }

    fn does(&self, line: &str) {
        let output = self.try_line(line);
        assert!(output.status.success(), "{line}: {}", text(&output));
    }

    fn try_line(&self, line: &str) -> Output {
        let mut words = line.split(' ');
        let program = words.next().expect("a word");
        self.command(program).args(words).output().expect("a shell")
    }

    /// Runs a statement on a server as its administrator, in front of it.
    fn sql(&self, host: &str, statement: &str) -> Option<String> {
        let psql = "runuser -u postgres -- timeout 2 psql -d postgres -qAtX -v ON_ERROR_STOP=1 -c";
        let output = self.command("lab/console").arg(host).args(psql.split(' ')).arg(statement).output();
        let output = output.expect("a shell");
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// The hosts whose server would accept a write.
    fn writable(&self) -> Vec<&'static str> {
        let attempt = "begin; insert into writes values (-1, ''); rollback";
        ["pg1", "pg2"].into_iter().filter(|host| self.sql(host, attempt).is_some()).collect()
    }

    fn state(&self) -> PathBuf {
        self.files.path().join("runs")
    }

    /// Runs a plan with the executor.
    fn run(&self, plan: &str, more: &[&str]) -> Output {
        let mut command = self.command(HANDOVER);
        command.args(["run", "plan.ha", plan, "--yes", "--state"]).arg(self.state()).args(more);
        command.output().expect("handover")
    }

    /// Compiles a plan to a shell script, and runs that.
    fn run_script(&self, plan: &str) -> Output {
        let script = self.files.path().join("plan.sh");
        let build = self.command(HANDOVER).args(["build", "plan.ha", plan, "--emit", "sh", "-o"]).arg(&script).output();
        let build = build.expect("handover");
        assert!(build.status.success(), "{}", text(&build));
        let state = self.files.path().join("script");
        self.command("sh")
            .arg(&script)
            .env("HANDOVER_DIR", example())
            .arg("--state")
            .arg(state)
            .output()
            .expect("a shell")
    }

    /// Runs a plan with an executor that is killed as it begins a step, and resumes the run.
    fn run_killed_at(&self, plan: &str, step: &str) -> Output {
        let mut command = self.command(HANDOVER);
        command.args(["run", "plan.ha", plan, "--yes", "--events", "json", "--state"]).arg(self.state());
        let mut executor = command.stdout(Stdio::piped()).spawn().expect("handover");
        let events = BufReader::new(executor.stdout.take().expect("its events"));
        let begins = |line: &String| {
            let event: serde_json::Value = serde_json::from_str(line).expect("JSON");
            event["event"] == "step_started" && event["name"] == step
        };
        assert!(events.lines().map_while(Result::ok).any(|line| begins(&line)), "{step} does not begin");
        executor.kill().expect("it runs");
        executor.wait().expect("it ends");

        let latest = self.json(&["runs"])["runs"][0]["id"].as_str().expect("a run").to_owned();
        self.command(HANDOVER).args(["resume", &latest, "--state"]).arg(self.state()).output().expect("handover")
    }

    fn json(&self, words: &[&str]) -> serde_json::Value {
        let output =
            self.command(HANDOVER).args(words).args(["--format", "json", "--state"]).arg(self.state()).output();
        serde_json::from_slice(&output.expect("handover").stdout).expect("JSON")
    }

    fn client(&self) -> Client {
        self.clients.set(self.clients.get() + 1);
        let log = self.files.path().join(format!("client-{}", self.clients.get()));
        let child = self.command("lab/client").arg(&log).stdout(Stdio::piped()).spawn().expect("a client");
        let client = Client { log, child: Some(child), marks: Vec::new() };
        client.wait_for_acknowledged_writes();
        client
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = self.command("lab/down").status();
    }
}

/// Takes down the labs of processes that are no more.
fn remove_stale_labs() {
    let Ok(entries) = std::fs::read_dir("/run/netns") else { return };
    for name in entries.flatten().filter_map(|e| e.file_name().into_string().ok()) {
        let Some(pid) = name.strip_prefix(LABS).and_then(|rest| rest.split('-').next()) else { continue };
        // A process that nobody has collected yet has no program any more.
        let program = std::fs::read_link(Path::new("/proc").join(pid).join("exe")).unwrap_or_default();
        if !program.file_name().is_some_and(|name| name.to_string_lossy().starts_with("postgres-")) {
            let _ = Command::new(example().join("lab/down")).env("LAB_NAME", format!("{LABS}{pid}")).status();
        }
    }
}

/// The client of the lab; stopped when dropped.
struct Client {
    log: PathBuf,
    child: Option<Child>,
    marks: Vec<f64>,
}

/// What the client saw.
struct Seen {
    lines: String,
    lost: u32,
    timelines: String,
    /// Acknowledged writes before, between and after the marks.
    acknowledged: Vec<usize>,
}

impl Client {
    /// Moment and acknowledging timeline of each write so far.
    fn writes(&self) -> Vec<(f64, Option<String>)> {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let write = |line: &str| {
            let words: Vec<&str> = line.split(' ').collect();
            let timeline = words.get(2).filter(|t| **t != "-").map(|t| (*t).to_owned());
            Some((words.first()?.parse().ok()?, timeline))
        };
        log.lines().filter_map(write).collect()
    }

    /// Waits until writes that begin from now on have been acknowledged.
    fn wait_for_acknowledged_writes(&self) {
        let (start, before) = (Instant::now(), self.writes().len());
        while self.writes().iter().skip(before + 1).filter(|w| w.1.is_some()).count() < 20 {
            assert!(start.elapsed() < Duration::from_secs(30), "the client's writes are not acknowledged");
            sleep(Duration::from_millis(20));
        }
    }

    fn mark(&mut self) {
        self.marks.push(SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs_f64());
    }

    /// Stops the client, which compares what was acknowledged with what is in the table.
    fn stop(mut self) -> Seen {
        let child = self.child.take().expect("a client");
        terminate(&child);
        let output = child.wait_with_output().expect("it ends");
        let lines = text(&output);
        let value = |key: &str| lines.lines().find_map(|l| Some(l.strip_prefix(key)?.trim().to_owned()));
        let lost = value("acknowledged and lost").and_then(|n| n.parse().ok());
        let lost = lost.unwrap_or_else(|| panic!("no summary: {lines}"));
        let timelines = value("timelines").unwrap_or_default();
        let acknowledged: Vec<f64> = self.writes().into_iter().filter(|w| w.1.is_some()).map(|w| w.0).collect();
        let part = |from: f64, to: f64| acknowledged.iter().filter(|t| (from..to).contains(*t)).count();
        let edges: Vec<f64> = [0.0].into_iter().chain(self.marks.iter().copied()).chain([f64::MAX]).collect();
        Seen { lost, timelines, acknowledged: edges.windows(2).map(|w| part(w[0], w[1])).collect(), lines }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            terminate(child);
            let _ = child.wait();
        }
    }
}

fn terminate(child: &Child) {
    let pid = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw).expect("a process id");
    let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
}

/// Does something while the client writes; nothing that was acknowledged may be lost, and clients can write afterwards.
fn while_writing(lab: &Lab, title: &str, timelines: &str, act: impl FnOnce() -> Output) {
    let mut client = lab.client();
    client.mark();
    let start = Instant::now();
    let output = act();
    let took = start.elapsed();
    client.mark();
    assert!(output.status.success(), "{title}: {}", text(&output));
    client.wait_for_acknowledged_writes();

    let seen = client.stop();
    assert_eq!(seen.lost, 0, "{title}: {}", seen.lines);
    assert_eq!(seen.timelines, timelines, "{title}: {}", seen.lines);
    let [before, during, after] = seen.acknowledged[..] else { panic!("two marks") };
    assert!(before >= 20 && after >= 20, "{title}: {}", seen.lines);
    say(&format!("{title}: {took:.1?}; acknowledged before, during, after: {before}, {during}, {after}"));
    say(&seen.lines);
}

/// What the journal of the latest run says of its steps, in its order: `fence step_started`, `fence step_ended ok`.
fn journal(lab: &Lab) -> Vec<String> {
    let runs = lab.json(&["runs"]);
    let shown = lab.json(&["show", runs["runs"][0]["id"].as_str().expect("a run")]);
    let word = |event: &serde_json::Value, key: &str| event[key].as_str().unwrap_or_default().to_owned();
    let events = shown["events"].as_array().expect("events").iter();
    events
        .map(|e| format!("{} {} {}", word(e, "name"), word(e, "event"), word(e, "outcome")).trim().to_owned())
        .collect()
}

#[test]
fn roles_change_and_nothing_that_was_acknowledged_is_lost() {
    if let Some(why) = missing() {
        assert!(std::env::var("HANDOVER_REQUIRE_LABS").as_deref() != Ok("1"), "the lab is required, and {why}");
        say(&format!("skipped: {why}"));
        return;
    }
    let lab = Lab::up();
    assert_eq!(lab.writable(), ["pg1"]);

    while_writing(&lab, "switchover by the executor", "1 then 2", || lab.run("switchover", &[]));
    assert_eq!(lab.writable(), ["pg2"]);

    while_writing(&lab, "switchback by the emitted script", "2 then 3", || lab.run_script("switchback"));
    assert_eq!(lab.writable(), ["pg1"]);

    fails_over_to_the_standby(&lab);
    the_old_primary_is_harmless_when_it_returns(&lab);
    while_writing(&lab, "reprotect by the emitted script", "4", || lab.run_script("reprotect"));
    assert_eq!(lab.writable(), ["pg2"]);
    assert_eq!(lab.sql("pg1", "select count(*) from writes where n = -2").as_deref(), Some("0"));

    let title = "failback, the executor killed as it promotes, and resumed";
    while_writing(&lab, title, "4 then 5", || lab.run_killed_at("failback", "promote"));
    assert_eq!(lab.writable(), ["pg1"]);

    fails_over_without_a_service_processor(&lab);
}

fn happened_in_this_order(lab: &Lab, first: &str, second: &str) {
    let journal = journal(lab);
    let at = |what: &str| journal.iter().position(|e| e == what).unwrap_or_else(|| panic!("{what}: {journal:?}"));
    assert!(at(first) < at(second), "{first} before {second}: {journal:?}");
}

/// The primary is cut off: its power is cut before anybody else becomes the primary.
fn fails_over_to_the_standby(lab: &Lab) {
    while_writing(lab, "failover, the primary cut off", "3 then 4", || {
        lab.does("lab/cut pg1");
        lab.run("failover", &["--given", "commits=alone"])
    });
    assert_eq!(lab.writable(), ["pg2"]);

    happened_in_this_order(lab, "fence step_ended ok", "promote step_started");
}

/// Somebody plugs the old primary in and starts it as it was. Clients do not reach it, and it acknowledges nothing.
fn the_old_primary_is_harmless_when_it_returns(lab: &Lab) {
    while_writing(lab, "the old primary returns", "4", || {
        lab.does("lab/join pg1");
        lab.does("lab/power on pg1");
        lab.does("lab/console pg1 runuser -u postgres -- pg_ctl start -D /srv/pg/main -l /srv/pg/log -w -s");
        lab.try_line("lab/on pg1 true")
    });
    assert_eq!(lab.sql("pg1", "select pg_is_in_recovery()").as_deref(), Some("f"), "it takes itself for the primary");
    assert_eq!(lab.sql("pg1", "insert into writes values (-2, '')"), None, "nobody confirms its commits");
}

/// The service processor is gone with the site: the switch's port is closed, and the old primary runs on behind it. The
/// operator decides that commits wait until there are two copies again. The old primary's files are damaged: it is copied
/// anew.
fn fails_over_without_a_service_processor(lab: &Lab) {
    lab.does("lab/power break pg1");
    while_writing(lab, "failover without a service processor, and reprotect", "5 then 6", || {
        lab.does("lab/cut pg1");
        let failover = lab.run("failover", &["--given", "commits=waiting"]);
        assert!(failover.status.success(), "{}", text(&failover));
        happened_in_this_order(lab, "fence step_ended failed", "shut_out step_started");
        happened_in_this_order(lab, "shut_out step_ended ok", "promote step_started");
        assert_eq!(lab.sql("pg1", "select pg_is_in_recovery()").as_deref(), Some("f"), "it still runs");
        assert_eq!(lab.sql("pg1", "insert into writes values (-3, '')"), None, "nobody confirms its commits");
        assert_eq!(lab.sql("pg2", "insert into writes values (-4, '')"), None, "commits wait for a second copy");

        lab.does("lab/join pg1");
        lab.does("lab/power mend pg1");
        lab.does("lab/console pg1 mv /srv/pg/main/global/pg_control /srv/pg/main/global/gone");
        lab.run("reprotect", &[])
    });
    happened_in_this_order(lab, "rewind step_ended failed", "copy_anew step_ended ok");
    assert_eq!(lab.writable(), ["pg2"]);
    assert_eq!(lab.sql("pg1", "select count(*) from writes where n = -3").as_deref(), Some("0"));
}
