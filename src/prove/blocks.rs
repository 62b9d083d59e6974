//! The blocks of a program as a tree, and which of them fail as a whole.
//!
//! What stands in a block runs only if the block was entered. A block is *strict* if nothing in it waits for something
//! without needing it: whatever runs there may count on all it follows in the block having passed. A ladder of attempts,
//! a block with a `finally`, a `finally` itself, and a block with `after … finished` are *loose*.

use crate::bytecode::{Op, Program};
use std::collections::HashSet;

/// Index of a block. Block 0 is the time before everything; block 1 the plan.
pub(super) type BlockId = usize;

/// A block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    /// Its `ENTER`; stands in the block around it.
    pub enter: usize,
    /// What closes it; stands in the block around it, except for `END`.
    pub exit: usize,
    /// The block around it; of block 0 itself.
    pub parent: BlockId,
    /// Blocks around it.
    pub depth: usize,
    /// Something in it is run whatever became of something else in it.
    pub loose: bool,
}

/// All blocks, and where each instruction stands.
#[derive(Debug)]
pub(super) struct Blocks {
    pub all: Vec<Block>,
    /// The block that each instruction stands in.
    pub of: Vec<BlockId>,
    /// The block that each instruction closes, if any.
    pub closes: Vec<Option<BlockId>>,
    /// Whether each instruction is there to put things in order: in a `finally`, or in an attempt after the first.
    pub recovers: Vec<bool>,
}

impl Blocks {
    /// The blocks of a verified program.
    pub fn of(p: &Program) -> Blocks {
        let last = p.code.len().saturating_sub(1);
        let root = Block { enter: 0, exit: last, parent: 0, depth: 0, loose: false };
        let mut blocks = Blocks { all: vec![root], of: Vec::new(), closes: Vec::new(), recovers: recovers(p) };
        let exits: HashSet<&str> =
            p.code.iter().filter(|i| i.op == Op::Exit).filter_map(|i| i.name.strip_suffix(".exit")).collect();
        let mut open: Vec<(BlockId, &str)> = vec![(0, "")];
        for (at, instr) in p.code.iter().enumerate() {
            let (around, name) = open.last().copied().unwrap_or((0, ""));
            let closes = match &instr.op {
                Op::Exit => open.len() > 2,
                Op::Join { .. } => instr.name.strip_suffix(".join") == Some(name) && !exits.contains(name),
                _ => false,
            };
            let mut stands_in = around;
            if closes {
                open.pop();
                stands_in = open.last().map_or(0, |(b, _)| *b);
            }
            blocks.of.push(stands_in);
            blocks.closes.push((closes || instr.op == Op::End).then_some(around));
            if let (true, Some(block)) = (closes, blocks.all.get_mut(around)) {
                block.exit = at;
            }
            if instr.op == Op::Enter {
                let depth = blocks.all.get(stands_in).map_or(0, |b| b.depth + 1);
                open.push((blocks.all.len(), &instr.name));
                blocks.all.push(Block { enter: at, exit: last, parent: stands_in, depth, loose: false });
            }
        }
        for instr in &p.code {
            for target in &instr.waits {
                let of = blocks.of.get(target.index()).copied();
                of.and_then(|b| blocks.all.get_mut(b)).into_iter().for_each(|b| b.loose = true);
            }
        }
        blocks
    }

    /// The block; block 0 for one that does not exist.
    pub fn get(&self, block: BlockId) -> Block {
        let nothing = Block { enter: 0, exit: 0, parent: 0, depth: 0, loose: false };
        self.all.get(block).copied().unwrap_or(nothing)
    }

    /// The block that an instruction stands in.
    pub fn around(&self, at: usize) -> BlockId {
        self.of.get(at).copied().unwrap_or(0)
    }

    /// The lowest block around both, and the block directly in it that is or contains `inner`, if it is another.
    pub fn meet(&self, inner: BlockId, other: BlockId) -> (BlockId, Option<BlockId>) {
        let (mut a, mut b, mut child) = (inner, other, None);
        while a != b {
            if self.get(a).depth >= self.get(b).depth {
                child = Some(a);
                a = self.get(a).parent;
            } else {
                b = self.get(b).parent;
            }
        }
        (a, child)
    }

    /// The block directly in `around` that contains the instruction, if it stands deeper.
    pub fn child(&self, around: BlockId, at: usize) -> Option<BlockId> {
        let mut block = self.around(at);
        let mut child = None;
        while block != around && block != 0 {
            child = Some(block);
            block = self.get(block).parent;
        }
        child
    }

    /// Whether the instruction stands in the block, at any depth, or opens or closes it.
    pub fn covers(&self, block: BlockId, at: usize) -> bool {
        let block = self.get(block);
        (block.enter..=block.exit).contains(&at)
    }
}

/// See [`Blocks::recovers`].
fn recovers(p: &Program) -> Vec<bool> {
    let mut recovers: Vec<bool> = p.code.iter().map(|i| i.flags.finally).collect();
    for instr in &p.code {
        if let Op::Join { rungs } = &instr.op
            && let (Some(first), Some(last)) = (rungs.first(), rungs.last())
        {
            let later = recovers.get_mut(first.index() + 1..=last.index());
            later.into_iter().flatten().for_each(|r| *r = true);
        }
    }
    recovers
}
