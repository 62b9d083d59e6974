//! The PostgreSQL example, for real: two sites as network namespaces, a primary and a synchronous standby, plans that are
//! run from a control host over ssh, and a client that writes through the floating address all along. What a client was
//! told is committed is never lost, and there is never more than one server that clients can write to: when all goes well
//! (`roles`), and when it does not (`faults`).
//!
//! Needs root, network namespaces and PostgreSQL; without them it says why it is skipped, or fails if
//! `HANDOVER_REQUIRE_LABS=1`. It leaves nothing behind, and clears what a killed run of it has left.
#![cfg(target_os = "linux")]
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests")]

mod account;
mod campaign;
mod client;
mod faults;
mod holders;
#[allow(dead_code, reason = "each lab uses what it needs")]
#[path = "../lab/mod.rs"]
mod lab;
mod recovery;
mod roles;
mod servers;
