//! The copy of a run's journal at another site: every commit is durable there, too, before anything relies on it.
//!
//! A thread of its own follows the journal and sends what is new, so that a way that hangs can hold a run up for
//! [`limits::REPLICA_MS`] once and no longer. When the way is lost the run goes on; the thread tries again, and catches up.

mod message;
mod receive;
mod sender;
mod wire;

#[cfg(test)]
mod tests;

pub use receive::receive;

use crate::run::{Link, RunError};
use sender::{Position, Sender, Trouble};
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// Which run is copied, from which store, by which command.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    /// What leads to the other site.
    pub prefix: Vec<String>,
    pub run: String,
    /// Digest of the program, in hexadecimal.
    pub digest: String,
    /// The name of the store here.
    pub journal: String,
    /// The program's file.
    pub program: Vec<u8>,
    /// The state folder here.
    pub folder: std::path::PathBuf,
}

/// What is said when a copy lacks nothing any more.
const CAUGHT_UP: &str = "the copy has everything again";

/// Why a copy cannot be kept.
#[derive(Debug)]
pub(super) enum Closed {
    /// Another executor goes on with the run: who.
    Taken(String),
    /// The way leads nowhere, or what is there is something else.
    Error(RunError),
}

/// The copy of one run, being kept.
#[derive(Debug)]
pub(super) struct Replica {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    /// Readable when there is news.
    bell: PipeReader,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    bell: PipeWriter,
}

#[derive(Debug, Default)]
struct State {
    /// How many events there are here, and there.
    wanted: i64,
    durable: i64,
    open: bool,
    /// Who goes on with the run.
    taken: Option<String>,
    news: Vec<(Link, String)>,
    closing: bool,
    /// How often the way was lost or not found, and that it is to be tried at once.
    failures: u64,
    urgent: bool,
    /// The copy will not grow any more.
    over: bool,
}

impl Replica {
    /// Opens the way and finds out what is there. An error means that nothing was changed there.
    pub fn open(subject: Subject) -> Result<Replica, Closed> {
        let shown = subject.prefix.join(" ");
        let (sender, position) = Sender::connect(subject).map_err(|trouble| match trouble {
            Trouble::Lost(why) => Closed::Error(
                RunError::stopped(format!("the journal cannot be copied by `{shown}`: {why}"))
                    .help("`ssh HOST handover runs`, or what else leads there, must work without a question"),
            ),
            Trouble::Never(why) => {
                Closed::Error(RunError::stopped(format!("the journal cannot be copied by `{shown}`: {why}")))
            }
            Trouble::Taken(by) => Closed::Taken(by),
        })?;
        let unusable =
            |error: io::Error| Closed::Error(RunError::stopped(format!("the journal cannot be copied: {error}")));
        let (bell, ring) = io::pipe().map_err(unusable)?;
        let Position(durable) = position;
        let state = State { wanted: durable, durable, open: true, ..State::default() };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new(), bell: ring });
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name(String::from("replica")).spawn(move || sender.run(&theirs));
        Ok(Replica { shared, thread: Some(thread.map_err(unusable)?), bell })
    }

    /// Waits until so many events are durable there, or the way is lost.
    pub fn confirm(&self, events: i64) {
        let mut state = self.shared.lock();
        state.wanted = state.wanted.max(events);
        self.shared.changed.notify_all();
        while state.open && state.durable < events {
            state = self.shared.wait(state);
        }
    }

    /// Who has taken the run over, if anybody has.
    pub fn taken(&self) -> Option<String> {
        self.shared.lock().taken.clone()
    }

    /// If the way is lost, tries it once more. Says that everything is there now, or what is not.
    pub fn last_look(&self) -> Option<Result<String, String>> {
        let mut state = self.shared.lock();
        if state.open || state.taken.is_some() {
            return None;
        }
        let failures = state.failures;
        state.urgent = true;
        self.shared.changed.notify_all();
        while !state.open && !state.over && state.failures == failures {
            state = self.shared.wait(state);
        }
        Some(match state.open {
            true => Ok(String::from(CAUGHT_UP)),
            false => Err(String::from("the copy of the journal lacks the end of the run")),
        })
    }

    /// What to poll for.
    pub fn handle(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }

    /// What has become of the way since it was last asked; to be called when the handle is readable.
    pub fn news(&self) -> Vec<(Link, String)> {
        // What rings once too often is heard once more and tells nothing.
        let _ = (&self.bell).read(&mut [0; 64]);
        std::mem::take(&mut self.shared.lock().news)
    }

    /// The run goes no further here. If the copy lacks something that cannot be sent even now, says how much.
    pub fn close(mut self) -> Option<String> {
        self.end();
        let state = self.shared.lock();
        let missing = state.wanted - state.durable;
        (missing > 0).then(|| format!("the copy of the journal lacks the last {missing} events"))
    }

    fn end(&mut self) {
        self.shared.lock().closing = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.end();
    }
}

impl Shared {
    /// A thread that has panicked leaves nothing half done here.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells whoever waits for a commit, and whoever follows the run.
    fn tell(&self, mut state: MutexGuard<'_, State>, news: Option<(Link, String)>) {
        let ring = news.is_some();
        state.news.extend(news);
        drop(state);
        self.changed.notify_all();
        if ring {
            let _ = (&self.bell).write(b"!");
        }
    }
}

/// That nothing is to be done here any more.
pub(super) fn taken_over(by: &str) -> String {
    format!("it was taken over: {by}")
}
