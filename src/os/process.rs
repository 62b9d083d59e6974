//! A command as a child process: in a process group of its own, its output read without ever blocking or growing.

use super::{environment, mark};
use crate::base::limits;
use crate::os::node::{Records, Word};
use crate::run::{Exit, Fate, Finished, Tail};
use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionbio, read, write};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use std::io;
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
    input: Input,
    stdout: Pipe,
    stderr: Pipe,
    exit: Option<Exit>,
    ended: bool,
    /// When to stop waiting for the rest of the output.
    drain_until_ms: Option<u64>,
    /// When to stop asking and kill.
    kill_at_ms: Option<u64>,
    /// Something of what was to be ended goes on; until when it is given time to go.
    left_until_ms: Option<u64>,
    asked_to_end: bool,
    /// What all of it has in its environment; empty for nothing.
    mark: String,
}

impl Process {
    /// Starts a command with this mark that gets its input, if it talks, once [`Process::say`] sends it.
    pub fn spawn(words: &[String], directory: &str, talks: bool, mark: String) -> Result<Process, String> {
        let mut process = Process::begin(words, directory, talks, &mark, None)?;
        process.mark = mark;
        Ok(process)
    }

    /// Starts a client, whose standard error holds `records`.
    pub fn client(words: &[String], directory: &str, records: Records) -> Result<Process, String> {
        Process::begin(words, directory, true, "", Some(records))
    }

    fn begin(
        words: &[String],
        directory: &str,
        talks: bool,
        mark: &str,
        records: Option<Records>,
    ) -> Result<Process, String> {
        let (program, arguments) = words.split_first().ok_or("there is no command")?;
        // The shell is where system(3) has it: a search costs each command an attempt for every folder before its own.
        let mut command = environment::command(if program == "sh" { "/bin/sh" } else { program });
        command.arg0(program).args(arguments).current_dir(directory).process_group(0);
        command.stdin(if talks { Stdio::piped() } else { Stdio::null() });
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        if !mark.is_empty() {
            command.env(mark::VARIABLE, mark);
        }
        let child = command.spawn().map_err(|error| not_started(program, directory, &error))?;
        Process::of(child, records).map_err(|error| format!("the command could not be started: {error}"))
    }

    fn of(mut child: Child, records: Option<Records>) -> io::Result<Process> {
        let pid = Pid::from_raw(child.id().cast_signed()).ok_or(io::ErrorKind::InvalidData.into());
        let opened = pid.and_then(|pid| Ok((pid, pidfd_open(pid, PidfdFlags::empty())?)));
        let (pid, pidfd) = opened.inspect_err(|_: &io::Error| abandon(&mut child))?;
        let pipe = |from: Option<OwnedFd>, records| Pipe { from, records, tail: Tail::default() };
        let (stdout, stderr) = (child.stdout.take().map(OwnedFd::from), child.stderr.take().map(OwnedFd::from));
        let input = Input { to: child.stdin.take().map(OwnedFd::from), left: Vec::new() };
        let mut process = Process::new(pid, pidfd, Some(child), pipe(stdout, None), pipe(stderr, records));
        process.input = input;
        Ok(process)
    }

    /// The process, to be noted.
    pub fn named(&self) -> (Pid, BorrowedFd<'_>) {
        (self.pid, self.pidfd.as_fd())
    }

    /// Sends the standard input, and ends it. Until then a command that reads waits.
    pub fn say(&mut self, text: Vec<u8>) {
        if let Some(to) = &self.input.to {
            // Where even this fails, whoever reads finds an end.
            let _ = ioctl_fionbio(to, true);
            self.input.left = text;
            self.input.send();
        }
    }

    /// Ends it before it was told anything: nothing has happened.
    pub fn abandon(mut self) {
        self.input = Input::default();
        self.ended = true;
        if let Some(child) = &mut self.child {
            abandon(child);
        }
    }

    /// What its runner has said last.
    pub fn word(&self) -> Option<&Word> {
        self.stderr.records.as_ref().and_then(|r| r.word.as_ref())
    }

    /// Whether nobody can write to it any more.
    pub fn is_complete(&self) -> bool {
        self.stdout.is_closed() && self.stderr.is_closed()
    }

    /// Gives it up, with what it wrote.
    pub fn release(mut self) -> (Tail, Tail) {
        if !self.ended {
            self.ended = true;
            let _ = kill_process_group(self.pid, Signal::KILL);
            let _ = self.child.as_mut().map(Child::wait);
        }
        (self.stdout.take(), self.stderr.take())
    }

    /// Watches a process that is not our child.
    pub fn adopt(pid: Pid, pidfd: OwnedFd, mark: String) -> Process {
        let mut process = Process::new(pid, pidfd, None, Pipe::default(), Pipe::default());
        process.mark = mark;
        process
    }

    fn new(pid: Pid, pidfd: OwnedFd, child: Option<Child>, stdout: Pipe, stderr: Pipe) -> Process {
        let (exit, ended, drain_until_ms, kill_at_ms, left_until_ms) = (None, false, None, None, None);
        let (input, asked_to_end, mark) = (Input::default(), false, String::new());
        Process {
            pid,
            pidfd,
            child,
            input,
            stdout,
            stderr,
            exit,
            ended,
            drain_until_ms,
            kill_at_ms,
            left_until_ms,
            asked_to_end,
            mark,
        }
    }

    /// What to poll for: its end, its standard output, its standard error; whether it reads.
    pub fn handles(&self) -> [Option<BorrowedFd<'_>>; 4] {
        let end = (!self.ended).then(|| self.pidfd.as_fd());
        let input = self.input.to.as_ref().filter(|_| !self.input.left.is_empty());
        [end, self.stdout.handle(), self.stderr.handle(), input.map(AsFd::as_fd)]
    }

    /// Takes in what poll has found ready.
    pub fn take_in(&mut self, ready: [bool; 4], clock_ms: u64) {
        let [end, stdout, stderr, input] = ready;
        if input {
            self.input.send();
        }
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
        Finished { stdout: self.stdout.tail.clone(), stderr: self.stderr.tail.clone(), ..Finished::default() }
    }

    /// Asks the whole group to end, and what has left it; [`Process::tick`] kills them when they do not.
    pub fn end(&mut self, clock_ms: u64) {
        if self.ended || self.asked_to_end {
            return;
        }
        let mut polled = [PollFd::new(&self.pidfd, PollFlags::IN)];
        if poll(&mut polled, Some(&Timespec::default())).is_ok_and(|ready| ready > 0) {
            // It has ended by itself, and that has only not been taken in.
            return;
        }
        self.asked_to_end = true;
        self.strike_marked(Signal::TERM);
        self.strike_marked(Signal::CONT);
        self.kill_at_ms = Some(clock_ms.saturating_add(limits::KILL_GRACE_MS));
        let _ = kill_process_group(self.pid, Signal::TERM);
        // A stopped process does not hear.
        let _ = kill_process_group(self.pid, Signal::CONT);
    }

    /// When [`Process::tick`] has something to do.
    pub fn due_ms(&self) -> Option<u64> {
        self.kill_at_ms.or(self.drain_until_ms)
    }

    /// Sends a signal to everything of the command that has left its group; whether there is anything of it, or may be.
    fn strike_marked(&self, signal: Signal) -> bool {
        !self.mark.is_empty() && mark::strike(&self.mark, self.pid, signal).ok() != Some(0)
    }

    /// Whether to wait until what was to be ended has gone. What is left is killed.
    fn goes_on(&mut self, clock_ms: u64) -> bool {
        if !self.asked_to_end || !self.strike_marked(Signal::KILL) {
            self.left_until_ms = None;
            return false;
        }
        self.drain_until_ms = Some(clock_ms.saturating_add(LOOK_MS));
        clock_ms < *self.left_until_ms.get_or_insert(clock_ms.saturating_add(limits::KILL_GRACE_MS))
    }

    /// Does what is due; gives the end once everything of it is in.
    pub fn tick(&mut self, clock_ms: u64) -> Option<Finished> {
        if self.kill_at_ms.is_some_and(|at| at <= clock_ms) {
            self.kill_at_ms = None;
            let _ = kill_process_group(self.pid, Signal::KILL);
        }
        let drained = self.drain_until_ms.is_some_and(|until| self.is_complete() || until <= clock_ms);
        if !self.ended || !drained || self.goes_on(clock_ms) {
            return None;
        }
        let fate = match self.asked_to_end {
            true if self.left_until_ms.is_some() => Fate::Stuck,
            true => Fate::Late,
            false => self.exit.map_or(Fate::Gone, Fate::Ended),
        };
        Some(Finished { fate, stdout: self.stdout.take(), stderr: self.stderr.take(), cut: false })
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

/// Without a reader nothing comes through to a command that waits for its input.
fn abandon(child: &mut Child) {
    drop(child.stdin.take());
    let _ = child.kill();
    let _ = child.wait();
}

fn not_started(program: &str, directory: &str, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound if !Path::new(directory).is_dir() => {
            format!("the working directory `{directory}` does not exist")
        }
        io::ErrorKind::NotFound => format!("there is no command `{program}` here"),
        io::ErrorKind::PermissionDenied => format!("`{program}` may not be run by this user"),
        io::ErrorKind::ArgumentListTooLong => String::from("the script is longer than the system accepts"),
        _ => format!("`{program}` could not be started: {error}"),
    }
}

/// The standard input of a command, and what has not gone there yet.
#[derive(Debug, Default)]
struct Input {
    to: Option<OwnedFd>,
    left: Vec<u8>,
}

impl Input {
    /// Sends what can be sent without waiting; at the end there is no more. A command that does not read is no error.
    fn send(&mut self) {
        while let Some(to) = self.to.as_ref().filter(|_| !self.left.is_empty()) {
            match write(to, &self.left) {
                Ok(count) => drop(self.left.drain(..count)),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return,
                Err(_) => self.left.clear(),
            }
        }
        self.to = None;
    }
}

/// One output of a command: its end is kept, the rest is read and forgotten.
#[derive(Debug, Default)]
struct Pipe {
    from: Option<OwnedFd>,
    /// What of it is not the command's.
    records: Option<Records>,
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
        let before = bytes.len();
        bytes.reserve(before.clamp(4 << 10, 64 << 10));
        match read(fd, spare_capacity(bytes)) {
            Ok(0) => self.from = None,
            Ok(_) | Err(Errno::INTR | Errno::AGAIN) => {}
            Err(_) => self.from = None,
        }
        if let Some(records) = &mut self.records {
            let new = bytes.split_off(before);
            bytes.extend(records.take(&new));
            if self.from.is_none() {
                bytes.extend(records.rest());
            }
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

/// Milliseconds between two looks at what does not end.
const LOOK_MS: u64 = 50;

/// Bytes kept while reading; the excess over the limit is for finding a secret that lies across the cut.
const KEPT: usize = limits::OUTPUT_BYTES + limits::SECRET_BYTES;
