//! Plans in the documents compile, and their tests pass.

use crate::{blocks, documents, read};
use handover::base::Diagnostic;
use handover::drill::{self, Coverage};
use handover::session::{self, FileError, Files, Request};
use handover::verify;
use std::collections::BTreeMap;

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
                    ["ha", "excerpt"] => continue,
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
