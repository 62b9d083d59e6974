//! Everything that the documents show is done here, and what they say of the source is held to it.
//!
//! In a Markdown file, a `console` block holds commands after `$ ` and what they print (`[..]` stands for a part of a
//! line, `...` for any lines); an `ha NAME` block is a file that later commands and plans of the page may use. Everything
//! runs in a folder of its own, in which `examples` is this repository's. An `ha` block is a file of its own, an `ha step`
//! block the inside of a plan; both compile without findings, and their tests pass. An `ha excerpt` is a part of
//! something that stands elsewhere.
//! An `ha bad` block on the page of a code yields that code, an `ha good` block nothing; an `ha bad NAME` block is a file
//! that yields something.
//!
//! `UPDATE_DOCS=1 cargo test --test docs` writes into the pages what commands print and what is generated.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod commands;
mod generated;
mod plans;
mod site;

use std::fs;
use std::path::{Path, PathBuf};

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

/// Whether pages are to be written.
fn updating() -> bool {
    std::env::var_os("UPDATE_DOCS").is_some()
}

/// The documents, as paths from the root: those in the root, and `docs` with all its folders.
fn documents() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from("docs")];
    let list = |folder: &Path| -> Vec<PathBuf> {
        fs::read_dir(root().join(folder)).unwrap().map(|e| folder.join(e.unwrap().file_name())).collect()
    };
    let page = |path: &PathBuf| path.extension().is_some_and(|e| e == "md");
    found.extend(list(Path::new("")).into_iter().filter(page));
    while let Some(folder) = folders.pop() {
        for path in list(&folder) {
            if root().join(&path).is_dir() {
                folders.push(path);
            } else if page(&path) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
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
