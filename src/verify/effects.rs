//! Effects: at most one on a cell, acquires on exclusive things only, and what goes down is said to lose what is volatile.

use crate::bytecode::{Instr, Op, Program};
use crate::calculus::{Cell, CellId, CellKind, Change, Effect, Machine, MachineId};
use crate::verify::finding::Findings;
use std::collections::{HashMap, HashSet};

pub(super) fn check(p: &Program, found: &mut Findings) {
    let held = held(p);
    for instr in &p.code {
        let mut effects: HashMap<CellId, Effect> = HashMap::new();
        for effect in &instr.effects {
            let name = p.cells.get(effect.cell.index()).map_or("", |c| c.name.as_str());
            if effects.insert(effect.cell, *effect).is_some() {
                found.at(instr, format!("it has two effects on `{name}`"));
            }
            if effect.exclusive && !is_acquire(p, effect) {
                found.at(instr, format!("it cannot acquire `{name}` like this"));
            }
        }
        let mut fenced = HashSet::new();
        for &machine in &instr.fences {
            if !fenced.insert(machine) {
                found.at(instr, "it fences a machine twice");
                break;
            }
            found.check_at(instr, fence(p, machine, &effects));
        }
        for effect in &instr.effects {
            found.check_at(instr, loses(p, effect, &held, &effects));
        }
        finally(p, instr, found);
    }
}

/// An acquire puts an exclusive thing somewhere.
fn is_acquire(p: &Program, effect: &Effect) -> bool {
    let place = p.cells.get(effect.cell.index()).is_some_and(|c| matches!(c.kind, CellKind::Place { .. }));
    place && matches!(effect.change, Change::Set(v) if v > 0)
}

/// The values of volatile cells that say that a machine holds something: they are lost when it goes down.
type Held<'p> = HashMap<MachineId, Vec<(CellId, &'p Cell, u8)>>;

fn held(p: &Program) -> Held<'_> {
    let mut held = Held::new();
    for (i, cell) in p.cells.iter().enumerate().filter(|(_, c)| c.volatile) {
        let mut note = |machine, value| held.entry(machine).or_default().push((CellId::at(i), cell, value));
        match &cell.kind {
            CellKind::Place { holders } => {
                (0..).zip(holders).filter_map(|(v, m)| Some((v, (*m)?))).for_each(|(v, m)| note(m, v));
            }
            CellKind::Shared { machine } => note(*machine, 1),
            CellKind::State | CellKind::Power { .. } | CellKind::Configured { .. } => {}
        }
    }
    held
}

/// A machine that is fenced is down.
fn fence(p: &Program, id: MachineId, effects: &HashMap<CellId, Effect>) -> Result<(), String> {
    let Some(Machine { name, power: Some(power), .. }) = p.machines.get(id.index()) else { return Ok(()) };
    match effects.get(power) {
        Some(effect) if effect.change.apply(0) == 1 => Ok(()),
        _ => Err(format!("it fences `{name}`, but does not make it down")),
    }
}

/// A machine that goes down holds nothing volatile any more.
fn loses(p: &Program, effect: &Effect, held: &Held<'_>, effects: &HashMap<CellId, Effect>) -> Result<(), String> {
    let Some(Cell { kind: CellKind::Power { machine }, name, .. }) = p.cells.get(effect.cell.index()) else {
        return Ok(());
    };
    if effect.change.apply(0) != 1 {
        return Ok(());
    }
    let after = |cell: CellId, value: u8| effects.get(&cell).map_or(value, |e| e.change.apply(value));
    let kept = held.get(machine).into_iter().flatten().find(|(cell, _, value)| after(*cell, *value) == *value);
    match kept {
        Some((_, cell, _)) => Err(format!("it takes `{name}` down, but leaves `{}` there", cell.name)),
        None => Ok(()),
    }
}

/// A `finally` runs whatever became of what it follows, so it needs nothing outside but the entry of its block.
fn finally(p: &Program, instr: &Instr, found: &mut Findings) {
    let outside = |t: &Instr| !t.flags.finally && t.op != Op::Enter;
    let body = instr.needs.iter().filter_map(|t| p.code.get(t.index())).find(|t| outside(t));
    if let (true, Some(body)) = (instr.flags.finally, body) {
        found.at(instr, format!("it belongs to a `finally`, but needs `{}`, which does not", body.name));
    }
}
