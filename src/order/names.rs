//! What the nodes are called: steps by their own name, block structure by that of the block.

use crate::model::Key;
use crate::order::dag::{Block, Node, What};
use crate::order::outline::Outline;

impl Outline<'_> {
    /// The unique name of a node: `stop_source`, `window`, `window.finally`, `window.finally.exit`.
    pub fn node_name(&self, node: &Node) -> String {
        match &node.what {
            What::Probe(index) => {
                let atom = self.plan.probes.get(*index).and_then(|p| self.plan.atoms.get(p.atom.index()));
                atom.map_or_else(|| format!("probe{index}"), |a| a.name.clone())
            }
            What::Step(key) => self.step(*key).map_or_else(String::new, |s| s.name.clone()),
            // A step may be called like its plan.
            What::Enter(Block::Plan) => format!("{}.begin", self.plan.name),
            What::Enter(block) => self.block_name(*block),
            What::Exit(block) => format!("{}.exit", self.block_name(*block)),
            What::Join(key, _) => format!("{}.join", self.region_name(*key)),
            What::End => format!("{}.end", self.plan.name),
        }
    }

    fn block_name(&self, block: Block) -> String {
        match block {
            Block::Plan => self.plan.name.clone(),
            Block::Region(key) => self.region_name(key),
            Block::Rung(key, 0) => format!("{}.first", self.region_name(key)),
            Block::Rung(key, 1) => format!("{}.otherwise", self.region_name(key)),
            Block::Rung(key, n) => format!("{}.otherwise{n}", self.region_name(key)),
            Block::Finally(key) => format!("{}.finally", self.region_name(key)),
            Block::Meet(n) => format!("meet~{n}"),
        }
    }

    fn region_name(&self, key: Key) -> String {
        self.region(key).map_or_else(String::new, |r| r.name.clone())
    }
}
