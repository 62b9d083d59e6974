//! How what is to be run differs from what was approved, in the words of whoever wrote it: by line of a source, or by
//! instruction where the sources are the same.

use super::shown::show;
use super::{SourceText, Statement};
use crate::base::{Hunk, hunks, limits};
use std::fmt::Write;

/// Differing places that are shown; the others are counted.
const PLACES: usize = 5;
/// Lines of one place that are shown, of the old and of the new text each.
const LINES: usize = 5;

/// How a program differs from what was approved.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// What differs, as a sentence without its full stop.
    pub what: String,
    /// Where, with the old lines after `-` and the new ones after `+`; may be empty.
    pub places: String,
}

/// How the program of one statement differs from that of another; `None` if it is the same.
pub fn difference(approved: &Statement, now: &Statement) -> Option<Difference> {
    if approved.program == now.program {
        return None;
    }
    let found = |what: String, places: String| Some(Difference { what, places });
    if approved.plan != now.plan {
        let names = [approved, now].map(|s| show(&s.plan, &[]));
        return found(format!("the plan `{}` is approved, and this is `{}`", names[0], names[1]), String::new());
    }
    let mut places = Places::default();
    let changed = sources(approved, now, &mut places);
    let what = if !changed.is_empty() {
        changed.join("; ")
    } else if approved.arguments != now.arguments {
        return found(String::from("the plan is approved with other arguments"), arguments(approved, now));
    } else if approved.compiler != now.compiler {
        let names = [approved, now].map(|s| show(&s.compiler, &[]));
        format!("the sources are the same, but {} made something else of them than {}", names[1], names[0])
    } else {
        String::from("the sources are the same, but what was made of them is not")
    };
    if places.count == 0 {
        instructions(approved, now, &mut places);
    }
    found(what, places.text())
}

/// Differing places, as text.
#[derive(Default)]
struct Places {
    shown: String,
    count: usize,
}

impl Places {
    fn add(&mut self, place: &str, old: &[&str], new: &[&str]) {
        self.count += 1;
        if self.count > PLACES {
            return;
        }
        _ = writeln!(self.shown, "{}", show(place, &[]));
        for (sign, lines) in [('-', old), ('+', new)] {
            for line in lines.iter().take(LINES) {
                let cut: String = line.chars().take(limits::MENTION).collect();
                let more = if cut.len() < line.len() { "…" } else { "" };
                _ = writeln!(self.shown, "{sign} {}{more}", show(&cut, &[]));
            }
            if lines.len() > LINES {
                _ = writeln!(self.shown, "{sign} … {} more lines", lines.len() - LINES);
            }
        }
    }

    fn text(mut self) -> String {
        if self.count > PLACES {
            _ = writeln!(self.shown, "and {} more places", self.count - PLACES);
        }
        self.shown
    }
}

/// Which sources differ, in words, and where they do as far as their texts are at hand.
fn sources(approved: &Statement, now: &Statement, places: &mut Places) -> Vec<String> {
    let named = |sources: &[&SourceText], one: &str, many: &str| {
        let names: Vec<String> = sources.iter().map(|s| format!("`{}`", show(&s.path, &[]))).collect();
        (!names.is_empty()).then(|| format!("{} {}", names.join(", "), if names.len() == 1 { one } else { many }))
    };
    let (mut changed, mut added) = (Vec::new(), Vec::new());
    for source in &now.sources {
        match counterpart(&approved.sources, &source.path) {
            None => added.push(source),
            Some(old) if old.digest == source.digest => {}
            Some(old) => {
                changed.push(source);
                compare(old, source, places);
            }
        }
    }
    let gone = approved.sources.iter().filter(|old| counterpart(&now.sources, &old.path).is_none()).collect::<Vec<_>>();
    let words = [
        named(&changed, "has changed since", "have changed since"),
        named(&added, "was not part of it then", "were not part of it then"),
        named(&gone, "is no part of it now", "are no part of it now"),
    ];
    words.into_iter().flatten().collect()
}

/// Where two texts of a source differ.
fn compare(old: &SourceText, new: &SourceText, places: &mut Places) {
    let (Some(old), Some(text)) = (&old.text, &new.text) else { return };
    let (old, text) = (split(old), split(text));
    for Hunk { old: from, new: to } in hunks(&old, &text) {
        let place = format!("{}:{}", new.path, to.start + 1);
        places.add(&place, old.get(from).unwrap_or_default(), text.get(to).unwrap_or_default());
    }
}

/// The source with this path; or with its file name, if there is one: whoever approved it may have stood elsewhere.
fn counterpart<'s>(sources: &'s [SourceText], path: &str) -> Option<&'s SourceText> {
    let file = |path: &str| path.rsplit('/').next().map(str::to_owned);
    let mut alike = sources.iter().filter(|s| !path.starts_with("std/") && file(&s.path) == file(path));
    let alike = alike.next().filter(|_| alike.next().is_none());
    sources.iter().find(|s| s.path == path).or(alike)
}

fn arguments(approved: &Statement, now: &Statement) -> String {
    let all = |s: &Statement| s.arguments.iter().map(|(name, value)| format!("{name} = {value}")).collect::<Vec<_>>();
    let (old, new) = (all(approved), all(now));
    let without = |these: &[String], others: &[String]| these.iter().filter(|t| !others.contains(t)).cloned().collect();
    let (old, new): (Vec<String>, Vec<String>) = (without(&old, &new), without(&new, &old));
    let mut places = Places::default();
    places.add("arguments", &refer(&old), &refer(&new));
    places.text()
}

/// Where the programs differ as text, each place under the instruction, or the entry of a table, that it belongs to.
fn instructions(approved: &Statement, now: &Statement, places: &mut Places) {
    let (old, new) = (listed(&approved.listing), listed(&now.listing));
    let texts = |lines: &[Listed]| lines.iter().map(|line| line.text.clone()).collect::<Vec<_>>();
    let (old_texts, new_texts) = (texts(&old), texts(&new));
    let (old_texts, new_texts) = (refer(&old_texts), refer(&new_texts));
    for Hunk { old: from, new: to } in hunks(&old_texts, &new_texts) {
        let entry = if to.is_empty() { heading(&old, from.start) } else { heading(&new, to.start) };
        let (from, to) = (old_texts.get(from), new_texts.get(to));
        places.add(entry.unwrap_or("the plan itself"), from.unwrap_or_default(), to.unwrap_or_default());
    }
}

fn refer(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

fn split(text: &str) -> Vec<&str> {
    text.strip_suffix('\n').unwrap_or(text).split('\n').collect()
}

/// A line of a disassembly.
struct Listed<'t> {
    /// Without what says nothing about the run: its index, and where it stands in a source.
    text: String,
    /// If it begins an entry: the entry's name with its place.
    entry: Option<&'t str>,
}

/// The lines of a disassembly, without those that only hold a digest.
fn listed(listing: &str) -> Vec<Listed<'_>> {
    let digest = |line: &&str| {
        line.rsplit(' ').next().is_some_and(|w| w.len() == 64 && w.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    let lines = split(listing).into_iter().filter(|line| !digest(line));
    let listed = lines.map(|line| match entry(line) {
        Some(entry) => Listed { text: without_place(entry).to_owned(), entry: Some(entry) },
        None => Listed { text: line.to_owned(), entry: None },
    });
    listed.collect()
}

/// The entry that a line begins, without its index: `   7  RUN    stop  move.ha:3:1`.
fn entry(line: &str) -> Option<&str> {
    let (index, entry) = line.trim_start().split_once("  ")?;
    index.bytes().all(|b| b.is_ascii_digit()).then_some(entry)
}

/// An entry without the place at its end.
fn without_place(entry: &str) -> &str {
    let numbers =
        |place: &str| place.rsplitn(3, ':').take(2).all(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    match entry.rsplit_once("  ") {
        Some((rest, place)) if place.matches(':').count() > 1 && numbers(place) => rest,
        _ => entry,
    }
}

/// The entry that this line belongs to.
fn heading<'t>(lines: &[Listed<'t>], line: usize) -> Option<&'t str> {
    lines.get(..=line)?.iter().rev().find_map(|line| line.entry)
}
