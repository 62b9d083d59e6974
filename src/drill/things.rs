//! How things really are in the simulated world: one value a cell, and the effects that are still under way.

use crate::bytecode::{Instr, InstrId, Program};
use crate::calculus::{CellId, MachineId, Requirement};

/// The state of the simulated things.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Things {
    values: Vec<u8>,
    under_way: Vec<UnderWay>,
}

/// The effects of a command that was given up and goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct UnderWay {
    step: InstrId,
    host: Option<MachineId>,
    /// When it lands, on the virtual clock; `None`: when the run is over.
    due_ms: Option<u64>,
}

impl Things {
    /// As they are at the start.
    pub fn new(values: Vec<u8>) -> Things {
        Things { values, under_way: Vec::new() }
    }

    /// The value of a cell.
    pub fn value(&self, cell: CellId) -> u8 {
        self.values.get(cell.index()).copied().unwrap_or(0)
    }

    /// All values, by cell.
    pub fn values(&self) -> &[u8] {
        &self.values
    }

    /// Whether all of this is so.
    pub fn are(&self, facts: &[Requirement]) -> bool {
        facts.iter().all(|f| f.allowed >> self.value(f.cell) & 1 == 1)
    }

    /// Whether a step has nothing left to do. One without effects always has.
    pub fn already(&self, instr: &Instr) -> bool {
        !instr.effects.is_empty()
            && instr.effects.iter().all(|e| e.change.apply(self.value(e.cell)) == self.value(e.cell))
    }

    /// A command has its effects. Gives the exclusive things that were elsewhere at that moment.
    pub fn land(&mut self, instr: &Instr) -> Vec<CellId> {
        let mut twice = Vec::new();
        for effect in &instr.effects {
            let before = self.value(effect.cell);
            let after = effect.change.apply(before);
            if effect.exclusive && before != 0 && before != after {
                twice.push(effect.cell);
            }
            if let Some(value) = self.values.get_mut(effect.cell.index()) {
                *value = after;
            }
        }
        twice
    }

    /// Nothing comes from these machines any more.
    pub fn fence(&mut self, machines: &[MachineId]) {
        self.under_way.retain(|u| !u.host.is_some_and(|h| machines.contains(&h)));
    }

    /// A command goes on although it was given up.
    pub fn linger(&mut self, step: InstrId, instr: &Instr, due_ms: Option<u64>) {
        self.under_way.push(UnderWay { step, host: instr.host, due_ms });
    }

    /// When the next command lands that was given up.
    pub fn next_due(&self) -> Option<u64> {
        self.under_way.iter().filter_map(|u| u.due_ms).min()
    }

    /// The next of the commands that have landed by then; with `None`, of all.
    pub fn take_due(&mut self, by_ms: Option<u64>) -> Option<InstrId> {
        let due = |u: &UnderWay| by_ms.is_none_or(|by| u.due_ms.is_some_and(|due| due <= by));
        let at = self.under_way.iter().position(due)?;
        Some(self.under_way.remove(at).step)
    }

    /// Exclusive things that a step needs for itself and that are elsewhere.
    pub fn elsewhere<'a>(&'a self, instr: &'a Instr) -> impl Iterator<Item = CellId> + 'a {
        let taken = |e: &&crate::calculus::Effect| {
            let before = self.value(e.cell);
            e.exclusive && before != 0 && before != e.change.apply(before)
        };
        instr.effects.iter().filter(taken).map(|e| e.cell)
    }

    /// What a step needs and that is not so.
    pub fn missing<'a>(&'a self, instr: &'a Instr) -> impl Iterator<Item = CellId> + 'a {
        instr.requires.iter().filter(|r| r.allowed >> self.value(r.cell) & 1 == 0).map(|r| r.cell)
    }

    /// The goals that are not reached.
    pub fn missed<'a>(&'a self, program: &'a Program) -> impl Iterator<Item = CellId> + 'a {
        program.goal.iter().filter(|r| r.allowed >> self.value(r.cell) & 1 == 0).map(|r| r.cell)
    }
}
