//! Findings and refusals, handed to the user in the form that was asked for.

use crate::base::{Code, Diagnostic, SourceMap};
use crate::cli::console::{Console, Pane, Style};
use crate::cli::flags::Format;
use crate::cli::{Exit, json, render};
use crate::os::FileError;
use crate::run::RunError;
use serde::Serialize;

/// Prints findings, for people with a summary line.
pub fn findings(pane: &mut Pane, format: Format, found: &[Diagnostic], sources: &SourceMap) {
    match format {
        Format::Json => document(pane, &json::findings(found, sources)),
        Format::Text => {
            pane.put(render::text(found, sources, pane.look()));
            pane.line(render::summary(found));
        }
    }
}

/// Prints one JSON document.
pub fn document(pane: &mut Pane, value: &impl Serialize) {
    match serde_json::to_string_pretty(value) {
        Ok(text) => pane.line(text),
        // Our own values have string keys and finite numbers only.
        Err(error) => pane.line(format_args!("{{\"error\": \"{error}\"}}")),
    }
}

/// Refuses because of something outside any plan: a file, a program.
pub fn refuse(console: &mut Console, why: Diagnostic) -> Exit {
    let look = console.err.look();
    console.err.put(render::text(&[why], &SourceMap::default(), look));
    Exit::Findings
}

/// Refuses because the command line asks for something that cannot be.
pub fn usage(console: &mut Console, why: &str, help: &str) -> Exit {
    error(console, why, help);
    Exit::Usage
}

/// A run could not start or go on.
pub fn run_error(console: &mut Console, why: &RunError) -> Exit {
    error(console, &why.message, why.help.as_deref().unwrap_or(""));
    Exit::of(why.exit)
}

fn error(console: &mut Console, why: &str, help: &str) {
    let word = console.err.styled(Style::Red, "error");
    console.err.line(format_args!("{word}: {why}"));
    if !help.is_empty() {
        console.err.line(format_args!("\n  {}", help.replace('\n', "\n  ")));
    }
}

/// A file that cannot be used, as a diagnostic.
pub fn file(error: &FileError, code: Code) -> Diagnostic {
    let code = if error.too_large { Code::TooLarge } else { code };
    Diagnostic::placeless(code, error.to_string())
}
