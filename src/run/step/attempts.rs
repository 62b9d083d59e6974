//! A step that runs a command: read back, run, read back, repeat.
//!
//! 1. `verify` first: if it is so already, nothing is run. Before a repetition this finds out whether the failed attempt
//!    had worked after all.
//! 2. The command. What its end means is [`Output::read`]'s business; a doubtful sign goes to the operator.
//! 3. After success `verify` must hold, or the attempt has failed.
//! 4. A command of which nobody can say what became of it, or whether it goes on, is `unknown`: settled by `verify` if
//!    that says yes, or by the operator; if neither can say, it stays unknown.
//! 5. A failed attempt is repeated as often as the plan says; an unknown one only if doing it twice is doing it once.
//!    An attempt that cannot be read back is not repeated unless that is harmless.
//!
//! An attempt of an earlier executor goes the same way: where its end was noted, that is its end; else it is waited for,
//! then `verify` says what became of it; where it cannot, the step runs again if that is harmless, or the operator says
//! what is so.

use super::{
    Back, CANCELLED, Context, End, Input, Settlement, Then, Turn, Which, answered, ended, read_back, read_back_limit,
    yes_or_no,
};
use crate::base::limits;
use crate::bytecode::{InstrId, Op};
use crate::calculus::{Command, Template};
use crate::run::reading::{Output, Reading};
use crate::run::{AnswerSource, Attempt, Event, Question, Said, StepEnded, StepOutcome, Trace, Waiver};

/// A step that runs a command.
#[derive(Debug)]
pub(crate) struct Attempts {
    id: InstrId,
    at: Attempt,
    phase: Phase,
    /// The operator cancelled, and nothing of the step is to be started any more.
    given_up: bool,
}

#[derive(Debug)]
enum Phase {
    New,
    /// A command of an earlier executor is being looked for or watched; what the operator says if nobody knows better.
    Surviving(Option<(Settlement, Said)>),
    /// Reading back what became of an earlier executor's attempt, and whether it certainly has ended.
    Recovering(bool),
    /// The operator is asked what became of it.
    Unsettled,
    /// Reading back before the command.
    Before,
    Acting,
    /// The operator decides what the result means.
    Judging(Output),
    /// Reading back after success.
    Confirming(Output, Vec<String>),
    /// Reading back after an unknown end: why it is unknown, and whether it certainly is one.
    Doubting(Output, String, bool),
    /// The operator is asked what became of it, in the middle of the run.
    Disputed(Output, String),
    /// Before a repetition; why the last attempt failed.
    Pausing(String),
    Over,
}

/// The parts of the instruction.
struct Plan<'a> {
    name: &'a str,
    command: &'a Command,
    verify: bool,
    retries: u32,
    every_ms: u64,
    idempotent: bool,
}

impl Attempts {
    pub fn new(id: InstrId, at: Attempt) -> Attempts {
        Attempts { id, at, phase: Phase::New, given_up: false }
    }

    pub fn is_unsettled(&self) -> bool {
        matches!(self.phase, Phase::Surviving(_) | Phase::Recovering(_) | Phase::Unsettled)
    }

    pub fn on(&mut self, input: Input, context: &mut Context) -> Turn {
        let Op::Run { command, verify, retries, every_ms } = &context.instr.op else {
            return Turn::then(Then::Nothing);
        };
        let idempotent = context.instr.flags.idempotent;
        let name = &context.instr.name;
        let plan = Plan { name, command, verify: verify.is_some(), retries: *retries, every_ms: *every_ms, idempotent };
        match (std::mem::replace(&mut self.phase, Phase::Over), input) {
            (Phase::New, Input::Begin) => self.begin(&plan),
            (Phase::New, Input::Resume(trace, word)) => self.resume(trace, word, &plan, context),
            (Phase::Surviving(word), Input::Ended(end)) => self.survived(end, word, &plan, context),
            (Phase::Recovering(over), Input::Ended(end)) => self.recovered(&read_back(&end), over, &plan, context),
            (Phase::Unsettled, Input::Answered(option, by)) => self.settled(option, by, &plan),
            (Phase::Unsettled, Input::Nobody) => self.go(Phase::Unsettled, Then::Suspend),
            (Phase::Before, Input::Ended(end)) => self.checked(read_back(&end), &plan),
            (Phase::Acting, Input::Ended(end)) => self.acted(end, &plan, context),
            (Phase::Judging(output), Input::Answered(option, by)) => {
                let word = if option == 1 { "yes" } else { "no" };
                let turn = match option {
                    1 => self.worked(output, Vec::new(), &plan),
                    _ => self.fail("the operator's answer was `no`", output, &plan),
                };
                turn.after(answered(self.id, option, word, by))
            }
            (Phase::Judging(output), Input::Nobody) => self.fail(super::NOBODY, output, &plan),
            (Phase::Confirming(output, warnings), Input::Ended(end)) => {
                self.confirmed(read_back(&end), output, warnings, &plan)
            }
            (Phase::Doubting(output, why, over), Input::Ended(end)) => {
                self.doubted(&read_back(&end), output, why, over, &plan, context)
            }
            (Phase::Disputed(output, why), Input::Answered(option, by)) => self.decided(option, by, output, why, &plan),
            (Phase::Disputed(output, why), Input::Nobody) => self.unknown(why, output),
            (Phase::Pausing(_), Input::Elapsed) => self.repeat(&plan),
            (phase, Input::Cancel) => self.cancel(phase, &plan, context),
            (phase, _) => self.go(phase, Then::Nothing),
        }
    }

    fn begin(&mut self, plan: &Plan) -> Turn {
        if plan.verify {
            return self.go(Phase::Before, Then::Run(Which::Verify, read_back_limit(plan.command)));
        }
        self.act(plan)
    }

    fn act(&mut self, plan: &Plan) -> Turn {
        if self.given_up {
            return self.end(StepOutcome::Failed, CANCELLED);
        }
        self.go(Phase::Acting, Then::Run(Which::Command, plan.command.within_ms))
    }

    fn checked(&mut self, back: Back, plan: &Plan) -> Turn {
        match back {
            Back::Yes if self.at.number == 1 => self.end(StepOutcome::AlreadySo, ""),
            Back::Yes => self.end(StepOutcome::Ok, "an attempt before had worked after all"),
            Back::Unclear(why) if self.at.number > 1 && !plan.idempotent => {
                let why = format!("nothing says whether the attempt before had worked ({why}): not repeated");
                self.end(StepOutcome::Failed, why)
            }
            Back::No | Back::Unclear(_) => self.act(plan),
        }
    }

    fn acted(&mut self, end: End, plan: &Plan, context: &mut Context) -> Turn {
        match end {
            End::Exited(output) => match output.read(plan.command) {
                Reading::Worked(sign) => self.worked(output, sign.into_iter().collect(), plan),
                Reading::Failed(why) => self.fail(why, output, plan),
                Reading::Ask(question) => self.judge(output, &question, plan, context),
            },
            End::Stopped { why, certain: true, by_operator, output } => {
                self.given_up |= by_operator;
                self.fail(why, output, plan)
            }
            End::Stopped { why, by_operator: false, output, .. } => self.doubt(output, why, false, plan, context),
            End::Stopped { why, output, .. } => self.unknown(why, output),
            End::Lost { why, output } => self.doubt(output, why, false, plan, context),
            End::Gone(output) => {
                let why = String::from("it has ended, and nobody saw how");
                self.doubt(output, why, true, plan, context)
            }
            End::NotStarted(why) => self.fail(why, Output::default(), plan),
            End::Unready(why) => self.end(StepOutcome::Failed, why),
        }
    }

    fn judge(&mut self, output: Output, question: &Template, plan: &Plan, context: &mut Context) -> Turn {
        match context.text(question) {
            Ok(text) => self.go(Phase::Judging(output), Then::Ask(yes_or_no(text))),
            Err(why) => self.fail(why, output, plan),
        }
    }

    fn worked(&mut self, output: Output, warnings: Vec<String>, plan: &Plan) -> Turn {
        if plan.verify {
            let limit = read_back_limit(plan.command);
            return self.go(Phase::Confirming(output, warnings), Then::Run(Which::Verify, limit));
        }
        self.succeed(output, warnings, "", plan)
    }

    fn confirmed(&mut self, back: Back, output: Output, warnings: Vec<String>, plan: &Plan) -> Turn {
        match back {
            Back::Yes => self.succeed(output, warnings, "", plan),
            Back::No => self.fail("the command worked, but `verify` says that it is not so", output, plan),
            Back::Unclear(why) => {
                self.fail(format!("the command worked, but `verify` gave no answer: {why}"), output, plan)
            }
        }
    }

    /// Nobody knows what became of the command; whether it is `over` is known.
    fn doubt(&mut self, output: Output, why: String, over: bool, plan: &Plan, context: &Context) -> Turn {
        if plan.verify {
            let limit = read_back_limit(plan.command);
            return self.go(Phase::Doubting(output, why, over), Then::Run(Which::Verify, limit));
        }
        self.doubted(&Back::Unclear(String::new()), output, why, over, plan, context)
    }

    fn doubted(
        &mut self,
        back: &Back,
        output: Output,
        why: String,
        over: bool,
        plan: &Plan,
        context: &Context,
    ) -> Turn {
        match back {
            Back::Yes => self.succeed(output, Vec::new(), &format!("{why}; but `verify` says that it is so"), plan),
            Back::No if over => self.fail(format!("{why}; `verify` says that it is not so"), output, plan),
            _ if plan.idempotent && self.may_repeat(plan) => self.pause(StepOutcome::Unknown, why, output, plan),
            _ => {
                let text = format!("nobody knows what became of `{}`: {why}", context.instr.name);
                self.go(Phase::Disputed(output, why), Then::Ask(what_became(&text, LEAVE_UNKNOWN)))
            }
        }
    }

    /// The operator says what became of a command in the middle of the run.
    fn decided(&mut self, option: u8, by: AnswerSource, output: Output, why: String, plan: &Plan) -> Turn {
        let Some((word, _, settlement)) = SETTLEMENTS.get(option as usize) else {
            return self.unknown(why, output).after(answered(self.id, option, LEAVE_UNKNOWN.0, by));
        };
        self.settle(*settlement, by.said(), plan).after(answered(self.id, option, word, by))
    }

    fn unknown(&mut self, why: String, output: Output) -> Turn {
        self.over(ended(self.id, self.at.number, StepOutcome::Unknown, why).with(output))
    }

    fn succeed(&mut self, output: Output, warnings: Vec<String>, reason: &str, plan: &Plan) -> Turn {
        match output.capture(&plan.command.captures) {
            Ok(captured) => {
                let end = ended(self.id, self.at.number, StepOutcome::Ok, reason);
                self.over(StepEnded { warnings, captured, ..end.with(output) })
            }
            Err(why) => self.fail(why, output, plan),
        }
    }

    fn fail(&mut self, why: impl Into<String>, output: Output, plan: &Plan) -> Turn {
        if self.may_repeat(plan) {
            return self.pause(StepOutcome::Failed, why.into(), output, plan);
        }
        self.over(ended(self.id, self.at.number, StepOutcome::Failed, why).with(output))
    }

    fn may_repeat(&self, plan: &Plan) -> bool {
        self.at.number <= plan.retries && !self.given_up
    }

    fn pause(&mut self, outcome: StepOutcome, why: String, output: Output, plan: &Plan) -> Turn {
        let end = ended(self.id, self.at.number, outcome, why.clone()).with(output);
        self.at.ended = true;
        let again = Event::StepEnded(StepEnded { again: true, ..end });
        self.go(Phase::Pausing(why), Then::Pause(plan.every_ms)).after(again)
    }

    fn repeat(&mut self, plan: &Plan) -> Turn {
        self.at = Attempt { number: self.at.number + 1, ended: false };
        let started = Event::StepStarted { step: self.id, attempt: self.at.number };
        self.begin(plan).after(started)
    }

    fn cancel(&mut self, phase: Phase, plan: &Plan, context: &Context) -> Turn {
        self.given_up = !context.instr.flags.finally;
        match phase {
            Phase::Pausing(why) if self.given_up => {
                self.end(StepOutcome::Failed, format!("{why}; not repeated: {CANCELLED}"))
            }
            Phase::Judging(output) if self.given_up => self.fail(CANCELLED, output, plan),
            phase => self.go(phase, Then::Nothing),
        }
    }

    fn resume(&mut self, trace: Trace, word: Option<(Settlement, Said)>, plan: &Plan, context: &Context) -> Turn {
        if self.at.ended {
            return self.go(Phase::Pausing(String::from("the last attempt failed")), Then::Pause(plan.every_ms));
        }
        match (word, trace) {
            (word, Trace::Alive) => {
                let limit = plan.command.within_ms.map(|ms| ms.saturating_add(limits::REMOTE_GRACE_MS));
                self.go(Phase::Surviving(word), Then::Watch(limit))
            }
            (Some((word, by)), _) => self.settle(word, by, plan),
            (None, Trace::Never) => self.begin(plan),
            (None, trace) => self.recover(trace == Trace::Gone, plan, context),
        }
    }

    /// What became of an earlier executor's command has been found out, or could not be.
    fn survived(&mut self, end: End, word: Option<(Settlement, Said)>, plan: &Plan, context: &mut Context) -> Turn {
        match (end, word) {
            (end @ End::Exited(_), _) => self.acted(end, plan, context),
            // Given up here, it may go on where it runs, whichever executor started it.
            (end @ End::Stopped { certain: false, .. }, None) => self.acted(end, plan, context),
            (End::NotStarted(_), _) => self.begin(plan),
            (_, Some((word, by))) => self.settle(word, by, plan),
            (end, None) => self.recover(!matches!(end, End::Lost { .. }), plan, context),
        }
    }

    fn recover(&mut self, over: bool, plan: &Plan, context: &Context) -> Turn {
        if plan.verify {
            return self.go(Phase::Recovering(over), Then::Run(Which::Verify, read_back_limit(plan.command)));
        }
        self.recovered(&Back::Unclear(String::new()), over, plan, context)
    }

    fn recovered(&mut self, back: &Back, over: bool, plan: &Plan, context: &Context) -> Turn {
        match back {
            Back::Yes => self.end(StepOutcome::Ok, "it was done when the run was taken up again"),
            // Nothing of it goes on, and it is not done.
            Back::No if over => self.act(plan),
            _ if plan.idempotent => self.act(plan),
            _ => {
                let text = format!("the executor was lost while `{}` was running", context.instr.name);
                self.go(Phase::Unsettled, Then::Ask(what_became(&text, LEAVE_RUN)))
            }
        }
    }

    fn settled(&mut self, option: u8, by: AnswerSource, plan: &Plan) -> Turn {
        match SETTLEMENTS.get(option as usize) {
            Some((word, _, settlement)) => {
                let (said, event) = (by.said(), answered(self.id, option, word, by));
                self.settle(*settlement, said, plan).after(event)
            }
            _ => self.go(Phase::Unsettled, Then::Suspend),
        }
    }

    /// Somebody's word stands for evidence of what became of it.
    fn settle(&mut self, word: Settlement, by: Said, plan: &Plan) -> Turn {
        let turn = match word {
            Settlement::Done => self.end(StepOutcome::Ok, "the operator says that it is done"),
            Settlement::Failed => self.end(StepOutcome::Failed, "the operator says that it failed"),
            Settlement::Again => self.act(plan),
        };
        let text = format!("nothing shows what became of `{}`: `{}` is somebody's word", plan.name, word.as_str());
        turn.after(Event::Waived { waiver: Waiver::Outcome, text, by })
    }

    fn end(&mut self, outcome: StepOutcome, reason: impl Into<String>) -> Turn {
        self.over(ended(self.id, self.at.number, outcome, reason))
    }

    fn over(&mut self, end: StepEnded) -> Turn {
        self.phase = Phase::Over;
        Turn::end(Event::StepEnded(end))
    }

    fn go(&mut self, phase: Phase, then: Then) -> Turn {
        self.phase = phase;
        Turn::then(then)
    }
}

/// What the operator may say of a step whose outcome was lost.
const SETTLEMENTS: [(&str, &str, Settlement); 3] = [
    ("done", "go on", Settlement::Done),
    ("failed", "go on as after a failure", Settlement::Failed),
    ("again", "run it again", Settlement::Again),
];

/// And if nobody can say: what then, in the middle of a run and when it is taken up again.
const LEAVE_UNKNOWN: (&str, &str) = ("unknown", "go on as after a failure that may still be going on");
const LEAVE_RUN: (&str, &str) = ("stop", "leave the run as it is");

fn what_became(text: &str, otherwise: (&str, &str)) -> Question {
    let words = SETTLEMENTS.iter().map(|(word, meaning, _)| (*word, *meaning)).chain([otherwise]);
    let options = words.map(|(word, meaning)| (String::from(word), String::from(meaning))).collect();
    Question { text: format!("{text}; is it done? Look before you answer"), options, ..Question::default() }
}
