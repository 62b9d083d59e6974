//! A random plan: a tree of blocks and steps, conditions on what has ended before, and everything a step can be.

use super::Dice;
use super::estate::{Estate, MACHINES};
use crate::bytecode::sample::command;
use crate::calculus::{
    Answer, Atom, AtomId, AtomSource, CellId, CellKind, Change, Effect, Flags, Gate, Hold, MachineId, Piece, Reach,
    Requirement, Template, Value, ValueId, ValueSource,
};
use crate::model::{Act, After, Condition, Guard, Item, Key, Order, Plan, Probe, Region, Rung, Step};
use crate::order::sample::{at, condition, group, region, step};

/// A plan with three to seven steps.
pub(super) fn plan(dice: &mut Dice) -> Plan {
    let Estate { machines, cells } = Estate::new(dice);
    let steps = dice.of(&[3, 4, 4, 5, 5, 6, 6, 7, 8, 10]);
    let mut grow =
        Grow { dice, plan: Plan::default(), keys: 0, steps, known: Vec::new(), ended: Vec::new(), last: Vec::new() };
    grow.plan.machines = machines;
    grow.last = cells.iter().map(|c| u8::try_from(c.initial.trailing_zeros()).unwrap()).collect();
    grow.plan.cells = cells;
    grow.plan.name = String::from("random");
    grow.atoms();
    while grow.steps > 0 {
        let item = grow.item(2);
        grow.plan.body.push(item);
    }
    grow.ending();
    grow.plan
}

struct Grow<'d> {
    dice: &'d mut Dice,
    plan: Plan,
    keys: u32,
    /// How many steps are still to be made.
    steps: u32,
    /// The atoms that have an answer by now, with the number of answers.
    known: Vec<(AtomId, u8)>,
    /// For each cell the value that it starts with, or that the last step has given it.
    last: Vec<u8>,
    /// What has ended by now, in the text: conditions may ask about it.
    ended: Vec<Key>,
}

impl Grow<'_> {
    fn key(&mut self) -> u32 {
        self.keys += 1;
        self.keys - 1
    }

    fn atom(&mut self, name: &str, options: &[&str], source: AtomSource) -> AtomId {
        let id = AtomId::at(self.plan.atoms.len());
        self.plan.atoms.push(Atom {
            name: format!("{name}{}", id.0),
            question: format!("{name}?"),
            options: options.iter().map(|o| String::from(*o)).collect(),
            source,
            yes_means: Vec::new(),
        });
        id
    }

    /// Decisions, and a probe that is read at the start.
    fn atoms(&mut self) {
        for _ in 0..self.dice.of(&[0, 0, 1, 1, 2]) {
            let options = self.dice.of(&[&["no", "yes"][..], &["no", "yes"], &["red", "green", "blue"]]);
            let atom = self.atom("decision", options, AtomSource::Decision);
            self.known.push((atom, u8::try_from(options.len()).unwrap()));
        }
        if self.dice.percent(25) {
            let atom = self.probed();
            let host = Some(MachineId(self.dice.below(MACHINES)));
            let probe =
                Probe { atom, host, command: command("probe"), requires: Vec::new(), at_start: true, span: at(0) };
            self.plan.probes.push(probe);
            self.known.push((atom, 2));
        }
    }

    fn probed(&mut self) -> AtomId {
        let atom = self.atom("probe", &["no", "yes"], AtomSource::Probe);
        let facts = (0..self.dice.of(&[0, 1, 1, 2])).map(|_| self.requirement()).collect();
        self.plan.atoms[atom.index()].yes_means = facts;
        atom
    }

    fn cell(&mut self) -> CellId {
        CellId(self.dice.below(u32::try_from(self.plan.cells.len()).unwrap()))
    }

    fn values(&self, cell: CellId) -> u32 {
        u32::try_from(self.plan.cells[cell.index()].values.len()).unwrap()
    }

    /// Some of a cell's values, not all; mostly with the value that it was given last.
    fn requirement(&mut self) -> Requirement {
        let cell = self.cell();
        let count = self.values(cell);
        let some = 1 + u64::from(self.dice.below((1 << count) - 2));
        let last = 1 << self.last[cell.index()];
        let allowed = if self.dice.percent(70) && (some | last).count_ones() < count { some | last } else { some };
        Requirement { cell, allowed }
    }

    fn item(&mut self, depth: u32) -> Item {
        let depth = if self.steps > 1 { depth } else { 0 };
        let item = match self.dice.below(100) {
            0..8 if depth > 0 => self.group(depth),
            8..45 if depth > 0 => self.region(depth),
            _ => Item::Step(Box::new(self.step())),
        };
        self.ended.push(item.key());
        item
    }

    fn items(&mut self, depth: u32) -> Vec<Item> {
        let count = self.dice.of(&[1, 1, 2, 2, 3]);
        let first = self.item(depth);
        let others = (1..count).map_while(|_| (self.steps > 0).then(|| self.item(depth)));
        std::iter::once(first).chain(others).collect()
    }

    fn group(&mut self, depth: u32) -> Item {
        let key = self.key();
        let items = (0..2).map(|_| self.item(depth - 1)).collect();
        group(key, &format!("group{key}"), items)
    }

    fn region(&mut self, depth: u32) -> Item {
        let key = self.key();
        let order = self.dice.of(&[Order::Text, Order::Text, Order::Text, Order::Conflicts, Order::None]);
        let conditions = self.conditions(25);
        let after = self.after();
        // An included plan is a block that takes something for given.
        let requires = if self.dice.percent(12) { vec![(self.requirement(), at(key))] } else { Vec::new() };
        let mut rungs = Vec::new();
        for number in 0..self.dice.of(&[1, 1, 2, 2, 3]) {
            if number > 0 && self.steps == 0 {
                break;
            }
            let conditions = if number > 0 { self.conditions(20) } else { Vec::new() };
            let items = self.items(depth - 1);
            rungs.push(Rung { conditions, items, span: at(key) });
        }
        let mut finally = Vec::new();
        if self.dice.percent(50) && self.steps > 0 {
            // A region's own name is its attempts' success there.
            self.ended.push(Key(key));
            finally = self.items(depth - 1);
            self.ended.retain(|k| *k != Key(key));
        }
        let name = format!("block{key}");
        Item::Region(Box::new(Region {
            conditions,
            requires,
            after,
            rungs,
            finally,
            ..region(key, &name, order, Vec::new())
        }))
    }

    fn after(&mut self) -> Vec<After> {
        match self.ended.is_empty() || !self.dice.percent(12) {
            true => Vec::new(),
            false => vec![After { item: self.dice.of(&self.ended), finished: self.dice.percent(60), span: at(0) }],
        }
    }

    fn conditions(&mut self, chance: u32) -> Vec<Condition> {
        match self.dice.percent(chance) {
            true => vec![condition(self.guard(2))],
            false => Vec::new(),
        }
    }

    fn guard(&mut self, depth: u32) -> Guard {
        let parts = |grow: &mut Self| (0..2 + grow.dice.below(2)).map(|_| grow.guard(depth - 1)).collect();
        match self.dice.below(100) {
            0..10 if depth > 0 => Guard::All(parts(self)),
            10..20 if depth > 0 => Guard::Any(parts(self)),
            20..30 if depth > 0 => Guard::AtMost(self.dice.below(3), parts(self)),
            30..45 if depth > 0 => Guard::Not(Box::new(self.guard(depth - 1))),
            45..70 if !self.ended.is_empty() => Guard::Succeeded(self.dice.of(&self.ended)),
            _ if !self.known.is_empty() => {
                let (atom, options) = self.dice.of(&self.known);
                Guard::Is(atom, u8::try_from(self.dice.below(u32::from(options))).unwrap())
            }
            _ if !self.ended.is_empty() => Guard::Succeeded(self.dice.of(&self.ended)),
            _ => self.dice.of(&[Guard::Always, Guard::Never].each_ref()).clone(),
        }
    }

    fn step(&mut self) -> Step {
        self.steps = self.steps.saturating_sub(1);
        let key = self.key();
        let conditions = self.conditions(25);
        let after = self.after();
        let mut made = Step { conditions, after, ..step(key, &format!("step{key}")).0 };
        self.act(&mut made);
        self.touch(&mut made);
        self.flags(&mut made);
        self.consequences(&mut made);
        for (effect, _) in &made.effects {
            let last = &mut self.last[effect.cell.index()];
            *last = effect.change.apply(*last);
        }
        if let Act::Probe { atom, .. } | Act::Ask { atom: Some(atom), .. } = made.act {
            let options = u8::try_from(self.plan.atoms[atom.index()].options.len()).unwrap();
            self.known.push((atom, options));
        }
        made
    }

    fn act(&mut self, made: &mut Step) {
        let host = Some(MachineId(self.dice.below(MACHINES)));
        let question = Template::text("well?");
        let script = made.name.clone();
        (made.act, made.host) = match self.dice.below(100) {
            0..6 => (Act::Ask { question, answers: Vec::new(), atom: None, gate: Gate::default() }, None),
            6..12 => {
                let (answers, atom) = self.labelled();
                (Act::Ask { question, answers, atom: Some(atom), gate: Gate::default() }, None)
            }
            12..16 => (Act::Wait { command: command(&script), every_ms: 5, negated: self.dice.percent(20) }, host),
            16..19 => (Act::Delay { ms: 5 }, None),
            19..24 => (Act::Tell { text: self.text() }, None),
            24..30 => (Act::Assume { why: String::from("it is so") }, None),
            30..37 if self.plan.atoms.len() < 4 => {
                (Act::Probe { atom: self.probed(), command: command(&script) }, host)
            }
            _ => (self.command(made), self.dice.percent(85).then_some(host).flatten()),
        };
    }

    fn command(&mut self, made: &Step) -> Act {
        let mut command = command(&made.name);
        if self.dice.percent(8) {
            let value = ValueId::at(self.plan.values.len());
            command.captures.push(crate::calculus::Capture { value, pattern: None });
            let source = ValueSource::Captured { by: made.key };
            self.plan.values.push(Value { name: format!("value{}", value.0), source });
        }
        let verify = self.dice.percent(40).then(|| Template::text(format!("verify {}", made.name)));
        Act::Run { command, verify, retries: self.dice.of(&[0, 0, 1, 2]), every_ms: 3 }
    }

    /// A text, often with a value in it. A value that is picked has one place: there its condition is meant.
    fn text(&mut self) -> Template {
        let captured = |(id, value): (usize, &Value<Key, Guard>)| {
            matches!(value.source, ValueSource::Captured { .. }).then(|| ValueId::at(id))
        };
        let captured: Vec<ValueId> = self.plan.values.iter().enumerate().filter_map(captured).collect();
        if !captured.is_empty() && self.dice.percent(60) {
            return Template(vec![Piece::Value(self.dice.of(&captured))]);
        }
        if self.dice.percent(60) {
            return Template::text("so it is");
        }
        let source =
            ValueSource::Picked { cases: vec![(self.guard(1), String::from("this"))], otherwise: String::from("that") };
        self.plan.values.push(Value { name: format!("value{}", self.plan.values.len()), source });
        Template(vec![Piece::Value(ValueId::at(self.plan.values.len() - 1))])
    }

    fn labelled(&mut self) -> (Vec<Answer>, AtomId) {
        let names = self.dice.of(&[&["go", "stop"][..], &["go", "skip", "stop"], &["go", "halt"]]);
        let stops = |name: &str| matches!(name, "stop" | "halt");
        let answer = |n: &&str| Answer { name: String::from(*n), label: String::new(), stops: stops(n) };
        (names.iter().map(answer).collect(), self.atom("answer", names, AtomSource::Answer))
    }

    /// What the step requires and does.
    fn touch(&mut self, made: &mut Step) {
        let count = match made.act {
            Act::Probe { .. } => 0,
            Act::Run { .. } | Act::Assume { .. } => self.dice.of(&[0, 1, 1, 1, 1, 2]),
            Act::Ask { .. } => self.dice.of(&[0, 0, 1, 1, 2]),
            Act::Wait { .. } | Act::Delay { .. } | Act::Tell { .. } => self.dice.of(&[0, 0, 0, 1]),
        };
        for _ in 0..count {
            let effect = self.effect();
            if !made.effects.iter().any(|(e, _)| e.cell == effect.cell) {
                made.effects.push((effect, at(made.key.0)));
            }
        }
        if !matches!(made.act, Act::Assume { .. }) || self.dice.percent(20) {
            for _ in 0..self.dice.of(&[0, 0, 0, 1, 1, 2]) {
                made.requires.push((self.requirement(), at(made.key.0)));
            }
        }
        let down = made.effects.iter().find_map(|(e, _)| match self.plan.cells[e.cell.index()].kind {
            CellKind::Power { machine } if e.change == Change::Set(1) => Some(machine),
            _ => None,
        });
        if let (Some(machine), true) = (down, self.dice.percent(70)) {
            made.fences.push(machine);
        } else if self.dice.percent(5) {
            let machine = MachineId(self.dice.below(MACHINES));
            made.fences.extend(Some(machine).filter(|m| self.plan.machines[m.index()].power.is_none()));
        }
    }

    fn effect(&mut self) -> Effect {
        let cell = self.cell();
        let count = self.values(cell);
        let value = |dice: &mut Dice| u8::try_from(dice.below(count)).unwrap();
        let (change, exclusive) = match self.plan.cells[cell.index()].kind {
            CellKind::Place { .. } => {
                let held = 1 + u8::try_from(self.dice.below(count - 1)).unwrap();
                match self.dice.below(10) {
                    0..5 => (Change::Set(held), true),
                    5..8 => (Change::Move { from: held, to: 0 }, false),
                    8 => (Change::Move { from: held, to: 1 + (held % u8::try_from(count - 1).unwrap()) }, false),
                    _ => (Change::Set(value(self.dice)), false),
                }
            }
            _ if self.dice.percent(10) => {
                let from = value(self.dice);
                (Change::Move { from, to: (from + 1) % u8::try_from(count).unwrap() }, false)
            }
            _ => (Change::Set(value(self.dice)), false),
        };
        Effect { cell, change, exclusive }
    }

    fn flags(&mut self, made: &mut Step) {
        let runs = matches!(made.act, Act::Run { .. });
        made.flags = Flags {
            tolerated: self.dice.percent(25) && !matches!(made.act, Act::Assume { .. }),
            lingers: runs && self.is_remote(made.host) && !made.effects.is_empty() && self.dice.percent(45),
            idempotent: self.dice.percent(35),
            opaque: runs && made.effects.is_empty() && self.dice.percent(15),
            ..Flags::default()
        };
        if let Act::Run { command, .. } = &mut made.act {
            command.within_ms = Some(20);
            command.kill = !made.flags.lingers;
        }
    }

    /// Whether a command there may go on after it was given up here.
    fn is_remote(&self, host: Option<MachineId>) -> bool {
        host.is_some_and(|m| self.plan.machines[m.index()].reach != Reach::Local)
    }

    /// A machine that goes down loses what is volatile; one that acquires a thing is configured with it.
    fn consequences(&mut self, made: &mut Step) {
        let cells = &self.plan.cells;
        let mut lost: Vec<(CellId, u8, Change)> = Vec::new();
        let mut follow: Vec<(CellId, Change)> = Vec::new();
        for (effect, _) in &made.effects {
            let of_effect = &cells[effect.cell.index()].kind;
            for (id, cell) in (0..).map(CellId).zip(cells) {
                match (of_effect, &cell.kind, effect.change) {
                    (CellKind::Power { machine }, CellKind::Place { holders }, down)
                        if cell.volatile && down.apply(0) == 1 =>
                    {
                        let held = (0..).zip(holders).filter(|(_, h)| **h == Some(*machine));
                        lost.extend(held.map(|(from, _)| (id, from, Change::Move { from, to: 0 })));
                    }
                    (CellKind::Power { machine }, CellKind::Shared { machine: on }, down) if down.apply(0) == 1 => {
                        lost.extend((cell.volatile && machine == on).then_some((id, 1, Change::Set(0))));
                    }
                    (CellKind::Place { holders }, CellKind::Configured { machine, of }, change)
                        if *of == effect.cell =>
                    {
                        let holder = |v: u8| holders[usize::from(v)] == Some(*machine);
                        match change {
                            Change::Set(to) | Change::Move { to, .. } if holder(to) => {
                                follow.push((id, Change::Set(1)))
                            }
                            Change::Move { from, .. } if holder(from) => follow.push((id, Change::Set(0))),
                            _ => {}
                        }
                    }
                    _ => {}
                }
            }
        }
        for (cell, value, _) in &lost {
            made.effects.retain(|(e, _)| e.cell != *cell || e.change.apply(*value) != *value);
        }
        for (cell, change) in lost.into_iter().map(|(cell, _, change)| (cell, change)).chain(follow) {
            if !made.effects.iter().any(|(e, _)| e.cell == cell) {
                made.effects.push((Effect { cell, change, exclusive: false }, at(made.key.0)));
            }
        }
    }

    /// What the plan promises, and what it leaves to people.
    fn ending(&mut self) {
        for _ in 0..self.dice.of(&[0, 1, 1, 2]) {
            let goal = self.requirement();
            if !self.plan.goal.iter().any(|(g, _)| g.cell == goal.cell) {
                self.plan.goal.push((goal, at(0)));
            }
        }
        if self.dice.percent(15) {
            let machine = self.dice.percent(50).then(|| MachineId(self.dice.below(MACHINES)));
            let cells = if self.dice.percent(50) { vec![self.cell()] } else { Vec::new() };
            self.plan.holds.push(Hold { text: String::from("mind it"), machine, things: Vec::new(), cells });
        }
    }
}
