//! What `handover diff` is to compare: two files, or a file at two revisions, named as in git.

use crate::cli::version::Place;
use crate::os::{GitError, Revision};
use std::path::Path;

/// What is to be compared with what.
pub struct Wanted {
    /// Where the old version is.
    pub old: (Place, String),
    /// Where the new one is.
    pub new: (Place, String),
    /// The plan, if not all.
    pub plan: Option<String>,
}

/// Understands the words of the command line, and `--base`.
pub fn wanted(words: &[String], base: Option<&str>) -> Result<Wanted, GitError> {
    let refuse = |message: &str, help: &str| Err(GitError { message: message.into(), help: help.into() });
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let plan = |plan: &[&str]| plan.first().map(|name| String::from(*name));
    if let Some(base) = base {
        let [file, rest @ ..] = words.as_slice() else { return refuse("there is no file to compare", "name it") };
        if rest.len() > 1 {
            return refuse("`--base` compares one file with what it was", "name the file, and a plan of it at most");
        }
        let place = Place::at(Revision::fork(base)?);
        let old = renamed(&place, None, file)?;
        return Ok(Wanted { old: (place, old), new: (Place::Disk, String::from(*file)), plan: plan(rest) });
    }
    match words.as_slice() {
        [range, file, rest @ ..] if range_of(range).is_some() => {
            let (one, other, fork) = range_of(range).unwrap_or_default();
            let new = Revision::of(other)?;
            let old = Place::at(if fork { Revision::common(one, other)? } else { Revision::of(one)? });
            let path = renamed(&old, Some(&new), file)?;
            Ok(Wanted { old: (old, path), new: (Place::at(new), String::from(*file)), plan: plan(rest) })
        }
        [old, new, rest @ ..] => Ok(Wanted { old: side(old)?, new: side(new)?, plan: plan(rest) }),
        _ => refuse(
            "there is nothing to compare it with",
            "name two files, `handover diff OLD NEW`; or a revision, `handover diff --base main FILE`",
        ),
    }
}

/// The two revisions of `one..other` or `one...other`, and whether it is the latter; a side that is left out is `HEAD`.
fn range_of(word: &str) -> Option<(&str, &str, bool)> {
    let (one, rest) = word.split_once("..").filter(|(one, _)| !one.is_empty() && !one.ends_with('/'))?;
    let (other, fork) = rest.strip_prefix('.').map_or((rest, false), |other| (other, true));
    if other.starts_with('/') || word.contains(':') || Path::new(word).exists() {
        return None;
    }
    Some((one, if other.is_empty() { "HEAD" } else { other }, fork))
}

/// `PATH`, or `REV:PATH` as in git.
fn side(word: &str) -> Result<(Place, String), GitError> {
    match word.split_once(':') {
        Some((revision, path)) if !revision.is_empty() && !path.is_empty() && !Path::new(word).exists() => {
            Ok((Place::at(Revision::of(revision)?), String::from(path)))
        }
        _ => Ok((Place::Disk, String::from(word))),
    }
}

/// The path that a file had at a revision.
fn renamed(old: &Place, new: Option<&Revision>, path: &str) -> Result<String, GitError> {
    let Place::At(revision) = old else { return Ok(path.to_owned()) };
    let (moved, path) = (revision.renamed(new)?, path.strip_prefix("./").unwrap_or(path));
    Ok(moved.into_iter().find(|(_, to)| to == path).map_or_else(|| path.to_owned(), |(from, _)| from))
}

#[cfg(test)]
mod tests {
    use super::range_of;

    #[test]
    fn ranges_are_told_from_paths() {
        assert_eq!(range_of("main..change"), Some(("main", "change", false)));
        assert_eq!(range_of("origin/main...v1.2"), Some(("origin/main", "v1.2", true)));
        assert_eq!(range_of("HEAD~2.."), Some(("HEAD~2", "HEAD", false)));
        for path in ["../plan.ha", "a/../plan.ha", "plan.ha", "main:../plan.ha", "..", "src/../Cargo.toml"] {
            assert_eq!(range_of(path), None, "{path}");
        }
    }
}
