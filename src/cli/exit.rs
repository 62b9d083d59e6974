//! Exit codes: what scripts and schedulers may rely on.

use crate::run::exit;
use std::process::ExitCode;

/// How the command ended. The numbers are part of the command's contract.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Exit {
    /// Done, and nothing to complain about.
    Done = exit::DONE,
    /// Findings: mistakes in a plan, an artefact out of date, an input that cannot be used. Nothing was run.
    Findings = exit::FINDINGS,
    /// The command line makes no sense, or asks for something that needs a `--yes`.
    Usage = exit::USAGE,
    /// A run stopped before its goal and left everything it opened closed.
    Stopped = exit::STOPPED,
    /// A run stopped with something left open: a person has to look at it.
    LeftOpen = exit::OPEN,
    /// A run was cancelled.
    Cancelled = exit::CANCELLED,
    /// A defect of handover itself.
    Defect = exit::DEFECT,
}

impl Exit {
    /// The exit with this number; an unknown one is a defect.
    pub fn of(code: u8) -> Exit {
        let all = [Exit::Done, Exit::Findings, Exit::Usage, Exit::Stopped, Exit::LeftOpen, Exit::Cancelled];
        all.into_iter().find(|e| *e as u8 == code).unwrap_or(Exit::Defect)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}
