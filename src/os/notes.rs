//! Notes on the processes of a run, so that another executor can find what this one left running.
//!
//! A line for each attempt, written before the command does anything: step, attempt, and process id with what tells
//! it from later ones with this id, the space of ids and the boot, or the place at its node where it notes these itself. These are not made durable: after a loss
//! of power no process of this machine is left either. Durable is the line that a run begins with: where it is missing,
//! notes have been lost, and what is not noted may have started all the same.

use super::state;
use super::who::boot;
use crate::bytecode::InstrId;
use crate::calculus::MachineId;
use crate::run::{RunError, Trace};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FsWord, fstat, fstatfs};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The notes of one run.
#[derive(Debug)]
pub(super) struct Notes {
    state: PathBuf,
    path: PathBuf,
    /// Open from the first note on.
    file: Option<File>,
    life: Life,
    /// What process ids that are noted now are good for.
    home: Home,
}

/// Where a process id means a process.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Home {
    /// The space of process ids, see pid_namespaces(7): each container has its own.
    space: String,
    boot: String,
}

impl Home {
    fn here() -> Home {
        let space = fs::read_link("/proc/self/ns/pid").map(|link| link.to_string_lossy().into_owned());
        Home { space: space.unwrap_or_else(|_| String::from("?")), boot: boot() }
    }
}

/// Where the executors of a run so far have run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Life {
    /// In this boot of this machine, all of them: what is not noted never started.
    Complete,
    /// On this machine, and some of them, but not all, in this boot.
    Partly,
    /// On this machine, and none of them in this boot.
    Rebooted,
    /// Some of them on another machine, whose processes cannot be seen.
    Elsewhere,
}

/// Nobody knows what was noted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Lost;

/// A process by which a step's command is known.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Note {
    pid: Pid,
    mark: Mark,
    home: Home,
}

/// What tells a process from all others that get its id in the same boot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mark {
    /// The number of the inode of its handles.
    Inode(u64),
    /// When it started: where the handles of all processes have one inode, before Linux 6.9.
    Started(u64),
}

/// The line that a run begins with.
const BEGINNING: &str = "begun";

impl Notes {
    /// The notes of a run in the state folder.
    pub fn new(folder: &Path, run: &str, life: Life) -> Notes {
        Notes { state: folder.to_owned(), path: folder.join("running").join(run), file: None, life, home: Home::here() }
    }

    /// Notes durably that a run begins, so that it can be told whether its notes are there.
    pub fn begin(&mut self) -> io::Result<()> {
        let file = self.file()?;
        file.write_all(format!("{BEGINNING}\n").as_bytes())?;
        file.sync_all()?;
        self.path.parent().map_or(Ok(()), state::keep)
    }

    /// Notes the process of a step.
    pub fn write(&mut self, step: InstrId, attempt: u32, pid: Pid, handle: BorrowedFd) -> io::Result<()> {
        let mark = Mark::of(pid, handle).ok_or_else(|| io::Error::other("the process has gone"))?;
        let Home { space, boot } = &self.home;
        let line = format!("{} {attempt} {} {mark} {space} {boot}\n", step.0, pid.as_raw_nonzero());
        self.file()?.write_all(line.as_bytes())
    }

    /// Notes the place at its node where a step's command is about to be sent to.
    pub fn write_place(&mut self, step: InstrId, attempt: u32, place: &str) -> io::Result<()> {
        let line = format!("{} {attempt} @{place}\n", step.0);
        self.file()?.write_all(line.as_bytes())
    }

    /// Notes in which boot of a node its notes are.
    pub fn write_boot(&mut self, node: MachineId, boot: &str) -> io::Result<()> {
        let line = format!("= {} {boot}\n", node.0);
        self.file()?.write_all(line.as_bytes())
    }

    /// The place where a step's command was sent to; nothing if it was not. An error if that is not known.
    pub fn place(&self, step: InstrId, attempt: u32) -> Result<Option<String>, Lost> {
        let start = format!("{} {attempt} @", step.0);
        let text = self.text()?;
        match text.lines().rev().find_map(|line| line.strip_prefix(&start)) {
            Some(place) => Ok(Some(place.to_owned())),
            None if self.life == Life::Complete && is_whole(&text) => Ok(None),
            None => Err(Lost),
        }
    }

    /// The boot of a node that was noted last.
    pub fn boot(&self, node: MachineId) -> Option<String> {
        let start = format!("= {} ", node.0);
        self.text().ok()?.lines().rev().find_map(|line| line.strip_prefix(&start)).map(String::from)
    }

    fn text(&self) -> Result<String, Lost> {
        fs::read_to_string(&self.path).map_err(|_| Lost)
    }

    fn file(&mut self) -> io::Result<&mut File> {
        if self.file.is_none() {
            let refused = |error: RunError| io::Error::other(error.message);
            self.path.parent().map_or(Ok(()), |folder| state::make_inside(&self.state, folder)).map_err(refused)?;
            self.file = Some(OpenOptions::new().append(true).create(true).open(&self.path)?);
            state::share(&self.state, &self.path).map_err(refused)?;
        }
        self.file.as_mut().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// What is left of a step's command, with a handle on it if it is alive.
    pub fn trace(&self, step: InstrId, attempt: u32) -> (Trace, Option<(Pid, OwnedFd)>) {
        let text = match (self.life, self.text()) {
            // Nothing outlives its boot.
            (Life::Rebooted, _) => return (Trace::Gone, None),
            (Life::Elsewhere, _) | (_, Err(Lost)) => return (Trace::Lost, None),
            (Life::Complete | Life::Partly, Ok(text)) => text,
        };
        let Some(note) = text.lines().rev().find_map(|line| note(line, step, attempt)) else {
            return match self.life {
                _ if !is_whole(&text) => (Trace::Lost, None),
                Life::Complete => (Trace::Never, None),
                _ => (Trace::Gone, None),
            };
        };
        if note.home != self.home {
            // Whose processes can be seen only from there, unless the machine has been started anew.
            let lost = note.home.boot == self.home.boot;
            return (if lost { Trace::Lost } else { Trace::Gone }, None);
        }
        match pidfd_open(note.pid, PidfdFlags::empty()) {
            // The handle is ours now: if the mark fits, it is that process and no other with its number.
            Ok(handle) if note.mark.fits(note.pid, handle.as_fd()) => (Trace::Alive, Some((note.pid, handle))),
            _ => (Trace::Gone, None),
        }
    }

    /// The run has ended: nothing of it is left to be found.
    pub fn remove(self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Whether notes are there from the beginning of the run on.
fn is_whole(text: &str) -> bool {
    text.lines().any(|line| line == BEGINNING)
}

fn note(line: &str, step: InstrId, attempt: u32) -> Option<Note> {
    let mut words = line.split(' ');
    if words.next()?.parse() != Ok(step.0) || words.next()?.parse() != Ok(attempt) {
        return None;
    }
    let (pid, mark) = (Pid::from_raw(words.next()?.parse().ok()?)?, Mark::read(words.next()?)?);
    let home = Home { space: words.next()?.to_owned(), boot: words.next()?.to_owned() };
    Some(Note { pid, mark, home })
}

impl Mark {
    fn of(pid: Pid, handle: BorrowedFd) -> Option<Mark> {
        inode(handle).map(Mark::Inode).or_else(|| start_time(pid).map(Mark::Started))
    }

    fn read(word: &str) -> Option<Mark> {
        match word.strip_prefix('i') {
            Some(inode) => inode.parse().ok().map(Mark::Inode),
            None => word.parse().ok().map(Mark::Started),
        }
    }

    /// Whether it is that of a process which has not ended.
    fn fits(self, pid: Pid, handle: BorrowedFd) -> bool {
        match self {
            Mark::Inode(number) => inode(handle) == Some(number) && !has_ended(handle),
            Mark::Started(at) => start_time(pid) == Some(at),
        }
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Mark::Inode(number) => write!(f, "i{number}"),
            Mark::Started(at) => write!(f, "{at}"),
        }
    }
}

/// The number that all handles on a process have in common, and no other process gets in this boot: see pidfd_open(2).
/// `None` if the system has no such numbers.
fn inode(handle: BorrowedFd) -> Option<u64> {
    /// `PID_FS_MAGIC` of `linux/magic.h`.
    const PIDFS: FsWord = 0x5049_4446;
    static HAS_PIDFS: OnceLock<bool> = OnceLock::new();
    let has = HAS_PIDFS.get_or_init(|| fstatfs(handle).is_ok_and(|system| system.f_type == PIDFS));
    has.then(|| fstat(handle).ok().map(|stat| stat.st_ino))?
}

/// Whether a process has ended, also if nobody has collected it yet.
fn has_ended(handle: BorrowedFd) -> bool {
    let mut polled = [PollFd::from_borrowed_fd(handle, PollFlags::IN)];
    poll(&mut polled, Some(&Timespec::default())) != Ok(0)
}

/// When a process started, in clock ticks since the machine did: field 22 of `/proc/PID/stat`, see proc(5). `None` if it
/// has ended, also if nobody has collected it yet.
fn start_time(pid: Pid) -> Option<u64> {
    let mut line = [0; 1024];
    let length = File::open(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?.read(&mut line).ok()?;
    // The second field is the name, in parentheses, and may contain anything.
    let text = String::from_utf8_lossy(line.get(..length)?);
    let (_, rest) = text.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    let state = fields.next()?;
    (state != "Z" && state != "X").then(|| fields.nth(18)?.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::{Home, Life, Lost, Mark, Notes, inode, start_time};
    use crate::bytecode::InstrId;
    use crate::calculus::MachineId;
    use crate::run::Trace;
    use rustix::process::{Pid, PidfdFlags, WaitId, WaitIdOptions, getpid, pidfd_open, waitid};
    use std::fs;
    use std::os::fd::AsFd;
    use std::process::Command;

    #[test]
    fn a_process_is_found_again_and_no_other_is_taken_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let pid = Pid::from_child(&child);
        let mut notes = Notes::new(folder.path(), "r1", Life::Complete);
        notes.begin().unwrap();
        assert_eq!(notes.trace(InstrId(3), 1).0, Trace::Never);
        let handle = pidfd_open(pid, PidfdFlags::empty()).unwrap();
        notes.write(InstrId(3), 1, pid, handle.as_fd()).unwrap();
        let again = Notes::new(folder.path(), "r1", Life::Complete);
        assert_eq!(again.trace(InstrId(3), 1).0, Trace::Alive);
        assert_eq!(again.trace(InstrId(3), 2).0, Trace::Never);
        assert_eq!(Notes::new(folder.path(), "r1", Life::Rebooted).trace(InstrId(3), 1).0, Trace::Gone);
        assert_eq!(Notes::new(folder.path(), "r1", Life::Elsewhere).trace(InstrId(3), 2).0, Trace::Lost);
        child.kill().unwrap();
        waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).unwrap();
        assert_eq!(again.trace(InstrId(3), 1).0, Trace::Gone);
        child.wait().unwrap();
        assert_eq!(again.trace(InstrId(3), 1).0, Trace::Gone);
    }

    #[test]
    fn a_mark_of_either_kind_is_that_of_one_process() {
        let folder = tempfile::tempdir().unwrap();
        let notes = Notes::new(folder.path(), "r1", Life::Complete);
        let handle = pidfd_open(getpid(), PidfdFlags::empty()).unwrap();
        let (inode, started) = (inode(handle.as_fd()), start_time(getpid()).unwrap());
        fs::create_dir(folder.path().join("running")).unwrap();
        let found = |mark: Mark| {
            let Home { space, boot } = Home::here();
            let line = format!("3 1 {} {mark} {space} {boot}\n", getpid().as_raw_nonzero());
            fs::write(folder.path().join("running/r1"), line).unwrap();
            notes.trace(InstrId(3), 1).0
        };
        assert_eq!(found(Mark::Started(started)), Trace::Alive);
        assert_eq!(found(Mark::Started(started + 1)), Trace::Gone);
        assert_eq!(found(Mark::Inode(inode.unwrap_or_default() + 1)), Trace::Gone);
        if let Some(inode) = inode {
            assert_eq!(found(Mark::Inode(inode)), Trace::Alive);
        }
    }

    #[test]
    fn without_the_beginning_of_its_notes_nothing_of_a_run_is_known_not_to_have_started() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("running/r1");
        let of = |life| Notes::new(folder.path(), "r1", life);
        let looked = |life| (of(life).trace(InstrId(3), 1).0, of(life).place(InstrId(3), 1));
        of(Life::Complete).begin().unwrap();
        assert_eq!(looked(Life::Complete), (Trace::Never, Ok(None)));
        assert_eq!(looked(Life::Partly), (Trace::Gone, Err(Lost)));
        fs::remove_file(&path).unwrap();
        assert_eq!(looked(Life::Complete), (Trace::Lost, Err(Lost)));
        assert_eq!(looked(Life::Partly), (Trace::Lost, Err(Lost)));
        assert_eq!(looked(Life::Rebooted), (Trace::Gone, Err(Lost)));
        // What a later executor notes is no beginning, but it counts.
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let pid = Pid::from_child(&child);
        let handle = pidfd_open(pid, PidfdFlags::empty()).unwrap();
        of(Life::Complete).write(InstrId(4), 1, pid, handle.as_fd()).unwrap();
        assert_eq!(looked(Life::Complete), (Trace::Lost, Err(Lost)));
        assert_eq!(of(Life::Partly).trace(InstrId(4), 1).0, Trace::Alive);
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn a_process_in_another_container_cannot_be_seen_and_one_of_another_boot_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let notes = Notes::new(folder.path(), "r1", Life::Partly);
        let (pid, started) = (getpid(), start_time(getpid()).unwrap());
        let seen = |space: &str, boot: &str| {
            let line = format!("3 1 {} {started} {space} {boot}\n", pid.as_raw_nonzero());
            fs::create_dir_all(folder.path().join("running")).unwrap();
            fs::write(folder.path().join("running/r1"), line).unwrap();
            notes.trace(InstrId(3), 1).0
        };
        let Home { space, boot } = Home::here();
        assert!(space.starts_with("pid:["), "{space}");
        assert_eq!(seen(&space, &boot), Trace::Alive);
        assert_eq!(seen("pid:[1]", &boot), Trace::Lost);
        assert_eq!(seen(&space, "another"), Trace::Gone);
    }

    #[test]
    fn places_at_nodes_are_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut notes = Notes::new(folder.path(), "r1", Life::Complete);
        notes.begin().unwrap();
        assert_eq!((notes.place(InstrId(3), 1), notes.boot(MachineId(0))), (Ok(None), None));
        notes.write_boot(MachineId(0), "b-1").unwrap();
        notes.write_place(InstrId(3), 1, "3.1.17-1").unwrap();
        notes.write_place(InstrId(3), 1, "3.1.18-2").unwrap();
        assert_eq!(notes.place(InstrId(3), 1), Ok(Some("3.1.18-2".into())));
        assert_eq!((notes.place(InstrId(3), 2), notes.boot(MachineId(0))), (Ok(None), Some("b-1".into())));
        assert_eq!(Notes::new(folder.path(), "r1", Life::Rebooted).place(InstrId(3), 2), Err(Lost));
    }

    #[test]
    fn a_name_with_parentheses_and_spaces_is_no_trouble() {
        let folder = tempfile::tempdir().unwrap();
        let odd = folder.path().join("a) R 1 (b");
        fs::copy("/bin/sleep", &odd).unwrap();
        let mut child = Command::new(&odd).arg("60").spawn().unwrap();
        let pid = Pid::from_child(&child);
        let found = start_time(pid);
        child.kill().unwrap();
        let zombie = start_time(pid);
        child.wait().unwrap();
        let (ours, zombie) = (start_time(getpid()).unwrap(), zombie);
        assert!(found.unwrap() >= ours, "{found:?} {ours}");
        assert!(zombie.is_none() || zombie == found);
        assert_eq!(start_time(pid), None);
    }
}
