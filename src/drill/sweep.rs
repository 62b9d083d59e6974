//! A drill: every combination of conditions, each with no fault and with every single one, and where that leaves the
//! service.

use crate::base::limits;
use crate::bytecode::{Instr, InstrId, Names, Op, Program};
use crate::calculus::{CellId, CellKind, Reach, mask_of};
use crate::drill::combine::{Choice, Combination, Condition, EVERY, Space};
use crate::drill::play::{Played, play, play_and_watch, play_on};
use crate::drill::plot::{Blow, Landing, Plot, Strike};
use crate::drill::story::{Line, tell};
use crate::drill::world::Stage;
use crate::run::{Event, RunError, RunOutcome, exit, left_open, reach};
use crate::semantics::Violation;
use crate::verify::Verified;
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
    /// An exclusive thing that the goal wants somewhere is nowhere.
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
    /// How long the runs took that ended fine, in milliseconds, ascending.
    pub times_ms: Vec<u64>,
    /// The time promised.
    pub rto_ms: Option<u64>,
}

/// Drills a plan. What is `given` of its atoms is not varied.
///
/// # Errors
/// A command cannot be simulated; or the executor contradicts itself, or the definition: a defect.
pub fn drill(program: Verified, given: &[(crate::calculus::AtomId, u8)]) -> Result<Report, RunError> {
    let stage = Stage::new(program)?;
    let program = &stage.program;
    let answers: Vec<Option<u64>> = program.atoms.iter().map(|a| Some(mask_of(a.options.len()))).collect();
    let answers = answers.into_iter().enumerate().map(|(i, all)| match given.iter().find(|(a, _)| a.index() == i) {
        Some((_, option)) => Some(1 << option),
        None => all,
    });
    let starts: Vec<u64> = program.cells.iter().map(|c| c.initial).collect();
    let space = Space::new(program, &answers.collect::<Vec<_>>(), &starts);
    let (at_most, stride) = effort(program.code.len());
    let combinations = space.combinations(program, at_most.min(EVERY as usize));
    let mut report = Report {
        plan: program.plan.clone(),
        arguments: program.arguments.clone(),
        conditions: space.open.iter().map(|c| named(program, c)).collect(),
        possible: combinations.all,
        choice: combinations.choice,
        stride,
        rto_ms: program.rto_ms,
        ..Report::default()
    };
    let mut sweep = Sweep {
        stage: &stage,
        space: &space,
        report: &mut report,
        groups: BTreeMap::new(),
        breaches: BTreeMap::new(),
        calm: Outcome::Fine,
    };
    for (index, combination) in combinations.list.iter().enumerate() {
        sweep.combination(index, combination)?;
    }
    let Sweep { groups, breaches, .. } = sweep;
    report.breaches = breaches.into_values().collect();
    report.groups = groups.into_values().collect();
    let conditions: Vec<&str> = report.conditions.iter().map(|(name, _)| name.as_str()).collect();
    for group in &mut report.groups {
        group.when = telling(&conditions, &report.combinations, &group.combinations);
    }
    report.groups.sort_by(|a, b| (b.outcome, a.kind).cmp(&(a.outcome, b.kind)));
    report.times_ms.sort_unstable();
    Ok(report)
}

/// How many combinations there is time for in a plan of so many instructions, and one in how many faults is tried. Each
/// combination takes about eight runs for each instruction, and each run as many moves as there are instructions.
fn effort(code: usize) -> (usize, usize) {
    let cost = code.saturating_mul(code).saturating_mul(8).max(1);
    (limits::DRILLED_STEPS / cost, cost.div_ceil(limits::DRILLED_STEPS))
}

/// A condition by its name, with the names of its values.
fn named(program: &Program, condition: &Condition) -> (String, Vec<String>) {
    let (named, values) = match condition {
        Condition::Answer(atom, values) => (program.atoms.get(atom.index()).map(|a| (&a.name, &a.options)), values),
        Condition::Start(cell, values) => (program.cells.get(cell.index()).map(|c| (&c.name, &c.values)), values),
    };
    named.map_or_else(Default::default, |(name, all)| {
        (name.clone(), values.iter().filter_map(|v| all.get(usize::from(*v)).cloned()).collect())
    })
}

struct Sweep<'a> {
    stage: &'a Stage,
    space: &'a Space,
    report: &'a mut Report,
    groups: BTreeMap<(InstrId, Kind, Outcome), Group>,
    /// How the run without a fault ends.
    calm: Outcome,
    breaches: BTreeMap<Violation, Breach>,
}

/// A run as the drill counts it.
struct Case<'c> {
    index: usize,
    combination: &'c Combination,
    kind: Kind,
    step: Option<InstrId>,
}

impl Sweep<'_> {
    fn combination(&mut self, index: usize, combination: &Combination) -> Result<(), RunError> {
        let program = &self.stage.program;
        self.report.combinations.push(self.space.words(program, combination).into_iter().map(|(_, v)| v).collect());
        let plot = Plot {
            initial: combination.initial.clone(),
            answers: combination.answers.clone(),
            insists: Vec::new(),
            strikes: Vec::new(),
        };
        let (played, moments) = play_and_watch(self.stage, &plot)?;
        self.calm = outcome(program, &combination.initial, &played).0;
        self.take(&Case { index, combination, kind: Kind::Nothing, step: None }, &played);
        let started: BTreeSet<InstrId> = played.records.iter().filter_map(|r| started(&r.event)).collect();
        let stride = self.report.stride;
        for id in started.into_iter().step_by(stride) {
            let Some(instr) = program.code.get(id.index()) else { continue };
            for (kind, blow) in blows(program, instr) {
                let strikes = vec![Strike { steps: vec![id], blow, times: None }];
                let played = play(self.stage, &Plot { strikes, ..plot.clone() })?;
                self.report.faults += 1;
                self.take(&Case { index, combination, kind, step: Some(id) }, &played);
            }
        }
        for moment in moments.into_iter().step_by(stride) {
            let Some(step) = moment.step else { continue };
            let again = play_on(self.stage, &plot, &moment, &played.records)?;
            self.report.lost += 1;
            self.take(&Case { index, combination, kind: Kind::Lost, step: Some(step) }, &again);
        }
        Ok(())
    }

    fn take(&mut self, case: &Case<'_>, played: &Played) {
        let program = &self.stage.program;
        self.report.runs += 1;
        let (outcome, left) = outcome(program, &case.combination.initial, played);
        *self.report.table.entry(case.kind).or_default().entry(outcome).or_default() += 1;
        if outcome == Outcome::Fine {
            self.report.times_ms.push(played.took_ms);
        } else {
            let name = case.step.and_then(|s| program.code.get(s.index())).map(|i| i.name.clone());
            let group =
                self.groups.entry((case.step.unwrap_or(InstrId(0)), case.kind, outcome)).or_insert_with(|| Group {
                    kind: case.kind,
                    step: name,
                    outcome,
                    runs: 0,
                    combinations: BTreeSet::new(),
                    left,
                    differs: false,
                    when: Vec::new(),
                });
            group.differs |= case.kind == Kind::Lost && outcome != self.calm;
            group.runs += 1;
            group.combinations.insert(case.index);
        }
        for violation in &played.violations {
            let breach = self.breaches.entry(*violation).or_insert_with(|| Breach {
                violation: *violation,
                what: said(program, violation),
                runs: 0,
                kind: case.kind,
                step: case.step.and_then(|s| program.code.get(s.index())).map(|i| i.name.clone()),
                when: self.space.words(program, case.combination),
                run: tell(program, played),
            });
            breach.runs += 1;
        }
    }
}

fn started(event: &Event) -> Option<InstrId> {
    match event {
        Event::StepStarted { step, attempt: 1 } => Some(*step),
        _ => None,
    }
}

/// The faults that can happen to a step.
fn blows(program: &Program, instr: &Instr) -> Vec<(Kind, Blow)> {
    let mut blows = Vec::new();
    let limited = instr.op.command().is_some_and(|c| c.within_ms.is_some());
    match &instr.op {
        Op::Run { .. } => {
            blows.push((Kind::Fails, Blow::Fail { done: false }));
            if !instr.effects.is_empty() {
                blows.push((Kind::FailsDone, Blow::Fail { done: true }));
            }
            if limited || matches!(reach(program, instr), Reach::Ssh { .. }) {
                blows.push((Kind::Hangs, Blow::Hang(Landing::Never)));
                if instr.flags.lingers {
                    blows.push((Kind::LandsLate, Blow::Hang(Landing::Soon)));
                    blows.push((Kind::LandsLate, Blow::Hang(Landing::Last)));
                }
            }
        }
        Op::Ask { .. } => blows.push((Kind::Fails, Blow::Fail { done: false })),
        Op::Wait { .. } if limited => blows.push((Kind::Fails, Blow::Fail { done: false })),
        _ => {}
    }
    blows.push((Kind::Cancelled, Blow::Cancel));
    blows
}

/// Where a run leaves the service, and what is not as it should be.
fn outcome(program: &Program, initial: &[u8], played: &Played) -> (Outcome, Vec<String>) {
    let value = |cell: CellId| played.values.get(cell.index()).copied().unwrap_or(0);
    let missed = || program.goal.iter().filter(|r| r.allowed >> value(r.cell) & 1 == 0);
    let nowhere = |before: bool| {
        let gone = missed().filter(move |r| value(r.cell) == 0 && (initial.get(r.cell.index()) == Some(&0)) == before);
        let gone = gone.filter_map(|r| program.cells.get(r.cell.index()));
        gone.filter(|c| matches!(c.kind, CellKind::Place { .. }))
            .map(|c| c.name.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let mut gone = Vec::new();
    for (names, how) in [(nowhere(false), "nowhere"), (nowhere(true), "nowhere, as at the start")] {
        if !names.is_empty() {
            gone.push(format!("{how}: {names}"));
        }
    }
    if !gone.is_empty() {
        return (Outcome::Down, gone);
    }
    let code = played.ended.exit_code();
    if code == exit::OPEN {
        return (Outcome::Operator, played.ended.open.iter().map(|open| left_open(program, open)).collect());
    }
    // Where no goal is named, to have done everything is all there is to reach.
    let done = played.ended.outcome == RunOutcome::Completed;
    if missed().next().is_none() && (done || !program.goal.is_empty()) {
        return (Outcome::Fine, Vec::new());
    }
    (Outcome::Stopped, Vec::new())
}

/// As few conditions as tell some combinations from the others, each with its value; as near as that gets.
fn telling(conditions: &[&str], all: &[Vec<String>], some: &BTreeSet<usize>) -> Vec<(String, String)> {
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

fn said(program: &Program, violation: &Violation) -> String {
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
    use super::{effort, telling};
    use std::collections::BTreeSet;

    #[test]
    fn a_large_plan_is_drilled_less() {
        assert_eq!((effort(50), effort(200), effort(450)), ((100, 1), (6, 1), (1, 1)));
        assert_eq!((effort(1_000), effort(10_000)), ((0, 4), (0, 400)));
        assert!(effort(usize::MAX).1 > 1_000);
    }

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
