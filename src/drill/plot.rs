//! What a simulated run is dealt: how things are at the start, what is answered, what goes wrong.

use crate::bytecode::InstrId;
use crate::calculus::AtomId;

/// Everything that decides how a simulated run goes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Plot {
    /// The value of each cell at the start.
    pub initial: Vec<u8>,
    /// The answer of each atom; `None`: a probe tells how things are, a person gives the first answer that goes on.
    pub answers: Vec<Option<u8>>,
    /// Probes that must be able to answer as said: anything else is a contradiction.
    pub insists: Vec<AtomId>,
    /// What goes wrong. The first that fits an attempt counts.
    pub strikes: Vec<Strike>,
}

/// Something that goes wrong at some steps.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Strike {
    /// At any of these.
    pub steps: Vec<InstrId>,
    /// What.
    pub blow: Blow,
    /// At so many attempts, all steps together; `None`: at every one.
    pub times: Option<u32>,
}

/// What goes wrong.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Blow {
    /// Nothing.
    Work,
    /// It ends with a failure, having done nothing or everything.
    Fail {
        /// Everything.
        done: bool,
    },
    /// It does not end in time, or its connection is lost.
    Hang(Landing),
    /// The operator cancels while it runs.
    Cancel,
    /// The executor is lost while it runs.
    Crash,
}

/// When a command that was given up has its effect after all.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Landing {
    /// Never.
    Never,
    /// A moment after it was given up.
    Soon,
    /// When the run is over.
    Last,
}
