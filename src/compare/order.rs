//! What waits for what otherwise than before, and why it did or does.
//!
//! Only what both versions have is compared: where something new or gone stands in between, it is looked through. What a
//! block's beginning and end are for its own members says nothing and is left out.

use super::blocks::{is_meeting, is_step, spoken};
use super::bonds::{Bond, Order};
use super::change::{Change, Kind};
use super::reason::reason;
use super::{Side, Sides};
use crate::bytecode::{Instr, InstrId, Op};

pub(super) fn changes(sides: &Sides<'_>) -> Vec<Change> {
    let back = |id: InstrId| sides.pairs.old_of(id).unwrap_or(id);
    let to_new = |id: InstrId| sides.pairs.new_of(id).unwrap_or(id);
    let mut old = Order::of(sides.old.program, |id| sides.pairs.new_of(id).is_some());
    let mut new = Order::of(sides.new.program, |id| sides.pairs.old_of(id).is_some());
    let tells = |a, b| tells(&sides.new, a, b) && tells(&sides.old, back(a), back(b));
    let (mut lost, mut gained) = (Vec::new(), Vec::new());
    for (x, y, bond) in old.edges() {
        let (a, b) = (to_new(x), to_new(y));
        if tells(a, b) && new.bond(a, b) < Some(bond) && !old.is_implied(x, y, bond) {
            lost.push(Turn { a, b, other: new.bond(a, b), turned: new.bond(b, a).is_some() });
        }
    }
    for (a, b, bond) in new.edges() {
        let (x, y) = (back(a), back(b));
        if tells(a, b) && old.bond(x, y) < Some(bond) && !new.is_implied(a, b, bond) {
            gained.push(Turn { a, b, other: old.bond(x, y), turned: old.bond(y, x).is_some() });
        }
    }
    // What has changed places is told once: by what now stands directly before what it followed.
    let swapped: Vec<(InstrId, InstrId)> = gained.iter().filter(|t| t.turned).map(|t| (t.a, t.b)).collect();
    lost.retain(|t| !t.turned || !swapped.iter().any(|(a, b)| new.leads(t.b, *a) && new.leads(*b, t.a)));
    let mut found: Vec<Change> = lost.iter().map(|turn| went(sides, turn)).collect();
    found.extend(gained.iter().map(|turn| came(sides, turn)));
    if old.is_exhausted() || new.is_exhausted() {
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
