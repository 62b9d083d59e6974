//! The private folder of the connections' sockets, with the configuration that `ssh` is given.

use super::way::configuration;
use std::env;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// A private folder that goes away with its owner.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// Locked as long as there is an owner: its process number means nothing to one in another namespace.
    _lock: File,
}

/// A socket's whole path has at most 107 bytes, see unix(7); `ssh` adds some of its own while it makes one.
const PATH_BYTES: usize = 64;
/// The file in it that its owner has locked.
const LOCK: &str = "lock";

impl Folder {
    /// Makes it, in a place with a short name. `own` is the configuration to use instead of the user's.
    pub fn new(own: Option<&Path>) -> io::Result<Folder> {
        let runtime = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        let roots = [runtime, Some(env::temp_dir()), Some(PathBuf::from("/tmp"))];
        let fits = |root: &PathBuf| root.is_absolute() && root.is_dir() && root.as_os_str().len() < PATH_BYTES;
        let mut last = io::Error::from(io::ErrorKind::NotFound);
        for root in roots.into_iter().flatten().filter(fits) {
            match make(&root) {
                Ok(folder) => {
                    fs::write(folder.path().join("config"), configuration(own))?;
                    return Ok(folder);
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// A new folder of ours alone. What executors of the past have left there is swept away.
fn make(root: &Path) -> io::Result<Folder> {
    for entry in fs::read_dir(root)?.flatten() {
        let ours = entry.file_name().to_str().is_some_and(|name| name.starts_with("handover-ssh-"));
        if ours && is_left(&entry.path()) {
            // Somebody else's cannot be removed, and need not be.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    let pid = std::process::id();
    let mut number = 0_u32;
    loop {
        let path = root.join(format!("handover-ssh-{pid}-{number}"));
        match DirBuilder::new().mode(0o700).create(&path) {
            Ok(()) => match lock(&path) {
                Some(lock) => return Ok(Folder { path, _lock: lock }),
                // Somebody who swept has come between.
                None => number += 1,
            },
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < 1000 => number += 1,
            Err(error) => return Err(error),
        }
    }
}

/// Locks a folder that has just been made.
fn lock(path: &Path) -> Option<File> {
    let file = File::create(path.join(LOCK)).ok()?;
    (file.try_lock().is_ok() && path.join(LOCK).exists()).then_some(file)
}

/// Whether a folder has lost its owner. One without a lock may be in the making.
fn is_left(path: &Path) -> bool {
    File::open(path.join(LOCK)).is_ok_and(|file| file.try_lock().is_ok())
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::{Folder, LOCK, make};
    use std::fs::{self, File};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_folder_is_private_short_and_goes_away() {
        let folder = Folder::new(None).unwrap();
        let path = folder.path().to_owned();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        // A number of five digits, and what ssh adds while it makes the socket: a dot and 16 characters.
        assert!(path.as_os_str().len() + 1 + 5 + 17 <= 107, "{}", path.display());
        let second = Folder::new(None).unwrap();
        assert_ne!(second.path(), path);
        drop(folder);
        assert!(!path.exists());
    }
    #[test]
    fn what_nobody_holds_any_more_is_swept_away_whatever_number_its_owner_has() {
        let root = tempfile::tempdir().unwrap();
        let left = |name: &str| root.path().join(name);
        // No process has this number here: what holds it may be in another namespace.
        let (gone, held, new) =
            (left("handover-ssh-4194999-0"), left("handover-ssh-4194999-1"), left("handover-ssh-4194999-2"));
        [&gone, &held, &new].into_iter().for_each(|path| fs::create_dir(path).unwrap());
        File::create(gone.join(LOCK)).unwrap();
        let lock = File::create(held.join(LOCK)).unwrap();
        lock.try_lock().unwrap();
        let folder = make(root.path()).unwrap();
        assert_eq!((gone.exists(), held.exists(), new.exists()), (false, true, true));
        assert!(folder.path().exists());
    }
}
