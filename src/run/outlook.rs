//! What is still to come in a run if everything works from here on: what is next, how long it takes, which steps that
//! depends on, and whether there is still a way back.
//!
//! What is not known yet is taken to be so that steps run, as `handover plan` does. A step without a usual duration
//! counts as none.

use crate::bytecode::{Guard, Instr, InstrId, Op, Status};
use crate::run::Machine;
use crate::run::guard::{Guards, Truth};

/// What is still to come.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Outlook {
    /// How long it usually takes from here on, in milliseconds.
    pub remaining_ms: u64,
    /// The steps that this depends on and that have not ended, in order.
    pub critical: Vec<InstrId>,
    /// The steps that may start when those that run have ended.
    pub next: Vec<InstrId>,
    /// Steps that will run and have no usual duration.
    pub unknown: usize,
    /// From where there is no way back.
    pub no_return: NoReturn,
}

/// The point of no return.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum NoReturn {
    /// There is none.
    #[default]
    Nowhere,
    /// This step is still to come.
    Ahead(InstrId),
    /// This step has begun: there is no way back any more.
    Passed(InstrId),
}

/// How long an instruction usually takes, in milliseconds, if that is known.
pub fn usual_ms(instr: &Instr) -> Option<u64> {
    match instr.op {
        Op::Delay { ms } => Some(ms),
        Op::Tell { .. } => Some(instr.usually_ms.unwrap_or(0)),
        _ if instr.op.is_structure() => Some(0),
        _ => instr.usually_ms,
    }
}

/// What will become of an instruction when everything works.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fate {
    /// It has run, runs or will run.
    Runs,
    /// It does not run, and what needs it goes on.
    Passes,
    /// It does not run, and what needs it does not either.
    Stops,
}

/// What is known of an instruction when all before it is.
#[derive(Clone, Copy, Default)]
struct Reached {
    /// How long until it has ended.
    ms: u64,
    /// What of that it takes itself.
    own_ms: u64,
    /// Which of those before it takes longest.
    from: Option<InstrId>,
    /// Nothing that waits for a step to start stands before it.
    near: bool,
}

impl Outlook {
    /// What is to come; `elapsed_ms` says how long a running step has been running.
    pub fn of(machine: &Machine, elapsed_ms: impl Fn(InstrId) -> u64) -> Outlook {
        let fates = fates(machine);
        let mut outlook = Outlook::default();
        let mut reached: Vec<Reached> = Vec::with_capacity(fates.len());
        for (index, (instr, fate)) in machine.program().code.iter().zip(&fates).enumerate() {
            let id = InstrId::at(index);
            let mut this = before(instr, &reached);
            let (status, step) = (machine.status(id), !instr.op.is_structure());
            let to_come = status == Status::Pending && *fate == Fate::Runs;
            if to_come && step && this.near {
                outlook.next.push(id);
            }
            if to_come || status == Status::Running {
                outlook.unknown += usize::from(usual_ms(instr).is_none());
                let gone = if status == Status::Running { elapsed_ms(id) } else { 0 };
                this.own_ms = usual_ms(instr).unwrap_or(0).saturating_sub(gone);
                this.ms = this.ms.saturating_add(this.own_ms);
            }
            // Behind a step that has not started nothing is near; a step that runs will have ended.
            this.near &= !(to_come && step);
            if instr.flags.commits {
                outlook.no_return.sees(id, status, *fate);
            }
            reached.push(this);
        }
        outlook.trace(&reached);
        outlook
    }

    /// Follows the longest way back from the end.
    fn trace(&mut self, reached: &[Reached]) {
        let last = reached.len().checked_sub(1).map(InstrId::at);
        let at = |id: &InstrId| reached.get(id.index()).copied().unwrap_or_default();
        self.remaining_ms = last.map_or(0, |id| at(&id).ms);
        let way = std::iter::successors(last, |id| at(id).from);
        self.critical = way.filter(|id| at(id).own_ms > 0).collect();
        self.critical.reverse();
    }
}

impl NoReturn {
    /// The first that has begun counts, else the first that is to come.
    fn sees(&mut self, id: InstrId, status: Status, fate: Fate) {
        let begun = !matches!(status, Status::Pending | Status::NotApplicable | Status::Blocked | Status::Cancelled);
        *self = match *self {
            NoReturn::Passed(first) => NoReturn::Passed(first),
            _ if begun => NoReturn::Passed(id),
            NoReturn::Nowhere if status == Status::Pending && fate == Fate::Runs => NoReturn::Ahead(id),
            other => other,
        };
    }
}

fn before(instr: &Instr, reached: &[Reached]) -> Reached {
    let mut this = Reached { near: true, ..Reached::default() };
    for id in instr.needs.iter().chain(&instr.waits) {
        let Some(other) = reached.get(id.index()) else { continue };
        this.near &= other.near;
        if this.from.is_none() || other.ms > this.ms {
            (this.ms, this.from) = (other.ms, Some(*id));
        }
    }
    this
}

/// What becomes of each instruction: the settling rule, with every step that runs succeeding.
fn fates(machine: &Machine) -> Vec<Fate> {
    let program = machine.program();
    let mut guards = Guards::new(program);
    let mut fates: Vec<Fate> = Vec::with_capacity(program.code.len());
    for (index, instr) in program.code.iter().enumerate() {
        let id = InstrId::at(index);
        let of = |id: &InstrId| fates.get(id.index()).copied().unwrap_or(Fate::Stops);
        let fate = match machine.status(id) {
            Status::Pending if instr.needs.iter().any(|n| of(n) == Fate::Stops) => Fate::Stops,
            Status::Pending => {
                let leaf = |leaf: &Guard| match leaf {
                    Guard::Is { atom, option } => {
                        machine.answer(*atom).map_or(Truth::Open, |answer| Truth::from(answer == *option))
                    }
                    Guard::Ok(step) => Truth::from(of(step) == Fate::Runs),
                    _ => Truth::Open,
                };
                match &instr.op {
                    _ if guards.evaluate(program, instr.guard, leaf) == Truth::False => Fate::Passes,
                    _ if machine.is_cancelled() && !instr.flags.finally && instr.op.is_cancellable() => Fate::Stops,
                    Op::Join { rungs } if rungs.iter().any(|r| of(r) == Fate::Runs) => Fate::Runs,
                    Op::Join { rungs } if rungs.iter().any(|r| of(r) == Fate::Stops) => Fate::Stops,
                    Op::Join { .. } => Fate::Passes,
                    _ => Fate::Runs,
                }
            }
            _ if machine.is_stopped(id) => Fate::Stops,
            Status::Ok | Status::Running => Fate::Runs,
            _ => Fate::Passes,
        };
        fates.push(fate);
    }
    fates
}

#[cfg(test)]
mod tests {
    use super::{NoReturn, Outlook};
    use crate::bytecode::{Guard, InstrId, Status};
    use crate::calculus::AtomSource;
    use crate::run::sample::{self, Plan, started};
    use crate::run::{Event, Machine, StepOutcome};
    use std::sync::Arc;

    fn ended(step: u32, outcome: StepOutcome) -> Event {
        Event::StepEnded(sample::ended(step, 1, outcome, ""))
    }

    /// Settles what follows, and starts `step`.
    fn start(machine: &mut Machine, step: u32) {
        settle(machine);
        machine.apply(&Event::StepStarted { step: InstrId(step), attempt: 1 }).unwrap();
    }

    fn settle(machine: &mut Machine) {
        while let Some((step, status)) = machine.settling() {
            machine.apply(&Event::Settled { step, status }).unwrap();
        }
    }

    fn names(machine: &Machine, ids: &[InstrId]) -> Vec<String> {
        ids.iter().map(|id| machine.program().code[id.index()].name.clone()).collect()
    }

    /// `a` (5 s), then `b` (3 s, commits) beside `c` (no duration), then `d` (2 s).
    fn plan() -> Machine {
        let mut plan = Plan::new("p");
        plan.run("a", "true", &[0]).usually_ms = Some(5000);
        let b = plan.run("b", "true", &[1]);
        (b.usually_ms, b.flags.commits) = (Some(3000), true);
        plan.run("c", "true", &[1]);
        plan.run("d", "true", &[2, 3]).usually_ms = Some(2000);
        let mut machine = Machine::new(Arc::new(plan.verified()));
        machine.apply(&started(&[])).unwrap();
        machine
    }

    #[test]
    fn the_longest_way_shrinks_as_steps_run() {
        let mut machine = plan();
        start(&mut machine, 1);
        let at = |machine: &Machine, ms| Outlook::of(machine, |_| ms);
        let seen = at(&machine, 1500);
        assert_eq!((seen.remaining_ms, seen.unknown), (8500, 1));
        assert_eq!(names(&machine, &seen.critical), ["a", "b", "d"]);
        assert_eq!(names(&machine, &seen.next), ["b", "c"]);
        assert_eq!(at(&machine, 60_000).remaining_ms, 5000, "a step that takes longer counts as about to end");
        machine.apply(&ended(1, StepOutcome::Ok)).unwrap();
        start(&mut machine, 3);
        let seen = at(&machine, 0);
        assert_eq!(names(&machine, &seen.next), ["b"]);
        assert_eq!(names(&machine, &seen.critical), ["b", "d"]);
    }

    #[test]
    fn the_point_of_no_return_is_ahead_until_its_step_begins() {
        let mut machine = plan();
        settle(&mut machine);
        assert_eq!(Outlook::of(&machine, |_| 0).no_return, NoReturn::Ahead(InstrId(2)));
        start(&mut machine, 1);
        machine.apply(&ended(1, StepOutcome::Ok)).unwrap();
        start(&mut machine, 2);
        assert_eq!(Outlook::of(&machine, |_| 0).no_return, NoReturn::Passed(InstrId(2)));
    }

    #[test]
    fn after_a_failure_nothing_that_needs_it_is_to_come() {
        let mut machine = plan();
        start(&mut machine, 1);
        machine.apply(&ended(1, StepOutcome::Failed)).unwrap();
        let seen = Outlook::of(&machine, |_| 0);
        assert_eq!((seen.remaining_ms, seen.next.len(), seen.no_return), (0, 0, NoReturn::Nowhere));
        settle(&mut machine);
        assert_eq!(machine.status(InstrId(2)), Status::Blocked);
    }

    #[test]
    fn an_otherwise_takes_no_time_while_the_first_attempt_may_succeed() {
        let mut plan = Plan::new("p");
        plan.run("try", "true", &[0]).usually_ms = Some(1000);
        let ok = plan.0.guard(Guard::Ok(InstrId(1)));
        let failed = plan.0.guard(Guard::Not(ok));
        let other = plan.run("else", "true", &[0]);
        (other.guard, other.waits, other.usually_ms) = (failed, vec![InstrId(1)], Some(9000));
        let mut machine = Machine::new(Arc::new(plan.verified()));
        machine.apply(&started(&[])).unwrap();
        start(&mut machine, 1);
        assert_eq!(Outlook::of(&machine, |_| 0).remaining_ms, 1000);
        machine.apply(&ended(1, StepOutcome::Failed)).unwrap();
        assert_eq!(Outlook::of(&machine, |_| 0).remaining_ms, 9000);
    }

    #[test]
    fn what_is_not_known_yet_is_taken_to_be_so_that_steps_run() {
        let mut plan = Plan::new("p");
        let atom = plan.0.atom("deep", &["no", "yes"], AtomSource::Decision);
        let yes = plan.0.guard(Guard::Is { atom, option: 1 });
        let step = plan.run("a", "true", &[0]);
        (step.guard, step.usually_ms) = (yes, Some(4000));
        let machine = Machine::new(Arc::new(plan.verified()));
        assert_eq!(Outlook::of(&machine, |_| 0).remaining_ms, 4000);
    }
}
