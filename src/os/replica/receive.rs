//! The side that keeps the copy: a store like any other, to which events come from another executor.
//!
//! Which of the two goes on with a run is in the journal itself: its last session names the store of its executor. Taking
//! a run over adds a session here, so that the chain no longer ends where the other executor left it, and from then
//! on nothing of it is accepted.

use super::message::{FORMAT, Reply, Request};
use crate::os::store::{Addition, Store};
use crate::run::RunError;
use crate::verify::{Verified, load};
use std::io::{self, BufRead, Write};

/// Answers requests until there are no more.
pub fn receive(store: &Store, requests: impl BufRead, mut replies: impl Write) -> io::Result<()> {
    let mut receiver = Receiver { store, about: None, program: None };
    for line in requests.lines() {
        let reply = match serde_json::from_str(&line?) {
            Ok(request) => receiver.reply(request).unwrap_or_else(|error| Reply::Refused { why: error.message }),
            Err(error) => Reply::Refused { why: format!("it is not understood: {error}") },
        };
        let mut text = serde_json::to_vec(&reply)?;
        text.push(b'\n');
        replies.write_all(&text)?;
        replies.flush()?;
    }
    Ok(())
}

struct Receiver<'a> {
    store: &'a Store,
    about: Option<About>,
    program: Option<Verified>,
}

/// What the sender has said of itself.
#[derive(Clone)]
struct About {
    run: String,
    digest: String,
    journal: String,
}

impl Receiver<'_> {
    fn reply(&mut self, request: Request) -> Result<Reply, RunError> {
        match request {
            Request::Hello { format: FORMAT, run, digest, journal } => {
                if journal == self.store.id() {
                    return Ok(Reply::Refused { why: String::from("that is this journal itself") });
                }
                let about = About { run, digest, journal };
                self.about = Some(about.clone());
                self.position(&about)
            }
            Request::Hello { format, .. } => {
                let why = format!("the handover there speaks version {FORMAT} of this, the one here version {format}");
                Ok(Reply::Refused { why })
            }
            Request::Program { bytes } => {
                let about = self.about()?;
                let bytes = from_hexadecimal(&bytes).ok_or_else(|| RunError::usage("the program is not whole"))?;
                self.program = Some(program(&bytes, &about.digest)?);
                self.position(&about)
            }
            Request::Append { after, events, head } => {
                let about = self.about()?;
                let (run, digest) = (about.run.as_str(), about.digest.as_str());
                let addition =
                    Addition { run, digest, program: self.program.as_ref(), after, events: &events, head: &head };
                // Whoever has taken the run over has added to it: the chain does not end where the sender left it.
                if self.store.add(&addition)? {
                    return Ok(Reply::Have { events: self.store.end(run, digest)?.0, head, program: true });
                }
                match self.taken(&about)? {
                    Some(by) => Ok(Reply::Taken { by }),
                    None => Ok(Reply::Refused { why: format!("run {run} has gone on differently there") }),
                }
            }
        }
    }

    fn about(&self) -> Result<About, RunError> {
        self.about.clone().ok_or_else(|| RunError::usage("nobody has said which run this is about"))
    }

    fn position(&self, about: &About) -> Result<Reply, RunError> {
        if let Some(by) = self.taken(about)? {
            return Ok(Reply::Taken { by });
        }
        let (events, head) = self.store.end(&about.run, &about.digest)?;
        let program = self.program.is_some() || self.store.program(&about.digest).is_ok();
        Ok(Reply::Have { events, head, program })
    }

    /// Who goes on with the run, if it is not the sender.
    fn taken(&self, about: &About) -> Result<Option<String>, RunError> {
        let session = self.store.session(&about.run)?;
        Ok(session.filter(|s| s.by.journal != about.journal).map(|s| s.to_string()))
    }
}

/// A program that is the one that was announced.
fn program(bytes: &[u8], digest: &str) -> Result<Verified, RunError> {
    let program = load(bytes).map_err(|error| RunError::usage(error.to_string()))?;
    let found = blake3::Hash::from_bytes(program.digest()).to_hex();
    if found.as_str() != digest {
        let message = format!("the program that came is {found}, and that of the run is {digest}");
        return Err(RunError::usage(message));
    }
    Ok(program)
}

/// The bytes that a text in hexadecimal stands for.
fn from_hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|n| u8::try_from(n).ok());
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?)).collect()
}

/// Bytes as a text in hexadecimal.
pub(super) fn to_hexadecimal(bytes: &[u8]) -> String {
    let digit = |n: u8| char::from_digit(u32::from(n), 16).unwrap_or_default();
    bytes.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]).collect()
}
