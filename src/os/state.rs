//! The state folder: the journal, the locks, the notes on running commands.

use crate::run::RunError;
use std::env;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// The state folder of this user: `$HANDOVER_STATE`, `$XDG_STATE_HOME/handover` or `~/.local/state/handover`.
pub fn state_folder() -> Result<PathBuf, RunError> {
    let folder = |name| env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    if let Some(own) = folder("HANDOVER_STATE") {
        return Ok(own);
    }
    // The XDG Base Directory Specification: relative paths are to be ignored.
    if let Some(state) = folder("XDG_STATE_HOME").filter(|p| p.is_absolute()) {
        return Ok(state.join("handover"));
    }
    folder("HOME").map(|home| home.join(".local/state/handover")).ok_or_else(|| {
        RunError::usage("there is no home folder to keep the journal in")
            .help("give one with `--state` or HANDOVER_STATE")
    })
}

/// Makes a folder that only this user may look into, with everything above it.
pub(super) fn make(folder: &Path) -> Result<(), RunError> {
    match DirBuilder::new().recursive(true).mode(0o700).create(folder) {
        Ok(()) => Ok(()),
        Err(error) => Err(unusable(folder, &error)),
    }
}

/// The folder as an absolute path without links.
pub(super) fn absolute(folder: &Path) -> Result<PathBuf, RunError> {
    fs::canonicalize(folder).map_err(|error| unusable(folder, &error))
}

/// Why the state folder, or something in it, cannot be used.
pub(super) fn unusable(path: &Path, error: &io::Error) -> RunError {
    let why = match error.kind() {
        io::ErrorKind::PermissionDenied => String::from("this user may not write there"),
        io::ErrorKind::ReadOnlyFilesystem => String::from("the file system is read-only"),
        io::ErrorKind::StorageFull => String::from("the disk is full"),
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => String::from("something else is in its place"),
        _ => error.to_string(),
    };
    RunError::stopped(format!("the state folder cannot be used: `{}`: {why}", path.display()))
        .help("give another with `--state DIR` or HANDOVER_STATE; nothing was started")
}
