//! The order by its definition: every pair of items is looked at. Slow and obvious, the judge of the fast one.
//!
//! Nodes are their names. The closures of both graphs must be the same: who has to have ended, and whose stop stops
//! whom.

use crate::calculus::{AtomId, CellId, Change, MachineId, ValueSource};
use crate::model::{Act, Guard, Item, Order, Plan, Region, Step};
use std::collections::{BTreeMap, BTreeSet};

/// What the oracle finds: for each node, what it needs and what it waits for.
#[derive(Default)]
pub(super) struct Oracle {
    pub(super) needs: BTreeMap<String, BTreeSet<String>>,
    pub(super) waits: BTreeMap<String, BTreeSet<String>>,
    lingering: Vec<(u32, CellId)>,
    answers: BTreeMap<AtomId, u32>,
    values: Vec<u32>,
}

/// First and last node of an item that stands by itself.
#[derive(Clone, PartialEq)]
struct Tail {
    key: u32,
    start: String,
    end: String,
}

pub(super) fn oracle(plan: &Plan) -> Oracle {
    let mut o = Oracle::default();
    plan.each_step(&mut |s| {
        if let (true, Some(host)) = (s.flags.lingers, s.host) {
            o.lingering.extend(s.effects.iter().map(|(e, _)| (host.0, e.cell)));
        }
        if let Act::Ask { atom: Some(atom), .. } = s.act {
            o.answers.insert(atom, s.key.0);
        }
    });
    o.values = plan
        .values
        .iter()
        .filter_map(|v| if let ValueSource::Captured { by } = v.source { Some(by.0) } else { None })
        .collect();
    let tails = o.list(&plan.body, &[("sample.begin".into(), true)], Order::Text, false, false);
    for end in tails.iter().map(|t| t.end.clone()).chain(["sample.begin".into()]) {
        o.need("sample.end", &end);
    }
    o
}

impl Oracle {
    fn need(&mut self, later: &str, earlier: &str) {
        self.needs.entry(later.into()).or_default().insert(earlier.into());
    }

    fn wait(&mut self, later: &str, earlier: &str) {
        self.waits.entry(later.into()).or_default().insert(earlier.into());
    }

    /// Orders the items of a list, each of which follows `entry` (and needs it, where so marked); gives all their ends.
    fn list(
        &mut self,
        items: &[Item],
        entry: &[(String, bool)],
        order: Order,
        members: bool,
        keep_going: bool,
    ) -> Vec<Tail> {
        let text = order == Order::Text && !members;
        let mut units: Vec<(Vec<u32>, &Item)> = Vec::new();
        flatten(items, text, &[], &mut units);
        let mut done: Vec<(Vec<u32>, &Item, Vec<Tail>)> = Vec::new();
        for (groups, unit) in units {
            let (mut before, mut ended) = (entry.to_vec(), Vec::<Tail>::new());
            for (n, (aliases, earlier, tails)) in done.iter().enumerate() {
                let kept_apart = text && done[n..].iter().any(|(_, between, _)| keeps(between));
                let all = kept_apart || follows(self, earlier, unit, text, members);
                for tail in tails {
                    let meant =
                        |key: u32| !groups.contains(&key) && (aliases.contains(&key) || covers(earlier, key, tail));
                    let finished = own_after(unit).iter().any(|(k, f)| *f && meant(*k));
                    let mentioned = mentions(self, unit).iter().filter(|(k, _)| meant(*k)).map(|m| m.1).min();
                    if finished {
                        ended.push(tail.clone());
                    } else if all || mentioned == Some(false) {
                        before.push((tail.end.clone(), !keep_going));
                    } else if mentioned == Some(true) {
                        before.push((tail.end.clone(), false));
                    }
                }
            }
            before.extend(ended.iter().map(|t| (t.end.clone(), false)));
            for tail in &ended {
                let needs = self.needs.get(&tail.start).into_iter().flatten();
                let other = needs.filter(|n| !ended.iter().any(|e| e.end == **n));
                before.extend(other.map(|n| (n.clone(), true)));
            }
            let tails = self.unit(unit, &before, keep_going);
            done.push((groups, unit, tails));
        }
        done.into_iter().flat_map(|(_, _, t)| t).collect()
    }

    fn link(&mut self, node: &str, before: &[(String, bool)]) {
        for (earlier, needs) in before {
            if *needs { self.need(node, earlier) } else { self.wait(node, earlier) }
        }
    }

    fn unit(&mut self, item: &Item, before: &[(String, bool)], keep_going: bool) -> Vec<Tail> {
        match item {
            Item::Step(s) => {
                self.link(&s.name, before);
                vec![Tail { key: s.key.0, start: s.name.clone(), end: s.name.clone() }]
            }
            Item::Group(g) => self.list(&g.items, before, Order::Text, true, keep_going),
            Item::Region(r) => {
                self.link(&r.name, before);
                let end = self.region(r);
                vec![Tail { key: r.key.0, start: r.name.clone(), end }]
            }
        }
    }

    fn region(&mut self, r: &Region) -> String {
        let name = |part: &str| format!("{}{part}", r.name);
        if r.rungs.len() == 1 && r.finally.is_empty() {
            return self.block(&r.rungs[0].items, &r.name, &name(".exit"), r.order, false);
        }
        let mut ends: Vec<String> = Vec::new();
        for (n, rung) in r.rungs.iter().enumerate() {
            let mut before = vec![(r.name.clone(), true)];
            before.extend(ends.iter().map(|e| (e.clone(), false)));
            if let [Item::Step(s)] = rung.items.as_slice() {
                self.link(&s.name, &before);
                ends.push(s.name.clone());
                continue;
            }
            let start = match n {
                0 => name(".first"),
                1 => name(".otherwise"),
                n => name(&format!(".otherwise{n}")),
            };
            self.link(&start, &before);
            ends.push(self.block(&rung.items, &start, &format!("{start}.exit"), r.order, false));
        }
        let mut tried = ends[0].clone();
        if ends.len() > 1 {
            tried = name(".join");
            self.need(&tried, &r.name);
            ends.iter().for_each(|e| self.wait(&tried, e));
        }
        if r.finally.is_empty() {
            return tried;
        }
        let start = name(".finally");
        self.need(&start, &r.name);
        self.wait(&start, &tried);
        let end = self.block(&r.finally, &start, &format!("{start}.exit"), Order::Text, true);
        let exit = name(".exit");
        self.need(&exit, &tried);
        self.need(&exit, &end);
        exit
    }

    fn block(&mut self, items: &[Item], start: &str, end: &str, order: Order, keep_going: bool) -> String {
        let tails = self.list(items, &[(start.into(), true)], order, false, keep_going);
        self.need(end, start);
        tails.iter().for_each(|t| self.need(end, &t.end));
        end.into()
    }
}

/// In a text, members are written one after the other, unless one of them keeps its place.
fn flatten<'a>(items: &'a [Item], text: bool, groups: &[u32], out: &mut Vec<(Vec<u32>, &'a Item)>) {
    for item in items {
        match item {
            Item::Group(g) if text && !g.items.iter().any(keeps) => {
                flatten(&g.items, text, &[groups, &[g.key.0]].concat(), out);
            }
            _ => out.push((groups.to_vec(), item)),
        }
    }
}

fn keeps(item: &Item) -> bool {
    match item {
        Item::Step(s) => s.flags.opaque || matches!(s.act, Act::Ask { .. } | Act::Wait { .. } | Act::Delay { .. }),
        Item::Group(_) | Item::Region(_) => true,
    }
}

fn steps(item: &Item) -> Vec<&Step> {
    match item {
        Item::Step(s) => vec![s],
        Item::Group(g) => g.items.iter().flat_map(steps).collect(),
        Item::Region(r) => r.rungs.iter().flat_map(|g| &g.items).chain(&r.finally).flat_map(steps).collect(),
    }
}

/// Whether `later` follows all of `earlier` by what they are and do.
fn follows(o: &Oracle, earlier: &Item, later: &Item, text: bool, members: bool) -> bool {
    let operator = |i: &Item| matches!(i, Item::Step(s) if matches!(s.act, Act::Tell { .. } | Act::Ask { .. }));
    if text && (keeps(earlier) || keeps(later) || operator(later)) {
        return true;
    }
    touches(o, earlier).iter().any(|(on, a)| {
        touches(o, later).iter().any(|(host, b)| {
            let machine = (text || members) && on.is_some() && on == host;
            machine || conflict(a, b)
        })
    })
}

/// What is touched by the steps of an item, with their machines, and by entering the blocks in it.
fn touches(o: &Oracle, item: &Item) -> Vec<(Option<MachineId>, Accesses)> {
    let inner = |items: Vec<&Item>| items.into_iter().flat_map(|i| touches(o, i)).collect::<Vec<_>>();
    match item {
        Item::Step(s) => vec![(s.host, accesses(o, s))],
        Item::Group(g) => inner(g.items.iter().collect()),
        Item::Region(r) => {
            let entered = r.requires.iter().map(|(r, _)| (r.cell, None)).collect();
            let inside = inner(r.rungs.iter().flat_map(|g| &g.items).chain(&r.finally).collect());
            [vec![(None, entered)], inside].concat()
        }
    }
}

/// Cell, and what it is set to; `Some(None)` for a change that commutes with none, `None` for reading.
type Accesses = Vec<(CellId, Option<Option<u8>>)>;

fn accesses(o: &Oracle, s: &Step) -> Accesses {
    let mut all: Accesses = s.requires.iter().map(|(r, _)| (r.cell, None)).collect();
    all.extend(s.effects.iter().map(|(e, _)| match e.change {
        Change::Set(v) if !e.exclusive => (e.cell, Some(Some(v))),
        _ => (e.cell, Some(None)),
    }));
    let fenced = o.lingering.iter().filter(|(host, _)| s.fences.iter().any(|f| f.0 == *host));
    all.extend(fenced.map(|(_, cell)| (*cell, Some(None))));
    all
}

fn conflict(a: &Accesses, b: &Accesses) -> bool {
    a.iter().any(|(c, x)| {
        b.iter().any(|(d, y)| {
            let commute = match (x, y) {
                (None, None) => true,
                (Some(Some(v)), Some(Some(w))) => v == w,
                _ => false,
            };
            c == d && !commute
        })
    })
}

/// Everything that an item mentions: its key, and whether only its end is waited for.
fn mentions(o: &Oracle, item: &Item) -> Vec<(u32, bool)> {
    let mut all: Vec<(u32, bool)> = own_after(item);
    for s in steps(item) {
        all.extend(s.after.iter().map(|a| (a.item.0, a.finished)));
        all.extend(s.conditions.iter().filter_map(|c| match &c.guard {
            Guard::Succeeded(key) => Some((key.0, false)),
            Guard::Is(atom, _) => o.answers.get(atom).map(|key| (*key, false)),
            _ => None,
        }));
        if let Act::Tell { text } = &s.act {
            all.extend(text.values().map(|v| (o.values[v.index()], false)));
        }
    }
    all
}

/// The `after` of the item itself, or of the members of a group.
fn own_after(item: &Item) -> Vec<(u32, bool)> {
    match item {
        Item::Step(s) => s.after.iter().map(|a| (a.item.0, a.finished)).collect(),
        Item::Group(g) => g.items.iter().flat_map(own_after).collect(),
        Item::Region(_) => Vec::new(),
    }
}

/// Whether mentioning `key` concerns this tail of `item`: it is in it, or it is the group that the tail belongs to.
fn covers(item: &Item, key: u32, tail: &Tail) -> bool {
    match item {
        Item::Step(s) => s.key.0 == key,
        Item::Region(r) => r.key.0 == key || steps(item).iter().any(|s| s.key.0 == key) || regions(item).contains(&key),
        Item::Group(g) if g.key.0 == key => true,
        Item::Group(g) => {
            let member = g.items.iter().find(|i| holds(i, tail.key));
            member.is_some_and(|m| covers(m, key, tail))
        }
    }
}

fn holds(item: &Item, key: u32) -> bool {
    item.key().0 == key || steps(item).iter().any(|s| s.key.0 == key) || regions(item).contains(&key)
}

fn regions(item: &Item) -> Vec<u32> {
    let inner = |items: Vec<&Item>| items.into_iter().flat_map(regions).collect::<Vec<u32>>();
    match item {
        Item::Step(_) => Vec::new(),
        Item::Group(g) => [vec![g.key.0], inner(g.items.iter().collect())].concat(),
        Item::Region(r) => {
            [vec![r.key.0], inner(r.rungs.iter().flat_map(|g| &g.items).chain(&r.finally).collect())].concat()
        }
    }
}
