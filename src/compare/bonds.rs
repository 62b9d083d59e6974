//! The order of the instructions of a program that another one has, too. Where something else stands in between, it is
//! looked through.

use crate::bytecode::{Instr, InstrId, Program};
use std::collections::{BTreeMap, HashMap};

/// Instructions that are looked at, in all, to find out whether something waits for something else.
const WORK: usize = 20_000_000;

/// How something follows something else; the later variant is the stronger.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Bond {
    /// The earlier one must have ended.
    Waits,
    /// It must have passed.
    Needs,
}

/// What follows what.
pub(super) struct Order {
    /// For each instruction what it directly follows.
    before: Vec<BTreeMap<InstrId, Bond>>,
    work: usize,
}

impl Order {
    /// The order of those instructions that are known to both.
    pub(super) fn of(program: &Program, known: impl Fn(InstrId) -> bool) -> Order {
        let mut before: Vec<BTreeMap<InstrId, Bond>> = Vec::with_capacity(program.code.len());
        for instr in &program.code {
            let mut follows: BTreeMap<InstrId, Bond> = BTreeMap::new();
            let mut add = |id: InstrId, bond: Bond| {
                let strongest = follows.entry(id).or_insert(bond);
                *strongest = bond.max(*strongest);
            };
            for (earlier, bond) in directly(instr) {
                match before.get(earlier.index()) {
                    Some(others) if !known(earlier) => others.iter().for_each(|(id, b)| add(*id, bond.min(*b))),
                    _ => add(earlier, bond),
                }
            }
            before.push(follows);
        }
        let mut order = Order { before, work: WORK };
        // What only one version has was looked through; from here on nothing leads to it.
        for index in 0..order.before.len() {
            if !known(InstrId::at(index)) {
                order.before.get_mut(index).into_iter().for_each(BTreeMap::clear);
            }
        }
        order
    }

    /// Which follows which, the later one second, and how.
    pub(super) fn edges(&self) -> Vec<(InstrId, InstrId, Bond)> {
        let all = self.before.iter().enumerate();
        all.flat_map(|(b, follows)| follows.iter().map(move |(a, bond)| (*a, InstrId::at(b), *bond))).collect()
    }

    /// How `b` follows `a`, if it does. When too much had to be looked at, it counts as following.
    pub(super) fn bond(&mut self, a: InstrId, b: InstrId) -> Option<Bond> {
        let direct = self.before.get(b.index()).and_then(|follows| follows.get(&a)).copied();
        if direct == Some(Bond::Needs) { direct } else { self.search(a, b).max(direct) }
    }

    /// Whether `b` would follow `a` like this also without the edge between the two.
    pub(super) fn is_implied(&mut self, a: InstrId, b: InstrId, bond: Bond) -> bool {
        self.search(a, b) >= Some(bond)
    }

    /// Whether `b` is `a`, or follows it.
    pub(super) fn leads(&mut self, a: InstrId, b: InstrId) -> bool {
        a == b || self.bond(a, b).is_some()
    }

    /// Whether there was more to look at than could be.
    pub(super) fn is_exhausted(&self) -> bool {
        self.work == 0
    }

    /// How `b` follows `a` by others that stand in between.
    fn search(&mut self, a: InstrId, b: InstrId) -> Option<Bond> {
        let mut seen: HashMap<InstrId, Bond> = HashMap::new();
        let mut open = vec![(b, Bond::Needs)];
        while let Some((id, so_far)) = open.pop() {
            let Some(follows) = self.before.get(id.index()) else { continue };
            for (earlier, bond) in follows.range(a..).filter(|(earlier, _)| id != b || **earlier != a) {
                self.work = self.work.saturating_sub(1);
                if self.work == 0 {
                    return Some(Bond::Needs);
                }
                let bond = (*bond).min(so_far);
                if seen.get(earlier).is_none_or(|known| *known < bond) {
                    seen.insert(*earlier, bond);
                    open.push((*earlier, bond));
                }
            }
        }
        seen.get(&a).copied()
    }
}

/// What an instruction directly follows.
fn directly(instr: &Instr) -> impl Iterator<Item = (InstrId, Bond)> {
    instr.needs.iter().map(|id| (*id, Bond::Needs)).chain(instr.waits.iter().map(|id| (*id, Bond::Waits)))
}
