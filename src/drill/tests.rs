//! Random plans with every fault: the executor never does what the definition does not allow, and whatever goes wrong in
//! the simulated world the proofs had found.

use super::{Kind, Report, drill};
use crate::bytecode::{Instr, Op, Program, disassemble};
use crate::calculus::{CellId, CellKind, Change, Effect, MachineId, Reach, Template};
use crate::prove::{Limits, prove};
use crate::run::sample::Plan;
use crate::semantics::Violation;
use crate::semantics::random::{Dice, plan, shrink};
use crate::verify::{Verified, verify};
use std::collections::BTreeSet;

/// Plans that are drilled by default; `DRILLED_PLANS` says otherwise.
const PLANS: u64 = 150;

/// The program with time limits, read-backs, repetitions and durations, as the dice fall; as it is, if that does not go.
fn decorated(program: &Verified, seed: u64) -> Verified {
    let mut dice = Dice::new(seed ^ 0x5eed);
    let mut changed = Program::clone(program);
    changed.code.iter_mut().for_each(|instr| decorate(instr, &mut dice));
    verify(changed).unwrap_or_else(|_| program.clone())
}

fn decorate(instr: &mut Instr, dice: &mut Dice) {
    instr.usually_ms = dice.of(&[None, Some(0), Some(3_000), Some(40_000)]);
    if let Op::Run { command, verify, retries, every_ms } = &mut instr.op {
        command.within_ms = dice.of(&[None, Some(10_000), Some(60_000)]);
        command.kill = command.within_ms.is_some() && !instr.flags.lingers && dice.percent(30);
        *verify = dice.percent(50).then(|| Template::text("read back"));
        // What cannot be read back and is not harmless is repeated in no compiled plan.
        let repeats = instr.flags.idempotent || verify.is_some();
        (*retries, *every_ms) = if repeats { (dice.below(3), dice.of(&[0, 500])) } else { (0, 0) };
    }
}

fn cell(violation: &Violation) -> CellId {
    match violation {
        Violation::HeldTwice { cell, .. } | Violation::LandsLate { cell, .. } | Violation::NotSo { cell, .. } => *cell,
        Violation::GoalMissed { cell } | Violation::LeftOpen { cell } | Violation::ComesBack { cell, .. } => *cell,
    }
}

/// Whether there is a question that only has answers that stop. Nobody means that, and whether such a step has started
/// on something is moot.
fn asks_in_vain(program: &Program) -> bool {
    let vain =
        |i: &Instr| matches!(&i.op, Op::Ask { answers, .. } if !answers.is_empty() && answers.iter().all(|a| a.stops));
    program.code.iter().any(vain)
}

/// Drills a program; what should not have been, in words, or else what was seen.
fn held(program: &Verified) -> Result<Report, String> {
    let report = drill(program.clone(), &[]).map_err(|error| error.to_string())?;
    let proof = prove(program, Limits::default());
    let foreseen: BTreeSet<Violation> = proof.found.iter().map(|f| f.violation).collect();
    let undecided = |v: &Violation| proof.undecided.iter().any(|u| u.cell == cell(v));
    if let Some((kind, step)) = report.repeated.keys().next() {
        return Err(format!("`{step}` is done twice: {kind:?}"));
    }
    match report.breaches.iter().find(|b| !foreseen.contains(&b.violation) && !undecided(&b.violation)) {
        Some(breach) => Err(format!("not foreseen: {:?}\n{:#?}", breach.violation, breach.run)),
        None => Ok(report),
    }
}

#[test]
fn the_executor_does_what_the_definition_allows_and_the_proofs_foresee() {
    let plans = std::env::var("DRILLED_PLANS").ok().and_then(|n| n.parse().ok()).unwrap_or(PLANS);
    let (mut runs, mut faults, mut lost, mut breaches) = (0, 0, 0, 0);
    for seed in 0..plans {
        let (plan, program) = plan(seed);
        if asks_in_vain(&program) {
            continue;
        }
        match held(&decorated(&program, seed)) {
            Ok(report) => {
                runs += report.runs;
                faults += report.faults;
                lost += report.lost;
                breaches += report.breaches.len();
            }
            Err(why) => {
                let small = decorated(&shrink(&plan, |p| held(&decorated(p, seed)).is_err()), seed);
                let why = held(&small).err().unwrap_or(why);
                panic!("seed {seed}: {why}\n{}", disassemble(&small));
            }
        }
    }
    eprintln!("{plans} plans, {runs} runs, {faults} faults, {lost} executors lost, {breaches} breaches");
    assert!(faults > runs / 4 && lost > runs / 4 && breaches > 0, "the plans are not trivial");
}

#[test]
fn what_is_done_twice_is_counted() {
    let mut plan = Plan::new("p");
    let thing = plan.0.cell("web", &["off", "on"], CellKind::State);
    let pay = plan.run("pay", "pay", &[0]);
    pay.effects = vec![Effect { cell: thing, change: Change::Set(1), exclusive: false }];
    if let Op::Run { retries, .. } = &mut pay.op {
        *retries = 1;
    }
    let report = drill(plan.verified(), &[]).unwrap();
    let repeated: Vec<_> = report.repeated.clone().into_iter().collect();
    assert_eq!(repeated, [((Kind::FailsDone, String::from("pay")), report.combinations.len())]);
}

#[test]
fn a_thing_that_two_machines_hold_is_told_with_the_run() {
    let mut plan = Plan::new("p");
    plan.0.machine("far", Reach::Local);
    let holders = vec![None, Some(MachineId(0)), Some(MachineId(1))];
    let thing = plan.0.cell("web", &["nowhere", "here", "far"], CellKind::Place { holders });
    plan.0.0.cells[thing.index()].initial = 2;
    let claim = plan.run("claim", "claim", &[0]);
    claim.effects = vec![Effect { cell: thing, change: Change::Set(2), exclusive: true }];
    let report = drill(plan.verified(), &[]).unwrap();
    let what: Vec<&str> = report.breaches.iter().map(|b| b.what.as_str()).collect();
    assert_eq!(what, ["`claim` takes `web` while that is elsewhere"]);
    let breach = &report.breaches[0];
    assert_eq!((breach.kind, breach.runs), (Kind::Nothing, report.runs));
    let lines: Vec<(&str, Option<&str>)> = breach.run.iter().map(|l| (l.what, l.step.as_deref())).collect();
    assert_eq!(lines, [("ok", Some("claim")), ("completed", None)]);
}
