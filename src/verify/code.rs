//! Instructions one by one: each refers to what is there, block structure does nothing else, and questions fit the atoms
//! that they answer.

use crate::base::limits;
use crate::bytecode::{Instr, Op, Program};
use crate::calculus::{Answer, AtomId, AtomSource, EnvValue, Flags};
use crate::verify::finding::Findings;
use crate::verify::refer::Refer;
use std::collections::HashSet;

pub(super) fn check(p: &Program, found: &mut Findings) {
    let refer = Refer(p);
    for instr in &p.code {
        found.check_at(instr, references(refer, instr));
        found.check_at(instr, operands(refer, instr));
        found.check_at(instr, restraint(instr));
    }
}

fn references(refer: Refer<'_>, instr: &Instr) -> Result<(), String> {
    instr.host.iter().try_for_each(|&m| refer.machine(m).map(|_| ()))?;
    refer.guard(instr.guard)?;
    instr.requires.iter().try_for_each(|&r| refer.requirement(r))?;
    instr.effects.iter().try_for_each(|&e| refer.effect(e))?;
    instr.fences.iter().try_for_each(|&m| refer.machine(m).map(|_| ()))?;
    instr.loses.iter().try_for_each(|&c| refer.cell(c).map(|_| ()))?;
    if instr.place.line > 0 && instr.place.source as usize >= refer.0.sources.len() {
        return Err(format!("it stands in source {}, which is not there", instr.place.source));
    }
    if instr.usually_ms.is_some_and(|ms| ms > limits::TIME_MS) {
        return Err(String::from("its usual duration is longer than 30 days"));
    }
    Ok(())
}

fn operands(refer: Refer<'_>, instr: &Instr) -> Result<(), String> {
    for value in instr.op.templates().flat_map(|t| t.values()) {
        refer.value(value)?;
    }
    if let Some(command) = instr.op.command() {
        for var in &command.env {
            if let EnvValue::Secret(id) = var.value {
                refer.secret(id)?;
            }
        }
        command.captures.iter().try_for_each(|c| refer.value(c.value).map(|_| ()))?;
    }
    match &instr.op {
        Op::Ask { answers, .. } if !answers.is_empty() && answers.iter().all(|a| a.stops) => {
            Err(String::from("whatever the answer to it, nothing goes on"))
        }
        Op::Probe { atom, .. } => answers_of(refer, *atom, AtomSource::Probe).map(|_| ()),
        Op::Ask { answers, atom: Some(atom), .. } => {
            let options = answers_of(refer, *atom, AtomSource::Answer)?;
            if answers.iter().map(|a| &a.name).eq(options) {
                Ok(())
            } else {
                Err(String::from("its answers are not those of its atom"))
            }
        }
        Op::Ask { answers, atom: None, .. } => named(answers),
        _ => Ok(()),
    }
}

/// The answers of an atom that an instruction gives.
fn answers_of<'p>(refer: Refer<'p>, id: AtomId, source: AtomSource) -> Result<&'p [String], String> {
    let atom = refer.atom(id)?;
    if atom.source == source { Ok(&atom.options) } else { Err(format!("`{}` is not for it to answer", atom.name)) }
}

fn named(answers: &[Answer]) -> Result<(), String> {
    let mut names = HashSet::new();
    match answers.iter().find(|a| a.name.is_empty() || !names.insert(&a.name)) {
        Some(answer) => Err(format!("the answer `{}` has no name of its own", answer.name)),
        None => Ok(()),
    }
}

/// Block structure touches nothing, but entering a block may require something; what does nothing by a
/// command leaves none behind.
fn restraint(instr: &Instr) -> Result<(), String> {
    let Instr { op, host, requires, effects, fences, loses, flags, .. } = instr;
    let Flags { tolerated, lingers, opaque, commits, .. } = *flags;
    let requires = !requires.is_empty() && *op != Op::Enter;
    let touches = requires || !(effects.is_empty() && fences.is_empty() && loses.is_empty());
    if op.is_structure()
        && !matches!(op, Op::Assume { .. })
        && (touches || host.is_some() || tolerated || opaque || commits)
    {
        return Err(String::from("it is block structure, but does more than that"));
    }
    if lingers && !matches!(op, Op::Run { .. }) {
        return Err(String::from("nothing of it can linger, for it does nothing by a command"));
    }
    Ok(())
}
