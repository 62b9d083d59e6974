//! `drill only …`: a drill changes nothing but what it says.

use super::{CellKey, Elaborator};
use crate::base::{Code, Diagnostic, Span};
use crate::calculus::{CellId, CellKind};
use crate::resolve::library::ThingId;
use std::collections::{HashMap, HashSet};

impl Elaborator<'_, '_> {
    /// Reports each thing that the plan changes although it is a drill of others.
    pub(super) fn check_drill(&mut self) {
        let Some(allowed) = self.drill.take() else { return };
        let things: HashMap<CellId, ThingId> = self.cells.iter().map(|(key, cell)| (*cell, key.thing())).collect();
        let about = |cell: CellId| match self.plan.cells.get(cell.index()).map(|c| &c.kind) {
            Some(CellKind::Configured { of, .. }) => things.get(of),
            _ => things.get(&cell),
        };
        let mut touched: HashSet<ThingId> = allowed.into_iter().collect();
        let mut found: Vec<(ThingId, String, Span, Span)> = Vec::new();
        self.plan.each_step(&mut |step| {
            for (effect, span) in &step.effects {
                if let Some(thing) = about(effect.cell).filter(|thing| touched.insert(**thing)) {
                    found.push((*thing, step.name.clone(), step.span, *span));
                }
            }
        });
        for (thing, step, at, clause) in found {
            let name = self.library.thing(thing).name.text;
            let message = format!("this is a drill, but `{step}` changes `{name}`");
            self.report(
                Diagnostic::error(Code::DrillTouches, at, message)
                    .label(clause, "by this clause")
                    .help(format!("use one that is there for drills, or add `{name}` to `drill only …`")),
            );
        }
    }
}

impl CellKey {
    /// The thing it is about.
    pub(super) fn thing(self) -> ThingId {
        match self {
            CellKey::State(thing) | CellKey::Place(thing) | CellKey::Shared(thing, _) | CellKey::Power(thing) => thing,
        }
    }
}
