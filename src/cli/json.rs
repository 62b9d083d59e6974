//! Diagnostics for programs; `docs/json.md` describes the shape and a test holds the two together.

use crate::base::{Code, Diagnostic, Severity, SourceMap, Span, limits};
use crate::cli::render;
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
    file: Option<&'a str>,
    range: Option<Range>,
    labels: Vec<Place<'a>>,
    help: Option<&'a str>,
    /// The steps of a run in which it goes wrong; empty for a finding about the text.
    trace: &'a [String],
    fix: Option<Repair<'a>>,
}

/// A labelled place.
#[derive(Serialize)]
struct Place<'a> {
    file: &'a str,
    range: Range,
    text: &'a str,
}

/// A mechanical repair.
#[derive(Serialize)]
struct Repair<'a> {
    file: &'a str,
    range: Range,
    text: &'a str,
}

/// A half-open range of a source.
#[derive(Serialize)]
struct Range {
    start: Point,
    end: Point,
}

/// A point in a source: line and column from 1 (the column counts characters), offset in bytes from 0.
#[derive(Serialize)]
struct Point {
    line: u32,
    column: u32,
    offset: u32,
}

/// What the command found, as one value.
pub fn findings<'a>(diagnostics: &'a [Diagnostic], sources: &'a SourceMap) -> Findings<'a> {
    let shown = render::sorted(diagnostics).into_iter().take(limits::DIAGNOSTICS);
    let (errors, warnings) = render::counts(diagnostics);
    Findings { diagnostics: shown.map(|d| finding(d, sources)).collect(), errors, warnings }
}

fn finding<'a>(diagnostic: &'a Diagnostic, sources: &'a SourceMap) -> Finding<'a> {
    let place = |span: Span, text: &'a str| located(span, sources).map(|(file, range)| Place { file, range, text });
    let (file, range) = diagnostic.span().and_then(|s| located(s, sources)).unzip();
    Finding {
        code: diagnostic.code,
        severity: diagnostic.severity,
        message: &diagnostic.message,
        file,
        range,
        labels: diagnostic.labels.iter().filter_map(|l| place(l.span, &l.text)).collect(),
        help: diagnostic.help.as_deref(),
        trace: &[],
        fix: diagnostic.fix.as_ref().and_then(|fix| {
            let (file, range) = located(fix.span, sources)?;
            Some(Repair { file, range, text: &fix.text })
        }),
    }
}

fn located(span: Span, sources: &SourceMap) -> Option<(&str, Range)> {
    let source = sources.get(span.file)?;
    let point = |offset| {
        let at = source.line_column(offset);
        Point { line: at.line, column: at.column, offset }
    };
    Some((&source.path, Range { start: point(span.start), end: point(span.end) }))
}
