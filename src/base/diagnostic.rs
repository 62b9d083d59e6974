//! What the compiler has to say: a value with a stable code, a place, a cause and a remedy. Text only at the edge.
//!
//! House style, held by a test: the message names the cause, starts in lower case, has no full stop and puts names in
//! backticks; the help says what to do.

use crate::base::{Code, Span};
use serde::Serialize;

/// How grave a diagnostic is. Errors stop the compilation; warnings are findings too.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something is wrong and nothing is compiled.
    Error,
    /// Something is suspicious; the plan still compiles.
    Warning,
}

/// A place with a word on its part in the matter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is to be said of it; may be empty for the primary label.
    pub text: String,
}

/// A line of a story: something that happens in a run in which it goes wrong.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct TraceLine {
    /// Its number in the story, from 1; where numbers are missing, lines were left out.
    pub number: usize,
    /// The step that it happens to; empty for what happens to the whole plan.
    pub step: String,
    /// The machine that the step runs on; empty for none.
    pub place: String,
    /// What happens.
    pub text: String,
    /// What the thing in question is after that, `ec_address: ec1`; empty where it does not matter.
    pub after: String,
}

/// One finding.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// Stable code, see [`crate::base::Code`].
    pub code: Code,
    /// Error or warning.
    pub severity: Severity,
    /// The cause.
    pub message: String,
    /// The cause's place first, then what it conflicts with.
    pub labels: Vec<Label>,
    /// The remedy.
    pub help: Option<String>,
    /// The run in which it goes wrong, line by line; empty for a finding about the text.
    pub trace: Vec<TraceLine>,
    /// A mechanical repair: put `text` in place of `span`.
    pub fix: Option<Fix>,
}

/// A mechanical repair.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fix {
    /// What to replace.
    pub span: Span,
    /// What to put there.
    pub text: String,
}

impl Diagnostic {
    /// An error at `span`.
    pub fn error(code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            code,
            severity: Severity::Error,
            message: message.into(),
            labels: vec![Label { span, text: String::new() }],
            help: None,
            trace: Vec::new(),
            fix: None,
        }
    }

    /// A warning at `span`.
    pub fn warning(code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(code, span, message) }
    }

    /// An error that has no place in a source, such as a file that cannot be read.
    pub fn placeless(code: Code, message: impl Into<String>) -> Diagnostic {
        Diagnostic { labels: Vec::new(), ..Diagnostic::error(code, Span::default(), message) }
    }

    /// Says what the primary place is.
    #[must_use]
    pub fn here(mut self, text: impl Into<String>) -> Diagnostic {
        if let Some(first) = self.labels.first_mut() {
            first.text = text.into();
        }
        self
    }

    /// Adds a place that plays a part.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Diagnostic {
        self.help = Some(text.into());
        self
    }

    /// Says what to do, if there is something to say.
    #[must_use]
    pub fn maybe_help(mut self, text: Option<String>) -> Diagnostic {
        self.help = text.or(self.help);
        self
    }

    /// Adds a mechanical repair.
    #[must_use]
    pub fn fix(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.fix = Some(Fix { span, text: text.into() });
        self
    }

    /// The place of the cause.
    pub fn span(&self) -> Option<Span> {
        self.labels.first().map(|l| l.span)
    }

    /// Whether this one stops the compilation.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}
