//! What is proved of a plan without findings: of which things, over which cases, and whose word is taken for it.

use super::scene::Scene;
use crate::bytecode::{InstrId, Op};
use crate::calculus::{self, AtomSource, CellId, CellKind, Change, Effect, MachineId, Meaning};
use crate::model::Act;
use serde::Serialize;
use std::collections::{BTreeSet, HashSet};

/// What is proved, what it rests on, and what it does not cover.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Verdict {
    /// How many steps the plan has.
    pub steps: usize,
    /// The steps of which nothing is known.
    pub opaque: Vec<String>,
    /// The things that are never held by two nodes.
    pub exclusive: Vec<String>,
    /// How many things steps need; each is so whenever its step runs.
    pub needs: usize,
    /// The things that are never left where they must not stay.
    pub rests: Vec<String>,
    /// What is so whenever the plan ends as done.
    pub goal: Vec<String>,
    /// The answers on which something depends; all are covered.
    pub conditions: Vec<String>,
    /// What is trusted.
    pub trusted: Trusted,
    /// The plan that this one follows: it can begin where that one ends, and brings home what that one took away.
    pub follows: Option<String>,
    /// The steps from which on there is no way back.
    pub no_return: Vec<String>,
}

/// What a proof does not prove but builds on.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Trusted {
    /// What is so at the start, as written: whoever starts the plan has seen to it.
    pub given: Vec<String>,
    /// That a fence which worked has made certain that its victim can do nothing.
    pub fences: Vec<Word>,
    /// The things that a node which was fenced does not take by itself when it starts again.
    pub untaken: Vec<String>,
    /// That what the operator says yes to is so.
    pub attested: Vec<Word>,
    /// What is taken for granted.
    pub assumed: Vec<Word>,
    /// That a probe says yes only if this is so.
    pub probes: Vec<Word>,
    /// The steps whose command is believed when it reads back that it is done.
    pub verified: Vec<String>,
    /// The steps of which nothing runs on when their time is up.
    pub killed: Vec<String>,
}

/// Somebody's or something's word for a fact.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub struct Word {
    /// Whose: a step, a probe; of an assumption, the reason.
    pub of: String,
    /// What for.
    pub facts: Vec<String>,
}

/// What is proved of a plan that has no findings.
pub(super) fn summary(scene: &Scene<'_>) -> Verdict {
    let mut verdict = Verdict { trusted: trusted(scene), ..Verdict::default() };
    let mut exclusive: BTreeSet<CellId> = BTreeSet::new();
    let mut touched: BTreeSet<CellId> = BTreeSet::new();
    for instr in &scene.program.code {
        verdict.needs += instr.requires.len();
        exclusive.extend(instr.effects.iter().filter(|e| e.exclusive).map(|e| e.cell));
        touched.extend(instr.effects.iter().map(|e| e.cell));
    }
    scene.plan.each_step(&mut |step| {
        if !matches!(step.act, Act::Assume { .. }) {
            verdict.steps += 1;
        }
        verdict.opaque.extend(step.flags.opaque.then(|| step.name.clone()));
        verdict.no_return.extend(step.flags.commits.then(|| step.name.clone()));
    });
    let name = |cell: &CellId| scene.cell(*cell).name.clone();
    if !verdict.trusted.fences.is_empty() {
        verdict.trusted.untaken = exclusive.iter().filter(|c| !is_configured(scene, **c)).map(name).collect();
    }
    verdict.exclusive = exclusive.iter().map(name).collect();
    let must_rest = |cell: &&CellId| scene.cell(**cell).rests != scene.cell(**cell).all();
    verdict.rests = touched.iter().filter(must_rest).map(name).collect();
    let mut said: HashSet<String> = HashSet::new();
    let goal = scene.plan.goal.iter().map(|(r, _)| scene.says(r.cell, r.allowed));
    verdict.goal = goal.filter(|says| said.insert(says.clone())).collect();
    verdict.conditions = scene.plan.atoms.iter().map(|a| a.name.clone()).collect();
    verdict
}

/// Whether the nodes that a thing was on take it again as they start, which the proof reckons with.
fn is_configured(scene: &Scene<'_>, cell: CellId) -> bool {
    scene.plan.cells.iter().any(|c| matches!(c.kind, CellKind::Configured { of, .. } if of == cell))
}

/// The clauses by which something is given, each once.
fn given(scene: &Scene<'_>) -> Vec<String> {
    let mut said: HashSet<String> = HashSet::new();
    let words = scene.plan.givens.iter().map(|(_, _, span)| scene.sources.text(*span).split_whitespace());
    let clauses = words.map(|w| w.collect::<Vec<_>>().join(" "));
    clauses.filter(|clause| said.insert(clause.clone())).collect()
}

fn trusted(scene: &Scene<'_>) -> Trusted {
    let mut trusted = Trusted { given: given(scene), ..Trusted::default() };
    for (at, instr) in scene.program.code.iter().enumerate() {
        let name = || String::from(scene.name(InstrId::at(at)));
        if !instr.fences.is_empty() {
            let facts = instr.fences.iter().map(|m| String::from(scene.machine(*m))).collect();
            trusted.fences.push(Word { of: name(), facts });
        }
        let facts = || facts(scene, &instr.effects);
        match &instr.op {
            Op::Ask { .. } if !instr.effects.is_empty() => trusted.attested.push(Word { of: name(), facts: facts() }),
            Op::Assume { why } => trusted.assumed.push(Word { of: why.clone(), facts: facts() }),
            Op::Run { verify, command, .. } => {
                trusted.verified.extend(verify.is_some().then(&name));
                let lasting = !instr.effects.is_empty() && instr.host.is_some();
                trusted.killed.extend((command.kill && lasting).then(&name));
                let asks = |m: &Meaning| matches!(m.verdict, calculus::Verdict::Ask(_));
                if !instr.effects.is_empty() && command.meanings.iter().any(asks) {
                    trusted.attested.push(Word { of: name(), facts: vec![String::from("it has worked")] });
                }
            }
            _ => {}
        }
    }
    let probes = scene.plan.atoms.iter().filter(|a| a.source == AtomSource::Probe && !a.yes_means.is_empty());
    trusted.probes.extend(probes.map(|a| Word {
        of: a.name.clone(),
        facts: a.yes_means.iter().map(|r| scene.says(r.cell, r.allowed)).collect(),
    }));
    trusted
}

/// What is stated by effects, without what only follows from it.
fn facts(scene: &Scene<'_>, effects: &[Effect]) -> Vec<String> {
    let down = |machine: MachineId| {
        let power = scene.plan.machines.get(machine.index()).and_then(|m| m.power);
        effects.iter().any(|e| Some(e.cell) == power && e.change == Change::Set(1))
    };
    let stated = |e: &&Effect| match scene.cell(e.cell).kind {
        CellKind::Configured { .. } => false,
        CellKind::Shared { machine } => !(scene.cell(e.cell).volatile && down(machine)),
        _ => true,
    };
    let said = effects.iter().filter(stated).filter_map(|e| match e.change {
        Change::Set(value) => Some(scene.says(e.cell, 1 << (value & 63))),
        Change::Move { .. } => None,
    });
    said.collect()
}
