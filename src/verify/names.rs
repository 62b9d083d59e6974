//! Names and texts: none is too long to be said, none has a NUL, and what people type is the name of one thing only.

use crate::base::limits;
use crate::bytecode::{Op, Program};
use crate::calculus::{AtomSource, Reach, SecretSource};
use crate::verify::finding::Findings;
use std::collections::HashSet;

pub(super) fn check(p: &Program, found: &mut Findings) {
    if let Some(name) = names(p).find(|n| n.len() > limits::NAME_BYTES) {
        let start: String = name.chars().take(40).collect();
        return found.table(format!("the name `{start}…` is longer than {} bytes", limits::NAME_BYTES));
    }
    if p.strings().iter().any(|text| text.contains('\0')) {
        found.table("a text contains a NUL character");
    }
    if p.plan.is_empty() {
        found.table("the plan has no name");
    }
    let decisions = p.atoms.iter().filter(|a| a.source == AtomSource::Decision);
    unique("instruction", p.code.iter().map(|i| &i.name), found);
    unique("machine", p.machines.iter().map(|m| &m.name), found);
    unique("decision", decisions.map(|a| &a.name), found);
}

/// Everything that a finding may mention.
fn names(p: &Program) -> impl Iterator<Item = &String> {
    let machines = p.machines.iter().flat_map(|m| match &m.reach {
        Reach::Ssh { host, user } => [Some(&m.name), Some(host), Some(user)],
        Reach::Local | Reach::Exec { .. } => [Some(&m.name), None, None],
    });
    let secrets = p.secrets.iter().flat_map(|s| match &s.source {
        SecretSource::Env(text) | SecretSource::File(text) => [&s.name, text],
    });
    let answers = p.code.iter().flat_map(|i| match &i.op {
        Op::Ask { answers, .. } => answers.as_slice(),
        _ => &[],
    });
    let variables = p.code.iter().filter_map(|i| i.op.command()).flat_map(|c| &c.env);
    std::iter::once(&p.plan)
        .chain(machines.flatten())
        .chain(p.cells.iter().flat_map(|c| std::iter::once(&c.name).chain(&c.values)))
        .chain(p.atoms.iter().flat_map(|a| std::iter::once(&a.name).chain(&a.options)))
        .chain(p.values.iter().map(|v| &v.name))
        .chain(secrets)
        .chain(&p.locks)
        .chain(p.code.iter().map(|i| &i.name))
        .chain(answers.map(|a| &a.name))
        .chain(variables.map(|v| &v.name))
}

fn unique<'p>(what: &str, names: impl Iterator<Item = &'p String>, found: &mut Findings) {
    let mut known = HashSet::new();
    for (i, name) in names.enumerate() {
        if name.is_empty() {
            found.table(format!("{what} {i} has no name"));
        } else if !known.insert(name) {
            found.table(format!("two things are called {what} `{name}`"));
        }
    }
}
