//! Ctrl-C and `kill`, as something to poll for. A terminal that goes away ends nothing: the plan goes on without it.

use rustix::io::{ioctl_fionbio, read};
use rustix::process::Signal;
use signal_hook::SigId;
use signal_hook::consts::signal::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::low_level::{pipe, unregister};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The wish of somebody outside that the run end.
#[derive(Debug)]
pub(super) struct Signals {
    sources: Vec<Source>,
    /// Signals that end nothing: a terminal that goes away, a journal that may grow no further.
    caught: [SigId; 2],
}

#[derive(Debug)]
struct Source {
    id: SigId,
    name: &'static str,
    from: UnixStream,
}

impl Signals {
    /// From now on these signals do not end the process.
    pub fn catch() -> io::Result<Signals> {
        let catch = |(signal, name)| {
            let (from, to) = UnixStream::pair()?;
            ioctl_fionbio(&from, true)?;
            Ok(Source { id: pipe::register(signal, to)?, name, from })
        };
        let sources = [(SIGINT, "Ctrl-C"), (SIGTERM, "SIGTERM")].into_iter().map(catch).collect::<io::Result<_>>()?;
        // Caught rather than ignored: commands would inherit the ignoring.
        let catch = |signal| flag::register(signal, Arc::new(AtomicBool::new(false)));
        Ok(Signals { sources, caught: [catch(SIGHUP)?, catch(Signal::XFSZ.as_raw())?] })
    }

    /// What to poll for.
    pub fn handles(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.sources.iter().map(|s| s.from.as_fd())
    }

    /// The names of the signals that have come, each as often as it came.
    pub fn take(&mut self) -> Vec<&'static str> {
        let mut taken = Vec::new();
        for source in &self.sources {
            let mut buffer = [0; 16];
            let count = read(&source.from, &mut buffer).unwrap_or(0);
            taken.extend(std::iter::repeat_n(source.name, count));
        }
        taken
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for id in self.sources.iter().map(|s| s.id).chain(self.caught) {
            unregister(id);
        }
    }
}
