//! The DAG: what is done, in written order, and what each part follows and why.
//!
//! Guarantees: every edge leads from an earlier node to a later one; every node is reachable from the plan's entry and
//! leads to its end (but the end itself and the probes that are read first).

use crate::base::Span;
use crate::calculus::{AtomId, CellId, MachineId, ValueId};
use crate::model::Key;
use crate::order::guards::{GuardIx, Guards};
use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use std::collections::HashMap;

/// Index of a node. Nodes are numbered in written order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NodeId(pub u32);

impl NodeId {
    /// The index as a number.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A part of the procedure: a step, or the beginning or end of a block.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it is.
    pub what: What,
    /// When it runs: its own conditions and those of everything around it.
    pub guard: GuardIx,
    /// Its own conditions.
    pub conditions: Vec<Stated>,
    /// The [`What::Enter`] of the block it stands in; `None` outside the plan's own.
    pub within: Option<NodeId>,
    /// It stands inside a `finally`.
    pub finally: bool,
    /// It belongs to an `otherwise`: the end of the attempt before it.
    pub instead_of: Option<NodeId>,
}

/// A condition as written and as understood.
#[derive(Clone, Debug)]
pub struct Stated {
    /// What it means.
    pub guard: GuardIx,
    /// As written.
    pub text: String,
    /// Its place.
    pub span: Span,
}

/// What a node is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum What {
    /// A condition that is read before anything happens: index in the plan's probes.
    Probe(usize),
    /// The beginning of a block.
    Enter(Block),
    /// The end of a block.
    Exit(Block),
    /// The end of a ladder of attempts, with the last node of each attempt.
    Join(Key, Vec<NodeId>),
    /// A step.
    Step(Key),
    /// The end of the plan.
    End,
}

/// What a pair of [`What::Enter`] and [`What::Exit`] stands around.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Block {
    /// The whole plan; its end is [`What::End`].
    Plan,
    /// A region.
    Region(Key),
    /// One attempt of a region, from 0.
    Rung(Key, u32),
    /// The `finally` of a region.
    Finally(Key),
    /// Nothing: many nodes that many later ones follow meet here, so that the edges do not multiply. Numbered from 0.
    Meet(u32),
}

/// One node follows another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Edge {
    /// What must have become of the earlier one.
    pub kind: Kind,
    /// Why.
    pub reason: Reason,
}

/// What must have become of the earlier node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// It has ended, in whatever way.
    Waits,
    /// It has passed.
    Needs,
}

/// Why one node follows another. Later variants explain better: of several reasons the greatest is kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Reason {
    /// The later one stands in the block that the earlier one begins.
    Begin,
    /// The earlier one stands in the block that the later one ends.
    End,
    /// Many nodes meet in the later one, for those that follow all of them.
    Meet,
    /// The earlier one keeps its place: nothing after it in the text starts before it has ended.
    KeptByEarlier(Keeper),
    /// The later one keeps its place: everything before it in the text ends first.
    KeptByLater(Keeper),
    /// Both are on the operator's lane.
    Operator,
    /// Both run on this machine.
    Machine(MachineId),
    /// One fences the machine, on which a command that was given up may still change the cell that the other uses.
    Fence {
        /// The fenced machine.
        machine: MachineId,
        /// The cell.
        cell: CellId,
    },
    /// They touch the same cell and at least one changes it.
    Conflict {
        /// The cell.
        cell: CellId,
        /// The earlier one's clause.
        earlier: Span,
        /// The later one's clause.
        later: Span,
    },
    /// The condition is read before the plan begins.
    ProbeRead(AtomId),
    /// The later one is tried when the earlier one was not possible or did not work.
    Ladder,
    /// The later one is done whatever became of the earlier one.
    Finally,
    /// A condition of the later one asks about the earlier one, or about an answer that it brings.
    Condition(Span),
    /// The later one uses a value that the earlier one captures, or that depends on it.
    Value(ValueId),
    /// `after`.
    After(Span),
}

/// Why a node keeps its place against everything.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Keeper {
    /// A block is entered and left as a whole.
    Block,
    /// Its effects are not declared.
    Opaque,
    /// It asks the operator.
    Ask,
    /// It tells the operator how far things are.
    Tell,
    /// It waits until a condition holds.
    Wait,
    /// It lets time pass.
    Delay,
}

/// First and last node of a step or region.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ends {
    /// The first.
    pub start: NodeId,
    /// The last; the same for a step.
    pub end: NodeId,
    /// The end of a region's attempts, before its `finally`.
    pub tried: NodeId,
}

impl Ends {
    /// Those of a single node.
    pub fn of(node: NodeId) -> Ends {
        Ends { start: node, end: node, tried: node }
    }
}

/// The ordered plan.
#[derive(Clone, Debug, Default)]
pub struct Dag {
    graph: DiGraph<Node, Edge>,
    guards: Guards,
    ends: Vec<Option<Ends>>,
    choices: Vec<Vec<GuardIx>>,
    readers: HashMap<AtomId, Vec<NodeId>>,
    entries: HashMap<Block, NodeId>,
}

impl Dag {
    /// The nodes in written order.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        self.graph.node_indices().zip(self.graph.node_weights()).map(|(ix, n)| (id(ix), n))
    }

    /// The node with this index.
    pub fn node(&self, node: NodeId) -> Option<&Node> {
        self.graph.node_weight(ix(node))
    }

    /// What a node follows directly, latest first.
    pub fn before(&self, node: NodeId) -> impl Iterator<Item = (NodeId, Edge)> {
        self.graph.edges_directed(ix(node), Direction::Incoming).map(|e| (id(e.source()), *e.weight()))
    }

    /// Number of nodes.
    pub fn node_count(&self) -> usize {
        self.graph.node_count()
    }

    /// Number of edges.
    pub fn edge_count(&self) -> usize {
        self.graph.edge_count()
    }

    /// First and last node of a step or region; `None` for a group.
    pub fn ends(&self, key: Key) -> Option<Ends> {
        self.ends.get(key.0 as usize).copied().flatten()
    }

    /// The table of conditions.
    pub fn guards(&self) -> &Guards {
        &self.guards
    }

    /// The conditions of the cases of a picked value, in order.
    pub fn choices(&self, value: ValueId) -> &[GuardIx] {
        self.choices.get(value.index()).map_or(&[], Vec::as_slice)
    }

    /// The beginning of a block; a single step that is an attempt by itself has none.
    pub fn enter(&self, block: Block) -> Option<NodeId> {
        self.entries.get(&block).copied()
    }

    /// The steps that bring an atom's answer; none for what is known when the plan begins.
    pub fn readers(&self, atom: AtomId) -> &[NodeId] {
        self.readers.get(&atom).map_or(&[], Vec::as_slice)
    }

    /// Remembers that a step brings an atom's answer.
    pub(super) fn add_reader(&mut self, atom: AtomId, node: NodeId) {
        self.readers.entry(atom).or_default().push(node);
    }

    /// The table of conditions, to add to it.
    pub(super) fn guards_mut(&mut self) -> &mut Guards {
        &mut self.guards
    }

    /// Adds a node after all others.
    pub(super) fn add(&mut self, node: Node) -> NodeId {
        let block = if let What::Enter(block) = node.what { Some(block) } else { None };
        let id = id(self.graph.add_node(node));
        self.entries.extend(block.map(|b| (b, id)));
        id
    }

    /// Lets `later` follow `earlier`.
    pub(super) fn link(&mut self, earlier: NodeId, later: NodeId, edge: Edge) {
        self.graph.add_edge(ix(earlier), ix(later), edge);
    }

    /// Adds conditions that a node has by where it stands; its guard has them already.
    pub(super) fn state(&mut self, node: NodeId, conditions: Vec<Stated>) {
        if let Some(node) = self.graph.node_weight_mut(ix(node)) {
            node.conditions.extend(conditions);
        }
    }

    /// Remembers first and last node of an item.
    pub(super) fn set_ends(&mut self, key: Key, ends: Ends) {
        let at = key.0 as usize;
        if self.ends.len() <= at {
            self.ends.resize(at + 1, None);
        }
        if let Some(slot) = self.ends.get_mut(at) {
            *slot = Some(ends);
        }
    }

    /// Remembers the conditions of the values' cases.
    pub(super) fn set_choices(&mut self, choices: Vec<Vec<GuardIx>>) {
        self.choices = choices;
    }
}

fn ix(node: NodeId) -> NodeIndex {
    NodeIndex::new(node.index())
}

fn id(node: NodeIndex) -> NodeId {
    NodeId(u32::try_from(node.index()).unwrap_or(u32::MAX))
}
