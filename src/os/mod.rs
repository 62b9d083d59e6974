//! The machine: files, processes, clocks, terminals. Alone in naming `std::fs`, `std::process`, SQLite and rustix.

#[cfg(feature = "compiler")]
mod disk;
pub mod control;
mod environment;
mod execute;
mod files;
mod gates;
#[cfg(feature = "compiler")]
mod git;
mod holds;
mod keys;
mod lock;
mod mark;
pub mod node;
mod notes;
mod process;
mod prompt;
mod replica;
mod roles;
mod signals;
mod signature;
mod state;
mod store;
mod succession;
mod terminal;
mod who;
mod world;

#[cfg(feature = "compiler")]
pub use disk::Disk;
#[cfg(test)]
mod tests;

pub use execute::{Ending, execute, obstacles, resume};
pub use files::{
    FileError, cache_folder, create, find, find_near, is_folder, read, read_text, rewrite, write, write_copy,
};
#[cfg(feature = "compiler")]
pub use git::{GitError, Revision};
pub use holds::Held;
pub use replica::receive;
pub use signature::{Signer, Signers, may_sign, sign, signer};
pub use state::state_folder;
pub use store::{Audit, RunInfo, Store};
pub use succession::copy;
pub use terminal::{columns, rows};
pub use who::who;
