//! The edges of one item, before it is known which of them say something that the others do not.

use crate::order::build::Builder;
use crate::order::dag::{Edge, Ends, Kind, NodeId, Reason};
use crate::order::touched::Placed;
use std::collections::{BTreeMap, HashSet};

/// Edges looked at to find out whether one implies another.
const NEAR: usize = 16;

/// A node that must have ended or passed, and why.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pred {
    pub(super) node: NodeId,
    pub(super) edge: Edge,
}

/// Edges to choose from: for each node the best.
#[derive(Default)]
pub(super) struct Candidates {
    pub(super) list: BTreeMap<NodeId, (Ends, Pred)>,
    /// Those that another edge implies, with what it implies.
    implied: Vec<(NodeId, Kind)>,
}

impl Candidates {
    /// An edge from an item that was placed.
    pub(super) fn offer(&mut self, placed: &Placed, kind: Kind, reason: Reason) {
        self.offer_node(placed.ends, kind, reason);
    }

    /// An edge from the last of these nodes; of several, the strictest kind and the best reason are kept.
    pub(super) fn offer_node(&mut self, ends: Ends, kind: Kind, reason: Reason) {
        let new = Edge { kind, reason };
        let (_, pred) = self.list.entry(ends.end).or_insert((ends, Pred { node: ends.end, edge: new }));
        pred.edge.kind = pred.edge.kind.max(kind);
        pred.edge.reason = pred.edge.reason.max(reason);
    }

    /// Drops edges that another one implies directly.
    pub(super) fn reduce(&mut self, b: &Builder<'_>) {
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

    /// Drops an edge that others imply.
    pub(super) fn imply(&mut self, node: NodeId, kind: Kind) {
        if self.list.remove(&node).is_some() {
            self.implied.push((node, kind));
        }
    }

    /// The nodes that what follows here follows too, at least in this way.
    pub(super) fn covered(&self, kind: Kind) -> HashSet<NodeId> {
        let direct = self.list.values().map(|(_, p)| (p.node, p.edge.kind));
        direct.chain(self.implied.iter().copied()).filter(|(_, k)| *k >= kind).map(|(node, _)| node).collect()
    }
}
