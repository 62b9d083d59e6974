//! A terminal whose keys are read one by one, without echo, for as long as a run is watched.
//!
//! The terminal is as it was when this is dropped, also by a panic. Ctrl-C and Ctrl-Z keep their meaning. While the
//! executor is in the background the terminal is another's: nothing is read and nothing is set.

use crate::bytecode::InstrId;
use crate::run::Key;
use rustix::io::{Errno, read};
use rustix::process::getpgrp;
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetpgrp, tcsetattr};
use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::os::fd::{AsFd, BorrowedFd};

/// Keys of somebody at a terminal.
#[derive(Debug)]
pub(super) struct Keys {
    input: File,
    before: Termios,
    /// Bytes that are not a whole key yet.
    bytes: Vec<u8>,
    /// The steps that wait for an answer.
    asked: BTreeSet<InstrId>,
    closed: bool,
}

impl Keys {
    /// The terminal of this process, if it has one.
    pub fn terminal() -> Option<Keys> {
        let input = OpenOptions::new().read(true).open("/dev/tty").ok()?;
        let before = tcgetattr(&input).ok()?;
        let keys = Keys { input, before, bytes: Vec::new(), asked: BTreeSet::new(), closed: false };
        keys.take_hold();
        Some(keys)
    }

    /// Whether the terminal is ours at the moment.
    fn in_front(&self) -> bool {
        tcgetpgrp(&self.input).is_ok_and(|group| group == getpgrp())
    }

    /// Turns line editing and echo off, unless they are, or the terminal is another's.
    fn take_hold(&self) {
        let lines = LocalModes::ICANON | LocalModes::ECHO;
        let Some(mut now) = tcgetattr(&self.input).ok().filter(|_| self.in_front()) else { return };
        if now.local_modes.intersects(lines) {
            now.local_modes.remove(lines);
            now.special_codes[SpecialCodeIndex::VMIN] = 1;
            now.special_codes[SpecialCodeIndex::VTIME] = 0;
            let _ = tcsetattr(&self.input, OptionalActions::Now, &now);
        }
    }

    /// A question stands on the screen. False if the operator has gone.
    pub fn ask(&mut self, step: InstrId) -> bool {
        if !self.closed {
            self.asked.insert(step);
        }
        !self.closed
    }

    /// A question stands there no more.
    pub fn withdraw(&mut self, step: InstrId) {
        self.asked.remove(&step);
    }

    /// What to poll for; `None` while the terminal is another's. One that has gone says so when it is read.
    pub fn handle(&self) -> Option<BorrowedFd<'_>> {
        let anothers = tcgetpgrp(&self.input).is_ok_and(|group| group != getpgrp());
        if self.closed || anothers {
            return None;
        }
        // Whoever had it meanwhile has left it in another mode.
        self.take_hold();
        Some(self.input.as_fd())
    }

    /// Takes in what was typed.
    pub fn take_in(&mut self) -> Vec<Key> {
        let mut buffer = [0; 256];
        match read(&self.input, &mut buffer) {
            Ok(0) => self.closed = true,
            Ok(n) => self.bytes.extend_from_slice(buffer.get(..n).unwrap_or_default()),
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(_) => self.closed = true,
        }
        keys(&mut self.bytes)
    }

    /// The steps whose questions nobody will answer any more, once.
    pub fn unanswered(&mut self) -> BTreeSet<InstrId> {
        if self.closed { std::mem::take(&mut self.asked) } else { BTreeSet::new() }
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        if self.in_front() {
            let _ = tcsetattr(&self.input, OptionalActions::Now, &self.before);
        }
    }
}

/// Takes the keys out of what a terminal sent; the beginning of one that is not there yet stays.
fn keys(bytes: &mut Vec<u8>) -> Vec<Key> {
    let mut keys = Vec::new();
    while !bytes.is_empty() {
        let (length, key) = match bytes.as_slice() {
            [0x1b, b'[' | b'O', rest @ ..] => sequence(rest),
            [0x1b, ..] => (1, Some(Key::Escape)),
            [b'\r' | b'\n', ..] => (1, Some(Key::Enter)),
            [0x7f | 0x08, ..] => (1, Some(Key::Backspace)),
            [0..0x20, ..] => (1, None),
            other => match character(other) {
                Some(found) => found,
                None => break,
            },
        };
        bytes.drain(..length.min(bytes.len()));
        keys.extend(key);
    }
    keys
}

/// What follows `ESC [` or `ESC O`: parameters and a final byte, by ECMA-48. Its length counts those two.
fn sequence(rest: &[u8]) -> (usize, Option<Key>) {
    let parameters = rest.iter().take_while(|b| matches!(b, 0x20..0x40)).count();
    let key = match (parameters, rest.get(parameters)) {
        (0, Some(b'A')) => Some(Key::Up),
        (0, Some(b'B')) => Some(Key::Down),
        _ => None,
    };
    (2 + parameters + 1, key)
}

/// The first character; `None` if more of it is to come.
fn character(bytes: &[u8]) -> Option<(usize, Option<Key>)> {
    let head = bytes.get(..bytes.len().min(4)).unwrap_or_default();
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.valid_up_to() > 0 => std::str::from_utf8(head.get(..error.valid_up_to())?).ok()?,
        Err(error) => return error.error_len().map(|length| (length, None)),
    };
    text.chars().next().map(|c| (c.len_utf8(), Some(Key::Char(c))))
}

#[cfg(test)]
mod tests {
    use super::keys;
    use crate::run::Key;

    #[test]
    fn keys_are_told_apart_and_a_part_of_one_waits_for_the_rest() {
        let mut bytes = b"aq\x1b[A\x1bOB\x1b[1;5C\r\n\x7f\x01\x1b".to_vec();
        let expected =
            [Key::Char('a'), Key::Char('q'), Key::Up, Key::Down, Key::Enter, Key::Enter, Key::Backspace, Key::Escape];
        assert_eq!(keys(&mut bytes), expected);
        let mut bytes = "ü€".as_bytes()[..3].to_vec();
        assert_eq!(keys(&mut bytes), [Key::Char('ü')]);
        assert_eq!(bytes.len(), 1);
        bytes.extend_from_slice(&"€".as_bytes()[1..]);
        assert_eq!(keys(&mut bytes), [Key::Char('€')]);
        assert_eq!(keys(&mut vec![0xff, b'x']), [Key::Char('x')], "what is no text is no key");
    }
}
