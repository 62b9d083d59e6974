//! Exclusivity: nothing is held in two places, also not by a command that was given up and lands late.

use super::bdd::Cond;
use super::cells::{Access, Values, id};
use super::search::{Look, Spot};
use super::status::Engine;
use crate::calculus::Change;
use crate::semantics::Violation;

/// Looks at an access under `runs`: an acquire finds the thing nowhere, or where it brings it.
pub(super) fn check(look: &mut Look, engine: &mut Engine<'_>, access: &Access, before: &Values, runs: Cond) {
    let Some(effect) = access.effect.filter(|e| e.exclusive) else { return };
    let elsewhere = before.when(engine, !may_find(effect.change));
    let when = engine.bdd.and(runs, elsewhere);
    look.suspect(Violation::HeldTwice { step: id(access.at), cell: look.cell }, when, Spot::Run(access.at));
}

/// Looks at what is in flight after an access under `runs`: an acquire that lands finds the thing as above.
pub(super) fn check_flights(look: &mut Look, engine: &mut Engine<'_>, access: &Access, after: &Values, runs: Cond) {
    for flight in after.flights.iter().filter(|f| f.exclusive) {
        let elsewhere = after.when(engine, !may_find(flight.change));
        let aloft = engine.bdd.and(flight.when, elsewhere);
        let when = engine.bdd.and(runs, aloft);
        look.suspect(Violation::LandsLate { step: id(flight.step), cell: look.cell }, when, Spot::Run(access.at));
    }
}

/// The values that an acquire may find.
pub(super) fn may_find(change: Change) -> u64 {
    match change {
        Change::Set(value) => 1 | 1 << (value & 63),
        Change::Move { .. } => u64::MAX,
    }
}
