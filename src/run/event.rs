//! Events: the only output of execution. Journal, terminal, `--events json` and resume all consume this one type.
//!
//! A run is the list of its events; everything else about it is a fold over them (see [`crate::run::Machine`]).
//! Secrets never enter an event.

use crate::bytecode::{Duty, InstrId, Status};
use crate::calculus::ValueId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// An event with the moment it was recorded.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Record {
    /// When, in UTC.
    pub time: Timestamp,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

/// Something that happened in a run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The run exists. Always the first event.
    RunStarted(RunStarted),
    /// Another executor took the run up after the one before it was lost.
    RunResumed {
        /// Who.
        by: Who,
        /// Who was said to have which role from now on.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        roles: Vec<(String, Vec<String>)>,
        /// The flags that are given again from now on, with their values; the others as they were.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        flags: Vec<(String, String)>,
    },
    /// Intent: from here on the step may have had an effect. For a step that can be repeated, once an attempt.
    StepStarted {
        /// The step.
        step: InstrId,
        /// Which attempt, from 1.
        attempt: u32,
    },
    /// An attempt has ended.
    StepEnded(StepEnded),
    /// The operator was told something.
    Told {
        /// The step.
        step: InstrId,
        /// What.
        text: String,
    },
    /// The operator was asked.
    Asked {
        /// The step.
        step: InstrId,
        /// What.
        question: String,
        /// The possible answers as the operator reads them.
        options: Vec<String>,
        /// Who may answer: a role. Anybody if there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        role: Option<String>,
        /// Until when.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
        /// What counts as the answer if nobody has given one by then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        otherwise: Option<String>,
    },
    /// A question was answered, by a probe's command or by the operator.
    Answered {
        /// The step.
        step: InstrId,
        /// Index of the answer; for yes and no: 0 is no, 1 is yes.
        option: u8,
        /// The answer in words.
        answer: String,
        /// By whom.
        by: AnswerSource,
    },
    /// The operator wants the run to end: nothing new is started but what puts things in order.
    CancelRequested {
        /// Who, and why.
        by: Said,
        /// What runs is to be ended, too.
        #[serde(default, skip_serializing_if = "is_false")]
        hard: bool,
    },
    /// Somebody went on although something that protects the run was missing.
    Waived {
        /// What was missing.
        waiver: Waiver,
        /// The same, in words.
        text: String,
        /// Who, and why.
        by: Said,
    },
    /// The way to another machine has changed.
    Connection {
        /// The node's name, or `replica` for where the journal is copied to.
        node: String,
        /// How.
        state: Link,
        /// What was found, or why it was lost; may be empty.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        text: String,
        /// Something runs there: until when the node is looked for, before the outcome of that is unknown.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sought_until: Option<Timestamp>,
    },
    /// A status that follows from earlier events; recorded so that a fold can be held to it.
    Settled {
        /// The instruction.
        step: InstrId,
        /// What it is from now on.
        status: Status,
    },
    /// The run is over. Always the last event.
    RunEnded(RunEnded),
}

/// What a run is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RunStarted {
    /// The run's id.
    pub run: String,
    /// The plan's name.
    pub plan: String,
    /// Digest of the program, in hexadecimal.
    pub digest: String,
    /// The plan's arguments as shown to people.
    pub arguments: Vec<(String, String)>,
    /// What was decided in advance: name and answer.
    pub decisions: Vec<(String, String)>,
    /// Working directory of local commands.
    pub directory: String,
    /// Who was said to have which role, beside the groups of the system: role and users.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<(String, Vec<String>)>,
    /// Who started it.
    pub by: Who,
    /// Who approved the program, if that was required.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approved: Vec<Approved>,
    /// The flags that whoever goes on, or back, has to give again, with their values: what protects the run, and where
    /// things are. Nothing that permits something is among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<(String, String)>,
}

/// An approval that counted when the run was started.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Approved {
    /// Who signed, as the file of those who may sign calls them.
    pub by: String,
    /// Fingerprint of the key.
    pub key: String,
    /// When it was signed, as the signer's machine said.
    pub signed: Timestamp,
    /// BLAKE3 of what was signed, in hexadecimal.
    pub digest: String,
    /// The signature, if it was made with a certificate: whoever takes the run up asks who vouches for it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub certified: String,
}

/// Who runs an executor, and which.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Who {
    /// User name.
    pub user: String,
    /// Host name.
    pub host: String,
    /// Process id of the executor.
    pub pid: u32,
    /// The boot of that host: notes about processes are good for this boot only.
    pub boot: String,
    /// The name of the journal that it writes; another one is a copy.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub journal: String,
    /// What leads to the copy of the journal; empty if there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub replica: String,
}

/// How an attempt ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StepEnded {
    /// The step.
    pub step: InstrId,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// How.
    pub outcome: StepOutcome,
    /// The step goes on: this failed attempt will be repeated.
    #[serde(default, skip_serializing_if = "is_false")]
    pub again: bool,
    /// How the command itself ended, if one ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<Exit>,
    /// Why it failed or is unknown, or what else there is to say; empty if nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// What it did with a warning.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// The end of its standard output, without secrets.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stdout: String,
    /// The end of its standard error, without secrets.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stderr: String,
    /// The values kept from its output.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub captured: Vec<(ValueId, String)>,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// How an attempt ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepOutcome {
    /// Done, and read back where there is something to read back.
    Ok,
    /// It was so already; nothing was run.
    AlreadySo,
    /// It stopped without success; nobody knows how far it got.
    Failed,
    /// It may still be going on.
    Unknown,
}

/// How a command ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    /// With this exit code.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

/// Who answered a question.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerSource {
    /// A command.
    Command,
    /// A person, when asked.
    Person(Said),
    /// A person, when starting or resuming the run.
    InAdvance(String),
    /// Nobody: the time to answer was over, and the plan says what counts then.
    Deadline,
}

impl AnswerSource {
    /// Whose word it is; nobody's if no person has spoken.
    pub fn said(&self) -> Said {
        match self {
            AnswerSource::Person(said) => said.clone(),
            AnswerSource::InAdvance(who) => Said::by(who),
            AnswerSource::Command | AnswerSource::Deadline => Said::default(),
        }
    }
}

/// Whose word something is.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Said {
    /// Who, as the system knows them: `mila`, `mila as root`.
    pub who: String,
    /// Why, in their words; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

impl Said {
    /// The word of somebody who gave no reason.
    pub fn by(who: impl Into<String>) -> Said {
        Said { who: who.into(), why: String::new() }
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.who)?;
        if self.why.is_empty() { Ok(()) } else { write!(f, ": {}", self.why) }
    }
}

/// What protects a run and was done without.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Waiver {
    /// The proof that the plan is safe.
    Unproved,
    /// The end of an earlier run of the plan.
    Unfinished,
    /// A duty that an earlier run has left.
    Hold,
    /// A check before the first step.
    Preflight,
    /// The copy of the journal.
    Replica,
    /// Evidence that the executor which ran it before is dead: somebody's word stands for it.
    Executor,
    /// Evidence of what became of a step: somebody's word stands for it.
    Outcome,
}

impl Event {
    /// The way to the copy of the journal has changed.
    pub fn replica(state: Link, text: String) -> Event {
        Event::Connection { node: String::from("replica"), state, text, sought_until: None }
    }
}

/// What became of the way to a machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// It is open, for the first time or again.
    Open,
    /// It could not be opened.
    Refused,
    /// It was open and is no more.
    Lost,
    /// Of the copy of the journal: another executor goes on with the run there.
    TakenOver,
}

/// How a run ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RunEnded {
    /// How.
    pub outcome: RunOutcome,
    /// What is left open, for people to close.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<Open>,
    /// The duties that it leaves: all of a plan that completed; of one that did not, those about what it has touched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<Duty>,
    /// The things about which duties of earlier runs are over now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ends: Vec<String>,
    /// What was done without, in words. Such a run is no plain success.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waived: Vec<String>,
}

/// How a run ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    /// Everything that had to be done was done.
    Completed,
    /// A failure stopped it.
    Stopped,
    /// The operator stopped it.
    Cancelled,
}

/// Something that a run left open.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "what")]
pub enum Open {
    /// A thing may be in a state in which it must not be left.
    Thing {
        /// The thing.
        name: String,
        /// The states it may be in, the permitted ones included.
        may_be: Vec<String>,
        /// The states it may be left in.
        rests: Vec<String>,
    },
    /// Nobody knows whether the step happened, or whether it still will.
    Unknown {
        /// The step.
        step: InstrId,
    },
    /// A step that puts something in order did not work.
    Unfinished {
        /// The step.
        step: InstrId,
    },
}
