//! Conditions and how they combine: the answers of atoms and the states of things that are open at the start.
//!
//! Every combination, or, where there are more than [`EVERY`], so many that each pair of values of two conditions
//! occurs in one of them, or, where fewer are wanted, those that have most pairs.
//!
//! A machine that is down holds nothing that it would have lost: what is volatile and is said to be there is nowhere.

use crate::bytecode::{Op, Program};
use crate::calculus::{AtomId, CellId, CellKind};
use crate::drill::things::Things;
use std::collections::BTreeSet;

/// Up to so many combinations are all tried.
pub const EVERY: u64 = 64;
/// Candidates among which each further combination is chosen when only pairs are covered.
const CANDIDATES: usize = 24;

/// One condition with its possible values.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Condition {
    /// The answer of an atom.
    Answer(AtomId, Vec<u8>),
    /// The value of a cell at the start.
    Start(CellId, Vec<u8>),
}

impl Condition {
    fn values(&self) -> &[u8] {
        match self {
            Condition::Answer(_, values) | Condition::Start(_, values) => values,
        }
    }
}

/// What is open at the start, and what is not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Space {
    /// What is open.
    pub open: Vec<Condition>,
    /// The answers that are not; `None` where the world says by itself.
    pub answers: Vec<Option<u8>>,
    /// The values of the cells that are not.
    pub initial: Vec<u8>,
    /// Something has no possible value: there is no combination.
    empty: bool,
}

/// One way in which things can be at the start.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Combination {
    /// The value of each open condition.
    pub choice: Vec<u8>,
    /// The answer of each atom.
    pub answers: Vec<Option<u8>>,
    /// The value of each cell.
    pub initial: Vec<u8>,
}

/// The combinations that are tried.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Combinations {
    /// Those that can be.
    pub list: Vec<Combination>,
    /// How many there would be in all.
    pub all: u64,
    /// Which of them are tried.
    pub choice: Choice,
}

/// Which combinations are tried.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Choice {
    /// All that can be.
    #[default]
    All,
    /// So many that each pair of values occurs.
    Pairs,
    /// As many as there is time for.
    Some,
}

impl Space {
    /// A space over the possible answers (none: the world says) and starts, as masks.
    pub fn new(program: &Program, answers: &[Option<u64>], starts: &[u64]) -> Space {
        let mut space = Space { open: Vec::new(), answers: Vec::new(), initial: Vec::new(), empty: false };
        for (index, (atom, mask)) in program.atoms.iter().zip(answers).enumerate() {
            let values = mask.map(|mask| bits(mask, atom.options.len()));
            space.empty |= values.as_ref().is_some_and(Vec::is_empty);
            match values.as_deref() {
                None | Some([]) => space.answers.push(None),
                Some([one]) => space.answers.push(Some(*one)),
                Some([first, ..]) => {
                    space.answers.push(Some(*first));
                    space.open.push(Condition::Answer(AtomId::at(index), values.unwrap_or_default()));
                }
            }
        }
        for (index, (cell, mask)) in program.cells.iter().zip(starts).enumerate() {
            let values = bits(*mask, cell.values.len());
            space.empty |= values.is_empty();
            space.initial.push(values.first().copied().unwrap_or(0));
            if values.len() > 1 && matters(program, CellId::at(index)) {
                space.open.push(Condition::Start(CellId::at(index), values));
            }
        }
        space
    }

    /// The combinations, all or enough of them; not more than `at_most`, and one at least.
    pub fn combinations(&self, program: &Program, at_most: usize) -> Combinations {
        let sizes = self.open.iter().map(|c| c.values().len() as u64);
        let all = sizes.fold(1u64, u64::saturating_mul);
        if self.empty {
            return Combinations::default();
        }
        let mut some = Combinations { list: Vec::new(), all, choice: Choice::All };
        if all <= EVERY {
            some.list = self.every(program);
        }
        if all > EVERY || some.list.len() > at_most.max(1) {
            (some.list, some.choice) = self.pairs(program, at_most.max(1));
        }
        some
    }

    fn every(&self, program: &Program) -> Vec<Combination> {
        let mut choices: Vec<Vec<u8>> = vec![Vec::new()];
        for condition in &self.open {
            let longer = |choice: &Vec<u8>| {
                let choice = choice.clone();
                condition.values().iter().map(move |v| choice.iter().copied().chain([*v]).collect::<Vec<u8>>())
            };
            choices = choices.iter().flat_map(|c| longer(c).collect::<Vec<_>>()).collect();
        }
        let mut list: Vec<Combination> = Vec::new();
        for combination in choices.into_iter().map(|choice| self.combination(program, choice)) {
            if truthful(program, &combination) && !list.contains(&combination) {
                list.push(combination);
            }
        }
        list
    }

    /// Greedy: again and again the candidate that covers most pairs that have not occurred yet.
    fn pairs(&self, program: &Program, at_most: usize) -> (Vec<Combination>, Choice) {
        let mut left: BTreeSet<(usize, u8, usize, u8)> = BTreeSet::new();
        for (i, a) in self.open.iter().enumerate() {
            for (j, b) in self.open.iter().enumerate().skip(i + 1) {
                left.extend(a.values().iter().flat_map(|v| b.values().iter().map(move |w| (i, *v, j, *w))));
            }
        }
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
        let mut list: Vec<Combination> = Vec::new();
        let mut fruitless = 0;
        while let Some(aim) = left.first().copied().filter(|_| list.len() < at_most) {
            let candidates = (0..CANDIDATES).map(|_| self.combination(program, self.towards(aim, &mut dice)));
            let covered = |c: &Combination| pairs_of(&c.choice).filter(|p| left.contains(p)).count();
            let possible = candidates.filter(|c| truthful(program, c)).map(|c| (covered(&c), c));
            match possible.filter(|c| c.0 > 0).reduce(|a, b| if b.0 > a.0 { b } else { a }) {
                Some((_, best)) => {
                    pairs_of(&best.choice).for_each(|pair| _ = left.remove(&pair));
                    list.push(best);
                    fruitless = 0;
                }
                // This pair may be one that cannot be.
                None if fruitless >= 4 => {
                    left.remove(&aim);
                    fruitless = 0;
                }
                None => fruitless += 1,
            }
        }
        (list, if left.is_empty() { Choice::Pairs } else { Choice::Some })
    }

    /// A choice by chance that has this pair.
    fn towards(&self, (i, v, j, w): (usize, u8, usize, u8), dice: &mut Dice) -> Vec<u8> {
        let value = |(k, c): (usize, &Condition)| match k {
            k if k == i => v,
            k if k == j => w,
            _ => c.values().get(dice.below(c.values().len())).copied().unwrap_or(0),
        };
        self.open.iter().enumerate().map(value).collect()
    }

    fn combination(&self, program: &Program, mut choice: Vec<u8>) -> Combination {
        let (mut answers, mut initial) = (self.answers.clone(), self.initial.clone());
        for (condition, value) in self.open.iter().zip(&choice) {
            match condition {
                Condition::Answer(atom, _) => {
                    if let Some(slot) = answers.get_mut(atom.index()) {
                        *slot = Some(*value);
                    }
                }
                Condition::Start(cell, _) => {
                    if let Some(slot) = initial.get_mut(cell.index()) {
                        *slot = *value;
                    }
                }
            }
        }
        lose(program, &mut initial);
        for (condition, value) in self.open.iter().zip(&mut choice) {
            if let Condition::Start(cell, _) = condition {
                *value = initial.get(cell.index()).copied().unwrap_or(*value);
            }
        }
        Combination { choice, answers, initial }
    }

    /// What is open, in words, as this combination has it.
    pub fn words(&self, program: &Program, combination: &Combination) -> Vec<(String, String)> {
        let word = |(condition, value): (&Condition, &u8)| {
            let (name, values) = match condition {
                Condition::Answer(atom, _) => program.atoms.get(atom.index()).map(|a| (&a.name, &a.options))?,
                Condition::Start(cell, _) => program.cells.get(cell.index()).map(|c| (&c.name, &c.values))?,
            };
            Some((name.clone(), values.get(usize::from(*value))?.clone()))
        };
        self.open.iter().zip(&combination.choice).filter_map(word).collect()
    }
}

fn pairs_of(choice: &[u8]) -> impl Iterator<Item = (usize, u8, usize, u8)> + '_ {
    let at = |i: usize, v: u8| choice.iter().enumerate().skip(i + 1).map(move |(j, w)| (i, v, j, *w));
    choice.iter().enumerate().flat_map(move |(i, v)| at(i, *v))
}

fn bits(mask: u64, count: usize) -> Vec<u8> {
    (0..count.min(64)).filter(|v| mask >> v & 1 == 1).filter_map(|v| u8::try_from(v).ok()).collect()
}

/// Whether it makes a difference to a run how the cell is at the start.
fn matters(program: &Program, cell: CellId) -> bool {
    let instr = |i: &crate::bytecode::Instr| {
        i.effects.iter().any(|e| e.cell == cell) || i.requires.iter().any(|r| r.cell == cell)
    };
    program.code.iter().any(instr)
        || program.goal.iter().any(|r| r.cell == cell)
        || program.atoms.iter().flat_map(|a| &a.yes_means).any(|r| r.cell == cell)
}

/// What is volatile on a machine that is down is nowhere.
fn lose(program: &Program, initial: &mut [u8]) {
    let down: Vec<bool> =
        program.machines.iter().map(|m| m.power.is_some_and(|cell| initial.get(cell.index()) == Some(&1))).collect();
    for (value, cell) in initial.iter_mut().zip(&program.cells).filter(|(_, c)| c.volatile) {
        let at = match &cell.kind {
            CellKind::Place { holders } => holders.get(usize::from(*value)).copied().flatten(),
            CellKind::Shared { machine } => Some(*machine).filter(|_| *value == 1),
            _ => None,
        };
        if at.is_some_and(|machine| down.get(machine.index()) == Some(&true)) {
            *value = 0;
        }
    }
}

/// Whether a probe that is read at the start says yes only of what is so.
fn truthful(program: &Program, combination: &Combination) -> bool {
    let things = Things::new(combination.initial.clone());
    let first = program.code.iter().take_while(|i| i.op != Op::Enter);
    let mut probes = first.filter_map(|i| if let Op::Probe { atom, .. } = i.op { Some(atom) } else { None });
    probes.all(|atom| {
        let yes = combination.answers.get(atom.index()).copied().flatten() == Some(1);
        !yes || program.atoms.get(atom.index()).is_none_or(|a| things.are(&a.yes_means))
    })
}

/// Reproducible chance: xorshift64 (Marsaglia, "Xorshift RNGs", 2003).
struct Dice(u64);

impl Dice {
    fn below(&mut self, count: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % count.max(1) as u64).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Choice, Combinations, Space, pairs_of};
    use crate::bytecode::sample::{Builder, command};
    use crate::bytecode::{Op, Program};
    use crate::calculus::{AtomSource, CellKind, MachineId, Reach, Requirement};
    use std::collections::BTreeSet;

    fn decisions(count: usize, at_most: usize) -> (Program, Combinations) {
        let mut b = Builder::new("p");
        (0..count).for_each(|i| _ = b.atom(&format!("d{i}"), &["no", "yes"], AtomSource::Decision));
        let space = Space::new(&b.0, &vec![Some(3); count], &[]);
        let combinations = space.combinations(&b.0, at_most);
        (b.0, combinations)
    }

    #[test]
    fn few_combinations_are_all_tried_and_of_many_every_pair() {
        let (_, few) = decisions(6, 64);
        assert_eq!((few.list.len(), few.all, few.choice), (64, 64, Choice::All));
        let (_, many) = decisions(12, 64);
        assert_eq!((many.all, many.choice), (4096, Choice::Pairs));
        let pairs: BTreeSet<_> = many.list.iter().flat_map(|c| pairs_of(&c.choice).collect::<Vec<_>>()).collect();
        assert_eq!(pairs.len(), 12 * 11 / 2 * 4);
        assert!(many.list.len() < 20, "{}", many.list.len());
        assert_eq!(decisions(12, 64).1, many, "the same twice");
    }

    #[test]
    fn no_more_combinations_than_there_is_time_for_and_one_at_least() {
        for (at_most, tried) in [(3, 3), (0, 1)] {
            let (_, some) = decisions(6, at_most);
            assert_eq!((some.list.len(), some.choice), (tried, Choice::Some));
        }
    }

    #[test]
    fn what_cannot_be_is_no_combination() {
        let mut b = Builder::new("p");
        b.machine("m", Reach::Local);
        let power = b.cell("m", &["up", "down"], CellKind::Power { machine: MachineId(0) });
        let thing = b.cell("thing", &["nowhere", "m"], CellKind::Place { holders: vec![None, Some(MachineId(0))] });
        let atom = b.atom("answers", &["no", "yes"], AtomSource::Probe);
        b.0.machines[0].power = Some(power);
        b.0.cells[thing.index()].volatile = true;
        b.0.atoms[atom.index()].yes_means = vec![Requirement { cell: power, allowed: 1 }];
        b.0.goal = vec![Requirement { cell: thing, allowed: 2 }];
        b.instr("answers", Op::Probe { atom, command: command("ping") }, &[]);
        let space = Space::new(&b.0, &[Some(3)], &[3, 3]);
        let found = space.combinations(&b.0, 64);
        let words = |c| space.words(&b.0, c).into_iter().map(|(_, v)| v).collect::<Vec<_>>().join(" ");
        let mut list: Vec<String> = found.list.iter().map(words).collect();
        list.sort();
        // Not: `down` with the thing there, or with a yes.
        assert_eq!(list, ["no down nowhere", "no up m", "no up nowhere", "yes up m", "yes up nowhere"]);
        assert_eq!(found.all, 8);
        // Also where it is said to be there: it was.
        let there = Space::new(&b.0, &[Some(3)], &[3, 2]).combinations(&b.0, 64);
        assert_eq!(there.list.iter().map(|c| c.initial.as_slice()).collect::<Vec<_>>(), [[0, 1], [1, 0], [0, 1]]);
        assert!(Space::new(&b.0, &[Some(0)], &[3, 3]).combinations(&b.0, 64).list.is_empty());
        assert!(Space::new(&b.0, &[None], &[0, 3]).combinations(&b.0, 64).list.is_empty());
    }
}
