//! Tests of what is skipped and how the plan goes, on small plans.

use crate::calculus::AtomId;
use crate::model::{Condition, Guard, Item, Key, Plan};
use crate::order::sample::{condition, group, ladder, phase, plan, step, yes};
use crate::order::{NodeId, Outline, Schedule, Skipped, Why, order, specialise};

fn not(guard: Guard) -> Guard {
    Guard::Not(Box::new(guard))
}

/// The names of the steps that are skipped, in written order.
fn skipped(plan: &Plan, decisions: &[(AtomId, u8)]) -> Vec<String> {
    let (dag, _) = order(plan);
    let skipped = specialise(&dag, decisions);
    let mut names = Vec::new();
    plan.each_step(&mut |s| {
        names.extend(skipped.contains(dag.ends(s.key).unwrap().start).then(|| s.name.clone()));
    });
    names
}

fn check_skipped(body: Vec<Item>, decisions: &[(u32, u8)], expected: &[&str]) {
    let decisions: Vec<(AtomId, u8)> = decisions.iter().map(|(a, o)| (AtomId(*a), *o)).collect();
    assert_eq!(skipped(&plan(2, 2, 3, body), &decisions), expected);
}

#[test]
fn a_step_is_skipped_if_its_condition_is_certainly_false() {
    let body = || {
        vec![
            step(0, "a").only_if(yes(0)).into(),
            step(1, "b").only_if(not(yes(0))).into(),
            step(2, "both").only_if(Guard::All(vec![yes(0), yes(1)])).into(),
            step(3, "either").only_if(Guard::Any(vec![yes(0), yes(1)])).into(),
            step(4, "one").only_if(Guard::AtMost(1, vec![yes(0), yes(1), yes(2)])).into(),
        ]
    };
    check_skipped(body(), &[], &[]);
    check_skipped(body(), &[(0, 0)], &["a", "both"]);
    check_skipped(body(), &[(0, 1)], &["b"]);
    check_skipped(body(), &[(0, 0), (1, 0)], &["a", "both", "either"]);
    check_skipped(body(), &[(0, 1), (1, 1)], &["b", "one"]);
}

#[test]
fn what_depends_on_a_skipped_step_is_skipped_too() {
    let body = vec![
        step(0, "a").only_if(yes(0)).into(),
        step(1, "wants_a").only_if(Guard::Succeeded(Key(0))).into(),
        step(2, "wants_no_a").only_if(not(Guard::Succeeded(Key(0)))).into(),
        group(3, "g", vec![step(4, "g1").only_if(yes(0)).into(), step(5, "g2").into()]),
        step(6, "wants_g").only_if(Guard::Succeeded(Key(3))).into(),
    ];
    check_skipped(body, &[(0, 0)], &["a", "wants_a", "g1", "wants_g"]);
}

#[test]
fn a_skipped_block_takes_everything_with_it_and_says_why() {
    let mut block =
        ladder(0, "x", vec![vec![step(1, "try").into()], vec![step(2, "else").into()]], vec![step(3, "tidy").into()]);
    if let Item::Region(region) = &mut block {
        region.conditions = vec![condition(yes(0))];
    }
    let plan = plan(1, 1, 1, vec![block, step(4, "z").into()]);
    assert_eq!(skipped(&plan, &[(AtomId(0), 0)]), ["try", "else", "tidy"]);
    let (dag, _) = order(&plan);
    let skipped = specialise(&dag, &[(AtomId(0), 0)]);
    let enter = dag.ends(Key(0)).unwrap().start;
    assert_eq!(skipped.why(dag.ends(Key(3)).unwrap().start), Some(Why::Condition(enter, 0)));
    assert_eq!(dag.node(enter).unwrap().conditions[0].text, condition(yes(0)).text);
}

#[test]
fn a_ladder_none_of_whose_attempts_runs_has_not_succeeded() {
    let only_if = |guard| vec![Condition { guard, ..condition(Guard::Always) }];
    let mut block = ladder(0, "x", vec![vec![step(1, "try").into()], vec![step(2, "else").into()]], vec![]);
    if let Item::Region(region) = &mut block {
        region.rungs[0].conditions = only_if(yes(0));
        region.rungs[1].conditions = only_if(yes(1));
    }
    let body = vec![block, step(3, "wants_x").only_if(Guard::Succeeded(Key(0))).into()];
    check_skipped(body.clone(), &[(0, 0)], &["try"]);
    check_skipped(body, &[(0, 0), (1, 0)], &["try", "else", "wants_x"]);
}

/// The waves as names, the longest time, the steps on it, how many have no duration.
fn schedule(body: Vec<Item>, decisions: &[(AtomId, u8)]) -> (Vec<String>, u64, String, usize) {
    let plan = plan(3, 3, 2, body);
    let (dag, _) = order(&plan);
    let outline = Outline::of(&plan);
    let skipped = if decisions.is_empty() { Skipped::default() } else { specialise(&dag, decisions) };
    let schedule = Schedule::of(&outline, &dag, &skipped);
    let named = |nodes: &[NodeId]| {
        let names: Vec<String> = nodes.iter().map(|n| outline.node_name(dag.node(*n).unwrap())).collect();
        names.join(" ")
    };
    let waves = schedule.waves.iter().map(|w| named(w)).collect();
    (waves, schedule.critical_ms, named(&schedule.critical), schedule.unknown)
}

#[test]
fn the_longest_way_is_found_and_unknown_durations_are_counted() {
    let body = vec![
        step(0, "a").on(0).usually(5).into(),
        step(1, "b").on(1).usually(3).into(),
        step(2, "c").on(1).usually(3).into(),
        step(3, "d").on(0).into(),
        step(4, "e").on(2).after(2, false).usually(1).into(),
    ];
    let waves = ["a b", "c d", "e"].map(String::from).to_vec();
    assert_eq!(schedule(body, &[]), (waves, 7, String::from("b c e"), 1));
}

#[test]
fn when_everything_works_no_otherwise_runs_unless_all_before_it_is_skipped() {
    let body = || {
        vec![
            ladder(
                0,
                "x",
                vec![
                    vec![step(1, "try").usually(1).only_if(yes(0)).into()],
                    vec![phase(2, "p", vec![step(3, "else").usually(10).into()])],
                    vec![step(4, "last").usually(100).into()],
                ],
                vec![step(5, "mend").usually(1000).only_if(not(Guard::Succeeded(Key(0)))).into()],
            ),
            step(6, "z").usually(2).after(0, false).into(),
        ]
    };
    let names = |s: &[&str]| -> Vec<String> { s.iter().map(ToString::to_string).collect() };
    assert_eq!(schedule(body(), &[]), (names(&["try", "z"]), 3, String::from("try z"), 0));
    let skipped = [(AtomId(0), 0)];
    assert_eq!(schedule(body(), &skipped), (names(&["else", "z"]), 12, String::from("else z"), 0));
}
