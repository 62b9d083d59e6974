//! A change as a Mermaid flowchart: the steps that are new, gone or changed, with what stands directly around them.

use super::Side;
use crate::bytecode::{Instr, InstrId, Op};
use crate::compare::Pairs;
use crate::emit::graph::Mermaid;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Write;

/// Steps that are drawn at most: more than that nobody reads in a comment.
const DRAWN: usize = 40;
/// Instructions of a plan that is drawn.
const SIZE: usize = 4_000;

/// A step or a knot of the drawing: by the new version if it has it, else by the old one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Spot {
    New(InstrId),
    Old(InstrId),
}

/// The drawing; empty if nothing in it has changed, or if it would be too large. `changed` are steps by their new names.
pub fn graph(old: &Side<'_>, new: &Side<'_>, pairs: &Pairs, changed: &HashSet<String>) -> String {
    if old.program.code.len().max(new.program.code.len()) > SIZE {
        return String::new();
    }
    let of_old = |id: InstrId| pairs.new_of(id).map_or(Spot::Old(id), Spot::New);
    let new_edges: BTreeSet<(Spot, Spot)> =
        edges(new.program.code.as_slice()).into_iter().map(|(a, b)| (Spot::New(a), Spot::New(b))).collect();
    let old_edges: BTreeSet<(Spot, Spot)> =
        edges(old.program.code.as_slice()).into_iter().map(|(a, b)| (of_old(a), of_old(b))).collect();
    let class = |spot: Spot| match spot {
        Spot::Old(_) => Some("removed"),
        Spot::New(id) if pairs.old_of(id).is_none() => Some("added"),
        Spot::New(id) => changed.contains(&new.program.name_and_place(id)).then_some("changed"),
    };
    let all: BTreeSet<(Spot, Spot)> = new_edges.union(&old_edges).copied().collect();
    let moved: Vec<(Spot, Spot)> = new_edges.symmetric_difference(&old_edges).copied().collect();
    let steps = |side: &Side<'_>, spot: fn(InstrId) -> Spot| -> Vec<Spot> {
        let ids = (0..side.program.code.len()).map(InstrId::at);
        ids.filter(|id| side.program.code.get(id.index()).is_some_and(is_step)).map(spot).collect()
    };
    let gone = steps(old, Spot::Old).into_iter().filter(|s| matches!(s, Spot::Old(id) if pairs.new_of(*id).is_none()));
    let all_steps: Vec<Spot> = steps(new, Spot::New).into_iter().chain(gone).collect();
    let mut shown: BTreeSet<Spot> = all_steps.iter().copied().filter(|s| class(*s).is_some()).collect();
    shown.extend(moved.iter().flat_map(|(a, b)| [*a, *b]));
    if shown.is_empty() {
        return String::new();
    }
    if all_steps.len() <= DRAWN / 2 {
        shown.extend(&all_steps);
    } else {
        let near: Vec<Spot> =
            all.iter().filter(|(a, b)| shown.contains(a) || shown.contains(b)).flat_map(|(a, b)| [*a, *b]).collect();
        shown.extend(near);
    }
    if shown.len() > DRAWN {
        return String::new();
    }
    let ids: HashMap<Spot, usize> = shown.iter().enumerate().map(|(index, spot)| (*spot, index)).collect();
    let mut out = String::from("flowchart TB\n");
    for (spot, id) in shown.iter().map(|spot| (spot, ids.get(spot).copied().unwrap_or_default())) {
        let (side, instr_id) = match spot {
            Spot::New(id) => (new, *id),
            Spot::Old(id) => (old, *id),
        };
        let class = class(*spot).map_or_else(String::new, |class| format!(":::{class}"));
        _ = writeln!(out, "  n{id}[{}]{class}", Mermaid::quoted(&side.program.name_and_place(instr_id)));
    }
    draw(&mut out, &all, &new_edges, &old_edges, &ids);
    // Dark text on light boxes is legible on both backgrounds.
    out.push_str("  classDef added fill:#dafbe1,stroke:#1a7f37,color:#1f2328\n");
    out.push_str("  classDef changed fill:#fff8c5,stroke:#9a6700,color:#1f2328\n");
    out.push_str("  classDef removed fill:#ffebe9,stroke:#cf222e,color:#1f2328,stroke-dasharray:4 4\n");
    out
}

/// The edges between what is shown: new ones thick and green, those that are gone dotted and red.
fn draw(
    out: &mut String,
    all: &BTreeSet<(Spot, Spot)>,
    new: &BTreeSet<(Spot, Spot)>,
    old: &BTreeSet<(Spot, Spot)>,
    ids: &HashMap<Spot, usize>,
) {
    let (mut gained, mut lost) = (Vec::new(), Vec::new());
    let between = all.iter().filter_map(|edge| Some((edge, *ids.get(&edge.0)?, *ids.get(&edge.1)?)));
    for (number, (edge, a, b)) in between.enumerate() {
        let arrow = match (old.contains(edge), new.contains(edge)) {
            (true, true) => "-->",
            (false, _) => {
                gained.push(number.to_string());
                "==>"
            }
            (true, false) => {
                lost.push(number.to_string());
                "-.->"
            }
        };
        _ = writeln!(out, "  n{a} {arrow} n{b}");
    }
    for (edges, color) in [(gained, "#1a7f37"), (lost, "#cf222e")] {
        if !edges.is_empty() {
            _ = writeln!(out, "  linkStyle {} stroke:{color}", edges.join(","));
        }
    }
}

fn is_step(instr: &Instr) -> bool {
    !instr.op.is_structure() || matches!(instr.op, Op::Assume { .. })
}

/// Which step directly follows which; block structure is looked through, and what follows from other edges is left out.
fn edges(code: &[Instr]) -> Vec<(InstrId, InstrId)> {
    // For each instruction: the steps that it stands for, or follows.
    let mut stands: Vec<BTreeSet<InstrId>> = Vec::with_capacity(code.len());
    // For each step: all that come before it.
    let mut above: BTreeMap<InstrId, BTreeSet<InstrId>> = BTreeMap::new();
    let mut edges = Vec::new();
    for (index, instr) in code.iter().enumerate() {
        let id = InstrId::at(index);
        let before = instr.needs.iter().chain(&instr.waits).filter_map(|id| stands.get(id.index()));
        let mut follows: BTreeSet<InstrId> = before.flatten().copied().collect();
        let further: BTreeSet<InstrId> = follows.iter().filter_map(|id| above.get(id)).flatten().copied().collect();
        follows.retain(|id| !further.contains(id));
        if is_step(instr) {
            edges.extend(follows.iter().map(|before| (*before, id)));
            above.insert(id, further.into_iter().chain(follows).collect());
            stands.push(BTreeSet::from([id]));
        } else {
            stands.push(follows);
        }
    }
    edges
}
