//! The other side: somebody at another terminal.

use super::{LINE_BYTES, Reply, Request, Wish, short_path};
use crate::bytecode::InstrId;
use crate::run::RunError;
use std::env;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// How long an executor may take to answer: it is at most busy writing.
const PATIENCE: Duration = Duration::from_secs(60);

/// Whether an executor works on a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Presence {
    /// One does, and listens.
    Here,
    /// It cannot be seen: this user may not talk to it.
    Hidden,
    /// None does, on this machine.
    Gone,
}

/// Whether an executor works on a run, as far as this user can see.
pub fn presence(folder: &Path, run: &str) -> Presence {
    match connect(folder, run) {
        Ok(_) => Presence::Here,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Presence::Hidden,
        Err(_) => Presence::Gone,
    }
}

/// Whether an executor works on a run. One that this user may not talk to is not seen.
pub fn is_alive(folder: &Path, run: &str) -> bool {
    presence(folder, run) == Presence::Here
}

/// Answers an open question of a run; returns once the answer is recorded.
///
/// # Errors
/// No executor is there, the question is not open, it has no such answer, or this user does not have the role.
pub fn answer(folder: &Path, run: &str, step: InstrId, word: &str, why: &str) -> Result<(), RunError> {
    let wish = Wish::Answer { step: step.0, word: word.to_owned() };
    match request(folder, run, wish, why)? {
        Reply::Done => Ok(()),
        Reply::NotOpen => Err(RunError::usage("the question is not open any more")
            .help(format!("`handover show {run}` says who has answered it"))),
        Reply::NoSuchAnswer => Err(RunError::usage(format!("`{word}` is no answer to this question"))
            .help(format!("`handover show {run}` shows the answers that it has"))),
        Reply::NotAllowed { user, role } => Err(RunError::usage(format!(
            "this is for `{role}` to answer, and {user} is not"
        ))
        .help(format!("ask somebody of the group `{role}`, or whom the run was started with: `--role {role}=…`"))),
        Reply::CancelledAlready | Reply::Unclear => Err(misunderstood()),
    }
}

/// Cancels a run: mildly, or at once with what runs. Returns once that is recorded.
///
/// # Errors
/// No executor is there, or the run is being cancelled already.
pub fn cancel(folder: &Path, run: &str, hard: bool, why: &str) -> Result<(), RunError> {
    match request(folder, run, Wish::Cancel { hard }, why)? {
        Reply::Done => Ok(()),
        Reply::CancelledAlready => Err(RunError::usage("the run is being cancelled already")
            .help(format!("what runs is left to end; `handover cancel {run} --now` ends it"))),
        _ => Err(misunderstood()),
    }
}

fn request(folder: &Path, run: &str, wish: Wish, why: &str) -> Result<Reply, RunError> {
    let stream = connect(folder, run).map_err(|error| unreachable(run, &error))?;
    let person = env::var("SUDO_USER").ok().filter(|person| !person.is_empty());
    let request = Request { wish, why: why.chars().take(1000).collect(), person };
    let talk = || -> io::Result<Reply> {
        stream.set_read_timeout(Some(PATIENCE))?;
        let line = serde_json::to_string(&request)?;
        (&stream).write_all(format!("{line}\n").as_bytes())?;
        let mut reply = String::new();
        BufReader::new((&stream).take(LINE_BYTES as u64)).read_line(&mut reply)?;
        Ok(serde_json::from_str(&reply)?)
    };
    talk().map_err(|error| {
        RunError::stopped(format!("the executor of run {run} gave no reply: {error}"))
            .help(format!("`handover show {run}` says whether it was heard"))
    })
}

fn connect(folder: &Path, run: &str) -> io::Result<UnixStream> {
    let (_open, path) = short_path(folder, run)?;
    UnixStream::connect(path)
}

fn unreachable(run: &str, error: &io::Error) -> RunError {
    match error.kind() {
        ErrorKind::PermissionDenied => RunError::usage(format!("this user may not talk to the executor of run {run}"))
            .help("the state folder is another user's; a folder of a group that all of them are in can be shared"),
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => {
            RunError::stopped(format!("no executor is working on run {run}"))
                .help(format!("go on with it: `handover resume {run}`, with `--answer STEP=WORD` or `--cancel`"))
        }
        _ => RunError::stopped(format!("the executor of run {run} cannot be reached: {error}")),
    }
}

fn misunderstood() -> RunError {
    RunError::stopped("the executor does not understand this").help("it is of another version: use that one")
}
