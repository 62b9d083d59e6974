//! The simulated host: world and journal of a run, over a virtual clock.
//!
//! They are two faces of one state, so that a copy of both can be taken at any moment: an executor that is lost then is
//! a new driver over such a copy.

use crate::bytecode::InstrId;
use crate::calculus::{MachineId, SecretSource};
use crate::drill::plot::Plot;
use crate::drill::reply::Replies;
use crate::drill::scene::Scene;
use crate::drill::state::{Moment, State};
use crate::run::{Happening, Journal, JournalError, Launch, Question, Record, RunError, Trace, World, exit};
use crate::verify::Verified;
use jiff::Timestamp;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

/// What stays the same in all runs of a program.
pub struct Stage {
    /// The program.
    pub program: Arc<Verified>,
    /// How its commands end.
    pub replies: Replies,
}

impl Stage {
    /// The stage of a program.
    ///
    /// # Errors
    /// There is a command that nothing could be made up for that it would print when it works.
    pub fn new(program: Verified) -> Result<Stage, RunError> {
        let replies = Replies::of(&program);
        if let Some(instr) = replies.hopeless(&program).and_then(|i| program.code.get(i)) {
            let message = format!("the simulated world knows no output with which `{}` would succeed", instr.name);
            let help = Some(String::from("simplify the pattern after `match` or `output`"));
            return Err(RunError { message, help, exit: exit::FINDINGS });
        }
        Ok(Stage { program: Arc::new(program), replies })
    }
}

/// World and journal of one run.
pub struct Shared {
    /// The world.
    pub state: State,
    /// The journal.
    pub records: Vec<Record>,
    /// Every moment at which the executor could be lost, if asked for.
    pub moments: Option<Vec<Moment>>,
    /// The attempt at which the executor is lost, and the moment of it.
    pub crash: Option<((InstrId, u32), Moment)>,
}

/// One face of the simulated host.
#[derive(Clone)]
pub struct Face<'a> {
    stage: &'a Stage,
    plot: &'a Plot,
    shared: Rc<RefCell<Shared>>,
}

impl<'a> Face<'a> {
    /// A world in which nothing has happened.
    pub fn new(stage: &'a Stage, plot: &'a Plot, moments: bool) -> Face<'a> {
        Face::of(stage, plot, State::new(&stage.program, plot), Vec::new(), moments.then(Vec::new))
    }

    /// The world as a lost executor left it, with what it had written.
    pub fn after(stage: &'a Stage, plot: &'a Plot, moment: &Moment, records: &[Record]) -> Face<'a> {
        let records = records.get(..moment.records).unwrap_or(records).to_vec();
        Face::of(stage, plot, moment.state.clone().orphaned(), records, None)
    }

    fn of(
        stage: &'a Stage,
        plot: &'a Plot,
        state: State,
        records: Vec<Record>,
        moments: Option<Vec<Moment>>,
    ) -> Face<'a> {
        Face { stage, plot, shared: Rc::new(RefCell::new(Shared { state, records, moments, crash: None })) }
    }

    /// Something made of the journal so far.
    pub fn replayed<T>(&self, make: impl FnOnce(&[Record]) -> T) -> T {
        make(&self.shared.borrow().records)
    }

    /// How things are.
    pub fn values(&self) -> Vec<u8> {
        self.shared.borrow().state.things.values().to_vec()
    }

    /// The run is over: whatever was given up and may still land does.
    pub fn settle_down(&self) {
        self.with(|scene| scene.settle_down());
    }

    /// What came of it.
    pub fn into_shared(self) -> Option<Shared> {
        Rc::into_inner(self.shared).map(RefCell::into_inner)
    }

    fn with<T>(&self, act: impl FnOnce(&mut Scene<'_>) -> T) -> T {
        let shared = &mut *self.shared.borrow_mut();
        act(&mut Scene { stage: self.stage, plot: self.plot, shared })
    }
}

impl World for Face<'_> {
    fn now(&self) -> Timestamp {
        let ms = i64::try_from(self.clock_ms()).unwrap_or(i64::MAX);
        Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX)
    }

    fn clock_ms(&self) -> u64 {
        self.shared.borrow().state.clock_ms
    }

    fn secret(&mut self, _: &SecretSource) -> Result<String, String> {
        // Nothing that a command is made up to print contains it.
        Ok(String::from("the content of a simulated secret"))
    }

    fn launch(&mut self, step: InstrId, attempt: u32, launch: &Launch) -> Result<(), String> {
        let begun = self.with(|scene| scene.begin(step, attempt, launch));
        begun.ok_or_else(|| String::from("there is no such step"))
    }

    fn trace(&mut self, step: InstrId, attempt: u32, _: Option<MachineId>) -> Trace {
        let state = &self.shared.borrow().state;
        match state.commands.contains_key(&step) {
            true => Trace::Alive,
            false if state.things.is_under_way(step) => Trace::Lost,
            false if state.noted.contains(&(step, attempt)) => Trace::Gone,
            false => Trace::Never,
        }
    }

    fn kill(&mut self, step: InstrId) {
        self.with(|scene| scene.kill(step));
    }

    fn ask(&mut self, step: InstrId, question: &Question) -> bool {
        self.with(|scene| scene.ask(step, question));
        true
    }

    fn withdraw(&mut self, step: InstrId) {
        self.shared.borrow_mut().state.answers.retain(|(_, s, _)| *s != step);
    }

    fn wait(&mut self, until_ms: Option<u64>) -> Vec<Happening> {
        self.with(|scene| scene.next(until_ms))
    }
}

impl Journal for Face<'_> {
    fn append(&mut self, records: &[Record]) -> Result<(), JournalError> {
        self.with(|scene| scene.written(records));
        Ok(())
    }
}
