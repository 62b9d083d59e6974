//! The compiler's sources on this machine's disks.

use crate::base::limits;
use crate::os::{FileError, read_text};
use crate::session;
use std::path::Path;

/// Files by their paths, relative to the working directory.
#[derive(Clone, Copy, Debug)]
pub struct Disk;

impl session::Files for Disk {
    fn read(&self, path: &str) -> Result<String, session::FileError> {
        read_text(Path::new(path), limits::SOURCE_BYTES).map_err(|error| match error {
            FileError { too_large: true, .. } => session::FileError::TooLarge,
            FileError { missing: true, .. } => session::FileError::Missing,
            FileError { reason, .. } => session::FileError::Other(reason),
        })
    }
}
