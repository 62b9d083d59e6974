//! Reading a journal that lies where nobody can write, or that lacks a part.

use super::{FILE, LOG};
use crate::run::RunError;
use std::env::temp_dir;
use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Refuses a database without content beside a log with content: SQLite would throw the log away, and with it all
/// that was ever written.
pub(super) fn whole(folder: &Path) -> Result<(), RunError> {
    let size = |name| fs::metadata(folder.join(name)).map_or(0, |m| m.len());
    // In this order: a database has content before it gets a log.
    let log = size(LOG);
    if log == 0 || size(FILE) > 0 {
        return Ok(());
    }
    let shown = folder.display();
    Err(RunError::stopped(format!(
        "the journal in `{shown}` has lost its beginning: `{FILE}` is empty or missing beside `{LOG}`"
    ))
    .help(format!("put `{FILE}` back from a copy; to start anew, move `{LOG}` away, and keep it")))
}

/// A copy of a database that cannot be opened where it is: SQLite needs to write beside it.
#[derive(Debug)]
pub(super) struct Copy(PathBuf);

impl Copy {
    /// Copies the database of a folder, with its log; `None` if that cannot be done either.
    pub fn of(folder: &Path) -> Option<Copy> {
        let copy = (0..100).find_map(|n| {
            let path = temp_dir().join(format!("handover-{}-{n}", std::process::id()));
            DirBuilder::new().mode(0o700).create(&path).ok().map(|()| Copy(path))
        })?;
        fs::copy(folder.join(FILE), copy.0.join(FILE)).ok()?;
        if folder.join(LOG).exists() {
            fs::copy(folder.join(LOG), copy.0.join(LOG)).ok()?;
        }
        Some(copy)
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.0
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
