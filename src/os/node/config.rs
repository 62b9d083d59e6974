//! The private folder of the connections' sockets, with the configuration that `ssh` is given.

use super::way::configuration;
use std::env;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// A private folder that goes away with its owner.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

/// A socket's whole path has at most 107 bytes, see unix(7); `ssh` adds some of its own while it makes one.
const PATH_BYTES: usize = 64;

impl Folder {
    /// Makes it, in a place with a short name. `own` is the configuration to use instead of the user's.
    pub fn new(own: Option<&Path>) -> io::Result<Folder> {
        let runtime = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        let roots = [runtime, Some(env::temp_dir()), Some(PathBuf::from("/tmp"))];
        let fits = |root: &PathBuf| root.is_absolute() && root.is_dir() && root.as_os_str().len() < PATH_BYTES;
        let mut last = io::Error::from(io::ErrorKind::NotFound);
        for root in roots.into_iter().flatten().filter(fits) {
            match make(&root) {
                Ok(path) => {
                    let folder = Folder(path);
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
        &self.0
    }
}

/// A new folder of ours alone. What executors of the past have left there is swept away.
fn make(root: &Path) -> io::Result<PathBuf> {
    for entry in fs::read_dir(root)?.flatten() {
        let name = entry.file_name();
        let pid = name.to_str().and_then(|n| n.strip_prefix("handover-ssh-")?.split('-').next()?.parse::<u32>().ok());
        if pid.is_some_and(|pid| !Path::new("/proc").join(pid.to_string()).exists() && Path::new("/proc/self").exists())
        {
            // Somebody else's cannot be removed, and need not be.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    let pid = std::process::id();
    let mut number = 0_u32;
    loop {
        let path = root.join(format!("handover-ssh-{pid}-{number}"));
        match DirBuilder::new().mode(0o700).create(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < 1000 => number += 1,
            Err(error) => return Err(error),
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::Folder;
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
}
