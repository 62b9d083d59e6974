//! What has changed in what a plan means, between two compiled versions of it. Pure, and of programs alone: how their
//! texts are laid out, and in which order they name what does not depend on each other, is no change.
//!
//! Steps are recognised by their names, or by what they do; whatever an instruction says is then compared part by part,
//! in words. What is left out of a change is nothing that a run would notice; a test changes each part of a program and
//! wants to be told.

mod blocks;
mod bonds;
mod change;
mod conditions;
mod formulas;
mod moves;
mod order;
mod pairs;
mod parts;
mod reason;
mod rules;
mod steps;
#[cfg(test)]
mod tests;
mod things;
mod time;
mod whole;
mod words;

pub use change::{Change, Kind, Place, Weight};
pub use pairs::Pairs;
pub use time::Time;
pub use words::{Word, word_diff};

use crate::bytecode::{Instr, InstrId, Names, Op, Program};
use serde::Serialize;
use std::collections::{BTreeSet, HashMap};

/// How two versions of a plan differ.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Comparison {
    /// The most important first.
    pub changes: Vec<Change>,
    /// How long the old one takes when everything works; `None` if it is not a program to rely on.
    pub old_time: Option<Time>,
    /// How long the new one takes.
    pub new_time: Option<Time>,
    /// The words in which plans of one text may differ: names of nodes, sites, things and arguments.
    #[serde(skip)]
    names: BTreeSet<String>,
}

impl Comparison {
    /// Whether they mean the same.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Whether the same has happened to both, as to plans that are made of one text: they may differ in the names of nodes,
    /// things and arguments, if each stands for the same one throughout.
    pub fn is_like(&self, other: &Comparison) -> bool {
        let kinds = |c: &Comparison| c.changes.iter().map(|c| c.kind).collect::<Vec<_>>();
        let (these, those) = (told(&self.changes), told(&other.changes));
        let mut known: HashMap<&str, &str> = HashMap::new();
        let same = |(a, b): (&str, &str)| a == b || self.names.contains(a) && other.names.contains(b);
        kinds(self) == kinds(other)
            && these.len() == those.len()
            && these.iter().copied().zip(those.iter().copied()).all(same)
            && these.into_iter().zip(those).all(|(a, b)| *known.entry(a).or_insert(b) == b)
    }

    /// Takes in why each version must not be run: what was found wrong with it.
    pub fn flaws(&mut self, old: &[String], new: &[String]) {
        let new_ones = new.iter().filter(|flaw| !old.contains(flaw));
        let broken = new_ones.map(|flaw| Change::new(Kind::Unproved, format!("not safe: {flaw}")));
        let gone = old.iter().filter(|flaw| !new.contains(flaw));
        let mended = gone.map(|flaw| Change::new(Kind::Mended, format!("mended: {flaw}")));
        let all = broken.chain(mended).chain(std::mem::take(&mut self.changes));
        self.changes = change::ranked(all.collect());
    }
}

/// What has changed from one program to another.
pub fn compare(old: &Program, new: &Program) -> Comparison {
    let sides = Sides::of(old, new);
    let mut changes = whole::changes(&sides);
    changes.extend(steps::changes(&sides));
    changes.extend(conditions::changes(&sides));
    changes.extend(moves::changes(&sides));
    changes.extend(order::changes(&sides));
    sides.new.locate(&mut changes);
    Comparison {
        changes: change::ranked(changes),
        old_time: time::of(old),
        new_time: time::of(new),
        names: [old, new].into_iter().flat_map(own_names).collect(),
    }
}

/// The words of changes, one after the other. Findings are left out: one that several plans have is told in the words of the
/// first.
fn told(changes: &[Change]) -> Vec<&str> {
    let findings = [Kind::Unproved, Kind::Mended];
    let all = changes.iter().filter(|c| !findings.contains(&c.kind)).flat_map(|c| {
        let said = c.steps.iter().chain([&c.text]).chain(&c.before).chain(&c.after).chain(&c.case);
        said.flat_map(|text| words_of(text))
    });
    all.collect()
}

/// Names of nodes, sites, things and arguments, word by word.
fn own_names(program: &Program) -> Vec<String> {
    let machines = program.machines.iter().flat_map(|m| std::iter::once(&m.name).chain(&m.site));
    let things = program.cells.iter().map(|cell| &cell.name);
    let arguments = program.arguments.iter().map(|(_, value)| value);
    machines.chain(things).chain(arguments).flat_map(|name| words_of(name)).map(String::from).collect()
}

fn words_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// The instructions of two programs that correspond to each other.
pub fn pairs(old: &Program, new: &Program) -> Pairs {
    Pairs::of(old, new)
}

/// Both versions, and what corresponds to what.
struct Sides<'p> {
    old: Side<'p>,
    new: Side<'p>,
    pairs: Pairs,
}

/// One version.
struct Side<'p> {
    program: &'p Program,
    names: Names<'p>,
    /// For each instruction the `ENTER` of the block around it.
    within: Vec<Option<InstrId>>,
}

impl<'p> Sides<'p> {
    fn of(old: &'p Program, new: &'p Program) -> Sides<'p> {
        Sides { old: Side::of(old), new: Side::of(new), pairs: Pairs::of(old, new) }
    }

    /// The pairs of corresponding instructions, as the new version has them in order.
    fn paired(&self) -> impl Iterator<Item = (InstrId, InstrId)> {
        let all = (0..self.new.program.code.len()).map(InstrId::at);
        all.filter_map(|new| Some((self.pairs.old_of(new)?, new)))
    }
}

impl<'p> Side<'p> {
    fn of(program: &'p Program) -> Side<'p> {
        Side { program, names: Names::of(program), within: blocks::around(program) }
    }

    fn instr(&self, id: InstrId) -> Option<&'p Instr> {
        self.program.code.get(id.index())
    }

    /// Says of changes where their first step stands, or else the plan.
    fn locate(&self, changes: &mut [Change]) {
        if changes.is_empty() {
            return;
        }
        let all = || self.program.code.iter().enumerate().map(|(index, instr)| (InstrId::at(index), instr));
        let named: HashMap<String, &Instr> = all().map(|(id, instr)| (self.name(id), instr)).collect();
        let begin = all().map(|(_, instr)| instr).find(|instr| !matches!(instr.op, Op::Probe { .. }));
        for change in changes {
            let step = change.steps.first().and_then(|name| named.get(name)).copied();
            change.place = step.or(begin).and_then(|instr| self.place(instr));
        }
    }

    fn place(&self, instr: &Instr) -> Option<Place> {
        let source = self.program.sources.get(instr.place.source as usize).filter(|_| instr.place.line > 0)?;
        Some(Place { file: source.path.clone(), line: instr.place.line, column: instr.place.column })
    }

    /// What people call an instruction: a step by its name and place, block structure by that of the block.
    fn name(&self, id: InstrId) -> String {
        match self.instr(id) {
            Some(instr) if !blocks::is_step(instr) => blocks::spoken(instr),
            _ => self.program.name_and_place(id),
        }
    }
}
