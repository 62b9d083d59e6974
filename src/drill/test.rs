//! Runs a `test` block: for every combination of the conditions that it leaves open, and, where a command is given up,
//! whether it has its effect in the end or not. What is expected must hold in each of these runs.

use crate::base::{Code, Diagnostic, Span};
use crate::bytecode::{Instr, InstrId, Op, Program};
use crate::calculus::{AtomId, AtomSource, Reach};
use crate::drill::combine::{Combination, EVERY, Space};
use crate::drill::coverage::Coverage;
use crate::drill::expect::{attempts, hopeless, judge};
use crate::drill::play::{Played, play};
use crate::drill::plot::{Blow, Landing, Plot, Strike};
use crate::drill::steps::find;
use crate::drill::story::{Line, tell};
use crate::drill::world::Stage;
use crate::model::{Fault, Injection, Premise, Scenario};
use crate::run::{RunError, reach};
use crate::verify::Verified;

/// What a test came to.
pub struct Verdict {
    /// Its title.
    pub title: String,
    /// The place of the title.
    pub span: Span,
    /// Its plan.
    pub plan: String,
    /// How many runs were simulated.
    pub runs: usize,
    /// How many executors were lost in them.
    pub lost: usize,
    /// What is wrong; nothing if it passed.
    pub findings: Vec<Finding>,
}

/// Something wrong with a test or its plan.
pub struct Finding {
    /// What.
    pub diagnostic: Diagnostic,
    /// What the test leaves open, as it was in the run.
    pub when: Vec<(String, String)>,
    /// The run; empty if there was none.
    pub run: Vec<Line>,
}

impl From<Diagnostic> for Finding {
    fn from(diagnostic: Diagnostic) -> Finding {
        Finding { diagnostic, when: Vec::new(), run: Vec::new() }
    }
}

/// Runs a test.
///
/// # Errors
/// A command cannot be simulated; or the executor contradicts itself, or the definition: a defect.
pub fn test(scenario: &Scenario, program: Verified, coverage: &mut Coverage) -> Result<Verdict, RunError> {
    coverage.plan(&scenario.plan, &program).tests += 1;
    let stage = Stage::new(program)?;
    let mut verdict = Verdict {
        title: scenario.title.clone(),
        span: scenario.span,
        plan: stage.program.plan.clone(),
        runs: 0,
        lost: 0,
        findings: Vec::new(),
    };
    verdict.findings.extend(unreachable(&stage.program, scenario));
    verdict.findings.extend(scenario.faults.iter().filter_map(|f| misfit(&stage.program, f)).map(Finding::from));
    if !verdict.findings.is_empty() {
        return Ok(verdict);
    }
    let space = space(&stage.program, scenario);
    let combinations = space.combinations(&stage.program, EVERY as usize);
    if combinations.list.is_empty() {
        verdict.findings.push(contradictory(scenario).into());
        return Ok(verdict);
    }
    let mut tally = Tally::new(scenario);
    let (mut fitting, mut contradicted) = (0, None);
    for combination in &combinations.list {
        for landing in landings(scenario) {
            let plot = plot(&stage.program, scenario, combination, landing);
            let played = play(&stage, &plot)?;
            verdict.runs += 1;
            verdict.lost += played.lost;
            // What is given selects among the runs: this one is none of them.
            if let Some(atom) = played.contradicted {
                contradicted.get_or_insert((atom, space.words(&stage.program, combination), played));
                continue;
            }
            fitting += 1;
            coverage.run(&stage.program, &played);
            tally.take(&stage, scenario, &played, || space.words(&stage.program, combination));
        }
    }
    verdict.findings.extend(tally.findings);
    if let Some((atom, when, played)) = contradicted.filter(|_| fitting == 0) {
        let diagnostic = never_yes(&stage.program, scenario, atom);
        verdict.findings.push(Finding { diagnostic, when, run: tell(&stage.program, &played) });
        return Ok(verdict);
    }
    for ((fault, struck), ran) in scenario.faults.iter().zip(&tally.struck).zip(&tally.ran) {
        verdict.findings.extend((*struck == 0).then(|| Finding::from(never_struck(fault, *ran))));
    }
    Ok(verdict)
}

/// What the runs of a test have shown so far.
struct Tally {
    findings: Vec<Finding>,
    /// Which expectations are known to be missed.
    missed: Vec<bool>,
    /// How often each fault has struck.
    struck: Vec<u32>,
    /// Whether one of its steps ran at all.
    ran: Vec<bool>,
}

impl Tally {
    fn new(scenario: &Scenario) -> Tally {
        let (missed, faults) = (vec![false; scenario.expect.len()], scenario.faults.len());
        Tally { findings: Vec::new(), missed, struck: vec![0; faults], ran: vec![false; faults] }
    }

    fn take(&mut self, stage: &Stage, scenario: &Scenario, played: &Played, when: impl Fn() -> Vec<(String, String)>) {
        for (sum, struck) in self.struck.iter_mut().zip(&played.struck) {
            *sum += struck;
        }
        let attempts = attempts(played);
        for (ran, fault) in self.ran.iter_mut().zip(&scenario.faults) {
            *ran |= find(&stage.program, &fault.steps.text).begins.iter().any(|id| attempts.contains_key(id));
        }
        for (expected, missed) in scenario.expect.iter().zip(&mut self.missed).filter(|(_, missed)| !**missed) {
            let Some(miss) = judge(&stage.program, played, &expected.what) else { continue };
            *missed = true;
            let diagnostic = Diagnostic::error(Code::ExpectationFailed, expected.span, miss.message)
                .label(scenario.span, "in this test")
                .help("the run is shown below: either the plan is wrong or the test")
                .maybe_help(miss.help);
            self.findings.push(Finding { diagnostic, when: when(), run: tell(&stage.program, played) });
        }
    }
}

/// What the test leaves open: decisions and probes that prove nothing; and how things are at the start.
fn space(program: &Program, scenario: &Scenario) -> Space {
    let all = |count: usize| crate::calculus::mask_of(count);
    let mut answers: Vec<Option<u64>> = program
        .atoms
        .iter()
        .map(|a| match a.source {
            AtomSource::Decision => Some(all(a.options.len())),
            AtomSource::Probe if a.yes_means.is_empty() => Some(all(2)),
            AtomSource::Probe | AtomSource::Answer => None,
        })
        .collect();
    let mut starts: Vec<u64> = program.cells.iter().map(|c| c.initial).collect();
    for given in &scenario.given {
        match &given.what {
            Premise::Answer(atoms, mask) => {
                for atom in atoms {
                    let options = program.atoms.get(atom.index()).map_or(0, |a| a.options.len());
                    if let Some(slot) = answers.get_mut(atom.index()) {
                        *slot = Some(slot.unwrap_or(all(options)) & mask);
                    }
                }
            }
            Premise::Fact(fact) => {
                if let Some(slot) = starts.get_mut(fact.cell.index()) {
                    *slot &= fact.allowed;
                }
            }
        }
    }
    Space::new(program, &answers, &starts)
}

/// How late commands land that are given up; each is tried.
fn landings(scenario: &Scenario) -> &'static [Landing] {
    match scenario.faults.iter().any(|f| f.fault == Fault::TimesOut) {
        true => &[Landing::Never, Landing::Soon, Landing::Last],
        false => &[Landing::Never],
    }
}

fn plot(program: &Program, scenario: &Scenario, combination: &Combination, landing: &Landing) -> Plot {
    let strikes = scenario.faults.iter().map(|injection| {
        let blow = match injection.fault {
            Fault::Fails => Blow::Fail { done: false },
            Fault::TimesOut => Blow::Hang(*landing),
            Fault::Succeeds => Blow::Work,
            Fault::Cancelled => Blow::Cancel,
            Fault::ExecutorLost => Blow::Crash,
        };
        Strike { steps: find(program, &injection.steps.text).begins, blow, times: injection.times }
    });
    let insists = scenario.given.iter().filter_map(|g| match &g.what {
        Premise::Answer(atoms, mask) if *mask & 3 == 2 => Some(atoms.clone()),
        _ => None,
    });
    Plot {
        initial: combination.initial.clone(),
        answers: combination.answers.clone(),
        insists: insists.flatten().collect(),
        strikes: strikes.collect(),
    }
}

fn unreachable<'s>(program: &Program, scenario: &'s Scenario) -> impl Iterator<Item = Finding> + 's {
    hopeless(program, scenario).into_iter().map(|(expected, miss, other)| {
        let error = Diagnostic::error(Code::UnreachableExpectation, expected.span, miss.message).maybe_help(miss.help);
        Finding::from(match other {
            Some(other) => error.label(other.span, "this excludes it"),
            None => error,
        })
    })
}

/// Why a fault can happen at none of its steps.
fn misfit(program: &Program, injection: &Injection) -> Option<Diagnostic> {
    let found = find(program, &injection.steps.text);
    let name = &injection.steps.text;
    let error = |message: String| Diagnostic::error(Code::ImpossibleFault, injection.span, message);
    if found.blocks {
        return Some(error(format!("`{name}` is a block, and faults strike steps")).help("name a step in it"));
    }
    if injection.times == Some(0) {
        return Some(error(String::from("what happens no times does not happen")).help("leave the clause out"));
    }
    let instrs: Vec<&Instr> = found.begins.iter().filter_map(|id: &InstrId| program.code.get(id.index())).collect();
    let reasons: Vec<(String, String)> = instrs.iter().filter_map(|i| cannot(program, i, injection.fault)).collect();
    match reasons.first() {
        Some((why, help)) if reasons.len() == instrs.len() => Some(error(format!("`{name}` {why}")).help(help.clone())),
        _ => None,
    }
}

/// Why this cannot happen to a step, and what to say instead.
fn cannot(program: &Program, instr: &Instr, fault: Fault) -> Option<(String, String)> {
    let said = |why: &str, help: &str| Some((String::from(why), String::from(help)));
    let limit = instr.op.command().and_then(|c| c.within_ms);
    match (&instr.op, fault) {
        (Op::Tell { .. } | Op::Assume { .. }, _) => said("takes no time and cannot fail", "leave the clause out"),
        (Op::Probe { .. }, Fault::Fails | Fault::TimesOut) => {
            said("asks a question, and has a yes or a no for an answer", "say `given … is false`")
        }
        (Op::Ask { gate, .. }, Fault::TimesOut) if gate.within_ms.is_none() => said(
            "asks a person, who may take any time",
            "say `fails` for an answer that forbids to go on, or give the question a time: `within 15m`",
        ),
        (Op::Delay { .. }, Fault::Fails | Fault::TimesOut) => said("only lets time pass", "leave the clause out"),
        (Op::Wait { .. }, Fault::Fails | Fault::TimesOut) if limit.is_none() => {
            said("waits as long as it takes", "give the step a limit with `within …`")
        }
        (Op::Run { .. }, Fault::TimesOut) if limit.is_none() && !matches!(reach(program, instr), Reach::Ssh { .. }) => {
            said("has no time limit", "give the step or its action a limit with `within …`")
        }
        _ => None,
    }
}

fn never_struck(injection: &Injection, ran: bool) -> Diagnostic {
    let name = &injection.steps.text;
    if ran {
        let message = format!("another `when` takes every attempt of `{name}`");
        return Diagnostic::error(Code::ImpossibleFault, injection.span, message)
            .help("remove one of the two, or say for the first how often: `once`");
    }
    let what = match injection.fault {
        Fault::Fails => "fail",
        Fault::TimesOut => "time out",
        Fault::Succeeds => "succeed",
        Fault::Cancelled => "be cancelled",
        Fault::ExecutorLost => "lose its executor",
    };
    let message = format!("`{name}` never runs in this test, so it cannot {what}");
    Diagnostic::error(Code::ImpossibleFault, injection.span, message)
        .help("let it run, by what is given or by what else fails, or leave the clause out")
}

fn never_yes(program: &Program, scenario: &Scenario, atom: AtomId) -> Diagnostic {
    let name = program.atoms.get(atom.index()).map_or("?", |a| a.name.as_str());
    let given = scenario.given.iter().find(|g| matches!(&g.what, Premise::Answer(atoms, _) if atoms.contains(&atom)));
    let message = format!("`{name}` is never a yes in this test: what that would prove is not so when it is read");
    Diagnostic::error(Code::ImpossibleFault, given.map_or(scenario.span, |g| g.span), message)
        .help("leave the `given` out, and the probe tells how things are; or give the thing another state")
}

fn contradictory(scenario: &Scenario) -> Diagnostic {
    let span = scenario.given.first().map_or(scenario.span, |g| g.span);
    Diagnostic::error(Code::ImpossibleFault, span, "what is given cannot be so all at once")
        .label(scenario.span, "in this test")
        .help(
            "it contradicts itself, what the plan takes for given, or what a probe's yes means; a node that is down \
             holds nothing that is `volatile`",
        )
}
