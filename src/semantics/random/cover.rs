//! Which constructs a plan has, so that a property test can say what it has covered.

use crate::bytecode::{Guard, InstrId, Op, Program};
use crate::calculus::{AtomSource, CellKind, Change, ValueSource};
use crate::model::{Act, Item, Plan};
use std::collections::BTreeSet;

/// Everything that random plans are to have.
pub(crate) const CONSTRUCTS: &[&str] = &[
    "a block in a block",
    "acquire",
    "after",
    "after finished",
    "all of",
    "answer that stops",
    "any of",
    "ask",
    "ask that changes something",
    "assume",
    "at most",
    "attest",
    "captured value",
    "condition on a block",
    "condition on a decision",
    "condition on a probe",
    "condition on a rung",
    "condition on an answer",
    "condition on success",
    "configured",
    "delay",
    "exclusive thing",
    "fence",
    "fence of a lingering host",
    "finally",
    "finally in a finally",
    "finally that keeps going",
    "goal",
    "given in a block",
    "group",
    "hold on a machine",
    "hold on a thing",
    "idempotent and lingering",
    "labelled answers",
    "ladder of three",
    "ladder of two",
    "lingering",
    "loss of a \
    volatile thing",
    "move",
    "not",
    "opaque",
    "picked value",
    "power",
    "probe at the start",
    "probe in place",
    "release",
    "requirement",
    "requirement of a node",
    "rests",
    "set",
    "shared thing",
    "side by side",
    "tell",
    "tolerated",
    "unknown start",
    "wait",
    "yes means",
];

/// The constructs of a plan and its program.
pub(crate) fn constructs(plan: &Plan, program: &Program) -> BTreeSet<&'static str> {
    let mut found = Found { program, has: BTreeSet::new() };
    found.items(&plan.body, 0, false);
    found.tables(plan);
    found.code();
    found.has
}

struct Found<'p> {
    program: &'p Program,
    has: BTreeSet<&'static str>,
}

impl Found<'_> {
    fn note(&mut self, construct: &'static str, there: bool) {
        if there {
            self.has.insert(construct);
        }
    }

    fn items(&mut self, items: &[Item], depth: usize, in_finally: bool) {
        self.note("finally that keeps going", in_finally && items.len() > 1);
        for item in items {
            let after = match item {
                Item::Step(step) => &step.after[..],
                Item::Region(region) => &region.after[..],
                Item::Group(_) => &[],
            };
            self.note("after", after.iter().any(|a| !a.finished));
            self.note("after finished", after.iter().any(|a| a.finished));
            match item {
                Item::Step(step) => {
                    let attests = matches!(&step.act, Act::Ask { answers, .. } if answers.is_empty());
                    self.note("attest", attests && !step.effects.is_empty());
                }
                Item::Group(group) => {
                    self.note("group", true);
                    self.items(&group.items, depth, false);
                }
                Item::Region(region) => {
                    self.note("a block in a block", depth > 0);
                    self.note("given in a block", !region.requires.is_empty());
                    self.note("condition on a block", !region.conditions.is_empty());
                    self.note("condition on a rung", region.rungs.iter().any(|r| !r.conditions.is_empty()));
                    self.note("ladder of two", region.rungs.len() == 2);
                    self.note("ladder of three", region.rungs.len() == 3);
                    self.note("finally", !region.finally.is_empty());
                    self.note("finally in a finally", in_finally && !region.finally.is_empty());
                    region.rungs.iter().for_each(|r| self.items(&r.items, depth + 1, in_finally));
                    self.items(&region.finally, depth + 1, true);
                }
            }
        }
    }

    fn tables(&mut self, plan: &Plan) {
        let cells = &self.program.cells;
        self.note("exclusive thing", cells.iter().any(|c| matches!(c.kind, CellKind::Place { .. })));
        self.note("shared thing", cells.iter().any(|c| matches!(c.kind, CellKind::Shared { .. })));
        self.note("power", cells.iter().any(|c| matches!(c.kind, CellKind::Power { .. })));
        self.note("configured", cells.iter().any(|c| matches!(c.kind, CellKind::Configured { .. })));
        self.note("rests", cells.iter().any(|c| c.rests != c.all()));
        self.note("unknown start", cells.iter().any(|c| c.initial.count_ones() > 1));
        self.note("yes means", self.program.atoms.iter().any(|a| !a.yes_means.is_empty()));
        self.note("probe at the start", plan.probes.iter().any(|p| p.at_start));
        self.note("goal", !plan.goal.is_empty());
        self.note("hold on a machine", plan.holds.iter().any(|h| h.machine.is_some()));
        self.note("hold on a thing", plan.holds.iter().any(|h| !h.cells.is_empty()));
        for guard in &self.program.guards {
            match guard {
                Guard::Always | Guard::Never => {}
                Guard::Is { atom, .. } => match self.program.atoms[atom.index()].source {
                    AtomSource::Decision => self.note("condition on a decision", true),
                    AtomSource::Probe => self.note("condition on a probe", true),
                    AtomSource::Answer => self.note("condition on an answer", true),
                },
                Guard::Ok(_) => self.note("condition on success", true),
                Guard::Not(_) => self.note("not", true),
                Guard::All(_) => self.note("all of", true),
                Guard::Any(_) => self.note("any of", true),
                Guard::AtMost { .. } => self.note("at most", true),
            }
        }
    }

    fn code(&mut self) {
        let begin = self.program.code.iter().position(|i| i.op == Op::Enter).unwrap();
        for (at, instr) in self.program.code.iter().enumerate() {
            match &instr.op {
                Op::Ask { answers, .. } => {
                    self.note("ask", true);
                    self.note("labelled answers", !answers.is_empty());
                    self.note("answer that stops", answers.iter().any(|a| a.stops));
                    self.note("ask that changes something", !instr.effects.is_empty());
                }
                Op::Probe { .. } => self.note("probe in place", at > begin),
                Op::Assume { .. } => self.note("assume", true),
                Op::Wait { .. } => self.note("wait", true),
                Op::Delay { .. } => self.note("delay", true),
                Op::Tell { .. } => self.note("tell", true),
                _ => {}
            }
            for value in instr.op.templates().flat_map(|t| t.values()) {
                match self.program.values[value.index()].source {
                    ValueSource::Captured { .. } => self.note("captured value", true),
                    ValueSource::Picked { .. } => self.note("picked value", true),
                }
            }
            let flags = instr.flags;
            self.note("tolerated", flags.tolerated);
            self.note("lingering", flags.lingers);
            self.note("idempotent and lingering", flags.lingers && flags.idempotent);
            self.note("opaque", flags.opaque);
            self.note("fence", !instr.fences.is_empty());
            let lingers_there =
                |i: &&crate::bytecode::Instr| i.flags.lingers && i.host.is_some_and(|m| instr.fences.contains(&m));
            self.note("fence of a lingering host", self.program.code.iter().take(at).any(|i| lingers_there(&i)));
            self.note("requirement", !instr.requires.is_empty());
            let power = instr.host.and_then(|m| self.program.machines[m.index()].power);
            self.note("requirement of a node", instr.requires.iter().any(|r| Some(r.cell) == power && r.allowed == 1));
            for effect in &instr.effects {
                let volatile = self.program.cells[effect.cell.index()].volatile;
                self.note("acquire", effect.exclusive);
                match effect.change {
                    Change::Set(_) => self.note("set", !effect.exclusive),
                    Change::Move { to: 0, .. } => {
                        self.note("release", true);
                        self.note("loss of a volatile thing", volatile && instr.effects.len() > 1);
                    }
                    Change::Move { .. } => self.note("move", true),
                }
            }
        }
        self.side_by_side();
    }

    /// Whether two steps run in any order.
    fn side_by_side(&mut self) {
        let code = &self.program.code;
        let mut before: Vec<BTreeSet<InstrId>> = Vec::new();
        for instr in code {
            let direct: BTreeSet<InstrId> = instr.needs.iter().chain(&instr.waits).copied().collect();
            let all = direct.iter().flat_map(|t| before[t.index()].clone()).chain(direct.iter().copied()).collect();
            before.push(all);
        }
        let steps: Vec<usize> = (0..code.len()).filter(|i| !code[*i].op.is_structure()).collect();
        let free = |a: usize, b: usize| a < b && !before[b].contains(&InstrId::at(a));
        self.note("side by side", steps.iter().any(|a| steps.iter().any(|b| free(*a, *b))));
    }
}
