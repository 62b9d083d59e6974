//! One list of items: what each of them follows among those before it.
//!
//! Nothing is ever compared with everything. The scope remembers, for each cell, machine and for the text as a whole,
//! the few items that stand for all earlier ones, because those follow them. Where many items would each follow many
//! others, the many meet in a pair of nodes that does nothing (see [`Block::Meet`]), and statuses come out the same.

use crate::calculus::{CellId, MachineId};
use crate::order::build::{Builder, Context};
use crate::order::candidates::{Candidates, Pred};
use crate::order::dag::{Block, Edge, Ends, Keeper, Kind, NodeId, Reason, What};
use crate::order::touched::{Placed, Touched, why};
use crate::order::unit::{Mode, Reference, Unit};
use std::collections::{BTreeMap, HashMap};

/// A list longer than this meets in one node before more than one item follows it.
const WIDE: usize = 16;

/// Which items of a scope follow each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Rule {
    /// In text order: one machine, one cell, what keeps its place, mentions.
    Text,
    /// Members of one set: one machine, one cell, mentions.
    Members,
    /// Independent unless in conflict: one cell, mentions.
    Conflicts,
    /// Side by side: mentions; one cell is an error.
    Parallel,
}

/// The state while the items of a list are placed one after the other.
pub(super) struct Scope {
    pub(super) context: Context,
    rule: Rule,
    /// Items wait for each other instead of needing each other: the top level of a `finally`.
    keep_going: bool,
    /// Position of the first item.
    first: usize,
    entry: Vec<Pred>,
    /// What everything from here on follows, ascending.
    gate: Vec<Placed>,
    /// What nothing follows yet.
    open: BTreeMap<NodeId, Placed>,
    /// All that was placed, for a scope that keeps going.
    all: Vec<Ends>,
    machines: HashMap<MachineId, (u32, Vec<Placed>)>,
    operator: Vec<Placed>,
    cells: HashMap<CellId, Touched>,
    /// What each meeting stands for.
    met: BTreeMap<NodeId, Vec<Placed>>,
    /// Counts what keeps its place; entries of an older epoch are covered by the gate.
    epoch: u32,
    /// Somewhere since the gate an item does not need what it follows.
    loose: bool,
}

impl Scope {
    pub(super) fn new(context: Context, rule: Rule, keep_going: bool, first: usize, entry: Vec<Pred>) -> Scope {
        Scope {
            context,
            rule,
            keep_going,
            first,
            loose: !keep_going && entry.iter().any(|p| p.edge.kind == Kind::Waits),
            entry,
            gate: Vec::new(),
            open: BTreeMap::new(),
            all: Vec::new(),
            machines: HashMap::new(),
            operator: Vec::new(),
            cells: HashMap::new(),
            met: BTreeMap::new(),
            epoch: 0,
        }
    }

    fn kind(&self) -> Kind {
        if self.keep_going { Kind::Waits } else { Kind::Needs }
    }

    /// Places the item at a position.
    pub(super) fn place(&mut self, b: &mut Builder<'_>, at: usize) {
        if self.rule == Rule::Text && b.outline.is_group(at) {
            return self.place_group(b, at);
        }
        let unit = if self.rule == Rule::Text { Unit::of(b.outline, at) } else { Unit::whole(b.outline, at) };
        self.put(b, &unit, at);
    }

    fn put(&mut self, b: &mut Builder<'_>, unit: &Unit, at: usize) {
        let found = self.follows(b, unit, at);
        let preds: Vec<Pred> = found.list.values().map(|(_, pred)| *pred).collect();
        let built = b.build(at, self.context, preds, self.keep_going);
        self.remember(unit, &found, &built);
    }

    /// The members of a set stand in the text as if written one after the other. If one of them keeps its place, all of
    /// them do, against what is before and after, but not among themselves.
    fn place_group(&mut self, b: &mut Builder<'_>, at: usize) {
        let members = b.outline.children(at);
        let keeper = members.iter().find_map(|&m| Unit::of(b.outline, m).keeper);
        let Some(keeper) = keeper else {
            members.iter().for_each(|&m| self.place(b, m));
            return;
        };
        let references = Unit::whole(b.outline, at).references;
        if members.len() > 1 {
            let mut open: Vec<Placed> = self.open.values().copied().collect();
            self.meet(b, &mut open);
        }
        self.put(b, &Unit { keeper: Some(keeper), references, ..Unit::default() }, at);
    }

    /// Those that nothing in the scope follows: its end follows them, or the entry if there are none.
    pub(super) fn last(self) -> Vec<Ends> {
        if self.keep_going { self.all } else { self.open.into_values().map(|p| p.ends).collect() }
    }

    /// The edges of an item about to be placed.
    fn follows(&mut self, b: &mut Builder<'_>, unit: &Unit, at: usize) -> Candidates {
        let mut found = Candidates::default();
        let kind = self.kind();
        let keeps = self.rule == Rule::Text && unit.keeper.is_some();
        if keeps || (self.rule == Rule::Text && unit.operator) {
            let reason = Reason::KeptByLater(unit.keeper.unwrap_or(Keeper::Tell));
            self.open.values().for_each(|p| found.offer(p, kind, reason));
        }
        self.same_machine(unit, &mut found);
        self.mentioned(b, unit, &mut found);
        self.same_cell(b, unit, at, &mut found);
        let ended = self.ended(b, unit, at);
        self.loose |= !ended.is_empty();
        self.gated(b, unit, &mut found);
        self.weaken(b, &ended, &mut found);
        found.reduce(b);
        self.reduce_by_machine(b, unit, &mut found);
        found
    }

    fn same_machine(&self, unit: &Unit, found: &mut Candidates) {
        if self.rule == Rule::Text || self.rule == Rule::Members {
            for machine in &unit.machines {
                if let Some((_, last)) = self.machines.get(machine).filter(|(epoch, _)| *epoch == self.epoch) {
                    last.iter().for_each(|p| found.offer(p, self.kind(), Reason::Machine(*machine)));
                }
            }
        }
        if self.rule == Rule::Text && unit.operator {
            self.operator.iter().for_each(|p| found.offer(p, self.kind(), Reason::Operator));
        }
    }

    fn same_cell(&mut self, b: &mut Builder<'_>, unit: &Unit, at: usize, found: &mut Candidates) {
        for (&cell, access) in &unit.accesses {
            let Some(mut touched) = self.cells.remove(&cell) else { continue };
            if touched.epoch == self.epoch {
                let several = touched.joins(access.mode) || access.mode == Mode::Read;
                let last = touched.last(access.mode);
                if several {
                    self.meet(b, last);
                }
                let last = last.clone();
                let commutes =
                    |p: &Placed| access.mode != Mode::Write && p.access.is_some_and(|a| a.mode == access.mode);
                for placed in last.iter().chain(touched.loose.iter().filter(|p| !commutes(p))) {
                    let Some(earlier) = placed.access else { continue };
                    // One that it mentions is before it by its author's own word; and one report for two steps is enough.
                    if self.rule == Rule::Parallel && !found.list.contains_key(&placed.ends.end) {
                        b.parallel_conflict(cell, placed.ends, &earlier, access, at);
                    }
                    found.offer(placed, self.kind(), why(cell, &earlier, access));
                }
            }
            self.cells.insert(cell, touched);
        }
    }

    /// What conditions, `after` and values mention, as the item of this scope that it is or stands in.
    fn mentioned(&self, b: &Builder<'_>, unit: &Unit, found: &mut Candidates) {
        for r in unit.references.iter().filter(|r| r.target >= self.first) {
            for ends in b.tails(b.outline.lift(r.target, self.first)) {
                found.offer_node(ends, r.kind.min(self.kind()), r.reason);
            }
        }
    }

    /// What the item is to follow whatever became of it, by `after … finished`. If all of that is behind the gate,
    /// nothing of it: it is needed through the gate.
    fn ended(&self, b: &Builder<'_>, unit: &Unit, at: usize) -> BTreeMap<NodeId, (Ends, Reason)> {
        let finished = |r: &&Reference| r.kind == Kind::Waits && r.from == at && r.target >= self.first;
        let mut ended = BTreeMap::new();
        for r in unit.references.iter().filter(finished) {
            let tails = b.tails(b.outline.lift(r.target, self.first));
            ended.extend(tails.into_iter().map(|ends| (ends.end, (ends, r.reason))));
        }
        let met = |node: &NodeId| self.met.iter().any(|(meet, of)| self.in_gate(*meet) && stands_in(of, *node));
        let since = |node: &NodeId| Some(*node) > self.gate_end() || self.in_gate(*node) || met(node);
        if ended.keys().any(since) { ended } else { BTreeMap::new() }
    }

    fn gate_end(&self) -> Option<NodeId> {
        self.gate.last().map(|p| p.ends.end)
    }

    fn in_gate(&self, node: NodeId) -> bool {
        stands_in(&self.gate, node)
    }

    /// What has only to have ended is not needed, for whatever reason it was; what it needs is needed instead.
    fn weaken(&self, b: &Builder<'_>, ended: &BTreeMap<NodeId, (Ends, Reason)>, found: &mut Candidates) {
        if ended.is_empty() {
            return;
        }
        for &(ends, _) in ended.values() {
            let needs = b.dag.before(ends.start).filter(|(_, e)| e.kind == Kind::Needs);
            needs.for_each(|(n, e)| found.offer_node(Ends::of(n), Kind::Needs, e.reason));
        }
        // Later meetings may stand for earlier ones.
        for (meet, members) in self.met.iter().rev() {
            if members.iter().any(|p| ended.contains_key(&p.ends.end) || self.met.contains_key(&p.ends.end))
                && let Some((_, pred)) = found.list.remove(meet)
            {
                members.iter().for_each(|p| found.offer(p, pred.edge.kind, pred.edge.reason));
            }
        }
        for (&node, &(ends, reason)) in ended {
            found.list.insert(node, (ends, Pred { node, edge: Edge { kind: Kind::Waits, reason } }));
        }
    }

    /// The gate and the entry, unless something found since implies them. What is before the gate is implied by it.
    fn gated(&mut self, b: &mut Builder<'_>, unit: &Unit, found: &mut Candidates) {
        let last = self.gate_end();
        if !self.loose {
            found.list.retain(|node, _| Some(*node) > last || self.in_gate(*node));
        }
        let needs_newer = found.list.iter().any(|(node, (_, p))| Some(*node) > last && p.edge.kind == Kind::Needs);
        if needs_newer && !self.loose && !self.keep_going {
            let gate = self.gate.iter().map(|p| p.ends.end);
            return gate.for_each(|node| found.imply(node, Kind::Needs));
        }
        if self.gate.is_empty() || self.keep_going {
            for pred in &self.entry {
                found.list.entry(pred.node).or_insert((Ends::of(pred.node), *pred));
            }
        }
        let mut gate = std::mem::take(&mut self.gate);
        if unit.keeper.is_none() {
            self.meet(b, &mut gate);
        }
        for placed in &gate {
            if !found.list.contains_key(&placed.ends.end) {
                found.offer(placed, self.kind(), Reason::KeptByEarlier(placed.keeper));
            }
        }
        self.gate = gate;
    }

    /// Drops edges to steps since the gate on a machine of the item that are not the last there: the last imply them.
    fn reduce_by_machine(&self, b: &Builder<'_>, unit: &Unit, found: &mut Candidates) {
        if self.loose || found.list.len() < 2 || !matches!(self.rule, Rule::Text | Rule::Members) {
            return;
        }
        let gate = self.gate_end();
        for machine in &unit.machines {
            let Some((_, last)) = self.machines.get(machine).filter(|(epoch, _)| *epoch == self.epoch) else {
                continue;
            };
            let here =
                |n: &NodeId| Some(*n) > gate && b.host(*n) == Some(*machine) && !last.iter().any(|p| p.ends.end == *n);
            let implied: Vec<NodeId> = found.list.keys().copied().filter(here).collect();
            implied.into_iter().for_each(|node| found.imply(node, self.kind()));
        }
    }

    /// Takes an item into account that was placed.
    fn remember(&mut self, unit: &Unit, found: &Candidates, built: &[Ends]) {
        let covered = found.covered(self.kind());
        for node in &covered {
            self.open.remove(node);
        }
        let covers = |p: &Placed| covered.contains(&p.ends.end);
        let keeper = unit.keeper.unwrap_or(Keeper::Block);
        let placed: Vec<Placed> = built.iter().map(|&ends| Placed { ends, keeper, access: None }).collect();
        if self.rule == Rule::Text && unit.keeper.is_some() {
            self.gate = self.open.values().copied().chain(placed.iter().copied()).collect();
            self.epoch += 1;
            self.loose = false;
        }
        for machine in &unit.machines {
            let (epoch, last) = self.machines.entry(*machine).or_default();
            last.retain(|p| *epoch == self.epoch && !covers(p));
            last.extend(&placed);
            *epoch = self.epoch;
        }
        if unit.operator {
            self.operator.clone_from(&placed);
        }
        for (&cell, access) in &unit.accesses {
            let touched = self.cells.entry(cell).or_default();
            if touched.epoch != self.epoch {
                *touched = Touched::since(self.epoch);
            }
            let new = placed.iter().map(|p| Placed { access: Some(*access), ..*p });
            touched.record(access.mode, new, covers);
        }
        self.open.extend(placed.iter().map(|p| (p.ends.end, *p)));
        if self.keep_going {
            self.all.extend(built);
        }
    }

    /// Lets a long list meet in one node.
    fn meet(&mut self, b: &mut Builder<'_>, list: &mut Vec<Placed>) {
        if list.len() <= WIDE {
            return;
        }
        let kind = self.kind();
        let edge = Edge { kind, reason: Reason::Meet };
        let mut preds: Vec<Pred> = list.iter().map(|p| Pred { node: p.ends.end, edge }).collect();
        if self.keep_going {
            preds.extend(self.entry.iter().filter(|e| !list.iter().any(|p| p.ends.end == e.node)));
        }
        let block = Block::Meet(b.next_meet());
        let enter = b.add(What::Enter(block), self.context, &preds);
        let begin = Edge { kind: Kind::Needs, reason: Reason::Meet };
        let exit = b.add(What::Exit(block), self.context, &[Pred { node: enter, edge: begin }]);
        let ends = Ends { start: enter, end: exit, tried: exit };
        for placed in list.iter() {
            self.open.remove(&placed.ends.end);
        }
        let Some(&first) = list.first() else { return };
        let met = Placed { ends, ..first };
        self.open.insert(exit, met);
        if self.keep_going {
            self.all.push(ends);
        }
        self.met.insert(exit, std::mem::replace(list, vec![met]));
    }
}

/// Whether an item of an ascending list ends in this node.
fn stands_in(list: &[Placed], node: NodeId) -> bool {
    list.binary_search_by_key(&node, |p| p.ends.end).is_ok()
}
