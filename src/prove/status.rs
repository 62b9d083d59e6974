//! When instructions run, work and pass: the settling rule, as conditions on outcomes, answers and cancellation.
//!
//! What an instruction's status is depends on where one looks from. Seen from something that runs later in the same
//! strict block, everything it follows there has passed: a failure would have blocked it. So only what a loose block
//! contains has to be looked into, and conditions stay as small as what really matters.

use super::bdd::{Bdd, Cond};
use super::blocks::{BlockId, Blocks};
use super::variables::Variables;
use crate::bytecode::{Guard, GuardId, InstrId, Op, Program};
use crate::calculus::{AtomId, AtomSource};
use std::collections::HashMap;
use std::rc::Rc;

/// Conditions under which an instruction gets how far.
#[derive(Clone, Copy, Debug)]
pub(super) struct Progress {
    /// It starts (or settles by itself to `ok`, or for a `JOIN` to whatever its rungs say).
    pub ran: Cond,
    /// It is `ok`.
    pub ok: Cond,
    /// It does not keep what needs it from running.
    pub passed: Cond,
    /// The operator cancelled before it could start.
    pub cancelled: Cond,
}

impl Progress {
    /// When it may have had its effects: only a command stops half-way, what else does not work changes nothing.
    pub fn changes(self, p: &Program, at: usize) -> Cond {
        match p.code.get(at).map(|i| &i.op) {
            Some(Op::Run { .. }) => self.ran,
            _ => self.ok,
        }
    }
}

const ASSUMED: Progress = Progress { ran: Cond::TRUE, ok: Cond::TRUE, passed: Cond::TRUE, cancelled: Cond::FALSE };

/// The progress of all that stands in a block, provided that the block's `ENTER` may be entered.
#[derive(Debug)]
pub(super) struct Table {
    first: usize,
    progress: Vec<Progress>,
}

impl Table {
    /// Of an instruction of the block.
    pub fn of(&self, at: usize) -> Progress {
        let own = at.checked_sub(self.first).and_then(|i| self.progress.get(i));
        own.copied().unwrap_or(ASSUMED)
    }

    fn has(&self, at: usize) -> bool {
        at >= self.first && at - self.first < self.progress.len()
    }
}

/// What is known of a block that is looked into, besides that it was entered.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Known {
    /// It passed, so whatever its end needs did.
    Passed,
    /// Nothing.
    Nothing,
}

/// From where an instruction is looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum View {
    /// It has passed.
    Passed,
    /// It stands in this block, of which so much is known.
    Into(BlockId, Known),
}

/// Conditions about one program.
pub(super) struct Engine<'p> {
    pub p: &'p Program,
    pub blocks: Blocks,
    pub vars: Variables,
    pub bdd: Bdd,
    /// For each cell the values that the plan's goal allows; all bits if it says nothing of it.
    pub goals: Vec<u64>,
    tables: HashMap<(BlockId, Known), Rc<Table>>,
    guards: HashMap<(GuardId, BlockId), Cond>,
    paths: HashMap<BlockId, Cond>,
    /// Who answers each atom.
    readers: HashMap<AtomId, usize>,
}

impl<'p> Engine<'p> {
    pub fn new(p: &'p Program, limit: usize) -> Engine<'p> {
        let mut readers: HashMap<AtomId, usize> = HashMap::new();
        for (at, instr) in p.code.iter().enumerate() {
            match &instr.op {
                Op::Probe { atom, .. } | Op::Ask { atom: Some(atom), .. } => _ = readers.insert(*atom, at),
                _ => {}
            }
        }
        let mut goals = vec![u64::MAX; p.cells.len()];
        for goal in &p.goal {
            goals.get_mut(goal.cell.index()).into_iter().for_each(|mask| *mask &= goal.allowed);
        }
        Engine {
            p,
            goals,
            blocks: Blocks::of(p),
            vars: Variables::of(p),
            bdd: Bdd::new(limit),
            tables: HashMap::new(),
            guards: HashMap::new(),
            paths: HashMap::new(),
            readers,
        }
    }

    /// Forgets all conditions.
    pub fn reset(&mut self, limit: usize) {
        self.bdd = Bdd::new(limit);
        self.tables.clear();
        self.guards.clear();
        self.paths.clear();
    }

    /// How an instruction looks from something that runs later, in `block`.
    pub fn view(&self, at: usize, block: BlockId) -> View {
        let (meet, child) = self.blocks.meet(self.blocks.around(at), block);
        let around = self.blocks.get(meet);
        match child {
            _ if around.loose => View::Into(meet, Known::Nothing),
            Some(child) => View::Into(child, Known::Passed),
            None => View::Passed,
        }
    }

    /// The progress of an instruction, looked at from something that runs later, in `block`.
    pub fn seen(&mut self, at: usize, block: BlockId) -> Progress {
        match self.view(at, block) {
            View::Into(into, known) => self.table(into, known).of(at),
            View::Passed => {
                let own = self.blocks.around(at);
                let ran = self.guard_at(at, own);
                let ok = match (self.blocks.closes.get(at).copied().flatten(), self.p.code.get(at)) {
                    (Some(closed), _) if self.blocks.get(closed).loose => self.table(closed, Known::Passed).of(at).ok,
                    (_, Some(instr)) if instr.flags.tolerated => {
                        let works = self.works(at);
                        self.bdd.and(ran, works)
                    }
                    _ => ran,
                };
                Progress { ran, ok, ..ASSUMED }
            }
        }
    }

    /// The progress of an instruction from within its own block.
    pub fn own(&mut self, at: usize) -> Progress {
        let block = self.blocks.around(at);
        let around = self.blocks.get(block);
        if around.loose { self.table(block, Known::Nothing).of(at) } else { self.seen(at, block) }
    }

    /// When what stands in a block may run, as far as strict blocks do not promise it.
    pub fn path(&mut self, block: BlockId) -> Cond {
        if let Some(known) = self.paths.get(&block) {
            return *known;
        }
        let mut chain = vec![block];
        while let Some(&at) = chain.last() {
            let parent = self.blocks.get(at).parent;
            if parent == at || self.paths.contains_key(&parent) {
                break;
            }
            chain.push(parent);
        }
        for block in chain.into_iter().rev() {
            let Some(parent) = Some(self.blocks.get(block).parent).filter(|p| *p != block) else {
                self.paths.insert(block, Cond::TRUE);
                continue;
            };
            let above = self.paths.get(&parent).copied().unwrap_or(Cond::TRUE);
            let around = self.blocks.get(parent);
            let here = if around.loose {
                let entered = self.table(parent, Known::Nothing).of(self.blocks.get(block).enter).ran;
                self.bdd.and(above, entered)
            } else {
                above
            };
            self.paths.insert(block, here);
        }
        self.paths.get(&block).copied().unwrap_or(Cond::TRUE)
    }

    /// When an instruction runs, all in all.
    pub fn runs(&mut self, at: usize) -> Cond {
        let path = self.path(self.blocks.around(at));
        let ran = self.own(at).ran;
        self.bdd.and(path, ran)
    }

    /// The table of a block of which so much is known.
    pub fn table(&mut self, block: BlockId, known: Known) -> Rc<Table> {
        if let Some(table) = self.tables.get(&(block, known)) {
            return Rc::clone(table);
        }
        let bounds = self.blocks.get(block);
        let sure = if known == Known::Passed { self.needed_by_end(block) } else { Vec::new() };
        let mut table = Table { first: bounds.enter, progress: Vec::with_capacity(bounds.exit - bounds.enter + 1) };
        let mut guards: HashMap<GuardId, Cond> = HashMap::new();
        for at in bounds.enter..=bounds.exit {
            let guard = self.guard_in(at, block, &table, &mut guards);
            let progress = match () {
                () if at == bounds.enter => Progress { ok: guard, ran: guard, ..ASSUMED },
                () if sure.get(at - bounds.enter) == Some(&true) => {
                    Progress { ran: guard, ok: self.worked(at, guard, true, &table), ..ASSUMED }
                }
                () => self.settle(at, guard, known == Known::Nothing, &table),
            };
            table.progress.push(progress);
        }
        let table = Rc::new(table);
        self.tables.insert((block, known), Rc::clone(&table));
        table
    }

    /// For each instruction of a block whether the block's end needs it.
    fn needed_by_end(&self, block: BlockId) -> Vec<bool> {
        let bounds = self.blocks.get(block);
        let mut needed = vec![false; bounds.exit - bounds.enter + 1];
        needed.last_mut().into_iter().for_each(|n| *n = true);
        for at in (bounds.enter..=bounds.exit).rev() {
            if needed.get(at - bounds.enter) != Some(&true) {
                continue;
            }
            for t in self.p.code.get(at).map_or(&[][..], |i| &i.needs) {
                let slot = t.index().checked_sub(bounds.enter).and_then(|i| needed.get_mut(i));
                slot.into_iter().for_each(|n| *n = true);
            }
        }
        needed
    }

    /// The settling rule for an instruction of a block that is looked into.
    fn settle(&mut self, at: usize, guard: Cond, cancel: bool, table: &Table) -> Progress {
        let Some(instr) = self.p.code.get(at) else { return ASSUMED };
        let inside = |t: &&InstrId| table.has(t.index());
        let mut ready = Cond::TRUE;
        let mut cancelled = Cond::FALSE;
        for t in instr.needs.iter().filter(inside) {
            ready = self.bdd.and(ready, table.of(t.index()).passed);
        }
        if cancel {
            for t in instr.needs.iter().chain(&instr.waits).filter(inside) {
                cancelled = self.bdd.or(cancelled, table.of(t.index()).cancelled);
            }
        }
        let due = self.bdd.and(ready, guard);
        let mut ran = due;
        if cancel && !instr.flags.finally && instr.op.is_cancellable() {
            let own = self.vars.cancelled(&mut self.bdd, at);
            cancelled = self.bdd.or(cancelled, own);
            ran = self.bdd.and_not(due, cancelled);
        }
        let ok = self.worked(at, ran, false, table);
        let fine = match &instr.op {
            Op::Join { rungs } => {
                let all: Vec<Cond> = rungs.iter().map(|r| table.of(r.index()).passed).collect();
                let none_stopped = self.bdd.all(all);
                self.bdd.or(ok, none_stopped)
            }
            _ if instr.flags.tolerated => Cond::TRUE,
            _ => ok,
        };
        // It passes if it is ready, and either not applicable or it ran and was fine.
        let ran_fine = self.bdd.and(ran, fine);
        let passes = self.bdd.or(!guard, ran_fine);
        let passed = self.bdd.and(ready, passes);
        Progress { ran, ok, passed, cancelled }
    }

    /// When what ran is `ok`; `sure` if it is known to have passed.
    fn worked(&mut self, at: usize, ran: Cond, sure: bool, table: &Table) -> Cond {
        let Some(instr) = self.p.code.get(at) else { return ran };
        let works = match &instr.op {
            Op::Join { rungs } => {
                let oks: Vec<Cond> = rungs.iter().map(|r| table.of(r.index()).ok).collect();
                self.bdd.any(oks)
            }
            _ if sure && !instr.flags.tolerated => return ran,
            _ => self.works(at),
        };
        self.bdd.and(ran, works)
    }

    /// When a step works, provided that it runs.
    pub fn works(&mut self, at: usize) -> Cond {
        match self.p.code.get(at).map(|i| &i.op) {
            Some(Op::Run { .. } | Op::Wait { .. } | Op::Delay { .. }) => self.vars.works(&mut self.bdd, at),
            Some(Op::Ask { answers, .. }) if answers.is_empty() => self.vars.works(&mut self.bdd, at),
            Some(Op::Ask { answers, .. }) => {
                let good = (0u8..).zip(answers).filter(|(_, a)| !a.stops).map(|(o, _)| o);
                let good: Vec<Cond> = good.map(|o| self.vars.answered(&mut self.bdd, at, o)).collect();
                self.bdd.any(good)
            }
            _ => Cond::TRUE,
        }
    }

    /// The guard of an instruction, looked at from `block`, in which it stands.
    pub fn guard_at(&mut self, at: usize, block: BlockId) -> Cond {
        let Some(guard) = self.p.code.get(at).map(|i| i.guard) else { return Cond::TRUE };
        let mut known: HashMap<GuardId, Cond> = HashMap::new();
        if let Some(known) = self.guards.get(&(guard, block)) {
            return *known;
        }
        let cond = self.evaluate(guard, block, None, &mut known);
        self.guards.insert((guard, block), cond);
        cond
    }

    fn guard_in(&mut self, at: usize, block: BlockId, table: &Table, known: &mut HashMap<GuardId, Cond>) -> Cond {
        let guard = self.p.code.get(at).map_or(GuardId::ALWAYS, |i| i.guard);
        self.evaluate(guard, block, Some(table), known)
    }

    /// A guard as it is when `at` settles. Statuses of what stands in `table` are taken from there.
    fn evaluate(
        &mut self,
        guard: GuardId,
        block: BlockId,
        table: Option<&Table>,
        known: &mut HashMap<GuardId, Cond>,
    ) -> Cond {
        let mut stack = vec![guard];
        while let Some(&top) = stack.last() {
            let Some(entry) = self.p.guards.get(top.index()).filter(|_| !known.contains_key(&top)) else {
                stack.pop();
                continue;
            };
            let before = stack.len();
            stack.extend(entry.parts().iter().filter(|part| **part < top && !known.contains_key(part)));
            if stack.len() > before {
                continue;
            }
            let parts: Vec<Cond> =
                entry.parts().iter().map(|part| known.get(part).copied().unwrap_or(Cond::FALSE)).collect();
            let cond = match entry {
                Guard::Always => Cond::TRUE,
                Guard::Never => Cond::FALSE,
                Guard::Is { atom, option } => self.is(*atom, *option, block, table),
                Guard::Ok(step) => self.progress(step.index(), block, table).ok,
                Guard::Not(_) => !parts.first().copied().unwrap_or(Cond::FALSE),
                Guard::All(_) => self.bdd.all(parts),
                Guard::Any(_) => self.bdd.any(parts),
                Guard::AtMost { count, .. } => self.bdd.at_most(*count as usize, &parts),
            };
            known.insert(top, cond);
            stack.pop();
        }
        known.get(&guard).copied().unwrap_or(Cond::FALSE)
    }

    fn progress(&mut self, at: usize, block: BlockId, table: Option<&Table>) -> Progress {
        match table.filter(|t| t.has(at)) {
            Some(table) => table.of(at),
            None => self.seen(at, block),
        }
    }

    /// The atom has the answer.
    fn is(&mut self, atom: AtomId, option: u8, block: BlockId, table: Option<&Table>) -> Cond {
        let Some(of) = self.p.atoms.get(atom.index()) else { return Cond::FALSE };
        if of.source == AtomSource::Decision {
            return self.vars.decided(&mut self.bdd, self.p, atom, option);
        }
        let Some(reader) = self.readers.get(&atom).copied() else { return Cond::FALSE };
        let ran = self.progress(reader, block, table).ran;
        let so = match self.p.code.get(reader).map(|i| &i.op) {
            Some(Op::Ask { answers, .. }) => {
                let name = of.options.get(usize::from(option));
                let which = answers.iter().position(|a| Some(&a.name) == name).and_then(|w| u8::try_from(w).ok());
                which.map_or(Cond::FALSE, |w| self.vars.answered(&mut self.bdd, reader, w))
            }
            _ => {
                let yes = self.vars.answered(&mut self.bdd, reader, 0);
                if option == 1 { yes } else { !yes }
            }
        };
        self.bdd.and(ran, so)
    }
}
