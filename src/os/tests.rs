//! Whole runs on this machine: commands, their ends and their meanings.

use super::{Ending, Store, execute};
use crate::bytecode::sample::command;
use crate::bytecode::{Guard, InstrId, Op, Status};
use crate::calculus::{
    Answer, AtomSource, Capture, Command, EnvValue, EnvVar, Flags, Gate, Machine, MachineId, Meaning, Piece, Reach,
    Secret, SecretId, SecretSource, Sign, Template, Value, ValueId, ValueSource, Verdict,
};
use crate::run::sample::{Plan, Recorder, act, act_verified};
use crate::run::{Event, Exit, Options, RunError, RunOutcome, StepOutcome, Waiver};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;

struct Place {
    folder: TempDir,
    seen: Recorder,
    options: Options,
}

impl Place {
    fn new() -> Place {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("work")).unwrap();
        let directory = folder.path().join("work").to_str().unwrap().to_owned();
        Place { folder, seen: Recorder::default(), options: Options { directory, ..Options::default() } }
    }

    fn store(&self) -> Store {
        Store::open(&self.folder.path().join("state")).unwrap()
    }

    fn run(&mut self, plan: Plan) -> Result<Ending, RunError> {
        self.seen = Recorder::default();
        execute(&self.store(), plan.verified(), &self.options, &mut self.seen, false)
    }

    fn outcome(&mut self, plan: Plan) -> RunOutcome {
        self.run(plan).unwrap().ended.outcome
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join("work").join(name)).unwrap_or_default()
    }

    /// Everything in the state folder, to look for what must not be there.
    fn state_contains(&self, text: &str) -> bool {
        fn search(folder: &Path, text: &[u8]) -> bool {
            fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).any(|path| match path.is_dir() {
                true => search(&path, text),
                false => fs::read(&path).unwrap().windows(text.len()).any(|w| w == text),
            })
        }
        search(&self.folder.path().join("state"), text.as_bytes())
    }
}

fn limited(script: &str, within_ms: u64) -> Command {
    Command { within_ms: Some(within_ms), ..command(script) }
}

#[test]
fn steps_run_in_order_and_a_failure_blocks_what_needs_it() {
    let mut place = Place::new();
    let mut plan = Plan::new("p");
    plan.run("one", "echo 1 >>log", &[0]);
    plan.run("two", "echo 2 >>log; echo broken >&2; exit 3", &[1]);
    plan.run("three", "echo 3 >>log", &[2]);
    plan.run("aside", "sleep 0.2; echo aside >>log", &[0]);
    let ending = place.run(plan).unwrap();
    assert_eq!(ending.ended.outcome, RunOutcome::Stopped);
    assert_eq!(ending.ended.exit_code(), 3);
    assert_eq!(place.read("log"), "1\n2\naside\n");
    let end = place.seen.end(2);
    assert_eq!((end.exit, end.reason.as_str(), end.stderr.as_str()), (Some(Exit::Code(3)), "exit code 3", "broken\n"));
    assert_eq!(place.seen.status("three"), Status::Blocked);
    assert_eq!(place.seen.status("aside"), Status::Ok);
    let store = place.store();
    assert_eq!(store.events(&ending.run).unwrap(), place.seen.records);
    let info = store.run(&ending.run[..11]).unwrap();
    assert_eq!((info.exit, info.outcome), (Some(3), Some(RunOutcome::Stopped)));
}

#[test]
fn what_is_so_already_is_not_done_again_and_what_does_not_become_so_has_failed() {
    let mut place = Place::new();
    let plan = || {
        let mut plan = Plan::new("p");
        plan.step("make", act_verified("echo x >>made; touch there", "test -e there", 0), &[0]);
        plan
    };
    assert_eq!(place.outcome(plan()), RunOutcome::Completed);
    assert_eq!(place.seen.end(1).outcome, StepOutcome::Ok);
    assert_eq!(place.outcome(plan()), RunOutcome::Completed);
    assert_eq!(place.seen.end(1).outcome, StepOutcome::AlreadySo);
    assert_eq!(place.read("made"), "x\n");
    let mut plan = Plan::new("p");
    plan.step("claim", act_verified("true", "test -e nowhere", 0), &[0]);
    assert_eq!(place.outcome(plan), RunOutcome::Stopped);
    assert_eq!(place.seen.end(1).reason, "the command worked, but `verify` says that it is not so");
}

#[test]
fn a_failed_attempt_is_repeated_unless_it_had_worked_after_all() {
    let mut place = Place::new();
    let mut plan = Plan::new("p");
    let third = "echo x >>tries; test $(wc -l <tries) -ge 3";
    plan.step("third", Op::Run { command: command(third), verify: None, retries: 5, every_ms: 1 }, &[0]);
    plan.step("landed", act_verified("echo y >>once; touch landed; exit 1", "test -e landed", 5), &[1]);
    let never = Op::Run { command: command("echo z >>never; false"), verify: None, retries: 2, every_ms: 1 };
    plan.step("never", never, &[2]);
    assert_eq!(place.outcome(plan), RunOutcome::Stopped);
    assert_eq!((place.read("tries").lines().count(), place.seen.ends(1)), (3, 3));
    assert_eq!(place.read("once"), "y\n");
    assert_eq!(place.seen.end(2).reason, "an attempt before had worked after all");
    assert_eq!(place.read("never"), "z\nz\nz\n");
}

#[test]
fn a_flood_is_read_and_its_end_kept() {
    let mut place = Place::new();
    let mut plan = Plan::new("p");
    let flood = "head -c 20000000 /dev/zero | tr '\\0' x; head -c 20000000 /dev/zero | tr '\\0' y >&2; echo; echo last";
    plan.step("flood", act(command(flood)), &[0]);
    assert_eq!(place.outcome(plan), RunOutcome::Completed);
    let end = place.seen.end(1);
    assert!(end.stdout.ends_with("x\nlast\n"));
    assert_eq!(end.stdout.len(), crate::base::limits::OUTPUT_BYTES);
    assert_eq!(end.stderr.len(), crate::base::limits::OUTPUT_BYTES);
}

#[test]
fn a_command_that_does_not_end_is_ended_with_everything_it_started() {
    let mut place = Place::new();
    let mut plan = Plan::new("p");
    let script = "trap '' TERM; (sleep 300; echo late >late) & echo $! >child; wait; wait";
    plan.step("hang", act(limited("sleep 300 & echo $! >child; wait", 200)), &[0]);
    let started = Instant::now();
    assert_eq!(place.outcome(plan), RunOutcome::Stopped);
    assert!(started.elapsed() < Duration::from_secs(4), "asked, not killed");
    assert_eq!(place.seen.end(1).outcome, StepOutcome::Failed);
    assert_eq!(place.seen.end(1).reason, "it did not end within 0.2s");
    assert!(!alive(&place.read("child")));
    let mut plan = Plan::new("p");
    plan.step("deaf", act(limited(script, 200)), &[0]);
    assert_eq!(place.outcome(plan), RunOutcome::Stopped);
    assert!(!alive(&place.read("child")), "a group that does not hear is killed");
}

fn alive(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

#[test]
fn a_daemon_that_keeps_the_output_open_does_not_keep_the_step() {
    let mut place = Place::new();
    let mut plan = Plan::new("p");
    plan.step("start", act(command("echo started; sleep 30 & echo $! >daemon")), &[0]);
    let started = Instant::now();
    assert_eq!(place.outcome(plan), RunOutcome::Completed);
    assert!(started.elapsed() < Duration::from_secs(10));
    assert_eq!(place.seen.end(1).stdout, "started\n");
    let daemon = place.read("daemon");
    assert!(alive(&daemon), "what a step leaves running on purpose goes on");
    let pid = rustix::process::Pid::from_raw(daemon.trim().parse().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

#[test]
fn signs_decide_and_doubtful_ones_are_asked() {
    let mut place = Place::new();
    let meaning = |sign, verdict| Meaning { sign, verdict };
    let meanings = vec![
        meaning(Sign::Output("TestFailed".into()), Verdict::Failure),
        meaning(Sign::Exit(vec![4]), Verdict::Warning),
        meaning(Sign::Exit(vec![5]), Verdict::Ask(Template::text("exit 5: go on?"))),
    ];
    let signed = |script: &str| act(Command { meanings: meanings.clone(), ..command(script) });
    let plan = || {
        let mut plan = Plan::new("p");
        plan.step("bad", signed("echo TestFailed"), &[0]).flags.tolerated = true;
        plan.step("warned", signed("exit 4"), &[1]);
        plan.step("doubtful", signed("exit 5"), &[2]);
        plan
    };
    assert_eq!(place.outcome(plan()), RunOutcome::Stopped);
    assert_eq!((place.seen.status("bad"), place.seen.status("warned")), (Status::Failed, Status::Ok));
    assert_eq!(place.seen.end(2).warnings, ["exit code 4"]);
    assert!(place.seen.end(3).reason.contains("nobody is there to answer"));
    place.options.answers = vec![("doubtful".into(), "yes".into())];
    assert_eq!(place.outcome(plan()), RunOutcome::Completed);
}

#[test]
fn values_go_from_one_step_to_another_as_one_word() {
    let mut place = Place::new();
    let mut plan = Plan::new("p");
    plan.0.0.values.push(Value { name: "odd".into(), source: ValueSource::Captured { by: InstrId(1) } });
    let captures = vec![Capture { value: ValueId(0), pattern: Some("is (.*)".into()) }];
    let print = r#"echo "it is a  'b' \"c\" \$(id); * ä""#;
    plan.step("read", act(Command { captures, ..command(print) }), &[0]);
    let template =
        Template(vec![Piece::Text("printf %s ".into()), Piece::Value(ValueId(0)), Piece::Text(" >out".into())]);
    let env = vec![EnvVar { name: "ODD".into(), value: EnvValue::Plain(Template(vec![Piece::Value(ValueId(0))])) }];
    let known = plan.0.guard(Guard::Ok(InstrId(1)));
    plan.step("use", act(Command { script: template, env, ..Command::default() }), &[1]).guard = known;
    assert_eq!(place.outcome(plan), RunOutcome::Completed);
    assert_eq!(place.read("out"), "a  'b' \"c\" $(id); * ä");
}

#[test]
fn secrets_reach_the_command_and_nothing_else() {
    let mut place = Place::new();
    let secret = "s3cr3t \\n 'quoted'  ";
    fs::write(place.folder.path().join("pw"), format!("{secret}\nmore\n")).unwrap();
    let path = place.folder.path().join("pw").to_str().unwrap().to_owned();
    let plan = |path: String| {
        let mut plan = Plan::new("p");
        plan.0.0.secrets.push(Secret { name: "pw".into(), source: SecretSource::File(path) });
        plan.0.machine("there", Reach::Exec { prefix: vec!["env".into(), "X=1".into()] });
        let env = vec![EnvVar { name: "PW".into(), value: EnvValue::Secret(SecretId(0)) }];
        let script = "printf '%s' \"$PW\" >$X.got; printf 'leak: %s\\n' \"$PW\"; tr '\\0' ' ' </proc/$$/cmdline; cat";
        for (name, need) in [("here", 0), ("there", 1)] {
            let op = act(Command { env: env.clone(), ..command(script) });
            let instr = plan.step(name, op, &[need]);
            instr.host = Some(MachineId(need));
        }
        plan
    };
    assert_eq!(place.outcome(plan(path)), RunOutcome::Completed);
    assert_eq!((place.read(".got").as_str(), place.read("1.got").as_str()), (secret, secret));
    assert!(place.seen.end(1).stdout.starts_with("leak: ***\nsh -c "), "{}", place.seen.end(1).stdout);
    assert!(place.seen.end(2).stdout.starts_with("leak: ***\nsh -c "), "{}", place.seen.end(2).stdout);
    assert!(!place.state_contains("s3cr3t"));
    let refused = place.run(plan("/nowhere/pw".into())).unwrap_err();
    assert_eq!(refused.message, "the secret `pw` is missing: there is no file `/nowhere/pw`");
    assert_eq!(refused.exit, crate::run::exit::USAGE);
    let two_lines = place.folder.path().join("two");
    fs::write(&two_lines, "").unwrap();
    assert_eq!(place.outcome(plan(two_lines.to_str().unwrap().into())), RunOutcome::Stopped);
    assert!(place.seen.end(1).reason.starts_with("the secret `pw` cannot be used"), "{}", place.seen.end(1).reason);
    assert_eq!(place.seen.status("there"), Status::Blocked);
}

#[test]
fn a_way_to_a_machine_that_is_not_there_is_said_before_anything_starts() {
    let mut place = Place::new();
    let mut plan = Plan::new("p");
    plan.0.0.machines.push(Machine {
        name: "far".into(),
        site: None,
        reach: Reach::Exec { prefix: vec!["./at".into(), "far".into()] },
        power: None,
    });
    plan.run("step", "touch done", &[0]);
    let refused = place.run(plan).unwrap_err();
    assert!(refused.message.starts_with("`./at`, which leads to `far`, is not in "), "{}", refused.message);
    assert_eq!((refused.exit, place.read("done").as_str()), (crate::run::exit::USAGE, ""));
}

#[test]
fn a_wait_goes_on_until_it_is_so_or_time_is_up() {
    let mut place = Place::new();
    let mut plan = Plan::new("p");
    let wait = |script: &str, negated| Op::Wait { command: limited(script, 3000), every_ms: 20, negated };
    plan.run("begin", "touch busy; (sleep 0.3; touch ready; rm busy) >/dev/null 2>&1 &", &[0]);
    plan.step("ready", wait("test -e ready", false), &[1]);
    plan.step("idle", wait("test -e busy", true), &[2]);
    plan.step("never", Op::Wait { command: limited("false", 150), every_ms: 20, negated: false }, &[3]);
    assert_eq!(place.outcome(plan), RunOutcome::Stopped);
    assert_eq!((place.seen.status("ready"), place.seen.status("idle")), (Status::Ok, Status::Ok));
    assert_eq!(place.seen.end(4).reason, "it did not become so in time");
}

#[test]
fn questions_are_answered_in_advance_or_not_at_all() {
    let mut place = Place::new();
    let answer = |name: &str, stops| Answer { name: name.into(), label: format!("to {name}"), stops };
    let plan = || {
        let mut plan = Plan::new("p");
        let atom = plan.0.atom("way", &["resume", "abort"], AtomSource::Answer);
        plan.step(
            "sure",
            Op::Ask { question: Template::text("sure?"), answers: vec![], atom: None, gate: Gate::default() },
            &[0],
        );
        let answers = vec![answer("resume", false), answer("abort", true)];
        plan.step(
            "way",
            Op::Ask { question: Template::text("way?"), answers, atom: Some(atom), gate: Gate::default() },
            &[1],
        );
        plan.step("tell", Op::Tell { text: Template::text("look there") }, &[2]);
        plan.step("pause", Op::Delay { ms: 10 }, &[3]);
        plan
    };
    assert_eq!(place.outcome(plan()), RunOutcome::Stopped);
    assert!(place.seen.end(1).reason.starts_with("nobody is there to answer"));
    place.options.answers = vec![("sure".into(), "yes".into()), ("way".into(), "abort".into())];
    assert_eq!(place.outcome(plan()), RunOutcome::Stopped);
    assert!(place.seen.end(2).reason.starts_with("the answer was `abort`, said "), "{:?}", place.seen.end(2));
    place.options.answers[1].1 = "resume".into();
    assert_eq!(place.outcome(plan()), RunOutcome::Completed);
    place.options.answers[1].1 = "dance".into();
    let error = place.run(plan()).unwrap_err();
    assert_eq!(
        (error.message.as_str(), error.help.as_deref(), error.exit),
        ("`way` cannot be answered with `dance`", Some("one of: resume, abort"), 2)
    );
}

#[test]
fn what_cannot_be_started_says_why() {
    let mut place = Place::new();
    let mut plan = Plan::new("p");
    plan.0.machine("there", Reach::Exec { prefix: vec!["no-such-command-anywhere".into()] });
    plan.run("there", "true", &[0]).host = Some(MachineId(1));
    place.options.unready = true;
    assert_eq!(place.outcome(plan), RunOutcome::Stopped);
    assert!(place.seen.end(1).reason.starts_with("`there` cannot be reached: "), "{:?}", place.seen.end(1));
    let Event::Waived { waiver, .. } = &place.seen.records[1].event else { panic!("{:?}", place.seen.records) };
    assert_eq!(*waiver, Waiver::Preflight);
    let mut plan = Plan::new("p");
    plan.run("long", &format!(": {}", "x".repeat(200_000)), &[0]);
    assert_eq!(place.outcome(plan), RunOutcome::Stopped);
    assert_eq!(place.seen.end(1).reason, "the script is longer than the system accepts");
    place.options.directory = String::from("/nowhere/at/all");
    let mut plan = Plan::new("p");
    plan.run("step", "true", &[0]).flags = Flags { tolerated: true, ..Flags::default() };
    assert_eq!(place.outcome(plan), RunOutcome::Completed);
    assert_eq!(place.seen.end(1).reason, "the working directory `/nowhere/at/all` does not exist");
}

#[test]
fn jobs_bound_what_runs_side_by_side() {
    let mut place = Place::new();
    place.options.jobs = 2;
    let mut plan = Plan::new("p");
    for i in 0..8 {
        plan.run(&format!("s{i}"), "echo + >>log; sleep 0.05; echo - >>log", &[0]);
    }
    assert_eq!(place.outcome(plan), RunOutcome::Completed);
    let mut most = 0;
    place.read("log").lines().fold(0, |n, l| {
        let n = if l == "+" { n + 1 } else { n - 1 };
        most = most.max(n);
        n
    });
    assert_eq!(most, 2);
}
