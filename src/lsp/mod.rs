//! The language server: `handover lsp` between an editor and [`crate::assist`]. Alone in naming the types of the Language
//! Server Protocol.
//!
//! One thread reads, one writes, one checks; everything else happens in the order in which the editor said it. An answer
//! is always about the newest text. Nothing that the editor says ends the server but `exit` and a closed pipe: what is no
//! message is told and skipped, and a panic in one request is that request's answer. It writes no file but the copies of
//! the standard library.

mod answers;
mod checker;
mod diagnostics;
mod documents;
mod files;
mod library;
mod position;
mod server;
mod start;
mod uri;
mod wire;

use lsp_server::Message;
use server::Server;
use std::io::{self, BufRead, Write};
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::thread;
use wire::Incoming;

/// Messages that are read before the server has looked at them.
const AHEAD: usize = 64;

/// How it ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// The editor said goodbye: `shutdown`, then `exit`.
    Orderly,
    /// The editor has gone.
    Abruptly,
}

/// What happens to the server.
enum Event {
    /// The editor said something.
    Said(Incoming),
    /// The editor has closed its end.
    Gone,
    /// A check has come to something.
    Checked(checker::Report),
}

/// What the server says.
enum Outgoing {
    /// A message.
    Message(Message),
    /// The text of an answer: some are large, and nothing but their text is needed.
    Answer(String),
    /// That something was no message.
    Refusal(String),
}

/// Serves one editor until it says `exit` or goes.
///
/// # Errors
/// There can be no more threads.
pub fn serve(input: impl BufRead + Send + 'static, output: impl Write + Send + 'static) -> io::Result<Ended> {
    let (tell, events) = sync_channel(AHEAD);
    let (out, outgoing) = channel();
    let (reports, deaf) = (tell.clone(), tell.clone());
    // A report that nobody waits for any more is lost with the server.
    let checker = checker::Checker::start(move |report| drop(reports.send(Event::Checked(report))))?;
    thread::Builder::new().name("reader".into()).spawn(move || read(input, |event| tell.send(event).is_ok()))?;
    let writer = thread::Builder::new().name("writer".into()).spawn(move || {
        if write(output, &outgoing).is_err() {
            drop(deaf.send(Event::Gone));
        }
    })?;
    let ended = listen(Server::new(out, checker, library::Library::of_user()), &events);
    // Nobody hears any more that the writer has found no listener.
    drop(events);
    // Everything that was said is written before the end; a writer that panicked has nothing more to write.
    let _ = writer.join();
    Ok(ended)
}

/// Hears everything in order; several things at once if they have come meanwhile, so that what was cancelled is not done.
fn listen(mut server: Server, events: &Receiver<Event>) -> Ended {
    loop {
        let next = match (server.is_full(), server.is_busy()) {
            (true, _) => None,
            (false, true) => events.try_recv().ok(),
            (false, false) => Some(events.recv().unwrap_or(Event::Gone)),
        };
        match next {
            Some(Event::Said(Incoming::Message(message))) => server.hear(message),
            Some(Event::Said(Incoming::Malformed(why))) => server.refuse(why),
            Some(Event::Checked(report)) => server.learn(report),
            Some(Event::Gone) => return server.finish(),
            None => {
                if let Some(ended) = server.act() {
                    return ended;
                }
            }
        }
    }
}

fn read(mut input: impl BufRead, tell: impl Fn(Event) -> bool) {
    while let Ok(Some(incoming)) = wire::read(&mut input) {
        if !tell(Event::Said(incoming)) {
            return;
        }
    }
    tell(Event::Gone);
}

/// Writes until there is nothing more to say, or nobody listens.
fn write(mut output: impl Write, outgoing: &Receiver<Outgoing>) -> io::Result<()> {
    while let Ok(next) = outgoing.recv() {
        match next {
            Outgoing::Message(message) => wire::write(&mut output, &message),
            Outgoing::Answer(text) => wire::put(&mut output, &text),
            Outgoing::Refusal(why) => wire::refuse(&mut output, &why),
        }?;
    }
    Ok(())
}

/// The end of what is said to the editor.
type Out = Sender<Outgoing>;
