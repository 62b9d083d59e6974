//! Random small plans for property tests: every construct of the language, ordered and lowered by the real compiler.
//!
//! A plan is made from a seed, so that a disagreement is a number. [`shrink`] deletes what does not matter to it.

mod cover;
mod estate;
mod grow;
mod shrink;

pub(crate) use cover::{CONSTRUCTS, constructs};
pub(crate) use shrink::shrink;

use crate::base::SourceMap;
use crate::lower::lower;
use crate::model::Plan;
use crate::order::order;
use crate::verify::{Finding, Verified, verify};

/// Numbers by chance, the same for the same seed. SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom
/// number generators", 2014).
#[derive(Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: u32) -> u32 {
        u32::try_from(self.next() % u64::from(n.max(1))).unwrap()
    }

    /// True so many times out of a hundred.
    pub fn percent(&mut self, chance: u32) -> bool {
        self.below(100) < chance
    }

    /// One of these.
    pub fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(u32::try_from(all.len()).unwrap()) as usize]
    }
}

/// The plan of a seed, and its program.
pub(crate) fn plan(seed: u64) -> (Plan, Verified) {
    let plan = grow::plan(&mut Dice::new(seed));
    let program = compile(&plan).unwrap_or_else(|found| panic!("seed {seed}: {found:?}"));
    (plan, program)
}

/// The program of a plan. Its author might be told of mistakes; it means something all the same.
pub(crate) fn compile(plan: &Plan) -> Result<Verified, Vec<Finding>> {
    let (dag, _) = order(plan);
    verify(lower(plan, &dag, &SourceMap::default()))
}

#[cfg(test)]
mod tests {
    use super::{CONSTRUCTS, constructs, plan, shrink};
    use crate::bytecode::Op;
    use crate::verify::Verified;
    use std::collections::BTreeMap;

    #[test]
    fn a_few_thousand_plans_have_every_construct() {
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for seed in 0..3000 {
            let (plan, program) = plan(seed);
            constructs(&plan, &program).into_iter().for_each(|c| *seen.entry(c).or_default() += 1);
        }
        assert!(seen.keys().all(|c| CONSTRUCTS.contains(c)), "{seen:#?}");
        for construct in CONSTRUCTS {
            let count = seen.get(construct).copied().unwrap_or(0);
            assert!(count >= 20, "{construct} is in {count} plans: {seen:#?}");
        }
    }

    #[test]
    fn a_plan_shrinks_to_what_matters() {
        let asks = |program: &Verified| program.code.iter().any(|i| matches!(i.op, Op::Ask { .. }));
        let seed = (0..).find(|s| plan(*s).1.code.len() > 12 && asks(&plan(*s).1)).unwrap();
        let small = shrink(&plan(seed).0, asks);
        let names: Vec<&str> = small.code.iter().map(|i| i.op.mnemonic()).collect();
        assert_eq!(names, ["ENTER", "ASK", "END"]);
        assert!(small.code.iter().all(|i| i.effects.is_empty() && i.requires.is_empty()));
    }
}
