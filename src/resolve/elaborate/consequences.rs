//! What follows from the clauses of a step, spelt out: its node must be up, a node that goes down loses what is volatile,
//! and one that comes up again takes what it is still configured with.

use super::{CellKey, Elaborator};
use crate::base::Span;
use crate::calculus::{Cell, CellId, CellKind, Change, Effect, MachineId, Requirement};
use crate::model::{Act, Key, Plan, Step};
use std::collections::{BTreeSet, HashMap, HashSet};

/// The state of a machine that is up, and of one that is down.
const UP: u8 = 0;
const DOWN: u8 = 1;
/// The values of a cell of the kind [`CellKind::Configured`].
const NO: u8 = 0;
const YES: u8 = 1;

/// A cell that says whether a machine takes a thing when it comes up.
struct Configured {
    cell: CellId,
    machine: MachineId,
    of: CellId,
    /// The value of `of` that stands for the machine.
    there: u8,
    /// The machine forgets it only by releasing it, not when its power is cut.
    until_restart: bool,
}

/// What the steps of a plan have as consequences.
pub(super) struct Consequences {
    /// The cell that says whether each machine is up.
    power: HashMap<MachineId, CellId>,
    /// For each such cell: what its machine may hold that it loses when it goes down.
    lost: HashMap<CellId, Vec<Effect>>,
    configured: Vec<Configured>,
    /// The steps that cut a machine off without taking from it what it has.
    isolating: HashSet<Key>,
    /// For each cell of the place or the machine of something in `configured`: its indexes.
    concerned: HashMap<CellId, Vec<usize>>,
}

impl Elaborator<'_, '_> {
    /// Adds for each thing that is `volatile until restart`, and each machine that may hold it, the cell that says whether
    /// the machine takes it when it comes up; and the same for whatever is `volatile`, and each machine that the plan cuts
    /// off without taking from it what it has. When the plan starts it does if it may hold the thing by then, or if it may
    /// be down while nobody holds the thing; otherwise it does not.
    pub(super) fn configured(&mut self) -> Consequences {
        let places = self.cells.iter().filter_map(|(key, cell)| match key {
            CellKey::Place(thing) => Some((*cell, self.library.kind(self.library.thing(*thing).kind).until_restart)),
            _ => None,
        });
        let mut places: Vec<(CellId, bool)> = places.collect();
        places.sort_unstable();
        let mut configured = Vec::new();
        for (of, until_restart) in places {
            let Some(place) = self.plan.cells.get(of.index()).filter(|c| c.volatile) else { continue };
            let CellKind::Place { holders } = place.kind.clone() else { continue };
            let (name, initial) = (place.name.clone(), place.initial);
            let span = self.plan.cell_spans.get(of.index()).copied().unwrap_or_default();
            let returns = |machine: &MachineId| until_restart || self.isolated.contains_key(machine);
            let returning: Vec<(u8, MachineId)> =
                (0u8..).zip(holders).filter_map(|(v, m)| Some((v, m.filter(returns)?))).collect();
            for (there, machine) in returning {
                let cell = CellId::at(self.plan.cells.len());
                let back = until_restart && initial & 1 != 0 && self.may_start_down(machine);
                let taken = initial & (1 << there) != 0 || back;
                let holder = self.plan.machines.get(machine.index()).map_or("", |m| m.name.as_str());
                self.plan.cells.push(Cell {
                    name: format!("{name} configured on {holder}"),
                    values: vec![String::from("no"), String::from("yes")],
                    kind: CellKind::Configured { machine, of },
                    volatile: false,
                    rests: u64::MAX,
                    initial: 1 << if taken { YES } else { NO },
                });
                self.plan.cell_spans.push(span);
                configured.push(Configured { cell, machine, of, there, until_restart });
            }
        }
        let isolating = self.isolated.values().flatten().copied().collect();
        Consequences { isolating, ..Consequences::of(&self.plan, configured) }
    }

    fn may_start_down(&self, machine: MachineId) -> bool {
        let power = self.plan.machines.get(machine.index()).and_then(|m| m.power);
        power.and_then(|p| self.plan.cells.get(p.index())).is_some_and(|cell| cell.initial & (1 << DOWN) != 0)
    }
}

impl Consequences {
    fn of(plan: &Plan, configured: Vec<Configured>) -> Consequences {
        let machines = (0..).map(MachineId).zip(&plan.machines);
        let power: HashMap<MachineId, CellId> = machines.filter_map(|(id, m)| Some((id, m.power?))).collect();
        let mut lost: HashMap<CellId, Vec<Effect>> = HashMap::new();
        for (id, cell) in (0..).map(CellId).zip(&plan.cells).filter(|(_, c)| c.volatile) {
            let mut note = |machine: MachineId, change: Change| {
                if let Some(power) = power.get(&machine) {
                    lost.entry(*power).or_default().push(Effect { cell: id, change, exclusive: false });
                }
            };
            match &cell.kind {
                CellKind::Place { holders } => {
                    let held = (0u8..).zip(holders).filter_map(|(value, machine)| Some((value, (*machine)?)));
                    held.for_each(|(from, machine)| note(machine, Change::Move { from, to: 0 }));
                }
                CellKind::Shared { machine } => note(*machine, Change::Set(0)),
                CellKind::State | CellKind::Power { .. } | CellKind::Configured { .. } => {}
            }
        }
        let mut concerned: HashMap<CellId, Vec<usize>> = HashMap::new();
        for (index, c) in configured.iter().enumerate() {
            for cell in power.get(&c.machine).copied().into_iter().chain([c.of]) {
                concerned.entry(cell).or_default().push(index);
            }
        }
        Consequences { power, lost, configured, concerned, isolating: HashSet::new() }
    }

    /// What is so if the machine of this cell is down.
    fn if_down(&self, power: CellId) -> impl Iterator<Item = Requirement> {
        let kept = |effect: &Effect| match effect.change {
            Change::Move { from, .. } => Requirement { cell: effect.cell, allowed: !(1 << from) },
            Change::Set(value) => Requirement { cell: effect.cell, allowed: 1 << value },
        };
        self.lost.get(&power).into_iter().flatten().map(kept)
    }

    /// A machine that is down when the plan starts holds nothing volatile; the cells for which that contradicts what is
    /// given, each with the machine's.
    pub(super) fn start(&self, cells: &mut [Cell]) -> Vec<(CellId, CellId)> {
        let mut contradicted = Vec::new();
        for &power in self.power.values() {
            if cells.get(power.index()).is_none_or(|c| c.initial != 1 << DOWN) {
                continue;
            }
            for fact in self.if_down(power) {
                match cells.get_mut(fact.cell.index()) {
                    Some(cell) if cell.initial & fact.allowed == 0 => contradicted.push((fact.cell, power)),
                    Some(cell) => cell.initial &= fact.allowed,
                    None => {}
                }
            }
        }
        contradicted.sort_unstable();
        contradicted
    }

    /// Adds to what the yes of a probe proves what follows from it.
    pub(super) fn proven(&self, facts: &mut Vec<Requirement>) {
        let down = |r: &&Requirement| r.allowed == 1 << DOWN;
        let follows: Vec<Requirement> = facts.iter().filter(down).flat_map(|r| self.if_down(r.cell)).collect();
        for fact in follows {
            match facts.iter_mut().find(|f| f.cell == fact.cell) {
                Some(known) if known.allowed & fact.allowed != 0 => known.allowed &= fact.allowed,
                Some(_) => {}
                None => facts.push(fact),
            }
        }
    }

    /// Adds to a step what follows from it. `target` is where it says on which node it runs.
    pub(super) fn spell_out(&self, step: &mut Step, target: Option<Span>) {
        self.target_is_up(step, target);
        self.configuration(step);
        self.losses(step);
    }

    /// A command needs the machine that it runs on.
    fn target_is_up(&self, step: &mut Step, target: Option<Span>) {
        let power = step.host.and_then(|host| self.power.get(&host));
        let (Some(&cell), Act::Run { .. } | Act::Wait { .. }) = (power, &step.act) else { return };
        let up = Requirement { cell, allowed: 1 << UP };
        if !step.requires.iter().any(|(r, _)| *r == up) {
            step.requires.push((up, target.unwrap_or(step.span)));
        }
    }

    /// What is acquired on a machine is configured there, what is released on it is not; and what comes up must not take
    /// what it does not acquire by the same step.
    fn configuration(&self, step: &mut Step) {
        let touched = step.effects.iter().filter_map(|(e, _)| self.concerned.get(&e.cell)).flatten();
        let touched: BTreeSet<usize> = touched.copied().collect();
        for c in touched.into_iter().filter_map(|index| self.configured.get(index)) {
            let there = step.effects.iter().find(|(e, _)| e.cell == c.of).copied();
            let power = self.becomes(step, c.machine);
            let becomes = there.and_then(|(effect, span)| match effect.change {
                Change::Set(to) | Change::Move { to, .. } if to == c.there => Some((YES, span)),
                Change::Move { from, .. } if from == c.there && power.is_none_or(|(p, _)| p != DOWN) => {
                    Some((NO, span))
                }
                _ => None,
            });
            let forgets = power.filter(|(p, _)| *p == DOWN && !c.until_restart && !self.isolating.contains(&step.key));
            if let Some((value, span)) = becomes.or(forgets.map(|(_, span)| (NO, span))) {
                step.effects.push((Effect { cell: c.cell, change: Change::Set(value), exclusive: false }, span));
            }
            // Who waits for a machine to be up does not bring it up.
            let waits = matches!(step.act, Act::Wait { .. });
            if let (Some((UP, span)), None | Some((NO, _)), false) = (power, becomes, waits) {
                step.requires.push((Requirement { cell: c.cell, allowed: 1 << NO }, span));
            }
        }
    }

    /// A machine that goes down holds nothing volatile any more; effects that the step states itself stay.
    fn losses(&self, step: &mut Step) {
        for (goes_down, span) in step.effects.clone() {
            let lost = self.lost.get(&goes_down.cell).filter(|_| goes_down.change == Change::Set(DOWN));
            for effect in lost.into_iter().flatten() {
                if !step.effects.iter().any(|(e, _)| e.cell == effect.cell) {
                    step.effects.push((*effect, span));
                }
            }
        }
    }

    /// Whether a step says that a machine is up or down, and where.
    fn becomes(&self, step: &Step, machine: MachineId) -> Option<(u8, Span)> {
        let power = self.power.get(&machine)?;
        step.effects.iter().find_map(|(effect, span)| match effect.change {
            Change::Set(value) if effect.cell == *power => Some((value, *span)),
            _ => None,
        })
    }
}
