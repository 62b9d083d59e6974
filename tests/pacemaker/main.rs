//! The Pacemaker example, for real: a cluster of two nodes with a floating address. No move leaves a constraint behind, no
//! maintenance lasts, and clients never reach the address at both nodes: when all goes well, and when it does not
//! (`faults`).
//!
//! Needs root, network namespaces, corosync and Pacemaker; without them it says why it is skipped, or fails if
//! `HANDOVER_REQUIRE_LABS=1`. It leaves nothing behind, and clears what a killed run of it has left.
#![cfg(target_os = "linux")]
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests")]

mod cluster;
mod faults;
#[allow(dead_code, reason = "each lab uses what it needs")]
#[path = "../lab/mod.rs"]
mod lab;
