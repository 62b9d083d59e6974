//! The tables: limits are kept, domains are small and well named, everything referred to is there.

use crate::base::limits;
use crate::bytecode::{Guard, Program};
use crate::calculus::{Atom, AtomSource, Cell, CellId, CellKind, Machine, MachineId, Reach, SecretSource, ValueSource};
use crate::verify::commands::variable_name;
use crate::verify::finding::Findings;
use crate::verify::refer::{Refer, mask};
use std::collections::HashSet;

pub(super) fn check(p: &Program, found: &mut Findings) {
    sizes(p.code.len(), p.code.iter().map(|i| i.needs.len() + i.waits.len()).sum(), found);
    plan(p, found);
    let refer = Refer(p);
    for (i, m) in p.machines.iter().enumerate() {
        found.check(|| format!("machine `{}`", m.name), machine(refer, MachineId::at(i), m));
    }
    for (i, c) in p.cells.iter().enumerate() {
        found.check(|| format!("cell `{}`", c.name), cell(refer, CellId::at(i), c));
    }
    for a in &p.atoms {
        found.check(|| format!("atom `{}`", a.name), atom(refer, a));
    }
    guards(p, found);
    values(p, found);
    for s in &p.secrets {
        let fits = match &s.source {
            SecretSource::Env(name) => variable_name(name),
            SecretSource::File(path) if path.is_empty() => Err(String::from("its file has no name")),
            SecretSource::File(_) => Ok(()),
        };
        found.check(|| format!("secret `{}`", s.name), fits);
    }
}

/// The size of a program, against the largest.
fn sizes(instructions: usize, edges: usize, found: &mut Findings) {
    for (what, count, limit) in [("instructions", instructions, limits::INSTRUCTIONS), ("edges", edges, limits::EDGES)]
    {
        if count > limit {
            found.table(format!("{count} {what} are more than {limit}"));
        }
    }
}

fn plan(p: &Program, found: &mut Findings) {
    let refer = Refer(p);
    for &goal in &p.goal {
        found.check(|| "goal".into(), refer.requirement(goal));
    }
    for (cell, _) in &p.accepted {
        found.check(|| "accepted loss".into(), refer.cell(*cell).map(|_| ()));
    }
    for hold in &p.holds {
        found.check(|| "hold".into(), hold.machine.iter().try_for_each(|&m| refer.machine(m).map(|_| ())));
        found.check(|| "hold".into(), hold.cells.iter().try_for_each(|&c| refer.cell(c).map(|_| ())));
    }
    if !p.locks.is_sorted_by(|a, b| a < b) || p.locks.first().is_some_and(String::is_empty) {
        found.table("the names of the locks are not ascending");
    }
    if p.rto_ms.is_some_and(|ms| ms > limits::TIME_MS) {
        found.table("the promised time is longer than 30 days");
    }
}

fn machine(refer: Refer<'_>, id: MachineId, m: &Machine) -> Result<(), String> {
    match &m.reach {
        Reach::Local => {}
        Reach::Exec { prefix } => {
            if prefix.first().is_none_or(String::is_empty) {
                return Err(String::from("the command to get there is empty"));
            }
        }
        Reach::Ssh { host, user } => {
            if host.is_empty() || [host, user].iter().any(|word| word.starts_with('-')) {
                return Err(format!("ssh cannot be given the host `{host}` and the user `{user}`"));
            }
        }
    }
    let Some(power) = m.power else { return Ok(()) };
    match refer.cell(power)?.kind {
        CellKind::Power { machine } if machine == id => Ok(()),
        _ => Err(String::from("its power is not a cell of its own")),
    }
}

fn cell(refer: Refer<'_>, id: CellId, c: &Cell) -> Result<(), String> {
    domain(&c.values, 1)?;
    mask(c, c.rests).map_err(|e| format!("the values to rest in are {e}"))?;
    mask(c, c.initial).map_err(|e| format!("the values to start in are {e}"))?;
    match &c.kind {
        CellKind::State => Ok(()),
        CellKind::Place { holders } => {
            if holders.len() != c.values.len() || holders.first() != Some(&None) {
                return Err(String::from("its holders are not nobody and then one for each other value"));
            }
            holders.iter().flatten().try_for_each(|&m| refer.machine(m).map(|_| ()))
        }
        CellKind::Shared { machine } => {
            refer.machine(*machine)?;
            two(&c.values)
        }
        CellKind::Power { machine } => {
            two(&c.values)?;
            match refer.machine(*machine)?.power {
                Some(power) if power == id => Ok(()),
                _ => Err(String::from("it is not the power of its machine")),
            }
        }
        CellKind::Configured { machine, of } => {
            two(&c.values)?;
            match &refer.cell(*of)?.kind {
                CellKind::Place { holders } if holders.contains(&Some(*machine)) => Ok(()),
                _ => Err(String::from("its machine can never take what it is about")),
            }
        }
    }
}

fn atom(refer: Refer<'_>, a: &Atom) -> Result<(), String> {
    domain(&a.options, 2)?;
    if a.source == AtomSource::Probe {
        two(&a.options)?;
    } else if !a.yes_means.is_empty() {
        return Err(String::from("only the yes of a probe means something"));
    }
    a.yes_means.iter().try_for_each(|&r| refer.requirement(r))
}

fn domain(names: &[String], least: usize) -> Result<(), String> {
    if !(least..=limits::DOMAIN).contains(&names.len()) {
        return Err(format!("{} values are not {least} to {}", names.len(), limits::DOMAIN));
    }
    let mut known = HashSet::new();
    match names.iter().find(|n| n.is_empty() || !known.insert(*n)) {
        Some(name) => Err(format!("the value `{name}` has no name of its own")),
        None => Ok(()),
    }
}

fn two(names: &[String]) -> Result<(), String> {
    if names.len() == 2 { Ok(()) } else { Err(format!("it has {} values instead of two", names.len())) }
}

/// The first guard is true, and each is made of earlier ones.
fn guards(p: &Program, found: &mut Findings) {
    if p.guards.first() != Some(&Guard::Always) {
        found.table("the first guard is not the one that is always true");
    }
    let refer = Refer(p);
    for (i, guard) in p.guards.iter().enumerate() {
        let fits = match guard {
            Guard::Always | Guard::Never => Ok(()),
            Guard::Is { atom, option } => refer.atom(*atom).and_then(|a| match a.options.get(usize::from(*option)) {
                Some(_) => Ok(()),
                None => Err(format!("`{}` has no answer {option}", a.name)),
            }),
            Guard::Ok(id) => refer.instr(*id).map(|_| ()),
            Guard::Not(_) | Guard::All(_) | Guard::Any(_) | Guard::AtMost { .. } => {
                match guard.parts().iter().find(|g| g.index() >= i) {
                    Some(part) => Err(format!("it is made of guard {}, which is not an earlier one", part.0)),
                    None => Ok(()),
                }
            }
        };
        found.check(|| format!("guard {i}"), fits);
    }
}

fn values(p: &Program, found: &mut Findings) {
    let refer = Refer(p);
    for value in &p.values {
        let fits = match &value.source {
            ValueSource::Captured { by } => refer.instr(*by).map(|_| ()),
            ValueSource::Picked { cases, .. } => cases.iter().try_for_each(|(g, _)| refer.guard(*g).map(|_| ())),
        };
        found.check(|| format!("value `{}`", value.name), fits);
    }
}

#[cfg(test)]
mod tests {
    use super::sizes;
    use crate::base::limits;
    use crate::verify::finding::Findings;

    #[test]
    fn a_program_beyond_the_limits_is_refused() {
        let refused = |instructions, edges| {
            Findings::default().stage(|found| sizes(instructions, edges, found)).map_err(|all| all[0].to_string())
        };
        assert_eq!(refused(limits::INSTRUCTIONS, limits::EDGES), Ok(()));
        assert_eq!(refused(limits::INSTRUCTIONS + 1, 0).unwrap_err(), "1048577 instructions are more than 1048576");
        assert_eq!(refused(1, limits::EDGES + 1).unwrap_err(), "16777217 edges are more than 16777216");
    }
}
