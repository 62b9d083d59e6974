//! Steps that stand in another block than before, and attempts in another order.

use super::blocks::{is_named, is_step, spoken};
use super::change::{Change, Kind};
use super::{Side, Sides};
use crate::bytecode::{InstrId, Op};

pub(super) fn changes(sides: &Sides<'_>) -> Vec<Change> {
    let mut found = Vec::new();
    for (old, new) in sides.paired() {
        let (Some(was), Some(is)) = (sides.old.instr(old), sides.new.instr(new)) else { continue };
        if is_step(is) {
            let (before, after) = (block(&sides.old, old), block(&sides.new, new));
            if before.and_then(|block| sides.pairs.new_of(block)) != after || before.is_none() != after.is_none() {
                let change = Change::new(Kind::Moved, "stands in another block").of(sides.new.name(new));
                found.push(change.before(place(&sides.old, before)).after(place(&sides.new, after)));
            }
        }
        if let (Op::Join { rungs: was }, Op::Join { rungs: now }) = (&was.op, &is.op) {
            let was = was.iter().filter_map(|id| sides.pairs.new_of(*id));
            if !was.eq(now.iter().copied().filter(|id| sides.pairs.old_of(*id).is_some())) {
                found.push(Change::new(Kind::Moved, "its attempts are made in another order").of(spoken(is)));
            }
        }
    }
    found
}

/// The innermost block around an instruction that its author has named.
fn block(side: &Side<'_>, id: InstrId) -> Option<InstrId> {
    let around = |id: InstrId| side.within.get(id.index()).copied().flatten();
    std::iter::successors(around(id), |block| around(*block)).find(|block| side.instr(*block).is_some_and(is_named))
}

fn place(side: &Side<'_>, block: Option<InstrId>) -> String {
    block.map_or_else(|| String::from("in no block"), |block| format!("in `{}`", side.name(block)))
}
