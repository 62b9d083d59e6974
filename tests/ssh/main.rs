//! Nodes over real ssh: what arrives there, what becomes of commands whose connection is lost, what is ended and whether
//! that is certain, what is refused before anything starts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod arriving;
mod case;
mod ending;
mod leaving;
mod losing;
mod opening;
#[path = "../sshd/mod.rs"]
mod sshd;
