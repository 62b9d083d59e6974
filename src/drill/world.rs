//! The simulated host: the three traits that a run needs of its host, over a virtual clock.
//!
//! The world and the journal are two faces of one state, so that a copy of both can be taken at any moment: an executor
//! that is lost then is a new driver over such a copy.

use crate::base::limits::READ_BACK_MS;
use crate::bytecode::{Instr, InstrId, Op, Status};
use crate::calculus::{AtomId, CellId, SecretSource};
use crate::drill::plot::{Blow, Landing, Plot};
use crate::drill::reply::{Replies, Reply};
use crate::drill::things::Things;
use crate::run::{
    Event, Finished, Happening, Journal, JournalError, Launch, Question, Record, StepOutcome, Trace, World, reach,
    remote_limit,
};
use crate::verify::Verified;
use jiff::Timestamp;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

/// What a step takes that declares no usual duration, in milliseconds.
pub const USUAL_MS: u64 = 1_000;
/// How soon after it was given up a command lands.
const SOON_MS: u64 = 500;
/// The exit code of ssh(1) for a lost connection.
const LOST: i32 = 255;
/// timeout(1) has ended the command.
const ENDED: i32 = 124;
/// The command could not be run: a read-back that gives no answer.
const UNREADABLE: i32 = 127;

/// What stays the same in all runs of a program.
pub struct Stage {
    /// The program.
    pub program: Arc<Verified>,
    /// How its commands end.
    pub replies: Replies,
}

impl Stage {
    /// The stage of a program.
    pub fn new(program: Verified) -> Stage {
        let replies = Replies::of(&program);
        Stage { program: Arc::new(program), replies }
    }

    fn instr(&self, id: InstrId) -> Option<&Instr> {
        self.program.code.get(id.index())
    }
}

/// Something that must not be.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Mishap {
    /// A step takes an exclusive thing that is elsewhere.
    HeldTwice(InstrId, CellId),
    /// A command that was given up takes an exclusive thing that is elsewhere by now.
    LandsLate(InstrId, CellId),
    /// What a step needs is not so while it runs.
    NotSo(InstrId, CellId),
}

/// The state of a simulated world.
#[derive(Clone, Debug)]
pub struct State {
    /// Milliseconds since the start.
    pub clock_ms: u64,
    /// How things are.
    pub things: Things,
    /// What must not have been, each once.
    pub mishaps: BTreeSet<Mishap>,
    /// How often each strike of the plot has struck.
    pub struck: Vec<u32>,
    /// A probe was to answer what cannot be.
    pub contradicted: Option<AtomId>,
    /// Nothing would ever have happened any more: the operator gave up.
    pub stuck: bool,
    commands: BTreeMap<InstrId, Command>,
    /// Steps between their start and their end.
    active: BTreeSet<InstrId>,
    /// Commands that have begun, by step and attempt.
    noted: BTreeSet<(InstrId, u32)>,
    /// Which strike an attempt was dealt.
    dealt: BTreeMap<(InstrId, u32), Option<usize>>,
    /// Steps whose command has had its effects.
    landed: BTreeSet<InstrId>,
    /// Answers on their way: due, step, option; `None` for nobody there.
    answers: BTreeSet<(u64, InstrId, Option<u8>)>,
    /// When the operator cancels.
    cancels: BTreeSet<u64>,
    /// Attempts at which an executor was lost already.
    lost: BTreeSet<(InstrId, u32)>,
}

/// A running command.
#[derive(Clone, Debug)]
struct Command {
    /// When it ends by itself; `None`: never.
    end_ms: Option<u64>,
    reply: Reply,
    /// It has effects when it ends.
    lands: bool,
    /// Once it was given up, when it lands.
    late: Landing,
    /// A command of a `RUN`; the others only read.
    acts: bool,
    /// An earlier executor started it.
    orphan: bool,
}

impl State {
    fn new(plot: &Plot) -> State {
        State {
            clock_ms: 0,
            things: Things::new(plot.initial.clone()),
            mishaps: BTreeSet::new(),
            struck: vec![0; plot.strikes.len()],
            contradicted: None,
            stuck: false,
            commands: BTreeMap::new(),
            active: BTreeSet::new(),
            noted: BTreeSet::new(),
            dealt: BTreeMap::new(),
            landed: BTreeSet::new(),
            answers: BTreeSet::new(),
            cancels: BTreeSet::new(),
            lost: BTreeSet::new(),
        }
    }

    /// The executor is lost: what it only read, asked or waited for is forgotten; commands go on.
    fn orphaned(mut self) -> State {
        self.commands.retain(|_, command| command.acts);
        self.commands.values_mut().for_each(|command| command.orphan = true);
        self.answers.clear();
        self.cancels.clear();
        self
    }
}

/// A moment at which the executor may be lost.
#[derive(Clone, Debug)]
pub struct Moment {
    /// The world.
    pub state: State,
    /// How many records were durable.
    pub records: usize,
    /// The steps whose records were about to be or had just been written, or whose command had just begun.
    pub around: Vec<InstrId>,
    /// Whether they were durable.
    pub written: bool,
}

/// World and journal of one run.
pub struct Shared {
    /// The world.
    pub state: State,
    /// The journal.
    pub records: Vec<Record>,
    /// Every moment at which the executor could be lost, if asked for.
    pub moments: Option<Vec<Moment>>,
    /// The attempt that is dealt a [`Blow::Crash`] first, and the moment of it.
    pub crash: Option<((InstrId, u32), Moment)>,
}

/// One face of the simulated host; it has two.
#[derive(Clone)]
pub struct Face<'a> {
    stage: &'a Stage,
    plot: &'a Plot,
    shared: Rc<RefCell<Shared>>,
}

impl<'a> Face<'a> {
    /// A world in which nothing has happened.
    pub fn new(stage: &'a Stage, plot: &'a Plot, moments: bool) -> Face<'a> {
        let moments = moments.then(Vec::new);
        let shared = Shared { state: State::new(plot), records: Vec::new(), moments, crash: None };
        Face { stage, plot, shared: Rc::new(RefCell::new(shared)) }
    }

    /// The world as a lost executor left it, with what it had written.
    pub fn after(stage: &'a Stage, plot: &'a Plot, moment: &Moment, records: &[Record]) -> Face<'a> {
        let records = records.get(..moment.records).unwrap_or(records).to_vec();
        let shared = Shared { state: moment.state.clone().orphaned(), records, moments: None, crash: None };
        Face { stage, plot, shared: Rc::new(RefCell::new(shared)) }
    }

    /// Something made of the journal so far.
    pub fn replayed<T>(&self, make: impl FnOnce(&[Record]) -> T) -> T {
        make(&self.shared.borrow().records)
    }

    /// How things are.
    pub fn values(&self) -> Vec<u8> {
        self.shared.borrow().state.things.values().to_vec()
    }

    /// What came of it.
    pub fn into_shared(self) -> Option<Shared> {
        Rc::into_inner(self.shared).map(RefCell::into_inner)
    }

    fn with<T>(&self, act: impl FnOnce(&mut Scene<'_>) -> T) -> T {
        let shared = &mut *self.shared.borrow_mut();
        act(&mut Scene { stage: self.stage, plot: self.plot, shared })
    }

    /// The run is over: whatever was given up and may still land does.
    pub fn settle_down(&self) {
        self.with(|scene| {
            while let Some(step) = scene.shared.state.things.take_due(None) {
                scene.land(step, true);
            }
        });
    }
}

/// The state with what decides about it.
struct Scene<'a> {
    stage: &'a Stage,
    plot: &'a Plot,
    shared: &'a mut Shared,
}

impl Scene<'_> {
    /// The strike that an attempt is dealt, the same each time it is asked for.
    fn deal(&mut self, step: InstrId, attempt: u32) -> Blow {
        let state = &mut self.shared.state;
        let plot = self.plot;
        let dealt = *state.dealt.entry((step, attempt)).or_insert_with(|| {
            let fits = |(i, s): &(usize, &crate::drill::plot::Strike)| {
                s.steps.contains(&step) && s.times.is_none_or(|n| state.struck.get(*i).is_none_or(|c| *c < n))
            };
            let found = plot.strikes.iter().enumerate().find(fits).map(|(i, _)| i);
            if let Some(count) = found.and_then(|i| state.struck.get_mut(i)) {
                *count += 1;
            }
            found
        });
        dealt.and_then(|i| plot.strikes.get(i)).map_or(Blow::Work, |s| s.blow)
    }

    fn land(&mut self, step: InstrId, late: bool) {
        let Some(instr) = self.stage.instr(step) else { return };
        let state = &mut self.shared.state;
        state.landed.insert(step);
        for cell in state.things.land(instr) {
            state.mishaps.insert(if late { Mishap::LandsLate(step, cell) } else { Mishap::HeldTwice(step, cell) });
        }
        if !late {
            state.things.fence(&instr.fences);
        }
        self.look();
    }

    /// Holds what runs to what it needs.
    fn look(&mut self) {
        let state = &mut self.shared.state;
        for step in &state.active {
            let Some(instr) = self.stage.instr(*step) else { continue };
            state.mishaps.extend(state.things.missing(instr).map(|cell| Mishap::NotSo(*step, cell)));
            state.mishaps.extend(state.things.elsewhere(instr).map(|cell| Mishap::HeldTwice(*step, cell)));
        }
    }

    fn moment(&mut self, around: Vec<InstrId>, written: bool) {
        if self.shared.moments.is_some() {
            let moment =
                Moment { state: self.shared.state.clone(), records: self.shared.records.len(), around, written };
            self.shared.moments.get_or_insert_default().push(moment);
        }
    }

    /// The executor is lost here, if the attempt is dealt that.
    fn crash(&mut self, step: InstrId, attempt: u32) {
        let at = (step, attempt);
        let first = self.shared.crash.as_ref().is_none_or(|(known, _)| *known == at);
        if self.deal(step, attempt) == Blow::Crash && first && !self.shared.state.lost.contains(&at) {
            let mut state = self.shared.state.clone();
            state.lost.insert(at);
            let moment = Moment { state, records: self.shared.records.len(), around: vec![step], written: true };
            self.shared.crash = Some((at, moment));
        }
    }

    fn command(&mut self, step: InstrId, attempt: u32, launch: &Launch) -> Option<Command> {
        let instr = self.stage.instr(step)?;
        let blow = self.deal(step, attempt);
        let (now, takes) = (self.shared.state.clock_ms, instr.usually_ms.unwrap_or(USUAL_MS));
        let ends = self.stage.replies.at(step.index());
        let reads = |reply: Reply, takes: Option<u64>| Command {
            end_ms: takes.map(|ms| now.saturating_add(ms)),
            reply,
            lands: false,
            late: Landing::Never,
            acts: false,
            orphan: false,
        };
        match &instr.op {
            Op::Probe { atom, .. } => {
                let yes = self.says_yes(*atom);
                Some(reads(if yes { ends.good.clone() } else { ends.bad.clone() }, Some(takes)))
            }
            Op::Wait { negated, .. } => {
                let hangs = matches!(blow, Blow::Fail { .. } | Blow::Hang(_));
                let reply = if *negated { ends.bad.clone() } else { ends.good.clone() };
                Some(reads(reply, (!hangs).then_some(takes)))
            }
            Op::Run { .. } if !launch.gated => Some(reads(Reply::code(self.read_back(step, instr, blow)), Some(0))),
            _ => Some(self.act(instr, blow, now, takes, &ends.good, &ends.bad)),
        }
    }

    /// A probe's answer; a yes that would prove what is not so is none.
    fn says_yes(&mut self, atom: AtomId) -> bool {
        let proves = self.stage.program.atoms.get(atom.index()).map_or(&[][..], |a| &a.yes_means);
        let state = &mut self.shared.state;
        let (so, wanted) = (state.things.are(proves), self.plot.answers.get(atom.index()).copied().flatten());
        if wanted == Some(1) && !so && self.plot.insists.contains(&atom) {
            state.contradicted.get_or_insert(atom);
        }
        so && wanted.is_none_or(|answer| answer == 1)
    }

    /// The exit code of a read-back. One of a step that fails gives no answer.
    fn read_back(&self, step: InstrId, instr: &Instr, blow: Blow) -> i32 {
        let state = &self.shared.state;
        match blow {
            Blow::Fail { .. } | Blow::Hang(_) => UNREADABLE,
            _ if instr.effects.is_empty() => i32::from(!state.landed.contains(&step)),
            _ => i32::from(!state.things.already(instr)),
        }
    }

    fn act(&self, instr: &Instr, blow: Blow, now: u64, takes: u64, good: &Reply, bad: &Reply) -> Command {
        let program = &self.stage.program;
        let limit = instr.op.command().and_then(|c| remote_limit(c, reach(program, instr)));
        let within = instr.op.command().and_then(|c| c.within_ms);
        let at = |ms: u64| Some(now.saturating_add(ms));
        let command = |end_ms, reply: Reply, lands| {
            let late = if let Blow::Hang(late) = blow { late } else { Landing::Last };
            Command { end_ms, reply, lands, late, acts: true, orphan: false }
        };
        match blow {
            Blow::Fail { done } => command(at(takes), bad.clone(), done),
            Blow::Hang(_) => match limit {
                Some(ms) => command(at(ms), Reply::code(ENDED), false),
                None if within.is_some() => command(None, Reply::default(), false),
                // Without a limit only its connection can be lost.
                None => command(at(takes), Reply::code(LOST), false),
            },
            _ => match limit.filter(|ms| *ms < takes) {
                Some(ms) => command(at(ms), Reply::code(ENDED), false),
                None => command(at(takes), good.clone(), true),
            },
        }
    }

    /// A command was given up here, and may go on where it runs.
    fn give_up(&mut self, step: InstrId, late: Landing) {
        let Some(instr) = self.stage.instr(step).filter(|i| i.flags.lingers) else { return };
        let state = &mut self.shared.state;
        match late {
            Landing::Never => {}
            Landing::Soon => state.things.linger(step, instr, Some(state.clock_ms.saturating_add(SOON_MS))),
            Landing::Last => state.things.linger(step, instr, None),
        }
    }

    fn finish(&mut self, step: InstrId) -> Option<Happening> {
        let command = self.shared.state.commands.remove(&step)?;
        if command.lands {
            self.land(step, false);
        }
        if command.acts && command.reply.code == LOST {
            self.give_up(step, command.late);
        }
        let finished = match command.orphan {
            true => Finished::default(),
            false => command.reply.finished(),
        };
        Some(Happening::Finished { step, finished })
    }

    /// What happens next, at the latest when the clock shows `until_ms`.
    fn next(&mut self, until_ms: Option<u64>) -> Vec<Happening> {
        loop {
            let state = &mut self.shared.state;
            let ended = state.commands.iter().filter_map(|(id, c)| Some((c.end_ms?, *id))).min();
            let answer = state.answers.first().copied();
            let cancel = state.cancels.first().copied();
            let due = state.things.next_due();
            let times = [ended.map(|e| e.0), answer.map(|a| a.0), cancel, due, until_ms];
            let Some(at) = times.into_iter().flatten().min() else {
                // Nothing would happen any more, ever.
                state.stuck = true;
                return vec![Happening::Interrupted { by: String::from("the operator, who gave up") }];
            };
            state.clock_ms = state.clock_ms.max(at);
            if cancel == Some(at) {
                state.cancels.pop_first();
                return vec![Happening::Interrupted { by: String::from("the operator") }];
            }
            if due == Some(at) {
                if let Some(step) = state.things.take_due(Some(at)) {
                    self.land(step, true);
                }
                continue;
            }
            if let Some((_, step)) = ended.filter(|e| e.0 == at) {
                return self.finish(step).into_iter().collect();
            }
            if let Some((_, step, option)) = answer.filter(|a| a.0 == at) {
                state.answers.pop_first();
                return vec![match option {
                    Some(option) => Happening::Answered { step, option, by: String::from("the operator") },
                    None => Happening::Unanswered { step },
                }];
            }
            return Vec::new();
        }
    }

    /// What the operator answers.
    fn answer(&mut self, step: InstrId, question: &Question) -> Option<u8> {
        let lost = question.options.iter().any(|(word, _)| word == "again");
        let option =
            |word: &str| question.options.iter().position(|(w, _)| w == word).and_then(|i| u8::try_from(i).ok());
        if lost {
            // Somebody who looks before answering.
            return option(if self.shared.state.landed.contains(&step) { "done" } else { "again" });
        }
        let fails = matches!(self.deal(step, 1), Blow::Fail { .. } | Blow::Hang(_));
        let Some(Op::Ask { answers, atom, .. }) = self.stage.instr(step).map(|i| &i.op) else { return option("yes") };
        if answers.is_empty() {
            return option(if fails { "no" } else { "yes" });
        }
        let wanted = atom.and_then(|a| self.plot.answers.get(a.index()).copied().flatten());
        let first = |stops: bool| answers.iter().position(|a| a.stops == stops).and_then(|i| u8::try_from(i).ok());
        if fails { first(true) } else { wanted.or_else(|| first(false)).or(Some(0)) }
    }

    /// Takes in what the driver made durable.
    fn written(&mut self, record: &Record) {
        match &record.event {
            Event::StepStarted { step, attempt } => {
                self.shared.state.active.insert(*step);
                self.look();
                if self.deal(*step, *attempt) == Blow::Cancel {
                    let now = self.shared.state.clock_ms;
                    self.shared.state.cancels.insert(now);
                }
                self.crash(*step, *attempt);
            }
            Event::StepEnded(ended) if !ended.again => {
                self.shared.state.active.remove(&ended.step);
                let acts = matches!(self.stage.instr(ended.step).map(|i| &i.op), Some(Op::Run { .. }));
                // The effects of a command were there before the driver heard of its end.
                if ended.outcome == StepOutcome::Ok && !(acts && self.shared.state.landed.contains(&ended.step)) {
                    self.land(ended.step, false);
                }
            }
            Event::Settled { step, status: Status::Ok } => {
                if matches!(self.stage.instr(*step).map(|i| &i.op), Some(Op::Assume { .. })) {
                    self.land(*step, false);
                }
            }
            _ => {}
        }
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
        Ok(String::from("simulated"))
    }

    fn launch(&mut self, step: InstrId, attempt: u32, launch: &Launch) -> Result<(), String> {
        self.with(|scene| {
            let command = scene.command(step, attempt, launch).ok_or_else(|| String::from("there is no such step"))?;
            let reads_back = !launch.gated && matches!(scene.stage.instr(step).map(|i| &i.op), Some(Op::Run { .. }));
            if command.acts {
                scene.shared.state.noted.insert((step, attempt));
            }
            scene.shared.state.commands.insert(step, command);
            if !reads_back {
                scene.moment(vec![step], true);
                scene.crash(step, attempt);
            }
            Ok(())
        })
    }

    fn trace(&mut self, step: InstrId, attempt: u32) -> Trace {
        self.with(|scene| match scene.shared.state.commands.contains_key(&step) {
            true => Trace::Alive,
            false if scene.shared.state.noted.contains(&(step, attempt)) => Trace::Gone,
            false => Trace::Never,
        })
    }

    fn kill(&mut self, step: InstrId) {
        self.with(|scene| {
            let now = scene.shared.state.clock_ms;
            let Some(command) = scene.shared.state.commands.get_mut(&step) else { return };
            let natural = command.end_ms.filter(|end| command.lands && *end > now);
            (command.end_ms, command.lands) = (Some(now), false);
            command.reply = Reply::code(137);
            let (acts, late) = (command.acts, command.late);
            match natural {
                _ if !acts => {}
                // It was only slow: it lands when it would have.
                Some(end) => {
                    if let Some(instr) = scene.stage.instr(step).filter(|i| i.flags.lingers) {
                        scene.shared.state.things.linger(step, instr, Some(end));
                    }
                }
                None => scene.give_up(step, late),
            }
        });
    }

    fn ask(&mut self, step: InstrId, question: &Question) -> bool {
        self.with(|scene| {
            let takes = scene.stage.instr(step).and_then(|i| i.usually_ms).unwrap_or(USUAL_MS).min(READ_BACK_MS * 60);
            let answer = scene.answer(step, question);
            let at = scene.shared.state.clock_ms.saturating_add(takes);
            scene.shared.state.answers.insert((at, step, answer));
            scene.moment(vec![step], true);
        });
        true
    }

    fn withdraw(&mut self, step: InstrId) {
        self.with(|scene| scene.shared.state.answers.retain(|(_, s, _)| *s != step));
    }

    fn wait(&mut self, until_ms: Option<u64>) -> Vec<Happening> {
        self.with(|scene| scene.next(until_ms))
    }
}

impl Journal for Face<'_> {
    fn append(&mut self, records: &[Record]) -> Result<(), JournalError> {
        self.with(|scene| {
            let around: Vec<InstrId> = records.iter().filter_map(|r| about(&r.event)).collect();
            scene.moment(around.clone(), false);
            for record in records {
                scene.shared.records.push(record.clone());
                scene.written(record);
            }
            scene.moment(around, true);
            Ok(())
        })
    }
}

/// The step whose start or end an event is.
fn about(event: &Event) -> Option<InstrId> {
    match event {
        Event::StepStarted { step, .. } => Some(*step),
        Event::StepEnded(ended) => Some(ended.step),
        _ => None,
    }
}
