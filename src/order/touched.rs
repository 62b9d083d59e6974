//! What a scope remembers of a cell: the few accesses that stand for all earlier ones.

use crate::calculus::CellId;
use crate::order::dag::{Ends, Keeper, Reason};
use crate::order::unit::{Access, Mode};

/// An item that was placed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed {
    pub(super) ends: Ends,
    /// Why it keeps its place, where it does.
    pub(super) keeper: Keeper,
    /// How it touches the cell in whose memory it is.
    pub(super) access: Option<Access>,
}

/// What is remembered of a cell.
#[derive(Default)]
pub(super) struct Touched {
    /// See [`crate::order::scope::Scope`].
    pub(super) epoch: u32,
    /// What the items in `writers` had to follow.
    base: Vec<Placed>,
    /// The last ones that changed it; several if they gave it the same value.
    writers: Vec<Placed>,
    /// That value.
    common: Option<u8>,
    /// Those that required it since.
    readers: Vec<Placed>,
    /// Earlier ones that one of the lists should stand for, but that somebody in it does not need.
    pub(super) loose: Vec<Placed>,
}

impl Touched {
    /// Nothing yet, in this epoch.
    pub(super) fn since(epoch: u32) -> Touched {
        Touched { epoch, ..Touched::default() }
    }

    /// Whether an access commutes with those of `writers`.
    pub(super) fn joins(&self, mode: Mode) -> bool {
        matches!((mode, self.common), (Mode::Set(a), Some(b)) if a == b) && self.readers.is_empty()
    }

    /// Those that stand for all that an access has to follow.
    pub(super) fn last(&mut self, mode: Mode) -> &mut Vec<Placed> {
        match mode {
            _ if self.joins(mode) => &mut self.base,
            Mode::Read => &mut self.writers,
            _ if self.readers.is_empty() => &mut self.writers,
            _ => &mut self.readers,
        }
    }

    /// Takes an access into account, by an item that needs those that `covers` holds for.
    pub(super) fn record(&mut self, mode: Mode, new: impl Iterator<Item = Placed>, covers: impl Fn(&Placed) -> bool) {
        let joins = self.joins(mode);
        let uncovered: Vec<Placed> = self.last(mode).iter().filter(|p| !covers(p)).copied().collect();
        if mode == Mode::Read {
            self.readers.extend(new);
        } else if joins {
            self.writers.extend(new);
        } else {
            let mut base = std::mem::take(self.last(mode));
            base.extend(self.loose.extract_if(.., |p| covers(p)));
            base.sort_unstable_by_key(|p| p.ends.end);
            base.dedup_by_key(|p| p.ends.end);
            self.base = base;
            self.readers.clear();
            self.writers = new.collect();
            self.common = if let Mode::Set(value) = mode { Some(value) } else { None };
        }
        self.loose.retain(|p| !uncovered.iter().any(|q| q.ends.end == p.ends.end));
        self.loose.extend(uncovered);
    }
}

/// Why two accesses are ordered.
pub(super) fn why(cell: CellId, earlier: &Access, later: &Access) -> Reason {
    match earlier.fence.or(later.fence) {
        Some(machine) => Reason::Fence { machine, cell },
        None => Reason::Conflict { cell, earlier: earlier.span, later: later.span },
    }
}
