//! Blocks: they nest, nothing in a block starts before its beginning, and its end comes after everything in it.
//!
//! A block is an `ENTER` and what closes it: the `EXIT` of the same name with `.exit`, or, if there is none, the `JOIN`
//! with `.join`. Before the plan's own `ENTER` there are only `PROBE`s; `END` closes it. The rule for each instruction is
//! local, and what it gives is global:
//!
//! * it needs something in the block around it, or that block's `ENTER`: so, by induction, it needs the `ENTER` of every
//!   block that it is in, and nothing runs in a block that was not entered;
//! * something in its block, or the block's end, follows it: so, by induction, the end of every block that it is in is
//!   ordered after it, and everything is ordered before `END`.

use crate::bytecode::{Instr, InstrId, Op, Program};
use crate::verify::finding::Findings;
use crate::verify::reach::Reach;
use std::collections::HashSet;

pub(super) fn check(p: &Program, reach: &Reach<'_>, found: &mut Findings) {
    let exits = p.code.iter().filter(|i| i.op == Op::Exit).filter_map(|i| i.name.strip_suffix(".exit")).collect();
    let mut blocks = Blocks { p, reach, exits, begun: false, open: Vec::new() };
    for (i, instr) in p.code.iter().enumerate() {
        if let Err(message) = blocks.step(InstrId::at(i), instr) {
            return found.at(instr, message);
        }
    }
    if let Some(block) = blocks.open.last() {
        found.table(format!("the block `{}` is not closed", block.name));
    }
}

struct Blocks<'p, 'r> {
    p: &'p Program,
    reach: &'r Reach<'p>,
    /// The names of the blocks that an `EXIT` closes.
    exits: HashSet<&'p str>,
    /// The plan's own block was opened.
    begun: bool,
    open: Vec<Block<'p>>,
}

struct Block<'p> {
    name: &'p str,
    enter: InstrId,
    /// What stands directly in it, its `ENTER` first.
    members: Vec<InstrId>,
}

impl<'p> Blocks<'p, '_> {
    fn step(&mut self, here: InstrId, instr: &'p Instr) -> Result<(), String> {
        let Some(around) = self.open.last() else { return self.outside(here, instr) };
        if instr.needs.last().is_none_or(|&t| t < around.enter) {
            return Err(format!("it needs nothing of the block `{}`, in which it stands", around.name));
        }
        match self.closes(instr)? {
            true => self.close(here)?,
            false if instr.op == Op::Enter => return self.enter(here, instr),
            false => {}
        }
        self.open.last_mut().into_iter().for_each(|b| b.members.push(here));
        Ok(())
    }

    /// What stands before the plan, or the beginning of the plan.
    fn outside(&mut self, here: InstrId, instr: &'p Instr) -> Result<(), String> {
        match instr.op {
            Op::Enter if !self.begun => self.enter(here, instr),
            Op::Probe { .. } if !self.begun && self.reach.first_successor(here).is_some() => Ok(()),
            Op::Probe { .. } if !self.begun => Err(String::from("nothing follows it")),
            _ => Err(String::from("it stands outside of the plan")),
        }
    }

    fn enter(&mut self, here: InstrId, instr: &'p Instr) -> Result<(), String> {
        self.begun = true;
        self.open.push(Block { name: &instr.name, enter: here, members: vec![here] });
        Ok(())
    }

    /// Whether an instruction closes the innermost block.
    fn closes(&self, instr: &Instr) -> Result<bool, String> {
        let (mark, may) = match instr.op {
            Op::Exit => (".exit", true),
            Op::Join { .. } => (".join", true),
            Op::End => return Ok(true),
            _ => ("", false),
        };
        let name = self.open.last().map_or("", |b| b.name);
        match instr.name.strip_suffix(mark) {
            _ if !may => Ok(false),
            Some(block) if block == name => Ok(instr.op == Op::Exit || !self.exits.contains(name)),
            _ => Err(format!("it stands in the block `{name}`, but does not belong to it by its name")),
        }
    }

    fn close(&mut self, end: InstrId) -> Result<(), String> {
        let Some(block) = self.open.pop() else { return Ok(()) };
        let follows = |&&id: &&InstrId| self.reach.first_successor(id).is_none_or(|s| s > end);
        let loose = block.members.iter().find(follows).and_then(|id| self.p.code.get(id.index()));
        match loose {
            Some(instr) => Err(format!("it closes the block `{}`, but does not follow `{}`", block.name, instr.name)),
            None => Ok(()),
        }
    }
}
