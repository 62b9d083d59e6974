//! Handover: a compiler for failover plans.
//!
//! The modules stand in pipeline order and each uses only modules above it; `tests/house.rs` holds that.

pub mod base;
pub mod calculus;
#[cfg(feature = "compiler")]
pub mod syntax;
#[cfg(feature = "compiler")]
pub mod format;
#[cfg(feature = "compiler")]
pub mod model;
#[cfg(feature = "compiler")]
pub mod stdlib;
#[cfg(feature = "compiler")]
pub mod resolve;
#[cfg(feature = "compiler")]
pub mod order;
pub mod bytecode;
#[cfg(feature = "compiler")]
pub mod lower;
pub mod verify;
pub mod semantics;
pub mod prove;
#[cfg(feature = "compiler")]
pub mod verdict;
pub mod approval;
pub mod run;
#[cfg(feature = "compiler")]
pub mod compare;
#[cfg(feature = "compiler")]
pub mod emit;
#[cfg(feature = "compiler")]
pub mod session;
#[cfg(feature = "compiler")]
pub mod assist;
#[cfg(feature = "compiler")]
pub mod drill;
pub mod os;
#[cfg(feature = "cli")]
pub mod lsp;
#[cfg(feature = "cli")]
pub mod cli;
