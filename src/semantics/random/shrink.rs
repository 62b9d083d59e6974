//! Makes a plan that shows something smaller, by deleting from it whatever it shows that without.

use super::compile;
use crate::calculus::{AtomId, AtomSource, Flags, Template};
use crate::model::{Act, Condition, Guard, Item, Key, Plan, Step};
use crate::verify::Verified;
use std::collections::BTreeSet;

/// The smallest program found for which `shows` still holds.
pub(crate) fn shrink(plan: &Plan, shows: impl Fn(&Verified) -> bool) -> Verified {
    let mut plan = plan.clone();
    while let Some(smaller) = smaller(&plan).into_iter().find(|p| compile(p).is_ok_and(|program| shows(&program))) {
        plan = smaller;
    }
    compile(&plan).expect("the plan that is given is accepted")
}

/// Plans with a little less, those with much less first.
fn smaller(plan: &Plan) -> Vec<Plan> {
    let mut found = Vec::new();
    let mut with = |edit: &mut dyn FnMut(&mut Plan) -> bool| {
        let mut copy = plan.clone();
        if edit(&mut copy) {
            mend(&mut copy);
            found.push(copy);
        }
    };
    for n in 0..count(&plan.body) {
        with(&mut |p| edit_item(&mut p.body, &mut n.clone(), &mut |items, i| drop(items.remove(i))));
    }
    for n in 0..count(&plan.body) {
        // A block or group becomes what is in it.
        with(&mut |p| edit_item(&mut p.body, &mut n.clone(), &mut unwrap));
        for part in 0..5 {
            with(&mut |p| edit_item(&mut p.body, &mut n.clone(), &mut |items, i| less(&mut items[i], part)));
        }
    }
    for n in 0..plan.goal.len() {
        with(&mut |p| {
            p.goal.len() > n && {
                p.goal.remove(n);
                true
            }
        });
    }
    with(&mut |p| {
        !p.values.is_empty() && {
            without_values(p);
            true
        }
    });
    with(&mut |p| !std::mem::take(&mut p.holds).is_empty());
    with(&mut |p| !std::mem::take(&mut p.probes).is_empty());
    for (n, atom) in plan.atoms.iter().enumerate() {
        for fact in 0..atom.yes_means.len() {
            with(&mut |p| {
                p.atoms[n].yes_means.remove(fact);
                true
            });
        }
    }
    let mut steps = 0;
    plan.each_step(&mut |_| steps += 1);
    for n in 0..steps {
        for edit in 0..STEP_EDITS {
            with(&mut |p| edit_step(&mut p.body, &mut n.clone(), edit));
        }
    }
    for (n, cell) in plan.cells.iter().enumerate() {
        for value in (0..64).filter(|v| cell.initial.count_ones() > 1 && cell.initial >> v & 1 == 1) {
            with(&mut |p| {
                p.cells[n].initial = 1 << value;
                true
            });
        }
        with(&mut |p| {
            let all = p.cells[n].all();
            std::mem::replace(&mut p.cells[n].rests, all) != all
        });
    }
    found
}

fn count(items: &[Item]) -> usize {
    let inner = |item: &Item| match item {
        Item::Step(_) => 0,
        Item::Group(group) => count(&group.items),
        Item::Region(region) => region.rungs.iter().map(|r| count(&r.items)).sum::<usize>() + count(&region.finally),
    };
    items.iter().map(|item| 1 + inner(item)).sum()
}

/// Edits the `n`th item in written order, in the list that it stands in.
fn edit_item(items: &mut Vec<Item>, n: &mut usize, edit: &mut dyn FnMut(&mut Vec<Item>, usize)) -> bool {
    for i in 0..items.len() {
        if *n == 0 {
            let before = format!("{items:?}");
            edit(items, i);
            return format!("{items:?}") != before;
        }
        *n -= 1;
        let found = match &mut items[i] {
            Item::Step(_) => false,
            Item::Group(group) => edit_item(&mut group.items, n, edit),
            Item::Region(region) => {
                region.rungs.iter_mut().any(|r| edit_item(&mut r.items, n, edit))
                    || edit_item(&mut region.finally, n, edit)
            }
        };
        if found {
            return true;
        }
    }
    false
}

fn unwrap(items: &mut Vec<Item>, i: usize) {
    let inner: Vec<Item> = match &mut items[i] {
        Item::Step(_) => return,
        Item::Group(group) => std::mem::take(&mut group.items),
        Item::Region(region) => {
            let tried = region.rungs.iter_mut().flat_map(|r| std::mem::take(&mut r.items));
            tried.collect::<Vec<_>>().into_iter().chain(std::mem::take(&mut region.finally)).collect()
        }
    };
    items.splice(i..=i, inner);
}

/// A block with one thing less.
fn less(item: &mut Item, part: usize) {
    let Item::Region(region) = item else { return };
    match part {
        0 => region.finally.clear(),
        1 => region.conditions.clear(),
        2 => region.after.clear(),
        3 => region.requires.clear(),
        _ => region.rungs.iter_mut().for_each(|r| r.conditions.clear()),
    }
}

const STEP_EDITS: usize = 14;

/// Takes something from the `n`th step.
fn edit_step(items: &mut [Item], n: &mut usize, edit: usize) -> bool {
    items.iter_mut().any(|item| match item {
        Item::Step(step) => {
            *n = n.wrapping_sub(1);
            *n == usize::MAX && take_away(step, edit)
        }
        Item::Group(group) => edit_step(&mut group.items, n, edit),
        Item::Region(region) => {
            region.rungs.iter_mut().any(|r| edit_step(&mut r.items, n, edit)) || edit_step(&mut region.finally, n, edit)
        }
    })
}

fn take_away(step: &mut Step, edit: usize) -> bool {
    let Flags { tolerated, lingers, idempotent, opaque, .. } = &mut step.flags;
    match edit {
        0 => !std::mem::take(&mut step.conditions).is_empty(),
        1 => !std::mem::take(&mut step.after).is_empty(),
        2 => !std::mem::take(&mut step.fences).is_empty(),
        3..6 => {
            step.effects.len() > edit - 3 && {
                step.effects.remove(edit - 3);
                true
            }
        }
        6..8 => {
            step.requires.len() > edit - 6 && {
                step.requires.remove(edit - 6);
                true
            }
        }
        8 => std::mem::take(tolerated),
        9 => std::mem::take(lingers),
        10 => std::mem::take(idempotent),
        11 => std::mem::take(opaque),
        12 => step.host.take().is_some(),
        _ => match &mut step.act {
            Act::Run { verify, retries, .. } => verify.take().is_some() | (std::mem::take(retries) > 0),
            _ => false,
        },
    }
}

fn without_values(plan: &mut Plan) {
    plan.values.clear();
    each_step(&mut plan.body, &mut |step| match &mut step.act {
        Act::Tell { text } => *text = Template::text("so it is"),
        Act::Run { command, .. } => command.captures.clear(),
        _ => {}
    });
}

fn each_step(items: &mut [Item], edit: &mut dyn FnMut(&mut Step)) {
    for item in items {
        match item {
            Item::Step(step) => edit(step),
            Item::Group(group) => each_step(&mut group.items, edit),
            Item::Region(region) => {
                region.rungs.iter_mut().for_each(|r| each_step(&mut r.items, edit));
                each_step(&mut region.finally, edit);
            }
        }
    }
}

/// Drops blocks without content, and conditions that ask about what is no longer there.
fn mend(plan: &mut Plan) {
    let there = |atom: &AtomId, asked: &BTreeSet<AtomId>| {
        plan.atoms[atom.index()].source == AtomSource::Decision || asked.contains(atom)
    };
    let mut asked: BTreeSet<AtomId> = plan.probes.iter().map(|p| p.atom).collect();
    plan.body.iter().for_each(|item| readers(item, &mut asked));
    let mut keys = BTreeSet::new();
    prune(&mut plan.body);
    plan.body.iter().for_each(|item| keys_of(item, &mut keys));
    let known: BTreeSet<AtomId> = (0..plan.atoms.len()).map(AtomId::at).filter(|a| there(a, &asked)).collect();
    ask_only(&mut plan.body, &keys, &known);
}

fn prune(items: &mut Vec<Item>) {
    for item in items.iter_mut() {
        match item {
            Item::Step(_) => {}
            Item::Group(group) => prune(&mut group.items),
            Item::Region(region) => {
                region.rungs.iter_mut().for_each(|r| prune(&mut r.items));
                region.rungs.retain(|r| !r.items.is_empty());
                prune(&mut region.finally);
            }
        }
    }
    items.retain(|item| match item {
        Item::Step(_) => true,
        Item::Group(group) => !group.items.is_empty(),
        Item::Region(region) => !region.rungs.is_empty(),
    });
}

fn readers(item: &Item, asked: &mut BTreeSet<AtomId>) {
    match item {
        Item::Step(step) => asked.extend(match step.act {
            Act::Probe { atom, .. } => Some(atom),
            Act::Ask { atom, .. } => atom,
            _ => None,
        }),
        Item::Group(group) => group.items.iter().for_each(|i| readers(i, asked)),
        Item::Region(region) => {
            region.rungs.iter().flat_map(|r| &r.items).chain(&region.finally).for_each(|i| readers(i, asked));
        }
    }
}

fn keys_of(item: &Item, keys: &mut BTreeSet<Key>) {
    keys.insert(item.key());
    match item {
        Item::Step(_) => {}
        Item::Group(group) => group.items.iter().for_each(|i| keys_of(i, keys)),
        Item::Region(region) => {
            region.rungs.iter().flat_map(|r| &r.items).chain(&region.finally).for_each(|i| keys_of(i, keys));
        }
    }
}

fn ask_only(items: &mut [Item], keys: &BTreeSet<Key>, known: &BTreeSet<AtomId>) {
    let fits = |c: &Condition| asks_only(&c.guard, keys, known);
    for item in items {
        match item {
            Item::Step(step) => {
                step.conditions.retain(fits);
                step.after.retain(|a| keys.contains(&a.item));
            }
            Item::Group(group) => ask_only(&mut group.items, keys, known),
            Item::Region(region) => {
                region.conditions.retain(fits);
                region.after.retain(|a| keys.contains(&a.item));
                for rung in &mut region.rungs {
                    rung.conditions.retain(fits);
                    ask_only(&mut rung.items, keys, known);
                }
                ask_only(&mut region.finally, keys, known);
            }
        }
    }
}

fn asks_only(guard: &Guard, keys: &BTreeSet<Key>, known: &BTreeSet<AtomId>) -> bool {
    match guard {
        Guard::Always | Guard::Never => true,
        Guard::Is(atom, _) => known.contains(atom),
        Guard::Succeeded(key) => keys.contains(key),
        Guard::Not(inner) => asks_only(inner, keys, known),
        Guard::All(parts) | Guard::Any(parts) | Guard::AtMost(_, parts) => {
            parts.iter().all(|p| asks_only(p, keys, known))
        }
    }
}
