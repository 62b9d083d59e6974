//! The state of a run, and the states in which one may start.

use crate::bytecode::{Instr, InstrId, Program, Status};
use crate::calculus::{AtomId, AtomSource, CellId, Effect, Requirement};
use std::collections::BTreeSet;

/// The state of a run.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct State {
    /// The status of each instruction.
    pub status: Vec<Status>,
    /// The value of each cell.
    pub values: Vec<u8>,
    /// The answer of each atom, if it has one.
    pub answers: Vec<Option<u8>>,
    /// The effects in flight: a step, and which of its effects.
    pub in_flight: BTreeSet<(InstrId, usize)>,
    /// Whether cancellation was requested.
    pub cancelled: bool,
    /// The steps that run, ascending: those with that status.
    running: BTreeSet<InstrId>,
}

/// Every state in which a run may start: each cell has one of its initial values, each decision one of its answers.
pub fn starts(program: &Program) -> impl Iterator<Item = State> {
    let cells = program.cells.iter().map(|c| (0..64).filter(|v| c.initial >> v & 1 == 1).collect::<Vec<u8>>());
    let answers = program.atoms.iter().map(|a| match a.source {
        AtomSource::Decision => (0..64).take(a.options.len()).map(Some).collect::<Vec<_>>(),
        AtomSource::Probe | AtomSource::Answer => vec![None],
    });
    let (cells, answers): (Vec<_>, Vec<_>) = (cells.collect(), answers.collect());
    let radices = || cells.iter().map(Vec::len).chain(answers.iter().map(Vec::len));
    let count = radices().fold(1_u64, |product, n| product.saturating_mul(n as u64));
    let code = program.code.len();
    (0..count).map(move |mut number| {
        // The digits of the number, in a system whose radices are the numbers of choices.
        let mut digit = |choices: usize| {
            let digit = number % (choices as u64).max(1);
            number /= (choices as u64).max(1);
            usize::try_from(digit).unwrap_or(0)
        };
        let values = cells.iter().map(|c| c.get(digit(c.len())).copied().unwrap_or(0)).collect();
        State::new(code, values, answers.iter().map(|a| a.get(digit(a.len())).copied().flatten()).collect())
    })
}

impl State {
    /// A run of so many instructions starts, with these values in the cells and these answers.
    pub fn new(instructions: usize, values: Vec<u8>, answers: Vec<Option<u8>>) -> State {
        let status = vec![Status::Pending; instructions];
        State { status, values, answers, in_flight: BTreeSet::new(), cancelled: false, running: BTreeSet::new() }
    }

    /// The status of an instruction.
    pub fn status(&self, id: InstrId) -> Status {
        self.status.get(id.index()).copied().unwrap_or_default()
    }

    /// The value of a cell.
    pub fn value(&self, cell: CellId) -> u8 {
        self.values.get(cell.index()).copied().unwrap_or(0)
    }

    /// Whether what is required is so.
    pub fn meets(&self, required: Requirement) -> bool {
        required.allowed >> self.value(required.cell) & 1 == 1
    }

    /// The steps that run, ascending.
    pub fn running(&self) -> impl Iterator<Item = InstrId> {
        self.running.iter().copied()
    }

    /// Whether every instruction is settled.
    pub fn is_over(&self) -> bool {
        self.status.iter().all(|s| s.is_settled())
    }

    /// Whether an instruction keeps what needs it from running.
    pub(super) fn is_stopped(&self, program: &Program, id: InstrId) -> bool {
        self.status(id).is_stopped(program.code.get(id.index()).is_some_and(|i| i.flags.tolerated))
    }

    pub(super) fn set_status(&mut self, id: InstrId, status: Status) {
        self.status.get_mut(id.index()).into_iter().for_each(|s| *s = status);
        if status == Status::Running {
            self.running.insert(id);
        } else {
            self.running.remove(&id);
        }
    }

    pub(super) fn set_answer(&mut self, atom: AtomId, answer: Option<u8>) {
        self.answers.get_mut(atom.index()).into_iter().for_each(|a| *a = answer);
    }

    /// The effect happens.
    pub(super) fn happen(&mut self, effect: &Effect) {
        self.values.get_mut(effect.cell.index()).into_iter().for_each(|v| *v = effect.change.apply(*v));
    }

    /// The machines that a step fences can do nothing any more: nothing of them is in flight.
    pub(super) fn fence(&mut self, program: &Program, fence: &Instr) {
        let host = |step: InstrId| program.code.get(step.index()).and_then(|i| i.host);
        self.in_flight.retain(|(step, _)| !host(*step).is_some_and(|m| fence.fences.contains(&m)));
    }
}
