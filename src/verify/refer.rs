//! References into a program's tables: each is to something that is there, and a mask has no value that its cell lacks.

use crate::bytecode::{Guard, GuardId, Instr, InstrId, Program};
use crate::calculus::{
    Atom, AtomId, Cell, CellId, Change, Effect, Machine, MachineId, Requirement, Secret, SecretId, Value, ValueId,
};

/// Looks things up in a program; the error is a sentence.
#[derive(Clone, Copy)]
pub(super) struct Refer<'p>(pub &'p Program);

type Found<'p, T> = Result<&'p T, String>;

impl<'p> Refer<'p> {
    pub fn machine(self, id: MachineId) -> Found<'p, Machine> {
        there(&self.0.machines, id.0, "machine")
    }

    pub fn cell(self, id: CellId) -> Found<'p, Cell> {
        there(&self.0.cells, id.0, "cell")
    }

    pub fn atom(self, id: AtomId) -> Found<'p, Atom> {
        there(&self.0.atoms, id.0, "atom")
    }

    pub fn guard(self, id: GuardId) -> Found<'p, Guard> {
        there(&self.0.guards, id.0, "guard")
    }

    pub fn value(self, id: ValueId) -> Found<'p, Value<InstrId, GuardId>> {
        there(&self.0.values, id.0, "value")
    }

    pub fn secret(self, id: SecretId) -> Found<'p, Secret> {
        there(&self.0.secrets, id.0, "secret")
    }

    pub fn instr(self, id: InstrId) -> Found<'p, Instr> {
        there(&self.0.code, id.0, "instruction")
    }

    pub fn requirement(self, r: Requirement) -> Result<(), String> {
        let cell = self.cell(r.cell)?;
        mask(cell, r.allowed).map_err(|e| format!("the values required of `{}` are {e}", cell.name))
    }

    pub fn effect(self, effect: Effect) -> Result<(), String> {
        let cell = self.cell(effect.cell)?;
        let values = match effect.change {
            Change::Set(v) => [v, v],
            Change::Move { from, to } => [from, to],
        };
        match values.iter().find(|&&v| usize::from(v) >= cell.values.len()) {
            Some(v) => Err(format!("`{}` has no value {v}", cell.name)),
            None => Ok(()),
        }
    }
}

/// A set of a cell's values that is not empty.
pub(super) fn mask(cell: &Cell, mask: u64) -> Result<(), String> {
    match mask {
        0 => Err(String::from("none")),
        m if m & !cell.all() != 0 => Err(format!("more than its {}", cell.values.len())),
        _ => Ok(()),
    }
}

fn there<'p, T>(table: &'p [T], index: u32, what: &str) -> Found<'p, T> {
    table.get(index as usize).ok_or_else(|| format!("there is no {what} {index} among {}", table.len()))
}
