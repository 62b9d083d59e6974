//! What a run needs of its host, as traits: a world in which commands run, a journal, somebody to report to.
//!
//! `os` implements them for real; tests implement them without processes.

use crate::bytecode::InstrId;
use crate::calculus::{Gate, MachineId, SecretSource};
use crate::run::{Exit, Launch, Link, Machine, Record, Said};
use jiff::Timestamp;

/// Where commands run, time passes and the operator sits. A step has at most one command at a time.
pub trait World {
    /// The time of day, for records.
    fn now(&self) -> Timestamp;

    /// A clock that never jumps, in milliseconds, for limits and pauses.
    fn clock_ms(&self) -> u64;

    /// The content of a secret, or why there is none.
    fn secret(&mut self, source: &SecretSource) -> Result<String, String>;

    /// Starts a command; [`Happening::Finished`] tells of its end. An error means that nothing was started.
    fn launch(&mut self, step: InstrId, attempt: u32, launch: &Launch) -> Result<(), String>;

    /// What is left of a command that an earlier executor started, on a machine or on this one. If that is not known
    /// yet, [`Happening::Finished`] will tell of its end.
    fn trace(&mut self, step: InstrId, attempt: u32, machine: Option<MachineId>) -> Trace;

    /// Ends a step's command with everything it started. [`Happening::Finished`] tells whether that is certain.
    fn kill(&mut self, step: InstrId);

    /// Puts a question to the operator; [`Happening::Answered`] tells the answer. False if there is nobody to ask.
    fn ask(&mut self, step: InstrId, question: &Question) -> bool;

    /// Whether the question of a step is for whoever is at the terminal to answer.
    fn may_answer(&self, _step: InstrId) -> bool {
        true
    }

    /// Takes a question back.
    fn withdraw(&mut self, step: InstrId);

    /// What a running command has written so far; nothing if that cannot be seen.
    fn output(&self, _step: InstrId) -> Option<Finished> {
        None
    }

    /// Waits until something happens, at most until the clock shows `until_ms`.
    fn wait(&mut self, until_ms: Option<u64>) -> Vec<Happening>;
}

/// A question to the operator.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Question {
    /// What is asked.
    pub text: String,
    /// The words that answer it, with an explanation that may be empty.
    pub options: Vec<(String, String)>,
    /// Who may answer, for how long, and what counts if nobody does.
    pub gate: Gate,
    /// Until when, once it is asked.
    pub until: Option<Timestamp>,
}

/// What is left of a command that an earlier executor started.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trace {
    /// It never started.
    Never,
    /// It is being looked for, or watched: its end will be told.
    Alive,
    /// It has ended, nobody knows how.
    Gone,
    /// The host has no trace, and that proves nothing: it may be going on.
    Lost,
}

/// Something that happened outside.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Happening {
    /// A command has ended.
    Finished {
        /// Whose.
        step: InstrId,
        /// How.
        finished: Finished,
    },
    /// The operator has answered.
    Answered {
        /// Which step's question.
        step: InstrId,
        /// Index of the answer.
        option: u8,
        /// Who answered.
        by: Said,
    },
    /// There is nobody any more to answer.
    Unanswered {
        /// Which step's question.
        step: InstrId,
    },
    /// The way to a machine has changed.
    Linked {
        /// Which machine.
        machine: MachineId,
        /// How.
        state: Link,
        /// What was found, or why it was lost.
        text: String,
        /// Something runs there: for how many milliseconds the machine is looked for.
        sought_ms: Option<u64>,
    },
    /// The way to the copy of the journal has changed.
    Copied {
        /// How.
        state: Link,
        /// What was found, or why it was lost.
        text: String,
    },
    /// The operator has touched a key.
    Key(Key),
    /// The operator wants the run to end. The first wish is mild unless it is `hard`; every further one is hard.
    Interrupted {
        /// Who, and how.
        by: Said,
        /// What runs is to be ended, too.
        hard: bool,
    },
}

/// What became of a command. Where it was to be ended, everything but [`Fate::Lost`] and
/// [`Fate::Stuck`] says that nothing of it goes on.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Fate {
    /// It ended so, by itself.
    Ended(Exit),
    /// It was ended where it ran, because it was to be, or because of the limit that it was given there.
    Late,
    /// It never began, and will not: why.
    Never(String),
    /// It has ended, and nobody saw how.
    #[default]
    Gone,
    /// Nobody can say whether it goes on: why.
    Lost(String),
    /// It was to be ended, and something of it does not end.
    Stuck,
}

impl Fate {
    /// Whether nothing of it goes on.
    pub fn is_certain(&self) -> bool {
        !matches!(self, Fate::Lost(_) | Fate::Stuck)
    }
}

/// A key of the operator's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Key {
    /// One that writes.
    Char(char),
    /// The end of a line.
    Enter,
    /// Takes a character back.
    Backspace,
    /// Leaves.
    Escape,
    /// The arrow.
    Up,
    /// The arrow.
    Down,
}

/// How a command ended, with the end of its output as it came.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Finished {
    /// How.
    pub fate: Fate,
    /// Standard output.
    pub stdout: Tail,
    /// Standard error.
    pub stderr: Tail,
    /// Its end was found out afterwards: what it wrote may be lost.
    pub cut: bool,
}

/// The end of an output.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tail {
    /// The last bytes.
    pub bytes: Vec<u8>,
    /// Whether there was more before them.
    pub cut: bool,
}

/// Where a run is written down, durably, before anything relies on it.
pub trait Journal {
    /// Appends the records, all or none, and returns once they are durable.
    fn append(&mut self, records: &[Record]) -> Result<(), JournalError>;

    /// Who has taken the run over at another site, if anybody has: nothing may be started here any more.
    fn taken_over(&self) -> Option<String> {
        None
    }

    /// Before the run ends: if its copy was lost, tries once more to bring it up to date. Says that it is now, or what it
    /// lacks.
    fn last_look(&self) -> Option<Result<String, String>> {
        None
    }
}

/// Why the journal cannot be written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JournalError {
    /// The cause.
    pub message: String,
    /// The remedy.
    pub help: String,
}

/// What the operator wants by a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wish {
    /// To answer a question.
    Answer {
        /// Whose.
        step: InstrId,
        /// Index of the answer.
        option: u8,
    },
}

/// Whoever follows a run.
pub trait Reporter {
    /// Something was recorded. The machine has seen it, and perhaps more.
    fn record(&mut self, machine: &Machine, record: &Record);

    /// What was recorded before this executor took the run up.
    fn recall(&mut self, _records: &[Record]) {}

    /// That was all for the moment.
    fn flush(&mut self, _machine: &Machine) {}

    /// The run is in trouble that is no event, because it cannot be recorded.
    fn trouble(&mut self, message: &str);

    /// Time has passed.
    fn refresh(&mut self, _machine: &Machine, _now: Timestamp) {}

    /// How often to call [`Reporter::refresh`], in milliseconds; `None` for never.
    fn refresh_every_ms(&self) -> Option<u64> {
        None
    }

    /// Whether the operator's keys are for it: it shows the questions then.
    fn takes_keys(&self) -> bool {
        false
    }

    /// A key; what the operator wants by it.
    fn key(&mut self, _machine: &Machine, _key: Key) -> Option<Wish> {
        None
    }

    /// Whoever sits here may not answer this step's question.
    fn barred(&mut self, _step: InstrId) {}

    /// The running step whose output it wants to see.
    fn watches(&self, _machine: &Machine) -> Option<InstrId> {
        None
    }

    /// What that step has written so far, without secrets.
    fn output(&mut self, _step: InstrId, _text: &str) {}
}
