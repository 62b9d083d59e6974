//! What a test expects, held against one simulated run, and against what can be at all.

use crate::bytecode::{InstrId, Program, Status};
use crate::calculus::Requirement;
use crate::drill::play::Played;
use crate::drill::steps::{always_before, find, never};
use crate::model::{Ending, Expectation, Expected, Named, Scenario};
use crate::run::{Event, Open, RunOutcome};
use std::collections::BTreeMap;

/// Why an expectation is not met, and what may help.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Miss {
    /// The cause.
    pub message: String,
    /// The remedy.
    pub help: Option<String>,
}

fn miss(message: String) -> Option<Miss> {
    Some(Miss { message, help: None })
}

/// How often each step was attempted.
pub fn attempts(played: &Played) -> BTreeMap<InstrId, u32> {
    let mut attempts = BTreeMap::new();
    for record in &played.records {
        if let Event::StepStarted { step, .. } = record.event {
            *attempts.entry(step).or_default() += 1;
        }
    }
    attempts
}

/// Holds one expectation against one run.
pub fn judge(program: &Program, played: &Played, expected: &Expectation) -> Option<Miss> {
    let attempts = attempts(played);
    let run = Run { program, played, attempts: &attempts };
    match expected {
        Expectation::Ran(steps) => steps.iter().find_map(|s| run.ran(s)),
        Expectation::Skipped(steps) => steps.iter().find_map(|s| run.skipped(s)),
        Expectation::RanTimes(step, times) => run.times(step, *times),
        Expectation::RanBefore(first, second) => run.before(first, second),
        Expectation::Lost(cell) => {
            let lost = attempts.keys().filter_map(|id| program.code.get(id.index())).any(|i| i.loses.contains(cell));
            let name = program.cells.get(cell.index()).map_or("?", |c| c.name.as_str());
            if lost { None } else { miss(format!("no step ran that loses what is in `{name}`")) }
        }
        Expectation::Ends(ending) => run.ends(*ending),
        Expectation::State(facts) => facts.iter().find_map(|f| run.state(f)),
    }
}

struct Run<'a> {
    program: &'a Program,
    played: &'a Played,
    attempts: &'a BTreeMap<InstrId, u32>,
}

impl Run<'_> {
    /// The instructions of a name that took place: steps that were attempted, blocks that were entered.
    fn took_place(&self, name: &Named) -> Vec<InstrId> {
        let found = find(self.program, &name.text);
        let took = |id: &InstrId| match found.blocks {
            true => self.played.status(*id) == Status::Ok,
            false => self.attempts.contains_key(id) || self.played.status(*id) == Status::Ok,
        };
        found.begins.into_iter().filter(took).collect()
    }

    fn ran(&self, name: &Named) -> Option<Miss> {
        if !self.took_place(name).is_empty() {
            return None;
        }
        miss(format!("`{}` did not run", name.text))
    }

    fn skipped(&self, name: &Named) -> Option<Miss> {
        let first = *self.took_place(name).first()?;
        let own = self.program.code.get(first.index()).map_or("", |i| i.name.as_str());
        if own == name.text {
            miss(format!("`{own}` ran"))
        } else {
            miss(format!("`{own}` ran, which is a `{}`", name.text))
        }
    }

    fn times(&self, name: &Named, times: u32) -> Option<Miss> {
        let found = find(self.program, &name.text);
        let count: u32 = found.begins.iter().filter_map(|id| self.attempts.get(id)).sum();
        let often = |n: u32| match n {
            0 => String::from("never"),
            1 => String::from("once"),
            n => format!("{n} times"),
        };
        if count == times { None } else { miss(format!("`{}` ran {}, not {}", name.text, often(count), often(times))) }
    }

    fn before(&self, first: &Named, second: &Named) -> Option<Miss> {
        if let Some(miss) = self.ran(first).or_else(|| self.ran(second)) {
            return Some(miss);
        }
        let begun = |name: &Named| self.took_place(name);
        // A block comes before something if its end does.
        let ends = |name: &Named| {
            let found = find(self.program, &name.text);
            if found.blocks { found.ends } else { self.took_place(name) }
        };
        let (early, late) = (ends(first), begun(second));
        let ordered = |a: &InstrId, b: &InstrId| always_before(self.program, *a, *b);
        if early.iter().all(|a| late.iter().all(|b| ordered(a, b))) {
            return None;
        }
        if late.iter().any(|b| early.iter().any(|a| ordered(b, a))) {
            return miss(format!("`{}` runs after `{}`", first.text, second.text));
        }
        Some(Miss {
            message: format!("nothing makes `{}` wait for `{}`", second.text, first.text),
            help: Some(format!(
                "both ran, and which comes first is left to chance: say `after {}` in `{}`, or do not expect an order",
                first.text, second.text
            )),
        })
    }

    fn ends(&self, ending: Ending) -> Option<Miss> {
        let wanted = match ending {
            Ending::Completed => RunOutcome::Completed,
            Ending::Stopped => RunOutcome::Stopped,
            Ending::Cancelled => RunOutcome::Cancelled,
        };
        let how = |outcome: RunOutcome| match outcome {
            RunOutcome::Completed => "completed",
            RunOutcome::Stopped => "was stopped by a failure",
            RunOutcome::Cancelled => "was cancelled",
        };
        if self.played.ended.outcome == wanted {
            return None;
        }
        miss(format!("the run {}", how(self.played.ended.outcome)))
    }

    fn state(&self, fact: &Requirement) -> Option<Miss> {
        let cell = self.program.cells.get(fact.cell.index())?;
        let value = self.played.values.get(fact.cell.index()).copied().unwrap_or(0);
        if fact.allowed >> value & 1 == 1 {
            return None;
        }
        let words = |mask: u64| {
            let named = cell.values.iter().take(64).enumerate().filter(|(v, _)| mask >> v & 1 == 1);
            cell.reads(named.map(|(_, name)| name.as_str()))
        };
        let open = self.played.ended.open.iter().any(|o| matches!(o, Open::Unknown { .. }));
        let help = open.then(|| String::from("a command that was given up has its effect after the end of the run"));
        let late = self.played.values_at_end.get(fact.cell.index()) != Some(&value);
        let message = format!("in the end `{}` is {}, not {}", cell.name, words(1 << value), words(fact.allowed));
        Some(Miss { message, help: help.filter(|_| late) })
    }
}

/// Expectations that can never be met, whatever happens, with the reason and the other clause if two exclude each other.
pub fn hopeless<'s>(program: &Program, scenario: &'s Scenario) -> Vec<(&'s Expected, Miss, Option<&'s Expected>)> {
    let mut found = Vec::new();
    for (i, expected) in scenario.expect.iter().enumerate() {
        if let Some(miss) = impossible(program, &expected.what) {
            found.push((expected, miss, None));
            continue;
        }
        let earlier = scenario.expect.get(..i).unwrap_or_default();
        if let Some((other, miss)) =
            earlier.iter().find_map(|e| Some((e, contradiction(program, &e.what, &expected.what)?)))
        {
            found.push((expected, miss, Some(other)));
        }
    }
    found
}

fn impossible(program: &Program, expected: &Expectation) -> Option<Miss> {
    let dead = |name: &Named| {
        let found = find(program, &name.text);
        let guard = |id: &InstrId| program.code.get(id.index()).is_none_or(|i| never(program, i.guard));
        found.begins.iter().all(guard).then(|| Miss {
            message: format!("`{}` never runs with these arguments", name.text),
            help: Some(String::from(
                "its condition is false for them: give the plan other arguments, or expect it `skipped`",
            )),
        })
    };
    match expected {
        Expectation::Ran(steps) => steps.iter().find_map(dead),
        Expectation::RanTimes(step, times) if *times > 0 => dead(step),
        Expectation::RanBefore(first, second) => {
            let (a, b) = (find(program, &first.text), find(program, &second.text));
            let backwards = a.begins.iter().all(|a| b.ends.iter().all(|b| a == b || always_before(program, *b, *a)));
            let help = Some(String::from("turn the two around, or the plan"));
            dead(first).or_else(|| dead(second)).or_else(|| {
                let message = match first.text == second.text {
                    true => format!("`{}` cannot come before itself", first.text),
                    false => format!("`{}` always comes before `{}`", second.text, first.text),
                };
                backwards.then_some(Miss { message, help })
            })
        }
        Expectation::State(facts) => {
            facts.iter().find(|f| f.allowed & program.cells.get(f.cell.index()).map_or(0, |c| c.all()) == 0).map(|f| {
                let name = program.cells.get(f.cell.index()).map_or("?", |c| c.name.as_str());
                Miss { message: format!("`{name}` is always in one of its states"), help: None }
            })
        }
        Expectation::Lost(cell) if !program.code.iter().any(|i| i.loses.contains(cell)) => {
            let name = program.cells.get(cell.index()).map_or("?", |c| c.name.as_str());
            let help = Some(String::from("an action says so with `loses`"));
            Some(Miss { message: format!("no step of the plan loses what is in `{name}`"), help })
        }
        _ => None,
    }
}

/// Why two expectations exclude each other.
fn contradiction(program: &Program, a: &Expectation, b: &Expectation) -> Option<Miss> {
    let message = match (a, b) {
        (Expectation::Ends(a), Expectation::Ends(b)) if a != b => Some(String::from("a run ends in one way only")),
        (Expectation::State(a), Expectation::State(b)) => {
            let clash = a.iter().find(|f| b.iter().any(|g| f.cell == g.cell && f.allowed & g.allowed == 0));
            clash.and_then(|f| program.cells.get(f.cell.index())).map(|c| format!("`{}` is in one state only", c.name))
        }
        (a, b) => {
            let (ran, skipped) = (ran(a), skipped(b));
            let (ran2, skipped2) = (self::ran(b), self::skipped(a));
            let clash = |ran: &[&Named], skipped: &[&Named]| {
                let all = |n: &&&Named| {
                    let steps = find(program, &n.text).begins;
                    skipped.iter().any(|s| {
                        let gone = find(program, &s.text).begins;
                        !steps.is_empty() && steps.iter().all(|id| gone.contains(id))
                    })
                };
                ran.iter().find(all).map(|n| format!("`{}` cannot both run and be skipped", n.text))
            };
            clash(&ran, &skipped).or_else(|| clash(&ran2, &skipped2))
        }
    };
    message.map(|message| Miss { message, help: Some(String::from("remove one of the two")) })
}

fn ran(expected: &Expectation) -> Vec<&Named> {
    match expected {
        Expectation::Ran(steps) => steps.iter().collect(),
        Expectation::RanBefore(a, b) => vec![a, b],
        Expectation::RanTimes(step, times) if *times > 0 => vec![step],
        _ => Vec::new(),
    }
}

fn skipped(expected: &Expectation) -> Vec<&Named> {
    match expected {
        Expectation::Skipped(steps) => steps.iter().collect(),
        Expectation::RanTimes(step, 0) => vec![step],
        _ => Vec::new(),
    }
}
