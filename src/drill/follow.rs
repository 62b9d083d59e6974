//! Holds a simulated run to the definition: everything that happens in it must be a move that [`crate::semantics`]
//! allows, and must leave things as it says. Anything else is a defect of the executor, or of this simulation.

use crate::bytecode::{InstrId, Op, Program, Status};
use crate::drill::plot::Plot;
use crate::run::{Event, StepEnded, StepOutcome};
use crate::semantics::{Move, State, Violation};
use std::collections::{BTreeMap, BTreeSet};

/// The run as the definition has it.
#[derive(Clone, Debug)]
pub struct Follow {
    state: State,
    answered: BTreeMap<InstrId, u8>,
    /// What must not have been, each once.
    pub violations: BTreeSet<Violation>,
    /// The first thing that the definition does not allow.
    pub illegal: Option<String>,
}

impl Follow {
    /// Nothing has happened yet.
    pub fn new(program: &Program, plot: &Plot) -> Follow {
        let decided = program.atoms.iter().enumerate().map(|(i, atom)| match atom.source {
            crate::calculus::AtomSource::Decision => Some(plot.answers.get(i).copied().flatten().unwrap_or(0)),
            _ => None,
        });
        let state = State::new(program.code.len(), plot.initial.clone(), decided.collect());
        Follow { state, answered: BTreeMap::new(), violations: BTreeSet::new(), illegal: None }
    }

    /// Something was recorded. Of a command that ended: whether it has had its effects, and whether something of it is
    /// still under way.
    pub fn event(&mut self, program: &Program, event: &Event, landed: bool, under_way: bool) {
        match event {
            Event::StepStarted { step, attempt: 1 } => self.made(program, &Move::Start(*step)),
            Event::Answered { step, option, .. } => _ = self.answered.insert(*step, *option),
            Event::StepEnded(ended) if !ended.again => self.ended(program, ended, landed, under_way),
            Event::Settled { step, .. } => self.made(program, &Move::Settle(*step)),
            Event::CancelRequested { .. } if !self.state.cancelled => self.made(program, &Move::Cancel),
            Event::RunEnded(_) => self.look(program),
            _ => {}
        }
    }

    fn ended(&mut self, program: &Program, ended: &StepEnded, landed: bool, under_way: bool) {
        let Some(instr) = program.code.get(ended.step.index()) else { return };
        let outcome = match ended.outcome {
            StepOutcome::Ok | StepOutcome::AlreadySo => Status::Ok,
            StepOutcome::Failed => Status::Failed,
            StepOutcome::Unknown => Status::Unknown,
        };
        let acts = matches!(instr.op, Op::Run { .. });
        let all = (0..instr.effects.len().min(64)).fold(0, |mask, bit| mask | 1 << bit);
        let applied = if outcome == Status::Ok || (acts && landed) { all } else { 0 };
        let lingers = acts && instr.flags.lingers && (outcome == Status::Unknown || under_way);
        let answer = match &instr.op {
            Op::Probe { .. } | Op::Ask { atom: Some(_), .. } => self.answered.get(&ended.step).copied(),
            _ => None,
        };
        self.made(program, &Move::End { step: ended.step, outcome, applied, lingers, answer });
    }

    /// A command that was given up has its effects. While its step still goes on, with another attempt, they are among
    /// those that it has at its end.
    pub fn landed(&mut self, program: &Program, step: InstrId) {
        if self.state.status(step) == Status::Running {
            return;
        }
        let effects = program.code.get(step.index()).map_or(0, |i| i.effects.len());
        for effect in 0..effects {
            self.made(program, &Move::Land { step, effect });
        }
    }

    /// Takes in what is wrong with the state in which the run has ended.
    pub fn look(&mut self, program: &Program) {
        self.violations.extend(self.state.end_violations(program));
    }

    /// Everything is over: things must be as the definition has them.
    pub fn compare(&mut self, program: &Program, values: &[u8]) {
        let differs = self.state.values.iter().zip(values).position(|(defined, real)| defined != real);
        if let Some(cell) = differs.and_then(|i| program.cells.get(i)) {
            self.illegal.get_or_insert(format!("`{}` is not as the definition has it", cell.name));
        }
    }

    fn made(&mut self, program: &Program, made: &Move) {
        match self.state.apply(program, made) {
            Ok(found) => self.violations.extend(found),
            Err(refused) => _ = self.illegal.get_or_insert(refused.to_string()),
        }
    }
}
