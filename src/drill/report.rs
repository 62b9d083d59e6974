//! What a drill has shown, as plain data.

use crate::bytecode::{Names, Program};
use crate::drill::combine::Choice;
use crate::drill::story::Line;
use crate::semantics::Violation;
use std::collections::{BTreeMap, BTreeSet};

/// What goes wrong in a run of a drill.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// Nothing.
    Nothing,
    /// A step fails and has done nothing.
    Fails,
    /// A step fails although it has done everything.
    FailsDone,
    /// A command does not end, and has no effect.
    Hangs,
    /// A command does not end, and has its effect after it was given up: a moment later, or after the run.
    LandsLate,
    /// The operator cancels while the step runs.
    Cancelled,
    /// The executor is lost, and the run taken up again.
    Lost,
}

/// Where a run leaves the service, from good to bad.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Outcome {
    /// The goal is reached.
    Fine,
    /// The goal is not reached, and nothing is left open.
    Stopped,
    /// Something is left open.
    Operator,
    /// An exclusive thing that the goal wants somewhere is nowhere, as it was at the start.
    StillDown,
    /// An exclusive thing that the goal wants somewhere was somewhere at the start, and is nowhere.
    Down,
}

/// A group of runs with the same fault at the same step and the same outcome.
#[derive(Clone, Debug)]
pub struct Group {
    /// What goes wrong.
    pub kind: Kind,
    /// Where; `None` if nothing does.
    pub step: Option<String>,
    /// What comes of it.
    pub outcome: Outcome,
    /// How many runs.
    pub runs: usize,
    /// In which of the combinations.
    pub combinations: BTreeSet<usize>,
    /// What is left how, of the first of the runs.
    pub left: Vec<String>,
    /// An executor was lost, and the run ends otherwise than without.
    pub differs: bool,
    /// The conditions under which it happens: as few as tell these combinations from the others, or as near as they get.
    pub when: Vec<(String, String)>,
}

/// Something that must not be, in some runs.
#[derive(Clone, Debug)]
pub struct Breach {
    /// What.
    pub violation: Violation,
    /// In words.
    pub what: String,
    /// In how many runs.
    pub runs: usize,
    /// The fault of the first one.
    pub kind: Kind,
    /// Where.
    pub step: Option<String>,
    /// Its conditions.
    pub when: Vec<(String, String)>,
    /// The first one.
    pub run: Vec<Line>,
}

/// What a drill has shown.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The plan.
    pub plan: String,
    /// Its arguments.
    pub arguments: Vec<(String, String)>,
    /// The open conditions: name and possible values.
    pub conditions: Vec<(String, Vec<String>)>,
    /// The combinations that were tried: the value of each condition.
    pub combinations: Vec<Vec<String>>,
    /// How many combinations there would be, those that cannot be among them.
    pub possible: u64,
    /// Which of them were tried.
    pub choice: Choice,
    /// Every fault was tried (1), or every second one, and so on.
    pub stride: usize,
    /// Simulated runs.
    pub runs: usize,
    /// Runs in which a step was dealt a fault or a cancellation.
    pub faults: usize,
    /// Runs in which an executor was lost.
    pub lost: usize,
    /// The runs, by fault and outcome.
    pub table: BTreeMap<Kind, BTreeMap<Outcome, usize>>,
    /// The runs that did not end fine, the worst first.
    pub groups: Vec<Group>,
    /// What must not be.
    pub breaches: Vec<Breach>,
    /// Steps that were done twice though that is not the same as once, with what went wrong: in how many runs.
    pub repeated: BTreeMap<(Kind, String), usize>,
    /// How long the runs took that ended fine, in milliseconds, ascending.
    pub times_ms: Vec<u64>,
    /// The time promised.
    pub rto_ms: Option<u64>,
}

/// As few conditions as tell some combinations from the others, each with its value; as near as that gets.
pub(super) fn telling(conditions: &[&str], all: &[Vec<String>], some: &BTreeSet<usize>) -> Vec<(String, String)> {
    let value = |combination: usize, condition: usize| all.get(combination).and_then(|c| c.get(condition));
    let mut others: Vec<usize> = (0..all.len()).filter(|c| !some.contains(c)).collect();
    let first = some.first().copied().unwrap_or(0);
    let shared: Vec<usize> =
        (0..conditions.len()).filter(|i| some.iter().all(|c| value(*c, *i) == value(first, *i))).collect();
    let mut told = Vec::new();
    loop {
        let excludes = |i: usize| others.iter().filter(|c| value(**c, i) != value(first, i)).count();
        let Some(best) = shared.iter().copied().rev().max_by_key(|i| excludes(*i)).filter(|i| excludes(*i) > 0) else {
            return told;
        };
        others.retain(|c| value(*c, best) == value(first, best));
        let name = conditions.get(best).copied().unwrap_or_default();
        told.push((String::from(name), value(first, best).cloned().unwrap_or_default()));
    }
}

/// What must not be, in words.
pub(super) fn said(program: &Program, violation: &Violation) -> String {
    let names = Names::of(program);
    match violation {
        Violation::HeldTwice { step, cell } => {
            format!("`{}` takes `{}` while that is elsewhere", names.instr(*step), names.cell(*cell))
        }
        Violation::LandsLate { step, cell } => {
            format!("`{}`, given up before, takes `{}` while that is elsewhere", names.instr(*step), names.cell(*cell))
        }
        Violation::NotSo { step, cell } => {
            format!("`{}` runs while `{}` is not as it needs", names.instr(*step), names.cell(*cell))
        }
        Violation::GoalMissed { cell } => {
            format!("the plan ends as done, and `{}` is not as its goal says", names.cell(*cell))
        }
        Violation::LeftOpen { cell } => {
            format!("`{}` is left in a state that must not last, and nothing sees to it", names.cell(*cell))
        }
        Violation::ComesBack { cell } => {
            format!("`{}`: when that node comes up it takes what another one has by then", names.cell(*cell))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::telling;
    use std::collections::BTreeSet;

    #[test]
    fn few_conditions_tell_some_combinations_from_the_others() {
        let all = ["yes a", "yes b", "no a", "no b"].map(|c| c.split(' ').map(String::from).collect::<Vec<_>>());
        let told = |some: &[usize]| {
            let some: BTreeSet<usize> = some.iter().copied().collect();
            let told = telling(&["first", "second"], &all, &some);
            told.into_iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(told(&[0, 1]), "first: yes");
        assert_eq!(told(&[1, 3]), "second: b");
        assert_eq!(told(&[2]), "first: no, second: a");
        assert_eq!(told(&[0, 1, 2, 3]), "");
        assert_eq!(told(&[0, 3]), "", "nothing tells them");
    }
}
