//! The storage example, for real: an array, two nodes, a file system that must never be mounted twice, and a client that
//! writes through the floating address all along. What a client was told is on disk is never lost, and never do two nodes
//! have the file system or the address: when all goes well, and when it does not (`faults`, `campaign`).
//!
//! Needs root, network namespaces, nbd-server and nbdfuse; without them it says why it is skipped, or fails if
//! `HANDOVER_REQUIRE_LABS=1`. It leaves nothing behind, and clears what a killed run of it has left.
#![cfg(target_os = "linux")]
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests")]

mod campaign;
mod faults;
#[allow(dead_code, reason = "each lab uses what it needs")]
#[path = "../lab/mod.rs"]
mod lab;
mod moves;
mod volume;
