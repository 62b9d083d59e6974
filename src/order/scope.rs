//! One list of items: what each of them follows among those before it.
//!
//! Nothing is ever compared with everything. The scope remembers, for each cell, machine and for the text as a whole,
//! the few items that stand for all earlier ones, because those follow them. Where many items would each follow many
//! others, the many meet in a pair of nodes that does nothing (see [`Block::Meet`]), and statuses come out the same.

use crate::calculus::{CellId, MachineId};
use crate::order::build::{Builder, Context};
use crate::order::dag::{Block, Edge, Ends, Keeper, Kind, NodeId, Reason, What};
use crate::order::unit::{Access, Mode, Reference, Unit};
use std::collections::{BTreeMap, HashMap, HashSet};

/// A list longer than this meets in one node before more than one item follows it.
const WIDE: usize = 16;
/// Edges looked at to find out whether one implies another.
const NEAR: usize = 16;

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

/// A node that must have ended or passed, and why.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pred {
    pub(super) node: NodeId,
    pub(super) edge: Edge,
}

/// An item that was placed.
#[derive(Clone, Copy, Debug)]
struct Placed {
    ends: Ends,
    keeper: Keeper,
    access: Option<Access>,
}

/// What is remembered of a cell.
#[derive(Default)]
struct Touched {
    epoch: u32,
    /// What the items in `writers` had to follow.
    base: Vec<Placed>,
    /// The last ones that changed it; several if they gave it the same value.
    writers: Vec<Placed>,
    /// That value.
    common: Option<u8>,
    /// Those that required it since.
    readers: Vec<Placed>,
}

impl Touched {
    /// Whether an access commutes with those of `writers`.
    fn joins(&self, mode: Mode) -> bool {
        matches!((mode, self.common), (Mode::Set(a), Some(b)) if a == b) && self.readers.is_empty()
    }
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
    /// What everything from here on follows.
    gate: Vec<Placed>,
    /// What nothing follows yet.
    open: BTreeMap<NodeId, Placed>,
    /// All that was placed, for a scope that keeps going.
    all: Vec<Ends>,
    machines: HashMap<MachineId, (u32, Vec<Placed>)>,
    operator: Vec<Placed>,
    cells: HashMap<CellId, Touched>,
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
        let mut references = Unit::whole(b.outline, at).references;
        references.iter_mut().for_each(|r| r.from = at);
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
        self.same_cell(b, unit, at, &mut found);
        self.mentioned(b, unit, &mut found);
        self.weaken(b, unit, at, &mut found);
        found.reduce(b);
        if self.keep_going || self.loose || !found.need_something() {
            self.gated(b, unit, &mut found);
        }
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
                let joins = touched.joins(access.mode);
                let loose = self.loose;
                let list = match access.mode {
                    _ if joins => &mut touched.base,
                    Mode::Read => &mut touched.writers,
                    _ if touched.readers.is_empty() => &mut touched.writers,
                    _ => &mut touched.readers,
                };
                if joins || access.mode == Mode::Read {
                    self.meet(b, list);
                }
                self.offer_cell(b, cell, access, list, at, found);
                if loose && !joins && access.mode != Mode::Read {
                    let writers = std::mem::take(&mut touched.writers);
                    self.offer_cell(b, cell, access, &writers, at, found);
                    touched.writers = writers;
                }
            }
            self.cells.insert(cell, touched);
        }
    }

    fn offer_cell(
        &self,
        b: &mut Builder<'_>,
        cell: CellId,
        access: &Access,
        list: &[Placed],
        at: usize,
        found: &mut Candidates,
    ) {
        for placed in list {
            let Some(earlier) = placed.access else { continue };
            let reason = match (earlier.fence, access.fence) {
                (Some(machine), _) | (None, Some(machine)) => Reason::Fence { machine, cell },
                (None, None) => Reason::Conflict { cell, earlier: earlier.span, later: access.span },
            };
            if self.rule == Rule::Parallel {
                b.parallel_conflict(cell, placed.ends, &earlier, access, at);
            }
            found.offer(placed, self.kind(), reason);
        }
    }

    /// What conditions, `after` and values mention, as the item of this scope that it is or stands in.
    fn mentioned(&self, b: &Builder<'_>, unit: &Unit, found: &mut Candidates) {
        for r in unit.references.iter().filter(|r| r.target >= self.first && b.outline.end(r.target) <= r.from) {
            for ends in b.tails(b.outline.lift(r.target, self.first)) {
                found.offer_node(ends, r.kind.min(self.kind()), r.reason);
            }
        }
    }

    /// `after x finished`: the item runs whatever became of `x`, so it needs what `x` needs instead of `x`.
    fn weaken(&mut self, b: &Builder<'_>, unit: &Unit, at: usize, found: &mut Candidates) {
        let finished = |r: &&Reference| r.kind == Kind::Waits && r.from == at && r.target >= self.first;
        for r in unit.references.iter().filter(finished) {
            for ends in b.tails(b.outline.lift(r.target, self.first)) {
                let edge = Edge { kind: Kind::Waits, reason: r.reason };
                found.list.insert(ends.end, (ends, Pred { node: ends.end, edge }));
                for (node, edge) in b.dag.before(ends.start).filter(|(_, e)| e.kind == Kind::Needs) {
                    found.offer_node(Ends::of(node), Kind::Needs, edge.reason);
                }
                self.loose = true;
            }
        }
    }

    /// What everything follows from here on.
    fn gated(&mut self, b: &mut Builder<'_>, unit: &Unit, found: &mut Candidates) {
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
                *touched = Touched { epoch: self.epoch, ..Touched::default() };
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
        *list = vec![met];
    }
}

impl Touched {
    fn record(&mut self, mode: Mode, new: impl Iterator<Item = Placed>, covers: impl Fn(&Placed) -> bool) {
        if mode == Mode::Read {
            self.readers.extend(new);
            return;
        }
        if self.joins(mode) {
            self.writers.extend(new);
            return;
        }
        let mut base = std::mem::take(&mut self.readers);
        let writers = std::mem::take(&mut self.writers);
        let mut kept: Vec<Placed> = base.iter().chain(&writers).filter(|p| !covers(p)).copied().collect();
        if base.is_empty() {
            base = writers;
        } else {
            kept.retain(|p| base.iter().any(|q| q.ends.end == p.ends.end));
        }
        self.common = match mode {
            Mode::Set(value) if kept.is_empty() => Some(value),
            _ => None,
        };
        kept.extend(new);
        self.base = base;
        self.writers = kept;
    }
}

/// Edges to choose from: for each node the best.
#[derive(Default)]
struct Candidates {
    list: BTreeMap<NodeId, (Ends, Pred)>,
    /// Those that another edge implies, with what it implies.
    implied: Vec<(NodeId, Kind)>,
}

impl Candidates {
    fn offer(&mut self, placed: &Placed, kind: Kind, reason: Reason) {
        self.offer_node(placed.ends, kind, reason);
    }

    fn offer_node(&mut self, ends: Ends, kind: Kind, reason: Reason) {
        let new = Edge { kind, reason };
        let (_, pred) = self.list.entry(ends.end).or_insert((ends, Pred { node: ends.end, edge: new }));
        pred.edge.kind = pred.edge.kind.max(kind);
        pred.edge.reason = pred.edge.reason.max(reason);
    }

    fn need_something(&self) -> bool {
        self.list.values().any(|(_, p)| p.edge.kind == Kind::Needs)
    }

    /// Drops edges that another one implies directly.
    fn reduce(&mut self, b: &Builder<'_>) {
        if self.list.len() < 2 {
            return;
        }
        for (ends, pred) in self.list.values() {
            for (node, edge) in b.dag.before(ends.start).take(NEAR) {
                let by = edge.kind.min(pred.edge.kind);
                if self.list.get(&node).is_some_and(|(_, p)| p.edge.kind <= by) {
                    self.implied.push((node, by));
                }
            }
        }
        for (node, _) in &self.implied {
            self.list.remove(node);
        }
    }

    /// The nodes that what follows here follows too, at least in this way.
    fn covered(&self, kind: Kind) -> HashSet<NodeId> {
        let direct = self.list.values().map(|(_, p)| (p.node, p.edge.kind));
        direct.chain(self.implied.iter().copied()).filter(|(_, k)| *k >= kind).map(|(node, _)| node).collect()
    }
}
