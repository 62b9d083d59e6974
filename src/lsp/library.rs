//! The standard library as files: editors can only show what has a path, and the library is part of the program.
//!
//! Read-only copies lie in a folder of the user's cache that is named after their content, so that those of different
//! versions of handover do not meet. They are written when somebody first wants to see one.

use crate::{os, stdlib};
use std::path::PathBuf;

/// Where the copies are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Library {
    folder: Option<PathBuf>,
}

impl Library {
    /// The copies in the cache of this user.
    pub fn of_user() -> Library {
        Library::within(os::cache_folder())
    }

    /// The copies in this cache; none without one.
    pub fn within(cache: Option<PathBuf>) -> Library {
        let mut hash = blake3::Hasher::new();
        for (path, text) in stdlib::LIBRARIES {
            hash.update(path.as_bytes()).update(text.as_bytes());
        }
        let name = format!("library-{}", hash.finalize().to_hex().get(..16).unwrap_or_default());
        Library { folder: cache.map(|cache| cache.join(name)) }
    }

    /// The copy of a library, such as `std/net`, written if it is not there.
    pub fn copy(&self, library: &str) -> Option<String> {
        let text = stdlib::text(library)?;
        let path = self.folder.as_ref()?.join(format!("{library}.ha"));
        if os::read_text(&path, text.len()).is_ok_and(|copy| copy == text) {
            return path.to_str().map(String::from);
        }
        os::write_copy(&path, text.as_bytes()).ok()?;
        path.to_str().map(String::from)
    }

    /// The library that this path is a copy of.
    pub fn library(&self, path: &str) -> Option<&'static str> {
        let folder = self.folder.as_ref()?.to_str()?;
        let name = path.strip_prefix(folder)?.strip_prefix('/')?.strip_suffix(".ha")?;
        stdlib::LIBRARIES.iter().map(|(library, _)| *library).find(|library| *library == name)
    }
}

#[cfg(test)]
mod tests {
    use super::Library;
    use crate::{os, stdlib};
    use std::path::Path;

    #[test]
    fn copies_are_whole_and_known_again() {
        let cache = tempfile::tempdir().unwrap();
        let library = Library::within(Some(cache.path().join("deep/cache")));
        let path = library.copy("std/net").unwrap();
        let content = || os::read_text(Path::new(&path), 1 << 20).unwrap();
        assert_eq!(content(), stdlib::text("std/net").unwrap());
        assert_eq!(library.library(&path), Some("std/net"));
        os::write_copy(Path::new(&path), b"somebody's own").unwrap();
        assert_eq!(library.copy("std/net").as_deref(), Some(path.as_str()));
        assert_eq!(content(), stdlib::text("std/net").unwrap());
    }

    #[test]
    fn what_is_no_library_has_no_copy() {
        let cache = tempfile::tempdir().unwrap();
        let library = Library::within(Some(cache.path().into()));
        assert_eq!(library.copy("std/none"), None);
        assert_eq!(library.library("/elsewhere/std/net.ha"), None);
        assert_eq!(Library::within(None).copy("std/net"), None);
        os::write(&cache.path().join("file"), b"", false).unwrap();
        assert_eq!(Library::within(Some(cache.path().join("file"))).copy("std/net"), None);
    }
}
