//! DAG → program: nodes become instructions, one for one and in the same order.
//!
//! Deterministic: the same plan, DAG and sources give the same program.

mod guards;

use crate::base::{SourceMap, Span};
use crate::bytecode::{Calls, Instr, InstrId, Op, Place, Program, SourceFile};
use crate::calculus::{Flags, MachineId, Requirement, Value, ValueId, ValueSource};
use crate::model::{Act, Plan, Step};
use crate::order::{Block, Dag, Kind, Node, NodeId, Outline, What};
use guards::GuardTable;
use std::collections::BTreeSet;

/// The program of an ordered plan.
pub fn lower(plan: &Plan, dag: &Dag, sources: &SourceMap) -> Program {
    let outline = Outline::of(plan);
    let guards = GuardTable::of(plan, dag);
    let lowering = Lowering { outline: &outline, dag, sources, guards: &guards };
    let code = dag.nodes().map(|(id, node)| lowering.instruction(id, node)).collect();
    let values = lowering.values();
    Program {
        plan: plan.name.clone(),
        title: plan.title.clone(),
        arguments: plan.arguments.clone(),
        sources: sources.iter().map(|(_, s)| source_file(&s.path, &s.text)).collect(),
        machines: plan.machines.clone(),
        cells: plan.cells.clone(),
        atoms: plan.atoms.clone(),
        values,
        secrets: plan.secrets.clone(),
        code,
        goal: plan.goal.iter().map(|(r, _)| *r).collect(),
        locks: plan.locks.clone(),
        accepted: plan.accepted.iter().map(|(cell, why, _)| (*cell, why.clone())).collect(),
        holds: plan.holds.clone(),
        ends: ends(plan),
        rto_ms: plan.rto_ms,
        calls: Calls::default(),
        guards: guards.into_table(),
    }
}

fn source_file(path: &str, text: &str) -> SourceFile {
    SourceFile { path: String::from(path), digest: *blake3::hash(text.as_bytes()).as_bytes() }
}

struct Lowering<'a> {
    outline: &'a Outline<'a>,
    dag: &'a Dag,
    sources: &'a SourceMap,
    guards: &'a GuardTable,
}

impl Lowering<'_> {
    fn instruction(&self, id: NodeId, node: &Node) -> Instr {
        let mut instr = match &node.what {
            What::Step(key) => self.outline.step(*key).map_or_else(|| bare(Op::Exit), |step| self.step(step)),
            What::Probe(index) => self.probe(*index),
            What::Enter(block) => self.enter(*block),
            What::Exit(block) => self.structure(Op::Exit, *block),
            What::Join(key, rungs) => {
                let rungs = rungs.iter().map(|r| instr_id(*r)).collect();
                self.structure(Op::Join { rungs }, Block::Region(*key))
            }
            What::End => Instr { place: self.place(self.outline.plan.span), ..bare(Op::End) },
        };
        instr.name = self.outline.node_name(node);
        instr.guard = self.guards.id(node.guard);
        instr.flags.finally |= node.finally;
        instr.needs = self.preds(id, Kind::Needs);
        instr.waits = self.preds(id, Kind::Waits);
        instr
    }

    fn preds(&self, id: NodeId, kind: Kind) -> Vec<InstrId> {
        let mut list: Vec<InstrId> =
            self.dag.before(id).filter(|(_, edge)| edge.kind == kind).map(|(node, _)| instr_id(node)).collect();
        list.sort_unstable();
        list
    }

    fn step(&self, step: &Step) -> Instr {
        Instr {
            title: step.title.clone(),
            number: step.number,
            host: step.host,
            requires: sorted(step.requires.iter().map(|(r, _)| *r)),
            effects: step.effects.iter().map(|(e, _)| *e).collect(),
            fences: step.fences.clone(),
            loses: step.loses.iter().map(|(cell, _)| *cell).collect(),
            flags: step.flags,
            usually_ms: step.usually_ms,
            place: self.place(step.span),
            ..bare(op(&step.act))
        }
    }

    fn probe(&self, index: usize) -> Instr {
        let plan = self.outline.plan;
        let Some(probe) = plan.probes.get(index) else { return bare(Op::Exit) };
        Instr {
            title: plan.atoms.get(probe.atom.index()).map_or_else(String::new, |a| a.question.clone()),
            host: probe.host,
            requires: sorted(probe.requires.iter().map(|(r, _)| *r)),
            flags: Flags { idempotent: true, ..Flags::default() },
            place: self.place(probe.span),
            ..bare(Op::Probe { atom: probe.atom, command: probe.command.clone() })
        }
    }

    fn enter(&self, block: Block) -> Instr {
        let region = match block {
            Block::Region(key) => self.outline.region(key),
            _ => None,
        };
        let requires = sorted(region.iter().flat_map(|r| &r.requires).map(|(r, _)| *r));
        Instr { requires, ..self.structure(Op::Enter, block) }
    }

    fn structure(&self, op: Op, block: Block) -> Instr {
        let plan = self.outline.plan;
        let (title, span) = match block {
            Block::Plan => (plan.title.as_str(), plan.span),
            Block::Region(key) => self.outline.region(key).map_or(("", plan.span), |r| (r.title.as_str(), r.span)),
            Block::Finally(key) => ("", self.outline.region(key).map_or(plan.span, |r| r.span)),
            Block::Rung(key, number) => {
                let rung = self.outline.region(key).and_then(|r| r.rungs.get(number as usize));
                ("", rung.map_or(plan.span, |r| r.span))
            }
            Block::Meet(_) => ("", plan.span),
        };
        Instr { title: String::from(title), place: self.place(span), ..bare(op) }
    }

    fn place(&self, span: Span) -> Place {
        match self.sources.get(span.file) {
            Some(source) => {
                let at = source.line_column(span.start);
                Place { source: u32::from(span.file.0), line: at.line, column: at.column }
            }
            None => Place::default(),
        }
    }

    fn values(&self) -> Vec<Value<InstrId, crate::bytecode::GuardId>> {
        let lower = |(index, value): (usize, &Value<crate::model::Key, crate::model::Guard>)| {
            let source = match &value.source {
                ValueSource::Captured { by } => {
                    let by = self.dag.ends(*by).map_or(InstrId(0), |e| instr_id(e.end));
                    ValueSource::Captured { by }
                }
                ValueSource::Picked { cases, otherwise } => {
                    let guards = self.dag.choices(ValueId::at(index)).iter().map(|g| self.guards.id(*g));
                    let cases = guards.zip(cases.iter().map(|(_, text)| text.clone())).collect();
                    ValueSource::Picked { cases, otherwise: otherwise.clone() }
                }
            };
            Value { name: value.name.clone(), source }
        };
        self.outline.plan.values.iter().enumerate().map(lower).collect()
    }
}

/// Each thing once, in order.
fn ends(plan: &Plan) -> Vec<String> {
    let names: BTreeSet<&String> = plan.ends.iter().map(|(name, _)| name).collect();
    names.into_iter().cloned().collect()
}

fn instr_id(node: NodeId) -> InstrId {
    InstrId(node.0)
}

fn sorted(requires: impl Iterator<Item = Requirement>) -> Vec<Requirement> {
    let mut list: Vec<Requirement> = requires.collect();
    list.sort_unstable_by_key(|r| (r.cell, r.allowed));
    list.dedup();
    list
}

fn op(act: &Act) -> Op {
    match act.clone() {
        Act::Run { command, verify, retries, every_ms } => Op::Run { command, verify, retries, every_ms },
        Act::Wait { command, every_ms, negated } => Op::Wait { command, every_ms, negated },
        Act::Probe { atom, command } => Op::Probe { atom, command },
        Act::Ask { question, answers, atom, gate } => Op::Ask { question, answers, atom, gate },
        Act::Tell { text } => Op::Tell { text },
        Act::Delay { ms } => Op::Delay { ms },
        Act::Assume { why } => Op::Assume { why },
    }
}

/// An instruction that only does this.
fn bare(op: Op) -> Instr {
    Instr {
        op,
        name: String::new(),
        title: String::new(),
        number: None,
        host: None::<MachineId>,
        guard: crate::bytecode::GuardId::ALWAYS,
        needs: Vec::new(),
        waits: Vec::new(),
        requires: Vec::new(),
        effects: Vec::new(),
        fences: Vec::new(),
        loses: Vec::new(),
        flags: Flags::default(),
        usually_ms: None,
        place: Place::default(),
    }
}
