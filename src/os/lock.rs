//! One run at a time for each plan and each thing: locked files in the state folder.
//!
//! The kernel releases a lock when its holder ends, however it ends. The file says who holds it. Commands do not inherit
//! the lock: it is closed when they start.

use super::state;
use crate::base::limits;
use crate::run::{RunError, Who};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The locks of a run; they are released when this is dropped.
#[derive(Debug)]
pub(super) struct Locks {
    files: Vec<File>,
}

impl Drop for Locks {
    /// Releases them even if a process that is just being started still has a copy of the handle.
    fn drop(&mut self) {
        for file in &self.files {
            let _ = file.unlock();
        }
    }
}

/// Who holds a lock.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Holder {
    pub run: String,
    pub plan: String,
    pub by: Who,
    pub since: Timestamp,
}

impl Locks {
    /// Takes the lock of the plan and those of the things, or says who has one of them.
    pub fn take(folder: &Path, things: &[String], holder: &Holder) -> Result<Locks, RunError> {
        let (shared, folder) = (folder, folder.join("locks"));
        state::make_inside(shared, &folder)?;
        let plan = (format!("plan {}", holder.plan), format!("the plan `{}`", holder.plan));
        let things = things.iter().map(|name| (format!("thing {name}"), format!("`{name}`")));
        let files = std::iter::once(plan)
            .chain(things)
            .map(|(name, what)| take_one(shared, &folder.join(file_name(&name)), &what, holder));
        Ok(Locks { files: files.collect::<Result<_, _>>()? })
    }
}

/// Somebody who holds a lock of the state folder, if anybody does.
pub(super) fn holder(folder: &Path) -> Option<Holder> {
    let locks = fs::read_dir(folder.join("locks")).ok()?;
    locks.flatten().find_map(|entry| {
        let mut file = File::open(entry.path()).ok()?;
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => read_holder(&mut file),
            _ => None,
        }
    })
}

fn read_holder(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

fn take_one(shared: &Path, path: &Path, what: &str, holder: &Holder) -> Result<File, RunError> {
    let unusable = |error| state::unusable(path, &error);
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(unusable)?;
    state::share(shared, path)?;
    let patience = Instant::now() + Duration::from_millis(limits::LOCK_MS);
    loop {
        match file.try_lock() {
            Ok(()) => break,
            // A command that was just being started when its executor was killed has the handle for a moment longer.
            Err(TryLockError::WouldBlock) if Instant::now() < patience => sleep(Duration::from_millis(20)),
            Err(TryLockError::WouldBlock) => return Err(refused(&mut file, what, holder)),
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
    }
    let text = serde_json::to_vec(holder).map_err(|e| RunError::defect(e.to_string()))?;
    file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(&text)).map_err(unusable)?;
    Ok(file)
}

fn refused(file: &mut File, what: &str, wanted: &Holder) -> RunError {
    let Some(Holder { run, plan, by, since }) = read_holder(file) else {
        return RunError::stopped(format!("another run holds {what}")).help("wait until it has ended");
    };
    let since = since.strftime("%Y-%m-%d %H:%M:%S UTC");
    let Who { user, host, pid, .. } = by;
    let who = format!("{user} on {host}, process {pid}, since {since}");
    let help = format!("wait until it has ended, or cancel it with `handover cancel {run}`");
    let message = match run == wanted.run {
        true => format!("run {run} is running: {who}"),
        false => format!("{what} is held by run {run} of the plan `{plan}`: {who}"),
    };
    RunError::stopped(message).help(help)
}

/// A file name for any text: letters, digits, `-` and `.` stay, a space becomes `_`, the rest its code.
fn file_name(name: &str) -> String {
    let mut out = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' => out.push(char::from(byte)),
            b' ' => out.push('_'),
            other => out.push_str(&format!("%{other:02x}")),
        }
    }
    // A name too long for a file system is shortened; its digest keeps it apart.
    match out.get(..100) {
        Some(head) if out.len() > 120 => format!("{head}%{}", blake3::hash(name.as_bytes()).to_hex()),
        _ => out,
    }
}

#[cfg(test)]
mod tests {
    use super::{Holder, Locks, file_name};
    use crate::run::Who;
    use jiff::Timestamp;

    fn holder(plan: &str) -> Holder {
        let by = Who { user: "mila".into(), host: "ctl1".into(), pid: 77, ..Who::default() };
        Holder { run: format!("{plan}-1"), plan: plan.into(), by, since: Timestamp::UNIX_EPOCH }
    }

    #[test]
    fn a_second_run_is_told_who_holds_what_it_wants() {
        let folder = tempfile::tempdir().unwrap();
        let take = |plan, things: &[&str]| {
            let things: Vec<String> = things.iter().map(|t| String::from(*t)).collect();
            Locks::take(folder.path(), &things, &holder(plan))
        };
        let first = take("failover", &["services", "portal"]).unwrap();
        let message = |plan, things: &[&str]| take(plan, things).unwrap_err().message;
        let who = "mila on ctl1, process 77, since 1970-01-01 00:00:00 UTC";
        assert_eq!(message("failover", &[]), format!("run failover-1 is running: {who}"));
        let held = format!("`portal` is held by run failover-1 of the plan `failover`: {who}");
        assert_eq!(message("failback", &["portal"]), held);
        let other = take("drill", &["lab"]).unwrap();
        drop(first);
        take("failback", &["portal"]).unwrap();
        drop(other);
    }

    #[test]
    fn a_command_does_not_keep_a_lock() {
        let folder = tempfile::tempdir().unwrap();
        let locks = Locks::take(folder.path(), &[], &holder("p")).unwrap();
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let inherited: Vec<_> = std::fs::read_dir(format!("/proc/{}/fd", child.id()))
            .unwrap()
            .filter_map(|e| std::fs::read_link(e.unwrap().path()).ok())
            .filter(|p| p.starts_with(folder.path()))
            .collect();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(inherited, Vec::<std::path::PathBuf>::new());
        drop(locks);
    }

    #[test]
    fn names_become_file_names_and_stay_apart() {
        assert_eq!(file_name("thing a/b"), "thing_a%2fb");
        let (one, two) = (file_name(&"x".repeat(300)), file_name(&"x".repeat(301)));
        assert!(one != two && one.len() < 200);
    }
}
