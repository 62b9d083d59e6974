//! The structure of the DAG: what stands around the steps, and how attempts and `finally` follow each other.
//!
//! ```text
//! region            ENTER  attempts  [JOIN]  [ENTER finally EXIT]  [EXIT]
//! attempt           the step alone, if it is one; else ENTER items EXIT
//! ```
//!
//! A region with a single attempt and no `finally` is `ENTER items EXIT`.

use crate::base::{Code, Diagnostic};
use crate::calculus::{CellId, MachineId, ValueId, ValueSource};
use crate::model::{Condition, Guard, Item, Key, Order, Region, Rung, Step};
use crate::order::candidates::Pred;
use crate::order::dag::{Block, Dag, Edge, Ends, Kind, Node, NodeId, Reason, Stated, What};
use crate::order::guards::{FailedAttempts, GuardIx};
use crate::order::outline::{Outline, read_by};
use crate::order::scope::{Rule, Scope};
use crate::order::unit::{Access, Mode, values};
use std::collections::HashMap;

/// What a node inherits from where it stands.
#[derive(Clone, Copy)]
pub(super) struct Context {
    pub(super) guard: GuardIx,
    pub(super) within: Option<NodeId>,
    pub(super) finally: bool,
    pub(super) instead_of: Option<NodeId>,
}

/// The DAG while it grows.
pub(super) struct Builder<'p> {
    pub(super) outline: &'p Outline<'p>,
    pub(super) dag: Dag,
    pub(super) diagnostics: Vec<Diagnostic>,
    meets: u32,
}

const NEEDS_BEGIN: Edge = Edge { kind: Kind::Needs, reason: Reason::Begin };
const WAITS_LADDER: Edge = Edge { kind: Kind::Waits, reason: Reason::Ladder };
const NEEDS_END: Edge = Edge { kind: Kind::Needs, reason: Reason::End };

/// Builds the whole DAG.
pub(super) fn build<'p>(outline: &'p Outline<'p>) -> (Dag, Vec<Diagnostic>) {
    let mut b = Builder { outline, dag: Dag::default(), diagnostics: Vec::new(), meets: 0 };
    let outside = Context { guard: GuardIx::ALWAYS, within: None, finally: false, instead_of: None };
    let mut read = Vec::new();
    for (index, probe) in outline.plan.probes.iter().enumerate().filter(|(_, p)| p.at_start) {
        let node = b.add(What::Probe(index), outside, &[]);
        read.push(Pred { node, edge: Edge { kind: Kind::Needs, reason: Reason::ProbeRead(probe.atom) } });
    }
    let enter = b.add(What::Enter(Block::Plan), outside, &read);
    let context = Context { within: Some(enter), ..outside };
    let last = b.items(&outline.plan.body, context, Rule::Text, false, enter);
    let preds = b.ending(&last, enter);
    b.add(What::End, outside, &preds);
    b.choose();
    (b.dag, b.diagnostics)
}

impl Builder<'_> {
    /// Adds a node whose only condition is that of its context.
    pub(super) fn add(&mut self, what: What, context: Context, preds: &[Pred]) -> NodeId {
        self.add_stated(what, context, Vec::new(), preds)
    }

    fn add_stated(&mut self, what: What, context: Context, conditions: Vec<Stated>, preds: &[Pred]) -> NodeId {
        let Context { guard, within, finally, instead_of } = context;
        let node = self.dag.add(Node { what, guard, conditions, within, finally, instead_of });
        for pred in preds {
            self.dag.link(pred.node, node, pred.edge);
        }
        node
    }

    /// The number of the next [`Block::Meet`].
    pub(super) fn next_meet(&mut self) -> u32 {
        self.meets += 1;
        self.meets - 1
    }

    /// Adds the item at a position and gives its last nodes.
    pub(super) fn build(&mut self, at: usize, context: Context, preds: Vec<Pred>, keep_going: bool) -> Vec<Ends> {
        match self.outline.spot(at).map(|s| s.item) {
            Some(Item::Step(step)) => vec![self.step(step, at, context, &preds)],
            Some(Item::Region(region)) => vec![self.region(region, at, context, &preds)],
            Some(Item::Group(_)) => {
                let mut scope = Scope::new(context, Rule::Members, keep_going, at + 1, preds);
                for member in self.outline.children(at) {
                    scope.place(self, member);
                }
                scope.last()
            }
            None => Vec::new(),
        }
    }

    /// The machine of a step.
    pub(super) fn host(&self, node: NodeId) -> Option<MachineId> {
        match self.dag.node(node)?.what {
            What::Step(key) => self.outline.step(key)?.host,
            _ => None,
        }
    }

    /// The last nodes of the items at a position.
    pub(super) fn tails(&self, at: usize) -> Vec<Ends> {
        match self.outline.spot(at).map(|s| s.item) {
            Some(Item::Group(_)) => self.outline.children(at).into_iter().flat_map(|m| self.tails(m)).collect(),
            Some(item) => self.dag.ends(item.key()).into_iter().collect(),
            None => Vec::new(),
        }
    }

    fn step(&mut self, step: &Step, at: usize, context: Context, preds: &[Pred]) -> Ends {
        let conditions = self.state(&step.conditions, at);
        let captured = self.captured(step);
        let guard = self.all(context.guard, conditions.iter().map(|c| c.guard).chain(captured));
        let node = self.add_stated(What::Step(step.key), Context { guard, ..context }, conditions, preds);
        if let Some(atom) = read_by(&step.act) {
            self.dag.add_reader(atom, node);
        }
        let ends = Ends::of(node);
        self.dag.set_ends(step.key, ends);
        ends
    }

    /// A step that uses a captured value runs only if the step that captures it succeeded.
    fn captured(&mut self, step: &Step) -> Vec<GuardIx> {
        let sources = values(&step.act).into_iter().filter_map(|v| self.outline.plan.values.get(v.index()));
        let by = sources.filter_map(|v| match v.source {
            ValueSource::Captured { by } => Some(by),
            ValueSource::Picked { .. } => None,
        });
        by.map(|key| self.succeeded(key, usize::MAX)).collect()
    }

    fn region(&mut self, region: &Region, at: usize, context: Context, preds: &[Pred]) -> Ends {
        let block = Block::Region(region.key);
        let mut conditions = self.state(&region.conditions, at);
        let sole = match region.rungs.as_slice() {
            [only] if region.finally.is_empty() => Some(only),
            _ => None,
        };
        if let Some(rung) = sole {
            conditions.extend(self.state(&rung.conditions, at + 1));
        }
        let guard = self.all(context.guard, conditions.iter().map(|c| c.guard));
        let context = Context { guard, ..context };
        let start = self.add_stated(What::Enter(block), context, conditions, preds);
        let inside = Context { within: Some(start), instead_of: None, ..context };
        let ends = if let Some(rung) = sole {
            let last = self.items(&rung.items, inside, rule(region.order), false, start);
            let preds = self.ending(&last, start);
            let end = self.add(What::Exit(block), context, &preds);
            Ends { start, end, tried: end }
        } else {
            let tried = self.ladder(region, at, inside, start);
            self.dag.set_ends(region.key, Ends { start, end: tried, tried });
            let end = self.finally(region, context, start, tried);
            Ends { start, end, tried }
        };
        self.dag.set_ends(region.key, ends);
        ends
    }

    /// The attempts of a region; gives the node in which they end.
    fn ladder(&mut self, region: &Region, at: usize, inside: Context, start: NodeId) -> NodeId {
        let mut failed = FailedAttempts::default();
        let mut ends: Vec<NodeId> = Vec::new();
        let mut first = at + 1;
        for (number, rung) in region.rungs.iter().enumerate() {
            let mut preds = vec![Pred { node: start, edge: NEEDS_BEGIN }];
            preds.extend(ends.iter().rev().take(1).map(|&node| Pred { node, edge: WAITS_LADDER }));
            let guard = self.all(inside.guard, failed.parts());
            let context = Context { guard, instead_of: ends.last().copied(), ..inside };
            let block = Block::Rung(region.key, u32::try_from(number).unwrap_or(u32::MAX));
            let end = self.rung(rung, first, block, context, &preds, rule(region.order));
            failed.push(self.dag.guards_mut(), end);
            ends.push(end);
            first =
                rung.items.last().and_then(|i| self.outline.position(i.key())).map_or(first, |l| self.outline.end(l));
        }
        match ends.as_slice() {
            [] => start,
            [only] => *only,
            _ => {
                let mut preds = vec![Pred { node: start, edge: NEEDS_BEGIN }];
                preds.extend(ends.iter().map(|&node| Pred { node, edge: WAITS_LADDER }));
                self.add(What::Join(region.key, ends), inside, &preds)
            }
        }
    }

    /// One attempt; gives its last node. A single step is an attempt by itself.
    fn rung(
        &mut self,
        rung: &Rung,
        first: usize,
        place: Block,
        context: Context,
        preds: &[Pred],
        rule: Rule,
    ) -> NodeId {
        let mut conditions = self.state(&rung.conditions, first);
        let guard = self.all(context.guard, conditions.iter().map(|c| c.guard));
        let context = Context { guard, ..context };
        if let [Item::Step(step)] = rung.items.as_slice() {
            let ends = self.step(step, first, context, preds);
            conditions.retain(|c| !step.conditions.iter().any(|own| own.text == c.text));
            self.dag.state(ends.end, conditions);
            return ends.end;
        }
        let enter = self.add_stated(What::Enter(place), context, conditions, preds);
        let inside = Context { within: Some(enter), instead_of: None, ..context };
        let last = self.items(&rung.items, inside, rule, false, enter);
        let preds = self.ending(&last, enter);
        self.add(What::Exit(place), context, &preds)
    }

    /// The `finally` of a region, if it has one; gives the region's last node.
    fn finally(&mut self, region: &Region, context: Context, start: NodeId, tried: NodeId) -> NodeId {
        if region.finally.is_empty() {
            return tried;
        }
        let block = Block::Finally(region.key);
        let in_finally = Context { within: Some(start), finally: true, instead_of: None, ..context };
        let mut preds = vec![Pred { node: start, edge: NEEDS_BEGIN }];
        if tried != start {
            preds.push(Pred { node: tried, edge: Edge { kind: Kind::Waits, reason: Reason::Finally } });
        }
        let enter = self.add(What::Enter(block), in_finally, &preds);
        let inside = Context { within: Some(enter), ..in_finally };
        let last = self.items(&region.finally, inside, Rule::Text, true, enter);
        let mut preds = self.ending(&last, enter);
        preds.extend(last.is_empty().then_some(Pred { node: enter, edge: NEEDS_BEGIN }));
        preds.dedup_by_key(|p| p.node);
        let exit = self.add(What::Exit(block), in_finally, &preds);
        let guard = match self.dag.node(tried).map(|n| &n.what) {
            Some(What::Join(..)) => {
                let worked = self.dag.guards_mut().ok(tried);
                self.all(context.guard, [worked])
            }
            _ => context.guard,
        };
        let preds = [tried, exit].map(|node| Pred { node, edge: NEEDS_END });
        self.add(What::Exit(Block::Region(region.key)), Context { guard, ..context }, &preds)
    }

    /// Places a list of items; gives those that nothing in the list follows.
    fn items(&mut self, items: &[Item], context: Context, rule: Rule, keep_going: bool, enter: NodeId) -> Vec<Ends> {
        let Some(first) = items.first().and_then(|i| self.outline.position(i.key())) else { return Vec::new() };
        let entry = vec![Pred { node: enter, edge: NEEDS_BEGIN }];
        let mut scope = Scope::new(context, rule, keep_going, first, entry);
        for at in items.iter().filter_map(|i| self.outline.position(i.key())) {
            scope.place(self, at);
        }
        scope.last()
    }

    /// The edges of the end of a block that `enter` begins.
    fn ending(&self, last: &[Ends], enter: NodeId) -> Vec<Pred> {
        if last.is_empty() {
            return vec![Pred { node: enter, edge: NEEDS_BEGIN }];
        }
        last.iter().map(|ends| Pred { node: ends.end, edge: NEEDS_END }).collect()
    }

    /// The conditions of the cases of picked values, as they are meant where the value is used.
    fn choose(&mut self) {
        let mut used: HashMap<ValueId, usize> = HashMap::new();
        for (at, spot) in self.outline.spots().iter().enumerate() {
            if let Item::Step(step) = spot.item {
                values(&step.act).into_iter().for_each(|value| _ = used.entry(value).or_insert(at));
            }
        }
        let mut choices = Vec::new();
        for (id, value) in self.outline.plan.values.iter().enumerate() {
            let from = used.get(&ValueId::at(id)).copied().unwrap_or(usize::MAX);
            choices.push(match &value.source {
                ValueSource::Picked { cases, .. } => cases.iter().map(|(g, _)| self.formula(g, from)).collect(),
                ValueSource::Captured { .. } => Vec::new(),
            });
        }
        self.dag.set_choices(choices);
    }

    fn all(&mut self, around: GuardIx, own: impl IntoIterator<Item = GuardIx>) -> GuardIx {
        self.dag.guards_mut().all(std::iter::once(around).chain(own))
    }

    fn state(&mut self, conditions: &[Condition], from: usize) -> Vec<Stated> {
        let state = |c: &Condition| Stated { guard: self.formula(&c.guard, from), text: c.text.clone(), span: c.span };
        conditions.iter().map(state).collect()
    }

    /// What a condition means that stands at a position.
    fn formula(&mut self, guard: &Guard, from: usize) -> GuardIx {
        let parts =
            |b: &mut Self, parts: &[Guard]| -> Vec<GuardIx> { parts.iter().map(|p| b.formula(p, from)).collect() };
        match guard {
            Guard::Always => GuardIx::ALWAYS,
            Guard::Never => GuardIx::NEVER,
            Guard::Is(atom, option) => self.dag.guards_mut().is(*atom, *option),
            Guard::Succeeded(key) => self.succeeded(*key, from),
            Guard::Not(inner) => {
                let inner = self.formula(inner, from);
                self.dag.guards_mut().not(inner)
            }
            Guard::All(all) => {
                let all = parts(self, all);
                self.dag.guards_mut().all(all)
            }
            Guard::Any(any) => {
                let any = parts(self, any);
                self.dag.guards_mut().any(any)
            }
            Guard::AtMost(count, of) => {
                let of = parts(self, of);
                self.dag.guards_mut().at_most(*count, of)
            }
        }
    }

    /// The step or region succeeded; all members of the group did. Inside the `finally` of a region, the region's
    /// success is that of its attempts. What comes later never counts.
    fn succeeded(&mut self, key: Key, from: usize) -> GuardIx {
        let Some((at, spot)) = self.outline.position(key).and_then(|at| Some((at, self.outline.spot(at)?))) else {
            return GuardIx::NEVER;
        };
        let around = from > at && from < spot.end;
        let nodes: Vec<NodeId> = match spot.item {
            Item::Region(_) if around && from >= spot.finally => {
                self.dag.ends(key).map(|e| e.tried).into_iter().collect()
            }
            _ if around || from <= at => return GuardIx::NEVER,
            _ => self.tails(at).iter().map(|e| e.end).collect(),
        };
        if nodes.is_empty() {
            return GuardIx::NEVER;
        }
        let nodes: Vec<GuardIx> = nodes.into_iter().map(|n| self.dag.guards_mut().ok(n)).collect();
        self.dag.guards_mut().all(nodes)
    }

    /// Reports that the item at a position conflicts with one that it was said to be independent of.
    pub(super) fn parallel_conflict(&mut self, cell: CellId, earlier: Ends, theirs: &Access, ours: &Access, at: usize) {
        let key = match self.dag.node(earlier.start).map(|n| &n.what) {
            Some(What::Step(key) | What::Enter(Block::Region(key))) => *key,
            _ => return,
        };
        let (before, after) = (self.outline.position(key).map_or("", |p| self.outline.name(p)), self.outline.name(at));
        let name = self.outline.plan.cells.get(cell.index()).map_or("", |c| c.name.as_str());
        let role = |access: &Access| match access {
            Access { fence: Some(_), .. } => "stops commands that may still change it",
            Access { mode: Mode::Read, .. } => "needs it in a certain state",
            _ => "changes it",
        };
        let message = format!("`{before}` and `{after}` run in parallel, but both touch `{name}`");
        self.diagnostics.push(
            Diagnostic::error(Code::ParallelConflict, ours.span, message)
                .here(format!("`{after}` {}", role(ours)))
                .label(theirs.span, format!("`{before}` {}", role(theirs)))
                .help(format!("write `after {before}` in `{after}`, or take one of them out of `parallel`")),
        );
    }
}

fn rule(order: Order) -> Rule {
    match order {
        Order::Text => Rule::Text,
        Order::Conflicts => Rule::Conflicts,
        Order::None => Rule::Parallel,
    }
}
