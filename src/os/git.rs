//! What files were at a revision, as the system's `git` knows it. Nothing here changes a repository, starts a shell, or
//! runs a filter that the repository names.

use crate::base::limits;
use crate::os::FileError;
use crate::session;
use std::cell::RefCell;
use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Bytes that a list of files may have.
const LIST_BYTES: usize = 64 << 20;
/// Bytes that `git` may say of a file besides its content and its name.
const HEAD_BYTES: usize = 4096;

/// Why `git` does not give something: the cause and the remedy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GitError {
    /// The cause.
    pub message: String,
    /// The remedy; may be empty.
    pub help: String,
}

impl GitError {
    fn new(message: impl Into<String>, help: impl Into<String>) -> GitError {
        GitError { message: message.into(), help: help.into() }
    }
}

/// A commit. Paths are relative to the working directory, also where they lead out of it.
#[derive(Debug)]
pub struct Revision {
    /// As whoever asks calls it.
    pub name: String,
    id: String,
    /// The texts that were read: a library is imported by many.
    texts: RefCell<HashMap<String, Result<String, FileError>>>,
}

impl Revision {
    /// The revision of this name: a branch, a tag, a commit, `HEAD~1`.
    pub fn of(name: &str) -> Result<Revision, GitError> {
        if name.is_empty() || name.starts_with('-') {
            return Err(GitError::new(format!("`{name}` is no revision"), "name a branch, a tag or a commit"));
        }
        let id = answer(&["rev-parse", "--verify", "--quiet", &format!("{name}^{{commit}}")])?;
        match id {
            Some(id) => Ok(Revision::known(name, id.trim())),
            None => Err(unknown(name)?),
        }
    }

    fn known(name: &str, id: &str) -> Revision {
        Revision { name: name.to_owned(), id: id.to_owned(), texts: RefCell::default() }
    }

    /// Where the history that ends in `HEAD` has left that of `base`: what has changed since then is this branch's own.
    pub fn fork(base: &str) -> Result<Revision, GitError> {
        Revision::common(base, "HEAD")
    }

    /// The last commit that the histories of both have.
    pub fn common(one: &str, other: &str) -> Result<Revision, GitError> {
        let (first, second) = (Revision::of(one)?, Revision::of(other)?);
        match answer(&["merge-base", &first.id, &second.id])? {
            Some(id) => Ok(Revision::known(one, id.lines().next().unwrap_or_default())),
            None => {
                let help = if is_shallow()? { DEEPEN } else { "name a revision that this one has come from" };
                Err(GitError::new(format!("`{one}` and `{other}` have no commit in common here"), help))
            }
        }
    }

    /// The first characters of its hash.
    pub fn short(&self) -> &str {
        self.id.get(..12).unwrap_or(&self.id)
    }

    /// The text of a source.
    fn text(&self, path: &str) -> Result<String, FileError> {
        if let Some(known) = self.texts.borrow().get(path) {
            return known.clone();
        }
        let text = self.read(Path::new(path), limits::SOURCE_BYTES).and_then(|bytes| {
            String::from_utf8(bytes).map_err(|_| FileError {
                path: path.to_owned(),
                reason: String::from("is not UTF-8 text"),
                too_large: false,
                missing: false,
            })
        });
        self.texts.borrow_mut().insert(path.to_owned(), text.clone());
        text
    }

    /// The content of a file of at most `limit` bytes.
    pub fn read(&self, path: &Path, limit: usize) -> Result<Vec<u8>, FileError> {
        let fail = |reason: &str, missing| FileError {
            path: path.display().to_string(),
            reason: reason.to_owned(),
            too_large: false,
            missing,
        };
        let trouble = |e: io::Error| fail(&format!("cannot be read: {e}"), false);
        let object = self.object(path);
        let mut child = ask(&object).map_err(|e| fail(&e.message, false))?;
        let said = drain(&mut child, limit + object.len() + HEAD_BYTES).map_err(trouble)?;
        let output = child.wait_with_output().map_err(trouble)?;
        let said = said.map(|said| Blob::of(said, &object));
        match said {
            None => Err(Blob::TooLarge),
            Some(Blob::Content(bytes)) if bytes.len() > limit => Err(Blob::TooLarge),
            Some(Blob::Content(bytes)) if output.status.success() => Ok(bytes),
            Some(other) => Err(other),
        }
        .map_err(|blob| match blob {
            Blob::TooLarge => {
                FileError { too_large: true, ..fail(&format!("is larger than {} MiB", limit >> 20), false) }
            }
            Blob::Missing => fail(&format!("does not exist in `{}`", self.name), true),
            Blob::Folder => fail("is a folder", false),
            Blob::Astray => fail("is a symbolic link that leads nowhere in the repository", false),
            Blob::Content(_) | Blob::Nothing => {
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                fail(&format!("cannot be had from `git`: {}", last_line(&said)), false)
            }
        })
    }

    /// How `git` calls a file of it.
    fn object(&self, path: &Path) -> String {
        let path = path.to_string_lossy();
        // Without the `./` a path begins at the top of the repository.
        match path.strip_prefix('/') {
            None => format!("{}:./{path}", self.id),
            Some(_) => {
                let top = answer(&["rev-parse", "--show-toplevel"]).ok().flatten().unwrap_or_default();
                let inside = path.strip_prefix(top.trim_end()).map(|rest| rest.trim_start_matches('/'));
                format!("{}:{}", self.id, inside.unwrap_or(&path))
            }
        }
    }

    /// The files named `*.EXTENSION` in a folder and below it, sorted.
    pub fn find(&self, folder: &Path, extension: &str) -> Result<Vec<String>, GitError> {
        let folder = folder.to_string_lossy();
        let list = answer(&["ls-tree", "-r", "-z", "--name-only", &self.id, "--", &folder])?.unwrap_or_default();
        let ending = format!(".{extension}");
        let mut found: Vec<String> =
            list.split('\0').filter(|path| path.ends_with(&ending)).map(String::from).collect();
        found.sort();
        Ok(found)
    }

    /// The files that have another path since: the old one and the new one.
    pub fn renamed(&self, to: Option<&Revision>) -> Result<Vec<(String, String)>, GitError> {
        let mut arguments = vec!["diff", "--no-ext-diff", "--relative", "--name-status", "--diff-filter=R", "-M", "-z"];
        arguments.push(&self.id);
        arguments.extend(to.map(|to| to.id.as_str()));
        let list = answer(&arguments)?.unwrap_or_default();
        let fields: Vec<&str> = list.split('\0').collect();
        let pair = |three: &[&str]| match three {
            [_, old, new] => Some((String::from(*old), String::from(*new))),
            _ => None,
        };
        Ok(fields.chunks(3).filter_map(pair).collect())
    }
}

impl session::Files for Revision {
    fn read(&self, path: &str) -> Result<String, session::FileError> {
        self.text(path).map_err(|error| match error {
            FileError { too_large: true, .. } => session::FileError::TooLarge,
            FileError { missing: true, .. } => session::FileError::Missing,
            FileError { reason, .. } => session::FileError::Other(reason),
        })
    }
}

const DEEPEN: &str = "this clone is shallow: fetch the history with `git fetch --unshallow`, or in a workflow check out with \
                      `fetch-depth: 0`";

/// Why there is no revision of this name.
fn unknown(name: &str) -> Result<GitError, GitError> {
    let message = format!("there is no revision `{name}` here");
    let remote = format!("origin/{name}");
    if answer(&["rev-parse", "--verify", "--quiet", &format!("{remote}^{{commit}}")])?.is_some() {
        return Ok(GitError::new(message, format!("did you mean `{remote}`?")));
    }
    let help =
        if is_shallow()? { DEEPEN } else { "name a branch, a tag or a commit; `git fetch` brings those of others" };
    Ok(GitError::new(message, help))
}

fn is_shallow() -> Result<bool, GitError> {
    Ok(answer(&["rev-parse", "--is-shallow-repository"])?.is_some_and(|said| said.trim() == "true"))
}

/// What `git` answers; `None` if it says by its exit code alone that there is nothing.
fn answer(arguments: &[&str]) -> Result<Option<String>, GitError> {
    let mut child = spawn(arguments)?;
    let trouble = |e: io::Error| GitError::new(format!("`git` cannot be asked: {e}"), "");
    let text = drain(&mut child, LIST_BYTES).map_err(trouble)?;
    let output = child.wait_with_output().map_err(trouble)?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    match (output.status.code(), text) {
        (Some(0), Some(bytes)) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        (Some(0), None) => Err(GitError::new("`git` lists more files than could be read", "name a smaller folder")),
        (Some(1), _) if said.trim().is_empty() => Ok(None),
        _ if said.contains("not a git repository") => Err(GitError::new(
            "this folder is in no git repository",
            "go to where the plans are kept in git, or name two files: `handover diff OLD NEW`",
        )),
        _ if said.contains("must be run in a work tree") => Err(GitError::new(
            "this is a repository without a folder of files",
            "go to where the files are: `git worktree add FOLDER BRANCH` makes such a folder",
        )),
        _ if said.contains("dubious ownership") => Err(GitError::new(
            "`git` does not trust this folder, which belongs to somebody else",
            "allow it with `git config --global --add safe.directory FOLDER`",
        )),
        _ => Err(GitError::new(format!("`git {}` fails: {}", arguments.join(" "), last_line(&said)), "")),
    }
}

/// What `git` has under the name of an object.
enum Blob {
    Content(Vec<u8>),
    Missing,
    Folder,
    /// A symbolic link out of the repository, or in a circle.
    Astray,
    TooLarge,
    /// It has said nothing.
    Nothing,
}

impl Blob {
    /// From what `cat-file --batch` has said of an object: a line with what it is, then all of it.
    fn of(mut said: Vec<u8>, object: &str) -> Blob {
        if said.strip_prefix(object.as_bytes()).is_some_and(|rest| rest == b" missing\n") {
            return Blob::Missing;
        }
        let Some(end) = said.iter().position(|byte| *byte == b'\n') else { return Blob::Nothing };
        let head = String::from_utf8_lossy(said.get(..end).unwrap_or_default()).into_owned();
        match head.split(' ').collect::<Vec<_>>().as_slice() {
            ["dangling", _] => Blob::Missing,
            ["symlink" | "loop" | "notdir", _] => Blob::Astray,
            [_, "tree", _] => Blob::Folder,
            [_, "blob", size] => {
                said.drain(..=end);
                said.truncate(size.parse().unwrap_or_default());
                Blob::Content(said)
            }
            _ => Blob::Nothing,
        }
    }
}

/// Asks for an object. Symbolic links are followed, as they are where the files lie.
fn ask(object: &str) -> Result<Child, GitError> {
    let mut arguments = vec!["cat-file", "--batch", "--follow-symlinks"];
    // Only a `git` of 2022 or later knows it.
    let end = if object.contains('\n') { "\0" } else { "\n" };
    arguments.extend((end == "\0").then_some("-z"));
    let mut child = start(&arguments, Stdio::piped())?;
    if let Some(mut to) = child.stdin.take() {
        // If it has ended, it says why.
        _ = to.write_all(format!("{object}{end}").as_bytes());
    }
    Ok(child)
}

fn spawn(arguments: &[&str]) -> Result<Child, GitError> {
    start(arguments, Stdio::null())
}

fn start(arguments: &[&str], input: Stdio) -> Result<Child, GitError> {
    let mut command = Command::new("git");
    command.args(arguments).stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.env("LC_ALL", "C").env("GIT_OPTIONAL_LOCKS", "0");
    command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => GitError::new("`git` is not installed", "install it, or name two files"),
        _ => GitError::new(format!("`git` cannot be started: {error}"), ""),
    })
}

/// What a process writes; nothing if that is more than `limit` bytes, and then it is ended.
fn drain(child: &mut Child, limit: usize) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    if let Some(out) = &mut child.stdout {
        out.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    }
    if bytes.len() > limit {
        child.kill()?;
        child.wait()?;
        return Ok(None);
    }
    Ok(Some(bytes))
}

fn last_line(said: &str) -> String {
    let line = said.trim().lines().last().unwrap_or("no reason given");
    String::from(line.trim_start_matches("fatal: "))
}
