//! Everything that can happen: all moves from all states.

use super::settling::Turn;
use super::{Move, State, Violation, starts};
use crate::bytecode::{InstrId, Program, Status};
use std::collections::{BTreeSet, HashSet};

/// Every violation that some run of the program comes to; `None` if there are more than `max_states` states.
pub fn explore(program: &Program, max_states: usize) -> Option<BTreeSet<Violation>> {
    let mut found = BTreeSet::new();
    let mut seen: HashSet<State> = HashSet::new();
    for start in starts(program) {
        let mut open = vec![start];
        while let Some(mut state) = open.pop() {
            state.settle_what_is_certain(program);
            if seen.contains(&state) {
                continue;
            }
            if seen.len() >= max_states {
                return None;
            }
            found.extend(state.end_violations(program));
            for made in state.moves(program).iter().filter(|made| !is_as_another(program, made)) {
                let mut next = state.clone();
                if let Ok(violations) = next.apply(program, made) {
                    found.extend(violations);
                    open.push(next);
                }
            }
            seen.insert(state);
        }
    }
    Some(found)
}

impl State {
    /// Settles what gets the same status whatever happens before, and changes nothing by it but its status.
    ///
    /// Doing that at once loses nothing. What it needs and waits for is settled and stays as it is, and so does its guard
    /// (`verify` sees to it that whatever answers an atom once more comes after all that ask for the answer before). So
    /// the move stays possible and comes to the same, however long it is put off. And it takes nothing away from any
    /// other move: those only ever wait for an instruction to be settled. Not certain are what a cancellation may still
    /// keep from happening, and what has effects or requirements, for which the moment matters.
    fn settle_what_is_certain(&mut self, program: &Program) {
        for id in (0..program.code.len()).map(InstrId::at) {
            let certain = match (self.turn(program, id), program.code.get(id.index())) {
                (Turn::Settles(Status::Ok), Some(instr)) => {
                    let cancellable = instr.op.is_cancellable() && !instr.flags.finally && !self.cancelled;
                    !cancellable && instr.effects.is_empty() && instr.requires.is_empty() && instr.fences.is_empty()
                }
                (Turn::Settles(_), _) => true,
                _ => false,
            };
            // Edges lead back, so that one pass in written order settles all.
            if certain {
                _ = self.apply(program, &Move::Settle(id));
            }
        }
    }
}

/// Whether another end of the step comes to the same. The rule makes no difference between failed and unknown, nor does
/// anything else: so one of them will do for each thing that is in flight afterwards.
fn is_as_another(program: &Program, made: &Move) -> bool {
    let Move::End { step, outcome, lingers, .. } = made else { return false };
    let can_linger = program.code.get(step.index()).is_some_and(|i| i.flags.lingers);
    match outcome {
        Status::Unknown => !can_linger,
        Status::Failed => *lingers,
        _ => false,
    }
}
