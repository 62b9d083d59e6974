//! What becomes of steps: limits, lost connections, cancellation, a journal that cannot be written, what is left open.

use super::world::Simulated;
use crate::bytecode::sample::command;
use crate::bytecode::{Guard, Instr, InstrId, Op, Status};
use crate::calculus::{
    AtomSource, Capture, CellKind, Change, Command, Effect, Flags, MachineId, Piece, Reach, Template, Value, ValueId,
    ValueSource, mask_of,
};
use crate::run::sample::{Plan, Recorder, act};
use crate::run::{
    Event, Host, Machine, Open, Options, RunEnded, RunError, RunOutcome, RunStarted, StepOutcome, Who, drive,
};
use std::rc::Rc;
use std::sync::Arc;

/// A plan in a world where every script takes 10 ms and works, unless `behaviour` says otherwise.
struct Case {
    plan: Plan,
    world: Simulated,
    seen: Recorder,
    options: Options,
}

impl Case {
    fn new(behaviour: impl Fn(&str) -> (u64, i32) + 'static) -> Case {
        let options = Options { jobs: 8, ..Options::default() };
        Case { plan: Plan::new("p"), world: Simulated::new(Rc::new(behaviour)), seen: Recorder::default(), options }
    }

    fn step(&mut self, name: &str, needs: &[u32]) -> &mut Instr {
        self.plan.run(name, name, needs)
    }

    fn limited(&mut self, name: &str, kill: bool, machine: u32, needs: &[u32]) -> &mut Instr {
        let command = Command { within_ms: Some(50), kill, ..command(name) };
        let instr = self.plan.step(name, act(command), needs);
        instr.host = Some(MachineId(machine));
        instr.flags.lingers = !kill && machine > 0;
        instr
    }

    fn verify(instr: &mut Instr) {
        let name = instr.name.clone();
        if let Op::Run { verify, .. } = &mut instr.op {
            *verify = Some(Template::text(format!("verify {name}")));
        }
    }

    fn remote(&mut self) {
        self.plan.0.machine("ec1", Reach::Ssh { host: "ec1".into(), user: String::new() });
        self.plan.0.machine("ec2", Reach::Exec { prefix: vec!["ip".into()] });
    }

    fn run(mut self) -> (Result<RunEnded, RunError>, Recorder, Simulated) {
        let decisions = self.plan.0.0.atoms.iter().filter(|a| a.source == AtomSource::Decision);
        let started = Event::RunStarted(RunStarted {
            run: "r1".into(),
            plan: "p".into(),
            digest: String::new(),
            arguments: vec![],
            decisions: decisions.map(|a| (a.name.clone(), a.options[0].clone())).collect(),
            directory: "/".into(),
            roles: Vec::new(),
            by: Who::default(),
            approved: Vec::new(),
            flags: Vec::new(),
        });
        let mut journal = self.world.journal.clone();
        let host =
            Host { world: &mut self.world, journal: &mut journal, reporter: &mut self.seen, user: "mila".into() };
        let ended = drive(Machine::new(Arc::new(self.plan.verified())), vec![started], &self.options, host);
        (ended, self.seen, self.world)
    }
}

/// The end of a run that stopped with this left open.
fn stopped(open: &[Open]) -> RunEnded {
    RunEnded { outcome: RunOutcome::Stopped, open: open.into(), holds: vec![], ends: vec![], waived: vec![] }
}

#[test]
fn whether_an_ended_command_goes_on_depends_on_where_it_ran() {
    let mut case = Case::new(|_| (1000, 0));
    case.remote();
    case.limited("here", false, 0, &[0]);
    case.limited("ssh", false, 1, &[0]);
    case.limited("exec", false, 2, &[0]);
    let (ended, seen, world) = case.run();
    assert_eq!(seen.status("here"), Status::Failed);
    assert_eq!(seen.end(1).reason, "it did not end within 0.05s");
    assert_eq!((seen.status("ssh"), seen.status("exec")), (Status::Unknown, Status::Unknown));
    assert_eq!(seen.end(2).reason, "it did not end within 0.05s; it may still be running on `ec1`");
    assert_eq!(world.killed.len(), 3);
    let open = [2, 3].map(|step| Open::Unknown { step: InstrId(step) });
    assert_eq!(ended.unwrap(), stopped(&open));
}

#[test]
fn a_machine_that_kills_by_itself_makes_it_certain() {
    let mut case = Case::new(|name| if name == "late" { (1 << 40, 0) } else { (50, 124) });
    case.remote();
    case.limited("kills", true, 1, &[0]);
    case.limited("late", true, 1, &[0]);
    let (_, seen, world) = case.run();
    assert_eq!((seen.status("kills"), seen.end(1).reason.as_str()), (Status::Failed, "it did not end within 0.05s"));
    assert_eq!(seen.status("late"), Status::Unknown, "not even the machine has said that it killed it");
    let reason =
        "it did not end within 0.05s; it may still be running on `ec1`, until its limit of 0.05s ends it there";
    assert_eq!(seen.end(2).reason, reason);
    assert_eq!(world.killed, [InstrId(2)]);
}

#[test]
fn a_lost_connection_is_settled_by_reading_back() {
    for (done, expected) in [(true, Status::Ok), (false, Status::Unknown)] {
        let mut case = Case::new(|_| (10, 255));
        case.remote();
        let instr = case.step("stop", &[0]);
        instr.host = Some(MachineId(1));
        Case::verify(instr);
        case.world.state.lands = done;
        let (_, seen, world) = case.run();
        assert_eq!((seen.status("stop"), world.state.begun["stop"]), (expected, 1));
        assert!(seen.end(1).reason.starts_with("the connection to `ec1` was lost; it may still be running on `ec1`"));
    }
    let mut case = Case::new(|_| (10, 255));
    case.step("here", &[0]);
    assert_eq!(case.run().1.end(1).reason, "exit code 255");
}

#[test]
fn an_unknown_attempt_is_repeated_only_where_that_is_harmless() {
    for (idempotent, begun) in [(true, 3), (false, 1)] {
        let mut case = Case::new(|_| (10, 255));
        case.remote();
        let op = Op::Run { command: command("stop"), verify: None, retries: 2, every_ms: 10 };
        let instr = case.plan.step("stop", op, &[0]);
        instr.host = Some(MachineId(1));
        instr.flags.idempotent = idempotent;
        let (_, seen, world) = case.run();
        assert_eq!((seen.status("stop"), world.state.begun["stop"]), (Status::Unknown, begun));
    }
}

/// `work` and what needs it, beside a `finally` that waits for both.
fn with_finally(case: &mut Case) {
    let opened = case.plan.0.cell("alarm", &["on", "off"], CellKind::State);
    case.plan.0.0.cells[0].rests = 1;
    case.plan.0.0.cells[0].initial = 1;
    let effect = |to| vec![Effect { cell: opened, change: Change::Set(to), exclusive: false }];
    let step = case.step("mute", &[0]);
    (step.effects, step.flags.idempotent) = (effect(1), true);
    case.step("work", &[1]);
    case.step("more", &[2]);
    let enter = case.plan.step("after", Op::Enter, &[0]);
    enter.waits = vec![InstrId(1), InstrId(2), InstrId(3)];
    enter.flags.finally = true;
    let step = case.step("unmute", &[4]);
    step.waits = vec![InstrId(1)];
    (step.effects, step.flags) = (effect(0), Flags { finally: true, idempotent: true, ..Flags::default() });
    case.plan.step("after.exit", Op::Exit, &[4, 5]).flags.finally = true;
}

#[test]
fn a_cancelled_run_ends_what_runs_and_puts_things_back() {
    let mut case = Case::new(|_| (10, 0));
    with_finally(&mut case);
    case.world.interrupts = [15].into();
    let (ended, seen, world) = case.run();
    let ended = ended.unwrap();
    assert_eq!((ended.outcome, ended.exit_code()), (RunOutcome::Cancelled, 5));
    let statuses = ["mute", "work", "more", "unmute"].map(|name| seen.status(name));
    assert_eq!(statuses, [Status::Ok, Status::Ok, Status::Cancelled, Status::Ok]);
    assert!(world.killed.is_empty());
}

#[test]
fn the_second_interruption_ends_commands_and_what_is_left_open_is_said() {
    let mut case = Case::new(|name| if name == "unmute" { (10, 1) } else { (1000, 0) });
    with_finally(&mut case);
    case.world.interrupts = [1010, 1020].into();
    let (ended, seen, world) = case.run();
    assert_eq!(seen.end(2).reason, "the operator ended it");
    assert_eq!(world.killed, [InstrId(2)]);
    let ended = ended.unwrap();
    assert_eq!((ended.outcome, ended.exit_code()), (RunOutcome::Cancelled, 4));
    let thing = Open::Thing { name: "alarm".into(), may_be: vec!["on".into(), "off".into()], rests: vec!["on".into()] };
    assert_eq!(ended.open, [thing, Open::Unfinished { step: InstrId(5) }]);
}

#[test]
fn cancelling_does_not_wait_for_pauses_questions_or_readings() {
    let mut case = Case::new(|_| (10, 1));
    let minute = 60_000;
    let retry = Op::Run { command: command("retry"), verify: None, retries: 9, every_ms: minute };
    case.plan.step("retry", retry, &[0]);
    case.plan.step("delay", Op::Delay { ms: minute }, &[0]);
    case.plan.step("wait", Op::Wait { command: command("wait"), every_ms: minute, negated: false }, &[0]);
    case.plan.step(
        "ask",
        Op::Ask { question: Template::text("?"), answers: vec![], atom: None, gate: Default::default() },
        &[0],
    );
    case.world.silent = true;
    case.world.interrupts = [100].into();
    let (ended, seen, world) = case.run();
    assert_eq!(ended.unwrap().outcome, RunOutcome::Cancelled);
    assert_eq!(world.state.clock_ms, 100);
    for step in 1..=4 {
        let end = seen.end(step);
        assert!(end.reason.contains("the operator cancelled"), "{end:?}");
        assert_eq!(end.outcome, StepOutcome::Failed);
    }
}

#[test]
fn a_full_journal_stops_new_steps_and_the_run_goes_on_when_there_is_room() {
    for (times, completes) in [(1, true), (99, false)] {
        let mut case = Case::new(|name| (if name == "slow" { 100 } else { 10 }, 0));
        case.step("one", &[0]);
        case.step("slow", &[0]);
        case.step("two", &[1]);
        case.world.journal.full.replace((1, times));
        let (ended, seen, world) = case.run();
        assert_eq!(seen.troubles, ["the journal is full; nothing new is started"]);
        if completes {
            assert_eq!(ended.unwrap().outcome, RunOutcome::Completed);
        } else {
            let error = ended.unwrap_err();
            assert_eq!(
                error.message,
                "the journal is full; the run has stopped; what came of `one`, `slow` could not be written down"
            );
            assert_eq!((error.help.as_deref(), error.exit), (Some("make room; then `handover resume r1`"), 4));
            assert!(!world.state.begun.contains_key("two"));
        }
    }
    let mut case = Case::new(|_| (10, 0));
    case.step("one", &[0]);
    case.world.journal.full.replace((0, 1));
    let (ended, _, world) = case.run();
    let error = ended.unwrap_err();
    assert_eq!((error.message.as_str(), error.exit), ("the journal is full; nothing was started", 3));
    assert!(world.state.begun.is_empty());
}

#[test]
fn a_failure_that_an_otherwise_made_up_for_is_not_left_open() {
    let mut case = Case::new(|name| (10, i32::from(name != "second")));
    let enter = case.plan.step("after", Op::Enter, &[0]);
    enter.flags.finally = true;
    case.plan.step("restore", Op::Enter, &[1]).flags.finally = true;
    case.step("first", &[2]).flags.finally = true;
    let not = case.plan.0.guard(Guard::Ok(InstrId(3)));
    let not = case.plan.0.guard(Guard::Not(not));
    let second = case.step("second", &[2]);
    (second.waits, second.guard, second.flags.finally) = (vec![InstrId(3)], not, true);
    let rungs = vec![InstrId(3), InstrId(4)];
    let join = case.plan.step("restore.join", Op::Join { rungs: rungs.clone() }, &[2]);
    (join.waits, join.flags.finally) = (rungs, true);
    case.plan.step("after.exit", Op::Exit, &[1, 5]).flags.finally = true;
    case.step("broken", &[0]);
    let (ended, seen, _) = case.run();
    assert_eq!((seen.status("first"), seen.status("after.exit")), (Status::Failed, Status::Ok));
    assert_eq!(ended.unwrap(), stopped(&[]));
}

#[test]
fn what_may_still_land_is_open_until_its_machine_is_fenced() {
    for fenced in [false, true] {
        let mut case = Case::new(|name| (10, if name == "late" { 255 } else { 0 }));
        case.remote();
        let cell = case.plan.0.cell("alarm", &["on", "off"], CellKind::State);
        case.plan.0.0.cells[0].rests = 1;
        case.plan.0.0.cells[0].initial = mask_of(2);
        let effect = |to| vec![Effect { cell, change: Change::Set(to), exclusive: false }];
        let late = case.step("late", &[0]);
        late.host = Some(MachineId(1));
        (late.effects, late.flags) =
            (effect(1), Flags { tolerated: true, lingers: true, idempotent: true, ..Flags::default() });
        let fence = case.step("fence", &[1]);
        fence.effects = effect(0);
        if fenced {
            fence.fences = vec![MachineId(1)];
        }
        let (ended, ..) = case.run();
        let ended = ended.unwrap();
        assert_eq!((ended.outcome, ended.open.is_empty()), (RunOutcome::Completed, fenced));
        assert_eq!(ended.exit_code(), if fenced { 0 } else { 4 });
    }
}

#[test]
fn a_hundred_thousand_steps_are_no_matter() {
    let mut case = Case::new(|_| (1, 0));
    for i in 0..100_000 {
        case.plan.step(&format!("s{i}"), Op::Tell { text: Template::text("on") }, &[i]);
    }
    let mut program = case.plan.0.0;
    let last = u32::try_from(program.code.len() - 1).unwrap();
    let mut builder = crate::bytecode::sample::Builder(program);
    builder.instr("end", Op::End, &[last]);
    program = builder.0;
    let mut world = Simulated::new(Rc::new(|_| (1, 0)));
    let started = super::confluence::begin([false; 2]);
    let Event::RunStarted(mut started) = started else { unreachable!() };
    started.decisions.clear();
    let (mut journal, mut seen) = (world.journal.clone(), Quiet);
    let host = Host { world: &mut world, journal: &mut journal, reporter: &mut seen, user: String::new() };
    let machine = Machine::new(Arc::new(crate::verify::verify(program).unwrap()));
    let ended = drive(machine, vec![Event::RunStarted(started)], &Options::default(), host).unwrap();
    assert_eq!(ended.outcome, RunOutcome::Completed);
    assert_eq!(journal.records.borrow().len(), 3 * 100_000 + 4);
}

struct Quiet;

impl crate::run::Reporter for Quiet {
    fn record(&mut self, _: &Machine, _: &crate::run::Record) {}

    fn trouble(&mut self, _: &str) {}
}

#[test]
fn a_read_back_that_cannot_be_run_says_nothing() {
    for (code, begun) in [(1, 3), (127, 1), (137, 1)] {
        let mut case = Case::new(|_| (10, 1));
        case.world.state.verify_code = code;
        let op = Op::Run { command: command("pay"), verify: None, retries: 2, every_ms: 10 };
        Case::verify(case.plan.step("pay", op, &[0]));
        let (_, seen, world) = case.run();
        assert_eq!((seen.status("pay"), world.state.begun["pay"]), (Status::Failed, begun), "exit code {code}");
        assert_eq!(seen.end(1).reason.contains("not repeated"), begun == 1);
    }
}

#[test]
fn waiting_for_a_no_takes_a_clear_one() {
    let calls = Rc::new(std::cell::Cell::new(0));
    let count = Rc::clone(&calls);
    let mut case = Case::new(move |_| {
        count.set(count.get() + 1);
        (1, [0, 127, 143, 255, 1][(count.get() / 2).min(4)])
    });
    case.remote();
    let op = Op::Wait { command: command("busy"), every_ms: 5, negated: true };
    case.plan.step("idle", op, &[0]).host = Some(MachineId(1));
    let (ended, ..) = case.run();
    assert_eq!(ended.unwrap().outcome, RunOutcome::Completed);
    assert!(calls.get() >= 8, "only the last answer was a no: {}", calls.get());
}

#[test]
fn a_message_is_told_although_a_value_in_it_is_not_known() {
    let mut case = Case::new(|_| (10, 0));
    // It is done already, so nothing is run and nothing captured.
    case.world.state.done.insert("read".into());
    let source = ValueSource::Captured { by: InstrId(1) };
    case.plan.0.0.values.push(Value { name: "lsn".into(), source });
    let captures = vec![Capture { value: ValueId(0), pattern: None }];
    let op = act(Command { captures, ..command("read") });
    Case::verify(case.plan.step("read", op, &[0]));
    let guard = case.plan.0.guard(Guard::Ok(InstrId(1)));
    let text = Template(vec![Piece::Text("up to ".into()), Piece::Value(ValueId(0))]);
    case.plan.step("say", Op::Tell { text }, &[1]).guard = guard;
    let (ended, seen, _) = case.run();
    assert_eq!(ended.unwrap().outcome, RunOutcome::Completed);
    let told =
        seen.records.iter().find_map(|r| if let Event::Told { text, .. } = &r.event { Some(text) } else { None });
    assert_eq!(told.map(String::as_str), Some("up to (lsn is not known)"));
}

#[test]
fn an_exit_code_is_not_enough_where_the_output_that_was_lost_is_needed() {
    let asked = |captures: Vec<Capture>| {
        let mut case = Case::new(|_| (10, 0));
        case.world.cut = true;
        let values = captures.iter().map(|_| ValueSource::Captured { by: InstrId(1) });
        case.plan.0.0.values.extend(values.map(|source| Value { name: "lsn".into(), source }));
        case.plan.step("read", act(Command { captures, ..command("read") }), &[0]);
        let (ended, seen, _) = case.run();
        ended.unwrap();
        seen.records.iter().any(|r| matches!(r.event, Event::Asked { .. }))
    };
    assert!(!asked(Vec::new()));
    assert!(asked(vec![Capture { value: ValueId(0), pattern: None }]));
}
