//! Everything that can happen: all moves from all states.

use super::settling::Turn;
use super::{Move, State, Violation, starts};
use crate::bytecode::{InstrId, Program, Status};
use std::collections::{BTreeSet, HashSet};

/// Every violation that some run of the program comes to; `None` if there are more than `max_states` states.
pub fn explore(program: &Program, max_states: usize) -> Option<BTreeSet<Violation>> {
    visit(program, max_states, |_| {})
}

/// The same, and shows a state with each status that an instruction comes to.
pub(crate) fn visit(program: &Program, max_states: usize, mut see: impl FnMut(&State)) -> Option<BTreeSet<Violation>> {
    let mut found = BTreeSet::new();
    let mut seen: HashSet<State> = HashSet::new();
    for start in starts(program) {
        let mut open = vec![start];
        while let Some(mut state) = open.pop() {
            found.extend(state.settle_what_is_certain(program));
            state.forget_cancellation(program);
            if seen.contains(&state) {
                continue;
            }
            if seen.len() >= max_states {
                return None;
            }
            see(&state);
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
    /// Settles what gets the same status whatever happens before, and changes nothing by it but its status; starts what
    /// nothing can keep from starting. Gives what that violates.
    ///
    /// Doing so at once loses nothing. What such an instruction needs and waits for is settled and stays as it is, and so
    /// does its guard (`verify` sees to it that all that it asks about is known by then, and answered once). So the move
    /// stays possible and comes to the same, however long it is put off; and it takes nothing away from any other move,
    /// for those only ever wait until an instruction is settled. A step that starts sooner is only looked at for longer.
    ///
    /// Not certain are what a cancellation may still keep from happening, and what has effects or requirements as it
    /// settles, for which the moment matters.
    fn settle_what_is_certain(&mut self, program: &Program) -> Vec<Violation> {
        let mut found = Vec::new();
        // Edges lead back, so that one pass in written order does all.
        for (id, instr) in program.code.iter().enumerate().map(|(i, instr)| (InstrId::at(i), instr)) {
            let may_be_cancelled = instr.op.is_cancellable() && !instr.flags.finally && !self.cancelled;
            let does_nothing = instr.effects.is_empty() && instr.requires.is_empty() && instr.fences.is_empty();
            let certain = match self.turn(program, id) {
                Turn::Settles(Status::Ok) if may_be_cancelled || !does_nothing => None,
                Turn::Settles(_) => Some(Move::Settle(id)),
                Turn::Starts if !may_be_cancelled => Some(Move::Start(id)),
                Turn::Starts | Turn::NotYet | Turn::Past => None,
            };
            found.extend(certain.and_then(|made| self.apply(program, &made).ok()).into_iter().flatten());
        }
        found
    }
}

impl State {
    /// Once nothing is left that a cancellation could keep from happening, whether there was one makes no difference to
    /// anything: as if there was.
    fn forget_cancellation(&mut self, program: &Program) {
        let mut pending = program.code.iter().zip(&self.status).filter(|(_, status)| **status == Status::Pending);
        self.cancelled |= !pending.any(|(instr, _)| instr.op.is_cancellable() && !instr.flags.finally);
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
