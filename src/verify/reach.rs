//! Which instruction is ordered before which: questions about paths of `needs` and `waits`, without a table of all pairs.
//!
//! Three facts are kept for each instruction, all found in one pass over the edges:
//!
//! * its *cover*: everything from there up to it is ordered before it. The ends of blocks cover their block;
//! * its *dominator*: every path that leads to it passes there. So what stands before the dominator and is ordered
//!   before the instruction is ordered before the dominator, and a question about far-away instructions becomes one about
//!   near ones. Dominators are climbed in logarithmic time by jump pointers (Myers, "An applicative random-access stack",
//!   1983: a second pointer per node whose lengths follow the skew binary numbers);
//! * its first successor: what has none up to an instruction is not ordered before it.
//!
//! What these do not answer is found by looking for a short path, and if there is none, by walking backwards between the
//! two instructions. So a question costs time logarithmic in the program on chains, blocks and nests of them, little
//! where conflicts have edges of their own, and is linear in the edges between the two at worst. The walks of one program
//! are limited together by [`limits::ORDER_STEPS`].

use crate::base::limits;
use crate::bytecode::{Instr, InstrId};
use std::cell::Cell;

/// Answers questions about the order of a program whose edges all point backwards.
pub(crate) struct Reach<'p> {
    code: &'p [Instr],
    facts: Vec<Facts>,
    /// Steps of walks that are left.
    steps: Cell<usize>,
}

/// What is known of an instruction.
#[derive(Clone, Copy)]
struct Facts {
    cover: u32,
    first_successor: u32,
    /// Nodes of the dominator tree are numbered from 1; 0 stands for the time before everything.
    dominator: u32,
    jump: u32,
    depth: u32,
}

/// Instructions looked at in the search for a short path, and edges of each.
const NEARBY: usize = 32;
const NOBODY: u32 = u32::MAX;
const BEFORE: Facts = Facts { cover: 0, first_successor: 0, dominator: 0, jump: 0, depth: 0 };

impl<'p> Reach<'p> {
    pub fn of(code: &'p [Instr]) -> Reach<'p> {
        Reach::within(code, limits::ORDER_STEPS)
    }

    /// With a limit of its own for the walks.
    pub fn within(code: &'p [Instr], steps: usize) -> Reach<'p> {
        let mut reach = Reach { code, facts: vec![BEFORE; code.len()], steps: Cell::new(steps) };
        reach.find_successors();
        reach.find_covers();
        reach.find_dominators();
        reach
    }

    /// Whether `a` has always settled before `b` starts. Once the walks are too long in sum, the answer is yes, and
    /// [`Reach::gave_up`].
    pub fn ordered(&self, a: InstrId, b: InstrId) -> bool {
        self.pay(1);
        self.quick(a.0, b.0).unwrap_or_else(|| {
            let near = self.climb(a.0, b.0);
            self.search(a.0, near) || self.walk(a.0, near)
        })
    }

    /// Whether that is so and plain to see; a no means nothing.
    pub fn plainly_ordered(&self, a: InstrId, b: InstrId) -> bool {
        let direct = |b: &Instr| b.needs.binary_search(&a).is_ok() || b.waits.binary_search(&a).is_ok();
        self.quick(a.0, b.0).unwrap_or_else(|| self.code.get(b.index()).is_some_and(direct))
    }

    /// Takes steps off the limit, also for what else the asker does in loops.
    pub fn pay(&self, steps: usize) {
        self.steps.set(self.steps.get().saturating_sub(steps));
    }

    /// Whether the limit is reached, because the order is too intricate.
    pub fn gave_up(&self) -> bool {
        self.steps.get() == 0
    }

    /// The first later instruction that follows this one directly.
    pub fn first_successor(&self, id: InstrId) -> Option<InstrId> {
        Some(self.of_node(id.0 + 1).first_successor).filter(|&s| s != NOBODY).map(InstrId)
    }

    fn find_successors(&mut self) {
        self.facts.iter_mut().for_each(|f| f.first_successor = NOBODY);
        for (i, instr) in (0..).zip(self.code) {
            for p in before(instr) {
                if let Some(facts) = self.facts.get_mut(p as usize) {
                    facts.first_successor = facts.first_successor.min(i);
                }
            }
        }
    }

    /// Everything in `cover..i` is ordered before `i` exactly if each has a direct successor up to `i`, for then a path
    /// leads from it to later and later instructions of the range until it meets `i`. So the cover of `i` begins after
    /// the last instruction without one.
    fn find_covers(&mut self) {
        let mut open: Vec<(u32, u32)> = Vec::new();
        for (i, facts) in (0..).zip(&mut self.facts) {
            while open.pop_if(|&mut (_, successor)| successor <= i).is_some() {}
            facts.cover = open.last().map_or(0, |&(last, _)| last + 1);
            open.push((i, facts.first_successor));
        }
    }

    /// The dominator is the nearest common ancestor, in the tree of dominators, of all direct predecessors.
    fn find_dominators(&mut self) {
        for (i, instr) in self.code.iter().enumerate() {
            let mut nodes = before(instr).map(|p| p + 1);
            let first = nodes.next().unwrap_or(0);
            let dominator = nodes.fold(first, |a, b| self.common(a, b));
            let parent = self.of_node(dominator);
            let grandparent = self.of_node(parent.jump);
            let even = parent.depth - grandparent.depth == grandparent.depth - self.of_node(grandparent.jump).depth;
            let jump = if even { grandparent.jump } else { dominator };
            if let Some(facts) = self.facts.get_mut(i) {
                *facts = Facts { dominator, jump, depth: parent.depth + 1, ..*facts };
            }
        }
    }

    fn of_node(&self, node: u32) -> Facts {
        (node as usize).checked_sub(1).and_then(|i| self.facts.get(i)).copied().unwrap_or(BEFORE)
    }

    fn common(&self, mut a: u32, mut b: u32) -> u32 {
        while a != b {
            let (fa, fb) = (self.of_node(a), self.of_node(b));
            match fa.depth.cmp(&fb.depth) {
                std::cmp::Ordering::Greater => {
                    a = if self.of_node(fa.jump).depth >= fb.depth { fa.jump } else { fa.dominator }
                }
                std::cmp::Ordering::Less => {
                    b = if self.of_node(fb.jump).depth >= fa.depth { fb.jump } else { fb.dominator }
                }
                std::cmp::Ordering::Equal if fa.jump != fb.jump => (a, b) = (fa.jump, fb.jump),
                std::cmp::Ordering::Equal => (a, b) = (fa.dominator, fb.dominator),
            }
        }
        a
    }

    /// The first dominator of `b` after `a`, or `b`: ordered after `a` exactly if `b` is.
    fn climb(&self, a: u32, b: u32) -> u32 {
        let mut node = b + 1;
        loop {
            let facts = self.of_node(node);
            // Node numbers are one more than indexes.
            if facts.dominator <= a + 1 {
                return node - 1;
            }
            node = if facts.jump > a + 1 { facts.jump } else { facts.dominator };
        }
    }

    fn quick(&self, a: u32, b: u32) -> Option<bool> {
        if a >= b || self.of_node(a + 1).first_successor > b {
            return Some(false);
        }
        let near = self.of_node(self.climb(a, b) + 1);
        (a >= near.cover || near.dominator == a + 1).then_some(true)
    }

    /// Looks for a short path from `a` to `b`, the shortest first. An edge that others imply may have been left out, so
    /// few steps lead to where it led.
    fn search(&self, a: u32, b: u32) -> bool {
        let mut met = vec![b];
        let mut next = 0;
        while let Some(&node) = met.get(next) {
            let Some(instr) = self.code.get(node as usize) else { return false };
            let direct = |list: &[InstrId]| list.binary_search(&InstrId(a)).is_ok();
            if direct(&instr.needs) || direct(&instr.waits) {
                return true;
            }
            self.pay(NEARBY);
            for p in before(instr).filter(|&p| p > a).take(NEARBY) {
                if a >= self.of_node(p + 1).cover {
                    return true;
                }
                if met.len() < NEARBY && !met.contains(&p) {
                    met.push(p);
                }
            }
            next += 1;
        }
        false
    }

    /// Walks backwards from `b` as far as `a`.
    fn walk(&self, a: u32, b: u32) -> bool {
        let mut met = vec![false; (b - a) as usize];
        self.pay(met.len());
        let mut frontier = b;
        loop {
            let Some(instr) = self.code.get(frontier as usize) else { return false };
            self.pay(1 + instr.needs.len() + instr.waits.len());
            if self.gave_up() {
                return true;
            }
            for p in before(instr).filter(|&p| p >= a) {
                if p == a || a >= self.of_node(p + 1).cover {
                    return true;
                }
                if let Some(slot) = met.get_mut((p - a) as usize) {
                    *slot = true;
                }
            }
            let reached = met.get(..(frontier - a) as usize).unwrap_or_default();
            match reached.iter().rposition(|&m| m) {
                Some(next) => frontier = a + u32::try_from(next).unwrap_or(0),
                None => return false,
            }
        }
    }
}

/// What an instruction follows directly.
fn before(instr: &Instr) -> impl Iterator<Item = u32> {
    instr.needs.iter().chain(&instr.waits).map(|id| id.0)
}
