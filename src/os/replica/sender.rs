//! The thread that sends a journal to its copy.

use super::message::{FORMAT, Reply, Request};
use super::receive::to_hexadecimal;
use super::wire::Wire;
use super::{CAUGHT_UP, Shared, State, Subject};
use crate::base::limits;
use crate::os::store::Store;
use crate::run::{Link, RunError};
use std::sync::PoisonError;
use std::time::Duration;

/// Bytes of events in one message: what passes a slow way within [`limits::REPLICA_MS`].
const BATCH: usize = 256 << 10;

/// Why the copy does not grow.
pub(super) enum Trouble {
    /// The way is lost; it may come back.
    Lost(String),
    /// It will not grow again.
    Never(String),
    /// Another executor goes on with the run: who.
    Taken(String),
}

/// How many events are durable there.
#[derive(Clone, Copy)]
pub(super) struct Position(pub i64);

/// Sends the events of one run.
#[derive(Debug)]
pub(super) struct Sender {
    subject: Subject,
    wire: Option<Wire>,
}

impl Sender {
    /// Opens the way.
    pub fn connect(subject: Subject) -> Result<(Sender, Position), Trouble> {
        let mut sender = Sender { subject, wire: None };
        let store = sender.store()?;
        let position = sender.greet(&store)?;
        Ok((sender, position))
    }

    /// Sends what is wanted until the run ends.
    pub fn run(mut self, shared: &Shared) {
        let mut pause = Duration::from_millis(limits::REPLICA_RETRY_MS);
        loop {
            let trouble = match self.serve(shared) {
                Ok(()) => return,
                Err(trouble) => trouble,
            };
            self.wire = None;
            let mut state = shared.lock();
            let (closing, was_open) = (state.closing, state.open);
            (state.open, state.urgent) = (false, false);
            state.failures += 1;
            state.over = !matches!(trouble, Trouble::Lost(_));
            match trouble {
                Trouble::Lost(why) => {
                    let text = format!("{why}; the run goes on without its copy");
                    shared.tell(state, was_open.then_some((Link::Lost, text)));
                }
                Trouble::Never(why) => return shared.tell(state, Some((Link::Refused, why))),
                Trouble::Taken(by) => {
                    state.taken = Some(by.clone());
                    return shared.tell(state, Some((Link::TakenOver, super::taken_over(&by))));
                }
            }
            if closing {
                return;
            }
            pause = if was_open {
                Duration::from_millis(limits::REPLICA_RETRY_MS)
            } else {
                (pause * 2).min(Duration::from_secs(30))
            };
            let state = shared.lock();
            if !state.closing && !state.urgent {
                drop(
                    shared
                        .changed
                        .wait_timeout_while(state, pause, |s| !s.closing && !s.urgent)
                        .unwrap_or_else(PoisonError::into_inner),
                );
            }
        }
    }

    /// Sends what is wanted, as it comes; ends when the run has ended and everything is there.
    fn serve(&mut self, shared: &Shared) -> Result<(), Trouble> {
        let store = self.store()?;
        let Position(mut sent) = self.greet(&store)?;
        loop {
            match next(shared, sent) {
                Next::Send => {
                    sent = self.send(&store, sent)?;
                    let mut state = shared.lock();
                    state.durable = sent;
                    shared.tell(state, None);
                }
                // Whether the way still leads there, and whether the run was taken over.
                Next::Ask => drop(self.greet(&store)?),
                Next::End => return Ok(()),
            }
        }
    }

    fn send(&mut self, store: &Store, after: i64) -> Result<i64, Trouble> {
        let (events, head) = store.texts(&self.subject.run, after, BATCH).map_err(unreadable)?;
        let end = after + i64::try_from(events.len()).unwrap_or(0);
        match self.exchange(&Request::Append { after, events, head: head.clone() })? {
            Reply::Have { events, head: there, .. } if (events, &there) == (end, &head) => Ok(end),
            _ => Err(Trouble::Never(String::from("what is there is not what was sent"))),
        }
    }

    /// Says which run this is about and finds out what is there.
    fn greet(&mut self, store: &Store) -> Result<Position, Trouble> {
        let Subject { run, digest, journal, program, .. } = self.subject.clone();
        let hello = Request::Hello { format: FORMAT, run: run.clone(), digest: digest.clone(), journal };
        let mut have = self.exchange(&hello)?;
        if let Reply::Have { program: false, .. } = have {
            have = self.exchange(&Request::Program { bytes: to_hexadecimal(&program) })?;
        }
        let Reply::Have { events, head, .. } = have else {
            return Err(Trouble::Never(String::from("the answer makes no sense")));
        };
        match store.link(&run, &digest, events).map_err(unreadable)? {
            Some(link) if link == head => Ok(Position(events)),
            _ => Err(Trouble::Never(format!("run {run} has gone on differently there"))),
        }
    }

    fn exchange(&mut self, request: &Request) -> Result<Reply, Trouble> {
        let (wire, patience) = match self.wire.take() {
            Some(wire) => (wire, limits::REPLICA_MS),
            None => (Wire::open(&self.subject.prefix).map_err(Trouble::Lost)?, limits::REPLICA_OPEN_MS),
        };
        let wire = self.wire.insert(wire);
        match wire.exchange(request, Duration::from_millis(patience)).map_err(Trouble::Lost)? {
            Reply::Taken { by } => Err(Trouble::Taken(by)),
            Reply::Refused { why } => Err(Trouble::Never(why)),
            reply => Ok(reply),
        }
    }

    fn store(&self) -> Result<Store, Trouble> {
        Store::open(&self.subject.folder).map_err(unreadable)
    }
}

/// What to do.
enum Next {
    Send,
    Ask,
    End,
}

/// Waits until there is something to do. Once all that is wanted is there, commits are waited for again.
fn next(shared: &Shared, sent: i64) -> Next {
    let mut state = shared.lock();
    if !state.open && sent >= state.wanted {
        (state.open, state.durable) = (true, sent);
        shared.tell(state, Some((Link::Open, String::from(CAUGHT_UP))));
        state = shared.lock();
    }
    let pause = Duration::from_millis(limits::REPLICA_MS);
    let idle = |state: &mut State| state.wanted <= sent && !state.closing;
    let (state, time) = shared.changed.wait_timeout_while(state, pause, idle).unwrap_or_else(PoisonError::into_inner);
    match time.timed_out() {
        _ if state.wanted > sent => Next::Send,
        true => Next::Ask,
        false => Next::End,
    }
}

fn unreadable(error: RunError) -> Trouble {
    Trouble::Lost(error.message)
}
