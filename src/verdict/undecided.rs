//! HA0499: what was too hard to decide.

use super::scene::Scene;
use crate::base::{Code, Diagnostic, Span};
use crate::prove::Proof;

pub(super) fn check(scene: &Scene<'_>, proof: &Proof) -> Vec<Diagnostic> {
    let under = match scene.plan.atoms.len() {
        0 => String::new(),
        1 => String::from(", under one condition"),
        many => format!(", under {many} conditions"),
    };
    let finding = |u: &crate::prove::Undecided| {
        let name = &scene.cell(u.cell).name;
        let place: Option<&Span> = scene.plan.cell_spans.get(u.cell.index());
        let message = format!(
            "it could not be decided within the limits whether `{name}` is safe, because {} steps touch it{under}",
            u.accesses
        );
        Diagnostic::error(Code::Undecided, scene.plan.span, message)
            .here("in this plan")
            .label(place.copied().unwrap_or(scene.plan.span), "this is touched")
            .help("fewer `if possible` on the steps that touch it, attempts that are nested less deeply and fewer independent conditions make it easier; so does a plan of its own for a part of it, with what it needs as `given`")
    };
    proof.undecided.iter().map(finding).collect()
}
