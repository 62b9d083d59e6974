//! The way to one node, open or not, and the agent at its end.

use super::facts::{Facts, Line, Word, run_of};
use super::text;
use super::way::Way;
use crate::base::limits;
use crate::os::environment;
use rustix::buffer::spare_capacity;
use rustix::io::{Errno, read, write};
use std::collections::{BTreeSet, VecDeque};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Stdio};

/// The way to one node.
#[derive(Debug)]
pub(super) struct Link {
    pub way: Way,
    pub state: State,
    /// What the node said when the way was opened last.
    pub facts: Facts,
    /// How often it was opened.
    pub opened: u32,
    /// When it may be tried again, after it could not be opened.
    pub retry_at_ms: u64,
    /// How often in a row it could not be opened.
    pub refusals: u32,
    /// Why it could not be opened.
    pub refusal: Option<String>,
    session: Option<Session>,
    /// The process of the session before: it has been killed and has to be waited for.
    dying: Option<Child>,
    /// It has had its second chance since it was open last.
    tried_twice: bool,
    /// What came that was not the agent's: messages of `ssh`, of the login shell.
    noise: VecDeque<String>,
}

/// Whether a way is open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    Closed,
    /// It is being opened, until then at most.
    Opening(u64),
    /// It could not be opened, and is tried a second time then.
    Pausing(u64),
    Open,
}

/// The process that holds the way open, with the agent at its other end.
#[derive(Debug)]
struct Session {
    child: Child,
    socket: UnixStream,
    tag: String,
    inbox: Vec<u8>,
    outbox: Vec<u8>,
}

/// What has come of a way.
#[derive(Debug)]
pub(super) enum News {
    /// It is open.
    Opened,
    /// It is to be tried a second time now.
    Again,
    /// It could not be opened: why.
    Refused(String),
    /// It was open and is no more: why.
    Lost(String),
    /// What became of the command in a place.
    Answer(String, Word),
    /// The notes are gone.
    Removed,
}

/// What `ssh` says of failures that mostly pass within seconds: sshd restarts, or drops connections because too many begin
/// at a time (sshd_config(5), `MaxStartups`: a jump host's does), or a name server is busy. Not of a key or a user that is
/// refused: a second try would be refused as well, and may be counted.
const PASSING: [&str; 4] = [
    "Connection refused",
    "Connection reset by",
    "kex_exchange_identification",
    "Temporary failure in name resolution",
];
/// Lines of noise that are kept, and bytes of each.
const NOISE: (usize, usize) = (4, 400);
/// Bytes of a line of the agent at most.
const LINE: usize = 64 << 10;

impl Link {
    pub fn new(way: Way) -> Link {
        Link {
            way,
            state: State::Closed,
            facts: Facts::default(),
            opened: 0,
            retry_at_ms: 0,
            refusals: 0,
            refusal: None,
            session: None,
            dying: None,
            tried_twice: false,
            noise: VecDeque::new(),
        }
    }

    /// Begins to open it. `told` are assignments for the agent, `tag` is what its lines begin with.
    pub fn open(&mut self, folder: &Path, tag: &str, told: &str, until_ms: u64) -> Result<(), String> {
        self.bury();
        self.way.clear();
        let words = self.way.opening();
        let (program, arguments) = words.split_first().ok_or("there are no words")?;
        let failed = |error: std::io::Error| format!("`{program}` cannot be run: {error}");
        let (socket, other) = UnixStream::pair().map_err(failed)?;
        let clone = || other.try_clone().map(|s| Stdio::from(OwnedFd::from(s))).map_err(failed);
        let mut command = environment::command(program);
        command.args(arguments).current_dir(folder).process_group(0);
        command.stdin(clone()?).stdout(clone()?).stderr(clone()?);
        socket.set_nonblocking(true).map_err(failed)?;
        let child = command.spawn().map_err(failed)?;
        let outbox = format!("{}\n{told}tag={tag}\n", text::agent()).into_bytes();
        self.session = Some(Session { child, socket, tag: format!("{tag} "), inbox: Vec::new(), outbox });
        self.state = State::Opening(until_ms);
        (self.facts, self.noise) = (Facts::default(), VecDeque::new());
        self.send();
        Ok(())
    }

    /// Tells the agent something.
    pub fn ask(&mut self, line: &str) {
        if let Some(session) = &mut self.session {
            session.outbox.extend_from_slice(line.as_bytes());
            session.outbox.push(b'\n');
            self.send();
        }
    }

    /// Has the notes removed that are there, and those of other runs that are over.
    pub fn part(&mut self, over: &BTreeSet<String>) {
        let is_over = |name: &&String| run_of(name).is_some_and(|run| over.contains(run));
        let lines: Vec<String> = self.facts.others.iter().filter(is_over).map(|name| format!("clear {name}")).collect();
        lines.iter().for_each(|line| self.ask(line));
        self.ask("remove");
    }

    /// What to poll for, and whether something waits to be sent.
    pub fn handle(&self) -> Option<(BorrowedFd<'_>, bool)> {
        self.session.as_ref().map(|s| (s.socket.as_fd(), !s.outbox.is_empty()))
    }

    /// Sends what can be sent without waiting.
    fn send(&mut self) {
        let Some(session) = &mut self.session else { return };
        while !session.outbox.is_empty() {
            match write(&session.socket, &session.outbox) {
                Ok(count) => drop(session.outbox.drain(..count)),
                Err(Errno::INTR) => {}
                // Whoever does not read any more is found out by reading.
                Err(_) => return,
            }
        }
    }

    /// Takes in what has come, and sends what waits.
    pub fn take_in(&mut self) -> Vec<News> {
        self.send();
        let Some(session) = &mut self.session else { return Vec::new() };
        session.inbox.reserve(4 << 10);
        let ended = match read(&session.socket, spare_capacity(&mut session.inbox)) {
            Ok(0) => true,
            Ok(_) | Err(Errno::INTR | Errno::AGAIN) => false,
            Err(_) => true,
        };
        let mut news = self.lines(ended);
        if ended {
            news.push(self.close());
        }
        news
    }

    fn lines(&mut self, ended: bool) -> Vec<News> {
        let Some(session) = &mut self.session else { return Vec::new() };
        if (ended || session.inbox.len() > LINE) && !session.inbox.is_empty() {
            session.inbox.push(b'\n');
        }
        let mut news = Vec::new();
        while let Some(end) = session.inbox.iter().position(|b| *b == b'\n') {
            let line: Vec<u8> = session.inbox.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            match line.strip_prefix(&session.tag).and_then(|text| self.facts.line(text)) {
                Some(Line::Ready) => {
                    (self.state, self.opened, self.refusals) = (State::Open, self.opened + 1, 0);
                    self.tried_twice = false;
                    (self.refusal, self.facts.heard_at) = (None, jiff::Timestamp::now().as_second());
                    news.push(News::Opened);
                }
                Some(Line::Answer(place, word)) => news.push(News::Answer(place, word)),
                Some(Line::Removed) => news.push(News::Removed),
                Some(Line::More) => {}
                None if line.is_empty() => {}
                None => {
                    self.noise.push_back(line.chars().take(NOISE.1).collect());
                    if self.noise.len() > NOISE.0 {
                        // Of a host key that has changed, which one it is and where the other stands come early.
                        let dull = |line: &String| !line.starts_with("SHA256:") && !line.starts_with("Offending ");
                        let at = self.noise.iter().position(dull).unwrap_or(0);
                        self.noise.remove(at);
                    }
                }
            }
        }
        news
    }

    /// Gives it up, with what is known of why.
    pub fn close(&mut self) -> News {
        if let Some(Session { mut child, socket, .. }) = self.session.take() {
            // Without anybody who talks to it the agent goes, and the way with it.
            drop(socket);
            // It may have gone by itself. It is waited for later: many are closed at once.
            let _ = child.kill();
            self.bury();
            self.dying = Some(child);
        }
        let why = match self.noise.make_contiguous() {
            [] if self.way.is_shared() => String::from("the connection ended"),
            [] => String::from("its standard input does not reach a shell there"),
            lines => lines.join("; "),
        };
        match std::mem::replace(&mut self.state, State::Closed) {
            State::Open => News::Lost(why),
            State::Opening(_) | State::Pausing(_) | State::Closed => News::Refused(why),
        }
    }

    /// Waits for the process of the session before, which has been killed.
    fn bury(&mut self) {
        if let Some(mut child) = self.dying.take() {
            let _ = child.wait();
        }
    }

    /// Whether it is tried a second time, in a while, although it was refused so.
    pub fn pauses(&mut self, why: &str, clock_ms: u64) -> bool {
        let again = PASSING.iter().any(|text| why.contains(text)) && !std::mem::replace(&mut self.tried_twice, true);
        if again {
            self.state = State::Pausing(clock_ms.saturating_add(limits::AGAIN_MS));
        }
        again
    }

    /// Gives it up if it has not opened in time. What has never been open gets a second chance.
    pub fn tick(&mut self, clock_ms: u64) -> Option<News> {
        match self.state {
            State::Opening(until) if until <= clock_ms => {
                self.noise.push_back(self.way.silence());
                let again = self.opened == 0 && !std::mem::replace(&mut self.tried_twice, true);
                let news = self.close();
                Some(if again { News::Again } else { news })
            }
            State::Pausing(until) if until <= clock_ms => {
                self.state = State::Closed;
                Some(News::Again)
            }
            _ => None,
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.close();
        self.bury();
    }
}
