//! Random plans in which everything that settles a status appears: conditions, ladders, `finally`, tolerated failures.

use crate::bytecode::sample::command;
use crate::bytecode::{Guard, GuardId, InstrId, Op};
use crate::calculus::{AtomId, AtomSource, Template};
use crate::run::sample::{Plan, act};
use crate::verify::Verified;
use proptest::prelude::{Strategy, any, prop};
use std::sync::Arc;

/// Choices, drawn one after the other; plenty means that any choice can be made.
pub struct Choices {
    bytes: Vec<u8>,
    at: usize,
}

impl Choices {
    pub fn new(bytes: Vec<u8>) -> Choices {
        Choices { bytes, at: 0 }
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        let byte = self.bytes.get(self.at % self.bytes.len().max(1)).copied().unwrap_or(0);
        self.at += 1;
        (usize::from(byte) ^ (self.at / self.bytes.len().max(1)).wrapping_mul(151)) % n.max(1)
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

pub fn choices() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 40..400)
}

/// A plan with up to twelve items and two decisions.
pub fn plan(draw: &mut Choices) -> Arc<Verified> {
    let mut plan = Plan::new("random");
    for name in ["p", "q"] {
        plan.0.atom(name, &["no", "yes"], AtomSource::Decision);
    }
    let mut items = Items { plan, ends: vec![0] };
    for i in 0..3 + draw.below(10) {
        match draw.below(6) {
            0 => items.ladder(i, draw),
            1 => items.finally(i, draw),
            _ => items.step(&format!("s{i}"), draw),
        }
    }
    Arc::new(items.plan.verified())
}

struct Items {
    plan: Plan,
    /// What may be needed in the plan's own block.
    ends: Vec<u32>,
}

impl Items {
    /// Some of what is there, at least one.
    fn some(&self, draw: &mut Choices) -> Vec<u32> {
        let mut some: Vec<u32> = self.ends.iter().copied().filter(|_| draw.one_in(3)).collect();
        if some.is_empty() {
            some.push(self.ends[draw.below(self.ends.len())]);
        }
        some
    }

    fn here(&self) -> u32 {
        u32::try_from(self.plan.0.0.code.len()).unwrap()
    }

    /// A condition on decisions and on what `before` lists.
    fn guard(&mut self, before: &[u32], draw: &mut Choices) -> GuardId {
        let b = &mut self.plan.0;
        let mut parts = Vec::new();
        for _ in 0..draw.below(3) {
            let leaf = match (draw.below(2), before) {
                (0, [_, ..]) => Guard::Ok(InstrId(before[draw.below(before.len())])),
                _ => Guard::Is { atom: AtomId(u32::try_from(draw.below(2)).unwrap()), option: 1 },
            };
            let leaf = b.guard(leaf);
            parts.push(if draw.one_in(2) { b.guard(Guard::Not(leaf)) } else { leaf });
        }
        match draw.below(3) {
            _ if parts.is_empty() => GuardId::ALWAYS,
            0 => b.guard(Guard::Any(parts)),
            1 => b.guard(Guard::AtMost { count: 1, of: parts }),
            _ => b.guard(Guard::All(parts)),
        }
    }

    fn step(&mut self, name: &str, draw: &mut Choices) {
        let needs = self.some(draw);
        let waits: Vec<u32> = self.ends.iter().copied().filter(|t| !needs.contains(t) && draw.one_in(4)).collect();
        let before: Vec<u32> = needs.iter().chain(&waits).copied().collect();
        let guard = self.guard(&before, draw);
        let here = self.here();
        let op = match draw.below(5) {
            0 => Op::Tell { text: Template::text("so it is") },
            1 => Op::Run { command: command(name), verify: None, retries: 2, every_ms: 5 },
            _ => act(command(name)),
        };
        let instr = self.plan.step(name, op, &needs);
        instr.waits = waits.into_iter().map(InstrId).collect();
        instr.guard = guard;
        instr.flags.tolerated = draw.one_in(5);
        instr.flags.idempotent = draw.one_in(3);
        if let Op::Run { verify, .. } = &mut instr.op {
            *verify = draw.one_in(2).then(|| Template::text(format!("verify {name}")));
        }
        self.ends.push(here);
    }

    /// Attempts until one works.
    fn ladder(&mut self, i: usize, draw: &mut Choices) {
        let (name, needs, enter) = (format!("ladder{i}"), self.some(draw), self.here());
        self.plan.step(&name, Op::Enter, &needs);
        let mut rungs: Vec<u32> = Vec::new();
        for r in 0..2 + draw.below(2) {
            let here = self.here();
            let not_yet: Vec<GuardId> =
                rungs.iter().map(|r| Guard::Ok(InstrId(*r))).map(|g| self.plan.0.guard(g)).collect();
            let none = not_yet.into_iter().map(|g| self.plan.0.guard(Guard::Not(g))).collect();
            let guard = self.plan.0.guard(Guard::All(none));
            let instr = self.plan.run(&format!("{name}.{r}"), &format!("{name}.{r}"), &[enter]);
            instr.waits = rungs.iter().map(|r| InstrId(*r)).collect();
            instr.guard = guard;
            rungs.push(here);
        }
        let join = self.here();
        let ids: Vec<InstrId> = rungs.iter().map(|r| InstrId(*r)).collect();
        let op = Op::Join { rungs: ids.clone() };
        self.plan.step(&format!("{name}.join"), op, &[enter]).waits = ids;
        self.ends.push(join);
    }

    /// A block that runs whatever became of what it waits for.
    fn finally(&mut self, i: usize, draw: &mut Choices) {
        let (name, enter) = (format!("finally{i}"), self.here());
        let waits: Vec<InstrId> = self.ends.iter().skip(1).copied().filter(|_| draw.one_in(2)).map(InstrId).collect();
        let instr = self.plan.step(&name, Op::Enter, &[0]);
        (instr.waits, instr.flags.finally) = (waits, true);
        let mut inside = vec![enter];
        for r in 0..1 + draw.below(2) {
            let here = self.here();
            let instr = self.plan.run(&format!("{name}.{r}"), &format!("{name}.{r}"), &[enter]);
            instr.flags.finally = true;
            inside.push(here);
        }
        let exit = self.here();
        self.plan.step(&format!("{name}.exit"), Op::Exit, &inside).flags.finally = true;
        self.ends.push(exit);
    }
}
