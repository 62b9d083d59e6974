//! Instructions one by one: each refers to what is there, block structure does nothing else, and questions fit the atoms
//! that they answer.

use crate::base::limits;
use crate::bytecode::{Instr, Op, Program};
use crate::calculus::{Answer, AtomId, AtomSource, Effect, EnvValue, Flags, Gate};
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
    if let Op::Ask { answers, gate, .. } = &instr.op {
        gated(gate, answers, &instr.effects)?;
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

/// A gate that can be: its default is one of the answers, comes after some time, and attests nothing.
fn gated(gate: &Gate, answers: &[Answer], effects: &[Effect]) -> Result<(), String> {
    if gate.role.as_ref().is_some_and(|role| !is_name(role)) {
        return Err(String::from("its role has no name"));
    }
    if gate.within_ms.is_some_and(|ms| ms == 0 || ms > limits::TIME_MS) {
        return Err(String::from("there is no time to answer it, or more than 30 days"));
    }
    let Some(index) = gate.otherwise else { return Ok(()) };
    if gate.default_answer(answers).is_none() || gate.within_ms.is_none() {
        return Err(String::from("what counts if nobody answers it is no answer, or never counts"));
    }
    let goes_on = answers.get(usize::from(index)).map_or(index == 1, |a| !a.stops);
    if goes_on && !effects.is_empty() {
        return Err(String::from("it takes silence for somebody's word"));
    }
    Ok(())
}

/// Whether it can be the name of a role: of a group of the system, without a sign that a shell or a list would read.
fn is_name(text: &str) -> bool {
    let sign = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    !text.is_empty() && !text.starts_with('-') && text.len() <= limits::NAME_BYTES && text.chars().all(sign)
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
