//! Accidents that happened, as plans in `tests/accidents/`. The first line of each says which codes the check must report,
//! no more and no fewer; what it prints stands beside it. Of the mended version of each it reports nothing.
//! `UPDATE=1 cargo test --test accidents` writes what is printed anew.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The plans of the folder, mended ones or the others.
fn plans(mended: bool) -> Vec<PathBuf> {
    let files = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/accidents")).unwrap();
    let mut plans: Vec<PathBuf> = files.map(|f| f.unwrap().path()).collect();
    plans.retain(|p| p.extension().is_some_and(|e| e == "ha") && p.to_str().unwrap().contains(".mended.") == mended);
    plans.sort();
    plans
}

/// The exit code of a check, and what it prints.
fn check(plan: &Path) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_handover"))
        .arg("check")
        .arg(Path::new("tests/accidents").join(plan.file_name().unwrap()))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(text).unwrap())
}

/// The codes that a text names at the beginnings of its lines.
fn codes(text: &str) -> BTreeSet<&str> {
    text.lines().filter(|line| line.starts_with("HA0")).filter_map(|line| line.split_whitespace().next()).collect()
}

#[test]
fn every_accident_is_found_and_told() {
    let mut wrong = Vec::new();
    for plan in plans(false) {
        let source = fs::read_to_string(&plan).unwrap();
        let expected = source.lines().next().and_then(|line| line.strip_prefix("# expect ")).expect("a first line");
        let expected: BTreeSet<&str> = expected.split_whitespace().collect();
        let (exit, told) = check(&plan);
        if codes(&told) != expected || exit != 1 {
            wrong.push(format!("{}: {expected:?}, but exit {exit} and\n{told}", plan.display()));
        }
        let beside = plan.with_extension("txt");
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&beside, &told).unwrap();
        } else if fs::read_to_string(&beside).ok().as_deref() != Some(told.as_str()) {
            wrong.push(format!("{}: it is told otherwise now:\n{told}", plan.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_accident_can_be_mended() {
    let wrong: Vec<String> = plans(true)
        .iter()
        .map(|plan| (plan, check(plan)))
        .filter(|(_, (exit, _))| *exit != 0)
        .map(|(plan, (_, told))| format!("{}:\n{told}", plan.display()))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_accident_has_its_mended_version() {
    let names = |mended: bool| plans(mended).iter().map(|p| p.to_str().unwrap().replace(".mended.", ".")).collect();
    let (accidents, mended): (Vec<String>, Vec<String>) = (names(false), names(true));
    assert_eq!(accidents.len(), 16);
    assert_eq!(accidents, mended);
}
