//! The state of a simulated world, and the moments at which an executor may be lost in it.

use crate::bytecode::{InstrId, Program};
use crate::calculus::AtomId;
use crate::drill::follow::Follow;
use crate::drill::plot::{Landing, Plot};
use crate::drill::reply::Reply;
use crate::drill::things::Things;
use std::collections::{BTreeMap, BTreeSet};

/// The state of a simulated world.
#[derive(Clone, Debug)]
pub struct State {
    /// Milliseconds since the start.
    pub clock_ms: u64,
    /// How things are.
    pub things: Things,
    /// The run as the definition has it.
    pub follow: Follow,
    /// How often each strike of the plot has struck.
    pub struck: Vec<u32>,
    /// A probe was to answer what cannot be.
    pub contradicted: Option<AtomId>,
    /// Commands that are running.
    pub commands: BTreeMap<InstrId, Command>,
    /// Commands that have begun, by step and attempt.
    pub noted: BTreeSet<(InstrId, u32)>,
    /// Which strike an attempt was dealt.
    pub dealt: BTreeMap<(InstrId, u32), Option<usize>>,
    /// Steps whose command has had its effects.
    pub landed: BTreeSet<InstrId>,
    /// Steps whose command began again after it had had its effects, though twice is not once.
    pub repeated: BTreeSet<InstrId>,
    /// Answers on their way: when, to which step, which option; `None` for nobody there.
    pub answers: BTreeSet<(u64, InstrId, Option<u8>)>,
    /// When the operator cancels.
    pub cancels: BTreeSet<u64>,
    /// Attempts at which an executor was lost already.
    pub lost: BTreeSet<(InstrId, u32)>,
}

/// A running command.
#[derive(Clone, Debug)]
pub struct Command {
    /// When it ends by itself; `None`: never.
    pub end_ms: Option<u64>,
    /// How.
    pub reply: Reply,
    /// It answers this probe, by how things are when it ends.
    pub probes: Option<AtomId>,
    /// It has effects when it ends.
    pub lands: bool,
    /// Once it was given up, when it lands.
    pub late: Landing,
    /// A command of a `RUN`; the others only read.
    pub acts: bool,
    /// An earlier executor started it.
    pub orphan: bool,
}

impl State {
    /// A world in which nothing has happened.
    pub fn new(program: &Program, plot: &Plot) -> State {
        State {
            clock_ms: 0,
            things: Things::new(plot.initial.clone()),
            follow: Follow::new(program, plot),
            struck: vec![0; plot.strikes.len()],
            contradicted: None,
            commands: BTreeMap::new(),
            noted: BTreeSet::new(),
            dealt: BTreeMap::new(),
            landed: BTreeSet::new(),
            repeated: BTreeSet::new(),
            answers: BTreeSet::new(),
            cancels: BTreeSet::new(),
            lost: BTreeSet::new(),
        }
    }

    /// The executor is lost: what it only read, asked or waited for is forgotten; commands go on.
    #[must_use]
    pub fn orphaned(mut self) -> State {
        self.commands.retain(|_, command| command.acts);
        self.commands.values_mut().for_each(|command| command.orphan = true);
        self.answers.clear();
        self.cancels.clear();
        self
    }
}

/// A moment at which the executor may be lost.
#[derive(Clone, Debug)]
pub struct Moment {
    /// The world.
    pub state: State,
    /// How many records were durable.
    pub records: usize,
    /// The step at which it is: whose command had just begun, or whose start or end was written last or is to be.
    pub step: Option<InstrId>,
}
