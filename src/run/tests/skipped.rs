//! What a listing, a runbook or its page says will be skipped is not run, and when everything works and every answer is
//! known, exactly the rest is.

use crate::base::SourceMap;
use crate::bytecode::{InstrId, Op, Status};
use crate::calculus::{AtomId, AtomSource};
use crate::lower::lower;
use crate::order::property::{choices, grown};
use crate::order::{Dag, NodeId, Outline, Schedule, What, order, specialise};
use crate::run::{AnswerSource, Event, Machine, RunStarted, Said, StepEnded, StepOutcome, Who};
use crate::verify::verify;
use proptest::prelude::{any, proptest};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Runs the program with these answers; a step fails if `fails` says so. Gives the status of every instruction.
fn run(machine: &mut Machine, answers: &[u8], fails: impl Fn(InstrId) -> bool) {
    let program = Arc::clone(machine.program());
    let decided = program.atoms.iter().zip(answers).filter(|(a, _)| a.source == AtomSource::Decision);
    let started = RunStarted {
        run: "r1".into(),
        plan: program.plan.clone(),
        digest: String::new(),
        arguments: vec![],
        decisions: decided.map(|(a, option)| (a.name.clone(), a.options[usize::from(*option)].clone())).collect(),
        directory: "/".into(),
        roles: Vec::new(),
        by: Who::default(),
        approved: Vec::new(),
        flags: Vec::new(),
    };
    machine.apply(&Event::RunStarted(started)).unwrap();
    while !machine.is_over() {
        if let Some((step, status)) = machine.settling() {
            machine.apply(&Event::Settled { step, status }).unwrap();
            continue;
        }
        let step = machine.startable().next().expect("something can start");
        machine.apply(&Event::StepStarted { step, attempt: 1 }).unwrap();
        let instr = &program.code[step.index()];
        let mut outcome = if fails(step) { StepOutcome::Failed } else { StepOutcome::Ok };
        if let Op::Ask { answers: labels, atom, .. } = &instr.op {
            outcome = StepOutcome::Ok;
            let option = atom.map_or(1, |a| answers[a.index()]);
            let answer = labels.get(usize::from(option)).map_or("yes", |l| l.name.as_str()).to_owned();
            let by = AnswerSource::Person(Said::by("mila"));
            machine.apply(&Event::Answered { step, option, answer, by }).unwrap();
        }
        let captures = instr.op.command().map_or(&[][..], |c| c.captures.as_slice());
        machine
            .apply(&Event::StepEnded(StepEnded {
                step,
                attempt: 1,
                outcome,
                again: false,
                exit: None,
                reason: String::new(),
                warnings: vec![],
                stdout: String::new(),
                stderr: String::new(),
                captured: captures.iter().map(|c| (c.value, String::from("text"))).collect(),
            }))
            .unwrap();
    }
}

fn steps<'a>(dag: &'a Dag, outline: &'a Outline<'_>) -> impl Iterator<Item = (NodeId, &'a str)> {
    dag.nodes().filter_map(|(id, node)| match node.what {
        What::Step(key) => Some((id, outline.step(key)?.name.as_str())),
        _ => None,
    })
}

proptest! {
    #[test]
    fn what_is_said_to_be_skipped_is_not_run(
        choices in choices(), answers in any::<[bool; 16]>(), known in any::<[bool; 16]>(), fails in any::<[bool; 8]>(),
    ) {
        let plan = grown(choices);
        let (dag, _) = order(&plan);
        let outline = Outline::of(&plan);
        let program = Arc::new(verify(lower(&plan, &dag, &SourceMap::default())).unwrap());
        let answers: Vec<u8> = (0..plan.atoms.len()).map(|i| u8::from(answers[i % 16])).collect();
        let all: Vec<(AtomId, u8)> = answers.iter().enumerate().map(|(i, a)| (AtomId::at(i), *a)).collect();
        let some: Vec<(AtomId, u8)> = all.iter().copied().filter(|(a, _)| known[a.index() % 16]).collect();
        let status = |machine: &Machine, name: &str| {
            let index = program.code.iter().position(|i| i.name == name).unwrap();
            machine.status(InstrId::at(index))
        };

        let mut machine = Machine::new(Arc::clone(&program));
        run(&mut machine, &answers, |step| fails[step.index() % 8]);
        let skipped = specialise(&dag, &some);
        for (id, name) in steps(&dag, &outline).filter(|(id, _)| skipped.contains(*id)) {
            let status = status(&machine, name);
            assert!(matches!(status, Status::NotApplicable | Status::Blocked), "{name} is {status:?} ({id:?})");
        }

        let mut machine = Machine::new(Arc::clone(&program));
        run(&mut machine, &answers, |_| false);
        let schedule = Schedule::of(&outline, &dag, &specialise(&dag, &all));
        let planned: BTreeSet<NodeId> = schedule.waves.into_iter().flatten().collect();
        for (id, name) in steps(&dag, &outline) {
            let expected = if planned.contains(&id) { Status::Ok } else { Status::NotApplicable };
            assert_eq!(status(&machine, name), expected, "{name}");
        }
    }
}
