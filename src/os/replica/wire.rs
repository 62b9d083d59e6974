//! The command that leads to the copy, and the conversation with it. Nothing here waits longer than it is told to.

use super::message::{Reply, Request};
use crate::os::environment;
use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_setfl};
use rustix::io::{Errno, read, write};
use rustix::process::{Pid, Signal, kill_process_group};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// The way to a copy, open.
#[derive(Debug)]
pub(super) struct Wire {
    child: Child,
    requests: OwnedFd,
    replies: OwnedFd,
    /// `None` once it is closed.
    complaints: Option<OwnedFd>,
    heard: Vec<u8>,
    complained: Vec<u8>,
}

impl Wire {
    /// Starts the command. Whether it leads anywhere shows with the first exchange.
    pub fn open(prefix: &[String]) -> Result<Wire, String> {
        let (program, arguments) = prefix.split_first().ok_or("there is no command that leads there")?;
        let mut command = environment::command(program);
        command.args(arguments).args(["handover", "receive"]).process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("`{program}` could not be started: {error}"))?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(requests), Some(replies), Some(complaints)) = pipes else {
            return Err(String::from("its streams are missing"));
        };
        let (requests, replies, complaints) = (requests.into(), replies.into(), OwnedFd::from(complaints));
        for pipe in [&requests, &replies, &complaints] {
            fcntl_setfl(pipe, OFlags::NONBLOCK).map_err(|error| io::Error::from(error).to_string())?;
        }
        Ok(Wire { child, requests, replies, complaints: Some(complaints), heard: Vec::new(), complained: Vec::new() })
    }

    /// Says something and waits for the reply.
    pub fn exchange(&mut self, request: &Request, patience: Duration) -> Result<Reply, String> {
        let mut text = serde_json::to_vec(request).map_err(|error| error.to_string())?;
        text.push(b'\n');
        let until = Instant::now() + patience;
        let mut unsent = text.as_slice();
        loop {
            if let Some(end) = self.heard.iter().position(|b| *b == b'\n') {
                let line: Vec<u8> = self.heard.drain(..=end).collect();
                return serde_json::from_slice(&line)
                    .map_err(|_| format!("what answers there is no `handover receive`: {}", shown(&line)));
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(format!("no answer within {} s", patience.as_secs()));
            }
            self.turn(&mut unsent, left)?;
        }
    }

    /// Sends and hears what can be sent and heard now, or soon.
    fn turn(&mut self, unsent: &mut &[u8], left: Duration) -> Result<(), String> {
        let timeout = Timespec { tv_sec: left.as_secs().cast_signed(), tv_nsec: i64::from(left.subsec_nanos()) };
        let mut polled = vec![PollFd::new(&self.replies, PollFlags::IN)];
        polled.extend(self.complaints.as_ref().map(|pipe| PollFd::new(pipe, PollFlags::IN)));
        if !unsent.is_empty() {
            polled.push(PollFd::new(&self.requests, PollFlags::OUT));
        }
        match poll(&mut polled, Some(&timeout)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(io::Error::from(error).to_string()),
        }
        if let Some(pipe) = &self.complaints
            && take_in(pipe, &mut self.complained) == Taken::End
        {
            self.complaints = None;
        }
        let closed = take_in(&self.replies, &mut self.heard) == Taken::End;
        if closed && !self.heard.contains(&b'\n') {
            return Err(self.why_closed());
        }
        match write(&self.requests, unsent) {
            Ok(sent) => *unsent = unsent.get(sent..).unwrap_or_default(),
            // What has ended says why when it is read.
            Err(Errno::AGAIN | Errno::INTR | Errno::PIPE) => {}
            Err(error) => return Err(io::Error::from(error).to_string()),
        }
        Ok(())
    }

    /// The last thing that the command complained of, or how it ended.
    fn why_closed(&mut self) -> String {
        let _ = self.child.kill();
        let ended = self.child.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
        if let Some(pipe) = &self.complaints {
            take_in(pipe, &mut self.complained);
        }
        let text = String::from_utf8_lossy(&self.complained);
        text.lines().map(str::trim).rfind(|line| !line.is_empty()).map_or(ended, String::from)
    }
}

impl Drop for Wire {
    /// What leads to the copy ends with everything it has started.
    fn drop(&mut self) {
        if let Some(group) = Pid::from_raw(self.child.id().cast_signed()) {
            let _ = kill_process_group(group, Signal::TERM);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(PartialEq, Eq)]
enum Taken {
    Some,
    End,
}

/// Reads what is there.
fn take_in(pipe: &impl AsFd, into: &mut Vec<u8>) -> Taken {
    loop {
        into.reserve(4 << 10);
        match read(pipe, spare_capacity(into)) {
            Ok(0) => return Taken::End,
            Ok(_) => {}
            Err(Errno::AGAIN | Errno::INTR) => return Taken::Some,
            Err(_) => return Taken::End,
        }
    }
}

fn shown(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    text.trim().chars().take(80).collect()
}
