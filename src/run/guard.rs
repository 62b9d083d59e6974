//! Conditions: evaluates the guard table, each entry at most once, in constant stack.

use crate::bytecode::{Guard, GuardId, Program};

/// What is known of a condition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Truth {
    /// It holds.
    True,
    /// It does not.
    False,
    /// It depends on something that is not known yet.
    Open,
}

impl From<bool> for Truth {
    fn from(value: bool) -> Truth {
        if value { Truth::True } else { Truth::False }
    }
}

/// Remembers what the guards of one program have been found to be.
#[derive(Clone, Debug)]
pub struct Guards {
    known: Vec<Option<Truth>>,
}

impl Guards {
    /// Nothing is known yet.
    pub fn new(program: &Program) -> Guards {
        Guards { known: vec![None; program.guards.len()] }
    }

    /// Whether the guard holds. `leaf` answers for atoms and statuses, which must be final by now.
    pub fn evaluate(&mut self, program: &Program, id: GuardId, mut leaf: impl FnMut(&Guard) -> Truth) -> Truth {
        let mut stack = vec![id];
        while let Some(&top) = stack.last() {
            let Some(guard) = program.guards.get(top.index()).filter(|_| self.of(top).is_none()) else {
                stack.pop();
                continue;
            };
            let depth = stack.len();
            // Entries refer to earlier ones only, so that this ends; a later one counts as false.
            stack.extend(operands(guard).iter().filter(|o| **o < top && self.of(**o).is_none()));
            if stack.len() == depth {
                let truth = self.combine(guard, top, &mut leaf);
                if let Some(slot) = self.known.get_mut(top.index()) {
                    *slot = Some(truth);
                }
                stack.pop();
            }
        }
        self.of(id).unwrap_or(Truth::False)
    }

    /// What the guard was found to be.
    pub fn of(&self, id: GuardId) -> Option<Truth> {
        self.known.get(id.index()).copied().flatten()
    }

    fn combine(&self, guard: &Guard, own: GuardId, leaf: &mut impl FnMut(&Guard) -> Truth) -> Truth {
        let of = |id: &GuardId| if *id < own { self.of(*id).unwrap_or(Truth::False) } else { Truth::False };
        let count = |ids: &[GuardId], truth: Truth| ids.iter().filter(|id| of(id) == truth).count();
        match guard {
            Guard::Always => Truth::True,
            Guard::Never => Truth::False,
            Guard::Is { .. } | Guard::Ok(_) => leaf(guard),
            Guard::Not(id) => match of(id) {
                Truth::True => Truth::False,
                Truth::False => Truth::True,
                Truth::Open => Truth::Open,
            },
            Guard::All(ids) if count(ids, Truth::False) > 0 => Truth::False,
            Guard::Any(ids) if count(ids, Truth::True) > 0 => Truth::True,
            Guard::All(ids) | Guard::Any(ids) if count(ids, Truth::Open) > 0 => Truth::Open,
            Guard::All(_) => Truth::True,
            Guard::Any(_) => Truth::False,
            Guard::AtMost { count: limit, of: ids } => {
                let (yes, open) = (count(ids, Truth::True), count(ids, Truth::Open));
                match *limit as usize {
                    limit if yes > limit => Truth::False,
                    limit if yes + open <= limit => Truth::True,
                    _ => Truth::Open,
                }
            }
        }
    }
}

/// The guards that a guard is made of.
pub fn operands(guard: &Guard) -> &[GuardId] {
    match guard {
        Guard::Always | Guard::Never | Guard::Is { .. } | Guard::Ok(_) => &[],
        Guard::Not(id) => std::slice::from_ref(id),
        Guard::All(ids) | Guard::Any(ids) | Guard::AtMost { of: ids, .. } => ids,
    }
}

#[cfg(test)]
mod tests {
    use super::{Guards, Truth};
    use crate::bytecode::{Guard, GuardId, Program};
    use crate::calculus::AtomId;

    fn is(atom: u32) -> Guard {
        Guard::Is { atom: AtomId(atom), option: 1 }
    }

    /// Evaluates the last guard; atom 0 is true, atom 1 is false, others are not known.
    fn last(guards: Vec<Guard>) -> Truth {
        let program = Program { guards, ..Program::default() };
        Guards::new(&program).evaluate(&program, GuardId::at(program.guards.len() - 1), |guard| match guard {
            Guard::Is { atom: AtomId(0), .. } => Truth::True,
            Guard::Is { atom: AtomId(1), .. } => Truth::False,
            _ => Truth::Open,
        })
    }

    #[test]
    fn three_valued_logic() {
        let g = GuardId;
        let leaves = [is(0), is(1), is(2)];
        for (guard, expected) in [
            (Guard::Not(g(1)), Truth::True),
            (Guard::Not(g(2)), Truth::Open),
            (Guard::All(vec![]), Truth::True),
            (Guard::Any(vec![]), Truth::False),
            (Guard::All(vec![g(0), g(2)]), Truth::Open),
            (Guard::All(vec![g(1), g(2)]), Truth::False),
            (Guard::Any(vec![g(0), g(2)]), Truth::True),
            (Guard::Any(vec![g(1), g(2)]), Truth::Open),
            (Guard::AtMost { count: 1, of: vec![g(0), g(1)] }, Truth::True),
            (Guard::AtMost { count: 0, of: vec![g(0), g(2)] }, Truth::False),
            (Guard::AtMost { count: 1, of: vec![g(0), g(2)] }, Truth::Open),
            (Guard::AtMost { count: 2, of: vec![g(0), g(2)] }, Truth::True),
        ] {
            let mut guards = leaves.to_vec();
            guards.push(guard.clone());
            assert_eq!(last(guards), expected, "{guard:?}");
        }
    }

    #[test]
    fn a_long_chain_needs_no_stack_and_a_loop_ends() {
        let mut guards = vec![is(0)];
        guards.extend((0..200_000).map(|i| Guard::Not(GuardId(i))));
        assert_eq!(last(guards), Truth::True);
        assert_eq!(last(vec![Guard::All(vec![GuardId(0)])]), Truth::False);
        assert_eq!(last(vec![Guard::Not(GuardId(7))]), Truth::True);
    }
}
