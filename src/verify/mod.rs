//! Untrusted program → [`Verified`]: what the executor, the shell back end and the prover may rely on.
//!
//! The passes, in order; each says at its head what it establishes. A pass may rely on what the stages before it have
//! established, so a program with a finding in one stage is not looked at by the next.

mod blocks;
mod code;
mod commands;
mod conflicts;
mod effects;
mod finding;
mod knowledge;
mod names;
mod order;
mod reach;
mod refer;
mod tables;

pub use finding::{Finding, LoadError};

use crate::bytecode::{Program, decode};
use finding::Findings;
pub(crate) use reach::Reach;
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

/// Decodes and verifies a `.hab` file.
pub fn load(bytes: &[u8]) -> Result<Verified, LoadError> {
    verify(decode(bytes).map_err(LoadError::Decode)?).map_err(LoadError::Verify)
}

/// Accepts a program, or says what is wrong with it: at most [`crate::base::limits::DIAGNOSTICS`] findings.
///
/// Takes time nearly linear in the program, and bounded time whatever the program is.
pub fn verify(program: Program) -> Result<Verified, Vec<Finding>> {
    let p = &program;
    let mut findings = Findings::default();
    findings.stage(|found| names::check(p, found))?;
    findings.stage(|found| {
        tables::check(p, found);
        code::check(p, found);
    })?;
    findings.stage(|found| {
        order::check(p, found);
        commands::check(p, found);
        effects::check(p, found);
    })?;
    let reach = Reach::of(&p.code);
    findings.stage(|found| blocks::check(p, &reach, found))?;
    findings.stage(|found| {
        knowledge::check(p, &reach, found);
        conflicts::check(p, &reach, found);
    })?;
    Ok(Verified(program))
}

#[cfg(test)]
mod tests;
