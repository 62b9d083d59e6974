//! Loading: the file asked for, everything it imports, and the embedded core library, each once.

use crate::base::{Code, Diagnostic, FileId, Source, SourceMap, Span, did_you_mean, limits};
use crate::{stdlib, syntax};
use std::collections::HashMap;

/// Where source texts come from. The compiler itself reads nothing.
pub trait Files {
    /// The text of a file.
    ///
    /// # Errors
    /// Why it cannot be had.
    fn read(&self, path: &str) -> Result<String, FileError>;
}

/// Why a file cannot be had.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FileError {
    /// There is none.
    Missing,
    /// It is larger than [`limits::SOURCE_BYTES`].
    TooLarge,
    /// The reason, as the end of a sentence that begins with the file: `is a folder`.
    Other(String),
}

/// Sources loaded, and what each sees.
pub struct Loaded {
    /// The sources; the first is `std/core`, the second the file asked for.
    pub sources: SourceMap,
    /// For each source the sources whose names it may use.
    pub sees: Vec<Vec<FileId>>,
    /// What could not be loaded.
    pub diagnostics: Vec<Diagnostic>,
    /// The file asked for; `None` if it could not be read.
    pub root: Option<FileId>,
}

struct Loader<'f> {
    files: &'f dyn Files,
    sources: SourceMap,
    known: HashMap<String, Option<FileId>>,
    imports: Vec<Vec<FileId>>,
    diagnostics: Vec<Diagnostic>,
}

/// Loads `root` and everything it imports.
pub fn load(files: &dyn Files, root: &str) -> Loaded {
    let mut loader = Loader {
        files,
        sources: SourceMap::default(),
        known: HashMap::new(),
        imports: Vec::new(),
        diagnostics: Vec::new(),
    };
    let core = loader.add("std/core", None);
    let root = loader.add(root, None);
    let mut next = 0;
    while let Some(id) = u16::try_from(next).ok().map(FileId).filter(|id| loader.sources.get(*id).is_some()) {
        loader.follow_imports(id);
        next += 1;
    }
    let sees = (0..loader.imports.len()).map(|i| loader.reachable(i, core)).collect();
    Loaded { sources: loader.sources, sees, diagnostics: loader.diagnostics, root }
}

/// The paths and texts of a file and of everything that it imports, the embedded library left out; nothing if the file cannot
/// be read.
pub fn sources(files: &dyn Files, root: &str) -> Vec<(String, String)> {
    let loaded = load(files, root);
    let own = loaded.sources.iter().filter(|(_, source)| loaded.root.is_some() && !source.path.starts_with("std/"));
    own.map(|(_, source)| (source.path.clone(), source.text.clone())).collect()
}

impl Loader<'_> {
    /// Adds a source once. `import` is the place of the `use` that asks for it.
    fn add(&mut self, path: &str, import: Option<Span>) -> Option<FileId> {
        if let Some(known) = self.known.get(path) {
            return *known;
        }
        let text = match stdlib::text(path) {
            Some(text) => Ok(text.to_string()),
            None if path.starts_with("std/") => Err(FileError::Missing),
            None => self.files.read(path),
        };
        let id = match text {
            Ok(text) if self.imports.len() < limits::FILES => self.sources.add(Source::new(path, text)),
            Ok(_) => {
                self.diagnostics.push(
                    Diagnostic::placeless(Code::TooLarge, format!("more than {} files are imported", limits::FILES))
                        .help("put declarations that belong together into one file"),
                );
                None
            }
            Err(error) => {
                self.diagnostics.push(unreadable(path, &error, import));
                None
            }
        };
        if id.is_some() {
            self.imports.push(Vec::new());
        }
        self.known.insert(path.to_string(), id);
        id
    }

    fn follow_imports(&mut self, id: FileId) {
        let Some(source) = self.sources.get(id) else { return };
        let from = source.path.clone();
        let found = syntax::imports(id, &source.text);
        for (path, span) in found {
            let target = self.add(&resolve_path(&from, &path), Some(span));
            if let (Some(target), Some(imports)) = (target, self.imports.get_mut(id.0 as usize)) {
                imports.push(target);
            }
        }
    }

    /// A file sees itself, the core library, and what it imports, directly or not.
    fn reachable(&self, from: usize, core: Option<FileId>) -> Vec<FileId> {
        let start = u16::try_from(from).map_or(FileId(u16::MAX), FileId);
        let mut seen = vec![start];
        seen.extend(core.filter(|c| *c != start));
        let mut at = 0;
        while let Some(file) = seen.get(at).copied() {
            for next in self.imports.get(file.0 as usize).into_iter().flatten() {
                if !seen.contains(next) {
                    seen.push(*next);
                }
            }
            at += 1;
        }
        seen
    }
}

/// The path that an import in `from` means: relative to its folder, with `.ha` if it has no ending.
pub fn resolve_path(from: &str, import: &str) -> String {
    if import.starts_with("std/") {
        return import.to_string();
    }
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let absolute = import.starts_with('/') || from.starts_with('/');
    let joined = if import.starts_with('/') { import.to_string() } else { format!("{folder}/{import}") };
    let mut parts: Vec<&str> = Vec::new();
    for part in joined.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|p| *p != "..") => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let path = format!("{}{}", if absolute { "/" } else { "" }, parts.join("/"));
    if path.ends_with(".ha") { path } else { format!("{path}.ha") }
}

fn unreadable(path: &str, error: &FileError, import: Option<Span>) -> Diagnostic {
    let (code, message, help) = match error {
        FileError::Missing if path.starts_with("std/") => {
            let names: Vec<_> = stdlib::LIBRARIES.iter().map(|(p, _)| *p).collect();
            let near = did_you_mean(path, names.iter().copied());
            let help = near.unwrap_or_else(|| format!("the libraries are {}", names.join(", ")));
            (Code::UnknownImport, format!("there is no library `{path}`"), help)
        }
        FileError::Missing if import.is_some() => {
            let help = "check the path; it is relative to the folder of this file";
            (Code::UnknownImport, format!("there is no file `{path}`"), help.into())
        }
        FileError::Missing => (Code::UnreadableFile, format!("there is no file `{path}`"), "check the path".into()),
        FileError::TooLarge => (
            Code::TooLarge,
            format!("`{path}` is larger than {} MiB", limits::SOURCE_BYTES >> 20),
            "a plan is a text that people read: is this the right file?".into(),
        ),
        FileError::Other(reason) => {
            (Code::UnreadableFile, format!("`{path}` {reason}"), "name a `.ha` file that can be read".into())
        }
    };
    match import {
        Some(span) => Diagnostic::error(code, span, message).help(help),
        None => Diagnostic::placeless(code, message).help(help),
    }
}

#[cfg(test)]
mod tests {
    use super::resolve_path;

    #[test]
    fn imports_are_relative_to_the_importing_file() {
        assert_eq!(resolve_path("examples/ror/plan.ha", "./estate"), "examples/ror/estate.ha");
        assert_eq!(resolve_path("plan.ha", "./estate.ha"), "estate.ha");
        assert_eq!(resolve_path("a/b/plan.ha", "../lib/x"), "a/lib/x.ha");
        assert_eq!(resolve_path("/abs/plan.ha", "../x"), "/x.ha");
        assert_eq!(resolve_path("plan.ha", "../x"), "../x.ha");
        assert_eq!(resolve_path("plan.ha", "std/fs"), "std/fs");
    }
}
