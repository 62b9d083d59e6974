//! Random plans with every fault: the executor never does what the definition does not allow, and whatever goes wrong in
//! the simulated world the proofs had found.

use super::sweep::{Report, drill};
use crate::base::SourceMap;
use crate::bytecode::{Instr, Op, Program, disassemble};
use crate::calculus::{CellId, CellKind, Change, MachineId, Reach, Requirement, Template, mask_of};
use crate::lower::lower;
use crate::order::order;
use crate::order::property::{choices, grown};
use crate::prove::{Limits, prove};
use crate::semantics::Violation;
use crate::verify::{Verified, verify};
use proptest::prelude::{ProptestConfig, TestCaseError, any, prop_assert, proptest};
use std::collections::BTreeSet;

/// A stream of choices; an exhausted one gives zeros.
struct Dice(std::vec::IntoIter<u16>);

impl Dice {
    fn below(&mut self, count: u16) -> u16 {
        self.0.next().unwrap_or(0) % count
    }

    fn one_in(&mut self, count: u16) -> bool {
        self.below(count) == 1
    }
}

/// A random program: its shape from the random plans of the order, its commands and things as the dice fall.
fn program(shape: Vec<u16>, dice: &mut Dice) -> Program {
    let plan = grown(shape);
    let (dag, _) = order(&plan);
    let mut program = lower(&plan, &dag, &SourceMap::default());
    program.machines[1].reach = Reach::Exec { prefix: vec![String::from("on")] };
    program.machines[2].reach = Reach::Ssh { host: String::from("m2"), user: String::new() };
    let holders = (0..3).map(MachineId).map(Some);
    program.cells[0].kind = CellKind::Place { holders: std::iter::once(None).chain(holders).collect() };
    for cell in &mut program.cells {
        cell.initial = [1, 2, 3, 9][usize::from(dice.below(4))];
        cell.rests = [mask_of(4), 1, 3][usize::from(dice.below(3))];
    }
    if dice.one_in(2) {
        let allowed = [2, 6, 14][usize::from(dice.below(3))];
        program.goal.push(Requirement { cell: CellId(u32::from(dice.below(3))), allowed });
    }
    for instr in &mut program.code {
        decorate(instr, dice);
    }
    program
}

fn decorate(instr: &mut Instr, dice: &mut Dice) {
    instr.usually_ms = [None, Some(0), Some(3_000), Some(40_000)][usize::from(dice.below(4))];
    let remote = instr.host.is_some_and(|m| m.0 > 0);
    if let Op::Run { command, verify, retries, every_ms } = &mut instr.op {
        command.within_ms = [None, Some(10_000), Some(60_000)][usize::from(dice.below(3))];
        command.kill = command.within_ms.is_some() && dice.one_in(3);
        *verify = dice.one_in(2).then(|| Template::text("read back"));
        instr.flags.tolerated = dice.one_in(5);
        instr.flags.idempotent = dice.one_in(3);
        instr.flags.lingers = remote && !command.kill && !instr.effects.is_empty();
        if instr.flags.idempotent || verify.is_some() {
            (*retries, *every_ms) = (u32::from(dice.below(3)), u64::from(dice.below(2)) * 500);
        }
        for effect in &mut instr.effects {
            effect.exclusive = effect.cell.0 == 0 && matches!(effect.change, Change::Set(1..)) && dice.one_in(2);
        }
    }
}

/// What the dice made, if it keeps the rules of programs.
fn verified(shape: Vec<u16>, dice: Vec<u16>) -> Option<Verified> {
    verify(program(shape, &mut Dice(dice.into_iter()))).ok()
}

fn cell(violation: &Violation) -> CellId {
    match violation {
        Violation::HeldTwice { cell, .. } | Violation::LandsLate { cell, .. } | Violation::NotSo { cell, .. } => *cell,
        Violation::GoalMissed { cell } | Violation::LeftOpen { cell } | Violation::ComesBack { cell, .. } => *cell,
    }
}

/// Violations that the simulated world has shown.
fn seen(report: &Report) -> BTreeSet<Violation> {
    report.breaches.iter().map(|b| b.violation).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_executor_does_what_the_definition_allows_and_the_proofs_foresee(
        shape in choices(), dice in proptest::collection::vec(any::<u16>(), 0..120),
    ) {
        if let Some(program) = verified(shape, dice) {
            let proof = prove(&program, Limits::default());
            let report = drill(program.clone(), &[]);
            let report = report.map_err(|e| TestCaseError::fail(format!("{e}\n{}", disassemble(&program))))?;
            let foreseen: BTreeSet<Violation> = proof.found.iter().map(|f| f.violation).collect();
            let known = |v: &Violation| proof.undecided.iter().any(|u| u.cell == cell(v));
            let missed: Vec<_> = seen(&report).into_iter().filter(|v| !foreseen.contains(v) && !known(v)).collect();
            prop_assert!(missed.is_empty(), "{missed:?}\n{}", disassemble(&program));
        }
    }
}

#[test]
fn random_plans_are_not_all_trivial() {
    let mut numbers = (1u64..).scan(88_172_645_463_325_252u64, |x, _| {
        *x ^= *x << 13;
        *x ^= *x >> 7;
        *x ^= *x << 17;
        u16::try_from(*x & 0xffff).ok()
    });
    let (mut programs, mut lost, mut faults, mut breaches) = (0, 0, 0, 0);
    for _ in 0..25 {
        let shape: Vec<u16> = numbers.by_ref().take(90).collect();
        let dice: Vec<u16> = numbers.by_ref().take(120).collect();
        if let Some(program) = verified(shape, dice) {
            let report = drill(program.clone(), &[]).unwrap_or_else(|e| panic!("{e}\n{}", disassemble(&program)));
            programs += 1;
            lost += report.lost;
            faults += report.faults;
            breaches += report.breaches.len();
        }
    }
    assert!(programs > 20 && lost > 1_000 && faults > 1_000 && breaches > 10, "{programs} {lost} {faults} {breaches}");
}
