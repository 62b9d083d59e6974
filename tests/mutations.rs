//! Every line that makes an example safe is needed: without it, the check finds something.
//!
//! Mutants are made by deleting one clause that fences, releases, guards or holds, or one `otherwise` or `finally`, from a
//! plan or a library of an example. A mutant that is found to be safe is a survivor, and must be listed with a reason.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use handover::os::Disk;
use handover::session::{FileError, Files, Request, compile};
use std::fs;
use std::path::{Path, PathBuf};

/// Survivors: file, start of the deleted text, why that is not needed for safety.
const SURVIVORS: &[(&str, &str, &str)] = &[
    ("heartbeat/plan.ha", "only if inspect", "an inspection that nobody asked for harms nothing"),
    (
        "oracle-vm/plan.ha",
        "only if choose is migrate",
        "what is not migrated is found shut down, and the step fails safely",
    ),
    (
        "postgres/plan.ha",
        "otherwise phase copy",
        "without it a rewind that does not work stops the plan before anything is lost",
    ),
    ("primecluster/plan.ha", "unless bound(source, d)", "binding what is bound fails safely"),
    (
        "quickstart/plan.ha",
        "otherwise step end",
        "without it a server that does not stop stops the plan, and goes on serving",
    ),
    ("ror/plan.ha", "unless scope is site", "the manual leaves the step out because it is not needed then"),
    ("ror/plan.ha", "unless same_files(", "copying files that match changes nothing"),
    ("ror/plan.ha", "only if vm_guests are included", "the manual leaves the step out because there is nothing to do"),
    ("ror/plan.ha", "only if image_maintenance(", "the manual leaves the step out because there is nothing to do"),
    ("ror/plan.ha", "only if invoiced is no_yet", "what was invoiced twice is a matter of money, not of safety"),
    (
        "storage/plan.ha",
        "unless check succeeded",
        "a disk that may be mounted is not detached: the step fails, and nobody else mounts the volume",
    ),
    (
        "storage/plan.ha",
        "only if check succeeded",
        "without it a node that has mounted nothing is switched off in vain",
    ),
    (
        "xvm/ops-center.ha",
        "releases m on host",
        "the step is tolerated, so nothing may rely on it, and nothing does: the fence is what counts",
    ),
    (
        "xvm/ops-center.ha",
        "releases s on host",
        "the step is tolerated, so nothing may rely on it, and nothing does: the fence is what counts",
    ),
    ("xvm/plan.ha", "only if shut_down_os succeeded", "without it five minutes are waited in vain"),
    (
        "xvm/plan.ha",
        "only if release_storage succeeded",
        "an import of what was not released fails, and the forced one follows",
    ),
];

/// The disk, with one file replaced.
struct Overlay<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Files for Overlay<'_> {
    fn read(&self, path: &str) -> Result<String, FileError> {
        if Path::new(path) == self.path { Ok(self.text.to_string()) } else { Disk.read(path) }
    }
}

/// What was deleted, from where on, and what is left.
struct Mutant {
    line: usize,
    deleted: String,
    text: String,
}

fn mutants(text: &str) -> Vec<Mutant> {
    let code = masked(text);
    let mut found = Vec::new();
    let mut delete = |from: usize, to: usize| {
        let deleted = text[from..to].split_whitespace().collect::<Vec<_>>().join(" ");
        let line = text[..from].matches('\n').count() + 1;
        found.push(Mutant { line, deleted, text: format!("{}{}", &text[..from], &text[to..]) });
    };
    for word in ["fences", "releases", "only if", "unless", "hold"] {
        for at in words(&code, word) {
            let clause = code[at..].find('\n').map_or(code.len(), |n| at + n);
            // A clause on a line of its own, or the first of several in braces on one line.
            let own_line = code[..at].rsplit('\n').next().is_some_and(|before| before.trim().is_empty());
            let end = if own_line { clause } else { next_clause(&code, at).min(clause) };
            delete(at, end);
        }
    }
    for word in ["otherwise", "finally"] {
        for at in words(&code, word) {
            let open = at + code[at..].find('{').expect("a block follows");
            delete(at, closing(&code, open) + 1);
        }
    }
    found.sort_by_key(|m| m.line);
    found
}

/// The text with everything in strings and comments blanked out, byte for byte.
fn masked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skip = match c {
            '#' => rest.find('\n').unwrap_or(rest.len()),
            '"' if rest.starts_with("\"\"\"") => rest[3..].find("\"\"\"").map_or(rest.len(), |n| n + 6),
            '"' => 1 + rest[1..].find('"').map_or(rest.len() - 1, |n| n + 1),
            _ => 0,
        };
        if skip == 0 {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        } else {
            out.extend(rest[..skip].bytes().map(|b| if b == b'\n' { '\n' } else { '_' }));
            rest = &rest[skip..];
        }
    }
    assert_eq!(out.len(), text.len());
    out
}

fn words(code: &str, word: &str) -> Vec<usize> {
    let is_word = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_');
    let bytes = code.as_bytes();
    let whole = |at: &usize| {
        let before = at.checked_sub(1).and_then(|i| bytes.get(i)).copied();
        !is_word(before) && !is_word(bytes.get(at + word.len()).copied())
    };
    code.match_indices(word).map(|(at, _)| at).filter(whole).collect()
}

/// Where the next clause begins, or the block ends.
fn next_clause(code: &str, at: usize) -> usize {
    let starts = [
        "do ",
        "run ",
        "ask ",
        "if possible",
        "within ",
        "verify ",
        "tell ",
        "undo ",
        "ensures ",
        "needs ",
        "acquires ",
        "}",
    ];
    starts.iter().flat_map(|s| code[at + 1..].find(s)).min().map_or(code.len(), |n| at + 1 + n)
}

fn closing(code: &str, open: usize) -> usize {
    let mut depth = 0;
    for (i, b) in code.bytes().enumerate().skip(open) {
        match b {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return i;
        }
    }
    panic!("a block is not closed");
}

/// What the check says: nothing, or the first finding.
fn finding(root: &Path, path: &Path, text: &str) -> Option<String> {
    let request = Request { everything: true, ..Request::default() };
    let done = compile(&Overlay { path, text }, root.to_str().expect("a plain path"), &request);
    if let Some(found) = done.diagnostics.first() {
        return Some(format!("{} {}", found.code, found.message));
    }
    for plan in &done.plans {
        let proof = handover::prove::prove(&plan.program, handover::prove::Limits::default());
        if let Some(found) = proof.found.first() {
            return Some(format!("{} {:?}", plan.program.plan, found.violation));
        }
        if let Some(idle) = proof.idle.first() {
            return Some(format!("{} idle {}", plan.program.plan, plan.program.code[idle.index()].name));
        }
    }
    None
}

#[test]
fn every_line_that_makes_an_example_safe_is_needed() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let (mut made, mut survivors, mut listed) = (0, Vec::new(), vec![false; SURVIVORS.len()]);
    let mut folders: Vec<PathBuf> = fs::read_dir(&examples).unwrap().map(|e| e.unwrap().path()).collect();
    folders.sort();
    for folder in folders.iter().filter(|f| f.join("plan.ha").exists()) {
        let root = folder.join("plan.ha");
        let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
        files.retain(|f| f.extension().is_some_and(|e| e == "ha"));
        files.sort();
        for file in files {
            let name = file.strip_prefix(&examples).unwrap().display().to_string();
            for mutant in mutants(&fs::read_to_string(&file).unwrap()) {
                made += 1;
                if finding(&root, &file, &mutant.text).is_some() {
                    continue;
                }
                let known = SURVIVORS.iter().position(|(f, d, _)| *f == name && mutant.deleted.starts_with(d));
                match known {
                    Some(i) => listed[i] = true,
                    None => survivors.push(format!("{name}:{}: {}", mutant.line, mutant.deleted)),
                }
            }
        }
    }
    println!("{made} mutants, {} survivors, {} of them listed", survivors.len() + SURVIVORS.len(), SURVIVORS.len());
    assert!(made > 50, "only {made} mutants");
    assert!(survivors.is_empty(), "{} survivors of {made}:\n{}", survivors.len(), survivors.join("\n"));
    for (survivor, seen) in SURVIVORS.iter().zip(listed) {
        assert!(seen, "{}: `{}` is no survivor any more", survivor.0, survivor.1);
    }
}
