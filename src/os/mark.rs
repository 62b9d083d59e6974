//! The mark that every command has in its environment, so that what leaves its process group is found when it is ended.
//!
//! Not found is what clears its environment or runs as somebody else, and what another program starts on its behalf.

use rustix::process::{Pid, Signal, getpgid, kill_process};
use std::fs;
use std::io;

/// The variable. Its value ends in a slash, so that none is the beginning of another.
pub(super) const VARIABLE: &str = "HANDOVER_COMMAND";

/// The mark of a step's attempt; what only looks has one of its own, so that it is not taken for the command.
pub(super) fn of(run: &str, step: u32, attempt: u32, acts: bool) -> String {
    format!("{run}/{step}.{attempt}{}/", if acts { "" } else { ".look" })
}

/// Sends a signal to every living process with this mark that is not in the process group, which has its own; a kill
/// goes to all. Gives how many there are. An error says that nobody can tell.
pub(super) fn strike(mark: &str, group: Pid, signal: Signal) -> io::Result<usize> {
    let wanted = format!("{VARIABLE}={mark}");
    let mut count = 0;
    // Whoever cannot read its own environment there cannot read that of others either.
    fs::metadata("/proc/self/environ")?;
    for entry in fs::read_dir("/proc")?.flatten() {
        let pid = entry.file_name().to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw);
        // One that has gone meanwhile, or that is somebody else's, has none that can be read.
        let Some((pid, environment)) = pid.zip(fs::read(entry.path().join("environ")).ok()) else { continue };
        if environment.split(|b| *b == 0).any(|variable| variable == wanted.as_bytes()) {
            count += 1;
            if signal == Signal::KILL || getpgid(Some(pid)) != Ok(group) {
                // Whether it was heard is seen the next time.
                let _ = kill_process(pid, signal);
            }
        }
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::{VARIABLE, of, strike};
    use rustix::process::{Signal, getpid};
    use std::process::Command;

    #[test]
    fn what_bears_the_mark_is_found_and_nothing_else() {
        let mark = of(&format!("r{}", std::process::id()), 1, 1, true);
        let start = |mark: &str| Command::new("sleep").arg("100").env(VARIABLE, mark).spawn().unwrap();
        let (mut one, mut other) = (start(&mark), start(&mark.replace("/1.1/", "/1.1.look/")));
        assert_eq!(strike(&mark, getpid(), Signal::KILL).unwrap(), 1);
        one.wait().unwrap();
        assert_eq!(strike(&mark, getpid(), Signal::KILL).unwrap(), 0, "it has ended");
        assert!(other.try_wait().unwrap().is_none(), "it has another mark");
        other.kill().unwrap();
        other.wait().unwrap();
    }
}
