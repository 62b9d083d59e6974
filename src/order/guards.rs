//! Conditions of the DAG's nodes as a table in which equal formulas are one entry and each is made of earlier ones.
//!
//! Whatever an entry mentions was added to the DAG before the first node that uses the entry. So a single pass over the
//! table, beside the nodes in order, evaluates everything without recursion.

use crate::calculus::AtomId;
use crate::order::NodeId;
use std::collections::HashMap;

/// Index of a formula in [`Guards`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct GuardIx(u32);

impl GuardIx {
    /// The formula that is always true.
    pub const ALWAYS: GuardIx = GuardIx(0);
    /// The formula that is never true.
    pub const NEVER: GuardIx = GuardIx(1);

    /// The index in the table.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A condition on atoms and on nodes.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Formula {
    /// True.
    Always,
    /// False.
    Never,
    /// The atom has this answer; false as long as it has none.
    Is(AtomId, u8),
    /// The node's status is `ok`.
    Ok(NodeId),
    /// Not this.
    Not(GuardIx),
    /// All of these.
    All(Vec<GuardIx>),
    /// One of these.
    Any(Vec<GuardIx>),
    /// At most so many of these.
    AtMost(u32, Vec<GuardIx>),
}

/// The table of formulas. Its first two entries are [`Formula::Always`] and [`Formula::Never`].
#[derive(Clone, Debug)]
pub struct Guards {
    table: Vec<Formula>,
    known: HashMap<Formula, GuardIx>,
}

impl Default for Guards {
    fn default() -> Guards {
        let mut guards = Guards { table: Vec::new(), known: HashMap::new() };
        guards.intern(Formula::Always);
        guards.intern(Formula::Never);
        guards
    }
}

impl Guards {
    /// The formulas in order; each refers to earlier ones only.
    pub fn iter(&self) -> impl Iterator<Item = &Formula> {
        self.table.iter()
    }

    /// The formula with this index.
    pub fn get(&self, ix: GuardIx) -> &Formula {
        self.table.get(ix.index()).unwrap_or(&Formula::Never)
    }

    fn intern(&mut self, formula: Formula) -> GuardIx {
        if let Some(&ix) = self.known.get(&formula) {
            return ix;
        }
        let ix = GuardIx(u32::try_from(self.table.len()).unwrap_or(u32::MAX));
        self.table.push(formula.clone());
        self.known.insert(formula, ix);
        ix
    }

    /// The atom has this answer.
    pub(super) fn is(&mut self, atom: AtomId, option: u8) -> GuardIx {
        self.intern(Formula::Is(atom, option))
    }

    /// The node succeeded.
    pub(super) fn ok(&mut self, node: NodeId) -> GuardIx {
        self.intern(Formula::Ok(node))
    }

    /// Not `inner`.
    pub(super) fn not(&mut self, inner: GuardIx) -> GuardIx {
        match self.get(inner) {
            Formula::Always => GuardIx::NEVER,
            Formula::Never => GuardIx::ALWAYS,
            Formula::Not(twice) => *twice,
            _ => self.intern(Formula::Not(inner)),
        }
    }

    /// All of `parts`.
    pub(super) fn all(&mut self, parts: impl IntoIterator<Item = GuardIx>) -> GuardIx {
        self.combine(parts, GuardIx::ALWAYS, GuardIx::NEVER, Formula::All)
    }

    /// One of `parts`.
    pub(super) fn any(&mut self, parts: impl IntoIterator<Item = GuardIx>) -> GuardIx {
        self.combine(parts, GuardIx::NEVER, GuardIx::ALWAYS, Formula::Any)
    }

    /// At most `count` of `parts`.
    pub(super) fn at_most(&mut self, count: u32, parts: Vec<GuardIx>) -> GuardIx {
        self.intern(Formula::AtMost(count, parts))
    }

    fn combine(
        &mut self,
        parts: impl IntoIterator<Item = GuardIx>,
        neutral: GuardIx,
        absorbing: GuardIx,
        form: fn(Vec<GuardIx>) -> Formula,
    ) -> GuardIx {
        let mut kept: Vec<GuardIx> = parts.into_iter().filter(|&p| p != neutral).collect();
        kept.sort_unstable();
        kept.dedup();
        match kept.as_slice() {
            [] => neutral,
            _ if kept.contains(&absorbing) => absorbing,
            [only] => *only,
            _ => self.intern(form(kept)),
        }
    }
}

/// "None of the earlier attempts succeeded", for one attempt after the other.
///
/// The conjunction over `k` attempts shares its parts in groups of [`FailedAttempts::WIDTH`], so that `k` ladders of
/// guards take `k log k` entries and stay shallow.
#[derive(Default)]
pub(super) struct FailedAttempts {
    levels: Vec<Vec<GuardIx>>,
}

impl FailedAttempts {
    const WIDTH: usize = 16;

    /// One more attempt, which ends in `end`, has to have failed.
    pub(super) fn push(&mut self, guards: &mut Guards, end: NodeId) {
        let ok = guards.ok(end);
        let mut part = guards.not(ok);
        for level in &mut self.levels {
            level.push(part);
            if level.len() < FailedAttempts::WIDTH {
                return;
            }
            part = guards.all(level.drain(..));
        }
        self.levels.push(vec![part]);
    }

    /// None of them succeeded.
    pub(super) fn parts(&self) -> impl Iterator<Item = GuardIx> {
        self.levels.iter().flatten().copied()
    }
}
