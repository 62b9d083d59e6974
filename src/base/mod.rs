//! The ground floor: spans, sources, diagnostics and their codes, limits, "did you mean".
//!
//! Knows nothing of the language, of programs or of the machine.

mod code;
mod diagnostic;
mod duration;
mod hunks;
pub mod limits;
mod span;
mod suggest;

pub use code::Code;
pub use diagnostic::{Diagnostic, Fix, Label, Severity, TraceLine};
pub use duration::duration;
pub use hunks::{Hunk, hunks};
pub use span::{FileId, LineColumn, Source, SourceMap, Span};
pub use suggest::{did_you_mean, nearest};
