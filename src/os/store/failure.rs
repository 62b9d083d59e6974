//! What a failure of the database means for people.

use crate::run::{JournalError, RunError};
use rusqlite::ErrorCode;
use std::path::Path;

/// Why the journal cannot be used, and what to do.
pub(super) fn failure(folder: &Path, error: &rusqlite::Error) -> JournalError {
    let shown = folder.display();
    let (what, help) = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => ("the disk is full", "make room there"),
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            ("this user may not write there", "make it writable, or give another folder with `--state DIR`")
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => (
            "`journal.db` is damaged",
            "move it away to start anew; `handover show RUN --verify` and `sqlite3 journal.db .recover` say what can \
             still be read",
        ),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            ("another process has kept it locked for 30 s", "find out which one does, and end it")
        }
        Some(ErrorCode::SystemIoFailure) => ("the disk does not answer as it should", "look at the disk"),
        _ => {
            let message = format!("the journal in `{shown}` cannot be used: {error}");
            return JournalError { message, help: String::from("give another folder with `--state DIR`") };
        }
    };
    JournalError { message: format!("the journal in `{shown}` cannot be used: {what}"), help: help.to_owned() }
}

impl JournalError {
    /// As the reason not to start at all.
    pub(super) fn refusal(self) -> RunError {
        RunError::stopped(self.message).help(self.help)
    }
}
