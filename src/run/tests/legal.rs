//! The executor as a third party: whatever happens to it, it only ever does what the definition allows, and what it
//! believes of the world includes what is so.
//!
//! Programs of random plans run on the real driver in a world in which everything that may go wrong does, are lost at
//! any moment and taken up again. Every event becomes a [`Move`], and [`State::apply`] says whether it is one.
//!
//! `PLANS=20000 cargo test --release --lib in_many_runs -- --ignored --nocapture` tries more and says how many.

use super::outside::{Book, Outside, Place};
use crate::bytecode::{InstrId, Op, Program, Status, disassemble};
use crate::calculus::{AtomSource, CellId};
use crate::run::sample::Recorder;
use crate::run::{
    Event, Host, Machine, Open, Options, Record, RunEnded, RunOutcome, RunStarted, StepEnded, StepOutcome, Who, drive,
};
use crate::semantics::random::{Dice, plan};
use crate::semantics::{Move, State, Violation, starts};
use crate::verify::Verified;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

/// Follows a run with the definition in one hand and a machine of the executor's in the other.
#[derive(Clone)]
pub struct Witness {
    program: Arc<Verified>,
    pub state: State,
    machine: Machine,
    answered: BTreeMap<InstrId, u8>,
    moves: Vec<Move>,
    /// What is wrong with the run.
    pub complaints: Vec<String>,
}

impl Witness {
    fn new(program: &Arc<Verified>, start: State) -> Witness {
        Witness {
            program: Arc::clone(program),
            state: start,
            machine: Machine::new(Arc::clone(program)),
            answered: BTreeMap::new(),
            moves: Vec::new(),
            complaints: Vec::new(),
        }
    }

    /// The steps that are running.
    pub fn running(&self) -> impl Iterator<Item = InstrId> {
        let ids = (0..self.program.code.len()).map(InstrId::at);
        ids.filter(|id| self.state.status(*id) == Status::Running)
    }

    /// An effect of a command that was given up has happened. While its step still goes on, with another attempt, it is
    /// one of those that the step has by its end.
    pub fn landed(&mut self, step: InstrId, effect: usize) {
        if self.state.status(step) != Status::Running {
            self.make(Move::Land { step, effect });
        }
    }

    /// Something was written down. Gives the steps that have ended well by it.
    pub fn saw(&mut self, event: &Event, values: &[u8], loose: &BTreeSet<(InstrId, usize)>) -> Vec<InstrId> {
        if let Err(error) = self.machine.apply(event) {
            self.complaints.push(format!("{event:?}: {}", error.message));
        }
        let mut well = Vec::new();
        match event {
            Event::StepStarted { step, attempt: 1 } => self.make(Move::Start(*step)),
            Event::Answered { step, option, .. } => _ = self.answered.insert(*step, *option),
            Event::StepEnded(ended) if !ended.again => {
                self.ended(ended, values, loose);
                well.extend(matches!(ended.outcome, StepOutcome::Ok | StepOutcome::AlreadySo).then_some(ended.step));
            }
            Event::Settled { step, status } => {
                self.make(Move::Settle(*step));
                if self.state.status(*step) != *status {
                    self.complaints.push(format!("{step:?} settles {status}, not {}", self.state.status(*step)));
                }
                well.extend((*status == Status::Ok).then_some(*step));
            }
            Event::CancelRequested { .. } if !self.state.cancelled => self.make(Move::Cancel),
            Event::RunEnded(ended) => self.run_ended(ended),
            _ => self.compare(),
        }
        well
    }

    fn ended(&mut self, ended: &StepEnded, values: &[u8], loose: &BTreeSet<(InstrId, usize)>) {
        let program = Arc::clone(&self.program);
        let instr = &program.code[ended.step.index()];
        let outcome = match ended.outcome {
            StepOutcome::Ok | StepOutcome::AlreadySo => Status::Ok,
            StepOutcome::Failed => Status::Failed,
            StepOutcome::Unknown => Status::Unknown,
        };
        let runs = matches!(instr.op, Op::Run { .. });
        let mut applied = 0;
        for (bit, effect) in instr.effects.iter().enumerate() {
            let (before, now) = (self.state.value(effect.cell), values[effect.cell.index()]);
            let after = effect.change.apply(before);
            if runs && now != after && (outcome == Status::Ok || now != before) {
                self.complaints.push(format!("`{}` is {outcome}, and cell {:?} is {now}", instr.name, effect.cell));
            }
            if outcome == Status::Ok || (runs && now == after && after != before) {
                applied |= 1 << bit;
            }
        }
        let aloft = loose.iter().any(|(step, _)| *step == ended.step);
        let lingers = aloft || (outcome == Status::Unknown && instr.flags.lingers);
        let answer = match &instr.op {
            Op::Probe { .. } => self.answered.get(&ended.step).copied(),
            Op::Ask { answers, .. } if !answers.is_empty() => self.answered.get(&ended.step).copied(),
            _ => None,
        };
        self.make(Move::End { step: ended.step, outcome, applied, lingers, answer });
    }

    fn run_ended(&mut self, ended: &RunEnded) {
        let program = Arc::clone(&self.program);
        if !self.state.is_over()
            || (ended.outcome == RunOutcome::Completed) != (self.state.status.last() == Some(&Status::Ok))
        {
            self.complaints.push(format!("the run ends as {:?}", ended.outcome));
        }
        for violation in self.state.end_violations(&program) {
            let Violation::LeftOpen { cell } = violation else { continue };
            let name = &program.cells[cell.index()].name;
            if !ended.open.iter().any(|o| matches!(o, Open::Thing { name: open, .. } if open == name)) {
                self.complaints.push(format!("`{name}` is left open, and nobody says so"));
            }
        }
    }

    fn make(&mut self, made: Move) {
        if let Err(refused) = self.state.apply(&self.program, &made) {
            self.complaints.push(format!("{made:?}: {refused}"));
        }
        self.moves.push(made);
        self.compare();
    }

    /// What the executor believes includes what is so.
    fn compare(&mut self) {
        for (cell, value) in (0..).map(CellId).zip(&self.state.values) {
            let mask = self.machine.cells().mask(cell);
            if mask >> value & 1 == 0 {
                self.complaints.push(format!("cell {cell:?} is {value}, and the executor believes {mask:b}"));
            }
        }
    }
}

/// What was tried.
#[derive(Default, Debug)]
struct Tally {
    plans: usize,
    runs: usize,
    faults: usize,
    crashes: usize,
    moves: usize,
    landings: usize,
    unfinished: usize,
}

/// The first event of a run that starts in this state.
fn beginning(program: &Program, start: &State) -> Event {
    let decided = program.atoms.iter().zip(&start.answers).filter(|(a, _)| a.source == AtomSource::Decision);
    let decisions = decided.map(|(a, answer)| (a.name.clone(), a.options[usize::from(answer.unwrap())].clone()));
    Event::RunStarted(RunStarted {
        run: "r1".into(),
        plan: program.plan.clone(),
        digest: String::new(),
        arguments: vec![],
        decisions: decisions.collect(),
        directory: "/".into(),
        roles: Vec::new(),
        by: Who::default(),
        approved: Vec::new(),
        flags: Vec::new(),
    })
}

/// Runs from wherever the world is, and then again from a moment at which the executor was lost.
fn run(program: &Arc<Verified>, outside: Outside, first: Event, jobs: usize, lives: usize, tally: &mut Tally) {
    let records: Vec<Record> = outside.records.clone();
    let (landed, faults) = (landings(&outside.witness), outside.faults);
    let outside = Rc::new(RefCell::new(outside));
    let lost = Rc::default();
    let mut place = Place { outside: Rc::clone(&outside), moments: Vec::new() };
    let mut book = Book(Rc::clone(&outside), Rc::clone(&lost));
    let mut seen = Recorder::default();
    let options = Options { jobs, ..Options::default() };
    let machine = Machine::replay(Arc::clone(program), &records).unwrap();
    let host = Host { world: &mut place, journal: &mut book, reporter: &mut seen, user: "mila".into() };
    let ended = drive(machine, vec![first], &options, host);
    tally.runs += 1;
    tally.unfinished += usize::from(ended.is_err());
    let mut moments = std::mem::take(&mut place.moments);
    moments.append(&mut lost.borrow_mut());
    // What goes on after the end may still happen.
    (0..6).for_each(|_| outside.borrow_mut().land());
    let end = outside.borrow();
    let events: Vec<String> = end.records.iter().map(|r| format!("{:?}", r.event)).collect();
    assert!(
        end.witness.complaints.is_empty(),
        "{:#?}\n{}\n{}",
        end.witness.complaints,
        events.join("\n"),
        disassemble(program)
    );
    tally.moves += end.witness.moves.len();
    tally.landings += landings(&end.witness) - landed;
    tally.faults += end.faults - faults;
    for mut moment in moments.into_iter().take(if lives > 0 { 4 } else { 0 }) {
        moment.lose_executor();
        tally.crashes += 1;
        let first = match moment.records.is_empty() {
            true => beginning(program, &moment.witness.state),
            false => Event::RunResumed { by: Who::default(), roles: Vec::new(), flags: Vec::new() },
        };
        run(program, moment, first, jobs, lives - 1, tally);
    }
}

fn landings(witness: &Witness) -> usize {
    witness.moves.iter().filter(|m| matches!(m, Move::Land { .. })).count()
}

fn try_plans(seeds: std::ops::Range<u64>) -> Tally {
    let mut tally = Tally::default();
    for seed in seeds {
        let program = Arc::new(plan(seed).1);
        tally.plans += 1;
        let mut dice = Dice::new(seed ^ 0x5eed);
        for _ in 0..4 {
            let all = u32::try_from(starts(&program).count()).unwrap();
            let start = starts(&program).nth(dice.below(all) as usize).unwrap();
            let first = beginning(&program, &start);
            let witness = Witness::new(&program, start);
            let jobs = 1 + dice.below(3) as usize;
            let outside = Outside::new(Arc::clone(&program), Dice::new(u64::from(dice.below(u32::MAX))), witness);
            run(&program, outside, first, jobs, 2, &mut tally);
        }
    }
    tally
}

#[test]
fn the_executor_does_only_what_the_definition_allows() {
    let tally = try_plans(0..300);
    assert!(tally.faults > 2_000 && tally.crashes > 2_000 && tally.landings > 500, "{tally:?}");
    assert_eq!(tally.unfinished, 0, "somebody always says what has become of a step");
}

#[test]
#[ignore = "as many plans as PLANS says"]
fn the_executor_does_only_what_the_definition_allows_in_many_runs() {
    let plans = std::env::var("PLANS").map_or(10_000, |n| n.parse().unwrap());
    println!("{:?}", try_plans(1_000_000..1_000_000 + plans));
}
