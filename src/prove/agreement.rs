//! The proofs and the definition agree, on random small plans, property by property: no miss, no false alarm.
//!
//! `PLANS=500000 cargo test --release --lib agreement -- --ignored --nocapture` looks at so many plans from number `FROM`
//! on, stops at the first disagreement with the smallest plan that shows it, and says what it has covered.

use super::{Limits, prove, story};
use crate::bytecode::{InstrId, Op, Program, Status, disassemble};
use crate::semantics::random::{constructs, plan, shrink};
use crate::semantics::{Violation, visit};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

/// What was looked at, and what was in it.
#[derive(Default)]
struct Tally {
    plans: usize,
    /// Plans with too many states to explore.
    skipped: usize,
    violations: BTreeMap<&'static str, usize>,
    clean: usize,
    constructs: BTreeMap<&'static str, usize>,
}

/// Whether the proofs say of a program what exploring it shows; `None` if it is too large to explore.
fn agree(program: &Program, max_states: usize) -> Option<Result<BTreeSet<Violation>, String>> {
    let mut ran: BTreeSet<InstrId> = BTreeSet::new();
    let explored = visit(program, max_states, |state| {
        let ids = (0..program.code.len()).map(InstrId::at);
        ran.extend(ids.filter(|id| matches!(state.status(*id), Status::Running | Status::Ok)));
    })?;
    let proof = prove(program, Limits::default());
    let proved: BTreeSet<Violation> = proof.found.iter().map(|f| f.violation).collect();
    let mut wrong = Vec::new();
    wrong.extend(explored.difference(&proved).map(|v| format!("missed: {v:?}")));
    wrong.extend(proved.difference(&explored).map(|v| format!("false alarm: {v:?}")));
    wrong.extend(proof.undecided.iter().map(|u| format!("undecided: {u:?}")));
    wrong.extend(
        proof.found.iter().filter_map(|f| Some(format!("no story of {:?}: {}", f.violation, told(program, f)?))),
    );
    let runs = |id: &InstrId| program.code.get(id.index()).is_some_and(|i| !i.op.is_structure() || i.op == Op::Enter);
    let idle: BTreeSet<InstrId> = (0..program.code.len()).map(InstrId::at).filter(|id| !ran.contains(id)).collect();
    let said: BTreeSet<InstrId> = proof.idle.iter().copied().collect();
    let differs = idle.symmetric_difference(&said).filter(|id| runs(id));
    wrong.extend(differs.map(|id| format!("idle or not: `{}`", program.code[id.index()].name)));
    Some(if wrong.is_empty() { Ok(explored) } else { Err(wrong.join("\n")) })
}

/// Why the story of a violation is none.
fn told(program: &Program, found: &super::Found) -> Option<String> {
    let story = match story(program, found) {
        Ok(story) => story,
        Err(why) => return Some(why),
    };
    let mut state = story.start;
    let mut seen = BTreeSet::new();
    for made in &story.moves {
        match state.apply(program, made) {
            Ok(violations) => seen.extend(violations),
            Err(refused) => return Some(refused.to_string()),
        }
    }
    seen.extend(state.end_violations(program));
    (!seen.contains(&found.violation)).then(|| String::from("it does not show the violation"))
}

/// Compares on the plans with these numbers.
fn compare(seeds: impl Iterator<Item = u64>, max_states: usize) -> Tally {
    let mut tally = Tally::default();
    for seed in seeds {
        let (grown, program) = plan(seed);
        tally.plans += 1;
        match agree(&program, max_states) {
            None => tally.skipped += 1,
            Some(Ok(violations)) => {
                tally.clean += usize::from(violations.is_empty());
                let kinds: BTreeSet<&str> = violations.iter().map(kind).collect();
                kinds.into_iter().for_each(|k| *tally.violations.entry(k).or_default() += 1);
            }
            Some(Err(_)) => {
                let small = shrink(&grown, |p| matches!(agree(p, max_states), Some(Err(_))));
                let why = agree(&small, max_states).unwrap().unwrap_err();
                panic!("plan {seed}:\n{why}\n\n{}", disassemble(&small));
            }
        }
        constructs(&grown, &program).into_iter().for_each(|c| *tally.constructs.entry(c).or_default() += 1);
    }
    tally
}

fn kind(violation: &Violation) -> &'static str {
    match violation {
        Violation::HeldTwice { .. } => "held twice",
        Violation::LandsLate { .. } => "lands late",
        Violation::NotSo { .. } => "not so",
        Violation::GoalMissed { .. } => "goal missed",
        Violation::LeftOpen { .. } => "left open",
        Violation::ComesBack { .. } => "comes back",
    }
}

#[test]
fn the_proofs_agree_with_the_definition() {
    let tally = compare(0..1000, 4000);
    assert!(tally.skipped * 20 < tally.plans, "{} of {} plans are too large", tally.skipped, tally.plans);
    assert!(tally.clean * 20 > tally.plans, "only {} plans are clean", tally.clean);
    for violated in ["held twice", "lands late", "not so", "goal missed", "left open", "comes back"] {
        let plans = tally.violations.get(violated).copied().unwrap_or(0);
        assert!(plans >= 10, "only {plans} plans have something {violated}");
    }
}

#[test]
#[ignore = "as many plans as PLANS says"]
fn the_proofs_agree_with_the_definition_on_many_plans() {
    let number = |name: &str, default| std::env::var(name).map_or(default, |n| n.parse::<u64>().unwrap());
    let (from, plans) = (number("FROM", 1_000_000), number("PLANS", 10_000));
    let began = Instant::now();
    let tally = compare(from..from + plans, 100_000);
    println!(
        "{} plans from number {from} in {:?}, {} too large, {} clean, the others with {:?}\n{:#?}",
        tally.plans,
        began.elapsed(),
        tally.skipped,
        tally.clean,
        tally.violations,
        tally.constructs
    );
}

/// Plans on which they once did not agree.
mod cases {
    use super::agree;
    use crate::bytecode::sample::command;
    use crate::calculus::{Answer, AtomId, AtomSource, CellId, CellKind, Gate, MachineId, Requirement, Template};
    use crate::model::{Act, Guard, Item, Key, Plan};
    use crate::order::sample::{ladder, phase, plan, step, yes};
    use crate::semantics::Violation;
    use crate::semantics::random::compile;

    /// One machine, a cell that starts as zero, and a probe whose yes means that it is zero or two.
    fn probed(body: Vec<Item>) -> Plan {
        let mut plan = plan(1, 1, 1, body);
        plan.cells[0].initial = 1;
        plan.atoms[0].source = AtomSource::Probe;
        plan.atoms[0].yes_means = vec![Requirement { cell: CellId(0), allowed: 0b101 }];
        plan
    }

    /// What is violated, by both.
    fn check(plan: &Plan) -> Vec<Violation> {
        let program = compile(plan).unwrap();
        let agreed = agree(&program, 100_000).expect("it is small").unwrap_or_else(|why| panic!("{why}"));
        agreed.into_iter().collect()
    }

    #[test]
    fn a_probe_in_a_finally_is_asked_about_in_the_next_attempt() {
        let first = vec![step(2, "first").sets(0, 1).into(), step(3, "other").into()];
        let probe = step(4, "probe").act(Act::Probe { atom: AtomId(0), command: command("probe") });
        let inner = ladder(1, "inner", vec![first], vec![probe.into()]);
        let second = step(5, "second").only_if(Guard::All(vec![yes(0), Guard::Succeeded(Key(2))]));
        assert_eq!(check(&probed(vec![ladder(0, "outer", vec![vec![inner], vec![second.into()]], Vec::new())])), []);
    }

    #[test]
    fn a_thing_without_trouble_of_its_own_may_be_what_comes_back_elsewhere() {
        let mut plan = plan(2, 2, 0, vec![step(0, "take").on(0).sets(0, 1).into()]);
        let holders = vec![None, Some(MachineId(0)), Some(MachineId(1))];
        plan.cells[0].values.truncate(3);
        plan.cells[0].kind = CellKind::Place { holders };
        (plan.cells[0].initial, plan.cells[0].rests) = (0b001, 0b111);
        plan.cells[1].values.truncate(2);
        plan.cells[1].kind = CellKind::Configured { machine: MachineId(1), of: CellId(0) };
        (plan.cells[1].initial, plan.cells[1].rests) = (0b10, 0b11);
        assert_eq!(check(&plan), [Violation::ComesBack { cell: CellId(1) }]);
    }

    #[test]
    fn at_the_end_no_answer_can_be_counted_on() {
        let answers = ["go", "stop"].map(|n| Answer { name: n.into(), label: String::new(), stops: n == "stop" });
        let (question, answers, atom) = (Template::text("go on?"), answers.to_vec(), Some(AtomId(0)));
        let ask = step(4, "ask").act(Act::Ask { question, answers, atom, gate: Gate::default() });
        let open = step(3, "open").act(Act::Assume { why: "it is".into() }).sets(0, 1);
        let inside = vec![open.into(), ask.into(), step(5, "close").sets(0, 0).into()];
        let block = ladder(0, "outer", vec![vec![step(1, "try").into()]], vec![phase(2, "inner", inside)]);
        let mut plan = plan(1, 1, 1, vec![block]);
        plan.atoms[0].source = AtomSource::Answer;
        plan.atoms[0].options = vec!["go".into(), "stop".into()];
        (plan.cells[0].initial, plan.cells[0].rests) = (1, 1);
        assert_eq!(check(&plan), [Violation::LeftOpen { cell: CellId(0) }]);
    }
}
