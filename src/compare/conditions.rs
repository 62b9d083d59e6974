//! Steps that run in fewer cases than before, or in more, with such a case.

use super::Sides;
use super::blocks::{self, is_step};
use super::change::{Change, Kind};
use super::formulas::{Formulas, Found, Ix};
use crate::bytecode::{InstrId, Names, spoken};
use std::collections::HashMap;

pub(super) fn changes(sides: &Sides<'_>) -> Vec<Change> {
    let (mut formulas, old_guards, new_guards) = Formulas::of(sides);
    // Per new `ENTER`: when it is entered now and was not, or the other way round.
    let mut told_of: HashMap<InstrId, Ix> = HashMap::new();
    let mut found = Vec::new();
    for (old, new) in sides.paired() {
        let (Some(was), Some(is)) = (sides.old.instr(old), sides.new.instr(new)) else { continue };
        let (Some(before), Some(after)) =
            (old_guards.get(was.guard.index()).copied(), new_guards.get(is.guard.index()).copied())
        else {
            continue;
        };
        if before == after {
            continue;
        }
        let differs = formulas.differ(before, after);
        // What only follows from the condition of the block around it is told of the block.
        let around = sides.new.within.get(new.index()).copied().flatten();
        if let Some(around) = around.and_then(|block| told_of.get(&block).copied()) {
            let own = formulas.but_not(differs, around);
            if formulas.case(own) == Found::Nowhere {
                told_of.insert(new, around);
                continue;
            }
        }
        if blocks::is_named(is) {
            told_of.insert(new, differs);
        } else if !is_step(is) {
            continue;
        }
        let (more, fewer) = (formulas.but_not(after, before), formulas.but_not(before, after));
        if let Some(change) = told(formulas.case(more), formulas.case(fewer)) {
            let said = |names: &Names<'_>, guard| spoken(&names.guard(guard));
            let change = change.of(sides.new.name(new));
            let (before, after) = (said(&sides.old.names, was.guard), said(&sides.new.names, is.guard));
            found.push(change.before(before).after(after));
        }
    }
    found
}

/// What to say of cases in which something runs that did not, and the other way round.
fn told(more: Found, fewer: Found) -> Option<Change> {
    let with = |kind, text: &str, case| Some(Change { case, ..Change::new(kind, text) });
    match (more, fewer) {
        (Found::Nowhere, Found::Nowhere) => None,
        (Found::Nowhere, Found::Case(case)) => with(Kind::Narrowed, "does not run any more", case),
        (Found::Case(case), Found::Nowhere) => with(Kind::Widened, "runs now", case),
        (_, Found::Case(case)) => with(Kind::ConditionChanged, "runs in other cases; it does not any more", case),
        _ => with(Kind::ConditionChanged, "runs in other cases", Vec::new()),
    }
}
