//! What the tests of a plan have exercised: steps that ran, conditions that were met and not met, failures.
//!
//! The copies of a step that a retry makes count as one.

use crate::bytecode::{InstrId, Op, Program, Status};
use crate::drill::play::Played;
use crate::drill::steps::is_step;
use crate::model::{self, Item};
use crate::run::{Event, StepOutcome};
use std::collections::BTreeMap;

/// The coverage of plans by their tests, by plan.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Coverage(pub BTreeMap<String, Seen>);

/// What was seen of one plan.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Seen {
    /// How many tests there are.
    pub tests: usize,
    /// The steps in written order.
    pub steps: Vec<StepSeen>,
    /// The conditions in written order.
    pub conditions: Vec<ConditionSeen>,
}

/// What was seen of a step.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct StepSeen {
    /// Its name.
    pub step: String,
    /// Whether it ran.
    pub ran: bool,
    /// Whether it can fail.
    pub can_fail: bool,
    /// Whether it did.
    pub failed: bool,
}

/// What was seen of the condition of a step or block.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct ConditionSeen {
    /// The step or block.
    pub at: String,
    /// As written.
    pub condition: String,
    /// Whether it was so.
    pub met: bool,
    /// Whether it was not.
    pub unmet: bool,
}

impl Coverage {
    /// A plan, whether it has tests or not.
    pub fn plan(&mut self, plan: &model::Plan, program: &Program) -> &mut Seen {
        let seen = self.0.entry(program.plan.clone()).or_default();
        for instr in program.code.iter().filter(|i| is_named(&i.op)) {
            let step = original(&instr.name);
            if !seen.steps.iter().any(|s| s.step == step) {
                let can_fail = matches!(instr.op, Op::Run { .. } | Op::Wait { .. } | Op::Ask { .. });
                seen.steps.push(StepSeen { step, ran: false, can_fail, failed: false });
            }
        }
        conditions(&plan.body, &mut |name, condition| {
            let at = original(name);
            if !seen.conditions.iter().any(|c| c.at == at && c.condition == condition) {
                let condition = condition.to_owned();
                seen.conditions.push(ConditionSeen { at, condition, met: false, unmet: false });
            }
        });
        seen
    }

    /// Takes in a run of a plan that is known.
    pub fn run(&mut self, program: &Program, played: &Played) {
        let Some(seen) = self.0.get_mut(&program.plan) else { return };
        for record in &played.records {
            let Event::StepEnded(ended) = &record.event else { continue };
            let bad = matches!(ended.outcome, StepOutcome::Failed | StepOutcome::Unknown);
            let name = program.code.get(ended.step.index()).map_or("", |i| i.name.as_str());
            if let Some(step) = seen.steps.iter_mut().find(|s| bad && s.step == original(name)) {
                step.failed = true;
            }
        }
        for (index, instr) in program.code.iter().enumerate() {
            let status = played.status(InstrId::at(index));
            let ran = matches!(status, Status::Ok | Status::Failed | Status::Unknown);
            let name = original(&instr.name);
            if let Some(step) = seen.steps.iter_mut().find(|s| s.step == name) {
                step.ran |= ran;
            }
            for condition in seen.conditions.iter_mut().filter(|c| c.at == name) {
                condition.met |= ran;
                condition.unmet |= status == Status::NotApplicable;
            }
        }
    }
}

/// Whether it is a step of the plan's text, and not the reading of a condition.
fn is_named(op: &Op) -> bool {
    is_step(op) && !matches!(op, Op::Probe { .. })
}

/// The name of the step of which this is a copy: `check~2[a]` is `check[a]` once more.
fn original(name: &str) -> String {
    let mut parts = name.split('~');
    let mut out = String::from(parts.next().unwrap_or_default());
    parts.for_each(|part| out.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit())));
    out
}

/// Calls `see` with the name of each step or block that has conditions, and each of these.
fn conditions(items: &[Item], see: &mut impl FnMut(&str, &str)) {
    for item in items {
        match item {
            Item::Step(step) => step.conditions.iter().for_each(|c| see(&step.name, &c.text)),
            Item::Group(group) => conditions(&group.items, see),
            Item::Region(region) => {
                region.conditions.iter().for_each(|c| see(&region.name, &c.text));
                for rung in &region.rungs {
                    // The condition of an attempt is that of the step in it.
                    if let [Item::Step(step)] = rung.items.as_slice() {
                        rung.conditions.iter().for_each(|c| see(&step.name, &c.text));
                    }
                    conditions(&rung.items, see);
                }
                conditions(&region.finally, see);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::original;

    #[test]
    fn copies_count_as_one() {
        for (copy, name) in [("check~2[a]", "check[a]"), ("change~3.vs2.undo", "change.vs2.undo"), ("stop", "stop")] {
            assert_eq!(original(copy), name);
        }
    }
}
