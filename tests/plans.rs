//! Each plan in `tests/plans/` and what it compiles to, as the disassembler shows it.
//! `UPDATE=1 cargo test --test plans` writes the expectations anew.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use handover::bytecode::{decode, disassemble, encode};
use handover::session::{FileError, Files, Request, compile};
use std::fs;

struct Disk;

impl Files for Disk {
    fn read(&self, path: &str) -> Result<String, FileError> {
        fs::read_to_string(path).map_err(|_| FileError::Missing)
    }
}

/// Digests depend on the text of the standard library, which is not what this test is about.
fn without_digests(text: &str) -> String {
    let is_digest = |word: &str| word.len() == 64 && word.bytes().all(|b| b.is_ascii_hexdigit());
    let keep = |line: &&str| !line.split_whitespace().any(is_digest);
    text.lines().filter(keep).map(|line| format!("{line}\n")).collect()
}

#[test]
fn plans_compile_to_what_stands_beside_them() {
    let mut files: Vec<_> = fs::read_dir("tests/plans").unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    let mut wrong = Vec::new();
    for path in files.iter().filter(|p| p.extension().is_some_and(|e| e == "ha")) {
        let done = compile(&Disk, path.to_str().unwrap(), &Request { everything: true, ..Request::default() });
        assert!(done.diagnostics.is_empty(), "{}: {:?}", path.display(), done.diagnostics);
        let mut got = String::new();
        for plan in &done.plans {
            handover::verify::verify(plan.program.clone()).expect("what the compiler makes is accepted");
            assert_eq!(decode(&encode(&plan.program)).unwrap(), plan.program);
            got.push_str(&without_digests(&disassemble(&plan.program)));
        }
        let beside = path.with_extension("txt");
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&beside, &got).unwrap();
        } else if fs::read_to_string(&beside).unwrap_or_default() != got {
            wrong.push(format!("{}:\n{got}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "changed; look, then run with UPDATE=1\n{}", wrong.join("\n"));
}
