//! How a run has ended, and what it leaves open for people to close.

use crate::bytecode::{Duty, InstrId, Op, Program, Status};
use crate::calculus::CellKind;
use crate::run::{Machine, Open, RunEnded, RunOutcome, exit};

/// Reads the end of a run off its machine.
pub(crate) fn conclude(machine: &Machine) -> RunEnded {
    let program = machine.program();
    let end = InstrId::at(program.code.len().saturating_sub(1));
    let outcome = match machine.status(end) {
        Status::Ok => RunOutcome::Completed,
        _ if machine.is_cancelled() => RunOutcome::Cancelled,
        _ => RunOutcome::Stopped,
    };
    let mut open: Vec<Open> = machine.cells().open(program).collect();
    if outcome != RunOutcome::Completed {
        // A plan that completes has dealt with what it did not know; one that stops has not.
        open.extend(machine.cells().in_flight().map(|step| Open::Unknown { step }));
        open.extend(failures(machine).filter(|id| puts_in_order(machine, *id)).map(|step| Open::Unfinished { step }));
    }
    let completed = outcome == RunOutcome::Completed;
    let holds = program.duties().filter(|duty| completed || has_touched(machine, duty)).collect();
    let ends = if completed { program.ends.clone() } else { Vec::new() };
    RunEnded { outcome, open, holds, ends, waived: machine.waived().to_vec() }
}

/// Whether something that a duty is about was changed, or may have been.
fn has_touched(machine: &Machine, duty: &Duty) -> bool {
    let program = machine.program();
    let happened = |id| matches!(machine.status(id), Status::Ok | Status::Failed | Status::Unknown);
    let code = program.code.iter().enumerate().map(|(i, instr)| (InstrId::at(i), instr));
    code.into_iter().any(|(id, instr)| happened(id) && program.touches(instr, duty))
}

fn puts_in_order(machine: &Machine, id: InstrId) -> bool {
    let instr = machine.program().code.get(id.index());
    instr.is_some_and(|i| i.flags.finally) && machine.status(id) == Status::Failed
}

/// The steps whose failure was neither tolerated nor made up for by an `otherwise`, in written order.
pub(crate) fn failures(machine: &Machine) -> impl Iterator<Item = InstrId> {
    let made_up = made_up_for(machine);
    let failed = |id: &InstrId| matches!(machine.status(*id), Status::Failed | Status::Unknown);
    (0..made_up.len())
        .map(InstrId::at)
        .filter(move |id| failed(id) && machine.is_stopped(*id) && made_up.get(id.index()) == Some(&false))
}

/// For each instruction whether all that its stop led to ends in a ladder that passed.
fn made_up_for(machine: &Machine) -> Vec<bool> {
    let program = machine.program();
    let mut made_up = vec![false; program.code.len()];
    for instr in &program.code {
        if let Op::Join { rungs } = &instr.op {
            let passed = rungs.iter().any(|r| machine.status(*r) == Status::Ok);
            for rung in rungs {
                if let Some(slot) = made_up.get_mut(rung.index()) {
                    *slot |= passed;
                }
            }
        }
    }
    for id in (0..program.code.len()).rev().map(InstrId::at) {
        if !machine.is_stopped(id) || made_up.get(id.index()) == Some(&true) {
            continue;
        }
        let mut blocked = machine.needed_by(id).filter(|d| machine.is_stopped(*d)).peekable();
        let all = blocked.peek().is_some() && blocked.all(|d| made_up.get(d.index()) == Some(&true));
        if let Some(slot) = made_up.get_mut(id.index()) {
            *slot = all;
        }
    }
    made_up
}

/// What a run left open, and what is to be done about it.
pub fn left_open(program: &Program, open: &Open) -> String {
    match open {
        Open::Thing { name, may_be, rests } => {
            let cell = program.cells.iter().find(|c| c.name == *name);
            let reads = |values: &[String]| {
                let values = || values.iter().map(String::as_str);
                cell.map_or_else(|| values().collect::<Vec<_>>().join(" or "), |cell| cell.reads(values()))
            };
            format!("`{name}` may be {}; it must be {}", reads(may_be), reads(rests))
        }
        Open::Unknown { step } => {
            format!("nobody knows whether {} happened, or whether it still will", program.name_and_place(*step))
        }
        Open::Unfinished { step } => {
            format!("{} should have put things in order and did not", program.name_and_place(*step))
        }
    }
}

/// What the plan was to reach and may not have reached: where each thing is now, as far as the run knows.
pub fn missed_goals(machine: &Machine) -> Vec<String> {
    let program = machine.program();
    let mut missed = Vec::new();
    for goal in &program.goal {
        let Some(cell) = program.cells.get(goal.cell.index()) else { continue };
        let now = machine.cells().mask(goal.cell) & cell.all();
        if now & !goal.allowed != 0 {
            let names = |mask: u64| {
                let named = cell.values.iter().enumerate().filter(|(v, _)| mask >> v & 1 == 1);
                cell.reads(named.map(|(_, name)| name.as_str()))
            };
            let verb = if matches!(cell.kind, CellKind::Place { .. }) { "have" } else { "make" };
            let (now, goal) = (names(now), names(goal.allowed));
            missed.push(format!("`{}` is {now}; the plan was to {verb} it {goal}", cell.name));
        }
    }
    missed
}

impl RunEnded {
    /// The exit code, see [`exit`].
    pub fn exit_code(&self) -> u8 {
        match self.outcome {
            _ if !self.open.is_empty() => exit::OPEN,
            RunOutcome::Completed => exit::DONE,
            RunOutcome::Stopped => exit::STOPPED,
            RunOutcome::Cancelled => exit::CANCELLED,
        }
    }
}
