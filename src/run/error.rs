//! Why a run could not start or go on: a value with a cause, a remedy and an exit code.

use crate::run::exit;
use std::fmt;

/// Why a run could not start or go on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RunError {
    /// The cause.
    pub message: String,
    /// The remedy.
    pub help: Option<String>,
    /// The exit code, see [`exit`].
    pub exit: u8,
}

impl RunError {
    /// The request is wrong; nothing was started.
    pub fn usage(message: impl Into<String>) -> RunError {
        RunError { message: message.into(), help: None, exit: exit::USAGE }
    }

    /// The world is not as needed; nothing is left open.
    pub fn stopped(message: impl Into<String>) -> RunError {
        RunError { message: message.into(), help: None, exit: exit::STOPPED }
    }

    /// A run could not go on and somebody has to look after it.
    pub fn open(message: impl Into<String>) -> RunError {
        RunError { message: message.into(), help: None, exit: exit::OPEN }
    }

    /// Handover contradicts itself.
    pub fn defect(message: impl Into<String>) -> RunError {
        let help =
            "this is a defect of handover, not of your plan: please report it, with the plan if you may share it";
        RunError { message: message.into(), help: Some(String::from(help)), exit: exit::DEFECT }
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> RunError {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for RunError {}
