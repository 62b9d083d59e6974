//! What the state of the world may be by now: for each cell the set of values that it can have.
//!
//! A step that is `ok` leaves the image of its effect; one that failed leaves the old values or the new ones; one whose
//! outcome is unknown may in addition still land, any number of times, until its machine is fenced. A step that did
//! not run changes nothing.

use crate::bytecode::{Instr, InstrId, Program, Status};
use crate::calculus::{AtomId, CellId, Change, MachineId};
use crate::run::Open;
use std::collections::BTreeMap;

/// The possible values of all cells, and what is still in flight.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cells {
    masks: Vec<u64>,
    touched: Vec<bool>,
    landing: BTreeMap<CellId, Vec<(Option<MachineId>, Change)>>,
    in_flight: Vec<(InstrId, Option<MachineId>)>,
}

impl Cells {
    /// As the plan takes them for given.
    pub fn new(program: &Program) -> Cells {
        Cells {
            masks: program.cells.iter().map(|c| c.initial).collect(),
            touched: vec![false; program.cells.len()],
            landing: BTreeMap::new(),
            in_flight: Vec::new(),
        }
    }

    /// The values that the cell may have, as a mask.
    pub fn mask(&self, cell: CellId) -> u64 {
        self.masks.get(cell.index()).copied().unwrap_or(0)
    }

    /// Steps that may still have an effect.
    pub fn in_flight(&self) -> impl Iterator<Item = InstrId> {
        self.in_flight.iter().map(|(step, _)| *step)
    }

    /// A probe said yes: what that proves holds now.
    pub fn learn(&mut self, program: &Program, atom: AtomId) {
        for fact in program.atoms.get(atom.index()).map_or(&[][..], |a| &a.yes_means) {
            // An answer that contradicts what the plan takes for given is believed: it is a reading.
            let mask = match self.mask(fact.cell) & fact.allowed {
                0 => fact.allowed,
                both => both,
            };
            self.set(fact.cell, mask);
        }
    }

    /// An instruction has this final status.
    pub fn settle(&mut self, id: InstrId, instr: &Instr, status: Status) {
        match status {
            Status::Ok => self.fence(&instr.fences),
            Status::Unknown => self.in_flight.push((id, instr.host)),
            Status::Failed => {}
            _ => return,
        }
        for effect in &instr.effects {
            let before = self.mask(effect.cell);
            let image = effect.change.image(before);
            if status == Status::Unknown {
                self.landing.entry(effect.cell).or_default().push((instr.host, effect.change));
            }
            self.set(effect.cell, if status == Status::Ok { image } else { before | image });
            if let Some(touched) = self.touched.get_mut(effect.cell.index()) {
                *touched = true;
            }
        }
    }

    /// The things that the run has touched and that may not be at rest.
    pub fn open(&self, program: &Program) -> impl Iterator<Item = Open> {
        program.cells.iter().zip(self.masks.iter().zip(&self.touched)).filter_map(|(cell, (&mask, &touched))| {
            let names = |mask: u64| {
                let named = cell.values.iter().take(64).enumerate();
                named.filter(|(v, _)| mask >> v & 1 == 1).map(|(_, name)| name.clone()).collect()
            };
            let open = touched && mask & cell.all() & !cell.rests != 0;
            open.then(|| Open::Thing { name: cell.name.clone(), may_be: names(mask), rests: names(cell.rests) })
        })
    }

    /// These machines can do nothing any more.
    fn fence(&mut self, machines: &[MachineId]) {
        if machines.is_empty() {
            return;
        }
        let alive = |machine: &Option<MachineId>| !machine.is_some_and(|m| machines.contains(&m));
        self.in_flight.retain(|(_, machine)| alive(machine));
        self.landing.values_mut().for_each(|l| l.retain(|(machine, _)| alive(machine)));
    }

    fn set(&mut self, cell: CellId, mask: u64) {
        let landing = self.landing.get(&cell).map_or(&[][..], Vec::as_slice);
        let mut closed = mask;
        loop {
            let landed = landing.iter().fold(closed, |m, (_, change)| m | change.image(m));
            if landed == closed {
                break;
            }
            closed = landed;
        }
        if let Some(slot) = self.masks.get_mut(cell.index()) {
            *slot = closed;
        }
    }
}
