//! Coming back: a machine that comes up again does not take what another one has by then.

use super::bdd::Cond;
use super::cells::{Access, Values, fold};
use super::search::{Look, Spot};
use super::status::{Engine, Known};
use crate::calculus::{CellId, CellKind};
use crate::semantics::Violation;

/// Looks at a cell that says what a machine would take, from the end of everything.
pub(super) fn check(look: &mut Look, engine: &mut Engine<'_>, accesses: &[Access], all: &[Vec<Access>]) {
    let p = engine.p;
    let Some(CellKind::Configured { machine, of }) = p.cells.get(look.cell.index()).map(|c| &c.kind) else { return };
    let Some(CellKind::Place { holders }) = p.cells.get(of.index()).map(|c| &c.kind) else { return };
    if p.holds.iter().any(|h| h.machine == Some(*machine)) {
        return;
    }
    let others = (0..64u32).zip(holders).filter(|(_, h)| h.is_some_and(|h| h != *machine));
    let elsewhere = others.fold(0u64, |mask, (value, _)| mask | 1 << value);
    let mut last = |cell: CellId, accesses: &[Access]| {
        let initial = p.cells.get(cell.index()).map_or(0, |c| c.initial & c.all());
        fold(engine, 1, Known::Nothing, accesses, Values::any_of(initial))
    };
    let configured = last(look.cell, accesses);
    let of_thing = all.get(of.index()).map_or(&[][..], Vec::as_slice);
    let thing = last(*of, of_thing);
    let (takes, has) = (configured.when(engine, 1 << 1), thing.when(engine, elsewhere));
    let table = engine.table(1, Known::Nothing);
    let changes = accesses.iter().chain(of_thing).filter(|a| a.effect.is_some());
    let touched: Vec<Cond> = changes.map(|a| table.of(a.at).changes(p, a.at)).collect();
    let touched = engine.bdd.any(touched);
    let both = engine.bdd.and(takes, has);
    let when = engine.bdd.and(both, touched);
    look.suspect(Violation::ComesBack { cell: look.cell }, when, Spot::End(1));
}
