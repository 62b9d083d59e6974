//! Whatever the order in which steps start and end, the statuses in the end are those of the settling rule, and a
//! journal cut anywhere leads there too.

use super::random::{Choices, choices, plan};
use crate::bytecode::{Guard, GuardId, InstrId, Op, Program, Status};
use crate::run::{Event, Machine, Record, RunStarted, Said, StepEnded, StepOutcome, Who};
use crate::verify::Verified;
use jiff::Timestamp;
use proptest::prelude::{ProptestConfig, any, prop, prop_assert_eq, proptest};
use std::sync::Arc;

/// The statuses by the settling rule, straight down the code. The obviously right model.
fn model(program: &Program, yes: [bool; 2], outcomes: &[Status]) -> Vec<Status> {
    let mut status: Vec<Status> = Vec::new();
    for (i, instr) in program.code.iter().enumerate() {
        let stopped = |id: &InstrId| match status[id.index()] {
            Status::Blocked | Status::Cancelled => true,
            Status::Failed | Status::Unknown => !program.code[id.index()].flags.tolerated,
            _ => false,
        };
        let settled = if instr.needs.iter().any(stopped) {
            Status::Blocked
        } else if !holds(program, instr.guard, yes, &status) {
            Status::NotApplicable
        } else if let Op::Join { rungs } = &instr.op {
            match rungs {
                _ if rungs.iter().any(|r| status[r.index()] == Status::Ok) => Status::Ok,
                _ if rungs.iter().any(stopped) => Status::Blocked,
                _ => Status::NotApplicable,
            }
        } else if matches!(instr.op, Op::Run { .. }) {
            outcomes[i % outcomes.len()]
        } else {
            Status::Ok
        };
        status.push(settled);
    }
    status
}

fn holds(program: &Program, guard: GuardId, yes: [bool; 2], status: &[Status]) -> bool {
    let all = |ids: &[GuardId]| ids.iter().map(|id| holds(program, *id, yes, status)).filter(|h| *h).count();
    match &program.guards[guard.index()] {
        Guard::Always => true,
        Guard::Never => false,
        Guard::Is { atom, option } => yes[atom.index()] == (*option == 1),
        Guard::Ok(id) => status[id.index()] == Status::Ok,
        Guard::Not(id) => !holds(program, *id, yes, status),
        Guard::All(ids) => all(ids) == ids.len(),
        Guard::Any(ids) => all(ids) > 0,
        Guard::AtMost { count, of } => all(of) <= *count as usize,
    }
}

/// The first event of a run with these decisions.
pub fn begin(yes: [bool; 2]) -> Event {
    let word = |yes: bool| String::from(if yes { "yes" } else { "no" });
    Event::RunStarted(RunStarted {
        run: "r1".into(),
        plan: "random".into(),
        digest: String::new(),
        arguments: vec![],
        decisions: vec![("p".into(), word(yes[0])), ("q".into(), word(yes[1]))],
        directory: "/".into(),
        roles: Vec::new(),
        by: Who::default(),
        approved: Vec::new(),
        flags: Vec::new(),
    })
}

fn ended(step: InstrId, status: Status) -> Event {
    let outcome = match status {
        Status::Failed => StepOutcome::Failed,
        Status::Unknown => StepOutcome::Unknown,
        _ => StepOutcome::Ok,
    };
    Event::StepEnded(StepEnded {
        step,
        attempt: 1,
        outcome,
        again: false,
        exit: None,
        reason: String::new(),
        warnings: vec![],
        stdout: String::new(),
        stderr: String::new(),
        captured: vec![],
    })
}

/// Runs the machine to its end, choosing at random among all that may happen.
fn interleave(
    program: &Arc<Verified>,
    yes: [bool; 2],
    outcomes: &[Status],
    cancel: usize,
    draw: &mut Choices,
) -> Vec<Event> {
    let mut machine = Machine::new(Arc::clone(program));
    let mut log = vec![begin(yes)];
    machine.apply(&log[0]).unwrap();
    while !machine.is_over() {
        let mut may: Vec<Event> = machine.startable().map(|step| Event::StepStarted { step, attempt: 1 }).collect();
        may.extend(machine.settling().map(|(step, status)| Event::Settled { step, status }));
        may.extend(machine.running().map(|(step, _)| match program.code[step.index()].op {
            Op::Run { .. } => ended(step, outcomes[step.index() % outcomes.len()]),
            _ => ended(step, Status::Ok),
        }));
        let event = if log.len() == cancel {
            Event::CancelRequested { by: Said::by("somebody"), hard: false }
        } else {
            may.swap_remove(draw.below(may.len()))
        };
        machine.apply(&event).unwrap_or_else(|e| panic!("{event:?}: {}", e.message));
        log.push(event);
    }
    log.push(Event::RunEnded(machine.conclusion()));
    log
}

fn statuses(machine: &Machine) -> Vec<Status> {
    (0..machine.program().code.len()).map(|i| machine.status(InstrId::at(i))).collect()
}

fn replay(program: &Arc<Verified>, log: &[Event]) -> Machine {
    let record = |event: &Event| Record { time: Timestamp::UNIX_EPOCH, event: event.clone() };
    Machine::replay(Arc::clone(program), &log.iter().map(record).collect::<Vec<_>>()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_interleaving_ends_as_the_rule_says(
        shape in choices(), one in choices(), two in choices(), yes in any::<[bool; 2]>(),
        outcomes in prop::collection::vec(prop::sample::select(vec![Status::Ok, Status::Ok, Status::Failed, Status::Unknown]), 1..12),
    ) {
        let program = plan(&mut Choices::new(shape));
        let expected = model(&program, yes, &outcomes);
        for order in [one, two] {
            let log = interleave(&program, yes, &outcomes, usize::MAX, &mut Choices::new(order));
            prop_assert_eq!(statuses(&replay(&program, &log)), &expected[..]);
        }
    }

    #[test]
    fn a_journal_cut_anywhere_is_a_run_in_progress(
        shape in choices(), order in choices(), yes in any::<[bool; 2]>(), cancel in 1..40usize,
        outcomes in prop::collection::vec(prop::sample::select(vec![Status::Ok, Status::Ok, Status::Failed]), 1..12),
    ) {
        let program = plan(&mut Choices::new(shape));
        let log = interleave(&program, yes, &outcomes, cancel, &mut Choices::new(order));
        let whole = replay(&program, &log);
        for cut in 1..log.len() {
            let mut machine = replay(&program, &log[..cut]);
            for event in &log[cut..] {
                machine.apply(event).unwrap();
            }
            prop_assert_eq!(statuses(&machine), statuses(&whole));
            prop_assert_eq!(machine.ended(), whole.ended());
        }
        // The journal is text.
        for event in &log {
            let record = Record { time: Timestamp::UNIX_EPOCH, event: event.clone() };
            let text = serde_json::to_string(&record).unwrap();
            prop_assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), record);
        }
    }
}

#[test]
fn events_that_do_not_fit_are_refused() {
    let program = plan(&mut Choices::new((0..100).collect()));
    let log = interleave(&program, [true, false], &[Status::Ok, Status::Failed], 7, &mut Choices::new(vec![3, 1, 4]));
    for (cut, event) in log.iter().enumerate() {
        let mut machine = replay(&program, &log[..cut]);
        let before = statuses(&machine);
        for (other, wrong) in log.iter().enumerate().filter(|(other, wrong)| *other < cut && *wrong != event) {
            // A cancellation may be recorded twice: that is no contradiction.
            if !matches!(wrong, Event::CancelRequested { .. }) {
                assert!(machine.apply(wrong).is_err(), "event {other} again after event {cut}");
            }
        }
        assert_eq!(statuses(&machine), before);
    }
}
