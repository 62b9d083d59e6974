//! What text order cannot give: what a step needs, if only a later step provides it.

use crate::base::{Code, Diagnostic, Span};
use crate::calculus::{Cell, CellId, Effect, Requirement, mask_of};
use crate::model::Step;
use crate::order::outline::Outline;
use std::collections::HashMap;

/// Reports requirements that nothing before the step can have established, while a later step would.
pub(super) fn provided_later(outline: &Outline<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let cells = &outline.plan.cells;
    let mut possible: Vec<u64> = cells.iter().map(|c| if c.initial == 0 { c.all() } else { c.initial }).collect();
    for atom in &outline.plan.atoms {
        for fact in &atom.yes_means {
            widen(&mut possible, fact.cell, fact.allowed);
        }
    }
    let mut wanting: HashMap<CellId, Vec<(&Step, Requirement, Span)>> = HashMap::new();
    outline.plan.each_step(&mut |step| {
        for &(effect, span) in &step.effects {
            if let Some(waiting) = wanting.get_mut(&effect.cell) {
                report(waiting, step, effect, span, cells, diagnostics);
            }
        }
        for &(requirement, span) in &step.requires {
            let known = possible.get(requirement.cell.index()).copied().unwrap_or(u64::MAX);
            if known & requirement.allowed == 0 {
                wanting.entry(requirement.cell).or_default().push((step, requirement, span));
            }
        }
        for (effect, _) in &step.effects {
            let before = possible.get(effect.cell.index()).copied().unwrap_or(0);
            widen(&mut possible, effect.cell, effect.change.image(before));
        }
    });
}

fn widen(possible: &mut [u64], cell: CellId, by: u64) {
    if let Some(mask) = possible.get_mut(cell.index()) {
        *mask |= by;
    }
}

/// Reports the steps that wait for what `later` provides.
fn report(
    waiting: &mut Vec<(&Step, Requirement, Span)>,
    later: &Step,
    effect: Effect,
    clause: Span,
    cells: &[Cell],
    diagnostics: &mut Vec<Diagnostic>,
) {
    let Some(cell) = cells.get(effect.cell.index()) else { return };
    waiting.retain(|(step, requirement, span)| {
        if effect.change.image(mask_of(cell.values.len())) & requirement.allowed == 0 {
            return true;
        }
        let needed = in_words(cell, requirement.allowed);
        let message =
            format!("`{}` needs `{}` to be {needed}, which only later steps bring about", step.name, cell.name);
        diagnostics.push(
            Diagnostic::error(Code::NeedsLater, *span, message)
                .here(format!("needed by `{}`", step.name))
                .label(clause, format!("`{}` brings it about", later.name))
                .help(format!("move `{}` above `{}`", later.name, step.name)),
        );
        false
    });
}

/// The values of a mask: `up`, `up or down`.
fn in_words(cell: &Cell, mask: u64) -> String {
    let named = cell.values.iter().enumerate().filter(|(v, _)| mask & 1u64.checked_shl(*v as u32).unwrap_or(0) != 0);
    named.map(|(_, name)| format!("`{name}`")).collect::<Vec<_>>().join(" or ")
}
