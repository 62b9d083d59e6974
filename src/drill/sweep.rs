//! A drill: every combination of conditions, each with no fault and with every single one, and where that leaves the
//! service.

use crate::base::limits;
use crate::bytecode::{Instr, InstrId, Op, Program};
use crate::calculus::{AtomId, CellId, CellKind, Reach, mask_of};
use crate::drill::combine::{Combination, Condition, EVERY, Space};
use crate::drill::play::{Played, play, play_and_watch, play_on};
use crate::drill::plot::{Blow, Landing, Plot, Strike};
use crate::drill::report::{Breach, Group, Kind, Outcome, Report, said, telling};
use crate::drill::story::tell;
use crate::drill::world::Stage;
use crate::run::{Event, RunError, RunOutcome, exit, left_open, reach};
use crate::semantics::Violation;
use crate::verify::Verified;
use std::collections::{BTreeMap, BTreeSet};

/// Drills a plan. What is `given` of its atoms is not varied.
///
/// # Errors
/// A command cannot be simulated; or the executor contradicts itself, or the definition: a defect.
pub fn drill(program: Verified, given: &[(AtomId, u8)]) -> Result<Report, RunError> {
    let stage = Stage::new(program)?;
    let program = &stage.program;
    let space = space(program, given);
    let (at_most, stride) = effort(program.code.len());
    let combinations = space.combinations(program, at_most.min(EVERY as usize));
    let report = Report {
        plan: program.plan.clone(),
        arguments: program.arguments.clone(),
        conditions: space.open.iter().map(|c| named(program, c)).collect(),
        possible: combinations.all,
        choice: combinations.choice,
        stride,
        rto_ms: program.rto_ms,
        ..Report::default()
    };
    let (groups, breaches) = (BTreeMap::new(), BTreeMap::new());
    let mut sweep = Sweep { stage: &stage, space: &space, report, groups, breaches, calm: Outcome::Fine };
    for (index, combination) in combinations.list.iter().enumerate() {
        sweep.combination(index, combination)?;
    }
    Ok(sweep.finish())
}

/// Every condition of the plan that is not given.
fn space(program: &Program, given: &[(AtomId, u8)]) -> Space {
    let answers = program.atoms.iter().enumerate().map(|(i, atom)| {
        let given = given.iter().find(|(a, _)| a.index() == i);
        Some(given.map_or_else(|| mask_of(atom.options.len()), |(_, option)| 1 << option))
    });
    let starts: Vec<u64> = program.cells.iter().map(|c| c.initial).collect();
    Space::new(program, &answers.collect::<Vec<_>>(), &starts)
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
    report: Report,
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

    fn finish(self) -> Report {
        let Sweep { mut report, groups, breaches, .. } = self;
        report.breaches = breaches.into_values().collect();
        report.groups = groups.into_values().collect();
        let conditions: Vec<&str> = report.conditions.iter().map(|(name, _)| name.as_str()).collect();
        for group in &mut report.groups {
            group.when = telling(&conditions, &report.combinations, &group.combinations);
        }
        report.groups.sort_by(|a, b| (b.outcome, a.kind).cmp(&(a.outcome, b.kind)));
        report.times_ms.sort_unstable();
        report
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
        for instr in played.repeated.iter().filter_map(|step| program.code.get(step.index())) {
            *self.report.repeated.entry((case.kind, instr.name.clone())).or_default() += 1;
        }
        // Where a node is down and has lost what the plan says that it holds, the proofs have ruled nothing out.
        let mut starts = program.cells.iter().zip(&case.combination.initial);
        let proved = starts.all(|(cell, value)| cell.initial >> value & 1 == 1);
        for violation in played.violations.iter().filter(|_| proved) {
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
        Op::Ask { gate, .. } => {
            blows.push((Kind::Fails, Blow::Fail { done: false }));
            if gate.within_ms.is_some() {
                blows.push((Kind::Fails, Blow::Hang(Landing::Never)));
            }
        }
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
    let (lost, still) = (nowhere(false), nowhere(true));
    let down = if lost.is_empty() { Outcome::StillDown } else { Outcome::Down };
    let words = [(lost, "nowhere"), (still, "nowhere, as at the start")];
    let gone: Vec<String> = words
        .into_iter()
        .filter(|(names, _)| !names.is_empty())
        .map(|(names, how)| format!("{how}: {names}"))
        .collect();
    if !gone.is_empty() {
        return (down, gone);
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

#[cfg(test)]
mod tests {
    use super::effort;

    #[test]
    fn a_large_plan_is_drilled_less() {
        assert_eq!((effort(50), effort(200), effort(450)), ((100, 1), (6, 1), (1, 1)));
        assert_eq!((effort(1_000), effort(10_000)), ((0, 4), (0, 400)));
        assert!(effort(usize::MAX).1 > 1_000);
    }
}
