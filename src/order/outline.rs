//! Where everything stands in a plan: items by key, in written order, with what surrounds them.
//!
//! Positions number the items as one reads them, a block before what is in it. So the items inside another one are a
//! range of positions, and "earlier in the text" is a comparison.

use crate::calculus::{AtomId, CellId, MachineId};
use crate::model::{Act, Group, Item, Key, Plan, Region, Step};
use std::collections::{BTreeSet, HashMap};

/// An item in its place.
#[derive(Clone, Copy, Debug)]
pub struct Spot<'p> {
    /// The item.
    pub item: &'p Item,
    /// Position of the group or region around it.
    pub parent: Option<usize>,
    /// The position after the last one inside it.
    pub end: usize,
    /// For a region, the position of the first item of its `finally`.
    pub finally: usize,
}

/// An index of a plan.
#[derive(Debug)]
pub struct Outline<'p> {
    /// The plan.
    pub plan: &'p Plan,
    spots: Vec<Spot<'p>>,
    positions: HashMap<Key, usize>,
    readers: HashMap<AtomId, Vec<usize>>,
    lingering: HashMap<MachineId, BTreeSet<CellId>>,
}

impl<'p> Outline<'p> {
    /// The index of `plan`.
    pub fn of(plan: &'p Plan) -> Outline<'p> {
        let mut outline = Outline {
            plan,
            spots: Vec::new(),
            positions: HashMap::new(),
            readers: HashMap::new(),
            lingering: HashMap::new(),
        };
        outline.walk(&plan.body, None);
        outline
    }

    fn walk(&mut self, items: &'p [Item], parent: Option<usize>) {
        for item in items {
            let at = self.spots.len();
            self.spots.push(Spot { item, parent, end: at + 1, finally: at + 1 });
            self.positions.insert(item.key(), at);
            let mut finally = None;
            match item {
                Item::Step(step) => self.note(step, at),
                Item::Group(group) => self.walk(&group.items, Some(at)),
                Item::Region(region) => {
                    for rung in &region.rungs {
                        self.walk(&rung.items, Some(at));
                    }
                    finally = Some(self.spots.len());
                    self.walk(&region.finally, Some(at));
                }
            }
            let end = self.spots.len();
            if let Some(spot) = self.spots.get_mut(at) {
                spot.end = end;
                spot.finally = finally.unwrap_or(end);
            }
        }
    }

    fn note(&mut self, step: &'p Step, at: usize) {
        if let Some(atom) = read_by(&step.act) {
            self.readers.entry(atom).or_default().push(at);
        }
        if let (true, Some(host)) = (step.flags.lingers, step.host) {
            self.lingering.entry(host).or_default().extend(step.effects.iter().map(|(e, _)| e.cell));
        }
    }

    /// The items in written order.
    pub fn spots(&self) -> &[Spot<'p>] {
        &self.spots
    }

    /// The item at a position.
    pub fn spot(&self, at: usize) -> Option<Spot<'p>> {
        self.spots.get(at).copied()
    }

    /// The position of an item.
    pub fn position(&self, key: Key) -> Option<usize> {
        self.positions.get(&key).copied()
    }

    /// The position after the last one inside the item at a position.
    pub fn end(&self, at: usize) -> usize {
        self.spot(at).map_or(at + 1, |s| s.end)
    }

    /// Whether the item at a position is a group.
    pub fn is_group(&self, at: usize) -> bool {
        matches!(self.spot(at).map(|s| s.item), Some(Item::Group(_)))
    }

    /// The positions of the items directly inside a group or region.
    pub fn children(&self, at: usize) -> Vec<usize> {
        let end = self.end(at);
        let mut next = at + 1;
        std::iter::from_fn(|| {
            let child = next;
            next = self.end(child);
            (child < end).then_some(child)
        })
        .collect()
    }

    /// The item that stands for `target` in the list of items that begins at `first`: itself, or the outermost region
    /// around it that is inside the list.
    pub fn lift(&self, target: usize, first: usize) -> usize {
        let above = |at: &usize| self.spot(*at).and_then(|s| s.parent).filter(|&p| p >= first);
        let around = std::iter::successors(Some(target), above);
        around.filter(|&at| !self.is_group(at)).last().unwrap_or(target)
    }

    /// The step with this key.
    pub fn step(&self, key: Key) -> Option<&'p Step> {
        match self.item(key)? {
            Item::Step(step) => Some(step),
            _ => None,
        }
    }

    /// The region with this key.
    pub fn region(&self, key: Key) -> Option<&'p Region> {
        match self.item(key)? {
            Item::Region(region) => Some(region),
            _ => None,
        }
    }

    /// The group with this key.
    pub fn group(&self, key: Key) -> Option<&'p Group> {
        match self.item(key)? {
            Item::Group(group) => Some(group),
            _ => None,
        }
    }

    fn item(&self, key: Key) -> Option<&'p Item> {
        self.spot(self.position(key)?).map(|s| s.item)
    }

    /// The positions of the steps that bring an atom's answer; none for what is known when the plan begins.
    pub fn readers(&self, atom: AtomId) -> &[usize] {
        self.readers.get(&atom).map_or(&[], Vec::as_slice)
    }

    /// The cells that commands on this machine may still change after they were given up, ascending.
    pub fn lingering(&self, machine: MachineId) -> impl Iterator<Item = CellId> {
        self.lingering.get(&machine).into_iter().flatten().copied()
    }

    /// The name of an item, as its author knows it.
    pub fn name(&self, at: usize) -> &'p str {
        self.spot(at).map_or("", |s| name(s.item))
    }
}

/// The name of an item.
pub fn name(item: &Item) -> &str {
    match item {
        Item::Step(s) => &s.name,
        Item::Group(g) => &g.name,
        Item::Region(r) => &r.name,
    }
}

/// The atom whose answer a step brings.
pub(super) fn read_by(act: &Act) -> Option<AtomId> {
    match act {
        Act::Probe { atom, .. } => Some(*atom),
        Act::Ask { atom, .. } => *atom,
        _ => None,
    }
}
