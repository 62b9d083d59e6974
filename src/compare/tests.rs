//! Every part of a program counts; what has changed is told as what it is.

use super::{Kind, Weight, compare};
use crate::bytecode::random::program;
use crate::bytecode::sample::sample;
use crate::bytecode::{Guard, GuardId, Instr, InstrId, Op, Program};
use crate::calculus::{
    AtomSource, CellId, CellKind, Change, Command, MachineId, Reach, SecretSource, Sign, Template, ValueSource,
};
use proptest::prelude::{prop_assert_eq, proptest};

/// What is told first of a sample that was changed so.
fn first(change: impl Fn(&mut Program)) -> Option<(Kind, String)> {
    let (old, mut new) = (sample(), sample());
    change(&mut new);
    let comparison = compare(&old, &new);
    comparison.changes.into_iter().next().map(|c| (c.kind, format!("{}: {}", c.steps.join(", "), c.text)))
}

fn at<'p>(program: &'p mut Program, name: &str) -> &'p mut Instr {
    program.code.iter_mut().find(|i| i.name == name).unwrap()
}

fn command<'p>(program: &'p mut Program, name: &str) -> &'p mut Command {
    match &mut at(program, name).op {
        Op::Run { command, .. } | Op::Wait { command, .. } | Op::Probe { command, .. } => command,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_program_means_what_it_means() {
    assert_eq!(compare(&sample(), &sample()).changes, []);
    assert_eq!(first(|p| p.sources.clear()), None);
    assert_eq!(first(|p| p.calls.again.clear()), None);
    assert_eq!(first(|p| at(p, "restore").place.line = 99), None);
    assert_eq!(first(|p| p.locks.reverse()), None);
}

#[test]
fn every_part_of_a_step_counts() {
    type Mutation = fn(&mut Program);
    let all: &[(Kind, Mutation)] = &[
        (Kind::Renamed, |p| at(p, "restore").name = String::from("recover")),
        (Kind::Wording, |p| at(p, "shut_down").title.clear()),
        (Kind::Wording, |p| at(p, "shut_down").number = Some(2)),
        (Kind::Retargeted, |p| at(p, "restore").host = Some(MachineId(2))),
        (Kind::ConditionChanged, |p| at(p, "report").guard = GuardId(4)),
        (Kind::Widened, |p| at(p, "shut_down").guard = GuardId::ALWAYS),
        (Kind::Narrowed, |p| at(p, "restore").guard = GuardId(4)),
        (Kind::OrderLost, |p| at(p, "restore").needs = vec![InstrId(9)]),
        (Kind::OrderLost, |p| {
            let restore = at(p, "restore");
            (restore.waits, restore.needs) = (restore.needs.clone(), vec![InstrId(9)]);
        }),
        (Kind::RequirementDropped, |p| at(p, "shut_down").requires.clear()),
        (Kind::RequirementDropped, |p| at(p, "window").requires.clear()),
        (Kind::Effect, |p| at(p, "restore").effects[0].change = Change::Set(1)),
        (Kind::ProofLost, |p| at(p, "restore").effects[0].exclusive = false),
        (Kind::FenceDropped, |p| at(p, "shut_down").fences.clear()),
        (Kind::Safer, |p| at(p, "restore").loses.clear()),
        (Kind::LossAccepted, |p| at(p, "prepare").loses.push(CellId(2))),
        (Kind::Tolerated, |p| at(p, "prepare").flags.tolerated = true),
        (Kind::MayLandLate, |p| at(p, "prepare").flags.lingers = true),
        (Kind::FinallyDropped, |p| at(p, "change_back").flags.finally = false),
        (Kind::TakenForGranted, |p| at(p, "prepare").flags.idempotent = true),
        (Kind::Opaque, |p| at(p, "prepare").flags.opaque = true),
        (Kind::NoReturn, |p| at(p, "prepare").flags.commits = true),
        (Kind::Duration, |p| at(p, "restore").usually_ms = None),
        (Kind::Command, |p| command(p, "restore").script = Template::text("harestore")),
        (Kind::Command, |p| drop(command(p, "restore").env.remove(0))),
        (Kind::TimeLimit, |p| command(p, "restore").within_ms = Some(601_000)),
        (Kind::BeyondPromise, |p| command(p, "restore").within_ms = None),
        (Kind::BeyondPromise, |p| command(p, "restore").within_ms = Some(3_600_000)),
        (Kind::MayLandLate, |p| command(p, "restore").kill = false),
        (Kind::Command, |p| command(p, "restore").meanings.swap(0, 1)),
        (Kind::Command, |p| command(p, "restore").meanings[1].sign = Sign::Output(String::from("x"))),
        (Kind::Command, |p| command(p, "restore").captures[0].pattern = None),
        (Kind::VerifyDropped, |p| {
            if let Op::Run { verify, .. } = &mut at(p, "restore").op {
                *verify = None;
            }
        }),
        (Kind::Retries, |p| {
            if let Op::Run { retries, .. } = &mut at(p, "restore").op {
                *retries = 3;
            }
        }),
        (Kind::Retries, |p| {
            if let Op::Wait { every_ms, .. } = &mut at(p, "serving").op {
                *every_ms = 2_000;
            }
        }),
        (Kind::Command, |p| {
            if let Op::Wait { negated, .. } = &mut at(p, "serving").op {
                *negated = false;
            }
        }),
        (Kind::Command, |p| at(p, "settle").op = Op::Delay { ms: 6_000 }),
        (Kind::Command, |p| at(p, "assumed").op = Op::Assume { why: String::from("it is so") }),
        (Kind::Command, |p| at(p, "report").op = Op::Tell { text: Template::text("restored") }),
        (Kind::Moved, |p| {
            if let Op::Join { rungs } = &mut at(p, "isolate.join").op {
                rungs.reverse();
            }
        }),
    ];
    for (index, (kind, change)) in all.iter().enumerate() {
        let told = first(change);
        assert_eq!(told.as_ref().map(|(kind, _)| *kind), Some(*kind), "{index}: {told:?}");
    }
}

#[test]
fn every_part_of_a_question_counts() {
    type Mutation = fn(&mut crate::calculus::Gate);
    let all: &[(Kind, Mutation)] = &[
        (Kind::GateWeakened, |gate| gate.role = None),
        (Kind::GateWeakened, |gate| gate.role = Some(String::from("everybody"))),
        (Kind::GateWeakened, |gate| gate.within_ms = Some(1_000)),
        (Kind::GateWeakened, |gate| gate.otherwise = Some(0)),
        (Kind::Safer, |gate| (gate.within_ms, gate.otherwise) = (None, None)),
    ];
    for (kind, change) in all {
        let told = first(|p| {
            if let Op::Ask { gate, .. } = &mut at(p, "choose").op {
                change(gate);
            }
        });
        assert_eq!(told.as_ref().map(|(kind, _)| *kind), Some(*kind), "{told:?}");
    }
    let answers = first(|p| {
        if let Op::Ask { answers, .. } = &mut at(p, "choose").op {
            answers[2].stops = false;
        }
    });
    assert_eq!(answers.unwrap().0, Kind::Question);
}

#[test]
fn every_part_of_the_plan_counts() {
    type Mutation = fn(&mut Program);
    let all: &[(Kind, Mutation)] = &[
        (Kind::Wording, |p| p.title.clear()),
        (Kind::Wording, |p| p.plan = String::from("move")),
        (Kind::Question, |p| drop(p.arguments.pop())),
        (Kind::Estate, |p| p.machines[0].reach = Reach::Local),
        (Kind::Estate, |p| p.machines[0].site = None),
        (Kind::TakenForGranted, |p| p.cells[0].initial = 0b01),
        (Kind::Safer, |p| p.cells[1].initial = 0b111),
        (Kind::ProofLost, |p| p.cells[2].rests = 0b11),
        (Kind::Safer, |p| p.cells[1].volatile = false),
        (Kind::TakenForGranted, |p| p.cells[3].volatile = true),
        (Kind::Effect, |p| p.cells[3].kind = CellKind::State),
        (Kind::TakenForGranted, |p| p.atoms[0].yes_means[0].allowed = 0b10),
        (Kind::Question, |p| p.atoms[1].source = AtomSource::Probe),
        (Kind::Question, |p| p.atoms[1].question.push('?')),
        (Kind::Command, |p| p.values[1].source = ValueSource::Picked { cases: Vec::new(), otherwise: String::new() }),
        (Kind::Estate, |p| p.secrets[0].source = SecretSource::Env(String::from("OTHER"))),
        (Kind::ProofLost, |p| p.goal.clear()),
        (Kind::LockDropped, |p| drop(p.locks.pop())),
        (Kind::LossAccepted, |p| p.accepted.push((CellId(1), String::from("it is cheap")))),
        (Kind::LossAccepted, |p| p.accepted[0].1.clear()),
        (Kind::HoldDropped, |p| p.holds.clear()),
        (Kind::HoldDropped, |p| p.holds[0].machine = None),
        (Kind::HoldDropped, |p| p.ends.push(String::from("ec1"))),
        (Kind::PromiseWeakened, |p| p.rto_ms = Some(2_800_000)),
        (Kind::PromiseWeakened, |p| p.rto_ms = None),
        (Kind::Safer, |p| p.rto_ms = Some(60_000)),
    ];
    for (index, (kind, change)) in all.iter().enumerate() {
        let told = first(change);
        assert_eq!(told.as_ref().map(|(kind, _)| *kind), Some(*kind), "{index}: {told:?}");
    }
}

#[test]
fn a_case_shows_what_a_condition_has_become() {
    let (old, mut new) = (sample(), sample());
    new.guards.push(Guard::Is { atom: crate::calculus::AtomId(1), option: 1 });
    at(&mut new, "restore").guard = GuardId::at(new.guards.len() - 1);
    let narrowed = compare(&old, &new).changes;
    assert_eq!(narrowed[0].kind, Kind::Narrowed);
    assert_eq!(narrowed[0].case, ["firewalls: included"]);
    assert_eq!(narrowed[0].after.as_deref(), Some("firewalls is excluded"));
    let widened = compare(&new, &old).changes;
    assert_eq!((widened[0].kind, widened[0].case.clone()), (Kind::Widened, vec![String::from("firewalls: included")]));
}

#[test]
fn a_condition_that_is_only_written_otherwise_is_none() {
    let told = first(|p| {
        p.guards.push(Guard::Not(GuardId(7)));
        p.guards.push(Guard::All(vec![GuardId(10), GuardId(7)]));
        at(p, "report").guard = GuardId::at(p.guards.len() - 1);
    });
    assert_eq!(told, None);
}

#[test]
fn steps_that_have_gone_or_come_are_told_by_what_they_were_for() {
    // Each as the only difference: the instruction becomes a pause that nothing asks about.
    let gone = |name: &str| {
        first(|p| {
            let instr = at(p, name);
            (instr.op, instr.name) = (Op::Delay { ms: 1 }, String::from("other"));
            instr.fences.clear();
            instr.effects.clear();
            instr.title.clear();
        })
    };
    assert_eq!(
        gone("shut_down").unwrap(),
        (Kind::FenceDropped, String::from("shut_down on ec1: removed; it fenced ec1"))
    );
    assert_eq!(gone("choose").unwrap().0, Kind::GateDropped);
    assert_eq!(gone("change_back").unwrap().0, Kind::FinallyDropped);
    assert_eq!(gone("report").unwrap().0, Kind::Removed);
    let risks = compare(&sample(), &sample()).changes.iter().filter(|c| c.weight == Weight::Risk).count();
    assert_eq!(risks, 0);
}

#[test]
fn findings_come_first_and_those_that_are_gone_are_good_news() {
    let (old, mut new) = (sample(), sample());
    new.locks.clear();
    let mut comparison = compare(&old, &new);
    comparison.flaws(&[String::from("HA0510: a")], &[String::from("HA0401: b")]);
    let kinds: Vec<Kind> = comparison.changes.iter().map(|c| c.kind).collect();
    assert_eq!(kinds, [Kind::Unproved, Kind::LockDropped, Kind::LockDropped, Kind::Mended]);
}

#[test]
fn order_that_went_with_a_step_is_told() {
    // `report` followed `choose` only, `choose` followed `restore`; without it nothing holds the two together.
    let (old, mut new) = (sample(), sample());
    let choose = at(&mut new, "choose");
    (choose.op, choose.name) = (Op::Delay { ms: 1 }, String::from("other"));
    choose.needs = vec![InstrId(9)];
    at(&mut new, "report").guard = GuardId::ALWAYS;
    let changes = compare(&old, &new).changes;
    let lost: Vec<&str> = changes.iter().filter(|c| c.kind == Kind::OrderLost).map(|c| c.text.as_str()).collect();
    assert_eq!(
        lost,
        ["does not wait for `restore on ec2` any more; it did because it uses `lsn` of it"],
        "{changes:#?}"
    );
}

#[test]
fn a_question_and_the_step_that_asks_it_are_two_things() {
    // The answer stays, the step's success is asked for instead.
    let told = first(|p| {
        p.guards.push(Guard::Ok(InstrId(12)));
        p.guards.push(Guard::All(vec![GuardId::at(p.guards.len() - 1), GuardId(4)]));
        p.guards.push(Guard::Any(vec![GuardId(3), GuardId::at(p.guards.len() - 1)]));
        p.guards.push(Guard::All(vec![GuardId::at(p.guards.len() - 1), GuardId(10)]));
        at(p, "report").guard = GuardId::at(p.guards.len() - 1);
    });
    assert_eq!(told.unwrap().0, Kind::ConditionChanged);
}

#[test]
fn what_differs_in_names_only_is_alike_and_nothing_else() {
    let changed = |script: &str, host: u32| {
        let (mut old, mut new) = (sample(), sample());
        for program in [&mut old, &mut new] {
            at(program, "restore").host = Some(MachineId(host));
        }
        command(&mut new, "restore").script = Template::text(script);
        compare(&old, &new)
    };
    let first = changed("restore ec2", 1);
    assert!(first.is_like(&first));
    assert!(first.is_like(&changed("restore ec1", 0)), "the same, of the other node");
    assert!(!first.is_like(&changed("restore all", 0)), "another command");
    assert!(!first.is_like(&changed("restore ec2", 0)), "one node stands for two");
    assert!(!first.is_like(&compare(&sample(), &sample())));
}

proptest! {
    #[test]
    fn any_two_programs_can_be_compared(one in program(), other in program()) {
        // Sense or nonsense: nothing of it stops the comparison.
        prop_assert_eq!(compare(&one, &other).new_time.is_some(), compare(&other, &one).old_time.is_some());
    }
}
