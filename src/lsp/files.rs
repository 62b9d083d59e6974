//! The files that texts import: as they are in the editor if they are open there, otherwise as they are on disk.

use crate::os::Disk;
use crate::session::{FileError, Files};
use std::collections::BTreeMap;
use std::sync::Arc;

/// All open texts, by path, over the disk.
#[derive(Clone, Debug, Default)]
pub struct Texts(pub Arc<BTreeMap<String, Arc<str>>>);

impl Files for Texts {
    fn read(&self, path: &str) -> Result<String, FileError> {
        match self.0.get(path) {
            Some(text) => Ok(text.to_string()),
            None => Disk.read(path),
        }
    }
}
