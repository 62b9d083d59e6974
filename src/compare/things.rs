//! What has changed of the things that a plan is about: how they may be at the start, in which state they may be left,
//! what kind of thing they are.

use super::change::{Change, Kind};
use super::{Side, Sides};
use crate::calculus::{Cell, CellKind};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn changes(sides: &Sides<'_>) -> Vec<Change> {
    let mut new: BTreeMap<&str, Vec<&Cell>> = BTreeMap::new();
    sides.new.program.cells.iter().rev().for_each(|cell| new.entry(&cell.name).or_default().push(cell));
    let mut found = Vec::new();
    for was in &sides.old.program.cells {
        match new.get_mut(was.name.as_str()).and_then(Vec::pop) {
            Some(is) => {
                start(was, is, &mut found);
                rest(was, is, &mut found);
                kind(sides, was, is, &mut found);
            }
            None if was.rests != was.all() => {
                let text = format!("nothing is proved any more about the state in which `{}` is left", was.name);
                found.push(Change::new(Kind::ProofLost, text));
            }
            None => {}
        }
    }
    found
}

/// How it may be when the plan starts.
fn start(was: &Cell, is: &Cell, found: &mut Vec<Change>) {
    let (before, after) = (Values::of(was, was.initial), Values::of(is, is.initial));
    if before == after {
        return;
    }
    let (kind, text) = match (after.within(&before), before.within(&after)) {
        (true, _) => (Kind::TakenForGranted, "more is taken for given at the start"),
        (_, true) => (Kind::Safer, "less is taken for given at the start"),
        _ => (Kind::TakenForGranted, "something else is taken for given at the start"),
    };
    found.push(Change::new(kind, format!("of `{}`, {text}", is.name)).before(before.text(was)).after(after.text(is)));
}

/// In which state it may be left.
fn rest(was: &Cell, is: &Cell, found: &mut Vec<Change>) {
    let (before, after) = (Values::of(was, was.rests), Values::of(is, is.rests));
    if before != after {
        let kind = if after.within(&before) { Kind::Safer } else { Kind::ProofLost };
        let text = format!("`{}` may be left in another state when the plan has ended", is.name);
        found.push(Change::new(kind, text).before(before.text(was)).after(after.text(is)));
    }
}

/// Some of the values of a cell.
#[derive(PartialEq, Eq)]
enum Values<'c> {
    Any,
    Only(BTreeSet<&'c str>),
}

impl<'c> Values<'c> {
    fn of(cell: &'c Cell, mask: u64) -> Values<'c> {
        if mask & cell.all() == cell.all() {
            return Values::Any;
        }
        let one = |(v, name): (usize, &'c String)| (mask & (1 << (v & 63)) != 0).then_some(name.as_str());
        Values::Only(cell.values.iter().enumerate().filter_map(one).collect())
    }

    fn within(&self, other: &Values<'_>) -> bool {
        match (self, other) {
            (_, Values::Any) => true,
            (Values::Any, _) => false,
            (Values::Only(these), Values::Only(those)) => these.is_subset(those),
        }
    }

    fn text(&self, cell: &Cell) -> String {
        match self {
            Values::Any => String::from("anything"),
            Values::Only(values) => cell.reads(values.iter().copied()),
        }
    }
}

fn kind(sides: &Sides<'_>, was: &Cell, is: &Cell, found: &mut Vec<Change>) {
    let name = &is.name;
    if was.volatile != is.volatile {
        let kind = if is.volatile { Kind::TakenForGranted } else { Kind::Safer };
        let text = if is.volatile { "is lost with its node" } else { "outlives its node" };
        found.push(Change::new(kind, format!("`{name}` {text}")));
    }
    let (before, after) = (what(&sides.old, was, is), what(&sides.new, is, was));
    if before != after {
        let change = Change::new(Kind::Estate, format!("`{name}` is another kind of thing"));
        found.push(change.before(before).after(after));
    }
}

/// What kind of thing it is, as far as the other version has the same values: those that were added have no part in the plan
/// unless a step says so.
fn what(side: &Side<'_>, cell: &Cell, other: &Cell) -> String {
    match &cell.kind {
        CellKind::Place { holders } => {
            let shared = cell.values.iter().zip(holders).filter(|(value, _)| other.values.contains(value));
            let mut all: Vec<String> = shared
                .map(|(value, m)| format!("{value} {}", m.map_or_else(String::new, |m| side.names.machine(m))))
                .collect();
            all.sort();
            format!("in one place: {}", all.join(", "))
        }
        CellKind::Shared { machine } => format!("shared, on {}", side.names.machine(*machine)),
        CellKind::State => String::from("a state"),
        CellKind::Power { machine } => format!("the power of {}", side.names.machine(*machine)),
        CellKind::Configured { machine, of } => {
            format!("{} configured on {}", side.names.cell(*of), side.names.machine(*machine))
        }
    }
}
