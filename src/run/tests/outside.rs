//! A world with things in it, for programs of the random plans: commands change the values of cells, wholly or in part,
//! at once or long after they were given up, and people say what is so.
//!
//! Everything that it does is told to a [`Witness`], which knows what is allowed. Both can be copied in the middle of a
//! run, so that a run can be lost there and taken up again in the same world.

use super::legal::Witness;
use crate::bytecode::{Instr, InstrId, Op, Program};
use crate::calculus::{Effect, MachineId, Reach, SecretSource};
use crate::run::{
    Exit, Fate, Finished, Happening, Journal, JournalError, Launch, Question, Record, Said, Trace, World,
};
use crate::semantics::random::Dice;
use crate::verify::Verified;
use jiff::Timestamp;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

/// What is so, and who has seen how it came about.
#[derive(Clone)]
pub struct Outside {
    pub program: Arc<Verified>,
    pub dice: Dice,
    pub witness: Witness,
    pub records: Vec<Record>,
    /// The value of each cell.
    values: Vec<u8>,
    /// Effects of commands that were given up and go on.
    loose: BTreeSet<(InstrId, usize)>,
    /// How many attempts of each step have been given up and go on.
    let_go: BTreeMap<InstrId, usize>,
    running: BTreeMap<InstrId, Running>,
    /// Attempts whose command has begun.
    noted: BTreeSet<(InstrId, u32)>,
    answers: VecDeque<(InstrId, Option<u8>)>,
    clock_ms: u64,
    /// When the operator wants an end.
    interrupts: Vec<u64>,
    /// How many commands have failed, hung or been lost.
    pub faults: usize,
}

/// A script that is running.
#[derive(Clone)]
struct Running {
    ends_ms: Option<u64>,
    fate: Fate,
    /// The effects that it has by its end; nothing for a script that only looks.
    effects: Vec<Effect>,
    /// What it says when it ends by itself, if it only looks: whether that is so is seen then.
    looks: bool,
    /// Killed here, it goes on where it runs.
    survives: bool,
}

impl Outside {
    pub fn new(program: Arc<Verified>, mut dice: Dice, witness: Witness) -> Outside {
        let mut interrupts = Vec::new();
        while dice.percent(15) {
            interrupts.push(u64::from(dice.below(120)));
        }
        Outside {
            values: witness.state.values.clone(),
            program,
            dice,
            witness,
            records: Vec::new(),
            loose: BTreeSet::new(),
            let_go: BTreeMap::new(),
            running: BTreeMap::new(),
            noted: BTreeSet::new(),
            answers: VecDeque::new(),
            clock_ms: 0,
            interrupts,
            faults: 0,
        }
    }

    /// The executor is gone; what it had started goes on.
    pub fn lose_executor(&mut self) {
        self.answers.clear();
        let program = Arc::clone(&self.program);
        let gone: Vec<InstrId> = self.running.keys().copied().filter(|_| self.dice.percent(40)).collect();
        for step in gone {
            let ended = self.running.remove(&step).unwrap();
            ended.effects.iter().for_each(|e| self.happen(e));
            if !ended.looks && self.dice.percent(50) && lingers(&program, step) {
                self.let_go(step);
            }
        }
    }

    fn instr(&self, step: InstrId) -> &Instr {
        &self.program.code[step.index()]
    }

    /// Whether every effect of a step is so, and nothing can undo that which it was to stop.
    fn is_done(&self, step: InstrId) -> bool {
        let instr = self.instr(step);
        let so = |e: &Effect| e.change.apply(self.values[e.cell.index()]) == self.values[e.cell.index()];
        let fenced = |(other, _): &(InstrId, usize)| self.instr(*other).host.is_some_and(|m| instr.fences.contains(&m));
        instr.effects.iter().all(so) && !self.loose.iter().any(fenced)
    }

    fn happen(&mut self, effect: &Effect) {
        let value = &mut self.values[effect.cell.index()];
        *value = effect.change.apply(*value);
    }

    /// A command goes on where nobody sees it.
    fn let_go(&mut self, step: InstrId) {
        *self.let_go.entry(step).or_default() += 1;
        let count = self.instr(step).effects.len();
        self.loose.extend((0..count).map(|effect| (step, effect)));
    }

    /// Nothing of a step goes on any more.
    fn stop(&mut self, step: InstrId) {
        self.let_go.remove(&step);
        self.loose.retain(|(other, _)| *other != step);
    }

    /// Effects of commands that were given up happen, or not. Not while another step that touches the same cell is
    /// running: before it starts and after it has ended comes to the same.
    pub fn land(&mut self) {
        let program = Arc::clone(&self.program);
        let running: Vec<InstrId> = self.witness.running().collect();
        for (step, effect) in self.loose.clone() {
            let what = &program.code[step.index()].effects[effect];
            let touches = |other: &InstrId| program.code[other.index()].effects.iter().any(|e| e.cell == what.cell);
            if !self.dice.percent(25) || running.iter().any(|other| *other != step && touches(other)) {
                continue;
            }
            self.happen(what);
            self.witness.landed(step, effect);
        }
    }

    /// What becomes of a command that begins now.
    fn begin(&mut self, step: InstrId) -> Running {
        let program = Arc::clone(&self.program);
        let instr = &program.code[step.index()];
        let Op::Run { command, verify, .. } = &instr.op else { unreachable!("only commands are gated") };
        let reach = instr.host.map_or(&Reach::Local, |m| &program.machines[m.index()].reach);
        let all = instr.effects.clone();
        let part = |dice: &mut Dice| all.iter().copied().filter(|_| dice.percent(50)).collect::<Vec<_>>();
        let ends_ms = Some(self.clock_ms + u64::from(self.dice.below(18)));
        let running = |fate, effects| Running { ends_ms, fate, effects, looks: false, survives: false };
        let ended = |code| Fate::Ended(Exit::Code(code));
        let fate = self.dice.below(100);
        self.faults += usize::from(fate >= 50);
        match fate {
            0..50 => running(ended(0), all),
            // It says that it has worked, and has not; only where somebody reads back.
            50..60 if verify.is_some() => running(ended(0), part(&mut self.dice)),
            50..70 => running(ended(1), part(&mut self.dice)),
            70..73 => running(Fate::Never("there is no way there".into()), Vec::new()),
            73..75 => running(Fate::Gone, part(&mut self.dice)),
            75..82 if *reach != Reach::Local => {
                Running { survives: instr.flags.lingers, ..running(lost(), part(&mut self.dice)) }
            }
            // It does not end in time: where it was asked to, its machine ends it, if that can be reached.
            75..90 if command.kill && *reach != Reach::Local => {
                let limit = command.within_ms.unwrap_or(0);
                Running { ends_ms: Some(self.clock_ms + limit), ..running(Fate::Late, part(&mut self.dice)) }
            }
            _ => Running { ends_ms: None, survives: instr.flags.lingers, ..running(ended(0), part(&mut self.dice)) },
        }
    }

    /// What a script comes to that only looks: a read-back, a probe, one reading of a wait.
    fn look(&mut self) -> Running {
        let ends_ms = Some(self.clock_ms + 1 + u64::from(self.dice.below(4)));
        Running { ends_ms, fate: Fate::Gone, effects: Vec::new(), looks: true, survives: false }
    }

    /// What somebody sees who looks now.
    fn seen(&mut self, step: InstrId) -> i32 {
        let program = Arc::clone(&self.program);
        let instr = &program.code[step.index()];
        let yes = match &instr.op {
            // A read-back tells the truth, or nothing.
            Op::Run { .. } if self.dice.percent(8) => return 127,
            Op::Run { .. } => self.is_done(step),
            Op::Probe { atom, .. } => {
                let facts = &program.atoms[atom.index()].yes_means;
                facts.iter().all(|f| f.allowed >> self.values[f.cell.index()] & 1 == 1) && self.dice.percent(70)
            }
            _ => self.dice.percent(50),
        };
        if yes && matches!(instr.op, Op::Run { .. }) {
            // What was seen done has landed; of several attempts, one has.
            let attempts = self.let_go.entry(step).or_default();
            *attempts = attempts.saturating_sub(1);
            if *attempts == 0 {
                self.stop(step);
            }
        }
        i32::from(!yes)
    }

    fn end(&mut self, step: InstrId) -> Happening {
        let ended = self.running.remove(&step).unwrap();
        ended.effects.iter().for_each(|e| self.happen(e));
        let fate = if ended.looks { Fate::Ended(Exit::Code(self.seen(step))) } else { ended.fate };
        if ended.survives {
            self.let_go(step);
        }
        Happening::Finished { step, finished: Finished { fate, ..Finished::default() } }
    }

    /// Somebody who makes sure before he answers what has become of a command, or leaves it unknown.
    fn sure(&mut self, step: InstrId, question: &Question) -> u8 {
        let option = |word| question.options.iter().position(|(w, _)| w == word);
        if let Some(unknown) = option("unknown").filter(|_| self.dice.percent(80)) {
            return u8::try_from(unknown).unwrap();
        }
        let word = match self.is_done(step) {
            true => "done",
            false => self.dice.of(&["failed", "again"]),
        };
        self.stop(step);
        u8::try_from(option(word).unwrap()).unwrap()
    }

    /// The step has ended well: what it fences does nothing any more, and what it says without a command is so.
    fn ended_well(&mut self, step: InstrId) {
        let program = Arc::clone(&self.program);
        let instr = &program.code[step.index()];
        if !matches!(instr.op, Op::Run { .. }) {
            instr.effects.iter().for_each(|e| self.happen(e));
        }
        let fenced = |id: &InstrId| program.code[id.index()].host.is_some_and(|m| instr.fences.contains(&m));
        self.loose
            .iter()
            .map(|(other, _)| *other)
            .filter(fenced)
            .collect::<Vec<_>>()
            .into_iter()
            .for_each(|s| self.stop(s));
    }
}

fn lost() -> Fate {
    Fate::Lost("the machine cannot be reached".into())
}

fn lingers(program: &Program, step: InstrId) -> bool {
    program.code[step.index()].flags.lingers
}

/// The world of one executor.
pub struct Place {
    pub outside: Rc<RefCell<Outside>>,
    /// Copies of the world at moments at which the executor could be lost.
    pub moments: Vec<Outside>,
}

/// The journal of one executor, in the same world.
pub struct Book(pub Rc<RefCell<Outside>>, pub Rc<RefCell<Vec<Outside>>>);

impl Journal for Book {
    fn append(&mut self, records: &[Record]) -> Result<(), JournalError> {
        let mut outside = self.0.borrow_mut();
        if outside.dice.percent(6) {
            self.1.borrow_mut().push(outside.clone());
        }
        for record in records {
            outside.records.push(record.clone());
            let (values, loose) = (outside.values.clone(), outside.loose.clone());
            for step in outside.witness.saw(&record.event, &values, &loose) {
                outside.ended_well(step);
            }
        }
        Ok(())
    }
}

impl Place {
    fn moment(&mut self) {
        let lost = self.outside.borrow_mut().dice.percent(6);
        if lost {
            self.moments.push(self.outside.borrow().clone());
        }
    }
}

impl World for Place {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(i64::try_from(self.clock_ms()).unwrap()).unwrap()
    }

    fn clock_ms(&self) -> u64 {
        self.outside.borrow().clock_ms
    }

    fn secret(&mut self, _: &SecretSource) -> Result<String, String> {
        Err("there are no secrets here".into())
    }

    fn launch(&mut self, step: InstrId, attempt: u32, launch: &Launch) -> Result<(), String> {
        self.moment();
        let mut outside = self.outside.borrow_mut();
        if outside.dice.percent(3) {
            outside.faults += 1;
            return Err("there is no such program".into());
        }
        let running = if launch.gated { outside.begin(step) } else { outside.look() };
        if launch.gated {
            outside.noted.insert((step, attempt));
        }
        outside.running.insert(step, running);
        drop(outside);
        self.moment();
        Ok(())
    }

    fn trace(&mut self, step: InstrId, attempt: u32, _: Option<MachineId>) -> Trace {
        let mut outside = self.outside.borrow_mut();
        match outside.running.get(&step).map(|r| r.looks) {
            Some(false) => return Trace::Alive,
            Some(true) => drop(outside.running.remove(&step)),
            None => {}
        }
        match outside.noted.contains(&(step, attempt)) {
            true if outside.let_go.contains_key(&step) => Trace::Lost,
            true => outside.dice.of(&[Trace::Gone, Trace::Lost]),
            false => Trace::Never,
        }
    }

    fn kill(&mut self, step: InstrId) {
        let mut outside = self.outside.borrow_mut();
        let now = outside.clock_ms;
        let asked = outside.dice.percent(60);
        if let Some(running) = outside.running.get_mut(&step) {
            running.ends_ms = Some(now);
            running.fate = if running.survives || !asked { lost() } else { Fate::Late };
        }
    }

    fn ask(&mut self, step: InstrId, question: &Question) -> bool {
        let mut outside = self.outside.borrow_mut();
        let settles = question.options.iter().any(|(word, _)| word == "again");
        let count = u32::try_from(question.options.len()).unwrap();
        let option = match settles {
            true => Some(outside.sure(step, question)),
            false => (!outside.dice.percent(10)).then(|| u8::try_from(outside.dice.below(count)).unwrap()),
        };
        let there = settles || !outside.dice.percent(5);
        if there {
            outside.answers.push_back((step, option));
        }
        there
    }

    fn withdraw(&mut self, step: InstrId) {
        self.outside.borrow_mut().answers.retain(|(s, _)| *s != step);
    }

    fn wait(&mut self, until_ms: Option<u64>) -> Vec<Happening> {
        self.moment();
        let mut outside = self.outside.borrow_mut();
        outside.land();
        if let Some((step, option)) = outside.answers.pop_front() {
            return vec![match option {
                Some(option) => Happening::Answered { step, option, by: Said::by("mila") },
                None => Happening::Unanswered { step },
            }];
        }
        let ends = outside.running.values().filter_map(|r| r.ends_ms);
        let next = ends.chain(until_ms).chain(outside.interrupts.iter().copied()).min();
        let next = next.expect("the driver waits for something").max(outside.clock_ms);
        outside.clock_ms = next;
        if let Some(at) = outside.interrupts.iter().position(|at| *at <= next) {
            outside.interrupts.remove(at);
            return vec![Happening::Interrupted { by: Said::by("mila"), hard: false }];
        }
        let over = outside.running.iter().find(|(_, r)| r.ends_ms.is_some_and(|end| end <= next)).map(|(id, _)| *id);
        over.map(|step| outside.end(step)).into_iter().collect()
    }
}
