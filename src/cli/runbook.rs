//! The runbook of a compiled plan, for the subcommands that give it.

use crate::emit::runbook::{Runbook, Subject, html, markdown};
use crate::session::Compiled;
use clap::ValueEnum;
use std::path::Path;

/// The forms of a runbook.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Form {
    /// For a wiki, a review, a terminal
    Markdown,
    /// One page that needs nothing else
    Html,
}

impl Form {
    /// The form that the name of a file asks for.
    pub fn of(path: Option<&Path>) -> Form {
        match path.and_then(Path::extension).and_then(|e| e.to_str()) {
            Some("html" | "htm") => Form::Html,
            _ => Form::Markdown,
        }
    }
}

/// The runbook as text.
pub fn text(compiled: &Compiled, form: Form) -> String {
    let runbook = Runbook::of(Subject {
        plan: &compiled.plan,
        dag: &compiled.dag,
        program: &compiled.program,
        verdict: &compiled.verdict,
        answers: &compiled.answers,
    });
    let text = match form {
        Form::Markdown => markdown(&runbook),
        Form::Html => html(&runbook),
    };
    #[allow(clippy::panic, reason = "a panic is how a defect of handover is reported")]
    text.unwrap_or_else(|error| panic!("the runbook cannot be written: {error}"))
}
