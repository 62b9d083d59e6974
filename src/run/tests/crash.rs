//! The executor is lost at every moment of a run, and the run taken up again: it ends as it would have, and nothing
//! that must not be repeated is.

use super::confluence::begin;
use super::random::{Choices, choices, plan};
use super::world::{Behaviour, Simulated, State};
use crate::bytecode::{InstrId, Op, Status};
use crate::run::sample::Recorder;
use crate::run::{Event, Host, Machine, Options, Record, RunEnded, RunError, Who, drive};
use crate::verify::Verified;
use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};
use std::rc::Rc;
use std::sync::Arc;

/// Runs the machine in the world; gives its end and what was seen.
fn run(machine: Machine, first: Event, world: &mut Simulated, jobs: usize) -> (Result<RunEnded, RunError>, Recorder) {
    let mut journal = world.journal.clone();
    let mut seen = Recorder::default();
    let options = Options { jobs, ..Options::default() };
    let host = Host { world, journal: &mut journal, reporter: &mut seen, user: "mila".into() };
    (drive(machine, vec![first], &options, host), seen)
}

fn resume(
    program: &Arc<Verified>,
    state: &State,
    records: &[Record],
    behaviour: &Behaviour,
    jobs: usize,
) -> (Result<RunEnded, RunError>, Recorder, State) {
    let mut world = Simulated::new(Rc::clone(behaviour));
    world.state = state.clone();
    world.journal.records.replace(records.to_vec());
    let machine = Machine::replay(Arc::clone(program), records).unwrap();
    let (ended, seen) =
        run(machine, Event::RunResumed { by: Who::default(), roles: Vec::new(), flags: Vec::new() }, &mut world, jobs);
    (ended, seen, world.state)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_lost_executor_changes_nothing(
        shape in choices(), behaviour in choices(), yes in any::<[bool; 2]>(), jobs in 1..4usize,
    ) {
        let program = plan(&mut Choices::new(shape));
        // The same script always takes the same time and comes to the same end.
        let behaviour: Behaviour = Rc::new(move |script: &str| {
            let byte = usize::from(blake3::hash(script.as_bytes()).as_bytes()[0]) + script.len();
            let byte = behaviour[byte % behaviour.len()];
            (u64::from(byte % 7) + 2, i32::from(byte % 4 == 0))
        });
        let mut world = Simulated::new(Rc::clone(&behaviour));
        let moments = Rc::default();
        world.moments = Some(Rc::clone(&moments));
        let (ended, whole) = run(Machine::new(Arc::clone(&program)), begin(yes), &mut world, jobs);
        let ended = ended.unwrap();
        for (state, records) in moments.borrow().iter() {
            let (again, seen, state) = resume(&program, state, records, &behaviour, jobs);
            let again = again.unwrap();
            // Whoever was asked what became of a step has vouched for it; nothing else is different.
            let settled = |text: &String| text.starts_with("nothing shows what became of `");
            prop_assert!(again.waived.iter().all(settled), "{:?}", again.waived);
            prop_assert_eq!(RunEnded { waived: Vec::new(), ..again }, ended.clone());
            prop_assert_eq!(&seen.statuses, &whole.statuses);
            for instr in &program.code {
                // A failed attempt may be repeated as often as the plan says; one that worked may not.
                let Op::Run { retries, .. } = instr.op else { continue };
                let begun = state.begun.get(&instr.name).copied().unwrap_or(0);
                let worked = behaviour(&instr.name).1 == 0;
                if !instr.flags.idempotent && worked {
                    prop_assert!(begun <= 1, "{} began {begun} times ({retries} retries)", instr.name);
                }
            }
        }
    }
}

#[test]
fn nobody_is_there_to_say_what_became_of_a_step() {
    let mut plan = crate::run::sample::Plan::new("random");
    for name in ["p", "q"] {
        plan.0.atom(name, &["no", "yes"], crate::calculus::AtomSource::Decision);
    }
    plan.run("first", "first", &[0]);
    plan.run("pay", "pay", &[1]);
    plan.run("after", "after", &[2]);
    let program = Arc::new(plan.verified());
    let behaviour: Behaviour = Rc::new(|_| (10, 0));
    let mut world = Simulated::new(Rc::clone(&behaviour));
    let moments = Rc::default();
    world.moments = Some(Rc::clone(&moments));
    run(Machine::new(Arc::clone(&program)), begin([true; 2]), &mut world, 1).0.unwrap();
    // The moment at which `pay` has ended and nobody has written that down.
    let mut moments = moments.take();
    let ended = |records: &[Record]| records.iter().filter(|r| matches!(r.event, Event::StepEnded(_))).count();
    let paying = moments.iter().position(|(s, r)| s.begun.contains_key("pay") && ended(r) == 1).unwrap();
    let (mut state, records) = moments.swap_remove(paying);
    state.done.insert("pay".into());
    state.forget();
    let mut world = Simulated::new(behaviour);
    world.state = state;
    world.operator = false;
    world.journal.records.replace(records.clone());
    let machine = || Machine::replay(Arc::clone(&program), &records).unwrap();
    let by = || Event::RunResumed { by: Who::default(), roles: Vec::new(), flags: Vec::new() };
    let error = run(machine(), by(), &mut world, 1).0.unwrap_err();
    assert_eq!(error.exit, 4);
    assert!(error.message.starts_with("nobody knows what became of `pay`"), "{error}");
    assert_eq!(error.help.unwrap(), "look, then say so: `handover resume r1 --settle 'pay=done|failed|again'`");
    for (word, status, begun) in [
        (crate::run::Settlement::Done, Status::Ok, 1),
        (crate::run::Settlement::Failed, Status::Failed, 1),
        (crate::run::Settlement::Again, Status::Ok, 2),
    ] {
        let before = world.state.clone();
        let mut seen = Recorder::default();
        let options = Options { settle: vec![("pay".into(), word)], ..Options::default() };
        let mut journal = super::world::Memory::default();
        let host = Host { world: &mut world, journal: &mut journal, reporter: &mut seen, user: "mila".into() };
        let ended = drive(machine(), vec![by()], &options, host).unwrap();
        assert_eq!((seen.status("pay"), world.state.begun["pay"]), (status, begun), "{word:?}");
        let waived = format!("nothing shows what became of `pay`: `{}` is somebody's word", word.as_str());
        assert_eq!(ended.waived, [waived]);
        world.state = before;
    }
    assert_eq!(machine().status(InstrId(2)), Status::Running);
}

#[test]
fn what_outlives_its_executor_and_its_limit_may_go_on_there() {
    let mut plan = crate::run::sample::Plan::new("random");
    for name in ["p", "q"] {
        plan.0.atom(name, &["no", "yes"], crate::calculus::AtomSource::Decision);
    }
    plan.0.machine("far", crate::calculus::Reach::Exec { prefix: vec!["on".into()] });
    let command = crate::calculus::Command { within_ms: Some(50), ..crate::bytecode::sample::command("pay") };
    plan.step("pay", crate::run::sample::act(command), &[0]).host = Some(crate::calculus::MachineId(1));
    let program = Arc::new(plan.verified());
    let behaviour: Behaviour = Rc::new(|_| (1_000_000, 0));
    let mut world = Simulated::new(Rc::clone(&behaviour));
    let moments = Rc::default();
    world.moments = Some(Rc::clone(&moments));
    run(Machine::new(Arc::clone(&program)), begin([true; 2]), &mut world, 1).0.unwrap();
    let moments = moments.take();
    let (state, records) = moments.iter().find(|(s, _)| s.begun.contains_key("pay")).unwrap();
    let mut world = Simulated::new(behaviour);
    world.state = state.clone();
    world.operator = false;
    let machine = Machine::replay(Arc::clone(&program), records).unwrap();
    let (ended, seen) =
        run(machine, Event::RunResumed { by: Who::default(), roles: Vec::new(), flags: Vec::new() }, &mut world, 1);
    ended.unwrap();
    assert_eq!(
        (seen.status("pay"), world.state.begun["pay"]),
        (Status::Unknown, 1),
        "nobody is asked, and it is not begun again"
    );
    assert!(seen.end(1).reason.ends_with("it may still be running on `far`"), "{}", seen.end(1).reason);
}
