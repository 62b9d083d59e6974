//! Conditions of both versions in one table, in which equal conditions are one entry; and cases in which one is true.
//!
//! Atoms are the same if their names are, outcomes of steps if the steps correspond to each other.

use super::{Side, Sides};
use crate::bytecode::{Guard, GuardId, InstrId};
use std::collections::HashMap;

/// Steps of the search for a case, in all; beyond that it is not known whether there is one.
const WORK: usize = 4_000_000;

/// An entry of the table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Ix(usize);

/// A condition; it refers to earlier entries only.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Formula {
    Never,
    /// The variable has this answer.
    Is(usize, String),
    Not(Ix),
    Any(Vec<Ix>),
    AtMost(u32, Vec<Ix>),
}

/// Something that conditions ask about.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Variable {
    name: String,
    options: Vec<String>,
}

/// Whether there is a case in which a condition is true.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Found {
    /// In this one, said as one says it; whatever else is so.
    Case(Vec<String>),
    /// There is none.
    Nowhere,
    /// It could not be decided within the limits.
    Unknown,
}

/// The conditions of both versions.
pub(super) struct Formulas {
    table: Vec<Formula>,
    known: HashMap<Formula, Ix>,
    variables: Vec<Variable>,
    /// By name, and whether it is the outcome of a step: a question and its step have one name.
    by_name: HashMap<(String, bool), usize>,
    work: usize,
}

impl Formulas {
    /// The table, and where the conditions of the old and of the new version are in it.
    pub(super) fn of(sides: &Sides<'_>) -> (Formulas, Vec<Ix>, Vec<Ix>) {
        let (table, known) = (Vec::new(), HashMap::new());
        let mut all = Formulas { table, known, variables: Vec::new(), by_name: HashMap::new(), work: WORK };
        // What corresponds to something old is called by its new name.
        let renamed = |id: InstrId| match sides.pairs.new_of(id) {
            Some(new) => sides.new.name(new),
            None => format!("{} (as it was)", sides.old.name(id)),
        };
        let old = all.add(&sides.old, renamed);
        let new = all.add(&sides.new, |id| sides.new.name(id));
        (all, old, new)
    }

    fn add(&mut self, side: &Side<'_>, step: impl Fn(InstrId) -> String) -> Vec<Ix> {
        let mut at: Vec<Ix> = Vec::with_capacity(side.program.guards.len());
        for guard in &side.program.guards {
            let of = |id: &GuardId| at.get(id.index()).copied().unwrap_or(Ix(0));
            let ix = match guard {
                Guard::Never => self.intern(Formula::Never),
                Guard::Always => {
                    let never = self.intern(Formula::Never);
                    self.not(never)
                }
                Guard::Is { atom, option } => {
                    let known = side.program.atoms.get(atom.index());
                    let options = known.map_or_else(Vec::new, |a| a.options.clone());
                    let answer = options.get(usize::from(*option)).cloned().unwrap_or_default();
                    self.is((side.names.atom(*atom), false), options, answer)
                }
                Guard::Ok(id) => {
                    let (fails, works) = (String::from("does not succeed"), String::from("succeeds"));
                    self.is((step(*id), true), vec![works.clone(), fails], works)
                }
                Guard::Not(id) => {
                    let inner = of(id);
                    self.not(inner)
                }
                Guard::All(ids) => {
                    let parts = ids.iter().map(of).collect();
                    self.all(parts)
                }
                Guard::Any(ids) => {
                    let parts = ids.iter().map(of).collect();
                    self.any(parts)
                }
                Guard::AtMost { count, of: ids } => {
                    let mut parts: Vec<Ix> = ids.iter().map(of).collect();
                    parts.sort_unstable();
                    self.intern(Formula::AtMost(*count, parts))
                }
            };
            at.push(ix);
        }
        at
    }

    fn intern(&mut self, formula: Formula) -> Ix {
        if let Some(ix) = self.known.get(&formula) {
            return *ix;
        }
        let ix = Ix(self.table.len());
        self.table.push(formula.clone());
        self.known.insert(formula, ix);
        ix
    }

    fn is(&mut self, key: (String, bool), options: Vec<String>, answer: String) -> Ix {
        let index = *self.by_name.entry(key.clone()).or_insert_with(|| {
            self.variables.push(Variable { name: key.0, options: Vec::new() });
            self.variables.len() - 1
        });
        if let Some(variable) = self.variables.get_mut(index) {
            for option in options {
                if !variable.options.contains(&option) {
                    variable.options.push(option);
                }
            }
        }
        self.intern(Formula::Is(index, answer))
    }

    fn not(&mut self, ix: Ix) -> Ix {
        match self.table.get(ix.0) {
            Some(Formula::Not(inner)) => *inner,
            _ => self.intern(Formula::Not(ix)),
        }
    }

    fn any(&mut self, mut parts: Vec<Ix>) -> Ix {
        let never = self.intern(Formula::Never);
        let always = self.not(never);
        parts.sort_unstable();
        parts.dedup();
        parts.retain(|p| *p != never);
        match parts.as_slice() {
            [] => never,
            _ if parts.contains(&always) => always,
            [only] => *only,
            _ => self.intern(Formula::Any(parts)),
        }
    }

    /// All of these.
    pub(super) fn all(&mut self, parts: Vec<Ix>) -> Ix {
        let nots = parts.into_iter().map(|p| self.not(p)).collect();
        let none = self.any(nots);
        self.not(none)
    }

    /// The first and not the second.
    pub(super) fn but_not(&mut self, first: Ix, second: Ix) -> Ix {
        let not = self.not(second);
        self.all(vec![first, not])
    }

    /// One, but not both.
    pub(super) fn differ(&mut self, one: Ix, other: Ix) -> Ix {
        let parts = vec![self.but_not(one, other), self.but_not(other, one)];
        self.any(parts)
    }

    /// A case in which a condition is true, with as few answers as decide it.
    pub(super) fn case(&mut self, ix: Ix) -> Found {
        let used = self.used(ix);
        let mut asked: Vec<usize> = used
            .iter()
            .filter_map(|at| match self.table.get(*at) {
                Some(Formula::Is(variable, _)) => Some(*variable),
                _ => None,
            })
            .collect();
        asked.sort_unstable();
        asked.dedup();
        let mut search = Search { formulas: self, used, asked, answers: HashMap::new(), spent: 0 };
        let found = search.search(0, ix);
        let (answers, spent) = (search.answers, search.spent);
        self.work = self.work.saturating_sub(spent);
        match found {
            Some(true) => {
                let mut answers: Vec<(usize, usize)> = answers.into_iter().collect();
                answers.sort_unstable();
                Found::Case(answers.into_iter().map(|(variable, option)| self.said(variable, option)).collect())
            }
            Some(false) => Found::Nowhere,
            None => Found::Unknown,
        }
    }

    /// `firewalls: excluded`, `stop on a does not succeed`
    fn said(&self, variable: usize, option: usize) -> String {
        let Some(variable) = self.variables.get(variable) else { return String::new() };
        let answer = variable.options.get(option).map_or("", String::as_str);
        let colon = if answer.ends_with("succeed") || answer == "succeeds" { "" } else { ":" };
        format!("{}{colon} {answer}", variable.name)
    }

    /// The entries that one is made of, ascending, itself the last.
    fn used(&self, ix: Ix) -> Vec<usize> {
        let (mut used, mut open) = (std::collections::BTreeSet::new(), vec![ix]);
        while let Some(next) = open.pop() {
            if used.insert(next.0) {
                match self.table.get(next.0) {
                    Some(Formula::Not(inner)) => open.push(*inner),
                    Some(Formula::Any(parts) | Formula::AtMost(_, parts)) => open.extend(parts),
                    Some(Formula::Never | Formula::Is(..)) | None => {}
                }
            }
        }
        used.into_iter().collect()
    }
}

/// A search for a case: answers are tried one by one, as long as they leave the condition open.
struct Search<'f> {
    formulas: &'f Formulas,
    used: Vec<usize>,
    asked: Vec<usize>,
    /// Variable to the index of its answer.
    answers: HashMap<usize, usize>,
    spent: usize,
}

impl Search<'_> {
    /// Whether the answers so far can be completed; `None` if that is not known within the limits.
    fn search(&mut self, next: usize, goal: Ix) -> Option<bool> {
        self.spent += self.used.len();
        if self.spent > self.formulas.work {
            return None;
        }
        if let Some(decided) = self.truth(goal) {
            return Some(decided);
        }
        let Some(variable) = self.asked.get(next).copied() else { return Some(false) };
        let options = self.formulas.variables.get(variable).map_or(0, |v| v.options.len());
        for option in 0..options {
            self.answers.insert(variable, option);
            match self.search(next + 1, goal) {
                Some(false) => {}
                decided => return decided,
            }
        }
        self.answers.remove(&variable);
        Some(false)
    }

    /// Whether a condition is true with these answers; `None` if that depends on others.
    fn truth(&self, goal: Ix) -> Option<bool> {
        let mut known: HashMap<usize, Option<bool>> = HashMap::with_capacity(self.used.len());
        for at in &self.used {
            let of = |ix: &Ix| known.get(&ix.0).copied().flatten();
            let truth = match self.formulas.table.get(*at) {
                Some(Formula::Is(variable, answer)) => self.answers.get(variable).map(|option| {
                    let options = self.formulas.variables.get(*variable).map(|v| v.options.as_slice());
                    options.and_then(|o| o.get(*option)) == Some(answer)
                }),
                Some(Formula::Not(inner)) => of(inner).map(|t| !t),
                Some(Formula::Any(parts)) if parts.iter().any(|p| of(p) == Some(true)) => Some(true),
                Some(Formula::Any(parts)) => parts.iter().all(|p| of(p) == Some(false)).then_some(false),
                Some(Formula::AtMost(count, parts)) => {
                    let sure = parts.iter().filter(|p| of(p) == Some(true)).count();
                    let open = parts.iter().filter(|p| of(p).is_none()).count();
                    let count = *count as usize;
                    if sure > count { Some(false) } else { (sure + open <= count).then_some(true) }
                }
                Some(Formula::Never) | None => Some(false),
            };
            known.insert(*at, truth);
        }
        known.get(&goal.0).copied().flatten()
    }
}
