//! What an item touches and mentions, as far as its place among its siblings depends on it.

use crate::base::Span;
use crate::calculus::{CellId, Change, EnvValue, MachineId, Requirement, Template, ValueId, ValueSource, Verdict};
use crate::model::{Act, After, Condition, Guard, Item, Key, Step};
use crate::order::dag::{Keeper, Kind, Reason};
use crate::order::outline::Outline;
use std::collections::BTreeMap;

/// How a cell is touched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mode {
    /// Its value is required.
    Read,
    /// It gets this value, whatever it was: commutes with itself.
    Set(u8),
    /// It is changed, or read and changed.
    Write,
}

/// A cell is touched.
#[derive(Clone, Copy, Debug)]
pub(super) struct Access {
    pub(super) mode: Mode,
    /// The clause.
    pub(super) span: Span,
    /// Not a clause, but a fence of this machine, whose abandoned commands may still change the cell.
    pub(super) fence: Option<MachineId>,
}

/// An earlier item is mentioned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reference {
    /// Position from which it is mentioned.
    pub(super) from: usize,
    /// Position of what is mentioned.
    pub(super) target: usize,
    pub(super) kind: Kind,
    pub(super) reason: Reason,
}

/// What the place of an item among its siblings depends on.
#[derive(Clone, Debug, Default)]
pub(super) struct Unit {
    pub(super) machines: Vec<MachineId>,
    pub(super) accesses: BTreeMap<CellId, Access>,
    pub(super) references: Vec<Reference>,
    /// It keeps its place against everything.
    pub(super) keeper: Option<Keeper>,
    /// It is on the operator's lane.
    pub(super) operator: bool,
}

impl Unit {
    /// A single item: of a block only what stands at its head, for it is a barrier anyway.
    pub(super) fn of(outline: &Outline<'_>, at: usize) -> Unit {
        match outline.spot(at).map(|s| s.item) {
            Some(Item::Step(step)) => Unit::step(outline, step, at),
            item => {
                let references = references(outline, at);
                let mut unit = Unit { keeper: Some(Keeper::Block), references, ..Unit::default() };
                if let Some(Item::Region(region)) = item {
                    unit.read(&region.requires);
                }
                unit
            }
        }
    }

    /// An item with everything in it, seen from outside. What the members of a group mention, the group mentions.
    pub(super) fn whole(outline: &Outline<'_>, at: usize) -> Unit {
        let Some(spot) = outline.spot(at) else { return Unit::default() };
        let mut all = Unit::default();
        for inner in at..spot.end {
            let unit = Unit::of(outline, inner);
            all.machines.extend(unit.machines);
            for (cell, access) in unit.accesses {
                all.touch(cell, access);
            }
            all.references.extend(unit.references.into_iter().filter(|r| r.target < at));
        }
        if let Item::Group(_) = spot.item {
            let members = all.references.iter_mut().filter(|r| outline.lift(r.from, at + 1) == r.from);
            members.for_each(|r| r.from = at);
        }
        all.machines.sort_unstable();
        all.machines.dedup();
        all
    }

    fn step(outline: &Outline<'_>, step: &Step, at: usize) -> Unit {
        let mut unit = Unit {
            machines: step.host.into_iter().collect(),
            references: references(outline, at),
            keeper: keeper(step),
            operator: matches!(step.act, Act::Ask { .. } | Act::Tell { .. }),
            ..Unit::default()
        };
        for &(effect, span) in &step.effects {
            let mode = match effect.change {
                Change::Set(value) if !effect.exclusive => Mode::Set(value),
                _ => Mode::Write,
            };
            unit.touch(effect.cell, Access { mode, span, fence: None });
        }
        unit.read(&step.requires);
        if let Act::Probe { atom, .. } = step.act {
            let proven = outline.plan.atoms.get(atom.index()).map_or(&[][..], |a| &a.yes_means);
            for fact in proven {
                unit.touch(fact.cell, Access { mode: Mode::Read, span: step.span, fence: None });
            }
        }
        for &machine in &step.fences {
            for cell in outline.lingering(machine) {
                unit.touch(cell, Access { mode: Mode::Write, span: step.span, fence: Some(machine) });
            }
        }
        unit
    }

    fn read(&mut self, requires: &[(Requirement, Span)]) {
        for &(requirement, span) in requires {
            self.touch(requirement.cell, Access { mode: Mode::Read, span, fence: None });
        }
    }

    /// Adds an access; two different ones to a cell make a write, under the clause that writes.
    fn touch(&mut self, cell: CellId, access: Access) {
        let Some(known) = self.accesses.get_mut(&cell) else {
            self.accesses.insert(cell, access);
            return;
        };
        if known.mode != access.mode {
            if known.mode == Mode::Read {
                *known = access;
            }
            known.mode = Mode::Write;
        }
    }
}

/// Why a step keeps its place against everything, if it does. An `ask`, a `wait` and a delay are gates: nobody expects
/// what stands after one in the text to begin before it has ended.
fn keeper(step: &Step) -> Option<Keeper> {
    match step.act {
        Act::Ask { .. } => Some(Keeper::Ask),
        Act::Wait { .. } => Some(Keeper::Wait),
        Act::Delay { .. } => Some(Keeper::Delay),
        _ if step.flags.opaque => Some(Keeper::Opaque),
        _ => None,
    }
}

/// What the item at a position mentions itself, in conditions, `after` and values, if that has ended before it in the
/// text: the resolver lets nothing else pass but a block's own name in its `finally`, which follows the block anyway.
fn references(outline: &Outline<'_>, at: usize) -> Vec<Reference> {
    let mut found = Found { outline, list: Vec::new() };
    match outline.spot(at).map(|s| s.item) {
        Some(Item::Step(step)) => {
            found.head(at, &step.conditions, &step.after);
            for value in values(&step.act) {
                found.value(at, value);
            }
        }
        Some(Item::Region(region)) => {
            found.head(at, &region.conditions, &region.after);
            let mut from = at + 1;
            for rung in &region.rungs {
                found.head(from, &rung.conditions, &[]);
                from = rung.items.last().and_then(|i| outline.position(i.key())).map_or(from, |last| outline.end(last));
            }
        }
        Some(Item::Group(_)) | None => {}
    }
    found.list.retain(|r| outline.end(r.target) <= r.from);
    found.list
}

struct Found<'a, 'p> {
    outline: &'a Outline<'p>,
    list: Vec<Reference>,
}

impl Found<'_, '_> {
    fn head(&mut self, from: usize, conditions: &[Condition], after: &[After]) {
        for condition in conditions {
            self.guard(from, &condition.guard, Reason::Condition(condition.span));
        }
        for clause in after {
            let kind = if clause.finished { Kind::Waits } else { Kind::Needs };
            self.item(from, clause.item, kind, Reason::After(clause.span));
        }
    }

    fn item(&mut self, from: usize, key: Key, kind: Kind, reason: Reason) {
        if let Some(target) = self.outline.position(key) {
            self.list.push(Reference { from, target, kind, reason });
        }
    }

    fn guard(&mut self, from: usize, guard: &Guard, reason: Reason) {
        match guard {
            Guard::Always | Guard::Never => {}
            Guard::Is(atom, _) => {
                let readers = self.outline.readers(*atom);
                self.list.extend(readers.iter().map(|&target| Reference { from, target, kind: Kind::Needs, reason }));
            }
            Guard::Succeeded(key) => self.item(from, *key, Kind::Needs, reason),
            Guard::Not(inner) => self.guard(from, inner, reason),
            Guard::All(parts) | Guard::Any(parts) | Guard::AtMost(_, parts) => {
                parts.iter().for_each(|p| self.guard(from, p, reason));
            }
        }
    }

    fn value(&mut self, from: usize, value: ValueId) {
        match self.outline.plan.values.get(value.index()).map(|v| &v.source) {
            Some(ValueSource::Captured { by }) => self.item(from, *by, Kind::Needs, Reason::Value(value)),
            Some(ValueSource::Picked { cases, .. }) => {
                cases.iter().for_each(|(guard, _)| self.guard(from, guard, Reason::Value(value)));
            }
            None => {}
        }
    }
}

/// The values that a step uses, ascending.
pub(super) fn values(act: &Act) -> Vec<ValueId> {
    let mut found: Vec<ValueId> = templates(act).into_iter().flat_map(Template::values).collect();
    found.sort_unstable();
    found.dedup();
    found
}

fn templates(act: &Act) -> Vec<&Template> {
    let mut found = Vec::new();
    if let Some(command) = act.command() {
        found.push(&command.script);
        found.extend(command.env.iter().filter_map(|v| match &v.value {
            EnvValue::Plain(text) => Some(text),
            EnvValue::Secret(_) => None,
        }));
        found.extend(command.meanings.iter().filter_map(|m| match &m.verdict {
            Verdict::Ask(question) => Some(question),
            _ => None,
        }));
    }
    match act {
        Act::Run { verify: Some(text), .. } | Act::Ask { question: text, .. } | Act::Tell { text } => found.push(text),
        _ => {}
    }
    found
}
