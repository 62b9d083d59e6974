//! Requirement: whatever a step needs is so while it runs.

use super::bdd::Cond;
use super::cells::{Access, Values, id};
use super::search::{Look, Spot};
use super::status::Engine;
use crate::semantics::Violation;

/// Looks at an access under `runs`.
pub(super) fn check(look: &mut Look, engine: &mut Engine<'_>, access: &Access, before: &Values, runs: Cond) {
    if access.allowed == u64::MAX {
        return;
    }
    let otherwise = before.when(engine, !access.allowed);
    let when = engine.bdd.and(runs, otherwise);
    look.suspect(Violation::NotSo { step: id(access.at), cell: look.cell }, when, Spot::Run(access.at));
}
