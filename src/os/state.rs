//! The state folder: the journal, the locks, the notes on running commands.

use crate::run::RunError;
use std::env;
use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
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

/// Makes a folder that only this user may look into, with everything above it. What is made outlives a loss of power.
pub(super) fn make(folder: &Path) -> Result<(), RunError> {
    let fail = |error| unusable(folder, &error);
    let mut missing: Vec<&Path> = folder.ancestors().take_while(|f| !f.as_os_str().is_empty() && !f.exists()).collect();
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(fail)?;
    missing.reverse();
    missing.into_iter().filter_map(Path::parent).try_for_each(keep).map_err(fail)
}

/// Makes a folder inside the state folder, for those who share that.
pub(super) fn make_inside(state: &Path, folder: &Path) -> Result<(), RunError> {
    make(folder)?;
    share(state, folder)
}

/// Gives the group of the state folder what its owner has of a file or folder in it, if the state folder is shared: its
/// group may write there, as in one that was made with mode 2770. What belongs to another user has been shared already.
pub(super) fn share(state: &Path, path: &Path) -> Result<(), RunError> {
    let fail = |error: io::Error| unusable(path, &error);
    if !is_shared(state).map_err(fail)? {
        return Ok(());
    }
    let meta = fs::metadata(path).map_err(fail)?;
    let mode = meta.mode() & 0o7777;
    // A folder hands its group on to what is made in it.
    let wanted = mode | (mode & 0o700) >> 3 | if meta.is_dir() { 0o2000 } else { 0 };
    if wanted == mode || meta.uid() != rustix::process::geteuid().as_raw() {
        return Ok(());
    }
    fs::set_permissions(path, Permissions::from_mode(wanted)).map_err(fail)
}

/// Whether a group shares a state folder.
fn is_shared(state: &Path) -> io::Result<bool> {
    Ok(fs::metadata(state)?.mode() & 0o030 == 0o030)
}

/// Makes durable what a folder contains.
pub(super) fn keep(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    match File::open(folder)?.sync_all() {
        // A folder that others own may not be opened, and some file systems do not know how to do it.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        done => done,
    }
}

/// Whether there is something by this name; an error if that cannot be seen.
pub(super) fn look(path: &Path) -> Result<bool, RunError> {
    path.try_exists().map_err(|error| {
        let why = match error.kind() {
            io::ErrorKind::PermissionDenied => String::from("this user may not look there"),
            _ => error.to_string(),
        };
        RunError::stopped(format!("the state folder cannot be read: `{}`: {why}", path.display()))
            .help("give another with `--state DIR` or HANDOVER_STATE")
    })
}

/// Whether there is something by this name.
pub(super) fn exists(path: &Path) -> bool {
    path.exists()
}

/// Whether a file can be read, and why not.
pub(super) fn readable(file: &Path) -> io::Result<()> {
    fs::read(file).map(drop)
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
