//! Each file in `tests/mistakes/` holds mistakes of one sort; beside it stands everything that one run of the compiler
//! says about it: code, place, underlined text, message, help and the places that play a part.
//! `UPDATE=1 cargo test --test mistakes` writes the expectations anew.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use handover::session::{FileError, Files, Request, compile};
use std::fmt::Write;
use std::fs;
use std::path::Path;

struct Disk;

impl Files for Disk {
    fn read(&self, path: &str) -> Result<String, FileError> {
        fs::read_to_string(path).map_err(|_| FileError::Missing)
    }
}

fn report(path: &Path) -> String {
    let path = path.to_str().unwrap();
    let found = compile(&Disk, path, &Request { everything: true, ..Request::default() });
    assert!(found.plans.is_empty(), "{path} compiles");
    let mut out = String::new();
    for d in &found.diagnostics {
        let span = d.span().unwrap();
        let shown: String = found.sources.text(span).lines().next().unwrap_or("").chars().take(70).collect();
        let place = found.sources.place(span);
        let place = place.split_once(':').unwrap().1;
        writeln!(out, "{} {:?} {place} `{shown}`", d.code, d.severity).unwrap();
        writeln!(out, "    {}", d.message).unwrap();
        for label in d.labels.iter().skip(1) {
            let text = found.sources.text(label.span).lines().next().unwrap_or("");
            writeln!(out, "    - {} `{text}`", label.text).unwrap();
        }
        writeln!(out, "    help: {}", d.help.as_deref().expect("every diagnostic says what to do")).unwrap();
        let first = d.message.chars().next().unwrap();
        assert!(first == '`' || !first.is_uppercase() && !d.message.ends_with('.'), "style: {}", d.message);
    }
    out
}

#[test]
fn every_mistake_is_reported_in_one_run() {
    let mut files: Vec<_> = fs::read_dir("tests/mistakes").unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    let mut wrong = Vec::new();
    for path in files.iter().filter(|p| p.extension().is_some_and(|e| e == "ha")) {
        let (got, beside) = (report(path), path.with_extension("txt"));
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&beside, &got).unwrap();
        } else if fs::read_to_string(&beside).unwrap_or_default() != got {
            wrong.push(format!("{}:\n{got}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "changed; look, then run with UPDATE=1\n{}", wrong.join("\n"));
}
