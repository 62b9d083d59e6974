//! The resolved plan as plain data: everything named, typed and unfolded, nothing ordered yet.
//!
//! One `Plan` is one plan with its arguments. Sets are unfolded (`on each of`, `for each`), included plans are inlined,
//! `on any of`, `on one of` and `retry from` have become ladders of attempts, constants have been folded. What is left is
//! a tree of regions with steps as leaves, in written order.

use crate::base::Span;
use crate::calculus::{
    Answer, Atom, AtomId, Cell, CellId, Command, Effect, EnvVar, Flags, Gate, Hold, Machine, MachineId, Requirement,
    Secret, Template, Value,
};

/// Identity of a step, group or region of a plan, given in written order from 0; conditions and `after` refer to it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Key(pub u32);

/// A plan with its arguments.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub title: String,
    /// Where it is declared.
    pub span: Span,
    /// Its arguments as shown to people.
    pub arguments: Vec<(String, String)>,
    /// The plan whose end is this one's beginning, and where that is said.
    pub follows: Option<(String, Span)>,
    /// Machines.
    pub machines: Vec<Machine>,
    /// Cells.
    pub cells: Vec<Cell>,
    /// For each cell: where the thing that it is about is declared.
    pub cell_spans: Vec<Span>,
    /// What is given about cells: the values left by each clause, and its place. [`Cell::initial`] is what they come to.
    pub givens: Vec<(CellId, u64, Span)>,
    /// Atoms.
    pub atoms: Vec<Atom>,
    /// For each atom whose source is a probe: how it is read.
    pub probes: Vec<Probe>,
    /// Values known only while the plan runs.
    pub values: Vec<Value<Key, Guard>>,
    /// Secrets by reference.
    pub secrets: Vec<Secret>,
    /// The procedure.
    pub body: Vec<Item>,
    /// What holds when the plan completes, with the clause's place.
    pub goal: Vec<(Requirement, Span)>,
    /// Names of the things that no other run may touch meanwhile, ascending, without duplicates.
    pub locks: Vec<String>,
    /// Losses that the plan accepts.
    pub accepted: Vec<(CellId, String, Span)>,
    /// Duties that outlive the plan.
    pub holds: Vec<Hold>,
    /// The names of the things about which it ends the duties that earlier plans have left, with their places.
    pub ends: Vec<(String, Span)>,
    /// Time promised for the whole plan, in milliseconds.
    pub rto_ms: Option<u64>,
    /// Where it is promised.
    pub rto_span: Span,
}

/// How the atom of a probe is read.
#[derive(Clone, Debug)]
pub struct Probe {
    /// The atom that gets the answer.
    pub atom: AtomId,
    /// Where it runs.
    pub host: Option<MachineId>,
    /// The command.
    pub command: Command,
    /// What must hold for the question to make sense.
    pub requires: Vec<(Requirement, Span)>,
    /// Read before the plan's first step; otherwise an [`Act::Probe`] step stands where it is read.
    pub at_start: bool,
    /// The probe's declaration.
    pub span: Span,
}

/// A condition on an atom or on an earlier step.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Guard {
    /// True.
    #[default]
    Always,
    /// False.
    Never,
    /// The atom has this answer.
    Is(AtomId, u8),
    /// The step, group or region succeeded.
    Succeeded(Key),
    /// Not this.
    Not(Box<Guard>),
    /// All of these.
    All(Vec<Guard>),
    /// One of these.
    Any(Vec<Guard>),
    /// At most so many of these.
    AtMost(u32, Vec<Guard>),
}

/// A condition as written and as understood.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Condition {
    /// What it means.
    pub guard: Guard,
    /// As written, with names resolved: `only if firewalls are included`.
    pub text: String,
    /// Its place.
    pub span: Span,
}

/// An `after` clause.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct After {
    /// What it follows.
    pub item: Key,
    /// `finished`: whatever became of it.
    pub finished: bool,
    /// Its place.
    pub span: Span,
}

/// An entry of a procedure.
#[derive(Clone, Debug)]
pub enum Item {
    /// A leaf.
    Step(Box<Step>),
    /// Items that are referred to under one name, without being a block: the members of `on each of`.
    Group(Group),
    /// A block.
    Region(Box<Region>),
}

/// Several items under one name.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its identity.
    pub key: Key,
    /// Its name.
    pub name: String,
    /// The members, side by side where their effects allow it.
    pub items: Vec<Item>,
}

/// A block: entered as a whole, left as a whole, a barrier between what is before and after it.
#[derive(Clone, Debug)]
pub struct Region {
    /// Its identity.
    pub key: Key,
    /// Its name; generated for those without one in the text.
    pub name: String,
    /// Its heading; may be empty.
    pub title: String,
    /// Its place.
    pub span: Span,
    /// Conditions of the whole region, its `otherwise` and `finally` included.
    pub conditions: Vec<Condition>,
    /// What must hold when it is entered, with the clause's place: what an included plan takes for given.
    pub requires: Vec<(Requirement, Span)>,
    /// Explicit order.
    pub after: Vec<After>,
    /// The attempts: the first, then one for each `otherwise`. A region without `otherwise` has one.
    pub rungs: Vec<Rung>,
    /// What runs whatever became of the rungs.
    pub finally: Vec<Item>,
    /// Whether its items are independent unless their effects conflict: `parallel`, a `for each`.
    pub order: Order,
}

/// How the items of a region are ordered by default.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Order {
    /// Steps on one machine in text order; blocks are barriers; conflicts in text order.
    #[default]
    Text,
    /// Only conflicting items in text order: the members of a `for each`.
    Conflicts,
    /// No order; conflicting items are an error: `parallel`.
    None,
}

/// One attempt of a ladder.
#[derive(Clone, Debug)]
pub struct Rung {
    /// Conditions of this attempt alone. The first rung's are those of its single step.
    pub conditions: Vec<Condition>,
    /// What is attempted.
    pub items: Vec<Item>,
    /// Its place.
    pub span: Span,
}

/// A step.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its identity.
    pub key: Key,
    /// Its unique name: `restart[web].vs2`, `check[cfguest1]~2`.
    pub name: String,
    /// The procedure's own number.
    pub number: Option<u32>,
    /// The vendor's heading; may be empty.
    pub title: String,
    /// Its place.
    pub span: Span,
    /// The places of some of its parts.
    pub parts: StepParts,
    /// Where it runs; `None` for the operator.
    pub host: Option<MachineId>,
    /// When it runs.
    pub conditions: Vec<Condition>,
    /// Explicit order.
    pub after: Vec<After>,
    /// What must hold while it runs, with the clause's place.
    pub requires: Vec<(Requirement, Span)>,
    /// What it does to cells, with the clause's place; at most one a cell.
    pub effects: Vec<(Effect, Span)>,
    /// Machines that can do nothing any more once it succeeded.
    pub fences: Vec<MachineId>,
    /// Cells whose data it loses.
    pub loses: Vec<(CellId, Span)>,
    /// How it is treated.
    pub flags: Flags,
    /// Usual duration in milliseconds.
    pub usually_ms: Option<u64>,
    /// The action it does or the condition it waits for, as shown to people: `mount(xvm_data)`; empty for a raw one.
    pub call: String,
    /// What it does.
    pub act: Act,
}

/// Where a step says some things.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct StepParts {
    /// What it does: `do mount(fs)`, `ask "…"`.
    pub deed: Span,
    /// Its own `within …`, or that of its action.
    pub within: Option<Span>,
}

/// What a step does. See [`crate::bytecode::Op`] for the meaning of each.
#[derive(Clone, Debug)]
pub enum Act {
    /// Run a command.
    Run {
        /// The command.
        command: Command,
        /// Read-back.
        verify: Option<Template>,
        /// Repetitions after a failure.
        retries: u32,
        /// Pause before each, in milliseconds.
        every_ms: u64,
    },
    /// Repeat a command until it succeeds (or fails, if negated).
    Wait {
        /// The command.
        command: Command,
        /// Pause between readings, in milliseconds.
        every_ms: u64,
        /// Wait for a no.
        negated: bool,
    },
    /// Read a condition where it is needed.
    Probe {
        /// The atom that gets the answer.
        atom: AtomId,
        /// The command.
        command: Command,
    },
    /// Ask the operator.
    Ask {
        /// The question.
        question: Template,
        /// Labelled answers; empty for yes or no.
        answers: Vec<Answer>,
        /// The atom that gets the labelled answer.
        atom: Option<AtomId>,
        /// Who may answer, until when, and what counts if nobody does.
        gate: Gate,
    },
    /// Tell the operator.
    Tell {
        /// What.
        text: Template,
    },
    /// Let time pass.
    Delay {
        /// Milliseconds.
        ms: u64,
    },
    /// Take something for granted.
    Assume {
        /// Why.
        why: String,
    },
}

impl Act {
    /// The command, if it runs one.
    pub fn command(&self) -> Option<&Command> {
        match self {
            Act::Run { command, .. } | Act::Wait { command, .. } | Act::Probe { command, .. } => Some(command),
            Act::Ask { .. } | Act::Tell { .. } | Act::Delay { .. } | Act::Assume { .. } => None,
        }
    }

    /// The variables of its command's environment.
    pub fn env(&self) -> &[EnvVar] {
        self.command().map_or(&[], |c| &c.env)
    }
}

impl Item {
    /// Its identity.
    pub fn key(&self) -> Key {
        match self {
            Item::Step(s) => s.key,
            Item::Group(g) => g.key,
            Item::Region(r) => r.key,
        }
    }
}

impl Plan {
    /// Calls `see` for every step, in written order.
    pub fn each_step<'a>(&'a self, see: &mut impl FnMut(&'a Step)) {
        each_step(&self.body, see);
    }
}

fn each_step<'a>(items: &'a [Item], see: &mut impl FnMut(&'a Step)) {
    for item in items {
        match item {
            Item::Step(step) => see(step),
            Item::Group(group) => each_step(&group.items, see),
            Item::Region(region) => {
                for rung in &region.rungs {
                    each_step(&rung.items, see);
                }
                each_step(&region.finally, see);
            }
        }
    }
}
