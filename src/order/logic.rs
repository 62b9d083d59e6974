//! The truth of conditions, with three values and over any kind of bits: computed for known answers, or described as a
//! circuit for whoever learns the answers later. Both go through the same code, so both mean the same.

use crate::calculus::AtomId;
use std::collections::HashMap;

/// Something that can tell true from false.
pub(super) trait Logic {
    /// True or false.
    type Bit: Copy;

    /// The atom is known to have this answer.
    fn has(&mut self, atom: AtomId, option: u8) -> Self::Bit;

    /// The atom is known to have another answer.
    fn has_another(&mut self, atom: AtomId, option: u8) -> Self::Bit;

    /// At least so many of these.
    fn at_least(&mut self, count: usize, of: &[Self::Bit]) -> Self::Bit;

    /// Not this.
    fn not(&mut self, bit: Self::Bit) -> Self::Bit;

    /// What is always so, or never.
    fn constant(&mut self, value: bool) -> Self::Bit {
        self.at_least(usize::from(!value), &[])
    }

    /// All of these.
    fn all(&mut self, of: &[Self::Bit]) -> Self::Bit {
        self.at_least(of.len(), of)
    }

    /// One of these.
    fn any(&mut self, of: &[Self::Bit]) -> Self::Bit {
        self.at_least(1, of)
    }
}

/// A truth with three values: at most one of the two is so, neither if it is open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Truth<B> {
    /// It is certainly true.
    pub(super) yes: B,
    /// It is certainly false.
    pub(super) no: B,
}

/// Logic over answers that are known.
pub(super) struct Answers(pub(super) HashMap<AtomId, u8>);

impl Logic for Answers {
    type Bit = bool;

    fn has(&mut self, atom: AtomId, option: u8) -> bool {
        self.0.get(&atom) == Some(&option)
    }

    fn has_another(&mut self, atom: AtomId, option: u8) -> bool {
        self.0.get(&atom).is_some_and(|answer| *answer != option)
    }

    fn at_least(&mut self, count: usize, of: &[bool]) -> bool {
        of.iter().filter(|bit| **bit).count() >= count
    }

    fn not(&mut self, bit: bool) -> bool {
        !bit
    }
}
