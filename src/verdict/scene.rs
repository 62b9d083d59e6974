//! Where everything stands and what it is called: instructions, nodes of the DAG and steps of the plan are the same
//! things seen three times, one for one.

use crate::base::{SourceMap, Span};
use crate::bytecode::{Instr, InstrId, Op, Program};
use crate::calculus::{Cell, CellId, CellKind, Change, Effect, MachineId};
use crate::model::{Plan, Region, Step};
use crate::order::{Block, Dag, Node, NodeId, Outline, What};
use crate::resolve::Resolver;

/// A plan in its three shapes.
#[derive(Clone, Copy)]
pub struct Case<'a> {
    /// As resolved.
    pub plan: &'a Plan,
    /// As ordered.
    pub dag: &'a Dag,
    /// As compiled.
    pub program: &'a Program,
    /// The libraries: what else it could do.
    pub resolver: &'a Resolver<'a>,
    /// Its texts.
    pub sources: &'a SourceMap,
}

/// A plan in its three shapes, and an index of it.
pub(super) struct Scene<'a> {
    pub plan: &'a Plan,
    pub dag: &'a Dag,
    pub program: &'a Program,
    pub resolver: &'a Resolver<'a>,
    pub sources: &'a SourceMap,
    pub outline: Outline<'a>,
}

impl<'a> Scene<'a> {
    pub fn of(case: Case<'a>) -> Scene<'a> {
        let Case { plan, dag, program, resolver, sources } = case;
        Scene { plan, dag, program, resolver, sources, outline: Outline::of(plan) }
    }

    pub fn instr(&self, id: InstrId) -> Option<&'a Instr> {
        self.program.code.get(id.index())
    }

    pub fn node(&self, id: InstrId) -> Option<&'a Node> {
        self.dag.node(NodeId(id.0))
    }

    /// The step that an instruction stands for.
    pub fn step(&self, id: InstrId) -> Option<&'a Step> {
        match self.node(id)?.what {
            What::Step(key) => self.outline.step(key),
            _ => None,
        }
    }

    /// The region that an instruction begins or ends.
    pub fn region(&self, id: InstrId) -> Option<&'a Region> {
        match self.node(id)?.what {
            What::Enter(Block::Region(key) | Block::Rung(key, _) | Block::Finally(key))
            | What::Exit(Block::Region(key) | Block::Rung(key, _) | Block::Finally(key))
            | What::Join(key, _) => self.outline.region(key),
            _ => None,
        }
    }

    /// What people call an instruction.
    pub fn name(&self, id: InstrId) -> &'a str {
        match self.region(id) {
            // A region that the compiler made around a step is called like that and a word.
            Some(region) if region.title.is_empty() => region.name.split_once('.').map_or(&region.name, |(s, _)| s),
            Some(region) => &region.name,
            None => self.instr(id).map_or("?", |i| &i.name),
        }
    }

    /// Where it says what it does.
    pub fn deed(&self, id: InstrId) -> Span {
        let probe = match self.node(id).map(|n| &n.what) {
            Some(What::Probe(index)) => self.plan.probes.get(*index).map(|p| p.span),
            _ => None,
        };
        let step = self.step(id).map(|s| s.parts.deed);
        step.or(probe).or(self.region(id).map(|r| r.span)).unwrap_or(self.plan.span)
    }

    /// The machine that an instruction runs on; empty for none.
    pub fn place(&self, id: InstrId) -> &'a str {
        self.instr(id).and_then(|i| i.host).map_or("", |m| self.machine(m))
    }

    pub fn machine(&self, id: MachineId) -> &'a str {
        self.plan.machines.get(id.index()).map_or("?", |m| &m.name)
    }

    pub fn cell(&self, id: CellId) -> &'a Cell {
        const NONE: &Cell = &Cell {
            name: String::new(),
            values: Vec::new(),
            kind: CellKind::State,
            volatile: false,
            rests: 0,
            initial: 0,
        };
        self.plan.cells.get(id.index()).unwrap_or(NONE)
    }

    /// The name of a value of a cell.
    pub fn value(&self, cell: CellId, value: u8) -> &'a str {
        self.cell(cell).values.get(usize::from(value)).map_or("?", |v| v)
    }

    /// The name of the value that a step gives to a cell.
    pub fn taken(&self, step: InstrId, cell: CellId) -> &'a str {
        let effect = self.instr(step).and_then(|i| i.effects.iter().find(|e| e.cell == cell));
        effect.map_or("?", |e| self.value(cell, e.change.apply(0)))
    }

    /// The instructions that can give a cell this value.
    fn setting(&self, cell: CellId, value: u8) -> impl DoubleEndedIterator<Item = InstrId> {
        let gives = move |e: &Effect| match e.change {
            Change::Set(to) | Change::Move { to, .. } => e.cell == cell && to == value,
        };
        let code = self.program.code.iter().enumerate();
        code.filter(move |(_, i)| i.effects.iter().any(gives)).map(|(at, _)| InstrId::at(at))
    }

    /// The first instruction that can give a cell this value.
    pub fn first_to_set(&self, cell: CellId, value: u8) -> Option<InstrId> {
        self.setting(cell, value).next()
    }

    /// The last instruction before a step that gives a cell a value which the step needs.
    pub fn provider(&self, step: InstrId, cell: CellId) -> Option<InstrId> {
        let fine = self.required(step, cell);
        let gives = |e: &Effect| match e.change {
            Change::Set(to) | Change::Move { to, .. } => e.cell == cell && fine >> (to & 63) & 1 == 1,
        };
        let before = self.program.code.get(..step.index())?;
        before.iter().rposition(|i| i.effects.iter().any(gives)).map(InstrId::at)
    }

    /// The first step after another one, under the same conditions at most, of which this is true; what only puts things
    /// back does not count.
    pub fn later(&self, step: InstrId, helps: impl Fn(&Instr) -> bool) -> Option<InstrId> {
        let ours = self.conditions(step);
        let fits = |id: &InstrId| {
            let (instr, node) = (self.instr(*id), self.node(*id));
            let done = instr.is_some_and(|i| matches!(i.op, Op::Run { .. }) && !i.flags.finally && !i.flags.tolerated);
            let plain = self.step(*id).is_some() && node.is_some_and(|n| n.instead_of.is_none());
            done && plain && instr.is_some_and(&helps) && self.conditions(*id).iter().all(|c| ours.contains(c))
        };
        (step.index() + 1..self.program.code.len()).map(InstrId::at).find(fits)
    }

    /// The last.
    pub fn last_to_set(&self, cell: CellId, value: u8) -> Option<InstrId> {
        self.setting(cell, value).next_back()
    }

    /// That a cell has one of these values.
    pub fn says(&self, cell: CellId, allowed: u64) -> String {
        let cell = self.cell(cell);
        cell.says(allowed & cell.all())
    }

    /// The places where something is given about a cell.
    pub fn givens(&self, cell: CellId) -> impl Iterator<Item = Span> {
        self.plan.givens.iter().filter(move |(c, _, _)| *c == cell).map(|(_, _, span)| *span)
    }

    /// What an instruction requires of a cell, as a mask.
    pub fn required(&self, id: InstrId, cell: CellId) -> u64 {
        let requires = self.instr(id).map_or(&[][..], |i| &i.requires);
        requires.iter().filter(|r| r.cell == cell).fold(u64::MAX, |mask, r| mask & r.allowed)
    }
}
