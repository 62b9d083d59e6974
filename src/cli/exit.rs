//! Exit codes: what scripts and schedulers may rely on.

use std::process::ExitCode;

/// How the command ended. The numbers are part of the command's contract.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Exit {
    /// Done, and nothing to complain about.
    Done = 0,
    /// Findings: mistakes in a plan, an artefact out of date, an input that cannot be used. Nothing was run.
    Findings = 1,
    /// The command line makes no sense, or asks for something that needs a `--yes`.
    Usage = 2,
    /// A run stopped before its goal and left everything it opened closed.
    Stopped = 3,
    /// A run stopped with something left open: a person has to look at it.
    LeftOpen = 4,
    /// A run was cancelled.
    Cancelled = 5,
    /// A defect of handover itself.
    Defect = 70,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}
