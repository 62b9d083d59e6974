//! The last touches to a plan, once every cell is known.

use super::{CellKey, Elaborator};
use crate::base::{Code, Diagnostic};
use crate::calculus::{CellId, CellKind, Requirement};
use crate::model::{Item, Region, Step};

impl Elaborator<'_, '_> {
    /// Spells out what follows from what is written, cuts masks to their domains, and looks at the whole.
    pub(super) fn finish(&mut self) {
        self.plan.locks.sort();
        self.plan.locks.dedup();
        let nowhere = self.spread_nowhere();
        self.anywhere();
        let consequences = self.configured();
        let all: Vec<u64> = self.plan.cells.iter().map(|c| c.all()).collect();
        for cell in &mut self.plan.cells {
            let all = cell.all();
            cell.initial &= all;
            cell.rests &= all;
        }
        let trim = |r: &mut Requirement| r.allowed &= all.get(r.cell.index()).copied().unwrap_or(u64::MAX);
        self.plan.goal.iter_mut().for_each(|(r, _)| trim(r));
        for atom in &mut self.plan.atoms {
            atom.yes_means.iter_mut().for_each(trim);
            consequences.proven(&mut atom.yes_means);
            atom.yes_means.iter_mut().for_each(trim);
        }
        for (thing, machine) in consequences.start(&mut self.plan.cells) {
            self.held_by_what_is_down(thing, machine);
        }
        self.plan.probes.iter_mut().flat_map(|p| &mut p.requires).for_each(|(r, _)| trim(r));
        self.plan.givens.iter_mut().for_each(|(cell, allowed, _)| {
            *allowed &= all.get(cell.index()).copied().unwrap_or(u64::MAX);
        });
        let mut body = std::mem::take(&mut self.plan.body);
        for_each_step(&mut body, &mut |step| {
            nowhere.step(step);
            consequences.spell_out(step, self.targets.get(&step.key).copied());
            step.requires.iter_mut().for_each(|(r, _)| trim(r));
        });
        for_each_region(&mut body, &mut |region| {
            nowhere.region(region);
            region.requires.iter_mut().for_each(|(r, _)| trim(r));
            let anything = |r: &Requirement| all.get(r.cell.index()) == Some(&r.allowed);
            region.requires.retain(|(r, _)| !anything(r));
        });
        self.plan.body = body;
        self.held_cells();
        self.check_drill();
        self.check_losses();
        self.check_decisions();
    }

    /// A thing of which nothing is given, or only where it is not, may be held by anybody when the plan starts, by somebody
    /// whom the plan does not mention, too. One such holder stands for all of them.
    fn anywhere(&mut self) {
        let things = self.cells.iter().filter_map(|(key, cell)| match key {
            CellKey::Place(thing) => Some((*cell, *thing)),
            _ => None,
        });
        for (cell, thing) in things {
            let held_by = self.library.kind(self.library.thing(thing).kind).held;
            let holder = held_by.map_or("holder", |(_, kind)| self.library.kind(kind).name.text);
            let Some(cell) = self.plan.cells.get_mut(cell.index()) else { continue };
            if let CellKind::Place { holders } = &mut cell.kind
                && holders.len() < 64
                && cell.initial >> holders.len() & 1 == 1
            {
                holders.push(None);
                cell.values.push(format!("another {holder}"));
            }
        }
    }

    fn check_decisions(&mut self) {
        for (atom, span) in self.decisions.clone() {
            if !self.used_atoms.contains(&atom) {
                let name = self.plan.atoms.get(atom.index()).map_or_else(String::new, |a| a.name.clone());
                self.report(
                    Diagnostic::warning(Code::UnusedGiven, span, format!("nothing depends on `{name}`"))
                        .help(format!("remove the `given`, or say `only if {name} is …` where it matters")),
                );
            }
        }
    }

    fn held_by_what_is_down(&mut self, thing: CellId, machine: CellId) {
        let name = |cell: CellId| self.plan.cells.get(cell.index()).map_or("", |c| c.name.as_str());
        let given = |cell: CellId| self.plan.givens.iter().find(|(c, ..)| *c == cell).map(|(.., span)| *span);
        let (Some(span), Some(down)) = (given(thing), given(machine)) else { return };
        let message = format!("`{}` cannot be on `{}`, which is down", name(thing), name(machine));
        self.report(
            Diagnostic::error(Code::Contradiction, span, message)
                .label(down, "says so")
                .help("it is volatile: a node that is down does not hold it; say `on nowhere`"),
        );
    }

    fn check_losses(&mut self) {
        let mut lost = Vec::new();
        self.plan.each_step(&mut |step| lost.extend(step.loses.iter().map(|(c, s)| (*c, *s, step.span))));
        let accepted: Vec<_> = self.plan.accepted.iter().map(|(c, _, s)| (*c, *s)).collect();
        for (cell, clause, step) in &lost {
            if !accepted.iter().any(|(c, _)| c == cell) {
                let name = self.plan.cells.get(cell.index()).map_or_else(String::new, |c| c.name.clone());
                self.report(
                    Diagnostic::error(Code::LossNotAccepted, *step, format!("this step loses what is in `{name}`"))
                        .label(*clause, "says so")
                        .help(format!("if that is acceptable, say so in the plan: `accept loss of {name} \"why\"`")),
                );
            }
        }
    }
}

fn for_each_step(items: &mut [Item], change: &mut impl FnMut(&mut Step)) {
    for item in items {
        match item {
            Item::Step(step) => change(step),
            Item::Group(group) => for_each_step(&mut group.items, change),
            Item::Region(region) => {
                for rung in &mut region.rungs {
                    for_each_step(&mut rung.items, change);
                }
                for_each_step(&mut region.finally, change);
            }
        }
    }
}

fn for_each_region(items: &mut [Item], change: &mut impl FnMut(&mut Region)) {
    for item in items {
        match item {
            Item::Step(_) => {}
            Item::Group(group) => for_each_region(&mut group.items, change),
            Item::Region(region) => {
                change(region);
                for rung in &mut region.rungs {
                    for_each_region(&mut rung.items, change);
                }
                for_each_region(&mut region.finally, change);
            }
        }
    }
}
