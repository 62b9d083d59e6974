//! The order of the procedure as a small graph, to be drawn: a unit for each step, or for several where there are too
//! many; knots where many units meet; only the edges that do not follow from others. And in which wave each unit stands.
//!
//! Guarantees: edges lead from earlier to later units; equal plans give equal graphs.

use crate::order::{Dag, Kind, NodeId, Wire};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// More units than this are folded.
const LEGIBLE: usize = 64;
/// More than this are not drawn.
const DRAWN: usize = 160;
/// Plans of more nodes are not drawn.
const NODES: usize = 6_000;

/// What becomes one box.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Unit {
    /// The steps.
    pub(super) nodes: Vec<NodeId>,
    /// What stands in it: number and name, then the heading.
    pub(super) name: String,
    pub(super) title: String,
    /// First and last of its lanes.
    pub(super) lanes: (usize, usize),
    /// The node whose row tells more.
    pub(super) row: u32,
    /// The steps are skipped if all of these are on.
    pub(super) off: Vec<Wire>,
    /// Why it is skipped as things are known.
    pub(super) skipped: bool,
    pub(super) commits: bool,
    pub(super) critical: bool,
}

/// The graph; vertices in an order that edges follow.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Graph {
    /// `None` is a knot.
    pub(super) vertices: Vec<Option<Unit>>,
    /// For each vertex: what it follows, and what must have become of that.
    pub(super) before: Vec<BTreeMap<usize, Kind>>,
    /// For each vertex: its wave, from 0; that of a knot is the last one before it.
    pub(super) waves: Vec<usize>,
}

/// The graph of these units, folded as far as it has to be; `None` if it would be too large all the same.
pub(super) fn graph(dag: &Dag, units: Vec<Unit>, folded: impl FnOnce() -> Vec<Unit>) -> Option<Graph> {
    if dag.node_count() > NODES {
        return None;
    }
    let units = if units.len() > LEGIBLE { folded() } else { units };
    let fold = units.len() > LEGIBLE;
    let mut graph = Graph::of(dag, units);
    graph.untie();
    graph.reduce();
    if fold {
        graph.fold_chains();
    }
    graph.compact();
    graph.find_waves();
    let units = graph.vertices.iter().flatten().count();
    (1..=DRAWN).contains(&units).then_some(graph)
}

impl Graph {
    /// Every node that is in no unit is a knot.
    fn of(dag: &Dag, units: Vec<Unit>) -> Graph {
        let mut unit_of: HashMap<NodeId, usize> = HashMap::new();
        for (index, unit) in units.iter().enumerate() {
            unit_of.extend(unit.nodes.iter().map(|n| (*n, index)));
        }
        let mut units: Vec<Option<Unit>> = units.into_iter().map(Some).collect();
        let mut placed: HashMap<usize, usize> = HashMap::new();
        let mut graph = Graph::default();
        let mut vertex_of: Vec<usize> = Vec::with_capacity(dag.node_count());
        for (id, _) in dag.nodes() {
            let unit = unit_of.get(&id);
            let known = unit.and_then(|u| placed.get(u)).copied();
            let at = known.unwrap_or_else(|| {
                let unit = unit.and_then(|u| units.get_mut(*u)).and_then(Option::take);
                graph.vertices.push(unit);
                graph.before.push(BTreeMap::new());
                graph.vertices.len() - 1
            });
            placed.extend(unit.map(|u| (*u, at)));
            vertex_of.push(at);
            for (before, edge) in dag.before(id) {
                if let Some(from) = vertex_of.get(before.index()).copied() {
                    graph.link(from, at, edge.kind);
                }
            }
        }
        graph
    }

    fn link(&mut self, from: usize, to: usize, kind: Kind) {
        if let (true, Some(before)) = (from < to, self.before.get_mut(to)) {
            before.entry(from).and_modify(|k| *k = kind.max(*k)).or_insert(kind);
        }
    }

    fn is_knot(&self, vertex: usize) -> bool {
        self.vertices.get(vertex).is_none_or(Option::is_none)
    }

    fn after(&self) -> Vec<BTreeSet<usize>> {
        let mut after = vec![BTreeSet::new(); self.vertices.len()];
        for (to, before) in self.before.iter().enumerate() {
            for from in before.keys() {
                if let Some(of) = after.get_mut(*from) {
                    of.insert(to);
                }
            }
        }
        after
    }

    /// Takes out the knots that spare no edges.
    fn untie(&mut self) {
        let mut after = self.after();
        for knot in 0..self.vertices.len() {
            if !self.is_knot(knot) {
                continue;
            }
            let into = self.before.get(knot).cloned().unwrap_or_default();
            let out = after.get(knot).cloned().unwrap_or_default();
            if into.len() * out.len() > into.len() + out.len() {
                continue;
            }
            for to in &out {
                let Some(before) = self.before.get_mut(*to) else { continue };
                let Some(second) = before.remove(&knot) else { continue };
                for (from, first) in &into {
                    let kind = second.min(*first);
                    before.entry(*from).and_modify(|k| *k = kind.max(*k)).or_insert(kind);
                }
            }
            for from in into.keys() {
                if let Some(of) = after.get_mut(*from) {
                    of.remove(&knot);
                    of.extend(&out);
                }
            }
            if let Some(before) = self.before.get_mut(knot) {
                before.clear();
            }
        }
    }

    /// Keeps only the edges that do not follow from others.
    fn reduce(&mut self) {
        let words = self.vertices.len().div_ceil(64);
        let mut reach: Vec<Vec<u64>> = Vec::with_capacity(self.vertices.len());
        let has = |set: &[u64], v: usize| set.get(v / 64).is_some_and(|w| w & (1 << (v % 64)) != 0);
        for before in &mut self.before {
            let mut own = vec![0u64; words];
            let behind: Vec<&Vec<u64>> = before.keys().filter_map(|v| reach.get(*v)).collect();
            for set in &behind {
                own.iter_mut().zip(set.iter()).for_each(|(a, b)| *a |= b);
            }
            before.retain(|v, _| !has(&own, *v));
            for v in before.keys() {
                if let Some(word) = own.get_mut(v / 64) {
                    *word |= 1 << (v % 64);
                }
            }
            reach.push(own);
        }
    }

    /// Units that simply follow one another on the same lanes become one.
    fn fold_chains(&mut self) {
        let after = self.after();
        for vertex in 0..self.vertices.len() {
            let from = match self.before.get(vertex).map(|b| b.keys().copied().collect::<Vec<_>>()) {
                Some(before) if before.len() == 1 => before.first().copied().unwrap_or(vertex),
                _ => continue,
            };
            // What comes before may have been folded itself: then its steps are where its own predecessor was.
            if after.get(from).is_none_or(|a| a.len() != 1) || self.is_knot(from) || self.is_knot(vertex) {
                continue;
            }
            let lanes = |v: usize| self.vertices.get(v).and_then(Option::as_ref).map(|u| u.lanes);
            if lanes(from) != lanes(vertex) {
                continue;
            }
            let before = self.before.get_mut(from).map(std::mem::take).unwrap_or_default();
            let first = self.vertices.get_mut(from).and_then(Option::take);
            if let Some(slot) = self.vertices.get_mut(vertex) {
                *slot = first.zip(slot.take()).map(|(first, next)| first.then(next));
            }
            if let Some(own) = self.before.get_mut(vertex) {
                *own = before;
            }
        }
    }

    /// Drops the vertices that stand for nothing.
    fn compact(&mut self) {
        let after = self.after();
        let keep = |v: usize| {
            let tied = self.before.get(v).is_some_and(|b| !b.is_empty()) && after.get(v).is_some_and(|a| !a.is_empty());
            !self.is_knot(v) || tied
        };
        let kept: Vec<usize> = (0..self.vertices.len()).filter(|v| keep(*v)).collect();
        let new: HashMap<usize, usize> = kept.iter().enumerate().map(|(new, old)| (*old, new)).collect();
        let before = kept
            .iter()
            .filter_map(|v| self.before.get(*v))
            .map(|before| before.iter().filter_map(|(from, kind)| Some((*new.get(from)?, *kind))).collect());
        self.before = before.collect();
        self.vertices = kept.iter().filter_map(|v| self.vertices.get(*v).cloned()).collect();
    }

    fn find_waves(&mut self) {
        for (vertex, before) in self.before.iter().enumerate() {
            let last = before.keys().filter_map(|v| self.waves.get(*v)).max();
            let next = usize::from(self.vertices.get(vertex).is_some_and(Option::is_some));
            self.waves.push(last.map_or(0, |wave| wave + next));
        }
    }
}

impl Unit {
    /// Both of them, under the name of the first.
    pub(super) fn and(self, other: Unit) -> Unit {
        Unit {
            lanes: (self.lanes.0.min(other.lanes.0), self.lanes.1.max(other.lanes.1)),
            nodes: [self.nodes, other.nodes].concat(),
            off: [self.off, other.off].concat(),
            skipped: self.skipped && other.skipped,
            commits: self.commits || other.commits,
            critical: self.critical || other.critical,
            ..self
        }
    }

    /// Both of them, one after the other.
    fn then(self, next: Unit) -> Unit {
        let begin = self.name.split(" … ").next().unwrap_or_default();
        let name = format!("{begin} … {}", next.name);
        let both = self.and(next);
        Unit { name, title: format!("{} steps, one after the other", both.nodes.len()), ..both }
    }
}

#[cfg(test)]
mod tests {
    use super::{Graph, Unit, graph};
    use crate::order::property::{choices, grown};
    use crate::order::sample::{plan, step};
    use crate::order::{Dag, NodeId, What, order};
    use proptest::prelude::proptest;
    use std::collections::BTreeSet;

    fn units(dag: &Dag, lanes: usize) -> Vec<Unit> {
        let steps = dag.nodes().filter(|(_, n)| matches!(n.what, What::Step(_)));
        let unit = |(id, _): (NodeId, _)| Unit {
            nodes: vec![id],
            name: format!("s{}", id.0),
            title: String::new(),
            lanes: (id.index() % lanes, id.index() % lanes),
            row: id.0,
            off: Vec::new(),
            skipped: false,
            commits: false,
            critical: false,
        };
        steps.map(unit).collect()
    }

    /// What each vertex follows, directly or not.
    fn behind(before: impl Iterator<Item = Vec<usize>>) -> Vec<BTreeSet<usize>> {
        let mut all: Vec<BTreeSet<usize>> = Vec::new();
        for before in before {
            let further: BTreeSet<usize> = before.iter().flat_map(|v| all[*v].clone()).collect();
            all.push(before.into_iter().chain(further).collect());
        }
        all
    }

    /// The pairs of steps of which the later one follows the earlier one.
    fn pairs(graph: &Graph) -> BTreeSet<(NodeId, NodeId)> {
        let behind = behind(graph.before.iter().map(|b| b.keys().copied().collect()));
        let nodes = |v: usize| graph.vertices[v].iter().flat_map(|u| u.nodes.clone()).collect::<Vec<_>>();
        let mut pairs = BTreeSet::new();
        for (to, before) in behind.iter().enumerate() {
            for from in before {
                pairs.extend(nodes(*from).into_iter().flat_map(|a| nodes(to).into_iter().map(move |b| (a, b))));
            }
        }
        pairs
    }

    fn by_definition(dag: &Dag) -> BTreeSet<(NodeId, NodeId)> {
        let behind = behind(dag.nodes().map(|(id, _)| dag.before(id).map(|(n, _)| n.index()).collect()));
        let is_step = |n: NodeId| matches!(dag.node(n).unwrap().what, What::Step(_));
        let all = behind
            .iter()
            .enumerate()
            .flat_map(|(to, before)| before.iter().map(move |from| (NodeId(*from as u32), NodeId(to as u32))));
        all.filter(|(a, b)| is_step(*a) && is_step(*b)).collect()
    }

    fn check(dag: &Dag) {
        let units = units(dag, 3);
        let count = units.len();
        let Some(graph) = graph(dag, units, Vec::new) else {
            return assert!(count == 0 || count > super::LEGIBLE);
        };
        assert_eq!(pairs(&graph), by_definition(dag));
        for (vertex, before) in graph.before.iter().enumerate() {
            let unit = usize::from(graph.vertices[vertex].is_some());
            assert!(before.keys().all(|v| graph.waves[*v] + unit <= graph.waves[vertex]), "{vertex}");
            let all = behind(graph.before.iter().map(|b| b.keys().copied().collect()));
            let needless = |v: &usize| before.keys().any(|w| all[*w].contains(v));
            assert!(!before.keys().any(needless), "{vertex} says twice what it follows");
        }
    }

    proptest! {
        #[test]
        fn the_drawing_has_the_order_of_the_plan_and_no_edge_too_many(choices in choices()) {
            check(&order(&grown(choices)).0);
        }
    }

    #[test]
    fn a_long_chain_is_folded_and_a_wide_one_given_up() {
        let long = (0..500).map(|n| step(n, &format!("s{n}")).on(n / 250).into()).collect();
        let (dag, _) = order(&plan(2, 1, 1, long));
        let lane_of = |unit: Unit| {
            let lane = unit.nodes[0].index() / 251;
            Unit { lanes: (lane, lane), ..unit }
        };
        let all = || units(&dag, 1).into_iter().map(lane_of).collect::<Vec<_>>();
        let folded = graph(&dag, all(), all).unwrap();
        let boxes: Vec<(&str, usize)> =
            folded.vertices.iter().flatten().map(|u| (u.name.as_str(), u.nodes.len())).collect();
        assert_eq!(boxes, [("s1 … s250", 250), ("s251 … s500", 250)]);
        let wide = (0..500).map(|n| step(n, &format!("s{n}")).on(n).into()).collect();
        let (dag, _) = order(&plan(500, 1, 1, wide));
        assert_eq!(graph(&dag, units(&dag, 500), || units(&dag, 500)), None);
    }
}
