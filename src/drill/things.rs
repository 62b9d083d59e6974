//! How things really are in the simulated world: one value a cell, and the commands that are still under way although
//! they were given up.

use crate::bytecode::{Instr, InstrId};
use crate::calculus::{CellId, MachineId, Requirement};

/// The state of the simulated things.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Things {
    values: Vec<u8>,
    under_way: Vec<UnderWay>,
}

/// A command that was given up and goes on.
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

    /// Whether a step has nothing left to do. One without effects always has, and a fence as long as anything is under
    /// way on its victim.
    pub fn already(&self, instr: &Instr) -> bool {
        let so = |e: &crate::calculus::Effect| e.change.apply(self.value(e.cell)) == self.value(e.cell);
        let alive = |u: &UnderWay| u.host.is_some_and(|h| instr.fences.contains(&h));
        !instr.effects.is_empty() && instr.effects.iter().all(so) && !self.under_way.iter().any(alive)
    }

    /// A step has its effects.
    pub fn happen(&mut self, instr: &Instr) {
        for effect in &instr.effects {
            let after = effect.change.apply(self.value(effect.cell));
            self.values.get_mut(effect.cell.index()).into_iter().for_each(|v| *v = after);
        }
    }

    /// Nothing comes from these machines any more.
    pub fn fence(&mut self, machines: &[MachineId]) {
        self.under_way.retain(|u| !u.host.is_some_and(|h| machines.contains(&h)));
    }

    /// A command goes on although it was given up.
    pub fn linger(&mut self, step: InstrId, instr: &Instr, due_ms: Option<u64>) {
        self.under_way.push(UnderWay { step, host: instr.host, due_ms });
    }

    /// Somebody sees to it that nothing of the step goes on.
    pub fn end(&mut self, step: InstrId) {
        self.under_way.retain(|u| u.step != step);
    }

    /// Whether something of the step is still under way.
    pub fn is_under_way(&self, step: InstrId) -> bool {
        self.under_way.iter().any(|u| u.step == step)
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
}
