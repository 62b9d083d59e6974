//! The status of an instruction: what the settling rule gives, see the top of `program.rs`.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What has become of an instruction. Everything but `Pending` and `Running` is final.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Not its turn yet.
    #[default]
    Pending,
    /// Started and not ended.
    Running,
    /// Done.
    Ok,
    /// Stopped without success.
    Failed,
    /// Nobody knows; it may still be going on.
    Unknown,
    /// Its condition does not hold.
    NotApplicable,
    /// Something it needs has stopped.
    Blocked,
    /// Not started because the operator cancelled.
    Cancelled,
}

impl Status {
    /// Whether nothing changes it any more.
    pub fn is_settled(self) -> bool {
        !matches!(self, Status::Pending | Status::Running)
    }

    /// Whether what needs it cannot run.
    pub fn is_stopped(self, tolerated: bool) -> bool {
        match self {
            Status::Blocked | Status::Cancelled => true,
            Status::Failed | Status::Unknown => !tolerated,
            Status::Pending | Status::Running | Status::Ok | Status::NotApplicable => false,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Status::Pending => "pending",
            Status::Running => "running",
            Status::Ok => "ok",
            Status::Failed => "failed",
            Status::Unknown => "unknown",
            Status::NotApplicable => "not applicable",
            Status::Blocked => "blocked",
            Status::Cancelled => "cancelled",
        })
    }
}
