//! What a report says, as plain data: the JSON form of it, and what the templates of the other forms show.

use crate::emit::proof::Proof;
use crate::run::Aftermath;
use serde::Serialize;

/// A run, for people who were not there.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The run's id.
    pub run: String,
    /// `switchover(from: tokyo)`
    pub call: String,
    /// What the plan is for; may be empty.
    pub title: String,
    /// How it ended.
    pub verdict: Verdict,
    /// When it began, in UTC.
    pub began: String,
    /// When it ended, or when something was last recorded.
    pub ended: String,
    /// Which of the two: `Ended` or `Last heard of`.
    pub end_word: &'static str,
    /// How long that took.
    pub took: String,
    /// What was promised, and whether it was kept.
    pub promise: Option<Promise>,
    /// Digest of the program, in hexadecimal.
    pub digest: String,
    /// The sources it was compiled from.
    pub sources: Vec<Source>,
    /// Working directory of local commands.
    pub directory: String,
    /// What was decided before it began: name and answer.
    pub decisions: Vec<(String, String)>,
    /// What people did: started it, approved, answered, cancelled, went on without.
    pub people: Vec<Deed>,
    /// Its steps, in written order.
    pub steps: Vec<Step>,
    /// How they lay in time.
    pub timeline: Timeline,
    /// What became of the ways to other machines, where that was no matter of course.
    pub links: Vec<Happened>,
    /// What was done without.
    pub waived: Vec<Happened>,
    /// What the plan was to reach and may not have reached.
    pub missed: Vec<String>,
    /// What is left, unless the run completed and left nothing open.
    pub left: Option<Aftermath>,
    /// Duties that remain: the id, what it is about, what is to be kept how.
    pub holds: Vec<String>,
    /// Duties that it left and that are over by now, with who or what has ended them.
    pub holds_over: Vec<String>,
    /// What is proved of the program.
    pub proof: Proof,
    /// What seals the journal that this was read from.
    pub seal: Option<Seal>,
    /// Which version of Handover wrote this.
    pub version: &'static str,
}

/// How the run ended.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// `completed`, `completed with waivers`, `stopped`, …
    pub word: String,
    /// `good`, `warn` or `bad`.
    pub tone: &'static str,
    /// The same in a sentence.
    pub text: String,
}

/// The promised time.
#[derive(Clone, Debug, Serialize)]
pub struct Promise {
    /// In milliseconds.
    pub ms: u64,
    /// In words.
    pub text: String,
    /// Whether the run completed in time.
    pub kept: bool,
    /// The same in words: `kept`, `not kept`, `not reached`; of a run without an end how much of it was left.
    pub word: String,
}

/// A source of the program.
#[derive(Clone, Debug, Serialize)]
pub struct Source {
    /// Its path.
    pub path: String,
    /// BLAKE3 of its text, in hexadecimal.
    pub digest: String,
}

/// Something that a person did.
#[derive(Clone, Debug, Serialize)]
pub struct Deed {
    /// When.
    pub time: String,
    /// Who.
    pub who: String,
    /// What: `started it`, `answered sure with yes`.
    pub what: String,
    /// Why, in their words, or in which role; may be empty.
    pub why: String,
}

/// Something that happened.
#[derive(Clone, Debug, Serialize)]
pub struct Happened {
    /// When.
    pub time: String,
    /// What.
    pub text: String,
    /// By whom, and why; may be empty.
    pub by: String,
}

/// A step.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Step {
    /// The procedure's own number; may be empty.
    pub number: String,
    /// Its name.
    pub name: String,
    /// The vendor's heading; may be empty.
    pub title: String,
    /// Where it ran: a machine, or `operator`.
    pub place: String,
    /// Where it stands in the sources: `plan.ha:12`.
    pub source: String,
    /// `ok`, `already so`, `failed`, `unknown`, `blocked`, `cancelled`, `not applicable`, `running`, `not begun`.
    pub status: String,
    /// `good`, `warn`, `bad` or `quiet`.
    pub tone: &'static str,
    /// Why; may be empty.
    pub why: String,
    /// Usual duration; may be empty.
    pub usually: String,
    /// When it began; may be empty.
    pub began: String,
    /// How long it took; may be empty.
    pub took: String,
    /// It stands in a `finally`.
    pub in_any_case: bool,
    /// From here on there was no way back.
    pub commits: bool,
    /// The end of the run depended on it.
    pub critical: bool,
    /// The three above in words.
    pub marks: Vec<&'static str>,
    /// Its attempts.
    pub attempts: Vec<Attempt>,
    /// There was more than one, or one whose end the outcome does not tell.
    pub retold: bool,
    /// What was asked and answered.
    pub exchanges: Vec<Exchange>,
    /// What the operator was told.
    pub told: Vec<String>,
}

/// An attempt.
#[derive(Clone, Debug, Serialize)]
pub struct Attempt {
    /// Which one, from 1.
    pub number: u32,
    /// When it began.
    pub began: String,
    /// How long it took; empty if nobody saw its end.
    pub took: String,
    /// How it ended, in words.
    pub outcome: String,
    /// How the command itself ended; may be empty.
    pub exit: String,
    /// Why, or what else there is to say; may be empty.
    pub reason: String,
    /// What it did with a warning.
    pub warnings: Vec<String>,
    /// The end of its standard output.
    pub stdout: String,
    /// The end of its standard error.
    pub stderr: String,
    /// There is output to show.
    pub wrote: bool,
}

/// A question, or a condition that a command answered.
#[derive(Clone, Debug, Serialize)]
pub struct Exchange {
    /// The question; empty if a command answered.
    pub question: String,
    /// Who might answer; may be empty.
    pub role: String,
    /// The answer; empty if there was none.
    pub answer: String,
    /// Who gave it, and why.
    pub by: String,
}

/// The steps in time.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Timeline {
    /// Width of the drawing.
    pub width: u32,
    /// Height of the drawing.
    pub height: u32,
    /// Where the bars begin.
    pub left: u32,
    /// Where the rows end.
    pub bottom: u32,
    /// A bar for each attempt.
    pub bars: Vec<Bar>,
    /// The names at the left.
    pub rows: Vec<Mark>,
    /// The times at the bottom.
    pub ticks: Vec<Mark>,
    /// Where the promised time ends, if that is in the drawing.
    pub promise: Option<Mark>,
}

/// A bar.
#[derive(Clone, Debug, Serialize)]
pub struct Bar {
    pub x: u32,
    pub y: u32,
    pub width: u32,
    /// As [`Step::tone`].
    pub tone: &'static str,
    pub critical: bool,
    /// What it stands for.
    pub text: String,
}

/// A text at a place.
#[derive(Clone, Debug, Serialize)]
pub struct Mark {
    pub x: u32,
    pub y: u32,
    pub text: String,
}

/// What seals a journal.
#[derive(Clone, Debug, Serialize)]
pub struct Seal {
    /// How many events the run has.
    pub events: i64,
    /// The digest of the last one, in hexadecimal: it stands for all of them.
    pub head: String,
}
