//! A world without processes. Scripts are names: `NAME` does something, `verify NAME` says whether it is done.
//!
//! It can be copied in the middle of a run, so that a run can crash there and be taken up again in the same world.

use crate::bytecode::InstrId;
use crate::calculus::{MachineId, SecretSource};
use crate::run::{
    Exit, Fate, Finished, Happening, Journal, JournalError, Launch, Question, Record, Said, Trace, World,
};
use jiff::Timestamp;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

/// What is so, whoever runs the plan.
#[derive(Clone, Default)]
pub struct State {
    pub clock_ms: u64,
    /// How often each script has begun.
    pub begun: BTreeMap<String, usize>,
    pub done: BTreeSet<String>,
    /// Commands that are running, with the time of their end.
    running: BTreeMap<InstrId, (u64, String)>,
    /// Those of them that run elsewhere, and those that were killed.
    remote: BTreeSet<InstrId>,
    killed: BTreeSet<InstrId>,
    /// What a read-back that does not find it done exits with, if not 1.
    pub verify_code: i32,
    /// A command has its effect whatever its exit code says.
    pub lands: bool,
    /// Commands that have begun, by step and attempt.
    noted: BTreeSet<(InstrId, u32)>,
}

impl State {
    /// What was running has ended, unseen.
    pub fn forget(&mut self) {
        self.running.clear();
    }
}

/// A world in which each script takes some time and works or not.
pub struct Simulated {
    pub state: State,
    pub behaviour: Behaviour,
    /// Copies of world and journal at every moment at which the executor could be lost.
    pub moments: Option<Moments>,
    pub journal: Memory,
    /// Somebody answers, truthfully.
    pub operator: bool,
    /// The operator is there and says nothing.
    pub silent: bool,
    /// How commands have ended is found out afterwards, without what they wrote.
    pub cut: bool,
    pub killed: Vec<InstrId>,
    pub interrupts: VecDeque<u64>,
    answers: VecDeque<(InstrId, u8)>,
}

/// How long a script takes, and its exit code.
pub type Behaviour = Rc<dyn Fn(&str) -> (u64, i32)>;

pub type Moments = Rc<RefCell<Vec<(State, Vec<Record>)>>>;

/// A journal in memory.
#[derive(Clone, Default)]
pub struct Memory {
    pub records: Rc<RefCell<Vec<Record>>>,
    /// After so many writings the next ones fail, so many times.
    pub full: Rc<RefCell<(usize, usize)>>,
}

impl Journal for Memory {
    fn append(&mut self, records: &[Record]) -> Result<(), JournalError> {
        match &mut *self.full.borrow_mut() {
            (0, 0) => {}
            (0, times) => {
                *times -= 1;
                return Err(JournalError { message: "the journal is full".into(), help: "make room".into() });
            }
            (after, _) => *after -= 1,
        }
        self.records.borrow_mut().extend_from_slice(records);
        Ok(())
    }
}

impl Simulated {
    pub fn new(behaviour: Behaviour) -> Simulated {
        Simulated {
            state: State::default(),
            behaviour,
            moments: None,
            journal: Memory::default(),
            operator: true,
            silent: false,
            cut: false,
            killed: Vec::new(),
            interrupts: VecDeque::new(),
            answers: VecDeque::new(),
        }
    }

    /// The script of a launch, without what the transport puts around it.
    fn script(launch: &Launch) -> String {
        launch.script.lines().last().unwrap_or_default().to_owned()
    }

    fn moment(&self) {
        if let Some(moments) = &self.moments {
            moments.borrow_mut().push((self.state.clone(), self.journal.records.borrow().clone()));
        }
    }

    /// Ends the commands whose time has come.
    fn pass(&mut self, until_ms: u64) -> Vec<Happening> {
        self.state.clock_ms = self.state.clock_ms.max(until_ms);
        let now = self.state.clock_ms;
        let over: Vec<InstrId> =
            self.state.running.iter().filter(|(_, (end, _))| *end <= now).map(|(id, _)| *id).collect();
        over.into_iter().map(|step| self.end(step)).collect()
    }

    fn end(&mut self, step: InstrId) -> Happening {
        let (_, script) = self.state.running.remove(&step).unwrap();
        let (_, code) = self.result(&script);
        if (code == 0 || self.state.lands) && !script.starts_with("verify ") {
            self.state.done.insert(script);
        }
        // Elsewhere 255 stands for a lost connection, 124 for a limit that was kept there.
        let fate = match code {
            _ if self.state.killed.remove(&step) => match self.state.remote.contains(&step) {
                true => Fate::Lost("it cannot be asked".into()),
                false => Fate::Late,
            },
            255 if self.state.remote.contains(&step) => Fate::Lost("the connection to `ec1` was lost".into()),
            124 if self.state.remote.contains(&step) => Fate::Late,
            code => Fate::Ended(Exit::Code(code)),
        };
        let finished = Finished { fate, cut: self.cut, ..Finished::default() };
        Happening::Finished { step, finished }
    }

    fn result(&self, script: &str) -> (u64, i32) {
        match script.strip_prefix("verify ") {
            Some(name) => (1, if self.state.done.contains(name) { 0 } else { self.state.verify_code.max(1) }),
            None => (self.behaviour)(script),
        }
    }
}

impl World for Simulated {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(i64::try_from(self.state.clock_ms).unwrap()).unwrap()
    }

    fn clock_ms(&self) -> u64 {
        self.state.clock_ms
    }

    fn secret(&mut self, _: &SecretSource) -> Result<String, String> {
        Err("there are no secrets here".into())
    }

    fn launch(&mut self, step: InstrId, attempt: u32, launch: &Launch) -> Result<(), String> {
        self.moment();
        let script = Simulated::script(launch);
        let (takes, _) = self.result(&script);
        if launch.machine.is_some() {
            self.state.remote.insert(step);
        }
        if launch.gated {
            *self.state.begun.entry(script.clone()).or_default() += 1;
            self.state.noted.insert((step, attempt));
        }
        self.state.running.insert(step, (self.state.clock_ms + takes, script));
        self.moment();
        Ok(())
    }

    fn trace(&mut self, step: InstrId, attempt: u32, _: Option<MachineId>) -> Trace {
        match self.state.running.get(&step) {
            Some((_, script)) if !script.starts_with("verify ") => Trace::Alive,
            _ if self.state.noted.contains(&(step, attempt)) => {
                self.state.running.remove(&step);
                Trace::Gone
            }
            _ => {
                self.state.running.remove(&step);
                Trace::Never
            }
        }
    }

    fn kill(&mut self, step: InstrId) {
        self.killed.push(step);
        if let Some((end, _)) = self.state.running.get_mut(&step) {
            *end = self.state.clock_ms;
            self.state.killed.insert(step);
        }
    }

    fn ask(&mut self, step: InstrId, question: &Question) -> bool {
        // Somebody who looks before answering.
        let done = self.state.done.iter().any(|name| question.text.contains(&format!("`{name}`")));
        let word = if done { "done" } else { "again" };
        let unknown = question.options.iter().position(|(w, _)| w == "unknown");
        let option = unknown.or(question.options.iter().position(|(w, _)| w == word)).unwrap_or(1);
        if self.operator && !self.silent {
            self.answers.push_back((step, u8::try_from(option).unwrap()));
        }
        self.operator
    }

    fn withdraw(&mut self, step: InstrId) {
        self.answers.retain(|(s, _)| *s != step);
    }

    fn wait(&mut self, until_ms: Option<u64>) -> Vec<Happening> {
        self.moment();
        if let Some((step, option)) = self.answers.pop_front() {
            return vec![Happening::Answered { step, option, by: Said::by("mila") }];
        }
        let next = self.state.running.values().map(|(end, _)| *end).chain(until_ms);
        let next = next.chain(self.interrupts.front().copied()).min().expect("the driver waits for something");
        if let Some(at) = self.interrupts.front().copied().filter(|at| *at <= next) {
            self.interrupts.pop_front();
            self.state.clock_ms = self.state.clock_ms.max(at);
            return vec![Happening::Interrupted { by: Said::by("mila"), hard: false }];
        }
        self.pass(next)
    }
}
