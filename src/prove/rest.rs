//! Rest: what must not last is put back on every path on which the steps that put it back work.

use super::bdd::Cond;
use super::cells::{Access, fold};
use super::search::{Look, Spot};
use super::status::{Engine, Known};
use crate::calculus::Change;
use crate::semantics::Violation;

/// Looks at a cell from the end of everything.
pub(super) fn check(look: &mut Look, engine: &mut Engine<'_>, accesses: &[Access]) {
    let Some(cell) = engine.p.cells.get(look.cell.index()) else { return };
    let (all, rests) = (cell.all(), cell.rests);
    let held = engine.p.holds.iter().any(|h| h.cells.contains(&look.cell));
    let disturbs = |a: &&Access| a.effect.is_some_and(|e| all & !rests >> target(e.change) & 1 == 1);
    let unrest: Vec<&Access> = accesses.iter().filter(disturbs).collect();
    if rests & all == all || held || unrest.is_empty() {
        return;
    }
    let (block, before) = look.home.clone();
    let table = engine.table(block, Known::Nothing);
    let inside: Vec<Access> = accesses.iter().filter(|a| engine.blocks.covers(block, a.at)).cloned().collect();
    let last = fold(engine, block, Known::Nothing, &inside, before);
    let disturbed: Vec<Cond> = unrest.iter().map(|a| table.of(a.at).changes(engine.p, a.at)).collect();
    let mut when = engine.bdd.any(disturbed);
    for access in &inside {
        let restores = access.effect.is_some_and(|e| rests >> target(e.change) & 1 == 1);
        if restores && engine.blocks.recovers.get(access.at) == Some(&true) {
            let progress = table.of(access.at);
            let fine = engine.bdd.or(!progress.ran, progress.ok);
            when = engine.bdd.and(when, fine);
        }
    }
    let open = last.when(engine, !rests);
    let path = engine.path(block);
    when = engine.bdd.and(when, open);
    when = engine.bdd.and(when, path);
    look.suspect(Violation::LeftOpen { cell: look.cell }, when, Spot::End(block));
}

/// The value that a change leads to.
fn target(change: Change) -> u8 {
    match change {
        Change::Set(value) => value & 63,
        Change::Move { to, .. } => to & 63,
    }
}
