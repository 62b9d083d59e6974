//! The driver: turns what the machine allows into commands, and what happens into events. One thread, one loop.
//!
//! A turn of the loop lets the machine settle what follows, starts what may start, makes all of these events durable in
//! one go, does what they announce, and waits for something to happen. So an intent is durable before its command
//! starts, and a result before anything that depends on it.
//!
//! While the journal cannot be written nothing is started; what runs is left to end, and written down then if that is
//! possible by then.

mod commands;

use crate::bytecode::{Instr, InstrId};
use crate::calculus::{MachineId, Reach};
use crate::run::launch::reach;
use crate::run::mask::Mask;
use crate::run::reading::Output;
use crate::run::step::{Context, Input, Step, Then};
use crate::run::{
    AnswerSource, Attempt, Event, Happening, Journal, JournalError, Key, Link, Machine, Options, Question, Record,
    Reporter, RunEnded, RunError, Said, Waiver, Wish, World,
};
use crate::verify::Verified;
use commands::Running;
use jiff::{SignedDuration, Timestamp};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::sync::Arc;

/// What a run needs of its host.
pub struct Host<'a> {
    /// Where commands run.
    pub world: &'a mut dyn World,
    /// Where the run is written down.
    pub journal: &'a mut dyn Journal,
    /// Who follows it.
    pub reporter: &'a mut dyn Reporter,
    /// Who runs this executor: answers given in advance are theirs.
    pub user: String,
}

/// Runs the machine to its end, from wherever it is. What is `first` is recorded before anything else.
pub fn drive<'a>(
    machine: Machine,
    first: Vec<Event>,
    options: &'a Options,
    host: Host<'a>,
) -> Result<RunEnded, RunError> {
    let mut driver = Driver {
        program: Arc::clone(machine.program()),
        machine,
        host,
        options,
        steps: BTreeMap::new(),
        timers: BinaryHeap::new(),
        batch: Vec::new(),
        agenda: VecDeque::new(),
        secrets: Mask::default(),
        stalled: None,
        taken_over: None,
        busy: 0,
        at_nodes: BTreeMap::new(),
        taking_up: true,
        unsettled: false,
        written: false,
    };
    driver.learn_secrets();
    first.into_iter().try_for_each(|event| driver.record(event))?;
    driver.take_up()?;
    driver.run()
}

struct Driver<'a> {
    program: Arc<Verified>,
    machine: Machine,
    host: Host<'a>,
    options: &'a Options,
    /// The steps that have started and not ended.
    steps: BTreeMap<InstrId, Active>,
    /// When to wake which step; an entry counts if it bears the number of the step's current timer.
    timers: BinaryHeap<Reverse<(u64, InstrId, u64)>>,
    /// Events that are not durable yet.
    batch: Vec<Record>,
    /// What to do once they are.
    agenda: VecDeque<(InstrId, Then)>,
    /// Contents that must never be shown.
    secrets: Mask,
    /// The journal cannot be written.
    stalled: Option<JournalError>,
    /// Who goes on with the run elsewhere: what runs here is left to end, and written down.
    taken_over: Option<String>,
    /// How many of the steps take up a job.
    busy: usize,
    /// And on each machine that is not this one.
    at_nodes: BTreeMap<MachineId, usize>,
    /// Steps of an earlier executor are still being taken up.
    taking_up: bool,
    /// Nobody can say what became of a step.
    unsettled: bool,
    /// Something has been made durable.
    written: bool,
}

/// A step that has started and not ended.
struct Active {
    step: Step,
    attempt: u32,
    timer: u64,
    command: Option<Running>,
    suspended: bool,
}

impl Driver<'_> {
    fn run(&mut self) -> Result<RunEnded, RunError> {
        loop {
            if self.stalled.is_none() && !self.unsettled && self.taken_over.is_none() {
                self.advance()?;
            }
            self.commit();
            self.taken_over = self.host.journal.taken_over();
            if self.taken_over.is_some() {
                self.agenda.clear();
            }
            if self.stalled.is_none() {
                if let Some(ended) = self.machine.ended().filter(|_| self.taken_over.is_none()) {
                    return Ok(ended.clone());
                }
                for (id, then) in std::mem::take(&mut self.agenda) {
                    self.act(id, then)?;
                }
                if !self.agenda.is_empty() || !self.batch.is_empty() {
                    continue;
                }
            }
            if self.is_idle() {
                return Err(self.give_up());
            }
            self.wait()?;
        }
    }

    /// Takes up the steps that an earlier executor left running.
    fn take_up(&mut self) -> Result<(), RunError> {
        for (id, at) in self.machine.running().collect::<Vec<_>>() {
            let program = Arc::clone(&self.program);
            let instr = instr(&program, id)?;
            self.insert(id, instr, at)?;
            if self.machine.is_cancelled() {
                self.feed(id, Input::Cancel)?;
            }
            let machine = instr.host.filter(|_| *reach(&program, instr) != Reach::Local);
            let trace = self.host.world.trace(id, at.number, machine);
            let by = || Said { who: self.host.user.clone(), why: self.options.why.clone() };
            let word = self.options.settle.iter().find(|(name, _)| *name == instr.name);
            let word = word.map(|(_, word)| (*word, by()));
            self.feed(id, Input::Resume(trace, word))?;
        }
        Ok(())
    }

    /// Records the end, with what its copy lacks.
    fn end(&mut self) -> Result<(), RunError> {
        match self.host.journal.last_look() {
            Some(Ok(text)) => {
                self.record(Event::replica(Link::Open, text))?;
            }
            Some(Err(text)) => {
                let by = Said { who: self.host.user.clone(), why: self.options.why.clone() };
                self.record(Event::Waived { waiver: Waiver::Replica, text, by })?;
            }
            None => {}
        }
        let ended = self.machine.conclusion();
        self.record(Event::RunEnded(ended))
    }

    /// Settles what follows and starts what may start, in written order, until nothing more comes of it.
    fn advance(&mut self) -> Result<(), RunError> {
        loop {
            while let Some((step, status)) = self.machine.settling() {
                self.record(Event::Settled { step, status })?;
            }
            if self.machine.is_over() {
                return self.end();
            }
            self.taking_up = self.taking_up && self.steps.values().any(|a| a.step.is_unsettled());
            if self.taking_up {
                return Ok(());
            }
            self.start_all()?;
            if self.machine.settling().is_none() {
                return Ok(());
            }
        }
    }

    /// Starts what may start; commands as many as there are jobs.
    fn start_all(&mut self) -> Result<(), RunError> {
        while let Some(id) = self.machine.startable_other() {
            self.start(id)?;
        }
        while self.busy < self.options.jobs.max(1) {
            let Some(id) = self.machine.startable_command() else { break };
            self.start(id)?;
        }
        Ok(())
    }

    fn start(&mut self, id: InstrId) -> Result<(), RunError> {
        self.record(Event::StepStarted { step: id, attempt: 1 })?;
        let program = Arc::clone(&self.program);
        self.insert(id, instr(&program, id)?, Attempt { number: 1, ended: false })?;
        self.feed(id, Input::Begin)
    }

    fn insert(&mut self, id: InstrId, instr: &Instr, at: Attempt) -> Result<(), RunError> {
        let step = Step::new(id, instr, at).ok_or_else(|| RunError::defect("a block was started like a step"))?;
        if step.runs_commands() {
            self.occupy(id, 1);
        }
        self.steps.insert(id, Active { step, attempt: at.number, timer: 0, command: None, suspended: false });
        Ok(())
    }

    /// A step takes up a job, or gives it back.
    fn occupy(&mut self, id: InstrId, change: isize) {
        self.busy = self.busy.saturating_add_signed(change);
        let instr = self.program.code.get(id.index()).filter(|i| *reach(&self.program, i) != Reach::Local);
        if let Some(machine) = instr.and_then(|i| i.host) {
            let count = self.at_nodes.entry(machine).or_default();
            *count = count.saturating_add_signed(change);
            self.machine.set_busy(machine, *count >= self.options.per_node.max(1));
        }
    }

    /// Gives a step an input; its events are recorded, its wish goes on the agenda.
    fn feed(&mut self, id: InstrId, input: Input) -> Result<(), RunError> {
        let program = Arc::clone(&self.program);
        let Some(active) = self.steps.get_mut(&id) else { return Ok(()) };
        let machine = &mut self.machine;
        let mut context = Context {
            program: &program,
            instr: instr(&program, id)?,
            clock_ms: self.host.world.clock_ms(),
            value: &mut |value| machine.value(value),
        };
        let turn = active.step.on(input, &mut context);
        if turn.then != Then::Nothing {
            active.timer += 1;
        }
        for event in turn.events {
            if let (Event::StepStarted { attempt, .. }, Some(active)) = (&event, self.steps.get_mut(&id)) {
                active.attempt = *attempt;
            }
            self.record(event)?;
        }
        match turn.then {
            Then::Nothing => {}
            Then::Done => {
                self.host.world.withdraw(id);
                let ended = self.steps.remove(&id);
                if ended.is_some_and(|a| a.step.runs_commands()) {
                    self.occupy(id, -1);
                }
            }
            then => self.agenda.push_back((id, then)),
        }
        Ok(())
    }

    /// Does what a step wants, now that its events are durable.
    fn act(&mut self, id: InstrId, then: Then) -> Result<(), RunError> {
        match then {
            Then::Run(which, limit) => match self.launch(id, which, limit) {
                Ok(()) => Ok(()),
                Err(end) => self.feed(id, Input::Ended(end)),
            },
            Then::Watch(limit_ms) => {
                self.watch(id, limit_ms);
                Ok(())
            }
            Then::Pause(ms) => {
                self.wake(id, self.host.world.clock_ms().saturating_add(ms));
                Ok(())
            }
            Then::Ask(question) => self.ask(id, &question),
            Then::Suspend => {
                self.unsettled = true;
                self.steps.entry(id).and_modify(|active| active.suspended = true);
                Ok(())
            }
            Then::Nothing | Then::Done => Ok(()),
        }
    }

    fn ask(&mut self, id: InstrId, question: &Question) -> Result<(), RunError> {
        let options = question.options.iter().map(|(word, label)| match label.as_str() {
            "" => word.clone(),
            label => format!("{word}: {label}"),
        });
        let options = options.collect();
        let now = self.host.world.now();
        // Whoever takes a run up again does not give more time.
        let until = self.machine.deadline(id).or_else(|| question.gate.within_ms.and_then(|ms| later(now, ms)));
        let word = |index| question.options.get(usize::from(index)).map(|(word, _)| word.clone());
        let (role, otherwise) = (question.gate.role.clone(), question.gate.otherwise.and_then(word));
        self.record(Event::Asked { step: id, question: question.text.clone(), options, role, until, otherwise })?;
        // Whoever follows the run sees the question before the prompt appears.
        self.commit();
        if let (Some(until), Some(limit_ms)) = (until, question.gate.within_ms) {
            // A clock that was set back gives no more time than the plan does; one that is set while this executor
            // waits changes nothing.
            let left_ms = u64::try_from(until.duration_since(now).as_millis()).unwrap_or(0).min(limit_ms);
            if left_ms == 0 {
                if let Some((_, word)) = self.in_advance(id)? {
                    let text = format!("the answer `{word}` came too late: the time was up at {until:.0}");
                    self.record(Event::Told { step: id, text })?;
                }
                return self.feed(id, Input::Elapsed);
            }
            self.wake(id, self.host.world.clock_ms().saturating_add(left_ms));
        }
        let question = &Question { until, ..question.clone() };
        let given = self.in_advance(id)?;
        let given = given.and_then(|(_, word)| question.options.iter().position(|(option, _)| *option == word));
        match given.and_then(|i| u8::try_from(i).ok()) {
            Some(option) => {
                let by = AnswerSource::InAdvance(self.host.user.clone());
                self.feed(id, Input::Answered(option, by))
            }
            None if self.host.world.ask(id, question) => Ok(()),
            None => self.feed(id, Input::Nobody),
        }
    }

    /// The answer to a step's question that was given in advance: the step's name and the word.
    fn in_advance(&self, id: InstrId) -> Result<Option<(String, String)>, RunError> {
        let name = &instr(&self.program, id)?.name;
        Ok(self.options.answers.iter().find(|(step, _)| step == name).cloned())
    }

    fn wait(&mut self) -> Result<(), RunError> {
        let now = self.host.world.clock_ms();
        let refresh = self.host.reporter.refresh_every_ms().map(|ms| now.saturating_add(ms));
        let until = self.next_timer().into_iter().chain(refresh).min();
        for happening in self.host.world.wait(until) {
            match happening {
                Happening::Finished { step, finished } => self.finished(step, &finished)?,
                Happening::Answered { step, option, by } => {
                    // Wherever the answer came from, it is asked for nowhere else any more.
                    self.host.world.withdraw(step);
                    self.feed(step, Input::Answered(option, AnswerSource::Person(by)))?;
                }
                Happening::Unanswered { step } => self.feed(step, Input::Nobody)?,
                Happening::Key(key) => self.key(key)?,
                Happening::Interrupted { by, hard } => self.interrupted(by, hard)?,
                Happening::Copied { state, text } => {
                    self.record(Event::replica(state, text))?;
                }
                Happening::Linked { machine, state, text, sought_ms } => {
                    let node = self.program.machines.get(machine.index()).map_or("?", |m| &m.name).to_owned();
                    let sought_until = sought_ms.and_then(|ms| later(self.host.world.now(), ms));
                    self.record(Event::Connection { node, state, text, sought_until })?;
                }
            }
        }
        let now = self.host.world.clock_ms();
        while self.next_timer().is_some_and(|at| at <= now) {
            if let Some(Reverse((_, id, _))) = self.timers.pop() {
                self.elapsed(id)?;
            }
        }
        if refresh.is_some() {
            self.refresh();
        }
        Ok(())
    }

    fn key(&mut self, key: Key) -> Result<(), RunError> {
        let Some(Wish::Answer { step, option }) = self.host.reporter.key(&self.machine, key) else { return Ok(()) };
        if !self.host.world.may_answer(step) {
            self.host.reporter.barred(step);
            return Ok(());
        }
        self.host.world.withdraw(step);
        let by = AnswerSource::Person(Said::by(self.host.user.as_str()));
        self.feed(step, Input::Answered(option, by))
    }

    fn refresh(&mut self) {
        let reporter = &mut self.host.reporter;
        if let Some((step, so_far)) =
            reporter.watches(&self.machine).and_then(|step| Some((step, self.host.world.output(step)?)))
        {
            reporter.output(step, &Output::so_far(&so_far, &self.secrets));
        }
        reporter.refresh(&self.machine, self.host.world.now());
    }

    fn wake(&mut self, id: InstrId, at_ms: u64) {
        if let Some(active) = self.steps.get(&id) {
            self.timers.push(Reverse((at_ms, id, active.timer)));
        }
    }

    /// When the next timer that counts is due.
    fn next_timer(&mut self) -> Option<u64> {
        while let Some(Reverse((at, id, timer))) = self.timers.peek() {
            if self.steps.get(id).is_some_and(|a| a.timer == *timer) {
                return Some(*at);
            }
            self.timers.pop();
        }
        None
    }

    fn record(&mut self, event: Event) -> Result<(), RunError> {
        if let Err(error) = self.machine.apply(&event) {
            return Err(RunError::defect(format!("the run contradicts itself: {}", error.message)));
        }
        self.batch.push(Record { time: self.host.world.now(), event });
        Ok(())
    }

    /// Makes the events so far durable, then reports them.
    fn commit(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        match self.host.journal.append(&self.batch) {
            Ok(()) => {
                for record in self.batch.drain(..) {
                    self.host.reporter.record(&self.machine, &record);
                }
                self.host.reporter.flush(&self.machine);
                self.stalled = None;
                self.written = true;
            }
            Err(error) => {
                if self.stalled.is_none() {
                    self.host.reporter.trouble(&format!("{}; nothing new is started", error.message));
                }
                self.stalled = Some(error);
            }
        }
    }

    /// Whether nothing will happen any more by itself.
    fn is_idle(&self) -> bool {
        match self.stalled.is_some() || self.taken_over.is_some() {
            true => self.steps.values().all(|a| a.command.is_none()),
            false => self.steps.values().all(|a| a.suspended),
        }
    }

    /// Why the run cannot go on.
    fn give_up(&self) -> RunError {
        let run = self.machine.started().map_or("", |s| s.run.as_str());
        if let Some(by) = &self.taken_over {
            return RunError::open(format!("run {run} was taken over: {by}; nothing more is started here"))
                .help("follow it there; what ran here to its end is in the journal here");
        }
        if let Some(error) = &self.stalled {
            if !self.written {
                return RunError::stopped(format!("{}; nothing was started", error.message)).help(&error.help);
            }
            let lost = self.batch.iter().filter_map(|r| match &r.event {
                Event::StepEnded(ended) => Some(self.name(ended.step)),
                _ => None,
            });
            let lost: Vec<String> = lost.map(|name| format!("`{name}`")).collect();
            let lost = match lost.as_slice() {
                [] => String::new(),
                names => format!("; what came of {} could not be written down", names.join(", ")),
            };
            let help = format!("{}; then `handover resume {run}`", error.help);
            return RunError::open(format!("{}; the run has stopped{lost}", error.message)).help(help);
        }
        let open: Vec<&str> = self.steps.iter().filter(|(_, a)| a.suspended).map(|(id, _)| self.name(*id)).collect();
        if open.is_empty() {
            return RunError::defect("nothing can start and the run is not over");
        }
        let names: Vec<String> = open.iter().map(|name| format!("`{name}`")).collect();
        let commands: Vec<String> = open.iter().map(|name| format!("--settle '{name}=done|failed|again'")).collect();
        RunError::open(format!(
            "nobody knows what became of {}: the executor was lost while it was running, and nothing reads it back",
            names.join(", ")
        ))
        .help(format!("look, then say so: `handover resume {run} {}`", commands.join(" ")))
    }

    fn name(&self, id: InstrId) -> &str {
        self.program.code.get(id.index()).map_or("?", |i| i.name.as_str())
    }
}

fn instr(program: &Verified, id: InstrId) -> Result<&Instr, RunError> {
    program.code.get(id.index()).ok_or_else(|| RunError::defect("an instruction does not exist"))
}

/// So many milliseconds after a moment; nothing if there is no such time.
fn later(time: Timestamp, ms: u64) -> Option<Timestamp> {
    time.checked_add(SignedDuration::from_millis(i64::try_from(ms).ok()?)).ok()
}
