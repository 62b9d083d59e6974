//! Every scenario of the five vendors' procedures, run for real against stand-ins of their commands.
//!
//! `examples/*/scenarios.toml` says for each run what is wrong in the lab, what is decided and answered, and what becomes
//! of the steps and of the world. `ONLY=text` runs the scenarios whose name contains the text.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod watch;

use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use watch::{Run, watch};

#[derive(Deserialize)]
struct Scenarios {
    scenario: Vec<Scenario>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    name: String,
    /// The plan, where the file has several.
    plan: Option<String>,
    /// Things of the world that are not as `lab/world` says: `KEY VALUE`.
    #[serde(default)]
    set: Vec<String>,
    /// Faults that are switched on: the arguments of `lab/fault`.
    #[serde(default)]
    faults: Vec<String>,
    /// Arguments of the plan.
    #[serde(default)]
    arguments: Vec<String>,
    #[serde(default)]
    given: Vec<String>,
    #[serde(default)]
    answers: Vec<String>,
    /// The run is interrupted as Ctrl-C does when this step starts.
    interrupt: Option<String>,
    exit: i32,
    #[serde(default)]
    ok: Vec<String>,
    #[serde(default)]
    failed: Vec<String>,
    #[serde(default)]
    skipped: Vec<String>,
    #[serde(default)]
    blocked: Vec<String>,
    #[serde(default)]
    cancelled: Vec<String>,
    /// What the world is like in the end: `KEY VALUE`.
    #[serde(default)]
    world: Vec<String>,
    /// How often something was done, by the line in the lab's log.
    #[serde(default)]
    did: BTreeMap<String, usize>,
}

/// The lab of one example, with a world of its own.
struct Lab<'a> {
    example: &'a Path,
    state: PathBuf,
}

impl Lab<'_> {
    fn tool(&self, tool: &str, arguments: &str) {
        let done = self
            .command(&format!("../lab/{tool}"))
            .args(arguments.split_whitespace())
            .output()
            .unwrap_or_else(|e| panic!("../lab/{tool}: {e}"));
        assert!(done.status.success(), "lab/{tool} {arguments}: {}", String::from_utf8_lossy(&done.stderr));
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.example).env("LAB_STATE", &self.state).env_remove("IPMI_PASSWORD");
        command
    }

    fn prepare(&self, scenario: &Scenario) {
        self.tool("reset", "");
        scenario.set.iter().for_each(|s| self.tool("set", s));
        scenario.faults.iter().for_each(|f| self.tool("fault", f));
    }

    fn world(&self, key: &str) -> String {
        fs::read_to_string(self.state.join("world").join(key)).unwrap_or_default().trim_end().to_owned()
    }

    fn did(&self, line: &str) -> usize {
        let log = fs::read_to_string(self.state.join("log")).unwrap();
        log.lines().filter(|l| *l == line).count()
    }
}

/// What is not as the scenario says.
fn differences(scenario: &Scenario, run: &Run, lab: &Lab<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    if run.exit != scenario.exit {
        wrong.push(format!("exit code {} instead of {}", run.exit, scenario.exit));
    }
    let expected = [
        ("ok", &scenario.ok),
        ("failed", &scenario.failed),
        ("skipped", &scenario.skipped),
        ("blocked", &scenario.blocked),
        ("cancelled", &scenario.cancelled),
    ];
    for (status, steps) in expected {
        for step in steps {
            // A script says nothing of a repetition that was not needed.
            let silent = if step.contains('~') { "skipped" } else { "never mentioned" };
            let was = run.steps.get(step).map_or(silent, String::as_str);
            if was != status && (was, status) != ("already", "ok") {
                wrong.push(format!("{step} is {was} instead of {status}"));
            }
        }
    }
    for fact in &scenario.world {
        let (key, value) = fact.split_once(' ').unwrap();
        let is = lab.world(key);
        if is != value {
            wrong.push(format!("{key} is {is} instead of {value}"));
        }
    }
    for (line, times) in &scenario.did {
        let counted = lab.did(line);
        if counted != *times {
            wrong.push(format!("`{line}` was done {counted} times instead of {times}"));
        }
    }
    wrong
}

/// `handover run` on the plan's text. What a scenario breaks before the start is not to stop it there.
fn executor(scenario: &Scenario, lab: &Lab<'_>, journal: &Path) -> Command {
    let mut command = lab.command(env!("CARGO_BIN_EXE_handover"));
    command.args(["run", "plan.ha"]).args(&scenario.plan).args(["--yes", "--unready"]).arg("--state").arg(journal);
    command.args(scenario.arguments.iter().chain(&scenario.given).flat_map(|g| ["--given", g.as_str()]));
    command.args(scenario.answers.iter().flat_map(|a| ["--answer", a.as_str()]));
    command
}

/// The plan as a shell script, compiled into `folder`, for `shell`.
fn script(scenario: &Scenario, lab: &Lab<'_>, journal: &Path, folder: &Path, shell: &[&str]) -> Command {
    let script = folder.join("plan.sh");
    let built = lab
        .command(env!("CARGO_BIN_EXE_handover"))
        .args(["build", "plan.ha"])
        .args(&scenario.plan)
        .args(scenario.arguments.iter().flat_map(|a| ["--given", a.as_str()]))
        .args(["--emit", "sh", "-o"])
        .arg(&script)
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let (program, applet) = shell.split_first().unwrap();
    let mut command = lab.command(program);
    command.args(applet).arg(script).arg("--state").arg(journal).env("HANDOVER_DIR", lab.example);
    command.args(scenario.given.iter().flat_map(|g| ["--given", g.as_str()]));
    command.args(scenario.answers.iter().flat_map(|a| ["--answer", a.as_str()]));
    command
}

/// What became of the steps, for a comparison of back ends: which of them looked first is no difference, and what is said of
/// probes, whose names have several words, of repetitions that were not needed and of the whole plan is not part of it.
fn comparable(run: Run, plan: Option<&String>) -> BTreeMap<String, String> {
    let same = |status: String| if status == "already" { "ok".to_owned() } else { status };
    let is_step = |name: &String| !name.contains('(') && Some(name) != plan;
    let is_idle = |name: &str, status: &str| name.contains('~') && status == "skipped";
    let steps = run.steps.into_iter().filter(|(name, status)| is_step(name) && !is_idle(name, status));
    steps.map(|(name, status)| (name, same(status))).collect()
}

fn folder(example: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(example)
}

fn scenarios(example: &Path) -> Vec<Scenario> {
    let text = fs::read_to_string(example.join("scenarios.toml")).unwrap();
    toml::from_str::<Scenarios>(&text).unwrap().scenario
}

fn example(name: &str) {
    let example = folder(name);
    let only = std::env::var("ONLY").unwrap_or_default();
    let mut wrong = Vec::new();
    for (nth, scenario) in scenarios(&example).iter().enumerate().filter(|(_, s)| s.name.contains(&only)) {
        let mut ends = Vec::new();
        for back_end in [Vec::new(), if nth % 2 == 0 { vec!["dash"] } else { vec!["busybox", "sh"] }] {
            let temporary = tempfile::tempdir().unwrap();
            let journal = temporary.path().join("journal");
            let lab = Lab { example: &example, state: temporary.path().join("lab") };
            lab.prepare(scenario);
            let command = match back_end.as_slice() {
                [] => executor(scenario, &lab, &journal),
                shell => script(scenario, &lab, &journal, temporary.path(), shell),
            };
            let run = watch(command, scenario.interrupt.as_deref());
            let found = differences(scenario, &run, &lab);
            if !found.is_empty() {
                wrong.push(format!("{}, by {back_end:?}:\n  {}\n{}", scenario.name, found.join("\n  "), run.said));
            }
            ends.push(comparable(run, scenario.plan.as_ref()));
        }
        if ends.first() != ends.last() {
            wrong.push(format!("{}: the back ends differ\n{ends:#?}", scenario.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_enterprise_controller_fails_over() {
    example("xvm");
}

#[test]
fn guests_leave_a_server_of_their_pool() {
    example("oracle-vm");
}

#[test]
fn the_passive_server_takes_over() {
    example("heartbeat");
}

#[test]
fn a_guest_domain_migrates() {
    example("primecluster");
}

#[test]
fn a_site_is_switched_over() {
    example("ror");
}

/// Kills the run when its `nth` command starts; whether there was one.
fn kill_at(mut command: Command, nth: usize) -> bool {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let killed = lines.map(Result::unwrap).filter(|l| l.split_whitespace().nth(1) == Some("start")).nth(nth).is_some();
    child.kill().unwrap();
    child.wait().unwrap();
    killed
}

/// What a person does when `resume` says that nobody knows what became of a step: looks, and says so.
fn settled(run: &Run, lab: &Lab<'_>) -> Option<String> {
    let (_, rest) = run.said.split_once("--settle '")?;
    let (step, _) = rest.split_once('=')?;
    let trace = match step {
        "shut_down_os" => "ec1 shutdown -y -g 0 -i 5",
        "restore" => "ec2 harestore",
        "restart" => "ec2 shutdown -y -g 0 -i 6",
        other => panic!("`{other}` can be read back or repeated"),
    };
    Some(format!("{step}={}", if lab.did(trace) > 0 { "done" } else { "again" }))
}

/// Wherever the executor is lost, the run goes on to the same end, and nothing is done twice that must not be.
#[test]
fn a_failover_survives_its_executor() {
    let example = folder("xvm");
    for nth in 0.. {
        let temporary = tempfile::tempdir().unwrap();
        let lab = Lab { example: &example, state: temporary.path().join("lab") };
        let journal = temporary.path().join("journal");
        let end = Scenario { ok: vec![], skipped: vec![], ..scenarios(&example).remove(0) };
        lab.prepare(&end);
        if !kill_at(executor(&end, &lab, &journal), nth) {
            assert!(nth >= 15, "only {nth} commands were started");
            return;
        }
        let resume = |settle: &[String]| {
            let mut command = lab.command(env!("CARGO_BIN_EXE_handover"));
            command.arg("resume").arg("--state").arg(&journal).args(settle);
            watch(command, None)
        };
        let mut run = resume(&[]);
        // A command that was just being started when the executor was killed holds its lock for a moment longer.
        while run.said.contains("is held by run") {
            run = resume(&[]);
        }
        if let Some(step) = settled(&run, &lab) {
            run = resume(&["--settle".into(), step]);
        }
        let found = differences(&end, &run, &lab);
        assert!(found.is_empty(), "killed at command {nth}:\n  {}\n{}", found.join("\n  "), run.said);
        let log = fs::read_to_string(lab.state.join("log")).unwrap();
        for line in log.lines().filter(|l| *l != "ec1 habackup") {
            assert_eq!(lab.did(line), 1, "killed at command {nth}: `{line}`\n{log}\n{}", run.said);
        }
    }
}
