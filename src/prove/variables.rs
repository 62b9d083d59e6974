//! What a condition is about: the answers, outcomes and cancellation on which everything depends, as variables.
//!
//! By number: decisions first, then what belongs to each instruction, in written order. So what happens late stands near
//! the root of a condition.

use super::bdd::{Bdd, Cond, Var};
use crate::bytecode::{InstrId, Op, Program};
use crate::calculus::{AtomId, AtomSource};

/// What a variable stands for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Meaning {
    /// Whoever starts the run gives this answer, if none of the earlier ones.
    Decided(AtomId, u8),
    /// The step works.
    Works(InstrId),
    /// The probe says yes; the operator gives this answer, if none of the earlier ones.
    Answered(InstrId, u8),
    /// The operator cancels before it, and after everything before it has started.
    Cancelled(InstrId),
}

/// The variables of a program.
#[derive(Debug)]
pub(super) struct Variables {
    meanings: Vec<Meaning>,
    atoms: Vec<u32>,
    instrs: Vec<u32>,
}

impl Variables {
    pub fn of(p: &Program) -> Variables {
        let mut all = Variables { meanings: Vec::new(), atoms: Vec::new(), instrs: Vec::new() };
        for (index, atom) in p.atoms.iter().enumerate() {
            all.atoms.push(all.next());
            if atom.source == AtomSource::Decision {
                all.meanings
                    .extend((1..options(atom.options.len())).map(|o| Meaning::Decided(AtomId::at(index), o - 1)));
            }
        }
        for (index, instr) in p.code.iter().enumerate() {
            let id = InstrId::at(index);
            all.instrs.push(all.next());
            all.meanings.push(Meaning::Cancelled(id));
            match &instr.op {
                Op::Run { .. } | Op::Wait { .. } | Op::Delay { .. } => all.meanings.push(Meaning::Works(id)),
                Op::Ask { answers, .. } if answers.is_empty() => all.meanings.push(Meaning::Works(id)),
                Op::Ask { answers, .. } => {
                    all.meanings.extend((0..options(answers.len())).map(|o| Meaning::Answered(id, o)));
                }
                Op::Probe { .. } => all.meanings.push(Meaning::Answered(id, 0)),
                _ => {}
            }
        }
        all
    }

    fn next(&self) -> u32 {
        u32::try_from(self.meanings.len()).unwrap_or(u32::MAX)
    }

    /// What a variable stands for.
    pub fn meaning(&self, var: Var) -> Option<Meaning> {
        self.meanings.get(var.0 as usize).copied()
    }

    /// The operator cancels before the instruction.
    pub fn cancelled(&self, bdd: &mut Bdd, at: usize) -> Cond {
        self.instrs.get(at).map_or(Cond::FALSE, |v| bdd.var(Var(*v)))
    }

    /// The step works.
    pub fn works(&self, bdd: &mut Bdd, at: usize) -> Cond {
        self.instrs.get(at).map_or(Cond::FALSE, |v| bdd.var(Var(*v + 1)))
    }

    /// A decision has this answer.
    pub fn decided(&self, bdd: &mut Bdd, p: &Program, atom: AtomId, option: u8) -> Cond {
        let count = p.atoms.get(atom.index()).map_or(0, |a| options(a.options.len()));
        let Some(first) = self.atoms.get(atom.index()).copied() else { return Cond::FALSE };
        match option {
            _ if option >= count => Cond::FALSE,
            // The last answer is the one that is none of the others.
            _ if option + 1 == count => none_of(bdd, first, option),
            _ => nth(bdd, first, option),
        }
    }

    /// The `option`th answer of an operator's choice; 0 is the yes of a probe.
    pub fn answered(&self, bdd: &mut Bdd, at: usize, option: u8) -> Cond {
        self.instrs.get(at).map_or(Cond::FALSE, |v| nth(bdd, *v + 1, option))
    }
}

fn options(count: usize) -> u8 {
    u8::try_from(count).unwrap_or(u8::MAX)
}

fn none_of(bdd: &mut Bdd, first: u32, count: u8) -> Cond {
    let parts: Vec<Cond> = (0..count).map(|o| !bdd.var(Var(first + u32::from(o)))).collect();
    bdd.all(parts)
}

fn nth(bdd: &mut Bdd, first: u32, option: u8) -> Cond {
    let (before, own) = (none_of(bdd, first, option), bdd.var(Var(first + u32::from(option))));
    bdd.and(before, own)
}
