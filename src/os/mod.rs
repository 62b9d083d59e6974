//! The machine: files, processes, clocks, terminals. Alone in naming `std::fs`, `std::process`, SQLite and rustix.

#[cfg(feature = "compiler")]
mod disk;
mod files;
mod terminal;

#[cfg(feature = "compiler")]
pub use disk::Disk;
pub use files::{FileError, find, is_folder, read, read_text, write};
pub use terminal::columns;
