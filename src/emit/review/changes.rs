//! The changes of a plan in words, and as Markdown.

use crate::base::duration;
use crate::compare::{Change, Comparison, Time, Weight, Word, word_diff};
use crate::emit::review::escape::{code, prose};
use crate::emit::words::some;
use std::fmt::Write;

/// What changes of a weight stand under.
pub fn heading(weight: Weight) -> &'static str {
    match weight {
        Weight::Risk => "risk",
        Weight::Deed => "what is done",
        Weight::Order => "order",
        Weight::Safer => "safer",
        Weight::Limit => "times",
        Weight::Wording => "wording",
    }
}

/// A change as a sentence without its full stop, its steps in backticks: `stop on a`: is not read back any more.
pub fn sentence(change: &Change) -> String {
    let case = match change.case.as_slice() {
        [] => String::new(),
        answers => format!(" with {}", answers.join(", ")),
    };
    match change.steps.as_slice() {
        [] => format!("{}{case}", change.text),
        steps => {
            let steps: Vec<String> = steps.iter().map(|step| format!("`{step}`")).collect();
            format!("{}: {}{case}", some(&steps), change.text)
        }
    }
}

/// How the time has changed, if it has.
pub fn times(comparison: &Comparison) -> Option<String> {
    let (old, new) = (comparison.old_time.as_ref()?, comparison.new_time.as_ref()?);
    if (old.critical_ms, old.rto_ms) == (new.critical_ms, new.rto_ms) {
        return None;
    }
    let of = |time: &Time| time.rto_ms.map_or_else(String::new, |rto| format!(" of the {} promised", duration(rto)));
    let before = if old.rto_ms == new.rto_ms { String::new() } else { of(old) };
    let mut text = format!("{}{before} → {}{}", duration(old.critical_ms), duration(new.critical_ms), of(new));
    if !new.critical.is_empty() {
        _ = write!(text, "; the longest way: {}", some(&new.critical));
    }
    Some(text)
}

/// All changes as a Markdown list, the most important first.
pub fn changes_markdown(comparison: &Comparison) -> String {
    let mut out = String::new();
    let mut under: Option<Weight> = None;
    for change in &comparison.changes {
        if under != Some(change.weight) {
            _ = writeln!(out, "{}**{}**\n", if under.is_some() { "\n" } else { "" }, heading(change.weight));
            under = Some(change.weight);
        }
        out.push_str(&item(change));
    }
    if let Some(text) = times(comparison) {
        _ = writeln!(out, "\n**time** {}", prose(&text));
    }
    out
}

/// A change as an item of a Markdown list.
pub(super) fn item(change: &Change) -> String {
    let said = prose(&sentence(change));
    let parts = match (&change.before, &change.after) {
        (Some(before), Some(after)) => word_diff(before, after),
        (Some(before), None) => vec![Word::Gone(before)],
        (None, Some(after)) => vec![Word::New(after)],
        (None, None) => return format!("- {said}\n"),
    };
    let text = marked(&parts);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    format!("- {said}<br><code>{}</code>\n", lines.join("<br>"))
}

/// The parts of two texts as HTML: what has gone struck out, what has come marked.
pub(super) fn marked(parts: &[Word<'_>]) -> String {
    let mut text = String::new();
    for part in parts {
        // What comes in the place of something stands apart from it.
        let apart = if text.ends_with("</del>") { " " } else { "" };
        match part {
            Word::Same(words) => text.push_str(&code(words)),
            Word::Gone(words) => _ = write!(text, "<del>{}</del>", code(words)),
            Word::New(words) => _ = write!(text, "{apart}<ins>{}</ins>", code(words)),
        }
    }
    text
}
