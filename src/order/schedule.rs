//! How the plan goes when everything works: which steps run side by side, and how long it takes.
//!
//! What is not known yet is taken to be so that steps run. So an `otherwise` takes no time unless everything before it
//! in its ladder is skipped.

use crate::model::{Act, Key, Step};
use crate::order::dag::{Dag, NodeId, What};
use crate::order::outline::Outline;
use crate::order::skipped::{Skipped, when_all_succeeds};

/// How the plan goes when everything works.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Schedule {
    /// Steps that can run side by side, wave after wave.
    pub waves: Vec<Vec<NodeId>>,
    /// The usual durations along the path that takes longest, in milliseconds.
    pub critical_ms: u64,
    /// The steps on that path that have a usual duration.
    pub critical: Vec<NodeId>,
    /// Steps that run and have no usual duration; they count as none.
    pub unknown: usize,
}

/// What is known of a node when all before it is.
#[derive(Clone, Copy, Default)]
struct Reached {
    /// Number of waves up to and with it.
    waves: usize,
    /// Milliseconds up to and with it.
    ms: u64,
    /// Where the longest path to it comes from.
    from: Option<NodeId>,
    /// It adds to the longest path.
    counts: bool,
}

/// How long a step usually takes, in milliseconds, if that is known.
pub fn usual_ms(step: &Step) -> Option<u64> {
    match step.act {
        Act::Assume { .. } => Some(0),
        Act::Delay { ms } => Some(ms),
        Act::Tell { .. } => Some(step.usually_ms.unwrap_or(0)),
        _ => step.usually_ms,
    }
}

impl Schedule {
    /// The schedule of a plan of which some parts are skipped.
    pub fn of(outline: &Outline<'_>, dag: &Dag, skipped: &Skipped) -> Schedule {
        let mut schedule = Schedule::default();
        let idle = when_all_succeeds(dag, skipped.decisions());
        let mut reached: Vec<Reached> = Vec::with_capacity(dag.node_count());
        let at = |reached: &[Reached], n: NodeId| reached.get(n.index()).copied().unwrap_or_default();
        for (id, node) in dag.nodes() {
            let mut this = Reached::default();
            for (before, _) in dag.before(id) {
                let other = at(&reached, before);
                this.waves = this.waves.max(other.waves);
                if this.from.is_none() || other.ms > this.ms {
                    (this.ms, this.from) = (other.ms, Some(before));
                }
            }
            if let (What::Step(key), false) = (&node.what, idle.contains(id)) {
                schedule.run(outline, *key, id, &mut this);
            }
            reached.push(this);
        }
        schedule.trace(dag, &reached);
        schedule
    }

    fn run(&mut self, outline: &Outline<'_>, key: Key, id: NodeId, this: &mut Reached) {
        let Some(step) = outline.step(key).filter(|s| !matches!(s.act, Act::Assume { .. })) else { return };
        let usual = usual_ms(step);
        this.waves += 1;
        if self.waves.len() < this.waves {
            self.waves.resize(this.waves, Vec::new());
        }
        if let Some(wave) = self.waves.get_mut(this.waves - 1) {
            wave.push(id);
        }
        self.unknown += usize::from(usual.is_none());
        this.counts = usual.is_some_and(|ms| ms > 0);
        this.ms = this.ms.saturating_add(usual.unwrap_or(0));
    }

    /// Follows the longest path back from the end.
    fn trace(&mut self, dag: &Dag, reached: &[Reached]) {
        let last = dag.nodes().last().map(|(id, _)| id);
        self.critical_ms = last.and_then(|n| reached.get(n.index())).map_or(0, |r| r.ms);
        let back = |n: &NodeId| reached.get(n.index()).and_then(|r| r.from);
        let counts = |n: &NodeId| reached.get(n.index()).is_some_and(|r| r.counts);
        self.critical = std::iter::successors(last, back).filter(counts).collect();
        self.critical.reverse();
    }
}
