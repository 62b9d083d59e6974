//! Binary decision diagrams: conditions over many yes-or-no variables, each condition in one shape only.
//!
//! Reduced and ordered (Bryant, "Graph-based algorithms for Boolean function manipulation", 1986), with complemented
//! edges (Brace, Rudell, Bryant, "Efficient implementation of a BDD package", 1990), so that the negation of a condition
//! costs nothing. The variable with the highest number stands nearest to the root: a condition about what happens late
//! shares those about what happened before. Nothing recurses, for a plan may be a hundred thousand steps long.
//!
//! Plans need one manager for 10⁶ variables, created as they come, with a limit on its memory.

use std::collections::HashMap;

/// A condition. Equal conditions have equal values.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Cond(u32);

/// A variable; a higher one stands nearer to the root.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Var(pub u32);

impl Cond {
    /// Always so.
    pub const TRUE: Cond = Cond(0);
    /// Never so.
    pub const FALSE: Cond = Cond(1);

    /// Whether it is never so.
    pub fn is_false(self) -> bool {
        self == Cond::FALSE
    }

    /// Whether it is always so.
    pub fn is_true(self) -> bool {
        self == Cond::TRUE
    }

    fn index(self) -> usize {
        (self.0 >> 1) as usize
    }

    fn flipped(self, by: Cond) -> Cond {
        Cond(self.0 ^ (by.0 & 1))
    }
}

impl std::ops::Not for Cond {
    type Output = Cond;

    fn not(self) -> Cond {
        Cond(self.0 ^ 1)
    }
}

/// `if var then high else low`; `high` is never complemented.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Node {
    var: u32,
    low: Cond,
    high: Cond,
}

/// All conditions of a proof.
#[derive(Debug)]
pub(super) struct Bdd {
    nodes: Vec<Node>,
    /// Open addressing: node indices, 0 for free. A power of two.
    unique: Vec<u32>,
    /// The last conjunctions, each at the place that its operands hash to.
    memory: Vec<(Cond, Cond, Cond)>,
    /// Nodes that may be made.
    limit: usize,
    exhausted: bool,
    frames: Vec<Frame>,
}

#[derive(Clone, Copy, Debug)]
enum Frame {
    And(Cond, Cond),
    Join(u32, Cond, Cond),
}

const MEMORY: usize = 1 << 16;

impl Bdd {
    /// Without conditions yet; at most `limit` nodes will be made.
    pub fn new(limit: usize) -> Bdd {
        let end = Node { var: 0, low: Cond::TRUE, high: Cond::TRUE };
        Bdd {
            nodes: vec![end],
            unique: vec![0; 1 << 12],
            memory: vec![(Cond::TRUE, Cond::TRUE, Cond::TRUE); MEMORY],
            limit,
            exhausted: false,
            frames: Vec::new(),
        }
    }

    /// Whether more nodes would have been needed; conditions made since mean nothing.
    pub fn is_exhausted(&self) -> bool {
        self.exhausted
    }

    /// The variable is yes.
    pub fn var(&mut self, var: Var) -> Cond {
        self.node(var.0 + 1, Cond::FALSE, Cond::TRUE)
    }

    /// Both.
    pub fn and(&mut self, a: Cond, b: Cond) -> Cond {
        if let Some(known) = self.known(a, b) {
            return known;
        }
        let mut results: Vec<Cond> = Vec::new();
        let mut frames = std::mem::take(&mut self.frames);
        frames.push(Frame::And(a, b));
        while let Some(frame) = frames.pop() {
            match frame {
                Frame::And(a, b) => match self.known(a, b) {
                    Some(known) => results.push(known),
                    None => {
                        let var = self.level(a).max(self.level(b));
                        let ((a0, a1), (b0, b1)) = (self.split(a, var), self.split(b, var));
                        frames.push(Frame::Join(var, a, b));
                        frames.push(Frame::And(a1, b1));
                        frames.push(Frame::And(a0, b0));
                    }
                },
                Frame::Join(var, a, b) => {
                    let (high, low) = (results.pop(), results.pop());
                    let both = self.node(var, low.unwrap_or(Cond::FALSE), high.unwrap_or(Cond::FALSE));
                    self.remember(a, b, both);
                    results.push(both);
                }
            }
        }
        self.frames = frames;
        results.pop().unwrap_or(Cond::FALSE)
    }

    /// One or the other, or both.
    pub fn or(&mut self, a: Cond, b: Cond) -> Cond {
        !self.and(!a, !b)
    }

    /// The first and not the second.
    pub fn and_not(&mut self, a: Cond, b: Cond) -> Cond {
        self.and(a, !b)
    }

    /// All of them.
    pub fn all(&mut self, parts: impl IntoIterator<Item = Cond>) -> Cond {
        parts.into_iter().fold(Cond::TRUE, |all, part| self.and(all, part))
    }

    /// One of them at least.
    pub fn any(&mut self, parts: impl IntoIterator<Item = Cond>) -> Cond {
        parts.into_iter().fold(Cond::FALSE, |any, part| self.or(any, part))
    }

    /// At most `count` of them: a ladder of `count` rungs, so that its size is their number times `count`.
    pub fn at_most(&mut self, count: usize, parts: &[Cond]) -> Cond {
        // so_far[k]: exactly those conditions under which at most k of the parts seen hold.
        let mut so_far = vec![Cond::TRUE; count.saturating_add(1).min(parts.len() + 1)];
        for &part in parts {
            let mut fewer = Cond::FALSE;
            for slot in &mut so_far {
                let kept = *slot;
                let (without, with) = (self.and_not(kept, part), self.and(fewer, part));
                *slot = self.or(without, with);
                fewer = kept;
            }
        }
        so_far.last().copied().unwrap_or(Cond::TRUE)
    }

    /// The variables on which it depends, ascending; `None` if it depends on more than `limit`.
    pub fn support(&self, of: Cond, limit: usize) -> Option<Vec<Var>> {
        let mut seen = std::collections::HashSet::new();
        let mut vars = std::collections::BTreeSet::new();
        let mut stack = vec![of.index()];
        while let Some(index) = stack.pop() {
            if index == 0 || !seen.insert(index) {
                continue;
            }
            let Some(node) = self.nodes.get(index) else { continue };
            vars.insert(Var(node.var - 1));
            if vars.len() > limit {
                return None;
            }
            stack.extend([node.low.index(), node.high.index()]);
        }
        Some(vars.into_iter().collect())
    }

    /// The cheapest way in which it is so: the variables that matter, with their values. A variable that is `yes` costs
    /// `cost(var)` if that is positive, one that is `no` costs minus that if it is negative. `None` if it is never so.
    pub fn cheapest(&self, of: Cond, cost: impl Fn(Var) -> i64) -> Option<Vec<(Var, bool)>> {
        if of.is_false() {
            return None;
        }
        let best = self.prices(of, &cost);
        let price = |c: Cond| match c {
            Cond::TRUE => Some(0),
            Cond::FALSE => None,
            c => best.get(&c).copied().flatten(),
        };
        let mut model = Vec::new();
        let mut at = of;
        while !at.is_true() && !at.is_false() {
            let Some(var) = self.nodes.get(at.index()).map(|n| n.var) else { break };
            let (low, high) = self.split(at, var);
            let (yes, no) = charges(cost(Var(var - 1)));
            let take_high = match (price(high), price(low)) {
                (Some(h), Some(l)) => h + yes < l + no,
                (h, _) => h.is_some(),
            };
            model.push((Var(var - 1), take_high));
            at = if take_high { high } else { low };
        }
        Some(model)
    }

    /// For each condition below one, the price of its cheapest way.
    fn prices(&self, of: Cond, cost: &impl Fn(Var) -> i64) -> HashMap<Cond, Option<i64>> {
        let mut best: HashMap<Cond, Option<i64>> = HashMap::from([(Cond::TRUE, Some(0)), (Cond::FALSE, None)]);
        let mut stack = vec![of];
        while let Some(&at) = stack.last() {
            if best.contains_key(&at) {
                stack.pop();
                continue;
            }
            let Some(var) = self.nodes.get(at.index()).map(|n| n.var) else { break };
            let (low, high) = self.split(at, var);
            let (l, h) = (best.get(&low).copied(), best.get(&high).copied());
            let (Some(l), Some(h)) = (l, h) else {
                stack.extend([low, high].into_iter().filter(|c| !best.contains_key(c)));
                continue;
            };
            let (yes, no) = charges(cost(Var(var - 1)));
            let least = [l.map(|p| p + no), h.map(|p| p + yes)].into_iter().flatten().min();
            best.insert(at, least);
            stack.pop();
        }
        best
    }

    /// What is known of a conjunction without looking into it.
    fn known(&self, a: Cond, b: Cond) -> Option<Cond> {
        match () {
            () if a.is_false() || b.is_false() || a == !b => Some(Cond::FALSE),
            () if a.is_true() || a == b => Some(b),
            () if b.is_true() => Some(a),
            () if self.exhausted => Some(Cond::FALSE),
            () => {
                let (first, second) = (a.min(b), a.max(b));
                let remembered = self.memory.get(place(first.0, second.0, 0) & (MEMORY - 1));
                remembered.filter(|(x, y, _)| (*x, *y) == (first, second)).map(|(_, _, both)| *both)
            }
        }
    }

    fn remember(&mut self, a: Cond, b: Cond, both: Cond) {
        let (first, second) = (a.min(b), a.max(b));
        if let Some(slot) = self.memory.get_mut(place(first.0, second.0, 0) & (MEMORY - 1)) {
            *slot = (first, second, both);
        }
    }

    /// The number of its root variable, 0 for a constant.
    fn level(&self, of: Cond) -> u32 {
        self.nodes.get(of.index()).map_or(0, |n| n.var)
    }

    /// What it becomes when the variable is no, and when it is yes.
    fn split(&self, of: Cond, var: u32) -> (Cond, Cond) {
        match self.nodes.get(of.index()) {
            Some(node) if node.var == var => (node.low.flipped(of), node.high.flipped(of)),
            _ => (of, of),
        }
    }

    fn node(&mut self, var: u32, low: Cond, high: Cond) -> Cond {
        if low == high {
            return low;
        }
        // Only low edges are complemented, so that each condition has one shape.
        let turn = Cond(high.0 & 1);
        let node = Node { var, low: low.flipped(turn), high: high.flipped(turn) };
        let mask = self.unique.len() - 1;
        let mut at = place(node.var, node.low.0, node.high.0) & mask;
        while let Some(&index) = self.unique.get(at) {
            if index == 0 {
                break;
            }
            if self.nodes.get(index as usize) == Some(&node) {
                return Cond(index << 1).flipped(turn);
            }
            at = (at + 1) & mask;
        }
        if self.nodes.len() >= self.limit {
            self.exhausted = true;
            return Cond::FALSE;
        }
        let index = u32::try_from(self.nodes.len()).unwrap_or(0);
        self.nodes.push(node);
        if let Some(slot) = self.unique.get_mut(at) {
            *slot = index;
        }
        if self.nodes.len() * 2 > self.unique.len() {
            self.grow();
        }
        Cond(index << 1).flipped(turn)
    }

    fn grow(&mut self) {
        let size = self.unique.len() * 4;
        let mut unique = vec![0u32; size];
        for (index, node) in (0u32..).zip(&self.nodes).skip(1) {
            let mut at = place(node.var, node.low.0, node.high.0) & (size - 1);
            while unique.get(at).is_some_and(|i| *i != 0) {
                at = (at + 1) & (size - 1);
            }
            if let Some(slot) = unique.get_mut(at) {
                *slot = index;
            }
        }
        self.unique = unique;
    }
}

/// The price of a yes and of a no.
fn charges(cost: i64) -> (i64, i64) {
    (cost.max(0), (-cost).max(0))
}

/// Where three numbers are looked for: multiplications by odd constants, folded.
fn place(a: u32, b: u32, c: u32) -> usize {
    let mixed = u64::from(a)
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        .wrapping_add(u64::from(b))
        .wrapping_mul(0xC2B2_AE3D_27D4_EB4F)
        .wrapping_add(u64::from(c))
        .wrapping_mul(0x1656_67B1_9E37_79F9);
    usize::try_from(mixed >> 32).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{Bdd, Cond, Var};
    use proptest::prelude::{any, prop, proptest};

    /// A condition in a stack machine's words, and its truth table over four variables.
    fn build(words: &[u8], bdd: &mut Bdd) -> (Cond, u16) {
        const TABLES: [u16; 4] = [0xAAAA, 0xCCCC, 0xF0F0, 0xFF00];
        let mut stack = vec![(Cond::TRUE, 0xFFFF)];
        for word in words {
            let var = u32::from(word & 3);
            let top = stack.pop().unwrap_or((Cond::TRUE, 0xFFFF));
            match word >> 2 & 3 {
                0 => {
                    stack.push(top);
                    stack.push((bdd.var(Var(var)), TABLES[var as usize]));
                }
                1 => stack.push((!top.0, !top.1)),
                2 => {
                    let other = stack.pop().unwrap_or((Cond::TRUE, 0xFFFF));
                    stack.push((bdd.and(top.0, other.0), top.1 & other.1));
                }
                _ => {
                    let other = stack.pop().unwrap_or((Cond::FALSE, 0));
                    stack.push((bdd.or(top.0, other.0), top.1 | other.1));
                }
            }
        }
        stack.pop().unwrap_or((Cond::TRUE, 0xFFFF))
    }

    fn holds(table: u16, model: &[(Var, bool)]) -> bool {
        // Variables that are not in the model do not matter: try all.
        (0..16u16).all(|row| {
            let fits = model.iter().all(|(v, yes)| (row >> v.0 & 1 == 1) == *yes);
            !fits || table >> row & 1 == 1
        })
    }

    proptest! {
        #[test]
        fn conditions_are_equal_when_their_tables_are(words in prop::collection::vec(any::<u8>(), 0..60), more in prop::collection::vec(any::<u8>(), 0..60)) {
            let mut bdd = Bdd::new(1 << 16);
            let (a, of_a) = build(&words, &mut bdd);
            let (b, of_b) = build(&more, &mut bdd);
            assert_eq!(a == b, of_a == of_b);
            assert_eq!(a.is_false(), of_a == 0);
            let costs = [3i64, -5, 7, 0];
            let model = bdd.cheapest(a, |v| costs[v.0 as usize]);
            assert_eq!(model.is_none(), of_a == 0);
            if let Some(model) = model {
                assert!(holds(of_a, &model), "{model:?} of {of_a:016b}");
                let price = |row: u16| -> i64 {
                    (0..4).map(|v| match (row >> v & 1 == 1, costs[v as usize]) {
                        (true, c) if c > 0 => c,
                        (false, c) if c < 0 => -c,
                        _ => 0,
                    }).sum()
                };
                let least = (0..16u16).filter(|r| of_a >> r & 1 == 1).map(price).min();
                let paid = model.iter().map(|(v, yes)| match (*yes, costs[v.0 as usize]) {
                    (true, c) if c > 0 => c,
                    (false, c) if c < 0 => -c,
                    _ => 0,
                }).sum::<i64>();
                assert_eq!(Some(paid), least);
            }
        }
    }

    #[test]
    fn counting_and_limits() {
        let mut bdd = Bdd::new(1 << 16);
        let vars: Vec<Cond> = (0..4).map(|v| bdd.var(Var(v))).collect();
        for count in 0..5 {
            let at_most = bdd.at_most(count, &vars);
            for row in 0..16u32 {
                let lits: Vec<Cond> =
                    vars.iter().enumerate().map(|(i, v)| if row >> i & 1 == 1 { *v } else { !*v }).collect();
                let row_cond = bdd.all(lits);
                let both = bdd.and(at_most, row_cond);
                assert_eq!(!both.is_false(), row.count_ones() as usize <= count, "{count} of {row:04b}");
            }
        }
        let mut small = Bdd::new(3);
        let some: Vec<Cond> = (0..4).map(|v| small.var(Var(v))).collect();
        assert!(small.is_exhausted() && some.len() == 4);
    }

    #[test]
    fn a_long_conjunction_needs_no_stack() {
        let mut bdd = Bdd::new(1 << 20);
        let even = (0..50_000).fold(Cond::TRUE, |all, v| {
            let v = bdd.var(Var(v * 2));
            bdd.and(v, all)
        });
        let odd = (0..50_000).fold(Cond::TRUE, |all, v| {
            let v = bdd.var(Var(v * 2 + 1));
            bdd.and(v, all)
        });
        let all = bdd.and(even, odd);
        assert_eq!(bdd.support(all, 200_000).map(|s| s.len()), Some(100_000));
        assert_eq!(bdd.support(all, 10), None);
    }
}
