//! Small plans for tests, written as a tree of items.
//!
//! Every item's span is its key, so that labels can be told apart.

use crate::base::{FileId, Span};
use crate::calculus::{
    Atom, AtomId, AtomSource, Capture, Cell, CellId, CellKind, Change, Command, Effect, Flags, Machine, MachineId,
    Reach, Requirement, Template, ValueId, mask_of,
};
use crate::model::{Act, After, Condition, Group, Guard, Item, Key, Order, Plan, Region, Rung, Step, StepParts};

/// The place that stands for number `n`.
pub(crate) fn at(n: u32) -> Span {
    Span::new(FileId(0), n as usize, n as usize + 1)
}

/// A step that runs `true`, with what is said of it.
pub(crate) struct StepOf(pub(crate) Step);

/// A step with declared effects (none yet), on no machine.
pub(crate) fn step(key: u32, name: &str) -> StepOf {
    let command = Command { script: Template::text("true"), ..Command::default() };
    StepOf(Step {
        key: Key(key),
        name: String::from(name),
        number: None,
        title: String::new(),
        span: at(key),
        parts: StepParts { deed: at(key), ..StepParts::default() },
        host: None,
        conditions: Vec::new(),
        after: Vec::new(),
        requires: Vec::new(),
        effects: Vec::new(),
        fences: Vec::new(),
        loses: Vec::new(),
        flags: Flags::default(),
        usually_ms: None,
        call: String::new(),
        act: Act::Run { command, verify: None, retries: 0, every_ms: 0 },
    })
}

impl StepOf {
    pub(crate) fn on(mut self, machine: u32) -> StepOf {
        self.0.host = Some(MachineId(machine));
        self
    }

    pub(crate) fn sets(self, cell: u32, value: u8) -> StepOf {
        self.effect(cell, Change::Set(value))
    }

    pub(crate) fn effect(mut self, cell: u32, change: Change) -> StepOf {
        self.0.effects.push((Effect { cell: CellId(cell), change, exclusive: false }, at(1000 + self.0.key.0)));
        self
    }

    pub(crate) fn requires(mut self, cell: u32, allowed: u64) -> StepOf {
        self.0.requires.push((Requirement { cell: CellId(cell), allowed }, at(2000 + self.0.key.0)));
        self
    }

    pub(crate) fn fences(mut self, machine: u32) -> StepOf {
        self.0.fences.push(MachineId(machine));
        self
    }

    pub(crate) fn flags(mut self, flags: Flags) -> StepOf {
        self.0.flags = flags;
        self
    }

    pub(crate) fn opaque(self) -> StepOf {
        self.flags(Flags { opaque: true, ..Flags::default() })
    }

    pub(crate) fn act(mut self, act: Act) -> StepOf {
        self.0.act = act;
        self
    }

    pub(crate) fn captures(mut self, value: ValueId) -> StepOf {
        if let Act::Run { command, .. } = &mut self.0.act {
            command.captures.push(Capture { value, pattern: None });
        }
        self
    }

    pub(crate) fn only_if(mut self, guard: Guard) -> StepOf {
        self.0.conditions.push(condition(guard));
        self
    }

    pub(crate) fn after(mut self, key: u32, finished: bool) -> StepOf {
        self.0.after.push(After { item: Key(key), finished, span: at(3000 + self.0.key.0) });
        self
    }

    pub(crate) fn usually(mut self, ms: u64) -> StepOf {
        self.0.usually_ms = Some(ms);
        self
    }
}

impl From<StepOf> for Item {
    fn from(step: StepOf) -> Item {
        Item::Step(Box::new(step.0))
    }
}

/// A condition, called after its meaning.
pub(crate) fn condition(guard: Guard) -> Condition {
    Condition { text: format!("only if {guard:?}"), guard, span: at(4000) }
}

/// A region with one attempt and no `finally`.
pub(crate) fn region(key: u32, name: &str, order: Order, items: Vec<Item>) -> Region {
    Region {
        key: Key(key),
        name: String::from(name),
        title: String::new(),
        span: at(key),
        conditions: Vec::new(),
        requires: Vec::new(),
        after: Vec::new(),
        rungs: vec![rung(items)],
        finally: Vec::new(),
        order,
    }
}

/// A phase.
pub(crate) fn phase(key: u32, name: &str, items: Vec<Item>) -> Item {
    Item::Region(Box::new(region(key, name, Order::Text, items)))
}

/// Attempts, one after the other, and a `finally`.
pub(crate) fn ladder(key: u32, name: &str, rungs: Vec<Vec<Item>>, finally: Vec<Item>) -> Item {
    let rungs = rungs.into_iter().map(rung).collect();
    Item::Region(Box::new(Region { rungs, finally, ..region(key, name, Order::Text, Vec::new()) }))
}

pub(crate) fn rung(items: Vec<Item>) -> Rung {
    Rung { conditions: Vec::new(), items, span: Span::default() }
}

/// The members of a set.
pub(crate) fn group(key: u32, name: &str, items: Vec<Item>) -> Item {
    Item::Group(Group { key: Key(key), name: String::from(name), items })
}

/// A plan over machines `m0, m1, …`, cells `c0, c1, …` of four values and yes-or-no decisions `a0, a1, …`.
pub(crate) fn plan(machines: u32, cells: u32, atoms: u32, body: Vec<Item>) -> Plan {
    let machine = |n| Machine { name: format!("m{n}"), site: None, reach: Reach::Local, power: None };
    let cell = |n| Cell {
        name: format!("c{n}"),
        values: ["zero", "one", "two", "three"].map(String::from).to_vec(),
        kind: CellKind::State,
        volatile: false,
        rests: mask_of(4),
        initial: mask_of(4),
    };
    let atom = |n| Atom {
        name: format!("a{n}"),
        question: format!("a{n} is so"),
        options: ["no", "yes"].map(String::from).to_vec(),
        source: AtomSource::Decision,
        yes_means: Vec::new(),
    };
    Plan {
        name: String::from("sample"),
        machines: (0..machines).map(machine).collect(),
        cells: (0..cells).map(cell).collect(),
        atoms: (0..atoms).map(atom).collect(),
        body,
        ..Plan::default()
    }
}

/// The condition that decision `atom` is yes.
pub(crate) fn yes(atom: u32) -> Guard {
    Guard::Is(AtomId(atom), 1)
}
