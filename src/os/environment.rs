//! What a run does to its own process for the sake of its secrets: they stay out of the environment of its children, and
//! its memory out of core dumps and debuggers.
//!
//! The environment belongs to the whole process, and so does the list of what in it is secret.

use crate::calculus::{Secret, SecretSource};
use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::process::Command;
use std::sync::{PoisonError, RwLock};

static SECRET: RwLock<BTreeSet<String>> = RwLock::new(BTreeSet::new());

/// From now on no command that is started inherits a variable that holds one of these secrets, and only root can read the
/// memory and the environment of this process.
pub(super) fn guard(secrets: &[Secret]) {
    let variables = secrets.iter().filter_map(|secret| match &secret.source {
        SecretSource::Env(name) => Some(name.clone()),
        SecretSource::File(_) => None,
    });
    SECRET.write().unwrap_or_else(PoisonError::into_inner).extend(variables);
    if !secrets.is_empty() {
        // Where the system has no such thing, there is nothing to be done.
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

/// A command that inherits the environment without secrets.
pub(super) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for name in SECRET.read().unwrap_or_else(PoisonError::into_inner).iter() {
        command.env_remove(name);
    }
    command
}
