//! The pure machine of a run: a fold over its events, and what may happen next.
//!
//! A run in progress and a run taken up again are the same thing: a machine that has seen some events. It decides
//! nothing by chance and knows nothing of processes or time. An event costs amortised constant time (times the
//! logarithm of what is ready), so that a program of 100 000 instructions is no matter; nothing recurses.

use crate::bytecode::{Guard, GuardId, Instr, InstrId, Op, Status};
use crate::calculus::{AtomId, AtomSource, MachineId, ValueId, ValueSource};
use crate::run::cells::Cells;
use crate::run::dependents::Dependents;
use crate::run::guard::{Guards, Truth};
use crate::run::ready::Ready;
use crate::run::{Event, Record, RunEnded, RunStarted, StepEnded, StepOutcome, conclusion};
use crate::verify::Verified;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// An event does not fit the program or the events before it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Inconsistent {
    /// Why, as a sentence for people.
    pub message: String,
}

/// Where a running step is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Attempt {
    /// Which one, from 1.
    pub number: u32,
    /// Whether it has ended; the step then is about to be repeated.
    pub ended: bool,
}

/// The state of a run.
#[derive(Clone, Debug)]
pub struct Machine {
    program: Arc<Verified>,
    status: Vec<Status>,
    /// How many instructions each still waits for.
    left: Vec<u32>,
    dependents: Dependents,
    settling: BTreeMap<InstrId, Status>,
    commands: Ready,
    others: BTreeSet<InstrId>,
    running: BTreeMap<InstrId, Attempt>,
    deadlines: BTreeMap<InstrId, Timestamp>,
    unsettled: usize,
    answers: Vec<Option<u8>>,
    values: Vec<Option<String>>,
    guards: Guards,
    cells: Cells,
    started: Option<RunStarted>,
    cancelled: bool,
    waived: Vec<String>,
    ended: Option<RunEnded>,
}

impl Machine {
    /// A run of which nothing has happened yet.
    pub fn new(program: Arc<Verified>) -> Machine {
        let dependents = Dependents::of(&program.code);
        Machine {
            status: vec![Status::Pending; program.code.len()],
            left: program.code.iter().map(|i| count(i.needs.len() + i.waits.len())).collect(),
            dependents,
            settling: BTreeMap::new(),
            commands: Ready::default(),
            others: BTreeSet::new(),
            running: BTreeMap::new(),
            deadlines: BTreeMap::new(),
            unsettled: program.code.len(),
            answers: vec![None; program.atoms.len()],
            values: vec![None; program.values.len()],
            guards: Guards::new(&program),
            cells: Cells::new(&program),
            started: None,
            cancelled: false,
            waived: Vec::new(),
            ended: None,
            program,
        }
    }

    /// A run of which the records are known so far.
    pub fn replay(program: Arc<Verified>, records: &[Record]) -> Result<Machine, Inconsistent> {
        let mut machine = Machine::new(program);
        for (i, record) in records.iter().enumerate() {
            machine.apply(&record.event).map_err(|e| inconsistent(format!("event {}: {}", i + 1, e.message)))?;
        }
        Ok(machine)
    }

    /// The program.
    pub fn program(&self) -> &Arc<Verified> {
        &self.program
    }

    /// The run's first event.
    pub fn started(&self) -> Option<&RunStarted> {
        self.started.as_ref()
    }

    /// The run's last event.
    pub fn ended(&self) -> Option<&RunEnded> {
        self.ended.as_ref()
    }

    /// Whether the operator has cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled
    }

    /// What was done without, in words.
    pub fn waived(&self) -> &[String] {
        &self.waived
    }

    /// The status of an instruction.
    pub fn status(&self, id: InstrId) -> Status {
        self.status.get(id.index()).copied().unwrap_or_default()
    }

    /// Whether an instruction keeps what needs it from running.
    pub fn is_stopped(&self, id: InstrId) -> bool {
        let tolerated = self.program.code.get(id.index()).is_some_and(|i| i.flags.tolerated);
        self.status(id).is_stopped(tolerated)
    }

    /// The answer to an atom, if it is known: the index of the option.
    pub fn answer(&self, atom: AtomId) -> Option<u8> {
        self.answers.get(atom.index()).copied().flatten()
    }

    /// The first instruction whose status follows from what has happened, in written order. Settling it may make
    /// others follow.
    pub fn settling(&self) -> Option<(InstrId, Status)> {
        self.settling.first_key_value().map(|(id, status)| (*id, *status))
    }

    /// The first step that runs a command and may start, in written order, on a machine that is not busy.
    pub fn startable_command(&self) -> Option<InstrId> {
        self.commands.first()
    }

    /// Whether a machine takes no more commands for now.
    pub fn set_busy(&mut self, machine: MachineId, busy: bool) {
        self.commands.set_busy(machine, busy);
    }

    /// The first step that runs no command and may start, in written order.
    pub fn startable_other(&self) -> Option<InstrId> {
        self.others.first().copied()
    }

    /// Every step that may start, in written order within each sort.
    #[cfg(test)]
    pub fn startable(&self) -> impl Iterator<Item = InstrId> {
        self.commands.iter().chain(self.others.iter().copied())
    }

    /// The steps that have started and not ended.
    pub fn running(&self) -> impl Iterator<Item = (InstrId, Attempt)> {
        self.running.iter().map(|(id, attempt)| (*id, *attempt))
    }

    /// Until when the open question of a step can be answered, if there is an end.
    pub fn deadline(&self, id: InstrId) -> Option<Timestamp> {
        self.deadlines.get(&id).copied()
    }

    /// Whether every instruction is settled.
    pub fn is_over(&self) -> bool {
        self.unsettled == 0
    }

    /// How the run ends, once it is over.
    pub fn conclusion(&self) -> RunEnded {
        conclusion::conclude(self)
    }

    /// What the state of the world may be.
    pub fn cells(&self) -> &Cells {
        &self.cells
    }

    /// The text of a value; `None` if nothing has been captured for it.
    pub fn value(&mut self, id: ValueId) -> Option<String> {
        let program = Arc::clone(&self.program);
        match &program.values.get(id.index())?.source {
            ValueSource::Captured { .. } => self.values.get(id.index()).cloned().flatten(),
            ValueSource::Picked { cases, otherwise } => {
                let case = cases.iter().find(|(guard, _)| self.holds(*guard));
                Some(case.map_or(otherwise, |(_, text)| text).clone())
            }
        }
    }

    /// Those that need the instruction.
    pub(crate) fn needed_by(&self, id: InstrId) -> impl Iterator<Item = InstrId> {
        let needs =
            move |d: &InstrId| self.program.code.get(d.index()).is_some_and(|i| i.needs.binary_search(&id).is_ok());
        self.dependents.of_instr(id).iter().copied().filter(needs)
    }

    /// Takes an event in. On an error the machine is as before.
    pub fn apply(&mut self, event: &Event) -> Result<(), Inconsistent> {
        if self.ended.is_some() {
            return Err(inconsistent("something happens after the end of the run"));
        }
        if self.started.is_none() != matches!(event, Event::RunStarted(_)) {
            return Err(inconsistent("a run begins once, and with its beginning"));
        }
        match event {
            Event::RunStarted(started) => self.begin(started),
            Event::RunResumed { flags, .. } => {
                self.resumed();
                self.say_again(flags);
                Ok(())
            }
            Event::Told { .. } | Event::Connection { .. } => Ok(()),
            Event::Asked { step, until, .. } => {
                self.deadlines.extend(until.map(|until| (*step, until)));
                Ok(())
            }
            Event::Waived { text, .. } => {
                self.waived.push(text.clone());
                Ok(())
            }
            Event::StepStarted { step, attempt } => self.start(*step, *attempt),
            Event::StepEnded(ended) => self.end(ended),
            Event::Answered { step, option, .. } => self.answered(*step, *option),
            Event::CancelRequested { .. } => {
                self.cancel();
                Ok(())
            }
            Event::Settled { step, status } => self.settled(*step, *status),
            Event::RunEnded(ended) => self.finish(ended),
        }
    }

    /// What is said of a flag when a run is taken up is said instead of what was said before.
    fn say_again(&mut self, flags: &[(String, String)]) {
        if let Some(started) = &mut self.started {
            started.flags.retain(|(flag, _)| flags.iter().all(|(said, _)| said != flag));
            started.flags.extend_from_slice(flags);
        }
    }

    fn begin(&mut self, started: &RunStarted) -> Result<(), Inconsistent> {
        let program = Arc::clone(&self.program);
        let mut answers = self.answers.clone();
        for (name, option) in &started.decisions {
            let atom = program.atoms.iter().position(|a| a.source == AtomSource::Decision && a.name == *name);
            let answer = atom.and_then(|i| option_index(&program.atoms.get(i)?.options, option));
            match (atom.and_then(|i| answers.get_mut(i)), answer) {
                (Some(slot), Some(answer)) => *slot = Some(answer),
                _ => return Err(inconsistent(format!("the plan has no decision `{name}` with the answer `{option}`"))),
            }
        }
        self.answers = answers;
        self.started = Some(started.clone());
        for index in 0..program.code.len() {
            if self.left.get(index) == Some(&0) {
                self.ready(InstrId::at(index));
            }
        }
        Ok(())
    }

    /// What the earlier executor had begun may go on, and yet be done again.
    fn resumed(&mut self) {
        let program = Arc::clone(&self.program);
        for (id, _) in self.running.iter().filter(|(_, at)| !at.ended) {
            if let Some(instr) = program.code.get(id.index()).filter(|i| i.flags.idempotent) {
                self.cells.give_up(instr);
            }
        }
    }

    fn start(&mut self, step: InstrId, attempt: u32) -> Result<(), Inconsistent> {
        match self.running.get_mut(&step) {
            Some(at) if at.ended && attempt == at.number.saturating_add(1) => {
                *at = Attempt { number: attempt, ended: false };
                return Ok(());
            }
            Some(_) => return Err(self.misfit(step, "starts an attempt out of turn")),
            None => {}
        }
        let host = self.program.code.get(step.index()).and_then(|i| i.host);
        if attempt != 1 || !(self.commands.remove(step, host) || self.others.remove(&step)) {
            return Err(self.misfit(step, "starts before its turn"));
        }
        self.running.insert(step, Attempt { number: 1, ended: false });
        self.set_status(step, Status::Running);
        Ok(())
    }

    fn end(&mut self, ended: &StepEnded) -> Result<(), Inconsistent> {
        // A step may be given up between two attempts: it then ends without a new one.
        let fits = |at: &&mut Attempt| at.number == ended.attempt && !(ended.again && at.ended);
        let Some(at) = self.running.get_mut(&ended.step).filter(fits) else {
            return Err(self.misfit(ended.step, "ends without having started"));
        };
        if ended.again {
            at.ended = true;
            if let (StepOutcome::Unknown, Some(instr)) = (ended.outcome, self.program.code.get(ended.step.index())) {
                self.cells.give_up(instr);
            }
            return Ok(());
        }
        self.running.remove(&ended.step);
        self.deadlines.remove(&ended.step);
        for (value, text) in &ended.captured {
            if let Some(slot) = self.values.get_mut(value.index()) {
                *slot = Some(text.clone());
            }
        }
        let status = match ended.outcome {
            StepOutcome::Ok | StepOutcome::AlreadySo => Status::Ok,
            StepOutcome::Failed => Status::Failed,
            StepOutcome::Unknown => Status::Unknown,
        };
        self.settle(ended.step, status);
        Ok(())
    }

    fn answered(&mut self, step: InstrId, option: u8) -> Result<(), Inconsistent> {
        if !self.running.contains_key(&step) {
            return Err(self.misfit(step, "is answered without being asked"));
        }
        self.deadlines.remove(&step);
        let program = Arc::clone(&self.program);
        let (atom, option) = match program.code.get(step.index()).map(|i| &i.op) {
            Some(Op::Probe { atom, .. }) => (*atom, Some(option)),
            Some(Op::Ask { atom: Some(atom), answers, .. }) => {
                let options = program.atoms.get(atom.index()).map_or(&[][..], |a| &a.options);
                (*atom, answers.get(option as usize).and_then(|a| option_index(options, &a.name)))
            }
            _ => return Ok(()),
        };
        if let Some(slot) = self.answers.get_mut(atom.index()) {
            *slot = option;
        }
        if option == Some(1) {
            self.cells.learn(&program, atom);
        }
        Ok(())
    }

    fn cancel(&mut self) {
        self.cancelled = true;
        let mut again: Vec<InstrId> = std::mem::take(&mut self.settling).into_keys().collect();
        again.extend(self.commands.take());
        again.extend(std::mem::take(&mut self.others));
        again.into_iter().for_each(|id| self.ready(id));
    }

    fn settled(&mut self, step: InstrId, status: Status) -> Result<(), Inconsistent> {
        if self.settling.get(&step) != Some(&status) {
            return Err(self.misfit(step, &format!("cannot be `{status}` yet")));
        }
        self.settling.remove(&step);
        self.settle(step, status);
        Ok(())
    }

    fn finish(&mut self, ended: &RunEnded) -> Result<(), Inconsistent> {
        if !self.is_over() {
            return Err(inconsistent("the run ends before its last step"));
        }
        let expected = self.conclusion();
        // Journals of before duties outlived their run do not list them.
        let without = RunEnded { holds: Vec::new(), ends: Vec::new(), ..expected.clone() };
        if *ended != expected && *ended != without {
            return Err(inconsistent("the run ends otherwise than its steps"));
        }
        self.ended = Some(ended.clone());
        Ok(())
    }

    /// Gives an instruction its final status, and its turn to whatever waited for nothing else.
    fn settle(&mut self, id: InstrId, status: Status) {
        self.set_status(id, status);
        self.unsettled = self.unsettled.saturating_sub(1);
        let program = Arc::clone(&self.program);
        if let Some(instr) = program.code.get(id.index()) {
            self.cells.settle(id, instr, status);
        }
        for index in self.dependents.range(id) {
            let Some(dependent) = self.dependents.at(index) else { continue };
            if let Some(left) = self.left.get_mut(dependent.index()) {
                *left = left.saturating_sub(1);
                if *left == 0 {
                    self.ready(dependent);
                }
            }
        }
    }

    /// Everything that an instruction waits for is settled: it follows, or it may start.
    fn ready(&mut self, id: InstrId) {
        let program = Arc::clone(&self.program);
        let Some(instr) = program.code.get(id.index()) else { return };
        if let Some(status) = self.derive(instr) {
            self.settling.insert(id, status);
        } else if matches!(instr.op, Op::Run { .. } | Op::Wait { .. } | Op::Probe { .. }) {
            self.commands.insert(id, instr.host);
        } else {
            self.others.insert(id);
        }
    }

    /// The settling rule: the status that follows, or `None` if the step may start.
    fn derive(&mut self, instr: &Instr) -> Option<Status> {
        if instr.needs.iter().any(|t| self.is_stopped(*t)) {
            return Some(Status::Blocked);
        }
        if !self.holds(instr.guard) {
            return Some(Status::NotApplicable);
        }
        if self.cancelled && !instr.flags.finally && instr.op.is_cancellable() {
            return Some(Status::Cancelled);
        }
        match &instr.op {
            Op::Join { rungs } if rungs.iter().any(|r| self.status(*r) == Status::Ok) => Some(Status::Ok),
            Op::Join { rungs } if rungs.iter().any(|r| self.is_stopped(*r)) => Some(Status::Blocked),
            Op::Join { .. } => Some(Status::NotApplicable),
            op if op.is_structure() => Some(Status::Ok),
            _ => None,
        }
    }

    fn holds(&mut self, guard: GuardId) -> bool {
        let (answers, status) = (&self.answers, &self.status);
        let truth = self.guards.evaluate(&self.program, guard, |leaf| {
            Truth::from(match leaf {
                Guard::Is { atom, option } => answers.get(atom.index()).copied().flatten() == Some(*option),
                Guard::Ok(id) => status.get(id.index()) == Some(&Status::Ok),
                _ => false,
            })
        });
        truth == Truth::True
    }

    fn set_status(&mut self, id: InstrId, status: Status) {
        if let Some(slot) = self.status.get_mut(id.index()) {
            *slot = status;
        }
    }

    fn misfit(&self, step: InstrId, what: &str) -> Inconsistent {
        let name = self.program.code.get(step.index()).map_or("?", |i| i.name.as_str());
        inconsistent(format!("`{name}` {what}"))
    }
}

fn inconsistent(message: impl Into<String>) -> Inconsistent {
    Inconsistent { message: message.into() }
}

fn option_index(options: &[String], name: &str) -> Option<u8> {
    options.iter().position(|o| o == name).and_then(|i| u8::try_from(i).ok())
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
