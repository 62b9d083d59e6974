//! The sources of a program, with what tells one version from another.

use crate::bytecode::Program;
use serde::Serialize;

/// A source of a program.
#[derive(Clone, Debug, Serialize)]
pub struct Source {
    /// Its path.
    pub path: String,
    /// BLAKE3 of its text, in hexadecimal.
    pub digest: String,
}

/// The files; what was given on the command line is told as decisions and arguments.
pub(super) fn sources(program: &Program) -> Vec<Source> {
    let files = program.sources.iter().filter(|s| !s.path.starts_with("--"));
    files.map(|s| Source { path: s.path.clone(), digest: hexadecimal(&s.digest) }).collect()
}

/// A digest as people compare it.
pub(super) fn hexadecimal(digest: &[u8; 32]) -> String {
    blake3::Hash::from_bytes(*digest).to_hex().to_string()
}
