//! The definition in examples: small plans, and exactly what can go wrong with each.

mod answers;
mod exploring;
mod flight;
mod holding;
mod refusals;
mod scene;
