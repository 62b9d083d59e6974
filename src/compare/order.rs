//! What waits for what otherwise than before, and why it did or does.
//!
//! Only what both versions have is compared: where something new or gone stands in between, it is looked through. What a
//! block's beginning and end are for its own members says nothing and is left out.

use super::blocks::{is_meeting, is_step, spoken};
use super::change::{Change, Kind};
use super::{Side, Sides};
use crate::bytecode::{Instr, InstrId, Op};
use crate::calculus::{CellId, ValueSource};
use std::collections::{BTreeMap, HashMap};

/// Instructions that are looked at, in all, to find out whether something still waits for something else.
const WORK: usize = 50_000_000;

/// How something follows something else; the later variant is the stronger.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Bond {
    /// The earlier one must have ended.
    Waits,
    /// It must have passed.
    Needs,
}

/// An edge between two instructions of the new version.
type Edges = BTreeMap<(InstrId, InstrId), Bond>;

pub(super) fn changes(sides: &Sides<'_>) -> Vec<Change> {
    let back = |id: InstrId| sides.pairs.old_of(id).unwrap_or(id);
    let (old, new) = (Graph::of(&sides.old), Graph::of(&sides.new));
    let old_edges = edges(&sides.old, |id| sides.pairs.new_of(id));
    let new_edges = edges(&sides.new, |id| sides.pairs.old_of(id).map(|_| id));
    let tells = |a, b| tells(&sides.new, a, b) && tells(&sides.old, back(a), back(b));
    let mut work = WORK;
    let (mut lost, mut gained) = (Vec::new(), Vec::new());
    for ((a, b), bond) in old_edges.iter().filter(|((a, b), _)| tells(*a, *b)) {
        let (a, b, bond) = (*a, *b, Some(*bond));
        if new_edges.get(&(a, b)).copied() >= bond {
            continue;
        }
        let now = new.bond(a, b, true, &mut work);
        if now < bond && old.bond(back(a), back(b), false, &mut work) < bond {
            lost.push(Turn { a, b, other: now, turned: new.bond(b, a, true, &mut work).is_some() });
        }
    }
    for ((a, b), bond) in new_edges.iter().filter(|((a, b), _)| tells(*a, *b)) {
        let (a, b, bond) = (*a, *b, Some(*bond));
        if old_edges.get(&(a, b)).copied() >= bond {
            continue;
        }
        let was = old.bond(back(a), back(b), true, &mut work);
        if was < bond && new.bond(a, b, false, &mut work) < bond {
            gained.push(Turn { a, b, other: was, turned: old.bond(back(b), back(a), true, &mut work).is_some() });
        }
    }
    // What has changed places is told once: by what now stands directly before what it followed.
    let swapped: Vec<(InstrId, InstrId)> = gained.iter().filter(|t| t.turned).map(|t| (t.a, t.b)).collect();
    lost.retain(|t| {
        !t.turned || !swapped.iter().any(|(a, b)| new.leads(t.b, *a, &mut work) && new.leads(*b, t.a, &mut work))
    });
    let mut found: Vec<Change> = lost.iter().map(|turn| went(sides, turn)).collect();
    found.extend(gained.iter().map(|turn| came(sides, turn)));
    if work == 0 {
        found.push(Change::new(Kind::OrderLost, "the order has changed in more places than could be looked at"));
    }
    found
}

/// Two instructions of the new version, of which one followed the other or does now.
struct Turn {
    a: InstrId,
    /// The one that follows.
    b: InstrId,
    /// How it follows in the other version.
    other: Option<Bond>,
    /// In the other version they stand the other way round.
    turned: bool,
}

fn went(sides: &Sides<'_>, turn: &Turn) -> Change {
    let back = |id: InstrId| sides.pairs.old_of(id).unwrap_or(id);
    let why = reason(&sides.old, back(turn.a), back(turn.b));
    let (first, second) = (sides.new.name(turn.a), sides.new.name(turn.b));
    let (kind, text) = match turn.other {
        _ if turn.turned => (Kind::Swapped, format!("comes before `{first}` now, no longer after it")),
        None => (Kind::OrderLost, format!("does not wait for `{first}` any more; it did because {why}")),
        Some(_) => (Kind::OrderLost, format!("runs also if `{first}` fails; it did not because {why}")),
    };
    Change::new(kind, text).of(second)
}

fn came(sides: &Sides<'_>, turn: &Turn) -> Change {
    let why = reason(&sides.new, turn.a, turn.b);
    let (first, second) = (sides.new.name(turn.a), sides.new.name(turn.b));
    let (kind, text) = match turn.other {
        _ if turn.turned => (Kind::Swapped, format!("comes after `{first}` now, no longer before it: {why}")),
        None => (Kind::OrderGained, format!("waits for `{first}`: {why}")),
        Some(_) => (Kind::OrderGained, format!("does not run any more if `{first}` fails: {why}")),
    };
    Change::new(kind, text).of(second)
}

/// Whether an edge says more than that something stands in a block.
fn tells(side: &Side<'_>, a: InstrId, b: InstrId) -> bool {
    let (Some(first), Some(second)) = (side.instr(a), side.instr(b)) else { return false };
    let of_the_plan =
        |i: &Instr| matches!(i.op, Op::End | Op::Probe { .. }) || i.name.ends_with(".begin") || is_meeting(i);
    let around = |id: InstrId| side.within.get(id.index()).copied().flatten();
    let inside = |id: InstrId, block: &Instr| {
        let name = spoken(block);
        std::iter::successors(around(id), |outer| around(*outer))
            .any(|outer| side.instr(outer).is_some_and(|i| spoken(i) == name))
    };
    let of_block = |block: &Instr, id: InstrId, other: &Instr| {
        !is_step(block) && (inside(id, block) || !is_step(other) && spoken(block) == spoken(other))
    };
    !of_the_plan(first) && !of_the_plan(second) && !of_block(first, b, second) && !of_block(second, a, first)
}

/// The direct edges between instructions that have a counterpart, as pairs of the new version; others are looked through.
fn edges(side: &Side<'_>, counterpart: impl Fn(InstrId) -> Option<InstrId>) -> Edges {
    let mut edges = Edges::new();
    // For each instruction without a counterpart: what it stands for.
    let mut through: HashMap<InstrId, BTreeMap<InstrId, Bond>> = HashMap::new();
    for (index, instr) in side.program.code.iter().enumerate() {
        let id = InstrId::at(index);
        let mut follows: BTreeMap<InstrId, Bond> = BTreeMap::new();
        for (before, bond) in before(instr) {
            let add = |follows: &mut BTreeMap<InstrId, Bond>, id: InstrId, bond: Bond| {
                let known = follows.entry(id).or_insert(bond);
                *known = bond.max(*known);
            };
            match (counterpart(before), through.get(&before)) {
                (Some(known), _) => add(&mut follows, known, bond),
                (None, Some(others)) => others.iter().for_each(|(id, b)| add(&mut follows, *id, bond.min(*b))),
                (None, None) => {}
            }
        }
        match counterpart(id) {
            Some(own) => edges.extend(follows.into_iter().map(|(before, bond)| ((before, own), bond))),
            None => _ = through.insert(id, follows),
        }
    }
    edges
}

fn before(instr: &Instr) -> impl Iterator<Item = (InstrId, Bond)> {
    instr.needs.iter().map(|id| (*id, Bond::Needs)).chain(instr.waits.iter().map(|id| (*id, Bond::Waits)))
}

/// Ways through a program.
struct Graph<'p> {
    code: &'p [Instr],
}

impl<'p> Graph<'p> {
    fn of(side: &Side<'p>) -> Graph<'p> {
        Graph { code: &side.program.code }
    }

    /// Whether `b` is `a`, or follows it.
    fn leads(&self, a: InstrId, b: InstrId, work: &mut usize) -> bool {
        a == b || self.bond(a, b, true, work).is_some()
    }

    /// How `b` follows `a`, directly (if that counts) or on the way of others.
    fn bond(&self, a: InstrId, b: InstrId, direct: bool, work: &mut usize) -> Option<Bond> {
        let mut seen: HashMap<InstrId, Bond> = HashMap::new();
        let mut open = vec![(b, Bond::Needs)];
        while let Some((id, so_far)) = open.pop() {
            let Some(instr) = self.code.get(id.index()) else { continue };
            for (earlier, bond) in before(instr).filter(|(e, _)| *e >= a) {
                *work = work.saturating_sub(1);
                if *work == 0 {
                    return Some(Bond::Needs);
                }
                let bond = bond.min(so_far);
                let counts = direct || id != b || earlier != a;
                if counts && seen.get(&earlier).is_none_or(|known| *known < bond) {
                    seen.insert(earlier, bond);
                    open.push((earlier, bond));
                }
            }
        }
        seen.get(&a).copied()
    }
}

/// Why one instruction follows another, as far as the program shows it.
fn reason(side: &Side<'_>, a: InstrId, b: InstrId) -> String {
    let (Some(first), Some(second)) = (side.instr(a), side.instr(b)) else { return String::from("it is written so") };
    let values = side.program.values.iter().enumerate();
    let captured = values.filter(|(_, v)| matches!(v.source, ValueSource::Captured { by } if by == a));
    let captured: Vec<usize> = captured.map(|(index, _)| index).collect();
    let uses = second.op.templates().flat_map(|t| t.values()).find(|v| captured.contains(&v.index()));
    if let Some(value) = uses {
        return format!("it uses `{}` of it", side.names.value(value));
    }
    if side.names.guard(second.guard).contains(&format!("ok({})", first.name)) {
        return String::from("its condition asks about it");
    }
    if let Some(cell) = conflict(first, second) {
        return format!("both concern `{}`", side.names.cell(cell));
    }
    if !first.fences.is_empty() && second.effects.iter().any(|e| e.exclusive) {
        return String::from("it fences first");
    }
    match (first.host, second.host) {
        _ if first.flags.opaque || second.flags.opaque => {
            let opaque = if first.flags.opaque { a } else { b };
            format!("nothing is known of `{}`", side.name(opaque))
        }
        (Some(one), Some(other)) if one == other => format!("both run on {}", side.names.machine(one)),
        _ if !is_step(first) || !is_step(second) => String::from("a block is left before what follows it begins"),
        _ => match (&first.op, &second.op) {
            (Op::Ask { .. } | Op::Tell { .. }, _) | (_, Op::Ask { .. } | Op::Tell { .. }) => {
                String::from("it speaks with the operator in between")
            }
            (Op::Wait { .. } | Op::Delay { .. }, _) | (_, Op::Wait { .. } | Op::Delay { .. }) => {
                String::from("it waits in between")
            }
            _ => String::from("it is written so"),
        },
    }
}

/// A cell that both touch and that one of them changes.
fn conflict(first: &Instr, second: &Instr) -> Option<CellId> {
    let changes = |instr: &Instr, cell: CellId| instr.effects.iter().any(|e| e.cell == cell);
    let touches = |instr: &Instr, cell: CellId| changes(instr, cell) || instr.requires.iter().any(|r| r.cell == cell);
    let cells = first.effects.iter().chain(&second.effects).map(|e| e.cell);
    cells.into_iter().find(|cell| touches(first, *cell) && touches(second, *cell))
}
