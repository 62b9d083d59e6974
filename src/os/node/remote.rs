//! A command at a node, from the order to the word on what became of it.

use super::facts::Word;
use crate::base::limits;
use crate::calculus::MachineId;
use crate::os::process::Process;
use crate::run::{Exit, Fate, Finished, Tail};

/// A command at a node.
#[derive(Debug)]
pub(super) struct Remote {
    pub machine: MachineId,
    /// Its folder in the notes there.
    pub place: String,
    /// What its runner's word stands behind.
    pub nonce: String,
    /// How often the way had been opened when it was sent; 0 for what an earlier executor sent.
    pub opened: u32,
    /// Whether it does something, so that its end matters.
    pub acts: bool,
    pub stage: Stage,
    /// It is to be ended; until then its node may say that it has.
    pub killed_until_ms: Option<u64>,
    /// By then its node has ended it.
    pub over_at_ms: Option<u64>,
    /// The runner has said something; until then the rest of the output may come.
    drain_until_ms: Option<u64>,
    output: (Tail, Tail),
    /// What the runner said.
    word: Option<Word>,
}

/// Where a command is.
#[derive(Debug)]
pub(super) enum Stage {
    /// It waits for the way to open; what it is told then.
    Queued(Vec<u8>),
    /// It has been sent.
    Sent(Box<Process>),
    /// Its connection is lost: its node is asked, until then; for ever if it has said that it is alive.
    Sought(Option<u64>),
}

/// What to do about a command.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    Nothing,
    /// Its connection is lost.
    Seek,
    /// What became of it is known.
    Over(Fate),
}

impl Remote {
    pub fn new(machine: MachineId, place: String, acts: bool, stage: Stage) -> Remote {
        Remote {
            machine,
            place,
            nonce: String::new(),
            opened: 0,
            acts,
            stage,
            killed_until_ms: None,
            over_at_ms: None,
            drain_until_ms: None,
            output: Default::default(),
            word: None,
        }
    }

    /// Whether its runner has said that it is over, so that there is nothing to be ended.
    pub fn has_said(&self) -> bool {
        let heard = if let Stage::Sent(process) = &self.stage { process.word() } else { None };
        heard.or(self.word.as_ref()).is_some()
    }

    /// Whether its node has to be asked about it.
    pub fn needs_agent(&self) -> bool {
        self.killed_until_ms.is_some() || matches!(self.stage, Stage::Sought(_))
    }

    /// Until when its node is looked for if the connection is lost now; `patience_ms` is until when one is looked for at
    /// the least. What has a limit that is kept there is sought for as long as its node may tell of that.
    pub fn sought_until(&self, patience_ms: u64) -> Option<u64> {
        let until = match &self.stage {
            Stage::Sent(_) if self.acts && !self.has_said() => patience_ms.max(self.over_at_ms.unwrap_or(0)),
            Stage::Sought(until) => until.unwrap_or(patience_ms),
            Stage::Queued(_) | Stage::Sent(_) => return None,
        };
        Some(until.min(self.killed_until_ms.unwrap_or(until)))
    }

    /// When [`Remote::tick`] has something to do.
    pub fn due_ms(&self) -> Option<u64> {
        let own = match &self.stage {
            Stage::Queued(_) => None,
            Stage::Sent(process) => self.drain_until_ms.or(process.due_ms()),
            Stage::Sought(until) => *until,
        };
        own.into_iter().chain(self.killed_until_ms).min()
    }

    /// Looks at the clock and at what has come.
    pub fn tick(&mut self, name: &str, clock_ms: u64) -> Next {
        if let Stage::Sent(process) = &mut self.stage {
            if self.word.is_none() && process.word().is_some() {
                self.word = process.word().cloned();
                self.drain_until_ms = Some(clock_ms.saturating_add(limits::DRAIN_MS));
            }
            let drained = process.is_complete() || self.drain_until_ms.is_some_and(|until| until <= clock_ms);
            let ended = process.tick(clock_ms);
            if let Some(finished) = &ended {
                self.output = (finished.stdout.clone(), finished.stderr.clone());
            }
            if ended.is_some() || (self.word.is_some() && drained) {
                let sent = std::mem::replace(&mut self.stage, Stage::Sought(self.killed_until_ms));
                if let (Stage::Sent(process), None) = (sent, ended) {
                    self.output = process.release();
                }
                return self.left(name);
            }
        }
        match (&self.stage, self.killed_until_ms) {
            // Whether it ended by itself, and whether all of it has, only its node can tell.
            (_, Some(until)) if until <= clock_ms => Next::Over(match &self.word {
                Some(word) if !matches!(word, Word::Ended(_)) => fate(word, name),
                _ => Fate::Lost(format!("`{name}` could not be asked to end it")),
            }),
            (Stage::Sought(Some(until)), _) if *until <= clock_ms => {
                Next::Over(Fate::Lost(format!("the connection to `{name}` was lost, and it could not be asked again")))
            }
            _ => Next::Nothing,
        }
    }

    /// The client has ended, or has nothing more to say.
    fn left(&mut self, name: &str) -> Next {
        match &self.word {
            // That it has ended is not yet that everything it started has.
            _ if self.killed_until_ms.is_some() => Next::Nothing,
            Some(word) => Next::Over(fate(word, name)),
            None if self.acts => Next::Seek,
            None => Next::Over(Fate::Lost(format!("the connection to `{name}` was lost"))),
        }
    }

    /// Its node has answered.
    pub fn answered(&mut self, word: &Word, name: &str) -> Next {
        match (word, &mut self.stage) {
            (Word::Alive, Stage::Sought(until)) => {
                *until = None;
                Next::Nothing
            }
            (Word::Alive, _) => Next::Nothing,
            (word, _) => Next::Over(fate(word, name)),
        }
    }

    /// Its end, as the driver is told.
    pub fn finish(self, fate: Fate) -> Finished {
        let (stdout, stderr) = match self.stage {
            Stage::Sent(process) => process.release(),
            Stage::Queued(_) | Stage::Sought(_) => self.output,
        };
        // The word of a command that is still heard comes after everything that it has written.
        Finished { fate, stdout, stderr, cut: self.word.is_none() }
    }
}

/// What a word of a node means.
fn fate(word: &Word, name: &str) -> Fate {
    match word {
        Word::Ended(code) => Fate::Ended(Exit::Code(*code)),
        Word::Late => Fate::Late,
        Word::Never(why) if why.is_empty() => {
            Fate::Never(format!("the connection to `{name}` was lost before it began"))
        }
        Word::Never(why) => Fate::Never(format!("it could not begin on `{name}`: {why}")),
        Word::Gone => Fate::Gone,
        Word::Stuck => Fate::Stuck,
        Word::Alive | Word::Lost => Fate::Lost(format!("the notes about it on `{name}` are lost")),
    }
}
