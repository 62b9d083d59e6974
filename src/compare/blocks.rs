//! Blocks: which instruction stands in which, and what they are called.

use crate::bytecode::{Instr, InstrId, Op, Program};
use std::collections::HashSet;

/// Ends of names that the compiler gives to block structure.
const MADE: &[&str] =
    &["exit", "join", "begin", "end", "first", "finally", "ladder", "any", "else", "retried", "tolerated"];

/// For each instruction the `ENTER` of the block around it; an `ENTER` is outside its own block, and so is its end. What
/// stands in the plan itself has none.
pub(super) fn around(program: &Program) -> Vec<Option<InstrId>> {
    let exits: HashSet<&str> =
        program.code.iter().filter(|i| i.op == Op::Exit).filter_map(|i| i.name.strip_suffix(".exit")).collect();
    let mut open: Vec<(InstrId, &str)> = Vec::new();
    let mut around = Vec::with_capacity(program.code.len());
    for (index, instr) in program.code.iter().enumerate() {
        let ended = match instr.op {
            Op::Exit => instr.name.strip_suffix(".exit"),
            Op::Join { .. } => instr.name.strip_suffix(".join").filter(|name| !exits.contains(name)),
            _ => None,
        };
        if ended.is_some() && open.last().map(|(_, name)| *name) == ended {
            open.pop();
        }
        around.push(open.last().map(|(id, _)| *id));
        if instr.op == Op::Enter && !instr.name.ends_with(".begin") {
            open.push((InstrId::at(index), &instr.name));
        }
    }
    around
}

/// Whether it is something that is done, or taken for granted, and no block structure.
pub(super) fn is_step(instr: &Instr) -> bool {
    !instr.op.is_structure() || matches!(instr.op, Op::Assume { .. })
}

/// Whether it only brings together those that many wait for.
pub(super) fn is_meeting(instr: &Instr) -> bool {
    instr.op.is_structure() && instr.name.starts_with("meet~")
}

/// The name of the block that structure belongs to: `move` of `move.finally.exit`, `stop` of `stop.ladder.join`.
pub(super) fn spoken(instr: &Instr) -> String {
    let mut name = instr.name.as_str();
    while let Some((rest, _)) = name.rsplit_once('.').filter(|(_, last)| is_made(last)) {
        name = rest;
    }
    String::from(name)
}

/// Whether it begins a block that its author has named, as a `phase`.
pub(super) fn is_named(instr: &Instr) -> bool {
    let last = instr.name.rsplit('.').next().unwrap_or_default();
    instr.op == Op::Enter && !is_made(last) && !instr.name.contains(['=', '~'])
}

fn is_made(last: &str) -> bool {
    MADE.contains(&last) || last.starts_with("otherwise")
}
