//! Control from another terminal: a Unix socket in the state folder, one line of JSON in, one out.
//!
//! Whoever may enter the state folder may talk to the executor; the system says who it is (`SO_PEERCRED`, unix(7)). What
//! that person may answer is the gate's business.

mod client;
mod server;

pub use client::{Presence, answer, cancel, is_alive, presence};
pub(super) use server::Control;

use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

/// The folder of the sockets, in the state folder.
const FOLDER: &str = "control";
/// Bytes of a request or reply: more than any sensible reason for an answer.
const LINE_BYTES: usize = 16_384;

/// What somebody wants of an executor.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Request {
    wish: Wish,
    /// Why, in their words.
    #[serde(default)]
    why: String,
    /// The person behind `sudo`: believed of root, who could be anybody anyway.
    #[serde(default)]
    person: Option<String>,
}

/// What is wanted.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Wish {
    /// A question to be answered with this word.
    Answer { step: u32, word: String },
    /// The run to end.
    Cancel { hard: bool },
}

/// What the executor says to it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    /// It is done.
    Done,
    /// The question is not open, or not any more.
    NotOpen,
    /// The question has no such answer.
    NoSuchAnswer,
    /// This person does not have the role.
    NotAllowed { user: String, role: String },
    /// The run is being cancelled already.
    CancelledAlready,
    /// It was not understood.
    Unclear,
}

/// A short path to a socket in a folder: the path of a socket has at most 107 bytes (unix(7)). It is good while the folder
/// is open.
fn short_path(folder: &Path, run: &str) -> io::Result<(File, PathBuf)> {
    let open = File::open(folder.join(FOLDER))?;
    let path = PathBuf::from(format!("/proc/self/fd/{}/{run}", open.as_raw_fd()));
    Ok((open, path))
}
