//! `folder on nowhere` of a shared thing is about every node that may have it, also those that the plan names only later.
//! Until all are known, one cell that does not exist stands for them.

use super::{CellKey, Elaborator};
use crate::base::Span;
use crate::calculus::{Cell, CellId, CellKind, Effect, Requirement};
use crate::model::{Region, Step};
use crate::resolve::library::ThingId;
use std::collections::HashMap;

/// The cells that each stand-in stands for.
pub(super) struct Nowhere(HashMap<CellId, Vec<CellId>>);

impl Elaborator<'_, '_> {
    /// The cell that stands for all of a shared thing.
    pub(super) fn stand_in(&mut self, thing: ThingId) -> CellId {
        let known = self.nowhere.iter().position(|t| *t == thing);
        let index = known.unwrap_or_else(|| {
            self.nowhere.push(thing);
            self.nowhere.len() - 1
        });
        CellId(u32::MAX - CellId::at(index).0)
    }

    /// Whether a cell stands for others.
    pub(super) fn stands_in(&self, cell: CellId) -> bool {
        ((u32::MAX - cell.0) as usize) < self.nowhere.len()
    }

    /// Puts what is said of the stand-ins on the cells that they stand for, and gives these for the steps.
    pub(super) fn spread_nowhere(&mut self) -> Nowhere {
        let mut all = HashMap::new();
        for thing in self.nowhere.clone() {
            let shared = |key: &CellKey| matches!(key, CellKey::Shared(t, _) if *t == thing);
            let mut cells: Vec<CellId> = self.cells.iter().filter(|(key, _)| shared(key)).map(|(_, c)| *c).collect();
            cells.sort_unstable();
            let stand_in = self.stand_in(thing);
            if !self.plan.givens.iter().any(|(cell, ..)| *cell == stand_in || cells.contains(cell)) {
                cells.push(self.on_another_node(thing));
            }
            all.insert(stand_in, cells);
        }
        let nowhere = Nowhere(all);
        let givens = std::mem::take(&mut self.plan.givens);
        for (cell, allowed, span) in givens {
            match nowhere.0.get(&cell) {
                None => self.plan.givens.push((cell, allowed, span)),
                Some(cells) => cells.iter().for_each(|cell| self.give(*cell, allowed, span)),
            }
        }
        nowhere.requirements(&mut self.plan.goal);
        for probe in &mut self.plan.probes {
            nowhere.requirements(&mut probe.requires);
        }
        for atom in &mut self.plan.atoms {
            let facts = std::mem::take(&mut atom.yes_means);
            atom.yes_means = facts.into_iter().flat_map(|r| nowhere.spread(r)).collect();
        }
        nowhere
    }

    /// A shared thing of which nothing is given may be on a node that the plan does not name: the cell that says
    /// so. It stands for all of them.
    fn on_another_node(&mut self, thing: ThingId) -> CellId {
        let id = CellId::at(self.plan.cells.len());
        let info = self.library.thing(thing);
        self.plan.cells.push(Cell {
            name: info.name.text.to_string(),
            values: vec![String::from("nowhere"), String::from("another node")],
            kind: CellKind::Place { holders: vec![None, None] },
            volatile: false,
            rests: u64::MAX,
            initial: u64::MAX,
        });
        self.plan.cell_spans.push(info.name.span);
        id
    }
}

impl Nowhere {
    /// A step with what it says of stand-ins said of the cells; what it says of these itself stays.
    pub(super) fn step(&self, step: &mut Step) {
        if self.0.is_empty() {
            return;
        }
        self.requirements(&mut step.requires);
        let (spread, own): (Vec<_>, Vec<_>) = step.effects.drain(..).partition(|(e, _)| self.0.contains_key(&e.cell));
        step.effects = own;
        for (effect, span) in spread {
            for cell in self.0.get(&effect.cell).into_iter().flatten() {
                if !step.effects.iter().any(|(e, _)| e.cell == *cell) {
                    step.effects.push((Effect { cell: *cell, ..effect }, span));
                }
            }
        }
    }

    /// The same for entering a block.
    pub(super) fn region(&self, region: &mut Region) {
        self.requirements(&mut region.requires);
    }

    fn requirements(&self, list: &mut Vec<(Requirement, Span)>) {
        if list.iter().any(|(r, _)| self.0.contains_key(&r.cell)) {
            *list = list.drain(..).flat_map(|(r, span)| self.spread(r).into_iter().map(move |r| (r, span))).collect();
        }
    }

    fn spread(&self, requirement: Requirement) -> Vec<Requirement> {
        match self.0.get(&requirement.cell) {
            None => vec![requirement],
            Some(cells) => cells.iter().map(|&cell| Requirement { cell, ..requirement }).collect(),
        }
    }
}
