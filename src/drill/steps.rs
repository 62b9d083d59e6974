//! Steps by the names that tests call them, and what must come before what.

use crate::bytecode::{Guard, GuardId, InstrId, Op, Program};

/// Instructions that a name stands for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// Where it begins: the steps themselves, or the entries of blocks.
    pub begins: Vec<InstrId>,
    /// Where it ends: the steps themselves, or the exits of blocks.
    pub ends: Vec<InstrId>,
    /// Whether they are blocks.
    pub blocks: bool,
}

/// What a name stands for: a step, all copies of one, or a block.
pub fn find(program: &Program, name: &str) -> Found {
    let code = || program.code.iter().enumerate().map(|(i, instr)| (InstrId::at(i), instr));
    let undoes = |n: &str| n.split(['[', ']']).next_back().is_some_and(|rest| rest.contains(".undo"));
    let copy = |n: &str| {
        let rest = n.strip_prefix(name).filter(|rest| rest.is_empty() || rest.starts_with(['[', '.', '~']));
        rest.is_some_and(|rest| !undoes(rest))
    };
    let steps: Vec<InstrId> = code().filter(|(_, i)| is_step(&i.op) && copy(&i.name)).map(|(id, _)| id).collect();
    if !steps.is_empty() {
        return Found { begins: steps.clone(), ends: steps, blocks: false };
    }
    let block = |wanted: fn(&Op) -> bool, ending: &str| {
        let fits = |n: &str| n.strip_suffix(ending).is_some_and(|n| n == name || plain_copy(n, name));
        code().filter(|(_, i)| wanted(&i.op) && fits(&i.name)).map(|(id, _)| id).collect()
    };
    let begins = block(|op| *op == Op::Enter, "");
    Found { begins, ends: block(|op| *op == Op::Exit, ".exit"), blocks: true }
}

/// `window[web]~2` is a copy of `window`.
fn plain_copy(full: &str, name: &str) -> bool {
    full.strip_prefix(name).is_some_and(|rest| rest.starts_with(['[', '~']))
}

/// Whether it is a step that a plan names, and not block structure.
pub fn is_step(op: &Op) -> bool {
    !op.is_structure() || matches!(op, Op::Assume { .. })
}

/// Whether `later` can only settle or start after `earlier` has settled, in every run.
pub fn always_before(program: &Program, earlier: InstrId, later: InstrId) -> bool {
    let mut seen = vec![false; program.code.len()];
    let mut stack = vec![later];
    while let Some(id) = stack.pop() {
        let Some(instr) = program.code.get(id.index()) else { continue };
        for before in instr.needs.iter().chain(&instr.waits) {
            if *before == earlier {
                return true;
            }
            if *before > earlier && seen.get(before.index()) == Some(&false) {
                if let Some(slot) = seen.get_mut(before.index()) {
                    *slot = true;
                }
                stack.push(*before);
            }
        }
    }
    false
}

/// Whether a condition can never be true.
pub fn never(program: &Program, guard: GuardId) -> bool {
    program.guards.get(guard.index()) == Some(&Guard::Never)
}

#[cfg(test)]
mod tests {
    use super::{always_before, find};
    use crate::bytecode::{InstrId, Op, Program};
    use crate::run::sample::Plan;

    fn program() -> Program {
        let mut plan = Plan::new("p");
        plan.0.instr("window", Op::Enter, &[0]);
        for (i, name) in
            ["restart[web].vs2", "restart[web].vs2.undo", "restart[web].vs3", "restarted"].iter().enumerate()
        {
            plan.run(name, "x", &[u32::try_from(i).unwrap() + 1]);
        }
        plan.0.instr("window.exit", Op::Exit, &[5]);
        plan.run("beside", "x", &[0]);
        plan.program()
    }

    #[test]
    fn a_name_stands_for_its_copies_and_a_block_for_itself() {
        let program = program();
        let names = |name: &str| {
            let found = find(&program, name).begins;
            found.iter().map(|id| program.code[id.index()].name.as_str()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(names("restart"), "restart[web].vs2 restart[web].vs3");
        assert_eq!(names("restart[web].vs2"), "restart[web].vs2");
        assert_eq!(names("restart[web].vs2.undo"), "restart[web].vs2.undo");
        assert_eq!(names("restarted"), "restarted");
        assert_eq!(names("window"), "window");
        assert_eq!(find(&program, "window").ends, [InstrId(6)]);
        assert_eq!(names("nothing"), "");
    }

    #[test]
    fn what_is_ordered_is_so_through_others_too() {
        let program = program();
        assert!(always_before(&program, InstrId(2), InstrId(5)));
        assert!(!always_before(&program, InstrId(5), InstrId(2)));
        assert!(!always_before(&program, InstrId(2), InstrId(7)));
    }
}
