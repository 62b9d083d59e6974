//! The search for violations: every property on every cell, and what makes a suspicion certain.

use super::bdd::{Cond, Var};
use super::blocks::BlockId;
use super::cells::{Access, Values, Watch, accesses, id, walk};
use super::status::{Engine, Known, View};
use super::variables::Meaning;
use super::{comes_back, exclusivity, goal, requirement, rest};
use crate::bytecode::{GuardId, Instr, InstrId, Op, Program};
use crate::calculus::{CellId, CellKind};
use crate::semantics::Violation;
use crate::verify::Reach;
use std::collections::{BTreeMap, HashMap, HashSet};

/// What a proof may cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Nodes of decision diagrams, 12 bytes each and as much again to find them.
    pub nodes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { nodes: crate::base::limits::PROOF_NODES }
    }
}

/// What was found out about a program.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Proof {
    /// Violations, each with its cheapest story; none twice.
    pub found: Vec<Found>,
    /// What could not be decided within the limits.
    pub undecided: Vec<Undecided>,
    /// Steps and blocks that never run.
    pub idle: Vec<InstrId>,
    /// How many requirements, acquires, goals and things that must rest were looked at.
    pub checks: usize,
}

/// A violation, and on what it depends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// What is violated.
    pub violation: Violation,
    /// The answers, outcomes and cancellation that lead there; what is not mentioned does not matter.
    pub story: Vec<Turn>,
}

/// Something on which a story depends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Turn {
    /// The decision has this answer.
    Decided(crate::calculus::AtomId, u8),
    /// The decision has not this answer.
    DecidedOtherwise(crate::calculus::AtomId, u8),
    /// The step works, or does not.
    Worked(InstrId, bool),
    /// The probe says yes or no; the operator gives this answer, or not this one.
    Answered(InstrId, u8, bool),
    /// The operator cancels before the instruction may start, or not.
    Cancelled(InstrId, bool),
}

/// Something that was too hard.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Undecided {
    /// The cell.
    pub cell: CellId,
    /// How many instructions touch it.
    pub accesses: usize,
}

/// A violation that may be possible.
#[derive(Clone, Copy, Debug)]
pub(super) struct Suspicion {
    pub violation: Violation,
    pub when: Cond,
    /// Where it would be seen.
    pub from: Spot,
}

/// From where one looks back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Spot {
    /// From an instruction that runs.
    Run(usize),
    /// From the end of everything, into this block.
    End(BlockId),
}

/// Looks at one cell.
pub(super) struct Look {
    pub cell: CellId,
    pub suspicions: Vec<Suspicion>,
    /// When the yes of a probe does not contradict what the cell may be.
    plausible: Vec<(usize, Cond)>,
    /// The lowest block in which everything is that changes the cell, and the cell when it begins.
    pub home: (BlockId, Values),
    changes: usize,
}

impl Watch for Look {
    fn access(&mut self, engine: &mut Engine<'_>, access: &Access, before: &Values, after: &Values, runs: Cond) {
        if access.proves != u64::MAX {
            let fits = before.when(engine, access.proves);
            self.plausible.push((access.at, fits));
        }
        requirement::check(self, engine, access, before, runs);
        exclusivity::check(self, engine, access, before, runs);
        exclusivity::check_flights(self, engine, access, after, runs);
    }

    fn block(&mut self, block: BlockId, accesses: &[Access], before: &Values) {
        if changes(accesses) == self.changes {
            self.home = (block, before.clone());
        }
    }
}

impl Look {
    /// Notes a violation that may be possible.
    pub fn suspect(&mut self, violation: Violation, when: Cond, from: Spot) {
        if !when.is_false() {
            self.suspicions.push(Suspicion { violation, when, from });
        }
    }
}

/// Whether nothing can be wrong with a cell, whatever happens in whatever order; and no probe says anything about it.
fn is_harmless(engine: &Engine<'_>, cell: usize, accesses: &[Access]) -> bool {
    let Some(of) = engine.p.cells.get(cell) else { return true };
    let mut may_be = of.initial & of.all();
    loop {
        let more = accesses.iter().filter_map(|a| a.effect).fold(may_be, |mask, e| mask | e.change.image(mask));
        if more == may_be {
            break;
        }
        may_be = more;
    }
    let rests = of.rests & engine.goals.get(cell).copied().unwrap_or(u64::MAX);
    let fits = |a: &Access| {
        let found = a.effect.filter(|e| e.exclusive).map_or(u64::MAX, |e| exclusivity::may_find(e.change));
        a.proves == u64::MAX && may_be & !(a.allowed & found) == 0
    };
    !matches!(of.kind, CellKind::Configured { .. }) && may_be & !rests == 0 && accesses.iter().all(fits)
}

/// How many requirements, acquires, goals and things that must rest there are.
fn questions(p: &Program) -> usize {
    let acquires = |i: &Instr| i.effects.iter().filter(|e| e.exclusive).count();
    let steps: usize = p.code.iter().map(|i| i.requires.len() + acquires(i)).sum();
    steps + p.goal.len() + p.cells.iter().filter(|c| c.rests & c.all() != c.all()).count()
}

/// How many of the accesses change the cell.
fn changes(accesses: &[Access]) -> usize {
    accesses.iter().filter(|a| a.effect.is_some() || !a.fences.is_empty()).count()
}

/// Proves a verified program safe, or finds out why it is not.
///
/// Takes time nearly linear in the program as people and generators write them, and bounded time whatever it is: what
/// needs more than `limits` is [`Proof::undecided`].
pub fn prove(p: &Program, limits: Limits) -> Proof {
    prove_unless(p, limits, &|| false).unwrap_or_default()
}

/// The same, unless `stopped` says meanwhile that nobody waits for it any more; it is asked once for each cell.
pub fn prove_unless(p: &Program, limits: Limits, stopped: &dyn Fn() -> bool) -> Option<Proof> {
    let mut search = Search {
        stopped,
        reach: Reach::of(&p.code),
        engine: Engine::new(p, limits.nodes),
        limits,
        accesses: Vec::new(),
        plausible: HashMap::new(),
        found: BTreeMap::new(),
        proof: Proof::default(),
    };
    search.proof.checks = questions(p);
    search.accesses = accesses(p);
    search.run();
    if stopped() {
        return None;
    }
    let Search { found, mut proof, .. } = search;
    proof.found = found.into_iter().map(|(violation, story)| Found { violation, story }).collect();
    Some(proof)
}

struct Search<'p> {
    stopped: &'p dyn Fn() -> bool,
    reach: Reach<'p>,
    engine: Engine<'p>,
    limits: Limits,
    accesses: Vec<Vec<Access>>,
    plausible: HashMap<usize, Vec<Cond>>,
    found: BTreeMap<Violation, Vec<Turn>>,
    proof: Proof,
}

impl Search<'_> {
    fn run(&mut self) {
        // What probes can say depends on the cells that they say something about: these come first.
        let proves = |list: &[Access]| list.iter().any(|a| a.proves != u64::MAX);
        let (first, others): (Vec<usize>, Vec<usize>) =
            (0..self.accesses.len()).partition(|c| self.accesses.get(*c).is_some_and(|l| proves(l)));
        let mut waiting = Vec::new();
        for cell in first {
            waiting.extend(self.cell(cell).into_iter().map(|s| (cell, s)));
        }
        for (cell, suspicion) in waiting {
            self.judge(cell, &suspicion);
        }
        for cell in others {
            for suspicion in self.cell(cell) {
                self.judge(cell, &suspicion);
            }
        }
        self.idle();
    }

    /// The suspicions about one cell.
    fn cell(&mut self, cell: usize) -> Vec<Suspicion> {
        if (self.stopped)() {
            return Vec::new();
        }
        let Some(initial) = self.engine.p.cells.get(cell).map(|c| Values::any_of(c.initial & c.all())) else {
            return Vec::new();
        };
        if self.accesses.get(cell).is_none_or(|list| is_harmless(&self.engine, cell, list)) {
            return Vec::new();
        }
        let list = std::mem::take(self.accesses.get_mut(cell).unwrap_or(&mut Vec::new()));
        let mut look = Look {
            cell: CellId::at(cell),
            suspicions: Vec::new(),
            plausible: Vec::new(),
            home: (1, initial.clone()),
            changes: changes(&list),
        };
        let last = walk(&mut self.engine, 0, &list, initial, &mut look);
        comes_back::check(&mut look, &mut self.engine, &list, &self.accesses);
        goal::check(&mut look, &mut self.engine, &last);
        rest::check(&mut look, &mut self.engine, &list);
        for (at, fits) in look.plausible {
            self.plausible.entry(at).or_default().push(fits);
        }
        if let Some(slot) = self.accesses.get_mut(cell) {
            *slot = list;
        }
        if self.engine.bdd.is_exhausted() {
            self.give_up(cell);
            return Vec::new();
        }
        look.suspicions
    }

    fn give_up(&mut self, cell: usize) {
        let accesses = self.accesses.get(cell).map_or(0, Vec::len);
        self.proof.undecided.push(Undecided { cell: CellId::at(cell), accesses });
        self.engine.reset(self.limits.nodes);
        self.plausible.clear();
    }

    /// Finds out whether a suspicion is true.
    fn judge(&mut self, cell: usize, suspicion: &Suspicion) {
        if self.found.contains_key(&suspicion.violation) {
            return;
        }
        let certain = self.certain(suspicion.when, suspicion.from);
        if self.engine.bdd.is_exhausted() {
            return self.give_up(cell);
        }
        let cost = |var: Var| self.engine.vars.meaning(var).map_or(0, price);
        if let Some(model) = self.engine.bdd.cheapest(certain, cost) {
            let turn = |(var, yes): (Var, bool)| Some(turn(self.engine.vars.meaning(var)?, yes));
            let mut story: Vec<Turn> = model.into_iter().filter_map(turn).collect();
            story.sort_unstable();
            self.found.insert(suspicion.violation, story);
        }
    }

    /// A condition together with what is known of everything that it is about.
    fn certain(&mut self, when: Cond, from: Spot) -> Cond {
        let mut when = when;
        let mut known = HashSet::new();
        loop {
            let mut changed = false;
            for var in self.engine.bdd.support(when, usize::MAX).unwrap_or_default() {
                let Some(at) = self.engine.vars.meaning(var).and_then(about) else { continue };
                if known.insert(Seen::About(at)) {
                    let fact = self.fact(at, from, &mut known);
                    let both = self.engine.bdd.and(when, fact);
                    changed |= both != when;
                    when = both;
                }
            }
            if !changed || when.is_false() {
                return when;
            }
        }
    }

    /// What is known of what an instruction did, looking back from a spot.
    fn fact(&mut self, at: usize, from: Spot, known: &mut HashSet<Seen>) -> Cond {
        let (block, here) = match from {
            Spot::Run(here) => (self.engine.blocks.around(here), here),
            Spot::End(block) => (block, self.engine.blocks.get(block).enter),
        };
        // Within a strict block, what is ordered before it is what it needs.
        let is_before = |search: &Search<'_>, at| search.reach.ordered(id(at), id(here)) && !search.reach.gave_up();
        // Looked at from the end, nothing is known of what became of a block, not even that it was not cancelled.
        let inside = matches!(from, Spot::End(_)) && self.engine.blocks.covers(block, at);
        let ran = match inside {
            true => self.engine.table(block, Known::Nothing).of(at).ran,
            false => self.engine.seen(at, block).ran,
        };
        let mut fact = Cond::TRUE;
        match self.engine.view(at, block) {
            _ if inside => {}
            View::Into(inner, _) if !self.is_around(inner, block) => {
                let exit = self.engine.blocks.get(inner).exit;
                if is_before(self, exit) && known.insert(Seen::Passed(inner)) {
                    fact = self.engine.table(inner, Known::Nothing).of(exit).passed;
                }
            }
            View::Passed if self.is_choice(at) && is_before(self, at) => {
                let works = self.engine.works(at);
                fact = self.engine.bdd.or(!ran, works);
            }
            _ => {}
        }
        for fits in self.plausible.get(&at).cloned().unwrap_or_default() {
            let yes = self.engine.vars.answered(&mut self.engine.bdd, at, 0);
            let said = self.engine.bdd.and(ran, yes);
            let plausible = self.engine.bdd.or(!said, fits);
            fact = self.engine.bdd.and(fact, plausible);
        }
        fact
    }

    /// Whether `outer` is `block`, or around it.
    fn is_around(&self, outer: BlockId, block: BlockId) -> bool {
        self.engine.blocks.meet(block, outer).0 == outer
    }

    /// A question with labelled answers, of which some forbid going on, and whose failure nobody tolerates.
    fn is_choice(&self, at: usize) -> bool {
        let instr = self.engine.p.code.get(at);
        instr.is_some_and(|i| matches!(&i.op, Op::Ask { answers, .. } if !answers.is_empty()) && !i.flags.tolerated)
    }

    /// Finds what never runs.
    fn idle(&mut self) {
        let mut idle: Vec<bool> = Vec::with_capacity(self.engine.p.code.len());
        let mut known: HashMap<(BlockId, GuardId), bool> = HashMap::new();
        for (at, instr) in self.engine.p.code.iter().enumerate() {
            let block = self.engine.blocks.around(at);
            let strict = !self.engine.blocks.get(block).loose;
            let as_known = match instr.needs.as_slice() {
                // Within a strict block everything that it needs can pass.
                _ if strict => known.get(&(block, instr.guard)).copied(),
                // It runs whenever the only one before it has passed.
                [only] if instr.waits.is_empty() && self.runs_alike(only.index(), at) => {
                    idle.get(only.index()).copied()
                }
                _ => None,
            };
            let never = match as_known {
                Some(never) => never,
                None => {
                    let runs = self.engine.runs(at);
                    let certain = self.certain(runs, Spot::Run(at));
                    if self.engine.bdd.is_exhausted() {
                        return self.engine.reset(self.limits.nodes);
                    }
                    certain.is_false()
                }
            };
            known.insert((block, instr.guard), never);
            idle.push(never);
            self.proof.idle.extend(never.then(|| id(at)));
        }
    }

    /// Whether two instructions stand in the same block under the same condition.
    fn runs_alike(&self, one: usize, other: usize) -> bool {
        let guard = |at: usize| self.engine.p.code.get(at).map(|i| i.guard);
        guard(one) == guard(other) && self.engine.blocks.around(one) == self.engine.blocks.around(other)
    }
}

#[derive(PartialEq, Eq, Hash)]
enum Seen {
    About(usize),
    Passed(BlockId),
}

/// The instruction that a variable is about.
fn about(meaning: Meaning) -> Option<usize> {
    match meaning {
        Meaning::Decided(..) => None,
        Meaning::Works(at) | Meaning::Answered(at, _) | Meaning::Cancelled(at) => Some(at.index()),
    }
}

fn turn(meaning: Meaning, yes: bool) -> Turn {
    match (meaning, yes) {
        (Meaning::Decided(atom, option), true) => Turn::Decided(atom, option),
        (Meaning::Decided(atom, option), false) => Turn::DecidedOtherwise(atom, option),
        (Meaning::Works(at), works) => Turn::Worked(at, works),
        (Meaning::Answered(at, option), so) => Turn::Answered(at, option, so),
        (Meaning::Cancelled(at), so) => Turn::Cancelled(at, so),
    }
}

/// How much a story costs: a failure counts for more than any number of answers, a cancellation for a little less. What
/// is positive is paid for a yes, what is negative for a no.
fn price(meaning: Meaning) -> i64 {
    match meaning {
        Meaning::Works(_) => -100_000,
        Meaning::Cancelled(_) => 90_000,
        Meaning::Answered(..) => -1,
        Meaning::Decided(..) => 1,
    }
}
