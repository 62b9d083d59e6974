//! A command as a child process: in a process group of its own, its output read without ever blocking or growing.

use super::environment;
use crate::base::limits;
use crate::run::{Exit, Fate, Finished, Launch, Tail};
use rustix::buffer::spare_capacity;
use rustix::io::{Errno, read};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Stdio};

/// A running command, ours or one that an earlier executor started.
#[derive(Debug)]
pub(super) struct Process {
    /// The process and its group: they have the same number.
    pid: Pid,
    pidfd: OwnedFd,
    child: Option<Child>,
    stdout: Pipe,
    stderr: Pipe,
    exit: Option<Exit>,
    ended: bool,
    /// When to stop waiting for the rest of the output.
    drain_until_ms: Option<u64>,
    /// When to stop asking and kill.
    kill_at_ms: Option<u64>,
    asked_to_end: bool,
}

impl Process {
    /// Starts a command. `note` gets its process id before the command does anything; if it fails, nothing is done.
    pub fn spawn(
        words: &[String],
        launch: &Launch,
        note: impl FnOnce(Pid) -> io::Result<()>,
    ) -> Result<Process, String> {
        let (program, arguments) = words.split_first().ok_or("there is no command")?;
        let talks = launch.gated || !launch.lines.is_empty();
        let mut command = environment::command(program);
        command.args(arguments).current_dir(&launch.directory).process_group(0);
        command.stdin(if talks { Stdio::piped() } else { Stdio::null() });
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().map_err(|error| not_started(program, launch, &error))?;
        Process::of(child, launch, note).map_err(|error| format!("the command could not be started: {error}"))
    }

    fn of(mut child: Child, launch: &Launch, note: impl FnOnce(Pid) -> io::Result<()>) -> io::Result<Process> {
        let noted = Pid::from_raw(child.id().cast_signed()).ok_or(io::ErrorKind::InvalidData.into()).and_then(|pid| {
            let pidfd = pidfd_open(pid, PidfdFlags::empty())?;
            if launch.gated {
                note(pid)?;
            }
            Ok((pid, pidfd))
        });
        let (pid, pidfd) = noted.inspect_err(|_: &io::Error| {
            // Nothing has come through the gate; without a reader it goes away by itself.
            drop(child.stdin.take());
            let _ = child.kill();
            let _ = child.wait();
        })?;
        if let Some(mut stdin) = child.stdin.take() {
            let mut text = String::new();
            for line in launch.gated.then_some("").into_iter().chain(launch.lines.iter().map(String::as_str)) {
                text.push_str(line);
                text.push('\n');
            }
            // A command that does not read its input is no error.
            let _ = stdin.write_all(text.as_bytes());
        }
        let pipe = |from: Option<OwnedFd>| Pipe { from, tail: Tail::default() };
        let (stdout, stderr) = (child.stdout.take().map(OwnedFd::from), child.stderr.take().map(OwnedFd::from));
        Ok(Process::new(pid, pidfd, Some(child), pipe(stdout), pipe(stderr)))
    }

    /// Watches a process that is not our child.
    pub fn adopt(pid: Pid, pidfd: OwnedFd) -> Process {
        Process::new(pid, pidfd, None, Pipe::default(), Pipe::default())
    }

    fn new(pid: Pid, pidfd: OwnedFd, child: Option<Child>, stdout: Pipe, stderr: Pipe) -> Process {
        let (exit, ended, drain_until_ms, kill_at_ms, asked_to_end) = (None, false, None, None, false);
        Process { pid, pidfd, child, stdout, stderr, exit, ended, drain_until_ms, kill_at_ms, asked_to_end }
    }

    /// What to poll for: its end, its standard output, its standard error.
    pub fn handles(&self) -> [Option<BorrowedFd<'_>>; 3] {
        let end = (!self.ended).then(|| self.pidfd.as_fd());
        [end, self.stdout.handle(), self.stderr.handle()]
    }

    /// Takes in what poll has found ready.
    pub fn take_in(&mut self, ready: [bool; 3], clock_ms: u64) {
        let [end, stdout, stderr] = ready;
        if stdout {
            self.stdout.take_in();
        }
        if stderr {
            self.stderr.take_in();
        }
        if end && !self.ended {
            self.reap();
            self.drain_until_ms = Some(clock_ms.saturating_add(limits::DRAIN_MS));
        }
    }

    /// Notes how it ended. What it leaves behind in its group dies too if it was asked to end.
    fn reap(&mut self) {
        if self.asked_to_end {
            // Until it is reaped nobody else can get the number of its group.
            let _ = kill_process_group(self.pid, Signal::KILL);
        }
        self.ended = true;
        self.kill_at_ms = None;
        let status = self.child.as_mut().and_then(|c| c.wait().ok());
        self.exit = status.and_then(|s| s.code().map(Exit::Code).or_else(|| s.signal().map(Exit::Signal)));
    }

    /// What it has written so far.
    pub fn so_far(&self) -> Finished {
        Finished { fate: Fate::default(), stdout: self.stdout.tail.clone(), stderr: self.stderr.tail.clone() }
    }

    /// Asks the whole group to end; [`Process::tick`] kills it when it does not.
    pub fn end(&mut self, clock_ms: u64) {
        if self.ended || self.asked_to_end {
            return;
        }
        self.asked_to_end = true;
        self.kill_at_ms = Some(clock_ms.saturating_add(limits::KILL_GRACE_MS));
        let _ = kill_process_group(self.pid, Signal::TERM);
        // A stopped process does not hear.
        let _ = kill_process_group(self.pid, Signal::CONT);
    }

    /// When [`Process::tick`] has something to do.
    pub fn due_ms(&self) -> Option<u64> {
        self.kill_at_ms.or(self.drain_until_ms)
    }

    /// Does what is due; gives the end once everything of it is in.
    pub fn tick(&mut self, clock_ms: u64) -> Option<Finished> {
        if self.kill_at_ms.is_some_and(|at| at <= clock_ms) {
            self.kill_at_ms = None;
            let _ = kill_process_group(self.pid, Signal::KILL);
        }
        let complete = self.stdout.is_closed() && self.stderr.is_closed();
        let drained = self.drain_until_ms.is_some_and(|until| complete || until <= clock_ms);
        (self.ended && drained).then(|| Finished {
            fate: self.exit.map_or(Fate::Gone, Fate::Ended),
            stdout: self.stdout.take(),
            stderr: self.stderr.take(),
        })
    }
}

impl Drop for Process {
    /// Leaves no zombie behind when the executor gives up.
    fn drop(&mut self) {
        if let Some(child) = self.child.as_mut().filter(|_| !self.ended) {
            let _ = child.try_wait();
        }
    }
}

fn not_started(program: &str, launch: &Launch, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound if !Path::new(&launch.directory).is_dir() => {
            format!("the working directory `{}` does not exist", launch.directory)
        }
        io::ErrorKind::NotFound => format!("there is no command `{program}` here"),
        io::ErrorKind::PermissionDenied => format!("`{program}` may not be run by this user"),
        io::ErrorKind::ArgumentListTooLong => String::from("the script is longer than the system accepts"),
        _ => format!("`{program}` could not be started: {error}"),
    }
}

/// One output of a command: its end is kept, the rest is read and forgotten.
#[derive(Debug, Default)]
struct Pipe {
    from: Option<OwnedFd>,
    tail: Tail,
}

impl Pipe {
    fn handle(&self) -> Option<BorrowedFd<'_>> {
        self.from.as_ref().map(AsFd::as_fd)
    }

    fn is_closed(&self) -> bool {
        self.from.is_none()
    }

    /// Reads what is there, once: nobody else reads, so that it does not block after poll, and a command that floods its
    /// output cannot keep us.
    fn take_in(&mut self) {
        let Some(fd) = &self.from else { return };
        let bytes = &mut self.tail.bytes;
        bytes.reserve(bytes.len().clamp(4 << 10, 64 << 10));
        match read(fd, spare_capacity(bytes)) {
            Ok(0) => self.from = None,
            Ok(_) | Err(Errno::INTR | Errno::AGAIN) => {}
            Err(_) => self.from = None,
        }
        // Cut only when it has doubled, so that each byte moves at most once.
        if self.tail.bytes.len() > 2 * KEPT {
            self.cut();
        }
    }

    fn cut(&mut self) {
        let Tail { bytes, cut } = &mut self.tail;
        if bytes.len() > KEPT {
            bytes.drain(..bytes.len() - KEPT);
            *cut = true;
        }
    }

    fn take(&mut self) -> Tail {
        self.cut();
        std::mem::take(&mut self.tail)
    }
}

/// Bytes kept while reading; the excess over the limit is for finding a secret that lies across the cut.
const KEPT: usize = limits::OUTPUT_BYTES + limits::SECRET_BYTES;
