//! How long a program takes when everything works.

use crate::bytecode::{InstrId, Program};
use crate::run::{Machine, Outlook};
use crate::verify;
use serde::Serialize;
use std::sync::Arc;

/// How long a program takes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Time {
    /// The usual durations along the path that takes longest, in milliseconds.
    pub critical_ms: u64,
    /// The steps on it that have one.
    pub critical: Vec<String>,
    /// Steps that run and have no usual duration.
    pub unknown: usize,
    /// What is promised, in milliseconds.
    pub rto_ms: Option<u64>,
}

/// How long a program takes; `None` if it breaks a rule of programs.
pub(super) fn of(program: &Program) -> Option<Time> {
    let verified = Arc::new(verify::verify(program.clone()).ok()?);
    let outlook = Outlook::of(&Machine::new(Arc::clone(&verified)), |_: InstrId| 0);
    Some(Time {
        critical_ms: outlook.remaining_ms,
        critical: outlook.critical.iter().map(|id| verified.name_and_place(*id)).collect(),
        unknown: outlook.unknown,
        rto_ms: verified.rto_ms,
    })
}
