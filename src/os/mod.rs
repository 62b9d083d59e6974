//! The machine: files, processes, clocks, terminals. Alone in naming `std::fs`, `std::process`, SQLite and rustix.

mod files;

pub use files::{FileError, find, is_folder, read, read_text, write};
