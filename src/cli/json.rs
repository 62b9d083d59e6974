//! Diagnostics for programs; `docs/json.md` describes the shape and a test holds the two together.

use crate::base::{Code, Diagnostic, Severity, SourceMap, Span, TraceLine, limits};
use crate::cli::render;
use crate::emit::{Place, Range, place};
use serde::Serialize;

/// What one command found.
#[derive(Serialize)]
pub struct Findings<'a> {
    /// By file and place; at most [`limits::DIAGNOSTICS`].
    pub diagnostics: Vec<Finding<'a>>,
    /// How many errors there are, shown or not.
    pub errors: usize,
    /// How many warnings there are, shown or not.
    pub warnings: usize,
}

/// One diagnostic.
#[derive(Serialize)]
pub struct Finding<'a> {
    code: Code,
    severity: Severity,
    message: &'a str,
    /// Absent for a finding without a place in a source.
    file: Option<String>,
    range: Option<Range>,
    labels: Vec<Labelled<'a>>,
    help: Option<&'a str>,
    /// The run in which it goes wrong, line by line; empty for a finding about the text.
    trace: &'a [TraceLine],
    fix: Option<Labelled<'a>>,
}

/// A labelled place.
#[derive(Serialize)]
struct Labelled<'a> {
    #[serde(flatten)]
    place: Place,
    text: &'a str,
}

/// What the command found, as one value.
pub fn findings<'a>(diagnostics: &'a [Diagnostic], sources: &SourceMap) -> Findings<'a> {
    let shown = render::sorted(diagnostics).into_iter().take(limits::DIAGNOSTICS);
    let (errors, warnings) = render::counts(diagnostics);
    Findings { diagnostics: shown.map(|d| finding(d, sources)).collect(), errors, warnings }
}

fn finding<'a>(diagnostic: &'a Diagnostic, sources: &SourceMap) -> Finding<'a> {
    let labelled = |span: Span, text: &'a str| place(span, sources).map(|place| Labelled { place, text });
    let cause = diagnostic.span().and_then(|span| place(span, sources));
    Finding {
        code: diagnostic.code,
        severity: diagnostic.severity,
        message: &diagnostic.message,
        file: cause.as_ref().map(|c| c.file.clone()),
        range: cause.map(|c| c.range),
        labels: diagnostic.labels.iter().filter_map(|l| labelled(l.span, &l.text)).collect(),
        help: diagnostic.help.as_deref(),
        trace: &diagnostic.trace,
        fix: diagnostic.fix.as_ref().and_then(|fix| labelled(fix.span, &fix.text)),
    }
}
