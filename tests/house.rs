//! The rules of the house: who may know whom, who may name which crate, and that the map of the house is true.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Modules in pipeline order: a module uses only modules above it. `cli` sees all.
const ORDER: &[&str] = &[
    "base",
    "calculus",
    "syntax",
    "format",
    "model",
    "stdlib",
    "resolve",
    "order",
    "bytecode",
    "lower",
    "verify",
    "semantics",
    "prove",
    "verdict",
    "approval",
    "run",
    "compare",
    "emit",
    "session",
    "assist",
    "drill",
    "os",
    "lsp",
    "cli",
];

/// Names from outside, and the only modules that may say them.
const ALONE: &[(&str, &[&str])] = &[
    ("pest", &["syntax"]),
    ("pest_derive", &["syntax"]),
    ("petgraph", &["order"]),
    ("handlebars", &["emit"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("miette", &["cli"]),
    ("unicode_width", &["cli"]),
    ("lsp_server", &["lsp"]),
    ("gen_lsp_types", &["lsp"]),
    ("rusqlite", &["os"]),
    ("rustix", &["os"]),
    ("signal_hook", &["os"]),
    ("std::fs", &["os"]),
    ("std::net::TcpStream", &["os"]),
    ("std::net::TcpListener", &["os"]),
    ("std::net::UdpSocket", &["os"]),
    ("std::os::unix::net", &["os"]),
    ("std::process", &["os"]),
];

/// Exceptions to [`ALONE`], each with its reason.
const ALLOWED: &[(&str, &str, &str)] = &[
    ("src/main.rs", "std::process", "`main` returns an `ExitCode`"),
    ("src/cli/mod.rs", "std::process", "so does the function it calls"),
    ("src/cli/exit.rs", "std::process", "exit codes become an `ExitCode`"),
];

/// Files that may be longer than [`LINES`], each with its reason.
const LONG: &[(&str, &str)] = &[("src/syntax/tree.rs", "the whole syntax tree, types and their documentation only")];

/// Longest file.
const LINES: usize = 600;

/// Crates that the executor alone must not need.
const COMPILER_ONLY: &[&str] =
    &["pest", "pest_derive", "handlebars", "clap", "clap_complete", "clap_mangen", "miette", "petgraph", "lsp-server"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Files below `folder` with this extension, as paths from the root, in a stable order. No build output.
fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    fn walk(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        let mut paths: Vec<PathBuf> = entries.map(|e| e.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            match path.is_dir() {
                true if name != "target" && !name.starts_with('.') => walk(&path, extension, found),
                false if path.extension().is_some_and(|e| e == extension) => found.push(path),
                _ => {}
            }
        }
    }
    let mut found = Vec::new();
    walk(&root().join(folder), extension, &mut found);
    found.iter().map(|p| p.strip_prefix(root()).unwrap().to_path_buf()).collect()
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The module that a file of `src` belongs to; the empty string for `lib.rs` and `main.rs`.
fn module(path: &Path) -> String {
    let first = path.iter().nth(1).unwrap().to_string_lossy().into_owned();
    let name = first.strip_suffix(".rs").unwrap_or(&first);
    if matches!(name, "lib" | "main") { String::new() } else { name.to_owned() }
}

/// The code of a file: without comment lines.
fn code(path: &Path) -> String {
    let text = read(path);
    let lines = text.lines().filter(|l| !l.trim_start().starts_with("//"));
    lines.flat_map(|l| [l, "\n"]).collect()
}

/// Every path that `code` says: the `use` declarations with their braces expanded, and paths written out in place.
fn paths(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = String::new();
    for (i, part) in code.split("use ").enumerate() {
        let ends_a_word = i > 0 && !code.is_empty();
        match part.split_once(';') {
            Some((tree, after)) if ends_a_word && !tree.contains(['(', '=', '"']) => {
                expand("", &tree.split_whitespace().collect::<String>(), &mut found);
                rest.push_str(after);
            }
            _ => rest.push_str(part),
        }
    }
    let words = rest.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
    found.extend(words.filter(|w| w.contains("::")).map(|w| w.trim_matches(':').to_owned()));
    found
}

/// Expands `a::{b, c::{d}}` to `a::b`, `a::c::d`.
fn expand(prefix: &str, tree: &str, found: &mut Vec<String>) {
    let Some((head, group)) = tree.split_once('{') else {
        found.push(format!("{prefix}{tree}"));
        return;
    };
    let (mut depth, mut from) = (0, 0);
    let group = group.strip_suffix('}').unwrap_or(group);
    for (at, c) in group.char_indices().chain([(group.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                expand(&format!("{prefix}{head}"), &group[from..at], found);
                from = at + 1;
            }
            _ => {}
        }
    }
}

/// Whether one of `paths` is `name` or lies in it.
fn says(paths: &[String], name: &str) -> bool {
    paths.iter().any(|p| p.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with("::")))
}

#[test]
fn paths_are_found_however_they_are_written() {
    let code = "use std::{fs, io::{self, Read}};\nuse crate::a;\nfn f() { let x: b::C = pest::g(); reuse (1); }";
    let paths = paths(code);
    for name in ["std::fs", "std::io", "crate::a", "b", "pest"] {
        assert!(says(&paths, name), "{name} in {paths:?}");
    }
    for name in ["std::process", "fs", "g", "crate::b", "pes"] {
        assert!(!says(&paths, name), "{name} in {paths:?}");
    }
}

#[test]
fn modules_use_only_modules_above_them() {
    let mut wrong = Vec::new();
    for path in files("src", "rs") {
        let own = module(&path);
        let Some(floor) = ORDER.iter().position(|m| *m == own) else {
            assert!(own.is_empty(), "{} is in no known module: add it to ORDER", path.display());
            continue;
        };
        let paths = paths(&code(&path));
        for (lower, name) in ORDER.iter().enumerate() {
            if lower > floor && says(&paths, &format!("crate::{name}")) {
                wrong.push(format!("{} uses `{name}`, which stands below it", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_library_declares_its_modules_in_pipeline_order() {
    let library = read("src/lib.rs");
    let declared: Vec<&str> = library.lines().filter_map(|l| l.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    assert_eq!(declared, ORDER);
}

#[test]
fn every_outside_crate_has_one_door() {
    let mut wrong = Vec::new();
    for path in files("src", "rs") {
        let (own, paths, shown) = (module(&path), paths(&code(&path)), path.to_string_lossy().into_owned());
        for (name, homes) in ALONE {
            let allowed = ALLOWED.iter().any(|(file, n, _)| *file == shown && n == name);
            if !homes.contains(&own.as_str()) && !allowed && says(&paths, name) {
                wrong.push(format!("{shown} names `{name}`, which only {homes:?} may"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn exceptions_are_still_needed() {
    for (file, name, reason) in ALLOWED {
        assert!(says(&paths(&code(Path::new(file))), name), "{file} no longer needs {name} ({reason})");
    }
    for (file, reason) in LONG {
        assert!(read(file).lines().count() > LINES, "{file} is no longer long ({reason})");
    }
}

#[test]
fn every_file_says_what_it_is_for_and_stays_readable() {
    let mut wrong = Vec::new();
    for path in ["src", "tests", "benches", "fuzz", "editors"].iter().flat_map(|f| files(f, "rs")) {
        let (text, shown) = (read(&path), path.to_string_lossy().into_owned());
        if !text.trim_start_matches("#![no_main]").trim_start().starts_with("//!") {
            wrong.push(format!("{shown} does not open with `//!`"));
        }
        if text.lines().count() > LINES && !LONG.iter().any(|(file, _)| *file == shown) {
            wrong.push(format!("{shown} has {} lines", text.lines().count()));
        }
        // The words are built here so that this file does not find itself.
        for word in [["TO", "DO"], ["FIX", "ME"], ["XX", "X"]].map(|w| w.concat()) {
            if text.split(|c: char| !c.is_alphanumeric()).any(|w| w == word) {
                wrong.push(format!("{shown} says {word}"));
            }
        }
        if code(&path).lines().any(|l| l.trim_start().starts_with("use ") && l.ends_with("::*;")) {
            wrong.push(format!("{shown} has a glob import"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_map_of_the_house_is_true() {
    let map = read("ARCHITECTURE.md");
    let listed: Vec<&str> = map.lines().filter_map(|l| l.strip_prefix("| `src/")?.split('`').next()).collect();
    let present: Vec<String> = ORDER
        .iter()
        .map(|m| if root().join("src").join(m).is_dir() { format!("{m}/") } else { format!("{m}.rs") })
        .collect();
    assert_eq!(listed, present, "the module table of ARCHITECTURE.md");
    let folders: BTreeSet<&str> =
        map.lines().filter_map(|l| l.strip_prefix("| `")?.split_once("/` |")).map(|p| p.0).collect();
    let tracked: BTreeSet<String> = fs::read_dir(root())
        .unwrap()
        .map(|e| e.unwrap())
        .filter(|e| e.path().is_dir())
        .map(|e| e.file_name().to_string_lossy().into_owned())
        .filter(|n| !["target", "src", "proptest-regressions"].contains(&n.as_str()) && !n.starts_with('.'))
        .collect();
    let folders: BTreeSet<String> = folders.iter().filter(|f| !f.starts_with("src/")).map(|f| f.to_string()).collect();
    assert_eq!(folders, tracked, "the folder table of ARCHITECTURE.md");
}

#[test]
fn the_grammar_exists_once() {
    let grammars: Vec<PathBuf> = files(".", "pest");
    assert_eq!(grammars.len(), 1, "{grammars:?}");
    assert!(grammars[0].starts_with("grammar"), "{grammars:?}");
}

#[test]
fn the_executor_alone_does_not_need_the_compiler() {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked", "--no-default-features", "-e", "normal", "--prefix", "none"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).unwrap();
    assert!(tree.contains("rusqlite"), "the tree is that of the executor: {tree}");
    for name in COMPILER_ONLY {
        assert!(!tree.lines().any(|l| l.split(' ').next() == Some(name)), "{name} is in\n{tree}");
    }
}
