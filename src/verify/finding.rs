//! What the verifier has to say.

use crate::base::limits;
use crate::bytecode::{DecodeError, Instr};
use std::fmt;

/// A rule that a program breaks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// The name of the instruction that breaks it; `None` when a table or the whole program does.
    pub instruction: Option<String>,
    /// What is wrong, as a sentence for people.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.instruction {
            Some(name) => write!(f, "`{name}`: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// Why a file is not a program to rely on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LoadError {
    /// It is not a program, or it is damaged.
    Decode(DecodeError),
    /// The program breaks rules.
    Verify(Vec<Finding>),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::Decode(error) => error.fmt(f),
            LoadError::Verify(findings) => {
                for (i, finding) in findings.iter().enumerate() {
                    write!(f, "{}{finding}", if i > 0 { "\n" } else { "" })?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for LoadError {}

/// Findings so far; those beyond [`limits::DIAGNOSTICS`] are dropped.
#[derive(Default)]
pub(super) struct Findings(Vec<Finding>);

impl Findings {
    /// Runs some passes and stops the verification if they found something.
    pub fn stage(&mut self, passes: impl FnOnce(&mut Findings)) -> Result<(), Vec<Finding>> {
        passes(self);
        if self.0.is_empty() { Ok(()) } else { Err(std::mem::take(&mut self.0)) }
    }

    /// Something is wrong with a table or the whole program.
    pub fn table(&mut self, message: impl Into<String>) {
        self.push(None, message.into());
    }

    /// Something is wrong with an instruction.
    pub fn at(&mut self, instr: &Instr, message: impl Into<String>) {
        self.push(Some(instr.name.clone()), message.into());
    }

    /// Notes the message of a check on a table entry that failed.
    pub fn check(&mut self, what: impl FnOnce() -> String, outcome: Result<(), String>) {
        if let Err(message) = outcome {
            self.table(format!("{}: {message}", what()));
        }
    }

    /// Notes the message of a check on an instruction that failed.
    pub fn check_at(&mut self, instr: &Instr, outcome: Result<(), String>) {
        if let Err(message) = outcome {
            self.at(instr, message);
        }
    }

    fn push(&mut self, instruction: Option<String>, message: String) {
        if self.0.len() < limits::DIAGNOSTICS {
            self.0.push(Finding { instruction, message });
        }
    }
}
