//! Who runs this executor, on which machine, in which boot of it.

use crate::run::Who;
use std::env;
use std::fs;

/// Who runs this process.
pub fn who() -> Who {
    let host = first_line("/proc/sys/kernel/hostname");
    Who { user: user(), host, pid: std::process::id(), boot: boot(), ..Who::default() }
}

/// The boot of this machine; the same for all its containers.
pub(super) fn boot() -> String {
    first_line("/proc/sys/kernel/random/boot_id")
}

/// The account, and the person behind `sudo`.
fn user() -> String {
    let uid = rustix::process::getuid().as_raw();
    let named = |name: String| (!name.is_empty()).then_some(name);
    let variable = |name| env::var(name).ok().and_then(named);
    let account = account(uid).unwrap_or_else(|| format!("uid {uid}"));
    match variable("SUDO_USER") {
        Some(person) if person != account => format!("{person} as {account}"),
        _ => account,
    }
}

/// The name of an account, by `/etc/passwd`.
fn account(uid: u32) -> Option<String> {
    let table = fs::read_to_string("/etc/passwd").ok()?;
    table.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, _, id) = (fields.next()?, fields.next()?, fields.next()?);
        (id.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

fn first_line(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default().lines().next().unwrap_or_default().to_owned()
}
