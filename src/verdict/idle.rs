//! HA0611: a step that never runs. HA0613: an `otherwise` that is never needed.

use super::scene::Scene;
use crate::base::{Code, Diagnostic};
use crate::bytecode::InstrId;
use crate::order::{Block, GuardIx, What};
use crate::prove::Proof;
use std::collections::HashSet;

pub(super) fn check(scene: &Scene<'_>, proof: &Proof) -> Vec<Diagnostic> {
    let idle: HashSet<InstrId> = proof.idle.iter().copied().collect();
    let mut found: Vec<Diagnostic> = Vec::new();
    for &id in &proof.idle {
        let Some(node) = scene.node(id) else { continue };
        let around = node.within.is_some_and(|w| idle.contains(&InstrId(w.0)));
        // What closes a block follows what opens it.
        if around || !matches!(node.what, What::Step(_) | What::Enter(Block::Region(_) | Block::Rung(..))) {
            continue;
        }
        // What the arguments of the plan exclude is meant to be excluded.
        let mut blocks = std::iter::successors(Some(node), |n| scene.dag.node(n.within?));
        if blocks.any(|n| n.conditions.iter().any(|c| c.guard == GuardIx::NEVER)) {
            continue;
        }
        let name = scene.name(id);
        let stated = node.conditions.first();
        // What `allowing` adds to a loop is not written, so it cannot be taken away: a question behind the members, and
        // an empty `otherwise` to each.
        let added = stated.is_some_and(|c| scene.step(id).is_some_and(|step| step.span == c.span));
        if added || scene.instr(id).is_some_and(|i| i.name.contains(".tolerated.")) {
            continue;
        }
        let instead = node.instead_of.filter(|_| stated.is_none());
        let mut diagnostic = match instead {
            Some(first) => {
                let first = scene.name(InstrId(first.0));
                Diagnostic::warning(
                    Code::NeverNeeded,
                    scene.deed(id),
                    format!("this `otherwise` is never needed: `{first}` cannot fail"),
                )
                .help("remove it")
            }
            None => Diagnostic::warning(Code::NeverRuns, scene.deed(id), format!("`{name}` never runs"))
                .help("correct its condition, or remove it"),
        };
        if let Some(stated) = stated {
            diagnostic = diagnostic.label(stated.span, "this is never so");
        }
        found.push(diagnostic);
    }
    found
}
