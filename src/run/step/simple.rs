//! Steps that read, ask, tell or wait a while: nothing that could be done twice.

use super::{
    Back, CANCELLED, Context, End, Input, LATE, NOBODY, Then, Turn, Which, answered, ended, read_back, yes_or_no,
};
use crate::bytecode::{InstrId, Op};
use crate::calculus::{Answer, Gate, Template};
use crate::run::reading::{Output, Reading};
use crate::run::{AnswerSource, Event, Question, StepOutcome};

/// Reading a condition: a yes, or else a no.
#[derive(Debug)]
pub(crate) struct Probing {
    id: InstrId,
    asked: Option<Output>,
}

impl Probing {
    pub fn new(id: InstrId) -> Probing {
        Probing { id, asked: None }
    }

    pub fn on(&mut self, input: Input, context: &mut Context) -> Turn {
        let Op::Probe { command, .. } = &context.instr.op else { return Turn::then(Then::Nothing) };
        match input {
            Input::Begin | Input::Resume(..) => Turn::then(Then::Run(Which::Command, command.within_ms)),
            Input::Ended(End::Exited(output)) => match output.read(command) {
                Reading::Worked(_) => self.end(1, AnswerSource::Command, "", output),
                Reading::Failed(why) => self.end(0, AnswerSource::Command, why, output),
                Reading::Ask(question) => match context.text(&question) {
                    Ok(text) => {
                        self.asked = Some(output);
                        Turn::then(Then::Ask(yes_or_no(text)))
                    }
                    Err(why) => self.no(why),
                },
            },
            Input::Ended(end) => match read_back(&end) {
                Back::Unclear(why) => self.no(why),
                Back::Yes | Back::No => Turn::then(Then::Nothing),
            },
            Input::Answered(option, by) => self.end(option.min(1), by, "", Output::default()),
            Input::Nobody => self.no(NOBODY),
            Input::Cancel if self.asked.is_some() && !context.instr.flags.finally => self.no(CANCELLED),
            Input::Elapsed | Input::Cancel => Turn::then(Then::Nothing),
        }
    }

    fn no(&mut self, why: impl Into<String>) -> Turn {
        self.end(0, AnswerSource::Command, why, Output::default())
    }

    fn end(&mut self, option: u8, by: AnswerSource, reason: impl Into<String>, output: Output) -> Turn {
        let output = self.asked.take().unwrap_or(output);
        let word = if option == 1 { "yes" } else { "no" };
        Turn::end(Event::StepEnded(ended(self.id, 1, StepOutcome::Ok, reason).with(output)))
            .after(answered(self.id, option, word, by))
    }
}

/// A question to the operator.
#[derive(Debug)]
pub(crate) struct Asking {
    id: InstrId,
}

impl Asking {
    pub fn new(id: InstrId) -> Asking {
        Asking { id }
    }

    pub fn on(&mut self, input: Input, context: &mut Context) -> Turn {
        let Op::Ask { question, answers, gate, .. } = &context.instr.op else { return Turn::then(Then::Nothing) };
        match input {
            Input::Begin | Input::Resume(..) => match ask(question, answers, gate, context) {
                Ok(question) => Turn::then(Then::Ask(question)),
                Err(why) => self.fail(why),
            },
            Input::Answered(option, by) => self.answered(option, by, answers),
            Input::Nobody => self.fail(NOBODY),
            Input::Elapsed => match gate.otherwise {
                Some(option) => self.answered(option, AnswerSource::Deadline, answers),
                None => self.fail(LATE),
            },
            Input::Cancel if !context.instr.flags.finally => self.fail(CANCELLED),
            Input::Ended(_) | Input::Cancel => Turn::then(Then::Nothing),
        }
    }

    fn answered(&self, option: u8, by: AnswerSource, answers: &[Answer]) -> Turn {
        let chosen = answers.get(option as usize);
        let (word, works) = match chosen {
            Some(answer) => (answer.name.as_str(), !answer.stops),
            None if option == 1 => ("yes", true),
            None => ("no", false),
        };
        let outcome = if works { StepOutcome::Ok } else { StepOutcome::Failed };
        let reason = match &by {
            _ if works => String::new(),
            AnswerSource::Deadline => format!("{LATE}, which counts as `{word}`"),
            AnswerSource::Command => format!("the answer was `{word}`"),
            AnswerSource::Person(_) | AnswerSource::InAdvance(_) => {
                format!("the answer was `{word}`, said {}", by.said())
            }
        };
        Turn::end(Event::StepEnded(ended(self.id, 1, outcome, reason))).after(answered(self.id, option, word, by))
    }

    fn fail(&self, why: impl Into<String>) -> Turn {
        Turn::end(Event::StepEnded(ended(self.id, 1, StepOutcome::Failed, why)))
    }
}

fn ask(question: &Template, answers: &[Answer], gate: &Gate, context: &mut Context) -> Result<Question, String> {
    let asked = Question { gate: gate.clone(), ..yes_or_no(context.text(question)?) };
    if answers.is_empty() {
        return Ok(asked);
    }
    Ok(Question { options: answers.iter().map(|a| (a.name.clone(), a.label.clone())).collect(), ..asked })
}

/// Time that passes.
#[derive(Debug)]
pub(crate) struct Delaying {
    id: InstrId,
}

impl Delaying {
    pub fn new(id: InstrId) -> Delaying {
        Delaying { id }
    }

    pub fn on(&mut self, input: Input, context: &mut Context) -> Turn {
        let Op::Delay { ms } = context.instr.op else { return Turn::then(Then::Nothing) };
        let end = |outcome, reason| Turn::end(Event::StepEnded(ended(self.id, 1, outcome, reason)));
        match input {
            Input::Begin | Input::Resume(..) => Turn::then(Then::Pause(ms)),
            Input::Elapsed => end(StepOutcome::Ok, ""),
            Input::Cancel if !context.instr.flags.finally => end(StepOutcome::Failed, CANCELLED),
            _ => Turn::then(Then::Nothing),
        }
    }
}

/// Tells the operator something; over at once. It cannot fail: a value that nobody captured, because its step was done
/// already, is named instead.
pub(super) fn tell(id: InstrId, input: Input, context: &mut Context) -> Turn {
    let (Op::Tell { text }, Input::Begin | Input::Resume(..)) = (&context.instr.op, input) else {
        return Turn::then(Then::Nothing);
    };
    let text = context.message(text);
    Turn::end(Event::StepEnded(ended(id, 1, StepOutcome::Ok, ""))).after(Event::Told { step: id, text })
}
