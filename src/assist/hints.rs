//! What stands between the lines: when a step runs, and when it does not.

use super::outlook::{Foreseen, Outlook};
use std::collections::BTreeSet;
use std::ops::Range;

/// Steps that one place is told to stand for.
const SHOWN: usize = 8;

/// Words at the end of a line that are not in the text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hint {
    /// After which byte.
    pub at: usize,
    /// The words.
    pub label: String,
    /// More of it.
    pub detail: String,
}

/// The hints in a range of a text.
pub fn hints(outlook: &Outlook, path: &str, text: &str, range: Range<usize>) -> Vec<Hint> {
    let mut hints: Vec<Hint> = Vec::new();
    for (step, steps) in outlook.of_text(path) {
        let Some(rest) = text.get(step.start..).filter(|_| step.start <= range.end) else { continue };
        let line = rest.split(['\n', '\r']).next().unwrap_or("").trim_end();
        let at = step.start + line.len();
        let labels: Vec<String> = waves(steps).into_iter().chain(skipped(steps)).collect();
        // Of two steps on one line the hints would say nothing.
        if range.start <= at && !labels.is_empty() && hints.last().is_none_or(|hint| hint.at != at) {
            hints.push(Hint { at, label: labels.join(", "), detail: detail(steps) });
        }
    }
    hints
}

/// `wave 3`; `wave 3 or 4`, `waves 2 to 5` where plans or members of a set differ.
fn waves(steps: &[Foreseen]) -> Option<String> {
    let waves: BTreeSet<usize> = steps.iter().filter_map(|step| step.wave).collect();
    let (first, last) = (waves.first()?, waves.last()?);
    Some(match waves.len() {
        1 => format!("wave {first}"),
        2 => format!("wave {first} or {last}"),
        _ => format!("waves {first} to {last}"),
    })
}

/// `skipped if firewalls are excluded`: answers with which no plan does it.
pub fn skipped(steps: &[Foreseen]) -> Option<String> {
    let (first, others) = steps.split_first()?;
    let always = |answer: &&String| others.iter().all(|step| step.skipped_if.contains(answer));
    let answers: Vec<&str> = first.skipped_if.iter().filter(always).map(String::as_str).collect();
    (!answers.is_empty()).then(|| format!("skipped if {}", answers.join(" or ")))
}

fn detail(steps: &[Foreseen]) -> String {
    let line = |step: &Foreseen| {
        let wave = step
            .wave
            .map_or_else(|| String::from("not when everything works"), |wave| format!("wave {wave} of {}", step.waves));
        let critical = if step.critical { ", on the path that takes longest" } else { "" };
        format!("{} of {}: {wave}{critical}", step.name, step.plan)
    };
    let mut lines: Vec<String> = steps.iter().take(SHOWN).map(line).collect();
    if steps.len() > SHOWN {
        lines.push(format!("and {} more", steps.len() - SHOWN));
    }
    lines.join("\n")
}
