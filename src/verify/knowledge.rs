//! Knowledge: whatever a condition asks about and whatever a text has a hole for is known by then, in every interleaving.
//!
//! * `OK` asks about an instruction that is ordered before the one that has the condition.
//! * An atom that a `PROBE` or `ASK` answers: no other answers it, and it is ordered before each condition that asks
//!   about it. So a condition means the same wherever it stands.
//! * A captured value: the instruction that captures it is ordered before each that uses it, and the guard of the user
//!   asks whether it succeeded.
//! * A picked value: its conditions, as above.
//!
//! Conditions are shared, so what was found out about one is remembered: if it is known at an instruction, it is known
//! at all that are ordered after that one.

use crate::bytecode::{Guard, GuardId, Instr, InstrId, Op, Program};
use crate::calculus::{AtomId, AtomSource, ValueId, ValueSource};
use crate::verify::finding::Findings;
use crate::verify::reach::Reach;
use std::collections::HashMap;

pub(super) fn check(p: &Program, reach: &Reach<'_>, found: &mut Findings) {
    captures(p, found);
    let answering = answering(p, found);
    let mut knowledge = Knowledge { p, reach, answering, known: vec![None; p.guards.len()] };
    for (i, instr) in p.code.iter().enumerate() {
        found.check_at(instr, knowledge.instr(InstrId::at(i), instr));
    }
}

/// A value is captured by the instruction that its table entry names, and by no other.
fn captures(p: &Program, found: &mut Findings) {
    let mut times: HashMap<ValueId, usize> = HashMap::new();
    for (i, instr) in p.code.iter().enumerate() {
        let by = ValueSource::Captured { by: InstrId::at(i) };
        for capture in instr.op.command().into_iter().flat_map(|c| &c.captures) {
            if p.values.get(capture.value.index()).is_some_and(|v| v.source == by) {
                *times.entry(capture.value).or_default() += 1;
            } else {
                found.at(instr, format!("it captures value {}, which is not for it to capture", capture.value.0));
            }
        }
    }
    for (i, value) in p.values.iter().enumerate() {
        let captured = matches!(value.source, ValueSource::Captured { .. });
        if captured && times.get(&ValueId::at(i)) != Some(&1) {
            found.table(format!("the value `{}` is not captured once", value.name));
        }
    }
}

/// The instruction that answers each atom.
fn answering(p: &Program, found: &mut Findings) -> HashMap<AtomId, InstrId> {
    let mut by: HashMap<AtomId, InstrId> = HashMap::new();
    for (i, instr) in p.code.iter().enumerate() {
        if let Op::Probe { atom, .. } | Op::Ask { atom: Some(atom), .. } = instr.op {
            let first = *by.entry(atom).or_insert(InstrId::at(i));
            if first != InstrId::at(i) {
                found.at(instr, format!("it answers `{}`, which is answered before", atom_name(p, atom)));
            }
        }
    }
    by
}

fn atom_name(p: &Program, id: AtomId) -> &str {
    p.atoms.get(id.index()).map_or("", |a| &a.name)
}

struct Knowledge<'p, 'r> {
    p: &'p Program,
    reach: &'r Reach<'p>,
    answering: HashMap<AtomId, InstrId>,
    /// Where each guard was last found to be known.
    known: Vec<Option<InstrId>>,
}

impl Knowledge<'_, '_> {
    fn instr(&mut self, here: InstrId, instr: &Instr) -> Result<(), String> {
        self.guard(here, instr.guard)?;
        let mut values: Vec<ValueId> = instr.op.templates().flat_map(|t| t.values()).collect();
        values.sort_unstable();
        values.dedup();
        values.into_iter().try_for_each(|value| self.value(here, instr, value))
    }

    fn value(&mut self, here: InstrId, instr: &Instr, id: ValueId) -> Result<(), String> {
        let p = self.p;
        let Some(value) = p.values.get(id.index()) else { return Ok(()) };
        match &value.source {
            ValueSource::Captured { by } if !self.reach.ordered(*by, here) => {
                Err(format!("it uses `{}`, which is not captured before", value.name))
            }
            ValueSource::Captured { by } if !self.implies_ok(instr.guard, *by) => {
                Err(format!("it uses `{}`, but runs also if that is not captured", value.name))
            }
            ValueSource::Captured { .. } => Ok(()),
            ValueSource::Picked { cases, .. } => cases.iter().try_for_each(|(guard, _)| self.guard(here, *guard)),
        }
    }

    /// Everything that a guard asks about is known here.
    fn guard(&mut self, here: InstrId, guard: GuardId) -> Result<(), String> {
        let p = self.p;
        let mut open = vec![guard];
        while let (Some(id), false) = (open.pop(), self.reach.gave_up()) {
            self.reach.pay(1);
            let at = id.index();
            let known = self.known.get(at).copied().flatten();
            if known.is_some_and(|k| k == here || self.reach.ordered(k, here)) {
                continue;
            }
            match p.guards.get(at) {
                Some(Guard::Ok(i)) if !self.reach.ordered(*i, here) => {
                    let name = p.code.get(i.index()).map_or("", |i| &i.name);
                    return Err(format!("its condition asks about `{name}`, which is not ordered before it"));
                }
                Some(Guard::Is { atom, .. }) => self.answered(here, *atom)?,
                Some(other) => open.extend(other.parts()),
                None => {}
            }
            // Noted before its parts are looked at: if one of them is not known, that is a finding anyway.
            self.known.get_mut(at).into_iter().for_each(|k| *k = Some(here));
        }
        Ok(())
    }

    fn answered(&self, here: InstrId, atom: AtomId) -> Result<(), String> {
        if self.p.atoms.get(atom.index()).is_some_and(|a| a.source == AtomSource::Decision) {
            return Ok(());
        }
        if self.answering.get(&atom).is_some_and(|&by| by != here && self.reach.ordered(by, here)) {
            return Ok(());
        }
        Err(format!("its condition asks about `{}`, which is not answered before it", atom_name(self.p, atom)))
    }

    /// Whether a guard is false unless the instruction succeeded: it is `OK` of it, or all of several that have it.
    fn implies_ok(&self, guard: GuardId, by: InstrId) -> bool {
        let mut open = vec![guard];
        let mut met = std::collections::HashSet::new();
        while let Some(id) = open.pop() {
            self.reach.pay(1);
            if self.reach.gave_up() {
                return true;
            }
            match self.p.guards.get(id.index()) {
                Some(Guard::Ok(i)) if *i == by => return true,
                Some(Guard::Never) => return true,
                Some(Guard::All(parts)) => open.extend(parts.iter().filter(|part| met.insert(**part))),
                _ => {}
            }
        }
        false
    }
}
