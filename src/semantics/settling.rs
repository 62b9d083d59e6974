//! The settling rule, as the top of `bytecode/program.rs` has it.

use super::State;
use crate::bytecode::{Guard, GuardId, InstrId, Op, Program, Status};
use std::collections::{BTreeMap, BTreeSet};

/// What the rule says of an instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Turn {
    /// It is not its turn: something that it needs or waits for is not settled.
    NotYet,
    /// It is no longer pending.
    Past,
    /// It gets this status.
    Settles(Status),
    /// It is a step that may start.
    Starts,
}

impl State {
    /// What the rule says of an instruction now.
    pub(super) fn turn(&self, program: &Program, id: InstrId) -> Turn {
        let Some(instr) = program.code.get(id.index()) else { return Turn::NotYet };
        if self.status(id) != Status::Pending {
            return Turn::Past;
        }
        if !instr.needs.iter().chain(&instr.waits).all(|t| self.status(*t).is_settled()) {
            return Turn::NotYet;
        }
        if instr.needs.iter().any(|t| self.is_stopped(program, *t)) {
            return Turn::Settles(Status::Blocked);
        }
        if !self.holds(program, instr.guard) {
            return Turn::Settles(Status::NotApplicable);
        }
        let is_step = !matches!(instr.op, Op::Enter | Op::Exit | Op::Join { .. } | Op::End);
        if self.cancelled && !instr.flags.finally && (is_step || instr.op == Op::Enter) {
            return Turn::Settles(Status::Cancelled);
        }
        match &instr.op {
            Op::Enter | Op::Exit | Op::Assume { .. } | Op::End => Turn::Settles(Status::Ok),
            Op::Join { rungs } if rungs.iter().any(|r| self.status(*r) == Status::Ok) => Turn::Settles(Status::Ok),
            Op::Join { rungs } if rungs.iter().any(|r| self.is_stopped(program, *r)) => Turn::Settles(Status::Blocked),
            Op::Join { .. } => Turn::Settles(Status::NotApplicable),
            _ => Turn::Starts,
        }
    }

    /// Whether a condition holds now. Each guard is made of earlier ones: those that this one is made of are collected
    /// from the last to the first, then evaluated from the first to the last.
    pub(super) fn holds(&self, program: &Program, id: GuardId) -> bool {
        if id == GuardId::ALWAYS {
            return true;
        }
        let mut parts = BTreeSet::from([id]);
        let mut open = vec![id];
        while let Some(guard) = open.pop().and_then(|g| program.guards.get(g.index())) {
            open.extend(guard.parts().iter().filter(|part| parts.insert(**part)));
        }
        let mut truth: BTreeMap<GuardId, bool> = BTreeMap::new();
        for part in parts {
            let known = |g: &&GuardId| truth.get(*g) == Some(&true);
            let holds = match program.guards.get(part.index()) {
                Some(Guard::Always) => true,
                Some(Guard::Never) | None => false,
                Some(Guard::Is { atom, option }) => self.answers.get(atom.index()) == Some(&Some(*option)),
                Some(Guard::Ok(step)) => self.status(*step) == Status::Ok,
                Some(Guard::Not(inner)) => !known(&inner),
                Some(Guard::All(all)) => all.iter().all(|g| known(&g)),
                Some(Guard::Any(any)) => any.iter().any(|g| known(&g)),
                Some(Guard::AtMost { count, of }) => of.iter().filter(known).count() <= *count as usize,
            };
            truth.insert(part, holds);
        }
        truth.get(&id) == Some(&true)
    }
}
