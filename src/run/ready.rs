//! The steps that run commands and may start, in written order, but for those whose machine is busy.
//!
//! Each question and each change costs the logarithm of how many there are, however many wait for one machine.

use crate::bytecode::InstrId;
use crate::calculus::MachineId;
use std::collections::{BTreeMap, BTreeSet};

/// The steps that run commands and may start.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ready {
    by_machine: BTreeMap<Option<MachineId>, BTreeSet<InstrId>>,
    /// The first of each machine that is not busy.
    first: BTreeSet<(InstrId, Option<MachineId>)>,
    busy: BTreeSet<MachineId>,
}

impl Ready {
    /// The first step whose machine is not busy.
    pub fn first(&self) -> Option<InstrId> {
        self.first.first().map(|(step, _)| *step)
    }

    /// A step may start.
    pub fn insert(&mut self, step: InstrId, machine: Option<MachineId>) {
        self.change(machine, |steps| steps.insert(step));
    }

    /// A step starts, or will not. False if it might not have.
    pub fn remove(&mut self, step: InstrId, machine: Option<MachineId>) -> bool {
        self.change(machine, |steps| steps.remove(&step))
    }

    /// Whether a machine takes no more commands.
    pub fn set_busy(&mut self, machine: MachineId, busy: bool) {
        let changed = if busy { self.busy.insert(machine) } else { self.busy.remove(&machine) };
        if changed && let Some(first) = self.by_machine.get(&Some(machine)).and_then(BTreeSet::first) {
            let entry = (*first, Some(machine));
            let _ = if busy { self.first.remove(&entry) } else { self.first.insert(entry) };
        }
    }

    /// Takes all of them out.
    pub fn take(&mut self) -> impl Iterator<Item = InstrId> + use<> {
        self.first.clear();
        std::mem::take(&mut self.by_machine).into_values().flatten()
    }

    /// All of them, machine by machine.
    #[cfg(test)]
    pub fn iter(&self) -> impl Iterator<Item = InstrId> {
        self.by_machine.values().flatten().copied()
    }

    fn change(&mut self, machine: Option<MachineId>, change: impl FnOnce(&mut BTreeSet<InstrId>) -> bool) -> bool {
        let steps = self.by_machine.entry(machine).or_default();
        let before = steps.first().copied();
        let changed = change(steps);
        let after = steps.first().copied();
        if before != after && !machine.is_some_and(|m| self.busy.contains(&m)) {
            before.map(|step| self.first.remove(&(step, machine)));
            after.map(|step| self.first.insert((step, machine)));
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::Ready;
    use crate::bytecode::InstrId;
    use crate::calculus::MachineId;

    #[test]
    fn a_busy_machine_is_passed_over_until_it_is_free() {
        let mut ready = Ready::default();
        let (a, b) = (MachineId(0), MachineId(1));
        for (step, machine) in [(5, Some(b)), (1, Some(a)), (2, Some(a)), (3, None)] {
            ready.insert(InstrId(step), machine);
        }
        assert_eq!(ready.first(), Some(InstrId(1)));
        ready.set_busy(a, true);
        assert_eq!(ready.first(), Some(InstrId(3)));
        ready.insert(InstrId(0), Some(a));
        assert_eq!(ready.first(), Some(InstrId(3)));
        assert!(ready.remove(InstrId(3), None) && !ready.remove(InstrId(3), None));
        assert_eq!(ready.first(), Some(InstrId(5)));
        ready.set_busy(a, false);
        assert_eq!(ready.first(), Some(InstrId(0)));
        assert!(ready.remove(InstrId(0), Some(a)));
        assert_eq!(ready.first(), Some(InstrId(1)));
        assert_eq!(ready.iter().count(), 3);
        assert_eq!(ready.take().count(), 3);
        assert_eq!(ready.first(), None);
    }
}
