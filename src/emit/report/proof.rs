//! What is proved of a program, and whose word that rests on: read off the program, because a journal has nothing else.

use crate::bytecode::{InstrId, Op, Program};
use crate::calculus::{AtomSource, CellId, CellKind, Change, Effect};
use crate::emit::proof::Proof;
use crate::emit::words::some;
use crate::prove::{Limits, prove};
use std::collections::BTreeSet;

/// The proof of a program, made anew.
pub(super) fn proof(program: &Program) -> Proof {
    let found = prove(program, Limits::default());
    let steps = program.code.iter().filter(|i| !i.op.is_structure() && !matches!(i.op, Op::Probe { .. }));
    let opaque: Vec<String> = steps.clone().filter(|i| i.flags.opaque).map(|i| i.name.clone()).collect();
    let all = steps.count();
    let covers = match opaque.len() {
        0 => format!("all {all} steps"),
        n => format!("{} of {all} steps; nothing is known of {}", all - n.min(all), some(&opaque)),
    };
    let (violations, undecided) = (found.found.len(), found.undecided.len());
    let lines = match (violations, undecided) {
        (0, 0) => safe(program),
        (0, n) => vec![format!("{n} things could not be decided")],
        (n, _) => vec![format!("{n} ways were found in which it goes wrong; `handover check` tells them")],
    };
    Proof { proved: violations + undecided == 0, lines, covers, trusted: trusted(program) }
}

/// What holds for every outcome.
fn safe(program: &Program) -> Vec<String> {
    let mut exclusive: BTreeSet<CellId> = BTreeSet::new();
    let mut touched: BTreeSet<CellId> = BTreeSet::new();
    for effect in program.code.iter().flat_map(|i| &i.effects) {
        touched.insert(effect.cell);
        exclusive.extend(effect.exclusive.then_some(effect.cell));
    }
    let cell = |id: &CellId| program.cells.get(id.index());
    let names = |ids: &BTreeSet<CellId>| ids.iter().filter_map(cell).map(|c| c.name.clone()).collect::<Vec<_>>();
    let mut lines = Vec::new();
    if !exclusive.is_empty() {
        let is = if exclusive.len() == 1 { "is" } else { "are" };
        lines.push(format!("{} {is} never held by two nodes", some(&names(&exclusive))));
    }
    if program.code.iter().any(|i| !i.requires.is_empty()) {
        lines.push(String::from("what a step needs is so while it runs, its node included"));
    }
    touched.retain(|id| cell(id).is_some_and(|c| c.rests != c.all()));
    if !touched.is_empty() {
        let names = some(&names(&touched));
        lines.push(format!("{names} never stays where it must not, unless what puts it back fails"));
    }
    if !program.goal.is_empty() {
        lines.push(String::from("when the plan ends as done, its goal holds"));
    }
    match lines.is_empty() {
        true => lines.push(String::from("nothing: no step says what it does")),
        false => lines.push(String::from("for every outcome, late commands, a cancellation or a crash at any moment")),
    }
    lines
}

fn trusted(program: &Program) -> Vec<String> {
    let mut lines = vec![String::from("actions do what they declare")];
    for cell in program.cells.iter().filter(|c| c.initial != c.all()) {
        lines.push(format!("at the start: {}", cell.says(cell.initial)));
    }
    let (mut verified, mut killed) = (Vec::new(), Vec::new());
    for (index, instr) in program.code.iter().enumerate() {
        let name = || program.name_and_place(InstrId::at(index));
        let machine = |m: &crate::calculus::MachineId| program.machines.get(m.index()).map_or("?", |m| &m.name);
        if !instr.fences.is_empty() {
            let victims: Vec<&str> = instr.fences.iter().map(machine).collect();
            lines.push(format!("{}, once it has worked, has stopped {}", name(), victims.join(", ")));
        }
        match &instr.op {
            Op::Ask { .. } if !instr.effects.is_empty() => {
                lines.push(format!("the answer to {}: {}", name(), facts(program, &instr.effects)));
            }
            Op::Assume { why } => {
                lines.push(format!("taken for granted: {} ({why})", facts(program, &instr.effects)));
            }
            Op::Run { verify, command, .. } => {
                verified.extend(verify.is_some().then(name));
                killed.extend((command.kill && !instr.effects.is_empty()).then(name));
            }
            _ => {}
        }
    }
    for atom in program.atoms.iter().filter(|a| a.source == AtomSource::Probe && !a.yes_means.is_empty()) {
        let facts = atom.yes_means.iter().filter_map(|r| Some(program.cells.get(r.cell.index())?.says(r.allowed)));
        lines.push(format!("a yes of {}: {}", atom.name, facts.collect::<Vec<_>>().join(", ")));
    }
    if !verified.is_empty() {
        lines.push(format!("what is read back (`verify`) in {}", some(&verified)));
    }
    if !killed.is_empty() {
        lines.push(format!("nothing runs on after its time in {}", some(&killed)));
    }
    lines
}

/// What effects make so, without what only follows from it.
fn facts(program: &Program, effects: &[Effect]) -> String {
    let said = effects.iter().filter_map(|effect| {
        let cell = program.cells.get(effect.cell.index())?;
        match effect.change {
            _ if matches!(cell.kind, CellKind::Configured { .. }) => None,
            Change::Set(value) => Some(cell.says(1 << (value & 63))),
            Change::Move { .. } => None,
        }
    });
    said.collect::<Vec<_>>().join(", ")
}
