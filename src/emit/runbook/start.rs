//! What has to be so, known or at hand before a plan starts; its goal; what remains afterwards.

use crate::calculus::{AtomId, AtomSource, Change, Reach, Requirement, SecretSource};
use crate::emit::runbook::deed::{bare, typed};
use crate::emit::runbook::model::{Choice, Goal, MachineOut, Start, Switch};
use crate::emit::words::Words;
use crate::model::{Act, Plan, Step};
use crate::order::Circuit;
use crate::run::word;
use crate::verdict::Verdict;
use std::collections::BTreeSet;

/// What has to be so or at hand.
pub(super) fn start(words: &Words<'_>, verdict: &Verdict) -> Start {
    let plan = words.outline.plan;
    let mut roles: BTreeSet<&str> = BTreeSet::new();
    plan.each_step(&mut |step| {
        if let Act::Ask { gate, .. } = &step.act {
            roles.extend(gate.role.as_deref());
        }
    });
    Start {
        given: given(words),
        follows: verdict.follows.clone().unwrap_or_default(),
        locks: plan.locks.clone(),
        machines: machines(plan),
        secrets: secrets(plan),
        roles: roles.into_iter().map(String::from).collect(),
    }
}

/// What is given, each once; what may be either way is not.
fn given(words: &Words<'_>) -> Vec<String> {
    let plan = words.outline.plan;
    let mut all: Vec<String> = Vec::new();
    for (cell, allowed, _) in &plan.givens {
        let open = plan.cells.get(cell.index()).is_none_or(|c| c.all() & !allowed == 0);
        let text = words.requirement(&Requirement { cell: *cell, allowed: *allowed });
        if !open && !all.contains(&text) {
            all.push(text);
        }
    }
    all
}

/// The machines on which something is done, and how commands get there.
fn machines(plan: &Plan) -> Vec<MachineOut> {
    let mut used: BTreeSet<usize> = plan.probes.iter().filter_map(|p| p.host).map(|m| m.index()).collect();
    plan.each_step(&mut |step| used.extend(step.host.map(|m| m.index())));
    let used = plan.machines.iter().enumerate().filter(|(index, _)| used.contains(index));
    let way = |reach: &Reach| match reach {
        Reach::Local => String::from("this machine"),
        Reach::Exec { prefix } => prefix.iter().map(|w| word(w)).collect::<Vec<_>>().join(" "),
        Reach::Ssh { host, user } if user.is_empty() => format!("ssh {host}"),
        Reach::Ssh { host, user } => format!("ssh {user}@{host}"),
    };
    used.map(|(_, m)| MachineOut { name: m.name.clone(), site: m.site.clone().unwrap_or_default(), way: way(&m.reach) })
        .collect()
}

fn secrets(plan: &Plan) -> Vec<String> {
    let found = |source: &SecretSource| match source {
        SecretSource::Env(name) => format!("the variable {name}"),
        SecretSource::File(path) => format!("the first line of {path}"),
    };
    plan.secrets.iter().map(|s| format!("{}: {}", s.name, found(&s.source))).collect()
}

/// The conditions, with the wires of their answers.
pub(super) fn switches(words: &Words<'_>, circuit: &Circuit) -> Vec<Switch> {
    let plan = words.outline.plan;
    let switch = |(index, wires)| {
        let id = AtomId::at(index);
        let atom = plan.atoms.get(index)?;
        let probe = plan.probes.iter().find(|p| p.atom == id);
        let known = words.skipped.decision(id).map(usize::from);
        let options = atom.options.iter().zip::<&Vec<_>>(wires).enumerate();
        Some(Switch {
            name: atom.name.clone(),
            // That of a decision only repeats its name and its answers.
            question: if atom.source == AtomSource::Decision { String::new() } else { atom.question.clone() },
            by: match (atom.source, probe) {
                (AtomSource::Decision, _) => String::from("decided before it starts"),
                (AtomSource::Answer, _) => String::from("asked on the way"),
                (AtomSource::Probe, Some(p)) if p.at_start => String::from("read before the first step"),
                (AtomSource::Probe, _) => String::from("read on the way"),
            },
            deeds: probe.map(|p| typed(words, p.host, &p.command)).into_iter().collect(),
            options: options
                .map(|(o, (name, wire))| Choice { name: name.clone(), wire: *wire, chosen: known == Some(o) })
                .collect(),
            open: known.is_none(),
        })
    };
    circuit.answers.iter().enumerate().filter_map(switch).collect()
}

/// The goal, each part once, with the commands that read it back.
pub(super) fn goal(words: &Words<'_>) -> Vec<Goal> {
    let plan = words.outline.plan;
    let mut goals: Vec<Goal> = Vec::new();
    for (requirement, _) in &plan.goal {
        let text = words.requirement(requirement);
        if goals.iter().any(|g| g.text == text) {
            continue;
        }
        let mut checks = Vec::new();
        plan.each_step(&mut |step: &Step| {
            let sets = |change| matches!(change, Change::Set(value) if requirement.allowed & (1 << (value & 63)) != 0);
            let brings = step.effects.iter().any(|(e, _)| e.cell == requirement.cell && sets(e.change));
            if let (true, Act::Run { verify: Some(verify), .. }) = (brings, &step.act) {
                let check = bare(words, step.host, verify);
                if !checks.contains(&check) {
                    checks.push(check);
                }
            }
        });
        goals.push(Goal { text, checks });
    }
    goals
}

/// What remains to be minded afterwards, and what no longer has to be.
pub(super) fn afterwards(words: &Words<'_>) -> Vec<String> {
    let plan = words.outline.plan;
    let holds = plan.holds.iter().map(|hold| {
        let machine = hold.machine.map(|m| words.machine(m));
        let about: Vec<&str> = machine.into_iter().chain(hold.cells.iter().map(|c| words.cell(*c))).collect();
        if about.is_empty() { hold.text.clone() } else { format!("{} ({})", hold.text, about.join(", ")) }
    });
    let ends: BTreeSet<&str> = plan.ends.iter().map(|(name, _)| name.as_str()).collect();
    let ends = ends.into_iter().map(|name| format!("what earlier plans have left to be minded about {name} is over"));
    holds.chain(ends).collect()
}

/// The losses that are accepted, each once.
pub(super) fn accepted(words: &Words<'_>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for (cell, why, _) in &words.outline.plan.accepted {
        let text = format!("loss of {}: {why}", words.cell(*cell));
        if !all.contains(&text) {
            all.push(text);
        }
    }
    all
}
