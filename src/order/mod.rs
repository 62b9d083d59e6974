//! Model → DAG: what must wait for what, and why.
//!
//! The text order is the order. Two steps are let run side by side when they run on different machines and what they
//! declare shares nothing that either changes. In detail, a step follows, among those before it in the text:
//!
//! * in its own block: the last one on its machine, and those with which it conflicts about a cell (one changes it; two
//!   that give it the same value do not conflict); a fence counts as touching every cell that a command given up on the
//!   fenced machine may still change;
//! * everything, if it keeps its place, and it is followed by everything: a step whose effects are not declared, an
//!   `ask`, a `wait`, a whole block; a `tell` comes after everything before it, and nothing has to wait for it;
//! * what its `after`, its conditions and the values it uses mention. `after x finished` replaces all other reasons to
//!   need `x`: the step runs whatever became of `x`, and needs what `x` needs.
//!
//! The members of a set (`on each of`) stand side by side, in text order only on the same machine or in conflict. The
//! items of a `for each` are independent unless they conflict; those of a `parallel` must not conflict. The items of a
//! `finally` wait for those before them but do not need them: they keep going.
//!
//! Every edge points backwards in the text, so there are no cycles, and the text order itself is a legal run.

mod build;
mod candidates;
mod check;
mod circuit;
mod dag;
mod guards;
mod logic;
mod names;
mod outline;
mod schedule;
mod scope;
mod skipped;
mod touched;
mod unit;

pub use circuit::{Circuit, Gate, Wire, circuit};
pub use dag::{Block, Dag, Edge, Ends, Keeper, Kind, Node, NodeId, Reason, Stated, What};
pub use guards::{Formula, GuardIx, Guards};
pub use outline::{Outline, Spot, name};
pub use schedule::{Schedule, usual_ms};
pub use skipped::{Skipped, Why, specialise};

use crate::base::Diagnostic;
use crate::model::Plan;

/// Orders a plan. The DAG is complete even if there are errors, but only without them it is what the author meant.
pub fn order(plan: &Plan) -> (Dag, Vec<Diagnostic>) {
    let outline = Outline::of(plan);
    let (dag, mut diagnostics) = build::build(&outline);
    check::provided_later(&outline, &mut diagnostics);
    (dag, diagnostics)
}

#[cfg(test)]
mod oracle;
#[cfg(test)]
mod outlook;
#[cfg(test)]
pub(crate) mod property;
#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;
