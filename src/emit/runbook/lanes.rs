//! Which lane of the drawing a step stands in, and what becomes one box.

use crate::emit::runbook::graph::Unit;
use crate::emit::runbook::model::{Row, Step};
use crate::emit::words::Words;
use crate::order::{Circuit, NodeId, What};
use std::collections::{BTreeMap, BTreeSet};

/// More lanes than this become one for each site.
const LANES: usize = 9;

/// The lanes: the operator, the nodes without a site, then each site's nodes.
pub(super) struct Lanes {
    pub(super) names: Vec<String>,
    /// First lane, number of lanes, name.
    pub(super) sites: Vec<(usize, usize, String)>,
    /// The lane of each machine; nothing stands for the operator.
    of: BTreeMap<Option<usize>, usize>,
}

impl Lanes {
    pub(super) fn of(words: &Words<'_>) -> Lanes {
        let plan = words.outline.plan;
        let mut used: BTreeSet<Option<usize>> = BTreeSet::new();
        plan.each_step(&mut |step| _ = used.insert(step.host.map(|m| m.index())));
        let site = |m: usize| plan.machines.get(m).and_then(|m| m.site.as_deref());
        let mut sites: Vec<Option<&str>> = Vec::new();
        for machine in used.iter().copied().flatten() {
            if !sites.contains(&site(machine)) {
                sites.push(site(machine));
            }
        }
        // Nodes without a site stand beside the operator.
        sites.sort_by_key(|s| s.is_some());
        let mut lanes = Lanes { names: Vec::new(), sites: Vec::new(), of: BTreeMap::new() };
        if used.contains(&None) {
            lanes.of.insert(None, 0);
            lanes.names.push(String::from("operator"));
        }
        for of_site in sites {
            let first = lanes.names.len();
            for machine in used.iter().copied().flatten().filter(|m| site(*m) == of_site) {
                if used.len() <= LANES || lanes.names.len() == first {
                    let name = plan.machines.get(machine).map_or("?", |m| m.name.as_str());
                    let name = if used.len() <= LANES { name } else { of_site.unwrap_or("other nodes") };
                    lanes.names.push(name.to_owned());
                }
                lanes.of.insert(Some(machine), lanes.names.len() - 1);
            }
            if let (Some(name), true) = (of_site, used.len() <= LANES) {
                lanes.sites.push((first, lanes.names.len() - first, name.to_owned()));
            }
        }
        lanes
    }
}

/// Makes the units of a drawing from the rows of the table.
pub(super) struct Units<'a> {
    pub(super) words: &'a Words<'a>,
    pub(super) lanes: &'a Lanes,
    pub(super) circuit: &'a Circuit,
    pub(super) critical: &'a [NodeId],
}

impl Units<'_> {
    /// One for each row and lane.
    pub(super) fn steps(&self, rows: &[Row]) -> Vec<Unit> {
        let mut units = Vec::new();
        for step in rows.iter().filter_map(|r| r.step.as_ref()) {
            let mut lanes: BTreeMap<usize, Vec<NodeId>> = BTreeMap::new();
            for node in step.nodes.iter().map(|n| NodeId(*n)) {
                lanes.entry(self.lane(node)).or_default().push(node);
            }
            units.extend(lanes.into_iter().map(|(lane, nodes)| self.unit(step, lane, nodes)));
        }
        units
    }

    fn unit(&self, step: &Step, lane: usize, nodes: Vec<NodeId>) -> Unit {
        let times = if nodes.len() > 1 { format!(" ×{}", nodes.len()) } else { String::new() };
        Unit {
            name: format!("{} {}{times}", step.number, step.name).trim().to_owned(),
            title: step.title.clone(),
            lanes: (lane, lane),
            row: step.id,
            off: nodes.iter().map(|n| self.circuit.skipped(*n)).collect(),
            skipped: !step.skipped.is_empty(),
            commits: step.commits,
            critical: nodes.iter().any(|n| self.critical.contains(n)),
            nodes,
        }
    }

    fn lane(&self, node: NodeId) -> usize {
        let Some(What::Step(key)) = self.words.dag.node(node).map(|n| &n.what) else { return 0 };
        let host = self.words.outline.step(*key).and_then(|s| s.host).map(|m| m.index());
        self.lanes.of.get(&host).copied().unwrap_or(0)
    }

    /// One for each outermost block, and for each step outside of all.
    pub(super) fn blocks(&self, rows: &[Row]) -> Vec<Unit> {
        let mut units: Vec<Unit> = Vec::new();
        let mut rest = rows;
        while let Some((row, after)) = rest.split_first() {
            let inside = |r: &&Row| match (&r.step, &r.block) {
                (Some(step), _) => step.level > 0,
                (_, Some(block)) => block.level > 1,
                _ => false,
            };
            let count = if row.block.is_some() { after.iter().take_while(inside).count() } else { 0 };
            let (own, after) = after.split_at_checked(count).unwrap_or((after, &[]));
            rest = after;
            match &row.block {
                None => units.extend(self.steps(std::slice::from_ref(row))),
                Some(block) => {
                    let steps = self.steps(own).into_iter().reduce(Unit::and);
                    units.extend(steps.map(|unit| Unit {
                        name: if block.title.is_empty() { block.name.clone() } else { block.title.clone() },
                        title: format!("{} steps", unit.nodes.len()),
                        ..unit
                    }));
                }
            }
        }
        units
    }
}
