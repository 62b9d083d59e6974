//! Stories: one run that shows a violation, move by move, as the definition allows it.
//!
//! A proof knows on which answers, outcomes and cancellation a violation depends. What is left open is chosen here: where
//! the cells start, how far a command got that failed, and when one that was given up lands. The run is then made with
//! [`State::apply`]: a story that the definition does not allow, or in which nothing is violated, is a defect of ours.

use super::cells::{Access, accesses};
use super::search::{Found, Turn};
use crate::bytecode::{InstrId, Op, Program, Status};
use crate::calculus::{AtomSource, CellId, CellKind, Change};
use crate::semantics::{Move, State, Violation, starts};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A run that shows a violation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Story {
    /// Where it starts.
    pub start: State,
    /// What happens, in order; the last move violates, or the end that it reaches does.
    pub moves: Vec<Move>,
}

/// The shortest run that shows what was found; why there is none if the proof and the definition disagree.
pub fn story(p: &Program, found: &Found) -> Result<Story, String> {
    let order = order(p, found);
    let statuses = statuses(p, &order, &found.story)?;
    let plots = plots(p, found, &order, &statuses)?;
    tell(p, found, &order, &plots)
}

/// An entry of the order in which things happen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Next {
    Instr(InstrId),
    Cancel,
}

/// The order: what starts before a cancellation, the cancellation, the rest; each in written order. Of a violation that a
/// step sees, only what the step follows.
fn order(p: &Program, found: &Found) -> Vec<Next> {
    let mut late = vec![false; p.code.len()];
    let cancelled = |at: usize| found.story.contains(&Turn::Cancelled(InstrId::at(at), true));
    for (at, instr) in p.code.iter().enumerate() {
        let before = instr.needs.iter().chain(&instr.waits).any(|t| late.get(t.index()) == Some(&true));
        if let Some(slot) = late.get_mut(at) {
            *slot = before || cancelled(at);
        }
    }
    let concerned = concerned(p, found.violation);
    let all: Vec<usize> = (0..p.code.len()).filter(|at| concerned.get(*at) == Some(&true)).collect();
    let (after, before): (Vec<usize>, Vec<usize>) = all.into_iter().partition(|at| late.get(*at) == Some(&true));
    let cancel = (!after.is_empty()).then_some(Next::Cancel);
    let instr = |at| Next::Instr(InstrId::at(at));
    before.into_iter().map(instr).chain(cancel).chain(after.into_iter().map(instr)).collect()
}

/// What has to have happened for the violation to be seen.
fn concerned(p: &Program, violation: Violation) -> Vec<bool> {
    let step = match violation {
        Violation::HeldTwice { step, .. } | Violation::NotSo { step, .. } => step,
        _ => return vec![true; p.code.len()],
    };
    let mut concerned = vec![false; p.code.len()];
    let mut stack = vec![step];
    while let Some(id) = stack.pop() {
        match concerned.get_mut(id.index()) {
            Some(seen) if !*seen => *seen = true,
            _ => continue,
        }
        stack.extend(p.code.get(id.index()).into_iter().flat_map(|i| i.needs.iter().chain(&i.waits).copied()));
    }
    concerned
}

/// The first start with these decisions.
fn beginning(p: &Program, turns: &[Turn]) -> Option<State> {
    let mut start = starts(p).next()?;
    for (index, atom) in p.atoms.iter().enumerate().filter(|(_, a)| a.source == AtomSource::Decision) {
        let is = |o: &u8| turns.iter().any(|t| matches!(t, Turn::Decided(a, d) if a.index() == index && d == o));
        let is_not =
            |o: &u8| turns.iter().any(|t| matches!(t, Turn::DecidedOtherwise(a, d) if a.index() == index && d == o));
        let mut options = 0..u8::try_from(atom.options.len()).unwrap_or(u8::MAX);
        let option = options.clone().find(is).or_else(|| options.find(|o| !is_not(o)));
        start.answers.get_mut(index).into_iter().for_each(|a| *a = Some(option.unwrap_or(0)));
    }
    Some(start)
}

/// The answer that a step gets in this story.
fn answer(p: &Program, step: InstrId, turns: &[Turn]) -> Option<u8> {
    let said = |o: &u8, so: bool| turns.contains(&Turn::Answered(step, *o, so));
    match p.code.get(step.index()).map(|i| &i.op) {
        Some(Op::Probe { .. }) => Some(u8::from(said(&0, true))),
        Some(Op::Ask { answers, .. }) if !answers.is_empty() => {
            let all = 0..u8::try_from(answers.len()).unwrap_or(u8::MAX);
            let stops = |o: &u8| answers.get(usize::from(*o)).is_none_or(|a| a.stops);
            let free = |o: &u8| !said(o, false);
            all.clone().find(|o| said(o, true)).or_else(|| all.clone().find(|o| free(o) && !stops(o)))
        }
        _ => None,
    }
}

/// Whether a step works in this story.
fn works(p: &Program, step: InstrId, turns: &[Turn]) -> bool {
    match p.code.get(step.index()).map(|i| &i.op) {
        Some(Op::Ask { answers, .. }) if !answers.is_empty() => {
            answer(p, step, turns).is_some_and(|a| answers.get(usize::from(a)).is_some_and(|a| !a.stops))
        }
        _ => !turns.contains(&Turn::Worked(step, false)),
    }
}

/// How everything ends. That does not depend on what the cells are.
fn statuses(p: &Program, order: &[Next], turns: &[Turn]) -> Result<HashMap<InstrId, Status>, String> {
    let mut blind = p.clone();
    blind.atoms.iter_mut().for_each(|a| a.yes_means.clear());
    let mut state = beginning(p, turns).ok_or("the plan cannot start")?;
    let mut statuses = HashMap::new();
    for next in order {
        let made = match next {
            Next::Cancel => vec![Move::Cancel],
            Next::Instr(id) => turn(&blind, &state, *id, turns, None),
        };
        for step in made {
            state.apply(&blind, &step).map_err(|e| e.why)?;
        }
        if let Next::Instr(id) = next {
            statuses.insert(*id, state.status(*id));
        }
    }
    Ok(statuses)
}

/// What an instruction does when it is its turn.
fn turn(p: &Program, state: &State, id: InstrId, turns: &[Turn], plots: Option<&Plots>) -> Vec<Move> {
    if !state.may_start(p, id) {
        return vec![Move::Settle(id)];
    }
    let Some(instr) = p.code.get(id.index()) else { return Vec::new() };
    let works = works(p, id, turns);
    let late = plots.is_some_and(|p| p.landings.contains(&id));
    let runs = matches!(instr.op, Op::Run { .. });
    let outcome = match (works, late && runs) {
        (true, _) => Status::Ok,
        (false, true) => Status::Unknown,
        (false, false) => Status::Failed,
    };
    let mut applied = 0;
    for (bit, effect) in instr.effects.iter().enumerate().take(64) {
        let chosen = plots.is_some_and(|p| p.applied.contains(&(id, effect.cell)));
        if works || (runs && chosen) {
            applied |= 1 << bit;
        }
    }
    let end = Move::End { step: id, outcome, applied, lingers: late && runs, answer: answer(p, id, turns) };
    vec![Move::Start(id), end]
}

/// What is chosen about the cells.
#[derive(Debug, Default)]
struct Plots {
    /// Where cells start.
    starts: BTreeMap<CellId, u8>,
    /// What failed and yet changed the cell.
    applied: BTreeSet<(InstrId, CellId)>,
    /// What lands late.
    landings: BTreeSet<InstrId>,
    /// What lands before an instruction's turn, or at the end.
    before: BTreeMap<Option<InstrId>, Vec<(InstrId, CellId)>>,
}

/// A value that a cell may have come to, and how.
#[derive(Clone, Copy, Debug)]
struct Point {
    value: u8,
    from: Option<usize>,
    via: Via,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Via {
    Start,
    /// Through this step, whose effect happened, or did not.
    Step(InstrId, bool),
    /// The effect of this step landed, before that one's turn.
    Landed(InstrId, Option<InstrId>),
}

/// Chooses for the cell of the violation, and for those that a probe says something about.
fn plots(p: &Program, found: &Found, order: &[Next], statuses: &HashMap<InstrId, Status>) -> Result<Plots, String> {
    let mut plots = Plots::default();
    let all = accesses(p);
    let ran = |id: InstrId| matches!(statuses.get(&id), Some(Status::Ok | Status::Failed | Status::Unknown));
    let about = cells_of(p, found.violation);
    for (index, list) in all.iter().enumerate() {
        let cell = CellId::at(index);
        let said = |a: &Access| a.proves != u64::MAX && ran(InstrId::at(a.at));
        if !about.contains(&cell) && !list.iter().any(said) {
            continue;
        }
        let mut by_step: HashMap<usize, &Access> = list.iter().map(|a| (a.at, a)).collect();
        let met: Vec<&Access> = order
            .iter()
            .filter_map(|n| if let Next::Instr(id) = n { Some(*id) } else { None })
            .filter(|id| ran(*id))
            .filter_map(|id| by_step.remove(&id.index()))
            .collect();
        let wanted = about.contains(&cell).then_some(found.violation);
        let mut plot = Plot { p, turns: &found.story, statuses, cell, points: Vec::new(), aloft: Vec::new() };
        if !plot.find(&met, wanted, &mut plots) {
            let name = p.cells.get(index).map_or("?", |c| &c.name);
            return Err(format!("no way was found for `{name}` to become so"));
        }
    }
    Ok(plots)
}

struct Plot<'a> {
    p: &'a Program,
    turns: &'a [Turn],
    statuses: &'a HashMap<InstrId, Status>,
    cell: CellId,
    points: Vec<Point>,
    /// Effects that may be in flight.
    aloft: Vec<(InstrId, Change)>,
}

impl Plot<'_> {
    /// Looks for a way to the violation, or to the end if none is wanted, and notes the choices.
    fn find(&mut self, met: &[&Access], wanted: Option<Violation>, plots: &mut Plots) -> bool {
        let initial = self.p.cells.get(self.cell.index()).map_or(0, |c| c.initial & c.all());
        let starts = (0..64u8).filter(|v| initial >> v & 1 == 1);
        self.points = starts.map(|value| Point { value, from: None, via: Via::Start }).collect();
        let mut layer = 0..self.points.len();
        for access in met {
            let id = InstrId::at(access.at);
            layer = self.land(layer, Some(id));
            if let Some(point) = layer.clone().find(|i| self.violates(*i, access, wanted)) {
                self.note(point, wanted, Some(id), plots);
                return true;
            }
            layer = self.pass(layer, access);
        }
        layer = self.land(layer, None);
        let end = layer.clone().find(|i| wanted.is_none_or(|w| self.ends(*i, w)));
        end.into_iter().for_each(|point| self.note(point, wanted, None, plots));
        end.is_some()
    }

    fn value(&self, point: usize) -> u8 {
        self.points.get(point).map_or(0, |p| p.value)
    }

    /// Adds what lands before somebody's turn.
    fn land(&mut self, layer: std::ops::Range<usize>, before: Option<InstrId>) -> std::ops::Range<usize> {
        let mut at = layer.start;
        while at < self.points.len() {
            for (step, change) in self.aloft.clone() {
                let value = change.apply(self.value(at));
                if (layer.start..self.points.len()).all(|i| self.value(i) != value) {
                    self.points.push(Point { value, from: Some(at), via: Via::Landed(step, before) });
                }
            }
            at += 1;
        }
        layer.start..self.points.len()
    }

    /// The values after an access.
    fn pass(&mut self, layer: std::ops::Range<usize>, access: &Access) -> std::ops::Range<usize> {
        let id = InstrId::at(access.at);
        let Some(instr) = self.p.code.get(access.at) else { return layer };
        let start = self.points.len();
        let ok = self.statuses.get(&id) == Some(&Status::Ok);
        let runs = matches!(instr.op, Op::Run { .. });
        let yes = access.proves != u64::MAX && answer(self.p, id, self.turns) == Some(1);
        for from in layer {
            let before = self.value(from);
            if yes && access.proves >> before & 1 == 0 {
                continue;
            }
            let after = access.effect.map_or(before, |e| e.change.apply(before));
            let ways = match access.effect {
                None => vec![(before, false)],
                Some(_) if ok => vec![(after, true)],
                Some(_) if runs => vec![(before, false), (after, true)],
                Some(_) => vec![(before, false)],
            };
            for (value, applied) in ways {
                if (start..self.points.len()).all(|i| self.value(i) != value) {
                    self.points.push(Point { value, from: Some(from), via: Via::Step(id, applied && !ok) });
                }
            }
        }
        if let (Some(effect), true) = (access.effect, instr.flags.lingers && runs && (instr.flags.idempotent || !ok)) {
            self.aloft.push((id, effect.change));
        }
        if ok {
            let host = |step: InstrId| self.p.code.get(step.index()).and_then(|i| i.host);
            self.aloft.retain(|(step, _)| !host(*step).is_some_and(|h| access.fences.contains(&h)));
        }
        start..self.points.len()
    }

    /// Whether the violation is seen when it is the turn of an access.
    fn violates(&self, point: usize, access: &Access, wanted: Option<Violation>) -> bool {
        let (value, id) = (self.value(point), InstrId::at(access.at));
        match wanted {
            Some(Violation::NotSo { step, .. }) => step == id && access.allowed >> value & 1 == 0,
            Some(Violation::HeldTwice { step, .. }) => {
                step == id && access.effect.is_some_and(|e| e.exclusive && e.change.apply(0) != value && value != 0)
            }
            Some(Violation::LandsLate { step, .. }) => self.collides(step, value),
            _ => false,
        }
    }

    /// Whether the violation is seen at the end.
    fn ends(&self, point: usize, wanted: Violation) -> bool {
        let value = self.value(point);
        match wanted {
            Violation::GoalMissed { cell } => self.p.goal.iter().any(|r| r.cell == cell && r.allowed >> value & 1 == 0),
            Violation::LeftOpen { cell } => self.p.cells.get(cell.index()).is_some_and(|c| c.rests >> value & 1 == 0),
            Violation::LandsLate { step, .. } => self.collides(step, value),
            Violation::ComesBack { cell } if cell == self.cell => value == 1,
            Violation::ComesBack { cell } => self.is_elsewhere(cell, value),
            _ => false,
        }
    }

    /// Whether the thing is at another machine than the one that would take it.
    fn is_elsewhere(&self, configured: CellId, value: u8) -> bool {
        let kind = |cell: CellId| self.p.cells.get(cell.index()).map(|c| &c.kind);
        match (kind(configured), kind(self.cell)) {
            (Some(CellKind::Configured { machine, .. }), Some(CellKind::Place { holders })) => {
                holders.get(usize::from(value)).copied().flatten().is_some_and(|h| h != *machine)
            }
            _ => false,
        }
    }

    fn collides(&self, step: InstrId, value: u8) -> bool {
        let aloft = self.aloft.iter().find(|(s, _)| *s == step);
        aloft.is_some_and(|(_, change)| value != 0 && change.apply(0) != value)
    }

    /// Notes how the point was come to.
    fn note(&self, point: usize, wanted: Option<Violation>, before: Option<InstrId>, plots: &mut Plots) {
        if let Some(Violation::LandsLate { step, .. }) = wanted {
            plots.landings.insert(step);
            plots.before.entry(before).or_default().push((step, self.cell));
        }
        let mut at = Some(point);
        while let Some(Point { value, from, via }) = at.and_then(|i| self.points.get(i)).copied() {
            match via {
                Via::Start => {
                    plots.starts.insert(self.cell, value);
                }
                Via::Step(step, true) => {
                    plots.applied.insert((step, self.cell));
                }
                Via::Step(_, false) => {}
                Via::Landed(step, before) => {
                    plots.landings.insert(step);
                    plots.before.entry(before).or_default().insert(0, (step, self.cell));
                }
            }
            at = from;
        }
    }
}

/// The cells that a violation is about.
fn cells_of(p: &Program, violation: Violation) -> Vec<CellId> {
    match violation {
        Violation::HeldTwice { cell, .. }
        | Violation::LandsLate { cell, .. }
        | Violation::NotSo { cell, .. }
        | Violation::GoalMissed { cell }
        | Violation::LeftOpen { cell } => vec![cell],
        Violation::ComesBack { cell } => match p.cells.get(cell.index()).map(|c| &c.kind) {
            Some(CellKind::Configured { of, .. }) => vec![cell, *of],
            _ => vec![cell],
        },
    }
}

/// Makes the run, up to the violation.
fn tell(p: &Program, found: &Found, order: &[Next], plots: &Plots) -> Result<Story, String> {
    let mut start = beginning(p, &found.story).ok_or("the plan cannot start")?;
    for (cell, value) in &plots.starts {
        start.values.get_mut(cell.index()).into_iter().for_each(|v| *v = *value);
    }
    let mut state = start.clone();
    let mut moves = Vec::new();
    let landing = |step: InstrId, cell: CellId| {
        let effect = p.code.get(step.index()).and_then(|i| i.effects.iter().position(|e| e.cell == cell));
        Move::Land { step, effect: effect.unwrap_or(0) }
    };
    for next in order.iter().map(Some).chain([None]) {
        let id = if let Some(Next::Instr(id)) = next { Some(*id) } else { None };
        let mut made: Vec<Move> = match next {
            Some(Next::Cancel) => vec![Move::Cancel],
            _ => plots.before.get(&id).into_iter().flatten().map(|(step, cell)| landing(*step, *cell)).collect(),
        };
        for its_turn in [false, true] {
            if let (true, Some(id)) = (its_turn, id) {
                made = turn(p, &state, id, &found.story, Some(plots));
            }
            for step in std::mem::take(&mut made) {
                let seen = state.apply(p, &step).map_err(|e| e.why)?;
                moves.push(step);
                if seen.contains(&found.violation) {
                    return Ok(Story { start, moves });
                }
            }
        }
    }
    match state.end_violations(p).contains(&found.violation) {
        true => Ok(Story { start, moves }),
        false => Err(String::from("the run does not show what was found")),
    }
}
