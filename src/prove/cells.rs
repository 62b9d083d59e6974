//! One cell at a time: which values it may have when something touches it, and under which condition each.
//!
//! All conflicting accesses to a cell are ordered by the DAG (the verifier holds that), so every interleaving shows the
//! cell the same sequence: going through the accesses in written order is going through all interleavings. A command that
//! was given up may land at any time; the values are closed under that.

use super::bdd::Cond;
use super::blocks::BlockId;
use super::status::{Engine, Known};
use crate::bytecode::{InstrId, Op, Program};
use crate::calculus::{AtomSource, CellId, Change, Effect, MachineId};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How an instruction touches a cell.
#[derive(Clone, Debug, Default)]
pub(super) struct Access {
    /// Index of the instruction.
    pub at: usize,
    /// What it does to it.
    pub effect: Option<Effect>,
    /// Values that will do while it runs; all bits if that does not matter.
    pub allowed: u64,
    /// What the yes of a probe proves about it; all bits for nothing.
    pub proves: u64,
    /// Machines whose commands in flight it kills.
    pub fences: Vec<MachineId>,
}

/// A command that was given up and may still change the cell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flight {
    /// Whose.
    pub step: usize,
    pub change: Change,
    pub exclusive: bool,
    host: Option<MachineId>,
    /// When it is in flight.
    pub when: Cond,
}

/// What a cell may be, and when.
#[derive(Clone, Debug, Default)]
pub(super) struct Values {
    /// Each value that it may have, with the condition; ascending, without those that are never so.
    pub may_be: Vec<(u8, Cond)>,
    pub flights: Vec<Flight>,
}

/// Under which conditions an access happens and works.
#[derive(Clone, Copy, Debug)]
pub(super) struct Happens {
    pub ran: Cond,
    pub ok: Cond,
}

/// The accesses to every cell, in written order.
pub(super) fn accesses(p: &Program) -> Vec<Vec<Access>> {
    let mut all: Vec<Vec<Access>> = vec![Vec::new(); p.cells.len()];
    let mut lingering: HashMap<MachineId, BTreeSet<CellId>> = HashMap::new();
    for instr in p.code.iter().filter(|i| i.flags.lingers) {
        let cells = instr.host.map(|h| lingering.entry(h).or_default());
        cells.into_iter().for_each(|c| c.extend(instr.effects.iter().map(|e| e.cell)));
    }
    for (at, instr) in p.code.iter().enumerate() {
        let proven = match &instr.op {
            Op::Probe { atom, .. } => p.atoms.get(atom.index()).filter(|a| a.source == AtomSource::Probe),
            _ => None,
        };
        let mut note = |cell: CellId, change: &mut dyn FnMut(&mut Access)| {
            let Some(list) = all.get_mut(cell.index()) else { return };
            if list.last().is_none_or(|a| a.at != at) {
                list.push(Access { at, allowed: u64::MAX, proves: u64::MAX, ..Access::default() });
            }
            list.last_mut().into_iter().for_each(change);
        };
        for effect in &instr.effects {
            note(effect.cell, &mut |a| a.effect = Some(*effect));
        }
        for need in &instr.requires {
            note(need.cell, &mut |a| a.allowed &= need.allowed);
        }
        for fact in proven.map_or(&[][..], |a| &a.yes_means) {
            note(fact.cell, &mut |a| a.proves &= fact.allowed);
        }
        for machine in &instr.fences {
            for cell in lingering.get(machine).into_iter().flatten() {
                note(*cell, &mut |a| a.fences.push(*machine));
            }
        }
    }
    all
}

impl Access {
    /// Whether it changes nothing, and nothing is learnt from it.
    fn is_read(&self) -> bool {
        self.effect.is_none() && self.fences.is_empty() && self.proves == u64::MAX
    }
}

impl Values {
    /// Whether it is one of these in any case.
    fn all_in(&self, mask: u64) -> bool {
        self.may_be.iter().all(|(v, _)| mask >> v & 1 == 1)
    }

    /// Any of these, in any case.
    pub fn any_of(mask: u64) -> Values {
        let may_be = (0..64u8).filter(|v| mask >> v & 1 == 1).map(|v| (v, Cond::TRUE)).collect();
        Values { may_be, flights: Vec::new() }
    }

    /// When it may have one of these values.
    pub fn when(&self, engine: &mut Engine<'_>, mask: u64) -> Cond {
        let parts: Vec<Cond> = self.may_be.iter().filter(|(v, _)| mask >> v & 1 == 1).map(|(_, c)| *c).collect();
        engine.bdd.any(parts)
    }

    /// The values after an access.
    pub fn after(&self, engine: &mut Engine<'_>, access: &Access, happens: Happens) -> Values {
        let Some(instr) = engine.p.code.get(access.at) else { return self.clone() };
        let Happens { ran, ok } = happens;
        if ran.is_false() {
            return self.clone();
        }
        let mut next: BTreeMap<u8, Cond> = BTreeMap::new();
        let mut add = |engine: &mut Engine<'_>, value: u8, when: Cond| {
            let known = next.get(&value).copied().unwrap_or(Cond::FALSE);
            let either = engine.bdd.or(known, when);
            if !either.is_false() {
                next.insert(value, either);
            }
        };
        let failed = engine.bdd.and_not(ran, ok);
        // Only a command stops half-way; what else does not work changes nothing.
        let half = matches!(instr.op, Op::Run { .. });
        let yes =
            if access.proves == u64::MAX { Cond::FALSE } else { engine.vars.answered(&mut engine.bdd, access.at, 0) };
        let proven = engine.bdd.and(ran, yes);
        for &(value, when) in &self.may_be {
            let mut when = when;
            if access.proves >> value & 1 == 0 {
                when = engine.bdd.and_not(when, proven);
            }
            let Some(effect) = access.effect else {
                add(engine, value, when);
                continue;
            };
            let unchanged = engine.bdd.and_not(when, ok);
            add(engine, value, unchanged);
            let changes = if half { ran } else { ok };
            let changed = engine.bdd.and(when, changes);
            add(engine, effect.change.apply(value), changed);
        }
        let mut flights = self.flights.clone();
        if let (Some(effect), true) = (access.effect, instr.flags.lingers && half) {
            let when = if instr.flags.idempotent { ran } else { failed };
            let (change, exclusive) = (effect.change, effect.exclusive);
            flights.push(Flight { step: access.at, change, exclusive, host: instr.host, when });
        }
        if !access.fences.is_empty() {
            for flight in flights.iter_mut().filter(|f| f.host.is_some_and(|h| access.fences.contains(&h))) {
                flight.when = engine.bdd.and_not(flight.when, ok);
            }
        }
        flights.retain(|f| !f.when.is_false());
        let mut values = Values { may_be: next.into_iter().collect(), flights };
        values.land(engine);
        values
    }

    /// Adds the values that it has after commands in flight have landed, in any order and number.
    fn land(&mut self, engine: &mut Engine<'_>) {
        let mut kinds: Vec<(Change, Cond)> = Vec::new();
        for flight in &self.flights {
            match kinds.iter_mut().find(|(change, _)| *change == flight.change) {
                Some((_, when)) => *when = engine.bdd.or(*when, flight.when),
                None => kinds.push((flight.change, flight.when)),
            }
        }
        loop {
            let mut grown = false;
            for &(change, aloft) in &kinds {
                for (value, when) in self.may_be.clone() {
                    let to = change.apply(value);
                    let landed = engine.bdd.and(when, aloft);
                    if to == value || landed.is_false() {
                        continue;
                    }
                    let place = self.may_be.binary_search_by_key(&to, |(v, _)| *v);
                    match place {
                        Ok(i) => {
                            if let Some((_, known)) = self.may_be.get_mut(i) {
                                let either = engine.bdd.or(*known, landed);
                                grown |= either != *known;
                                *known = either;
                            }
                        }
                        Err(i) => {
                            self.may_be.insert(i, (to, landed));
                            grown = true;
                        }
                    }
                }
            }
            if !grown || engine.bdd.is_exhausted() {
                return;
            }
        }
    }
}

/// Somebody who looks at a cell while the values go by.
pub(super) trait Watch {
    /// Before an access that runs under `runs`; what stands there afterwards, whatever its outcome, is `after`.
    fn access(&mut self, engine: &mut Engine<'_>, access: &Access, before: &Values, after: &Values, runs: Cond);

    /// A block begins that contains these accesses.
    fn block(&mut self, _block: BlockId, _accesses: &[Access], _before: &Values) {}
}

/// Goes through the accesses to a cell in a block and shows each to `watch`, as it looks from its own place. Gives the
/// values at the end, provided that the block passes; for a loose block they mean nothing.
pub(super) fn walk(
    engine: &mut Engine<'_>,
    block: BlockId,
    accesses: &[Access],
    values: Values,
    watch: &mut dyn Watch,
) -> Values {
    if accesses.iter().all(|a| a.is_read() && values.all_in(a.allowed)) {
        return values;
    }
    let around = engine.blocks.get(block);
    let path = engine.path(block);
    let mut values = values;
    let mut rest = accesses;
    while let Some((access, later)) = rest.split_first() {
        if engine.bdd.is_exhausted() {
            return values;
        }
        match engine.blocks.child(block, access.at) {
            None if access.is_read() && values.all_in(access.allowed) => rest = later,
            None => {
                let progress = engine.own(access.at);
                let runs = engine.bdd.and(path, progress.ran);
                let works = engine.works(access.at);
                let ok = engine.bdd.and(progress.ran, works);
                let whatever = values.after(engine, access, Happens { ran: progress.ran, ok });
                watch.access(engine, access, &values, &whatever, runs);
                let happens = Happens { ran: progress.ran, ok: progress.ok };
                values = if ok == happens.ok { whatever } else { values.after(engine, access, happens) };
                rest = later;
            }
            Some(inner) => {
                let end = engine.blocks.get(inner).exit;
                let (inside, outside) = rest.split_at(rest.partition_point(|a| a.at <= end));
                watch.block(inner, inside, &values);
                let passed = walk(engine, inner, inside, values.clone(), watch);
                values = match (around.loose, engine.blocks.get(inner).loose) {
                    _ if around.loose && outside.is_empty() => return values,
                    (false, false) => passed,
                    (false, true) => fold(engine, inner, Known::Passed, inside, values),
                    (true, _) => fold(engine, block, Known::Nothing, inside, values),
                };
                rest = outside;
            }
        }
    }
    values
}

/// The values after some accesses, whatever became of them, as the table of `block` knows them.
pub(super) fn fold(
    engine: &mut Engine<'_>,
    block: BlockId,
    known: Known,
    accesses: &[Access],
    values: Values,
) -> Values {
    if accesses.iter().all(Access::is_read) {
        return values;
    }
    let table = engine.table(block, known);
    accesses.iter().filter(|a| !a.is_read()).fold(values, |values, access| {
        let progress = table.of(access.at);
        values.after(engine, access, Happens { ran: progress.ran, ok: progress.ok })
    })
}

/// The id of an instruction.
pub(super) fn id(at: usize) -> InstrId {
    InstrId::at(at)
}
