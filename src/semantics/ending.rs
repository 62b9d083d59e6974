//! What is wrong with the state in which a plan has ended.

use super::{State, Violation};
use crate::bytecode::{Instr, InstrId, Op, Program, Status};
use crate::calculus::{CellId, CellKind, Change, Effect};

impl State {
    /// What is wrong now that everything is settled; nothing before. What is still in flight may land after the end, so
    /// this is to be asked of every state from the end on.
    pub fn end_violations(&self, program: &Program) -> Vec<Violation> {
        if !self.is_over() {
            return Vec::new();
        }
        let completed = self.status.last() == Some(&Status::Ok);
        let missed = program.goal.iter().filter(|goal| completed && !self.meets(**goal));
        let missed = missed.map(|goal| Violation::GoalMissed { cell: goal.cell });
        let cells = || (0..program.cells.len()).map(CellId::at);
        let open = cells().filter(|cell| self.is_left_open(program, *cell)).map(|cell| Violation::LeftOpen { cell });
        let back = cells().filter(|cell| self.comes_back(program, *cell)).map(|cell| Violation::ComesBack { cell });
        missed.chain(open).chain(back).collect()
    }

    /// Whether something has happened, wholly or in part, that gives the cell such a value.
    fn has_given(&self, program: &Program, cell: CellId, such: &dyn Fn(u8) -> bool) -> bool {
        let mut happened = program.code.iter().zip(&self.status).filter(|(instr, status)| match status {
            Status::Ok => true,
            // Anything else that failed has changed nothing.
            Status::Failed | Status::Unknown => matches!(instr.op, Op::Run { .. }),
            _ => false,
        });
        happened.any(|(instr, _)| instr.effects.iter().any(|e| e.cell == cell && such(result(e))))
    }

    /// Whether a machine takes a thing when it comes up that another one has by now, by what the plan has done to either,
    /// and nobody has been told to mind the machine.
    fn comes_back(&self, program: &Program, cell: CellId) -> bool {
        let kind = program.cells.get(cell.index()).map(|c| &c.kind);
        let Some(CellKind::Configured { machine, of }) = kind else { return false };
        let holder = match program.cells.get(of.index()).map(|c| &c.kind) {
            Some(CellKind::Place { holders }) => holders.get(usize::from(self.value(*of))).copied().flatten(),
            _ => None,
        };
        let minded = program.holds.iter().any(|hold| hold.machine == Some(*machine));
        let touched = [cell, *of].into_iter().any(|c| self.has_given(program, c, &|_| true));
        self.value(cell) == 1 && holder.is_some_and(|h| h != *machine) && touched && !minded
    }

    /// Whether the plan has left a cell where it must not stay, and nobody has been told to see to it: no duty names it,
    /// and nothing that was to put it right has failed.
    fn is_left_open(&self, program: &Program, cell: CellId) -> bool {
        let Some(rests) = program.cells.get(cell.index()).map(|c| c.rests) else { return false };
        let at_rest = |value: u8| rests >> value & 1 == 1;
        if at_rest(self.value(cell)) {
            return false;
        }
        let restores = |instr: &Instr| instr.effects.iter().any(|e| e.cell == cell && at_rest(result(e)));
        let code = program.code.iter().enumerate().map(|(i, instr)| (InstrId::at(i), instr));
        let mut failed = code.filter(|(id, _)| matches!(self.status(*id), Status::Failed | Status::Unknown));
        let recovery_failed =
            failed.any(|(id, instr)| (instr.flags.finally || in_a_later_rung(program, id)) && restores(instr));
        let took_it_away = self.has_given(program, cell, &|value| !at_rest(value));
        let minded = program.holds.iter().any(|hold| hold.cells.contains(&cell));
        took_it_away && !recovery_failed && !minded
    }
}

/// The value that an effect gives.
fn result(effect: &Effect) -> u8 {
    match effect.change {
        Change::Set(to) | Change::Move { to, .. } => to,
    }
}

/// Whether an instruction stands in a rung after the first of a ladder: the rungs stand one after the other in the code.
fn in_a_later_rung(program: &Program, id: InstrId) -> bool {
    program.code.iter().any(|instr| match &instr.op {
        Op::Join { rungs } => rungs.first().is_some_and(|r| *r < id) && rungs.last().is_some_and(|r| id <= *r),
        _ => false,
    })
}
