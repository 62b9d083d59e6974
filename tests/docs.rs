//! Everything that the documents show is done here: commands are run and must print what stands below them, plans are
//! compiled.
//!
//! In a Markdown file, a `console` block holds commands after `$ ` and what they print (`[..]` stands for a part of a
//! line, `...` for any lines); an `ha NAME` block is a file that later commands of the page may use. Everything runs in
//! a folder of its own, in which `examples` is this repository's. `UPDATE_DOCS=1` writes what is printed into the page.

use snapbox::IntoData;
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
            if let Some(name) = block.info.strip_prefix("ha ").filter(|n| n.ends_with(".ha")) {
                fs::write(folder.path().join(name), block.text).unwrap();
            }
            if block.info != "console" {
                continue;
            }
            for (command, expected) in commands(block.text) {
                let actual = printed(command, folder.path());
                let compared = snapbox::Assert::new().try_eq(None, actual.clone().into_data(), expected.into_data());
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
