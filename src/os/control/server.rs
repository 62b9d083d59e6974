//! The executor's side: a socket in its poll loop.

use super::{FOLDER, LINE_BYTES, Reply, Request, Wish, short_path};
use crate::bytecode::InstrId;
use crate::os::gates::{Gates, Verdict};
use crate::os::roles::user_name;
use crate::os::state;
use crate::os::who::readable;
use crate::run::{Happening, RunError, Said};
use rustix::io::{Errno, read};
use rustix::net::sockopt::socket_peercred;
use std::fs;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// How many may talk at the same time; whoever comes after them takes the place of the one who has been silent longest.
const PEERS: usize = 32;

/// The socket of a run; it is removed when this is dropped.
#[derive(Debug)]
pub(in crate::os) struct Control {
    path: PathBuf,
    listener: UnixListener,
    peers: Vec<Peer>,
    /// Those to whom it is said that something is done, once it is written down.
    waiting: Vec<UnixStream>,
    cancelled: bool,
}

/// Somebody who has not yet said what they want.
#[derive(Debug)]
struct Peer {
    stream: UnixStream,
    line: Vec<u8>,
}

impl Control {
    /// Listens for a run; nobody else does, for its locks are held.
    pub fn open(folder: &Path, run: &str, cancelled: bool) -> Result<Control, RunError> {
        state::make_inside(folder, &folder.join(FOLDER))?;
        let path = folder.join(FOLDER).join(run);
        let listen = || {
            // What an executor that was lost has left.
            let _ = fs::remove_file(&path);
            let (_open, short) = short_path(folder, run)?;
            let listener = UnixListener::bind(short)?;
            listener.set_nonblocking(true)?;
            Ok(listener)
        };
        let listener = listen().map_err(|error: io::Error| state::unusable(&path, &error))?;
        state::share(folder, &path)?;
        Ok(Control { path, listener, peers: Vec::new(), waiting: Vec::new(), cancelled })
    }

    /// What to poll for.
    pub fn handles(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        std::iter::once(self.listener.as_fd()).chain(self.peers.iter().map(|p| p.stream.as_fd()))
    }

    /// Somebody at the executor's own terminal wants the run to end.
    pub fn note_cancelled(&mut self) {
        self.cancelled = true;
    }

    /// What was to be done is done and written down: says so to those who wait for it.
    pub fn confirm(&mut self) {
        self.waiting.drain(..).for_each(|stream| say(stream, &Reply::Done));
    }

    /// Takes in whoever comes and what they want.
    pub fn take_in(&mut self, gates: &mut Gates) -> Vec<Happening> {
        while let Ok((stream, _)) = self.listener.accept() {
            if stream.set_nonblocking(true).is_ok() {
                self.peers.push(Peer { stream, line: Vec::new() });
            }
            if self.peers.len() > PEERS {
                self.peers.remove(0);
            }
        }
        let mut happenings = Vec::new();
        for mut peer in std::mem::take(&mut self.peers) {
            match peer.listen() {
                Heard::Nothing => self.peers.push(peer),
                Heard::Gone => {}
                Heard::Line(line) => happenings.extend(self.request(peer.stream, &line, gates)),
            }
        }
        happenings
    }

    fn request(&mut self, stream: UnixStream, line: &[u8], gates: &mut Gates) -> Option<Happening> {
        let request: Option<Request> = serde_json::from_slice(line).ok();
        let (Some(request), Some((user, person))) = (&request, request.as_ref().and_then(|r| identify(&stream, r)))
        else {
            say(stream, &Reply::Unclear);
            return None;
        };
        let by = Said { who: user, why: readable(&request.why) };
        let happening = match &request.wish {
            Wish::Answer { step, word } => match gates.answer(InstrId(*step), word, &person) {
                Verdict::Counts(option) => Happening::Answered { step: InstrId(*step), option, by },
                Verdict::NotOpen => return refuse(stream, &Reply::NotOpen),
                Verdict::NoSuchAnswer => return refuse(stream, &Reply::NoSuchAnswer),
                Verdict::NotAllowed(role) => return refuse(stream, &Reply::NotAllowed { user: person, role }),
            },
            // A second wish of the mild sort must not end what runs.
            Wish::Cancel { hard: false } if self.cancelled => return refuse(stream, &Reply::CancelledAlready),
            Wish::Cancel { hard } => {
                self.cancelled = true;
                Happening::Interrupted { by, hard: *hard }
            }
        };
        self.waiting.push(stream);
        Some(happening)
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.confirm();
        let _ = fs::remove_file(&self.path);
    }
}

/// What a peer has said.
enum Heard {
    Nothing,
    Line(Vec<u8>),
    Gone,
}

impl Peer {
    fn listen(&mut self) -> Heard {
        let mut buffer = [0; 4096];
        loop {
            match read(&self.stream, &mut buffer) {
                Ok(0) => return Heard::Gone,
                Ok(n) => self.line.extend_from_slice(buffer.get(..n).unwrap_or_default()),
                Err(Errno::INTR) => continue,
                Err(Errno::AGAIN) => return Heard::Nothing,
                Err(_) => return Heard::Gone,
            }
            if let Some(end) = self.line.iter().position(|b| *b == b'\n') {
                self.line.truncate(end);
                return Heard::Line(std::mem::take(&mut self.line));
            }
            if self.line.len() > LINE_BYTES {
                return Heard::Line(Vec::new());
            }
        }
    }
}

/// Who is at the other end, as people are shown them, and the account that has or has not a role.
fn identify(stream: &UnixStream, request: &Request) -> Option<(String, String)> {
    let uid = socket_peercred(stream).ok()?.uid;
    let account = user_name(uid.as_raw());
    match &request.person {
        Some(person) if uid.is_root() && *person != account => {
            let person = readable(person);
            Some((format!("{person} as {account}"), person))
        }
        _ => Some((account.clone(), account)),
    }
}

fn refuse(stream: UnixStream, reply: &Reply) -> Option<Happening> {
    say(stream, reply);
    None
}

/// Somebody who has gone does not hear it.
fn say(mut stream: UnixStream, reply: &Reply) {
    let line = serde_json::to_string(reply).unwrap_or_default();
    let _ = stream.write_all(format!("{line}\n").as_bytes());
}

#[cfg(test)]
mod tests {
    use super::Control;
    use crate::bytecode::InstrId;
    use crate::calculus::Gate;
    use crate::os::control::client::{answer, cancel, is_alive};
    use crate::os::gates::Gates;
    use crate::os::roles::{Roles, user_name};
    use crate::run::{Happening, Question, RunError};
    use std::os::unix::net::UnixStream;
    use std::path::Path;
    use std::thread;
    use std::time::{Duration, Instant};

    fn question(role: Option<&str>) -> Question {
        let options = ["no", "yes"].map(|o| (o.to_owned(), String::new())).to_vec();
        let gate = Gate { role: role.map(str::to_owned), ..Gate::default() };
        Question { text: "go on?".into(), options, gate, until: None }
    }

    /// Serves until something happens that is no refusal, or the wish has its reply.
    fn serve<T: Send + 'static>(
        control: &mut Control,
        gates: &mut Gates,
        wish: impl FnOnce() -> T + Send + 'static,
    ) -> (Vec<Happening>, T) {
        let client = thread::spawn(wish);
        let mut all = Vec::new();
        let patience = Instant::now() + Duration::from_secs(20);
        while !client.is_finished() {
            assert!(Instant::now() < patience, "nobody was served");
            all.extend(control.take_in(gates));
            control.confirm();
        }
        (all, client.join().unwrap())
    }

    #[test]
    fn an_answer_counts_once_and_only_of_those_who_may() {
        let state = tempfile::tempdir().unwrap();
        let folder = state.path().to_owned();
        let mut control = Control::open(&folder, "r1", false).unwrap();
        let me = user_name(rustix::process::getuid().as_raw());
        let named = vec![(String::from("mine"), vec![me.clone()]), (String::from("theirs"), vec![String::from("eve")])];
        let mut gates = Gates::new(Roles::new(named), &me);
        gates.open(InstrId(1), &question(Some("mine")));
        gates.open(InstrId(2), &question(Some("theirs")));
        assert!(is_alive(&folder, "r1"));
        let ask = |step: u32, word: &'static str| {
            let folder = folder.clone();
            move || answer(&folder, "r1", InstrId(step), word, "the ticket\nis closed")
        };
        let (seen, reply) = serve(&mut control, &mut gates, ask(1, "perhaps"));
        assert_eq!((seen, reply.unwrap_err().message.as_str()), (vec![], "`perhaps` is no answer to this question"));
        let (seen, reply) = serve(&mut control, &mut gates, ask(1, "yes"));
        reply.unwrap();
        let [Happening::Answered { step: InstrId(1), option: 1, by }] = seen.as_slice() else { panic!("{seen:?}") };
        assert_eq!((by.who.as_str(), by.why.as_str()), (me.as_str(), "the ticket is closed"));
        let (seen, reply) = serve(&mut control, &mut gates, ask(1, "no"));
        assert_eq!((seen, reply.unwrap_err().message.as_str()), (vec![], "the question is not open any more"));
        let (seen, reply) = serve(&mut control, &mut gates, ask(2, "yes"));
        let RunError { message, .. } = reply.unwrap_err();
        assert_eq!((seen, message), (vec![], format!("this is for `theirs` to answer, and {me} is not")));
        drop(control);
        assert!(!is_alive(&folder, "r1"));
        assert_eq!(ask(1, "yes")().unwrap_err().message, "no executor is working on run r1");
    }

    #[test]
    fn a_second_mild_wish_to_cancel_ends_nothing() {
        let state = tempfile::tempdir().unwrap();
        let folder = state.path().to_owned();
        let (mut control, mut gates) = (Control::open(&folder, "r1", false).unwrap(), Gates::default());
        let wish = |hard: bool| {
            let folder = folder.clone();
            move || cancel(&folder, "r1", hard, "")
        };
        let (seen, reply) = serve(&mut control, &mut gates, wish(false));
        reply.unwrap();
        assert!(matches!(seen.as_slice(), [Happening::Interrupted { hard: false, .. }]), "{seen:?}");
        let (seen, reply) = serve(&mut control, &mut gates, wish(false));
        assert_eq!((seen, reply.unwrap_err().message.as_str()), (vec![], "the run is being cancelled already"));
        let (seen, reply) = serve(&mut control, &mut gates, wish(true));
        reply.unwrap();
        assert!(matches!(seen.as_slice(), [Happening::Interrupted { hard: true, .. }]), "{seen:?}");
    }

    #[test]
    fn whoever_is_silent_or_speaks_nonsense_keeps_nobody_out() {
        use std::io::{Read, Write};
        let state = tempfile::tempdir().unwrap();
        let folder = state.path().to_owned();
        let (mut control, mut gates) = (Control::open(&folder, "r1", false).unwrap(), Gates::default());
        let connect = |folder: &Path| UnixStream::connect(folder.join("control/r1")).unwrap();
        let silent: Vec<UnixStream> = (0..50)
            .map(|_| {
                let stream = connect(&folder);
                control.take_in(&mut gates);
                stream
            })
            .collect();
        assert!(control.handles().count() <= super::PEERS + 1);
        let mut odd = connect(&folder);
        odd.write_all(b"{\"wish\": \"dance\"}\n").unwrap();
        control.take_in(&mut gates);
        let mut reply = String::new();
        odd.read_to_string(&mut reply).unwrap();
        assert_eq!(reply, "\"unclear\"\n");
        let (seen, reply) = serve(&mut control, &mut gates, {
            let folder = folder.clone();
            move || cancel(&folder, "r1", false, "")
        });
        reply.unwrap();
        assert_eq!(seen.len(), 1);
        drop(silent);
    }

    #[test]
    fn the_name_of_the_folder_may_be_as_long_as_it_likes() {
        let state = tempfile::tempdir().unwrap();
        let folder = state.path().join("x".repeat(200));
        std::fs::create_dir(&folder).unwrap();
        let control = Control::open(&folder, "r1", false).unwrap();
        assert!(is_alive(&folder, "r1"));
        drop(control);
    }
}
