//! Places in sources, as every JSON document of the command has them.

use crate::base::{SourceMap, Span};
use serde::Serialize;

/// A place in a source.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Place {
    /// The path as the user gave it, `std/…` for the embedded library.
    pub file: String,
    /// Where in it.
    pub range: Range,
}

/// A half-open range of a source.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Range {
    /// Its first character.
    pub start: Point,
    /// The one after its last.
    pub end: Point,
}

/// A point in a source.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Point {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Bytes before it.
    pub offset: u32,
}

/// The place of a span; `None` if it is in no source.
pub fn place(span: Span, sources: &SourceMap) -> Option<Place> {
    let source = sources.get(span.file)?;
    let point = |offset| {
        let at = source.line_column(offset);
        Point { line: at.line, column: at.column, offset }
    };
    Some(Place { file: source.path.clone(), range: Range { start: point(span.start), end: point(span.end) } })
}
