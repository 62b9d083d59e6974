//! Taking at once what is certain, and one of two ends that come to the same, loses nothing.

use crate::semantics::random::plan;
use crate::semantics::{State, Violation, explore, starts};
use crate::verify::Verified;
use std::collections::{BTreeSet, HashSet};

/// All moves from all states, without further thought.
fn explore_plainly(program: &Verified, max_states: usize) -> Option<BTreeSet<Violation>> {
    let (mut found, mut seen) = (BTreeSet::new(), HashSet::new());
    let mut open: Vec<State> = starts(program).collect();
    while let Some(state) = open.pop() {
        if !seen.insert(state.clone()) {
            continue;
        }
        found.extend(state.end_violations(program));
        for made in state.moves(program) {
            let mut next = state.clone();
            found.extend(next.apply(program, &made).unwrap());
            open.push(next);
        }
        if seen.len() > max_states {
            return None;
        }
    }
    Some(found)
}

#[test]
fn exploring_is_going_through_all_moves() {
    let mut compared = 0;
    for seed in 0..400 {
        let program = plan(seed).1;
        if let Some(plainly) = explore_plainly(&program, 1_500) {
            assert_eq!(explore(&program, 1_500), Some(plainly), "plan {seed}");
            compared += 1;
        }
    }
    assert!(compared > 150, "only {compared} plans are small");
}
