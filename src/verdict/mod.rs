//! Verdicts: what a proof found, in the words of the plan and at its places; what is proved of a plan, under which
//! assumptions, and what is not covered.
//!
//! A violation becomes a diagnostic: the cause, the places that play a part, the story of one run in which it happens,
//! line by line, and what would mend it. One file for each family of findings. A story that the definition does not
//! replay is a defect of ours, and said to be one.

mod brief;
mod cascade;
mod comes_back;
mod goal_missed;
mod held_twice;
mod idle;
mod lands_late;
mod left_open;
mod mend;
mod not_so;
mod return_trip;
mod scene;
mod skipping;
mod spelling;
mod summary;
mod take_away;
mod tale;
mod time;
mod told;
mod undecided;

pub use return_trip::return_trip;
pub use scene::Case;
pub use summary::{Trusted, Verdict, Word};

use crate::base::{Code, Diagnostic};
use crate::prove::Proof;
use crate::semantics::Violation;
use scene::Scene;
use tale::Tale;
use told::Told;

/// What is to be said of a proof.
pub fn findings(case: Case<'_>, proof: &Proof) -> Vec<Diagnostic> {
    let scene = Scene::of(case);
    let mut told: Vec<Told> = Vec::new();
    let stories = brief::stories(&scene);
    for cause in cascade::causes(proof) {
        let violation = cause.found.violation;
        if told.len() >= stories {
            told.push(Told::new(violation, brief::finding(&scene, violation), cause.more));
            continue;
        }
        let finding = match Tale::of(&scene, cause.found) {
            Ok(tale) if tale.follows(proof) => continue,
            Ok(tale) => {
                if let Some(first) = told.iter_mut().find(|t| t.is_cause(violation, &tale)) {
                    first.more.extend(told::at(violation).map(|(step, _)| step).into_iter().chain(cause.more));
                    continue;
                }
                finding(&scene, violation, &tale)
            }
            Err(why) => unexplained(&scene, violation, &why),
        };
        let new = Told::new(violation, finding, cause.more);
        let left = told.iter_mut().try_fold(new, |new, first| first.takes(&scene, new).ok_or(()));
        told.extend(left);
    }
    let mut found: Vec<Diagnostic> = told.into_iter().map(|t| t.whole(&scene)).collect();
    found.extend(undecided::check(&scene, proof));
    found.extend(idle::check(&scene, proof));
    found.extend(goal_missed::held_before(&scene));
    found.extend(time::check(&scene));
    found
}

/// What is proved of a plan, if nothing was found.
pub fn summary(case: Case<'_>) -> Verdict {
    summary::summary(&Scene::of(case))
}

fn finding(scene: &Scene<'_>, violation: Violation, tale: &Tale) -> Diagnostic {
    let diagnostic = match violation {
        Violation::HeldTwice { step, cell } => held_twice::diagnostic(scene, tale, step, cell),
        Violation::LandsLate { step, cell } => lands_late::diagnostic(scene, tale, step, cell),
        Violation::NotSo { step, cell } => not_so::diagnostic(scene, tale, step, cell),
        Violation::GoalMissed { cell } => goal_missed::diagnostic(scene, cell),
        Violation::LeftOpen { cell } => left_open::diagnostic(scene, tale, cell),
        Violation::ComesBack { cell } => comes_back::diagnostic(scene, tale, cell),
    };
    tale.onto(scene, diagnostic)
}

/// A violation whose story the definition does not allow: either the proof or the definition is wrong, and both are ours.
fn unexplained(scene: &Scene<'_>, violation: Violation, why: &str) -> Diagnostic {
    let (span, cell) = match violation {
        Violation::HeldTwice { step, cell } | Violation::LandsLate { step, cell } | Violation::NotSo { step, cell } => {
            (scene.deed(step), cell)
        }
        Violation::GoalMissed { cell } | Violation::LeftOpen { cell } | Violation::ComesBack { cell } => {
            (scene.plan.span, cell)
        }
    };
    let name = &scene.cell(cell).name;
    let message = format!("something is wrong with `{name}`, but the story of it does not come out: {why}");
    Diagnostic::error(Code::Undecided, span, message)
        .help("this is a defect of handover, not of the plan: please report it with the plan")
}

#[cfg(test)]
mod tests;
