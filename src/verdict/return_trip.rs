//! HA0702, HA0706, HA0707: a plan that follows another begins where that one ends, and brings home what that one took away.
//!
//! Both are questions about the end of a plan, so both are asked as goals: what the way back takes for given is a goal of
//! the way there, and where things were before is a goal of the way back. Cells are the same if they are called the same.
//! Whether a node is up is nobody's promise: between the two somebody repairs it.

use super::scene::{Case, Scene};
use super::tale::Tale;
use crate::base::{Code, Diagnostic, Span};
use crate::bytecode::{Duty, InstrId, Program};
use crate::calculus::{Cell, CellId, CellKind, MachineId, Requirement};
use crate::model::Plan;
use crate::prove::{Found, Limits, prove};
use crate::semantics::Violation;
use std::collections::{HashMap, HashSet};

/// The mask of the value of a place that stands for no node.
const NOWHERE: u64 = 1;

/// What is wrong with `back` as the plan that follows `there`; `at` is where it says so.
pub fn return_trip(there: Case<'_>, back: Case<'_>, at: Span) -> Vec<Diagnostic> {
    let mut found = not_ready(there, back, at);
    found.extend(not_home(there, back, at));
    found.extend(breaks_hold(there, back, at));
    found
}

/// What `there` leaves to be minded and `back` touches without saying that it is over with that.
fn breaks_hold(there: Case<'_>, back: Case<'_>, at: Span) -> Vec<Diagnostic> {
    let scene = Scene::of(back);
    let broken = there.program.duties().filter_map(|duty| Some((back.program.breaks(&duty)?, duty)));
    let told = |(step, duty): (InstrId, Duty)| {
        let about: Vec<&str> = duty.about().collect();
        let (first, second, about) = (&there.plan.name, &back.plan.name, about.join("`, `"));
        let name = scene.name(step);
        let message = format!("`{name}` would break the hold that `{first}` leaves on `{about}`");
        let diagnostic = Diagnostic::error(Code::BreaksHold, at, message).here(format!("leaves \"{}\"", duty.text));
        let diagnostic = match scene.step(step) {
            Some(step) => diagnostic.label(step.parts.deed, "touches what is held"),
            None => diagnostic,
        };
        diagnostic.help(format!(
            "if `{second}` is how it ends, say so in its head: `ends hold on {}`; else let another plan between the two end it",
            about.replace('`', "")
        ))
    };
    // One finding for each step: its other holds come to light when that is mended.
    let mut seen = HashSet::new();
    broken.filter(|(step, _)| seen.insert(*step)).map(told).collect()
}

/// What `back` takes for given and `there` does not leave so.
fn not_ready(there: Case<'_>, back: Case<'_>, at: Span) -> Vec<Diagnostic> {
    let theirs = Cells::of(back.plan);
    let minded = |machine: MachineId| there.plan.holds.iter().any(|h| h.machine == Some(machine));
    let given = |(index, cell): (usize, &Cell)| {
        let (_, other) = theirs.like(cell).filter(|(_, o)| o.initial != o.all())?;
        let mut allowed = translated(other, other.initial, cell);
        match cell.kind {
            CellKind::Power { .. } => return None,
            CellKind::Configured { machine, .. } if minded(machine) => return None,
            // Less than was feared is as good.
            CellKind::Configured { .. } => allowed |= 1,
            _ => {}
        }
        Some(Requirement { cell: CellId::at(index), allowed })
    };
    let givens = there.plan.cells.iter().enumerate().filter_map(given).collect();
    let told = |scene: &Scene<'_>, tale: &Tale, cell: CellId, allowed: u64| {
        let (needed, left) = (scene.says(cell, allowed), scene.says(cell, 1 << (tale.value & 63)));
        let (first, second) = (&there.plan.name, &back.plan.name);
        let message = format!("`{second}` takes `{needed}` for given, but `{first}` may end with `{left}`");
        let help = format!(
            "bring `{needed}` about in `{first}`, or in a plan between the two that `{second}` follows instead"
        );
        let name = &scene.cell(cell).name;
        let mut diagnostic = Diagnostic::error(Code::ReturnNotReady, at, message).here("begins where that ends");
        let place =
            back.plan.givens.iter().find(|(c, _, _)| back.plan.cells.get(c.index()).is_some_and(|c| c.name == *name));
        if let Some((_, _, span)) = place {
            diagnostic = diagnostic.label(*span, format!("taken for given by `{second}`"));
        }
        diagnostic.help(help)
    };
    asked(there, givens, &told)
}

/// What `there` takes away and `back` does not bring home.
fn not_home(there: Case<'_>, back: Case<'_>, at: Span) -> Vec<Diagnostic> {
    let effects = there.program.code.iter().flat_map(|i| &i.effects);
    let moved: HashSet<CellId> = effects.filter(|e| e.exclusive).map(|e| e.cell).collect();
    let (ours, theirs) = (Cells::of(there.plan), Cells::of(back.plan));
    let homes: Vec<Requirement> = (there.plan.cells.iter().enumerate())
        .filter(|(index, cell)| {
            cell.initial != cell.all() && cell.initial != NOWHERE && moved.contains(&CellId::at(*index))
        })
        .map(|(index, cell)| Requirement { cell: CellId::at(index), allowed: cell.initial })
        .collect();
    let away: Vec<&Cell> =
        violated(there.program, homes).into_iter().filter_map(|(_, cell)| there.plan.cells.get(cell.index())).collect();
    let mut wanted = Vec::new();
    let mut found = Vec::new();
    for cell in away {
        let (name, home) = (&cell.name, cell.says(cell.initial));
        match theirs.like(cell) {
            Some((id, own)) => wanted.push(Requirement { cell: id, allowed: translated(cell, cell.initial, own) }),
            None => found.push(
                Diagnostic::error(Code::NotHome, at, format!("`{}` does not bring `{name}` home", back.plan.name))
                    .here(format!("`{}` takes it away", there.plan.name))
                    .help(format!("let it see to `{home}`, or follow another plan")),
            ),
        }
    }
    let told = |scene: &Scene<'_>, tale: &Tale, cell: CellId, allowed: u64| {
        let before = ours.like(scene.cell(cell)).map(|(_, c)| c.says(c.initial));
        let home = before.unwrap_or_else(|| scene.says(cell, allowed));
        let left = scene.says(cell, 1 << (tale.value & 63));
        let (first, second) = (&there.plan.name, &back.plan.name);
        let message = format!("after `{first}` and `{second}`, `{left}` may be so, and not `{home}` as before");
        Diagnostic::error(Code::NotHome, at, message)
            .here(format!("is meant to undo `{first}`"))
            .help(format!("let `{second}` see to `{home}`; as its `goal` it is proved"))
    };
    found.extend(asked(back, wanted, &told));
    found
}

/// The findings about a plan that is asked for these goals.
fn asked(
    trip: Case<'_>,
    goal: Vec<Requirement>,
    told: &dyn Fn(&Scene<'_>, &Tale, CellId, u64) -> Diagnostic,
) -> Vec<Diagnostic> {
    let program = Program { goal: goal.clone(), ..trip.program.clone() };
    let scene = Scene::of(Case { program: &program, ..trip });
    let finding = |(found, cell): (Found, CellId)| {
        let allowed = goal.iter().filter(|r| r.cell == cell).fold(u64::MAX, |mask, r| mask & r.allowed);
        match Tale::of(&scene, &found) {
            Ok(tale) => tale.onto(&scene, told(&scene, &tale, cell, allowed)),
            Err(why) => super::unexplained(&scene, found.violation, &why),
        }
    };
    violated(&program, goal.clone()).into_iter().map(finding).collect()
}

/// Which of these goals a plan may miss.
fn violated(program: &Program, goal: Vec<Requirement>) -> Vec<(Found, CellId)> {
    if goal.is_empty() {
        return Vec::new();
    }
    let proof = prove(&Program { goal, ..program.clone() }, Limits::default());
    let missed = |found: Found| match found.violation {
        Violation::GoalMissed { cell } => Some((found, cell)),
        _ => None,
    };
    proof.found.into_iter().filter_map(missed).collect()
}

/// The cells of a plan by what they are called.
struct Cells<'a>(HashMap<&'a str, Vec<(CellId, &'a Cell)>>);

impl<'a> Cells<'a> {
    fn of(plan: &'a Plan) -> Cells<'a> {
        let mut cells: HashMap<&str, Vec<(CellId, &Cell)>> = HashMap::new();
        for (index, cell) in plan.cells.iter().enumerate() {
            cells.entry(&cell.name).or_default().push((CellId::at(index), cell));
        }
        Cells(cells)
    }

    /// The cell that is called like this one and is of its kind.
    fn like(&self, cell: &Cell) -> Option<(CellId, &'a Cell)> {
        let kind = std::mem::discriminant(&cell.kind);
        self.0.get(cell.name.as_str())?.iter().find(|(_, c)| std::mem::discriminant(&c.kind) == kind).copied()
    }
}

/// A mask of one cell's values as a mask of another's, by their names.
fn translated(from: &Cell, mask: u64, to: &Cell) -> u64 {
    let meant = |name: &String| from.values.iter().position(|v| v == name).is_some_and(|v| mask >> (v & 63) & 1 == 1);
    (0..64).zip(&to.values).filter(|(_, name)| meant(name)).fold(0, |all, (v, _)| all | 1 << v)
}
