//! Files: read within limits, found in folders, written whole or not at all.

use std::collections::VecDeque;
use std::fmt;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Why a file cannot be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileError {
    /// The file, as it was named.
    pub path: String,
    /// The reason, as the end of a sentence that begins with the file.
    pub reason: String,
    /// It is there and allowed, but larger than the limit.
    pub too_large: bool,
    /// There is none.
    pub missing: bool,
}

impl FileError {
    fn new(path: &Path, reason: impl Into<String>) -> FileError {
        FileError { path: path.display().to_string(), reason: reason.into(), too_large: false, missing: false }
    }

    fn io(path: &Path, doing: &str, error: &io::Error) -> FileError {
        let reason = match error.kind() {
            io::ErrorKind::NotFound if doing == "written" => {
                String::from("cannot be written: its folder does not exist")
            }
            io::ErrorKind::NotFound => String::from("does not exist"),
            io::ErrorKind::IsADirectory => String::from("is a folder"),
            io::ErrorKind::PermissionDenied => format!("may not be {doing} by this user"),
            io::ErrorKind::StorageFull => format!("cannot be {doing}: the disk is full"),
            io::ErrorKind::ReadOnlyFilesystem => format!("cannot be {doing}: the file system is read-only"),
            _ => format!("cannot be {doing}: {error}"),
        };
        FileError { missing: error.kind() == io::ErrorKind::NotFound, ..FileError::new(path, reason) }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.path, self.reason)
    }
}

impl std::error::Error for FileError {}

/// The content of a file of at most `limit` bytes. Reads no more than that, whatever the file pretends to be.
pub fn read(path: &Path, limit: usize) -> Result<Vec<u8>, FileError> {
    let fail = |e: io::Error| FileError::io(path, "read", &e);
    let file = File::open(path).map_err(fail)?;
    let mut bytes = Vec::new();
    file.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(fail)?;
    if bytes.len() > limit {
        let reason = format!("is larger than {} MiB", limit >> 20);
        return Err(FileError { too_large: true, ..FileError::new(path, reason) });
    }
    Ok(bytes)
}

/// The content of a text file.
pub fn read_text(path: &Path, limit: usize) -> Result<String, FileError> {
    String::from_utf8(read(path, limit)?).map_err(|e| {
        let valid = e.as_bytes().get(..e.utf8_error().valid_up_to()).unwrap_or_default();
        let line = valid.iter().filter(|b| **b == b'\n').count() + 1;
        FileError::new(path, format!("is not UTF-8 text: line {line} has a byte that fits nowhere"))
    })
}

/// The files named `*.EXTENSION` in a folder and below it, sorted. Hidden folders and links to folders are left out, so
/// that the search ends.
pub fn find(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, FileError> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let fail = |e: io::Error| FileError::io(&folder, "read", &e);
        for entry in fs::read_dir(&folder).map_err(fail)? {
            let entry = entry.map_err(fail)?;
            let (path, kind) = (entry.path(), entry.file_type().map_err(fail)?);
            let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            match kind.is_dir() {
                true if !hidden => folders.push(path),
                false if !hidden && is_text(&path, extension) => found.push(path),
                _ => {}
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The files named `*.EXTENSION` in a folder and below it, those above first, as far as they are found among so many
/// entries. What cannot be read has none.
pub fn find_near(folder: &Path, extension: &str, entries: usize) -> Vec<PathBuf> {
    let (mut found, mut left) = (Vec::new(), entries);
    let mut folders = VecDeque::from([folder.to_path_buf()]);
    while let Some(folder) = folders.pop_front() {
        let Ok(list) = fs::read_dir(&folder) else { continue };
        for entry in list.flatten() {
            let Some(fewer) = left.checked_sub(1) else { return found };
            left = fewer;
            let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            let path = entry.path();
            match entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                true if !hidden => folders.push_back(path),
                false if !hidden && is_text(&path, extension) => found.push(path),
                _ => {}
            }
        }
    }
    found
}

/// Whether it is called `*.EXTENSION`, and is nothing that somebody else has to write first, such as a pipe.
fn is_text(path: &Path, extension: &str) -> bool {
    let special = || fs::metadata(path).is_ok_and(|m| !m.is_file() && !m.is_dir());
    path.extension().is_some_and(|e| e == extension) && !special()
}

/// Whether the path leads to a folder.
pub fn is_folder(path: &Path) -> bool {
    path.is_dir()
}

/// Writes a file: afterwards it has the new content or still the old one. Anything but a regular file, such as a
/// terminal or a pipe, is written to directly.
pub fn write(path: &Path, bytes: &[u8], executable: bool) -> Result<(), FileError> {
    replace(path, bytes, if executable { 0o777 } else { 0o666 }, None)
}

/// Makes these new files in a folder, which is made if need be. Where one of them is there already, nothing is written.
pub fn create(folder: &Path, files: &[(&str, &str)]) -> Result<(), FileError> {
    if let Some((name, _)) = files.iter().find(|(name, _)| folder.join(name).symlink_metadata().is_ok()) {
        return Err(FileError::new(&folder.join(name), "is there already; nothing was written"));
    }
    fs::create_dir_all(folder).map_err(|e| FileError::io(folder, "made", &e))?;
    for (name, text) in files {
        let path = folder.join(name);
        let new = OpenOptions::new().write(true).create_new(true).open(&path);
        new.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|e| FileError::io(&path, "written", &e))?;
    }
    Ok(())
}

/// Writes a file that is there, in the same way; it keeps its permissions.
pub fn rewrite(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let data = fs::metadata(path).map_err(|e| FileError::io(path, "read", &e))?;
    replace(path, bytes, 0o600, Some(data.permissions()))
}

/// Writes a file that nobody is to change, and the folders above it.
pub fn write_copy(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|e| FileError::io(folder, "written", &e))?;
    replace(path, bytes, 0o444, None)
}

/// Where this user keeps what can be made again: `$XDG_CACHE_HOME/handover` or `~/.cache/handover`.
pub fn cache_folder() -> Option<PathBuf> {
    let folder = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    // The XDG Base Directory Specification: relative paths are to be ignored.
    let cache = folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")));
    cache.map(|cache| cache.join("handover"))
}

/// Writes a file with these permissions, or with those that a new one of this mode gets.
fn replace(path: &Path, bytes: &[u8], mode: u32, permissions: Option<Permissions>) -> Result<(), FileError> {
    let fail = |e: io::Error| FileError::io(path, "written", &e);
    match fs::metadata(path) {
        Ok(data) if data.is_dir() => return Err(FileError::new(path, "is a folder")),
        Ok(data) if !data.is_file() => {
            return OpenOptions::new().write(true).open(path).and_then(|mut f| f.write_all(bytes)).map_err(fail);
        }
        _ => {}
    }
    // A link stays a link; what it leads to is replaced.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let name = target.file_name().ok_or_else(|| FileError::new(path, "has no file name"))?;
    let mut draft = std::ffi::OsString::from(".");
    draft.push(name);
    draft.push(format!(".{}", std::process::id()));
    let draft = target.with_file_name(draft);
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&draft)?;
        if let Some(permissions) = permissions {
            file.set_permissions(permissions)?;
        }
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&draft, &target)
    };
    write().map_err(|e| {
        let _ = fs::remove_file(&draft);
        fail(e)
    })
}

#[cfg(test)]
mod tests {
    use super::{create, find, find_near, read, read_text, rewrite, write, write_copy};
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;

    fn reason(result: Result<impl Sized, super::FileError>) -> String {
        result.map(|_| ()).unwrap_err().reason
    }

    #[test]
    fn what_cannot_be_read_is_said_in_words() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        assert_eq!(reason(read(&path, 9)), "does not exist");
        assert_eq!(reason(read(folder.path(), 9)), "is a folder");
        fs::write(&path, b"a\nb\n\xff").unwrap();
        assert_eq!(reason(read_text(&path, 9)), "is not UTF-8 text: line 3 has a byte that fits nowhere");
        fs::write(&path, "0123456789").unwrap();
        assert!(read(&path, 9).unwrap_err().too_large);
        assert_eq!(read(&path, 10).unwrap(), b"0123456789");
        assert!(read(Path::new("/dev/zero"), 9).unwrap_err().too_large, "a source without end is cut off");
    }

    #[test]
    fn new_files_never_take_the_place_of_old_ones() {
        let folder = tempfile::tempdir().unwrap();
        let (new, files) = (folder.path().join("a/b"), [("x", "1"), ("y", "2")]);
        create(&new, &files).unwrap();
        assert_eq!(fs::read_to_string(new.join("y")).unwrap(), "2");
        fs::remove_file(new.join("x")).unwrap();
        assert_eq!(reason(create(&new, &files)), "is there already; nothing was written");
        assert!(!new.join("x").exists(), "half of them is of no use");
        assert_eq!(reason(create(&new.join("y"), &files)), "cannot be made: File exists (os error 17)");
    }

    #[test]
    fn a_search_ends_and_leaves_hidden_folders_alone() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b/x.ha", "a.ha", "b/y.txt", ".git/z.ha"] {
            fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
            fs::write(folder.path().join(name), "").unwrap();
        }
        symlink(folder.path(), folder.path().join("b/again")).unwrap();
        let found = find(folder.path(), "ha").unwrap();
        assert_eq!(found, [folder.path().join("a.ha"), folder.path().join("b/x.ha")]);
        assert_eq!(reason(find(&folder.path().join("none"), "ha")), "does not exist");
        let mut near = find_near(folder.path(), "ha", 100);
        assert_eq!(near.first(), Some(&folder.path().join("a.ha")), "those above come first");
        near.sort();
        assert_eq!(near, found);
        assert_eq!(find_near(folder.path(), "ha", 0), [] as [std::path::PathBuf; 0]);
        assert_eq!(find_near(&folder.path().join("none"), "ha", 100), [] as [std::path::PathBuf; 0]);
    }

    #[test]
    fn a_file_is_written_whole_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("x"), folder.path().join("link"));
        write(&path, b"one", false).unwrap();
        symlink(&path, &link).unwrap();
        write(&link, b"two", true).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert!(link.is_symlink());
        assert_ne!(fs::metadata(&path).unwrap().permissions().mode() & 0o100, 0);
        assert_eq!(reason(write(folder.path(), b"", false)), "is a folder");
        assert_eq!(
            reason(write(&folder.path().join("no/x"), b"", false)),
            "cannot be written: its folder does not exist"
        );
        write(Path::new("/dev/null"), b"x", false).unwrap();
        assert!(write(Path::new("/dev/full"), b"x", false).unwrap_err().reason.contains("the disk is full"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
    #[test]
    fn a_copy_is_not_to_be_changed_and_makes_its_folders() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/x");
        write_copy(&path, b"one").unwrap();
        write_copy(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o222, 0);
        assert!(!reason(write_copy(&path.join("c"), b"")).is_empty());
    }

    #[test]
    fn a_file_that_is_rewritten_keeps_its_permissions() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("x"), folder.path().join("link"));
        assert_eq!(reason(rewrite(&path, b"")), "does not exist");
        fs::write(&path, "one").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        symlink(&path, &link).unwrap();
        rewrite(&link, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(link.is_symlink());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
