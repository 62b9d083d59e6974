//! What other tools show beside the lines of a file: findings, and changes that a review points at.

use crate::base::{Diagnostic, SourceMap, Span};
use crate::compare::{Change, Weight};
use crate::emit::place::{Place, Point, Range, place};
use crate::emit::review::sentence;

/// Something that is said of a place in a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Note {
    /// How grave it is.
    pub level: Level,
    /// The rule that it comes from: the code of a diagnostic, `review/fence_dropped`.
    pub rule: String,
    /// What the rule is about.
    pub title: String,
    /// What is said.
    pub message: String,
    /// What to do; may be empty.
    pub help: String,
    /// Where; `None` if it is about no file.
    pub place: Option<Place>,
    /// Other places that play a part, each with a word on that.
    pub related: Vec<(Place, String)>,
    /// What happens in the run in which it goes wrong, line by line.
    pub story: Vec<String>,
    /// A mechanical repair.
    pub fix: Option<(Place, String)>,
}

/// How grave a note is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Level {
    /// To be known.
    Notice,
    /// To be looked at.
    Warning,
    /// Wrong.
    Error,
}

impl Note {
    /// A finding. A place in the embedded library is not one that anybody could be shown.
    pub fn of_finding(found: &Diagnostic, sources: &SourceMap) -> Note {
        let at = |span: Span| place(span, sources).map(tidy).filter(|place| !is_embedded(&place.file));
        let mut labels = found.labels.iter().filter_map(|label| Some((at(label.span)?, label.text.clone())));
        let first = labels.next();
        Note {
            level: if found.is_error() { Level::Error } else { Level::Warning },
            rule: found.code.to_string(),
            title: found.code.title().to_owned(),
            message: found.message.clone(),
            help: found.help.clone().unwrap_or_default(),
            place: first.map(|(place, _)| place),
            related: labels.collect(),
            story: found.trace.iter().map(|line| told(&line.step, &line.place, &line.text)).collect(),
            fix: found.fix.as_ref().and_then(|fix| Some((at(fix.span)?, fix.text.clone()))),
        }
    }

    /// A change of a plan.
    pub fn of_change(plan: &str, change: &Change) -> Note {
        let kind = change.kind.name();
        let point = |p: &crate::compare::Place| Point { line: p.line, column: p.column, offset: 0 };
        let at = change.place.as_ref().filter(|place| !is_embedded(&place.file));
        Note {
            level: if change.weight == Weight::Risk { Level::Warning } else { Level::Notice },
            rule: format!("review/{kind}"),
            title: kind.replace('_', " "),
            message: format!("{plan}: {}", sentence(change)),
            help: String::new(),
            place: at.map(|p| tidy(Place { file: p.file.clone(), range: Range { start: point(p), end: point(p) } })),
            related: Vec::new(),
            story: Vec::new(),
            fix: None,
        }
    }
}

fn is_embedded(file: &str) -> bool {
    file.starts_with("std/") || file.starts_with("--given ")
}

/// A path without the `./` that a search in the working directory begins with.
fn tidy(mut place: Place) -> Place {
    if let Some(file) = place.file.strip_prefix("./") {
        place.file = file.to_owned();
    }
    place
}

fn told(step: &str, place: &str, text: &str) -> String {
    match (step, place) {
        ("", _) => text.to_owned(),
        (step, "") => format!("{step}: {text}"),
        (step, place) => format!("{step} on {place}: {text}"),
    }
}
