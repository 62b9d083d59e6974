//! Moves: which are allowed in a state, and what comes of them.

use super::settling::Turn;
use super::{State, Violation};
use crate::bytecode::{Instr, InstrId, Op, Program, Status};
use crate::calculus::{AtomId, CellId, Change};
use std::fmt;

/// Something that happens.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Move {
    /// An instruction gets the status that follows.
    Settle(InstrId),
    /// A step starts.
    Start(InstrId),
    /// A running step ends.
    End {
        /// The step.
        step: InstrId,
        /// How: ok, failed or unknown.
        outcome: Status,
        /// Which of its effects have happened, a bit each. An attempt that does not succeed leaves those from the 65th on
        /// as they were.
        applied: u64,
        /// Whether its effects are in flight from now on.
        lingers: bool,
        /// The answer it has got; for yes and no: 0 is no, 1 is yes.
        answer: Option<u8>,
    },
    /// An effect in flight happens.
    Land {
        /// The step whose effect it is.
        step: InstrId,
        /// Which of its effects.
        effect: usize,
    },
    /// The operator wants the run to end.
    Cancel,
}

/// Why something cannot happen in a state, in words for people.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NotAllowed {
    /// Why.
    pub why: String,
}

impl fmt::Display for NotAllowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl std::error::Error for NotAllowed {}

/// A refusal, with the name of what it is about.
fn refuse<T>(program: &Program, id: InstrId, why: &str) -> Result<T, NotAllowed> {
    let name = program.code.get(id.index()).map_or("?", |i| i.name.as_str());
    Err(NotAllowed { why: format!("`{name}` {why}") })
}

impl State {
    /// Makes a move: gives what it violates, or changes nothing and says why it is not allowed.
    pub fn apply(&mut self, program: &Program, made: &Move) -> Result<Vec<Violation>, NotAllowed> {
        let mut found = match made {
            Move::Settle(id) => self.settle(program, *id)?,
            Move::Start(step) => self.start(program, *step)?,
            Move::End { step, .. } => self.end(program, *step, made)?,
            Move::Land { step, effect } => self.land(program, *step, *effect)?,
            Move::Cancel if self.cancelled => {
                return Err(NotAllowed { why: String::from("cancellation was requested before") });
            }
            Move::Cancel => {
                self.cancelled = true;
                Vec::new()
            }
        };
        found.extend(self.running().flat_map(|id| self.unmet(program, id)));
        Ok(found)
    }

    /// Whether an instruction may start now.
    pub fn may_start(&self, program: &Program, id: InstrId) -> bool {
        self.turn(program, id) == Turn::Starts
    }

    fn settle(&mut self, program: &Program, id: InstrId) -> Result<Vec<Violation>, NotAllowed> {
        let status = match self.turn(program, id) {
            Turn::Settles(status) => status,
            Turn::Starts => return refuse(program, id, "may start, so nothing follows for it"),
            Turn::NotYet => return refuse(program, id, "still has to wait"),
            Turn::Past => return refuse(program, id, "is settled or running"),
        };
        self.set_status(id, status);
        match program.code.get(id.index()) {
            Some(instr) if status == Status::Ok => {
                let found = self.unmet(program, id);
                instr.effects.iter().for_each(|e| self.happen(e));
                self.fence(program, instr);
                Ok(found)
            }
            _ => Ok(Vec::new()),
        }
    }

    fn start(&mut self, program: &Program, step: InstrId) -> Result<Vec<Violation>, NotAllowed> {
        match self.turn(program, step) {
            Turn::Starts => self.set_status(step, Status::Running),
            Turn::Settles(status) => return refuse(program, step, &format!("may not start: it is {status}")),
            Turn::NotYet => return refuse(program, step, "still has to wait"),
            Turn::Past => return refuse(program, step, "has started or is settled"),
        }
        Ok(Vec::new())
    }

    fn end(&mut self, program: &Program, step: InstrId, end: &Move) -> Result<Vec<Violation>, NotAllowed> {
        let (Some(instr), Move::End { outcome, applied, lingers, answer, .. }) = (program.code.get(step.index()), end)
        else {
            return refuse(program, step, "does not exist");
        };
        if self.status(step) != Status::Running {
            return refuse(program, step, "ends without running");
        }
        self.may_end(program, instr, end).or_else(|why| refuse(program, step, why))?;
        self.set_status(step, *outcome);
        for (bit, effect) in instr.effects.iter().enumerate() {
            if *outcome == Status::Ok || is_set(*applied, bit) {
                self.happen(effect);
            }
        }
        if *lingers {
            self.in_flight.extend((0..instr.effects.len()).map(|effect| (step, effect)));
        }
        if *outcome == Status::Ok {
            self.fence(program, instr);
        }
        if let (Some(atom), Some(_)) = (atom_of(&instr.op), answer) {
            self.set_answer(atom, *answer);
        }
        Ok(Vec::new())
    }

    /// Whether a step may end like this.
    fn may_end(&self, program: &Program, instr: &Instr, end: &Move) -> Result<(), &'static str> {
        let Move::End { outcome, applied, lingers, answer, .. } = end else { return Err("does not end") };
        let is_run = matches!(instr.op, Op::Run { .. });
        let fits = match (&instr.op, outcome, answer) {
            (Op::Run { .. }, Status::Ok | Status::Failed | Status::Unknown, None) => true,
            (Op::Wait { .. } | Op::Delay { .. }, Status::Ok | Status::Failed, None) => true,
            (Op::Tell { .. }, Status::Ok, None) => true,
            (Op::Probe { .. }, Status::Ok, Some(0)) => true,
            (Op::Probe { atom, .. }, Status::Ok, Some(1)) => match self.proves_wrong(program, *atom) {
                true => return Err("is answered yes, though what that means is not so"),
                false => true,
            },
            (Op::Ask { answers, .. }, Status::Ok | Status::Failed, None) => {
                answers.is_empty() || *outcome == Status::Failed
            }
            (Op::Ask { answers, .. }, Status::Ok | Status::Failed, Some(answer)) => {
                answers.get(usize::from(*answer)).is_some_and(|a| a.stops == (*outcome == Status::Failed))
            }
            _ => false,
        };
        let all = (0..instr.effects.len().min(64)).fold(0, |mask, bit| mask | 1 << bit);
        let may_be_partial = is_run && *outcome != Status::Ok;
        match () {
            () if !fits => Err("cannot end like this"),
            () if applied & !all != 0 => Err("has an effect that it does not have"),
            () if *outcome == Status::Ok && *applied != all => Err("is ok without all of its effects"),
            () if *outcome != Status::Ok && !may_be_partial && *applied != 0 => Err("has changed something and failed"),
            () if *lingers && !may_linger(instr, *outcome) => Err("leaves nothing in flight"),
            () if !*lingers && must_linger(instr, *outcome) => Err("leaves something in flight"),
            () => Ok(()),
        }
    }

    /// Whether a yes to the atom would mean something that is not so.
    fn proves_wrong(&self, program: &Program, atom: AtomId) -> bool {
        program.atoms.get(atom.index()).is_some_and(|a| a.yes_means.iter().any(|fact| !self.meets(*fact)))
    }

    fn land(&mut self, program: &Program, step: InstrId, effect: usize) -> Result<Vec<Violation>, NotAllowed> {
        let landing = program.code.get(step.index()).and_then(|i| i.effects.get(effect));
        let Some(landing) = landing.filter(|_| self.in_flight.contains(&(step, effect))) else {
            return refuse(program, step, "has no such effect in flight");
        };
        let late = landing.exclusive && !self.may_be_acquired(landing.cell, landing.change);
        self.happen(landing);
        Ok(late.then_some(Violation::LandsLate { step, cell: landing.cell }).into_iter().collect())
    }

    /// What has to be so while an instruction runs, and is not so now.
    fn unmet(&self, program: &Program, id: InstrId) -> Vec<Violation> {
        let Some(instr) = program.code.get(id.index()) else { return Vec::new() };
        let needs = instr.requires.iter().filter(|r| !self.meets(**r));
        let needs = needs.map(|r| Violation::NotSo { step: id, cell: r.cell });
        let taken = instr.effects.iter().filter(|e| e.exclusive && !self.may_be_acquired(e.cell, e.change));
        needs.chain(taken.map(|e| Violation::HeldTwice { step: id, cell: e.cell })).collect()
    }

    /// Whether an exclusive thing is nowhere, or there already.
    fn may_be_acquired(&self, cell: CellId, change: Change) -> bool {
        let value = self.value(cell);
        value == 0 || change == Change::Set(value)
    }

    /// Every move that is allowed, except those that change nothing: of ends that come to the same state one is given,
    /// and after the end nobody cancels.
    pub fn moves(&self, program: &Program) -> Vec<Move> {
        let mut moves = Vec::new();
        for (id, instr) in program.code.iter().enumerate().map(|(i, instr)| (InstrId::at(i), instr)) {
            match self.turn(program, id) {
                Turn::Settles(_) => moves.push(Move::Settle(id)),
                Turn::Starts => moves.push(Move::Start(id)),
                Turn::Past if self.status(id) == Status::Running => self.ends(program, id, instr, &mut moves),
                Turn::Past | Turn::NotYet => {}
            }
        }
        for (step, effect) in &self.in_flight {
            let landing = program.code.get(step.index()).and_then(|i| i.effects.get(*effect));
            if landing.is_some_and(|e| e.change.apply(self.value(e.cell)) != self.value(e.cell)) {
                moves.push(Move::Land { step: *step, effect: *effect });
            }
        }
        if !self.cancelled && !self.is_over() {
            moves.push(Move::Cancel);
        }
        moves
    }

    /// The ways in which a running step may end.
    fn ends(&self, program: &Program, step: InstrId, instr: &Instr, moves: &mut Vec<Move>) {
        let all = (0..instr.effects.len().min(64)).fold(0, |mask, bit| mask | 1 << bit);
        let changing = instr.effects.iter().enumerate().take(64);
        let changing = changing.filter(|(_, e)| e.change.apply(self.value(e.cell)) != self.value(e.cell));
        let changing = changing.fold(0, |mask, (bit, _)| mask | 1 << bit);
        for outcome in [Status::Ok, Status::Failed, Status::Unknown] {
            // Every part of what changes something, from all of it down to nothing.
            let mut parts = if outcome == Status::Ok { vec![all] } else { vec![changing] };
            while let Some(last) = parts.last().filter(|last| outcome != Status::Ok && **last != 0) {
                parts.push((last - 1) & changing);
            }
            for (applied, lingers) in parts.into_iter().flat_map(|part| [(part, false), (part, true)]) {
                let ends = answers(&instr.op).map(|answer| Move::End { step, outcome, applied, lingers, answer });
                moves.extend(ends.filter(|end| self.may_end(program, instr, end).is_ok()));
            }
        }
    }
}

/// The answers that a step may get, none included.
fn answers(op: &Op) -> impl Iterator<Item = Option<u8>> {
    let count = match op {
        Op::Probe { .. } => 2,
        Op::Ask { answers, .. } => answers.len(),
        _ => 0,
    };
    std::iter::once(None).chain((0..64).take(count).map(Some))
}

fn is_set(mask: u64, bit: usize) -> bool {
    bit < 64 && mask >> bit & 1 == 1
}

/// The atom that a step answers.
fn atom_of(op: &Op) -> Option<AtomId> {
    match op {
        Op::Probe { atom, .. } | Op::Ask { atom: Some(atom), .. } => Some(*atom),
        _ => None,
    }
}

/// Whether a step that ends like this may have effects in flight.
fn may_linger(instr: &Instr, outcome: Status) -> bool {
    let is_run = matches!(instr.op, Op::Run { .. });
    is_run && instr.flags.lingers && (outcome == Status::Unknown || instr.flags.idempotent)
}

/// Whether it certainly has.
fn must_linger(instr: &Instr, outcome: Status) -> bool {
    may_linger(instr, outcome) && outcome == Status::Unknown
}
