//! Who runs this executor, on which machine, in which boot of it.

use crate::run::Who;
use rustix::process::{Uid, getuid};
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
    let account = own_account();
    match sudo(getuid(), env::var("SUDO_USER").ok()) {
        Some(person) if person != account => format!("{person} as {account}"),
        _ => account,
    }
}

/// The account by which the system knows the person who runs this process: it has roles or not.
pub(super) fn person() -> String {
    sudo(getuid(), env::var("SUDO_USER").ok()).unwrap_or_else(own_account)
}

/// The person behind `sudo`. Only root is believed: anybody else can say what they like.
fn sudo(uid: Uid, variable: Option<String>) -> Option<String> {
    let person = variable.filter(|_| uid.is_root()).map(|name| readable(&name))?;
    (!person.is_empty()).then_some(person)
}

/// A text of somebody else's as one line without signs that drive a terminal.
pub(super) fn readable(text: &str) -> String {
    text.trim().chars().take(1000).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn own_account() -> String {
    let uid = getuid().as_raw();
    account(uid).unwrap_or_else(|| format!("uid {uid}"))
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

#[cfg(test)]
mod tests {
    use super::sudo;
    use rustix::process::Uid;

    #[test]
    fn only_root_is_believed_who_is_behind_sudo() {
        let mila = || Some(String::from("mila"));
        assert_eq!(sudo(Uid::ROOT, mila()), mila());
        assert_eq!(sudo(Uid::from_raw(1000), mila()), None);
        assert_eq!(sudo(Uid::ROOT, Some(String::new())), None);
        assert_eq!(sudo(Uid::ROOT, Some(String::from("mi\u{1b}[2Jla\n"))).unwrap(), "mi [2Jla");
    }
}
