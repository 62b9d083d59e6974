//! The answers for editors over all plans and libraries that come with handover: every name means something; and every
//! question is asked about every prefix of them, and about every text without one of its lines.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use handover::assist::{Desk, Symbol, Ty, Use, View, Wanted, complete, definition, hover, lenses, outline, tokens};
use handover::os::{self, Disk};
use handover::session::{FileError, Files, draft};
use std::path::{Path, PathBuf};

struct Half<'t> {
    path: &'t str,
    text: String,
}

impl Files for Half<'_> {
    fn read(&self, path: &str) -> Result<String, FileError> {
        if path == self.path { Ok(self.text.clone()) } else { Disk.read(path) }
    }
}

/// Asks everything about a half-written text, at an offset.
fn ask(desk: &mut Desk, path: &str, text: String, offset: usize) {
    let half = Half { path, text };
    let view = desk.view(&half, path).unwrap();
    let own = view.own().unwrap();
    let (offers, _) = complete(&view, &Vec::new, offset);
    assert!(offers.iter().all(|offer| own.text.get(offer.replace.clone()).is_some()), "{path}:{offset}");
    for place in hover(&view, None, offset)
        .map(|(_, at)| at)
        .into_iter()
        .chain(definition(&view, offset).filter(|p| p.path == path).map(|p| p.range()))
    {
        assert!(own.text.get(place).is_some(), "{path}:{offset}");
    }
    for token in tokens(&view) {
        assert!(own.text.get(token.at.clone()).is_some(), "{path}:{offset}: {token:?}");
    }
    let symbols = outline(own);
    let fits = |s: &Symbol| s.whole.start <= s.at.start && s.at.end <= s.whole.end && !s.name.is_empty();
    assert!(symbols.iter().all(fits), "{path}:{offset}: {symbols:#?}");
    lenses(own);
}

/// Every plan and library that comes with handover.
fn all() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found: Vec<PathBuf> = os::find(&root.join("examples"), "ha").unwrap();
    found.extend(os::find(&root.join("stdlib"), "ha").unwrap());
    assert!(found.len() > 15);
    let read = |path: &PathBuf| os::read_text(path, 1 << 20).unwrap();
    found.iter().map(|path| (path.to_str().unwrap().to_owned(), read(path))).collect()
}

fn prefixes(path: &str, text: &str, ends: impl Iterator<Item = usize>) {
    let mut desk = Desk::default();
    for end in ends.filter(|end| text.is_char_boundary(*end)) {
        ask(&mut desk, path, text[..end].to_owned(), end);
    }
}

/// Each line is left out once; the question is where it was.
fn without_lines(path: &str, text: &str, every: usize) {
    let mut desk = Desk::default();
    let mut start = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        if number % every == 0 {
            let rest = [&text[..start], &text[start + line.len()..]].concat();
            ask(&mut desk, path, rest, start);
        }
        start += line.len();
    }
}

#[test]
fn the_beginning_of_a_text_has_answers() {
    for (path, text) in all() {
        // Some prefixes of each file: the whole of it is for the campaign below.
        prefixes(&path, &text, (0..=text.len()).step_by(211));
    }
}

#[test]
fn a_text_without_one_of_its_lines_has_answers() {
    for (path, text) in all() {
        without_lines(&path, &text, 9);
    }
}

#[test]
#[ignore = "a campaign: every prefix of every file, and every file without each of its lines; `make campaign` runs it"]
fn every_half_of_every_file() {
    for (path, text) in all() {
        prefixes(&path, &text, 0..=text.len());
        without_lines(&path, &text, 1);
        for end in (0..=text.len()).step_by(17).filter(|end| text.is_char_boundary(*end)) {
            let half = Half { path: &path, text: text[..end].to_owned() };
            for diagnostic in draft(&half, &path).diagnostics {
                assert!(!diagnostic.message.contains("defect"), "{path}:{end}: {}", diagnostic.message);
            }
        }
    }
}

/// Whether a name is one that nothing declares: a type, a field that everything has, a part of a value, a word of a
/// `one of a, b`, an answer to a decision.
fn is_built_in(view: &View, used: &Use) -> bool {
    let types = ["string", "number", "bool", "duration", "cidr", "path", "version", "ip"];
    let fields = ["name", "site", "address", "network", "length", "seconds"];
    let sheets = || view.sheets.iter().flat_map(|sheet| &sheet.declarations);
    let word = || sheets().any(|d| matches!(&d.ty, Ty::OneOf(words) if words.contains(&used.name)));
    match &used.wanted {
        Wanted::Kind => types.contains(&used.name.as_str()),
        Wanted::Field(_) => fields.contains(&used.name.as_str()),
        Wanted::State(_) | Wanted::Value => ["true", "false", "undo"].contains(&used.name.as_str()) || word(),
        _ => false,
    }
}

#[test]
fn every_name_in_every_file_means_something() {
    let mut unknown = Vec::new();
    for (path, _) in all() {
        let mut desk = Desk::default();
        let view = desk.view(&Disk, &path).unwrap();
        let own = view.own().unwrap();
        assert!(own.uses.len() > 5, "{path}");
        for used in &own.uses {
            if view.resolve(own, used).is_none() && !is_built_in(&view, used) {
                let line = own.text[..used.at.start].matches('\n').count() + 1;
                unknown.push(format!("{path}:{line}: {} as {:?}", used.name, used.wanted));
            }
        }
    }
    assert!(unknown.is_empty(), "{unknown:#?}");
}
