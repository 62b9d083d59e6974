//! The proofs: whether a plan is safe, over all answers, outcomes, interleavings, cancellations and crashes.
//!
//! What is proved is defined in [`crate::semantics`]; this module decides it without enumerating anything. Three facts
//! make that possible, and exact:
//!
//! * *the final status of every instruction is a function of the answers and outcomes*, whatever the interleaving (the
//!   settling rule reads only statuses of earlier instructions);
//! * *every cell sees one sequence of accesses*, because the DAG orders all that conflict: so the values that it may have
//!   at an access follow from going through the accesses in written order ([`cells`]);
//! * *whatever runs may count on all that it needs having passed*: so of everything before it only loose blocks, tolerated
//!   steps and conditions have to be looked into ([`status`]).
//!
//! A condition on answers and outcomes is a decision diagram ([`bdd`]). A property is violated if the condition under
//! which it would be can come true; its cheapest way of coming true is the story that is told.

mod bdd;
mod blocks;
mod cells;
mod comes_back;
mod exclusivity;
mod goal;
mod requirement;
mod rest;
mod search;
mod status;
mod story;
mod variables;

pub use search::{Found, Limits, Proof, Turn, Undecided, prove, prove_unless};
pub use story::{Story, story};

#[cfg(test)]
mod agreement;
