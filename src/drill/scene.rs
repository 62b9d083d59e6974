//! What happens in a simulated world: how commands end, what probes and people answer, what comes next.

use crate::bytecode::{Instr, InstrId, Op, Status};
use crate::calculus::Reach;
use crate::drill::command::{ENDED, LOST};
use crate::drill::plot::{Blow, Landing, Plot};
use crate::drill::reply::Reply;
use crate::drill::state::{Command, Moment};
use crate::drill::world::{Shared, Stage};
use crate::run::{Event, Exit, Fate, Finished, Happening, Launch, Question, Record, Said, StepOutcome, reach};

/// What a step takes that declares no usual duration, in milliseconds.
pub(super) const USUAL_MS: u64 = 1_000;
/// How soon after it was given up a command lands.
const SOON_MS: u64 = 500;
/// Killed, as a shell reports it.
const KILLED: i32 = 137;
/// Why nobody can say what became of a command.
const UNREACHABLE: &str = "its machine cannot be reached";

/// The state with what decides about it.
pub struct Scene<'a> {
    /// The program and the ends of its commands.
    pub stage: &'a Stage,
    /// What goes wrong.
    pub plot: &'a Plot,
    /// The state.
    pub shared: &'a mut Shared,
}

impl<'a> Scene<'a> {
    fn instr(&self, step: InstrId) -> Option<&'a Instr> {
        self.stage.program.code.get(step.index())
    }

    fn assumes(&self, step: InstrId) -> bool {
        self.instr(step).is_some_and(|i| matches!(i.op, Op::Assume { .. }))
    }

    /// The strike that an attempt is dealt, the same each time it is asked for.
    pub(super) fn deal(&mut self, step: InstrId, attempt: u32) -> Blow {
        let (plot, state) = (self.plot, &mut self.shared.state);
        let struck = &mut state.struck;
        let dealt = *state.dealt.entry((step, attempt)).or_insert_with(|| {
            let left = |i: usize, times: Option<u32>| times.is_none_or(|n| struck.get(i).is_none_or(|c| *c < n));
            let found = plot.strikes.iter().enumerate().position(|(i, s)| s.steps.contains(&step) && left(i, s.times));
            found.and_then(|i| struck.get_mut(i)).into_iter().for_each(|count| *count += 1);
            found
        });
        dealt.and_then(|i| plot.strikes.get(i)).map_or(Blow::Work, |s| s.blow)
    }

    /// A command of a step begins.
    pub fn begin(&mut self, step: InstrId, attempt: u32, launch: &Launch) -> Option<()> {
        let instr = self.instr(step)?;
        let command = self.command(step, instr, attempt, launch.gated);
        let reads_back = !launch.gated && matches!(instr.op, Op::Run { .. });
        if command.acts {
            let state = &mut self.shared.state;
            state.noted.insert((step, attempt));
            if state.landed.contains(&step) && !instr.flags.idempotent {
                state.repeated.insert(step);
            }
        }
        self.shared.state.commands.insert(step, command);
        if !reads_back {
            self.moment(Some(step));
            self.crash(step, attempt);
        }
        Some(())
    }

    /// What the operator answers, after a while.
    pub fn ask(&mut self, step: InstrId, question: &Question) {
        let takes = self.instr(step).and_then(|i| i.usually_ms).unwrap_or(USUAL_MS);
        if let Some(answer) = self.answer(step, question) {
            // In time, however short that is: who is to be late says so.
            let takes = question.gate.within_ms.map_or(takes, |limit| takes.min(limit / 2));
            let at = self.shared.state.clock_ms.saturating_add(takes);
            self.shared.state.answers.insert((at, step, answer));
        }
        self.moment(Some(step));
    }

    /// The operator's answer, if there is one among the options; `None` if nobody says anything.
    fn answer(&mut self, step: InstrId, question: &Question) -> Option<Option<u8>> {
        let index = |i: usize| u8::try_from(i).ok();
        let option = |word: &str| question.options.iter().position(|(w, _)| w == word).and_then(index);
        let Some(Op::Ask { answers, atom, .. }) = self.instr(step).map(|i| &i.op) else {
            // In the middle of a run nobody can tell either.
            if let Some(unknown) = option("unknown") {
                return Some(Some(unknown));
            }
            let word = if self.shared.state.landed.contains(&step) { "done" } else { "again" };
            let answer = option(word).or_else(|| option("yes"));
            if option("again").is_some() {
                // Somebody who looks, and ends what still goes on, before answering: a person's word is true.
                self.shared.state.things.end(step);
            }
            return Some(answer);
        };
        let blow = self.deal(step, 1);
        if matches!(blow, Blow::Hang(_)) && question.gate.within_ms.is_some() {
            return None;
        }
        let fails = matches!(blow, Blow::Fail { .. } | Blow::Hang(_));
        if answers.is_empty() {
            return Some(option(if fails { "no" } else { "yes" }));
        }
        let wanted = atom.and_then(|a| self.plot.answers.get(a.index()).copied().flatten());
        let first = |stops: bool| answers.iter().position(|a| a.stops == stops).and_then(index);
        Some(if fails { first(true) } else { wanted.or_else(|| first(false)).or(Some(0)) })
    }

    /// A command is ended by the executor.
    pub fn kill(&mut self, step: InstrId) {
        let now = self.shared.state.clock_ms;
        let Some(command) = self.shared.state.commands.get_mut(&step) else { return };
        let natural = command.end_ms.filter(|end| command.lands && *end > now);
        let (acts, late) = (command.acts, command.late);
        (command.end_ms, command.lands, command.reply) = (Some(now), false, Reply::code(KILLED));
        match natural {
            _ if !acts => {}
            // It was only slow, and lands when it would have ended.
            Some(end) => self.linger(step, Some(end)),
            None => self.give_up(step, late),
        }
    }

    /// A command was given up here, and may go on where it runs.
    fn give_up(&mut self, step: InstrId, late: Landing) {
        match late {
            Landing::Never => {}
            Landing::Soon => self.linger(step, Some(self.shared.state.clock_ms.saturating_add(SOON_MS))),
            Landing::Last => self.linger(step, None),
        }
    }

    fn linger(&mut self, step: InstrId, due_ms: Option<u64>) {
        // What runs here is ended with the executor's own hands.
        let remote = |i: &&Instr| *reach(&self.stage.program, i) != Reach::Local;
        if let Some(instr) = self.instr(step).filter(|i| i.flags.lingers).filter(remote) {
            self.shared.state.things.linger(step, instr, due_ms);
        }
    }

    fn finish(&mut self, step: InstrId) -> Option<Happening> {
        let mut command = self.shared.state.commands.remove(&step)?;
        if command.lands {
            self.happen(step);
        }
        if command.acts && command.reply.code == LOST {
            self.give_up(step, command.late);
        }
        if let Some(atom) = command.probes {
            let ends = self.stage.replies.at(step.index());
            command.reply = if self.says_yes(atom) { ends.good.clone() } else { ends.bad.clone() };
        }
        let finished = Finished { fate: self.fate(step, &command), ..command.reply.finished() };
        Some(Happening::Finished { step, finished })
    }

    /// What the executor hears of a command's end.
    fn fate(&self, step: InstrId, command: &Command) -> Fate {
        let remote = self.instr(step).is_some_and(|i| *reach(&self.stage.program, i) != Reach::Local);
        match (command.orphan, command.reply.code) {
            (true, _) if self.shared.state.things.is_under_way(step) => Fate::Lost(String::from(UNREACHABLE)),
            (true, _) => Fate::Gone,
            (false, LOST | KILLED) if remote && command.acts => Fate::Lost(String::from(UNREACHABLE)),
            (false, ENDED) if remote && command.acts => Fate::Late,
            (false, KILLED) => Fate::Late,
            (false, code) => Fate::Ended(Exit::Code(code)),
        }
    }

    /// A step has its effects, at its time.
    fn happen(&mut self, step: InstrId) {
        let Some(instr) = self.instr(step) else { return };
        self.shared.state.landed.insert(step);
        self.shared.state.things.happen(instr);
        self.shared.state.things.fence(&instr.fences);
    }

    /// A command that was given up has its effects.
    fn land(&mut self, step: InstrId) {
        let Some(instr) = self.instr(step) else { return };
        self.shared.state.landed.insert(step);
        self.shared.state.things.happen(instr);
        self.shared.state.follow.landed(&self.stage.program, step);
    }

    /// The run is over: whatever was given up and may still land does.
    pub fn settle_down(&mut self) {
        while let Some(step) = self.shared.state.things.take_due(None) {
            self.land(step);
            self.shared.state.follow.look(&self.stage.program);
        }
        let state = &mut self.shared.state;
        state.follow.compare(&self.stage.program, state.things.values());
    }

    /// What happens next, at the latest when the clock shows `until_ms`.
    pub fn next(&mut self, until_ms: Option<u64>) -> Vec<Happening> {
        loop {
            let state = &mut self.shared.state;
            let ended = state.commands.iter().filter_map(|(id, c)| Some((c.end_ms?, *id))).min();
            let answer = state.answers.first().copied();
            let cancel = state.cancels.first().copied();
            let due = state.things.next_due();
            let times = [ended.map(|e| e.0), answer.map(|a| a.0), cancel, due, until_ms];
            let Some(at) = times.into_iter().flatten().min() else {
                // Nothing would happen any more, ever: a person would give up.
                return vec![Happening::Interrupted { by: Said::by("the operator, who gave up"), hard: false }];
            };
            state.clock_ms = state.clock_ms.max(at);
            if cancel == Some(at) {
                state.cancels.pop_first();
                return vec![Happening::Interrupted { by: Said::by("the operator"), hard: false }];
            }
            if due == Some(at) {
                if let Some(step) = state.things.take_due(Some(at)) {
                    self.land(step);
                }
                continue;
            }
            if let Some((_, step)) = ended.filter(|e| e.0 == at) {
                return self.finish(step).into_iter().collect();
            }
            let Some((_, step, option)) = answer.filter(|a| a.0 == at) else { return Vec::new() };
            state.answers.pop_first();
            return vec![match option {
                Some(option) => Happening::Answered { step, option, by: Said::by("the operator") },
                None => Happening::Unanswered { step },
            }];
        }
    }

    /// Takes in what the driver made durable.
    pub fn written(&mut self, records: &[Record]) {
        self.moment(records.iter().find_map(|r| about(&r.event)));
        for record in records {
            self.shared.records.push(record.clone());
            self.recorded(&record.event);
        }
        self.moment(records.iter().rev().find_map(|r| about(&r.event)));
    }

    fn recorded(&mut self, event: &Event) {
        let step = about(event);
        let (landed, under_way) = step.map_or((false, false), |step| {
            let state = &self.shared.state;
            (state.landed.contains(&step), state.things.is_under_way(step))
        });
        self.shared.state.follow.event(&self.stage.program, event, landed, under_way);
        match event {
            Event::StepStarted { step, attempt } => {
                if self.deal(*step, *attempt) == Blow::Cancel {
                    let now = self.shared.state.clock_ms;
                    self.shared.state.cancels.insert(now);
                }
                self.crash(*step, *attempt);
            }
            // The effects of a command were there before the executor heard of its end.
            Event::StepEnded(ended) if !ended.again && ended.outcome == StepOutcome::Ok && !landed => {
                self.happen(ended.step);
            }
            Event::Settled { step, status: Status::Ok } if self.assumes(*step) => self.happen(*step),
            _ => {}
        }
    }

    fn moment(&mut self, step: Option<InstrId>) {
        if self.shared.moments.is_some() {
            let moment = Moment { state: self.shared.state.clone(), records: self.shared.records.len(), step };
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
            let moment = Moment { state, records: self.shared.records.len(), step: Some(step) };
            self.shared.crash = Some((at, moment));
        }
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
