//! HA0710: a plan that takes longer than it promises, by the usual durations of its steps, when everything works.

use super::scene::Scene;
use crate::base::{Code, Diagnostic, duration};
use crate::calculus::AtomId;
use crate::model::Step;
use crate::order::{NodeId, Schedule, What, specialise, usual_ms};

/// Cases of answers that are gone through, one by one.
const CASES: usize = 1 << 12;
/// Nodes that are looked at in all cases together.
const WORK: usize = 1 << 23;
/// Steps of the longest way that are quoted.
const QUOTED: usize = 4;

/// Whether the plan keeps its promise in every case of its conditions.
pub(super) fn check(scene: &Scene<'_>) -> Option<Diagnostic> {
    let limit = scene.plan.rto_ms?;
    let at_most = at_most(scene);
    if at_most <= limit {
        return None;
    }
    let plan = &scene.plan.name;
    let choices: Vec<usize> = scene.plan.atoms.iter().map(|a| a.options.len().max(1)).collect();
    let cases = choices.iter().fold(1usize, |all, n| all.saturating_mul(*n));
    if cases > CASES || cases.saturating_mul(scene.dag.node_count()) > WORK {
        let message = format!(
            "it could not be decided within the limits whether `{plan}` takes longer than the {} promised: at most {}",
            duration(limit),
            duration(at_most)
        );
        return Some(
            Diagnostic::error(Code::Undecided, scene.plan.rto_span, message)
                .help("promise as much, or let fewer conditions decide what runs"),
        );
    }
    let (schedule, answers) = (0..cases).map(|case| timed(scene, &choices, case)).max_by_key(|(s, _)| s.critical_ms)?;
    (schedule.critical_ms > limit).then(|| too_long(scene, limit, &schedule, &answers))
}

/// No case takes longer than this: every attempt of every ladder is made.
fn at_most(scene: &Scene<'_>) -> u64 {
    let mut reached: Vec<u64> = Vec::with_capacity(scene.dag.node_count());
    for (id, node) in scene.dag.nodes() {
        let before = scene.dag.before(id).filter_map(|(n, _)| reached.get(n.index()).copied()).max().unwrap_or(0);
        let own = if let What::Step(key) = node.what { scene.outline.step(key).and_then(usual_ms) } else { None };
        reached.push(before.saturating_add(own.unwrap_or(0)));
    }
    reached.last().copied().unwrap_or(0)
}

/// How long one case takes; the number's digits are the answers.
fn timed(scene: &Scene<'_>, choices: &[usize], case: usize) -> (Schedule, Vec<(AtomId, u8)>) {
    let mut rest = case;
    let mut answers = Vec::with_capacity(choices.len());
    for (index, choices) in choices.iter().enumerate() {
        answers.push((AtomId::at(index), u8::try_from(rest % choices).unwrap_or(0)));
        rest /= choices;
    }
    (Schedule::of(&scene.outline, scene.dag, &specialise(scene.dag, &answers)), answers)
}

fn too_long(scene: &Scene<'_>, limit: u64, schedule: &Schedule, answers: &[(AtomId, u8)]) -> Diagnostic {
    let takes = duration(schedule.critical_ms);
    let message = format!("`{}` usually takes {takes}, longer than the {} promised", scene.plan.name, duration(limit));
    let mut diagnostic = Diagnostic::error(Code::TooLong, scene.plan.rto_span, message);
    let step = |node: &NodeId| match scene.dag.node(*node)?.what {
        What::Step(key) => scene.outline.step(key),
        _ => None,
    };
    let mut longest: Vec<&Step> = schedule.critical.iter().filter_map(step).collect();
    longest.sort_by_key(|s| std::cmp::Reverse(usual_ms(s)));
    for step in longest.into_iter().take(QUOTED) {
        diagnostic = diagnostic.label(step.parts.deed, duration(usual_ms(step).unwrap_or(0)));
    }
    let said = |(atom, option): &(AtomId, u8)| {
        let atom = scene.plan.atoms.get(atom.index())?;
        Some(format!("{}: {}", atom.name, atom.options.get(usize::from(*option))?))
    };
    let case: Vec<String> = answers.iter().filter_map(said).collect();
    let when = if case.is_empty() { String::new() } else { format!(" (that is so with {})", case.join(", ")) };
    diagnostic
        .help(format!("let steps of the longest way run side by side or take less time, or promise {takes}{when}"))
}
