//! What a started step does until it ends: pure state machines, one file for each sort of step.
//!
//! The driver feeds a step what happened ([`Input`]) and does what it asks for ([`Then`]), after the step's events are
//! durable. A step has at most one command, pause or question at a time.

mod attempts;
mod simple;
mod wait;

use crate::base::limits;
use crate::bytecode::{Instr, InstrId, Op, Program};
use crate::calculus::{Command, Template, ValueId};
use crate::run::launch::fill_in;
use crate::run::reading::Output;
use crate::run::{AnswerSource, Attempt, Event, Exit, Question, Said, StepEnded, StepOutcome, Trace};
use attempts::Attempts;
use simple::{Asking, Delaying, Probing};
use wait::Waiting;

/// Something that concerns a step.
#[derive(Debug)]
pub(crate) enum Input {
    /// It has just started.
    Begin,
    /// An earlier executor started it; what is left of its command, and what the operator says of it.
    Resume(Trace, Option<(Settlement, Said)>),
    /// Its command has ended.
    Ended(End),
    /// Its pause is over.
    Elapsed,
    /// Its question is answered, with the index of the option.
    Answered(u8, AnswerSource),
    /// There is nobody to answer its question.
    Nobody,
    /// The operator cancelled.
    Cancel,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) enum End {
    /// By itself.
    Exited(Output),
    /// It was ended. Unless that is `certain`, something of it may go on.
    Stopped {
        /// Why.
        why: String,
        /// Whether nothing of it goes on.
        certain: bool,
        /// Whether the operator did it.
        by_operator: bool,
        /// What it wrote.
        output: Output,
    },
    /// It has ended, and nobody saw how.
    Gone(Output),
    /// Nobody can say whether it goes on.
    Lost {
        /// Why.
        why: String,
        /// What it wrote.
        output: Output,
    },
    /// It could not be started, and has not.
    NotStarted(String),
    /// What it needs is missing; trying again would not help.
    Unready(String),
}

/// What an operator says of a step whose outcome was lost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Settlement {
    /// It is done.
    Done,
    /// It failed.
    Failed,
    /// It is to be run again.
    Again,
}

impl Settlement {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Settlement::Done => "done",
            Settlement::Failed => "failed",
            Settlement::Again => "again",
        }
    }
}

/// What a step wants next.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Then {
    /// To go on waiting.
    Nothing,
    /// Its command, or its read-back, to be run within so many milliseconds.
    Run(Which, Option<u64>),
    /// What an earlier executor left running, to end within so many milliseconds.
    Watch(Option<u64>),
    /// So many milliseconds.
    Pause(u64),
    /// An answer.
    Ask(Question),
    /// The run to stop here, unfinished: nobody can say what became of the step.
    Suspend,
    /// Nothing more: it has ended.
    Done,
}

/// Which script of a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Which {
    /// The command.
    Command,
    /// The read-back.
    Verify,
}

/// What a step says to an input: events to record first, then what to do.
#[derive(Debug)]
pub(crate) struct Turn {
    pub events: Vec<Event>,
    pub then: Then,
}

impl Turn {
    fn then(then: Then) -> Turn {
        Turn { events: Vec::new(), then }
    }

    fn after(mut self, event: Event) -> Turn {
        self.events.insert(0, event);
        self
    }

    fn end(event: Event) -> Turn {
        Turn { events: vec![event], then: Then::Done }
    }
}

/// What a step may look at.
pub(crate) struct Context<'a> {
    pub program: &'a Program,
    pub instr: &'a Instr,
    pub clock_ms: u64,
    pub value: &'a mut dyn FnMut(ValueId) -> Option<String>,
}

impl Context<'_> {
    fn text(&mut self, template: &Template) -> Result<String, String> {
        fill_in(self.program, template, &mut *self.value, false)
    }

    /// A text for people; a value that is not known is named.
    fn message(&mut self, template: &Template) -> String {
        let program = self.program;
        template.render(|id| {
            let unknown = || format!("({} is not known)", program.values.get(id.index()).map_or("?", |v| &v.name));
            (self.value)(id).unwrap_or_else(unknown)
        })
    }
}

/// A started step.
#[derive(Debug)]
pub(crate) enum Step {
    Attempts(Attempts),
    Waiting(Waiting),
    Probing(Probing),
    Asking(Asking),
    Delaying(Delaying),
    Telling(InstrId),
}

impl Step {
    /// The step of an instruction in its current attempt; `None` for block structure, which never starts.
    pub fn new(id: InstrId, instr: &Instr, at: Attempt) -> Option<Step> {
        Some(match &instr.op {
            Op::Run { .. } => Step::Attempts(Attempts::new(id, at)),
            Op::Wait { .. } => Step::Waiting(Waiting::new(id)),
            Op::Probe { .. } => Step::Probing(Probing::new(id)),
            Op::Ask { .. } => Step::Asking(Asking::new(id)),
            Op::Delay { .. } => Step::Delaying(Delaying::new(id)),
            Op::Tell { .. } => Step::Telling(id),
            Op::Enter | Op::Exit | Op::Join { .. } | Op::Assume { .. } | Op::End => return None,
        })
    }

    /// Whether it takes up a job: it runs commands, now or after a pause.
    pub fn runs_commands(&self) -> bool {
        matches!(self, Step::Attempts(_) | Step::Waiting(_) | Step::Probing(_))
    }

    /// Whether it is not yet clear what an earlier executor's attempt came to.
    pub fn is_unsettled(&self) -> bool {
        matches!(self, Step::Attempts(a) if a.is_unsettled())
    }

    /// Takes an input in. Inputs that come too late are ignored.
    pub fn on(&mut self, input: Input, context: &mut Context) -> Turn {
        match self {
            Step::Attempts(step) => step.on(input, context),
            Step::Waiting(step) => step.on(input, context),
            Step::Probing(step) => step.on(input, context),
            Step::Asking(step) => step.on(input, context),
            Step::Delaying(step) => step.on(input, context),
            Step::Telling(id) => simple::tell(*id, input, context),
        }
    }
}

/// What a read-back says.
#[derive(PartialEq, Eq, Debug)]
enum Back {
    Yes,
    No,
    Unclear(String),
}

fn read_back(end: &End) -> Back {
    match end {
        End::Exited(Output { exit: Some(Exit::Code(0)), .. }) => Back::Yes,
        // POSIX sh: 126 and 127 for what could not be run, more than 128 for what a signal ended.
        End::Exited(Output { exit: Some(Exit::Code(1..126)), .. }) => Back::No,
        End::Exited(output) | End::Gone(output) => Back::Unclear(output.ending()),
        End::Stopped { why, .. } | End::Lost { why, .. } | End::NotStarted(why) | End::Unready(why) => {
            Back::Unclear(why.clone())
        }
    }
}

fn read_back_limit(command: &Command) -> Option<u64> {
    Some(command.within_ms.unwrap_or(limits::READ_BACK_MS))
}

/// An end without anything special; fill in the rest.
fn ended(step: InstrId, attempt: u32, outcome: StepOutcome, reason: impl Into<String>) -> StepEnded {
    StepEnded {
        step,
        attempt,
        outcome,
        again: false,
        exit: None,
        reason: reason.into(),
        warnings: Vec::new(),
        stdout: String::new(),
        stderr: String::new(),
        captured: Vec::new(),
    }
}

impl StepEnded {
    fn with(self, output: Output) -> StepEnded {
        StepEnded { exit: output.exit, stdout: output.stdout, stderr: output.stderr, ..self }
    }
}

/// A question with the answers `no` and `yes`, in this order.
fn yes_or_no(text: String) -> Question {
    Question { text, options: ["no", "yes"].map(|o| (String::from(o), String::new())).into(), ..Question::default() }
}

fn answered(step: InstrId, option: u8, answer: &str, by: AnswerSource) -> Event {
    Event::Answered { step, option, answer: answer.to_owned(), by }
}

pub(crate) const CANCELLED: &str = "the operator cancelled";
const LATE: &str = "nobody has answered in time";
const NOBODY: &str = "nobody is there to answer, and no answer was given in advance";
