//! What is wrong with texts, detached from the compilation that found it, so that it can outlive edits.

use super::place::{Change, Edit, Place};
use crate::base::{Code, Diagnostic, Severity, SourceMap, Span, TraceLine};

/// One finding, with places in texts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// Its stable code.
    pub code: Code,
    /// Error or warning.
    pub severity: Severity,
    /// The cause.
    pub message: String,
    /// What is to be said of the cause's own place; may be empty.
    pub here: String,
    /// The remedy.
    pub help: Option<String>,
    /// The cause's place.
    pub place: Place,
    /// Other places that play a part, and which.
    pub related: Vec<(Place, String)>,
    /// The run in which it goes wrong, line by line.
    pub trace: Vec<TraceLine>,
    /// A mechanical repair.
    pub fix: Option<Edit>,
}

/// The place of a span.
pub(super) fn place(sources: &SourceMap, span: Span) -> Option<Place> {
    let path = sources.get(span.file)?.path.clone();
    Some(Place { path, start: span.start as usize, end: span.end as usize })
}

impl Finding {
    /// A diagnostic as a finding; one without a place is about the beginning of `root`.
    pub fn of(diagnostic: &Diagnostic, sources: &SourceMap, root: &str) -> Finding {
        let mut labels = diagnostic.labels.iter();
        let first = labels.next();
        let own = first.and_then(|label| place(sources, label.span)).unwrap_or_else(|| Place::new(root, 0..0));
        let related = labels.filter_map(|label| Some((place(sources, label.span)?, label.text.clone())));
        let fix = diagnostic.fix.as_ref();
        Finding {
            code: diagnostic.code,
            severity: diagnostic.severity,
            message: diagnostic.message.clone(),
            here: first.map(|label| label.text.clone()).unwrap_or_default(),
            help: diagnostic.help.clone(),
            place: own,
            related: related.collect(),
            trace: diagnostic.trace.clone(),
            fix: fix.and_then(|fix| Some(Edit { place: place(sources, fix.span)?, text: fix.text.clone() })),
        }
    }

    /// The finding after an edit of one of the texts; nothing if the edit was to what it is about. A repair that no
    /// longer fits is left out.
    pub fn moved(mut self, path: &str, change: &Change) -> Option<Finding> {
        let moved = |place: &mut Place| {
            if place.path == path {
                let range = change.moved(place.range())?;
                (place.start, place.end) = (range.start, range.end);
            }
            Some(())
        };
        moved(&mut self.place)?;
        self.related.retain_mut(|(place, _)| moved(place).is_some());
        self.fix = self.fix.filter(|fix| fix.place.path != path || change.removed.start >= fix.place.end);
        Some(self)
    }

    /// Everything that is to be said of it besides the places: the cause, its own part, the story, the remedy.
    pub fn told(&self) -> String {
        let mut text = self.message.clone();
        if !self.here.is_empty() && self.trace.is_empty() {
            text.push_str(&format!(": {}", self.here));
        }
        for line in &self.trace {
            let step = [line.step.as_str(), if line.place.is_empty() { "" } else { " on " }, &line.place].concat();
            let step = if step.is_empty() { step } else { format!("{step}: ") };
            let after = if line.after.is_empty() { String::new() } else { format!("  [{}]", line.after) };
            text.push_str(&format!("\n{}. {step}{}{after}", line.number, line.text));
        }
        if let Some(help) = &self.help {
            text.push_str(&format!("\nhelp: {help}"));
        }
        text
    }
}
