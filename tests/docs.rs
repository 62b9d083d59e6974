//! Everything that the documents show is done here: commands are run and must print what stands below them, plans are
//! compiled.
//!
//! In a Markdown file, a `console` block holds commands after `$ ` and what they print (`[..]` stands for a part of a
//! line, `...` for any lines); an `ha NAME` block is a file that later commands and plans of the page may use. Everything
//! runs in a folder of its own, in which `examples` is this repository's. `UPDATE_DOCS=1` writes what is printed into the
//! page. An `ha` block is a file of its own, an `ha step` block the inside of a plan; both compile without findings, and
//! their tests pass.
//! An `ha bad` block on the page of a code yields that code, an `ha good` block nothing; an `ha bad NAME` block is a file
//! that yields something.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use handover::base::Diagnostic;
use handover::drill::{self, Coverage};
use handover::session::{self, FileError, Files, Request};
use handover::verify;
use snapbox::IntoData;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A fenced block.
struct Block<'a> {
    /// After the opening fence.
    info: &'a str,
    /// Between the fences.
    text: &'a str,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The documents, as paths from the root.
fn documents() -> Vec<PathBuf> {
    let list = |folder: &str| {
        let mut paths: Vec<PathBuf> = fs::read_dir(root().join(folder))
            .unwrap()
            .map(|e| Path::new(folder).join(e.unwrap().file_name()))
            .filter(|p| p.extension().is_some_and(|e| e == "md"))
            .collect();
        paths.sort();
        paths
    };
    [list("."), list("docs"), list("docs/codes")].concat()
}

fn read(path: &Path) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The fenced blocks of a page, in order.
fn blocks(page: &str) -> Vec<Block<'_>> {
    let mut found = Vec::new();
    let mut rest = page;
    while let Some(at) = rest.find("```") {
        let (info, after) = rest[at + 3..].split_once('\n').unwrap();
        let (text, after) = after.split_once("```").unwrap_or_else(|| panic!("a fence is not closed: {info}"));
        found.push(Block { info: info.trim(), text });
        rest = after;
    }
    found
}

/// A folder for the commands of one page.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(root().join("examples"), folder.path().join("examples")).unwrap();
    folder
}

/// What a shell command prints, both streams as they come.
fn printed(command: &str, folder: &Path) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_handover"));
    let path = format!("{}:{}", program.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let output = Command::new("sh")
        .args(["-c", &format!("{{ {command}\n}} 2>&1")])
        .current_dir(folder)
        .env("PATH", path)
        .env("HOME", folder)
        .env("HANDOVER_STATE", folder.join("state"))
        .env_remove("XDG_STATE_HOME")
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// The commands of a console block with what they should print.
fn commands(text: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(body) = rest.strip_prefix("$ ") {
        let (command, after) = body.split_once('\n').unwrap();
        let end = if after.starts_with("$ ") { 0 } else { after.find("\n$ ").map_or(after.len(), |i| i + 1) };
        found.push((command, &after[..end]));
        rest = &after[end..];
    }
    assert!(rest.is_empty(), "a console block begins with `$ `: {rest}");
    found
}

#[test]
fn commands_print_what_the_documents_say() {
    let mut wrong = Vec::new();
    for path in documents() {
        let (page, folder) = (read(&path), folder());
        let mut updated = page.clone();
        for block in blocks(&page) {
            if let Some(name) = block.info.rsplit(' ').next().filter(|n| n.ends_with(".ha")) {
                fs::write(folder.path().join(name), block.text).unwrap();
            }
            if block.info != "console" {
                continue;
            }
            for (command, expected) in commands(block.text) {
                let actual = printed(command, folder.path());
                let compared = snapbox::Assert::new().normalize_paths(false).try_eq(
                    None,
                    actual.clone().into_data(),
                    expected.into_data(),
                );
                if let Err(difference) = compared {
                    updated =
                        updated.replacen(&format!("$ {command}\n{expected}"), &format!("$ {command}\n{actual}"), 1);
                    wrong.push(format!("{}: $ {command}\n{difference}", path.display()));
                }
            }
        }
        if updated != page && std::env::var_os("UPDATE_DOCS").is_some() {
            fs::write(root().join(&path), updated).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The files of a page, by name.
#[derive(Default)]
struct Shelf<'a>(BTreeMap<&'a str, String>);

impl Files for Shelf<'_> {
    fn read(&self, path: &str) -> Result<String, FileError> {
        self.0.get(path).cloned().ok_or(FileError::Missing)
    }
}

impl<'a> Shelf<'a> {
    fn check(&mut self, name: &'a str, text: String) -> Vec<Diagnostic> {
        self.0.insert(name, text);
        let request = Request { everything: true, ..Request::default() };
        let compilation = session::compile(self, name, &request);
        let mut found = compilation.diagnostics;
        for test in compilation.tests {
            let program = verify::verify(test.program).unwrap();
            let verdict = drill::test(&test.scenario, program, &mut Coverage::default()).unwrap();
            found.extend(verdict.findings.into_iter().map(|f| f.diagnostic));
        }
        found
    }
}

/// A plan around the steps that a page shows; everything that they may need holds.
fn around(steps: &str) -> String {
    let mut given =
        String::from("rm_tokyo is up, rm_osaka is up, vm1 is up, vm2 is up, data on nowhere, web on nowhere");
    given.push_str(", portal on nowhere");
    format!("use ./estate\nplan example() {{\n  given {given}\n{steps}}}\n")
}

#[test]
fn plans_in_the_documents_compile() {
    let mut wrong = Vec::new();
    for path in documents() {
        let page = read(&path);
        let mut shelf = Shelf::default();
        for block in blocks(&page) {
            let found = match block.info {
                "ha" | "ha good" | "ha bad" => shelf.check("example.ha", block.text.to_owned()),
                "ha step" => shelf.check("example.ha", around(block.text)),
                info => match info.split(' ').collect::<Vec<_>>()[..] {
                    ["ha", name] | ["ha", "bad", name] => shelf.check(name, block.text.to_owned()),
                    _ => continue,
                },
            };
            let codes: Vec<String> = found.iter().map(|d| d.code.to_string()).collect();
            let right = match block.info {
                "ha bad" => codes.iter().any(|c| path.file_stem().unwrap() == c.as_str()),
                info if info.starts_with("ha bad") => !codes.is_empty(),
                _ => codes.is_empty(),
            };
            if !right {
                let found: Vec<String> = found.iter().map(|d| format!("{}: {}", d.code, d.message)).collect();
                wrong.push(format!("{}: `{}` block: {found:?}\n{}", path.display(), block.info, block.text));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut broken = Vec::new();
    for path in documents() {
        let page = read(&path);
        for link in page.split("](").skip(1).filter_map(|l| l.split([')', '#']).next()) {
            let outside = link.is_empty() || link.contains("://");
            if !outside && !root().join(path.parent().unwrap()).join(link).exists() {
                broken.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}
