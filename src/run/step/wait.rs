//! Repeating a command until it says yes (or no, if negated).

use super::{Back, CANCELLED, Context, End, Input, Then, Turn, Which, ended, read_back};
use crate::bytecode::{InstrId, Op};
use crate::calculus::Command;
use crate::run::reading::{Output, Reading};
use crate::run::{Event, StepEnded, StepOutcome};

/// A step that waits for something to become so.
#[derive(Debug)]
pub(crate) struct Waiting {
    id: InstrId,
    until_ms: Option<u64>,
    cancelled: bool,
    pausing: bool,
    last: Output,
}

impl Waiting {
    pub fn new(id: InstrId) -> Waiting {
        Waiting { id, until_ms: None, cancelled: false, pausing: false, last: Output::default() }
    }

    pub fn on(&mut self, input: Input, context: &mut Context) -> Turn {
        let Op::Wait { command, every_ms, negated } = &context.instr.op else { return Turn::then(Then::Nothing) };
        match input {
            Input::Begin | Input::Resume(..) => {
                self.until_ms = command.within_ms.map(|ms| context.clock_ms.saturating_add(ms));
                self.poll(context.clock_ms)
            }
            Input::Ended(End::Unready(why)) => self.fail(why),
            Input::Ended(end) => self.read(end, command, *every_ms, *negated, context),
            Input::Elapsed => self.poll(context.clock_ms),
            Input::Cancel => {
                self.cancelled = !context.instr.flags.finally;
                if self.cancelled && self.pausing { self.fail(CANCELLED) } else { Turn::then(Then::Nothing) }
            }
            Input::Answered(..) | Input::Nobody => Turn::then(Then::Nothing),
        }
    }

    /// The next reading, or the end of patience.
    fn poll(&mut self, clock_ms: u64) -> Turn {
        self.pausing = false;
        match self.until_ms.map(|until| until.saturating_sub(clock_ms)) {
            Some(0) => self.fail("it did not become so in time"),
            left => Turn::then(Then::Run(Which::Command, left)),
        }
    }

    fn read(&mut self, end: End, command: &Command, every_ms: u64, negated: bool, context: &Context) -> Turn {
        let unclear = matches!(read_back(&end), Back::Unclear(_));
        if let End::Exited(output) = end {
            // Output without the value that is to be kept is a no; a reading that did not come about is not.
            let kept = match output.read(command) {
                Reading::Worked(_) => output.capture(&command.captures).ok(),
                Reading::Failed(_) | Reading::Ask(_) => None,
            };
            self.last = output;
            let so = if negated { kept.is_none() && !unclear } else { kept.is_some() };
            if so {
                let captured = kept.unwrap_or_default();
                return self.end(StepEnded { captured, ..ended(self.id, 1, StepOutcome::Ok, "") });
            }
        }
        if self.cancelled {
            return self.fail(CANCELLED);
        }
        self.pausing = true;
        let left = self.until_ms.map(|until| until.saturating_sub(context.clock_ms));
        Turn::then(Then::Pause(left.map_or(every_ms, |left| left.min(every_ms))))
    }

    fn fail(&mut self, why: impl Into<String>) -> Turn {
        self.end(ended(self.id, 1, StepOutcome::Failed, why))
    }

    fn end(&mut self, end: StepEnded) -> Turn {
        Turn::end(Event::StepEnded(end.with(std::mem::take(&mut self.last))))
    }
}
