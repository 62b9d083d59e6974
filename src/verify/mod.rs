//! Untrusted program → [`Verified`]: what the executor, the shell back end and the prover may rely on.

use crate::bytecode::{DecodeError, Op, Program, decode};
use std::fmt;
use std::ops::Deref;

/// A program that keeps every rule of this module. Made by [`verify`] only, and read-only from then on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verified(Program);

impl Deref for Verified {
    type Target = Program;

    fn deref(&self) -> &Program {
        &self.0
    }
}

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

/// Decodes and verifies a `.hab` file.
pub fn load(bytes: &[u8]) -> Result<Verified, LoadError> {
    verify(decode(bytes).map_err(LoadError::Decode)?).map_err(LoadError::Verify)
}

/// Accepts a program or says what is wrong with it.
pub fn verify(program: Program) -> Result<Verified, Vec<Finding>> {
    let ends = program.code.iter().filter(|i| i.op == Op::End).count();
    if ends != 1 || program.code.last().is_none_or(|i| i.op != Op::End) {
        let message = String::from("the last instruction must be END, and the only one");
        return Err(vec![Finding { instruction: None, message }]);
    }
    Ok(Verified(program))
}
