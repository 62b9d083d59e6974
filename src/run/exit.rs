//! The exit codes of a run: a contract with scripts and schedulers.

/// The plan completed, and nothing is left open.
pub const DONE: u8 = 0;
/// Findings in what was checked; no run was attempted.
pub const FINDINGS: u8 = 1;
/// The request itself is wrong: an unknown flag, a missing decision, a run that does not exist.
pub const USAGE: u8 = 2;
/// The plan stopped, or could not start, and nothing is left open.
pub const STOPPED: u8 = 3;
/// Something is left open that a person must close: see the report.
pub const OPEN: u8 = 4;
/// The operator cancelled, and nothing is left open.
pub const CANCELLED: u8 = 5;
/// A defect of Handover itself.
pub const DEFECT: u8 = 70;
