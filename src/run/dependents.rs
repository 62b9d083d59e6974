//! The edges of a program the other way round: who waits for whom.

use crate::bytecode::{Instr, InstrId};

/// For each instruction those that wait for it, in one allocation.
#[derive(Clone, Debug)]
pub(super) struct Dependents {
    starts: Vec<u32>,
    all: Vec<InstrId>,
}

impl Dependents {
    pub fn of(code: &[Instr]) -> Dependents {
        let mut starts = vec![0u32; code.len() + 1];
        let edges = || {
            let each = |(index, instr)| before(instr).map(move |t: InstrId| (t, InstrId::at(index)));
            code.iter().enumerate().flat_map(each)
        };
        for (t, _) in edges() {
            if let Some(n) = starts.get_mut(t.index() + 1) {
                *n += 1;
            }
        }
        let mut sum = 0;
        for n in &mut starts {
            sum += *n;
            *n = sum;
        }
        let mut next = starts.clone();
        let mut all = vec![InstrId(0); sum as usize];
        for (t, dependent) in edges() {
            let Some(at) = next.get_mut(t.index()) else { continue };
            if let Some(slot) = all.get_mut(*at as usize) {
                *slot = dependent;
            }
            *at += 1;
        }
        Dependents { starts, all }
    }

    pub fn range(&self, id: InstrId) -> std::ops::Range<usize> {
        let at = |i: usize| self.starts.get(i).map_or(0, |s| *s as usize);
        at(id.index())..at(id.index() + 1)
    }

    pub fn at(&self, index: usize) -> Option<InstrId> {
        self.all.get(index).copied()
    }

    pub fn of_instr(&self, id: InstrId) -> &[InstrId] {
        self.all.get(self.range(id)).unwrap_or(&[])
    }
}

/// What an instruction waits for.
fn before(instr: &Instr) -> impl Iterator<Item = InstrId> {
    instr.needs.iter().chain(&instr.waits).copied()
}
