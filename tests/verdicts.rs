//! Plans that are not safe, and the whole of what is said about each: cause, places, story, help, and the line that the
//! proposed edit makes. The first line of a plan says which codes are reported, no more and no fewer. Every edit is made:
//! its finding is gone then. `UPDATE=1 cargo test --test verdicts` writes the expectations anew.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use handover::base::{Code, Diagnostic, Fix};
use handover::session::{Compilation, FileError, Files, Request, compile};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file, however it is called.
struct Only(String);

impl Files for Only {
    fn read(&self, path: &str) -> Result<String, FileError> {
        if path.ends_with("plan.ha") { Ok(self.0.clone()) } else { Err(FileError::Missing) }
    }
}

fn check(text: &str) -> Compilation {
    compile(&Only(text.to_owned()), "plan.ha", &Request { everything: true, ..Request::default() })
}

fn plans() -> Vec<PathBuf> {
    let files = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/verdicts")).unwrap();
    let mut plans: Vec<PathBuf> = files.map(|f| f.unwrap().path()).collect();
    plans.retain(|p| p.extension().is_some_and(|e| e == "ha"));
    plans.sort();
    plans
}

/// What the command prints.
fn told(plan: &Path) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_handover"))
        .arg("check")
        .arg(Path::new("tests/verdicts").join(plan.file_name().unwrap()))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("NO_COLOR", "1")
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}: {}", plan.display(), String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn mended(text: &str, fix: &Fix) -> String {
    [&text[..fix.span.start as usize], &fix.text, &text[fix.span.end as usize..]].concat()
}

/// The lines that are in `after` and not in `before`.
fn new_lines<'a>(before: &str, after: &'a str) -> Vec<&'a str> {
    let old: BTreeSet<&str> = before.lines().collect();
    after.lines().filter(|l| !old.contains(l)).collect()
}

/// The cause of a finding, however many steps run into it.
fn cause(d: &Diagnostic) -> (Code, String) {
    let message = d.message.split(" (and in ").next().unwrap().split(" (also ").next().unwrap();
    (d.code, message.to_owned())
}

#[test]
fn every_finding_is_told_and_every_edit_mends() {
    let mut wrong = Vec::new();
    let mut edits = 0;
    for plan in plans() {
        let text = fs::read_to_string(&plan).unwrap();
        let expected = text.lines().next().and_then(|l| l.strip_prefix("# expect ")).expect("a first line");
        let mut said = told(&plan);
        let found = check(&text).diagnostics;
        let codes: BTreeSet<String> = found.iter().map(|d| d.code.to_string()).collect();
        if codes != expected.split_whitespace().map(String::from).collect() {
            wrong.push(format!("{}: expected {expected}, found {codes:?}", plan.display()));
        }
        for d in &found {
            assert!(d.help.is_some() && !d.message.ends_with('.'), "{d:?}");
            let Some(fix) = &d.fix else { continue };
            let after = mended(&text, fix);
            writeln!(said, "\nan edit for {}:", d.code).unwrap();
            new_lines(&text, &after).iter().for_each(|l| writeln!(said, "{l}").unwrap());
            let left = check(&after).diagnostics;
            if left.iter().any(|l| cause(l) == cause(d)) {
                wrong.push(format!("{}: {} is still there with {:?}", plan.display(), d.message, fix.text));
            }
            edits += 1;
        }
        let beside = plan.with_extension("txt");
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&beside, &said).unwrap();
        } else if fs::read_to_string(&beside).ok().as_deref() != Some(said.as_str()) {
            wrong.push(format!("{}: it is told otherwise now:\n{said}", plan.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(edits >= 10, "{edits} edits");
}

#[test]
fn somebody_s_word_can_be_typed_in_as_proposed() {
    let mut words = 0;
    for plan in plans() {
        let text = fs::read_to_string(&plan).unwrap();
        for d in check(&text).diagnostics {
            let mut lines = d.help.iter().flat_map(|h| h.lines()).map(str::trim);
            let Some(word) = lines.find(|l| l.starts_with("step sure")) else { continue };
            let at = text[..d.span().unwrap().start as usize].rfind("step ").unwrap();
            let after = [&text[..at], word, "\n  ", &text[at..]].concat();
            let left = check(&after).diagnostics;
            assert!(!left.iter().any(|l| cause(l) == cause(&d)), "{}: {word}\n{left:?}", plan.display());
            words += 1;
        }
    }
    assert!(words >= 5, "{words} words");
}

#[test]
fn of_many_causes_the_first_are_told() {
    let mut text = String::from("node admin { via = local }\n");
    for n in 0..25 {
        writeln!(text, "node n{n} {{ host = \"n{n}\" }}").unwrap();
    }
    text.push_str("plan many() {\n");
    for n in 0..25 {
        writeln!(text, "  step s{n} on n{n} {{ needs n{n} is up  run \"true\" }}").unwrap();
    }
    text.push_str("}\n");
    let found = check(&text).diagnostics;
    assert_eq!(found.len(), 25);
    assert!(found.iter().all(|d| d.code == Code::TargetGone && d.help.is_some()));
    let told: Vec<bool> = found.iter().map(|d| !d.trace.is_empty()).collect();
    assert_eq!(told.iter().filter(|t| **t).count(), 20, "{told:?}");
    assert!(told.is_sorted_by(|a, b| a >= b));
    assert!(found[24].help.as_deref().unwrap().contains("mend what is told before"));
}

#[test]
fn a_promise_that_depends_on_too_much_is_not_decided() {
    let names: Vec<String> = (0..14).map(|n| format!("c{n}")).collect();
    let parameters: Vec<String> = names.iter().map(|n| format!("{n}: bool")).collect();
    let mut text =
        format!("node a {{ via = local }}\nplan p({}) {{\n  given a is up\n  rto 1m\n", parameters.join(", "));
    for n in &names {
        writeln!(text, "  step {n}_1 on a {{ only if {n}  run \"true\"  usually 40s }}").unwrap();
        writeln!(text, "  step {n}_2 on a {{ unless {n}  run \"true\"  usually 40s }}").unwrap();
    }
    text.push_str("}\n");
    let found = check(&text).diagnostics;
    let [one] = &found[..] else { panic!("{found:?}") };
    assert_eq!(one.code, Code::Undecided);
    assert!(one.message.contains("longer than the 1m promised: at most 18m 40s"), "{}", one.message);
}
