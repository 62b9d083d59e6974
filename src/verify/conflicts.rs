//! Conflicts: every two accesses to a cell of which one changes it are connected by a path of edges.
//!
//! The proofs rest on this: each cell sees the same accesses in the same order in every interleaving, so looking at the
//! written order is looking at all of them. Accesses are effects, requirements, what the yes of a probe proves, and a
//! fence, which touches every cell that a command lingering on its victim may still change. Steps that only give a cell
//! the same value commute.
//!
//! The accesses to a cell, in written order, are cut into the longest *runs* of accesses that do not conflict with each
//! other. Any two of neighbouring runs conflict, so they must be ordered, and by transitivity all others are then too.
//! Of a run, those accesses are left out that are plainly ordered before, or after, their neighbour. With the answers of
//! [`Reach`] in constant or logarithmic time this is nearly linear in the accesses; what is worst, two wide runs side by
//! side, costs the product of their widths.

use crate::base::limits;
use crate::bytecode::{Instr, InstrId, Op, Program};
use crate::calculus::{CellId, Change, MachineId};
use crate::verify::finding::Findings;
use crate::verify::reach::Reach;
use std::collections::{BTreeMap, BTreeSet};

/// How a cell is touched.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Mode {
    /// Its value matters.
    Read,
    /// It gets this value, whatever it was.
    Set(u8),
    /// It is changed, or read and changed.
    Write,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Access {
    cell: CellId,
    by: InstrId,
    mode: Mode,
}

pub(super) fn check(p: &Program, reach: &Reach<'_>, found: &mut Findings) {
    let Some(accesses) = accesses(p, limits::ACCESSES) else {
        return found.table(format!("cells are touched more than {} times", limits::ACCESSES));
    };
    for of_cell in accesses.chunk_by(|a, b| a.cell == b.cell) {
        let mut runs = of_cell.chunk_by(|a, b| a.mode == b.mode && a.mode != Mode::Write);
        let Some(mut earlier) = runs.next() else { continue };
        for later in runs {
            if let Some((a, b)) = unordered(reach, earlier, later) {
                report(p, a, b, found);
            }
            earlier = later;
        }
    }
    if reach.gave_up() {
        found.table("the order of the program is too intricate to be checked");
    }
}

/// Two accesses of neighbouring runs that no path connects.
fn unordered(reach: &Reach<'_>, earlier: &[Access], later: &[Access]) -> Option<(Access, Access)> {
    let ordered = |a: &Access, b: &Access| reach.ordered(a.by, b.by);
    let follows_next = |pair: &[Access]| matches!(pair, [a, b] if reach.plainly_ordered(a.by, b.by));
    let last: Vec<&Access> = (0..earlier.len())
        .filter(|&i| !earlier.get(i..i + 2).is_some_and(follows_next))
        .filter_map(|i| earlier.get(i))
        .collect();
    let first = (0..later.len()).filter(|&i| i == 0 || !later.get(i - 1..i + 1).is_some_and(follows_next));
    for b in first.filter_map(|i| later.get(i)).take_while(|_| !reach.gave_up()) {
        if let Some(a) = last.iter().find(|a| !ordered(a, b)) {
            return Some((**a, *b));
        }
    }
    None
}

fn report(p: &Program, a: Access, b: Access, found: &mut Findings) {
    let cell = p.cells.get(a.cell.index()).map_or("", |c| &c.name);
    let earlier = p.code.get(a.by.index()).map_or("", |i| &i.name);
    if let Some(instr) = p.code.get(b.by.index()) {
        found.at(instr, format!("it touches `{cell}`, and so does `{earlier}`, but nothing says which is first"));
    }
}

/// All accesses by cell and in written order, one for each cell and instruction; `None` if there are more than `limit`.
pub(super) fn accesses(p: &Program, limit: usize) -> Option<Vec<Access>> {
    let lingering = lingering(p);
    let mut all: Vec<Access> = Vec::new();
    for (i, instr) in p.code.iter().enumerate() {
        let by = InstrId::at(i);
        for (cell, mode) in touched(p, instr) {
            all.push(Access { cell, by, mode });
        }
        for machine in &instr.fences {
            let cells = lingering.get(machine).into_iter().flatten();
            all.extend(cells.map(|&cell| Access { cell, by, mode: Mode::Write }));
        }
        if all.len() > limit {
            return None;
        }
    }
    all.sort_unstable();
    all.dedup_by(|next, kept| {
        let same = (next.cell, next.by) == (kept.cell, kept.by);
        if same && next.mode != kept.mode {
            kept.mode = Mode::Write;
        }
        same
    });
    Some(all)
}

fn touched<'p>(p: &'p Program, instr: &'p Instr) -> impl Iterator<Item = (CellId, Mode)> {
    let proven = match instr.op {
        Op::Probe { atom, .. } => p.atoms.get(atom.index()).map_or(&[][..], |a| &a.yes_means),
        _ => &[],
    };
    let reads = instr.requires.iter().chain(proven).map(|r| (r.cell, Mode::Read));
    let writes = instr.effects.iter().map(|e| match e.change {
        Change::Set(value) if !e.exclusive => (e.cell, Mode::Set(value)),
        _ => (e.cell, Mode::Write),
    });
    reads.chain(writes)
}

/// The cells that commands on each machine may still change after they were given up.
fn lingering(p: &Program) -> BTreeMap<MachineId, BTreeSet<CellId>> {
    let mut cells: BTreeMap<MachineId, BTreeSet<CellId>> = BTreeMap::new();
    for instr in p.code.iter().filter(|i| i.flags.lingers) {
        if let Some(host) = instr.host {
            cells.entry(host).or_default().extend(instr.effects.iter().map(|e| e.cell));
        }
    }
    cells
}
