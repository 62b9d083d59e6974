//! What follows what, on small plans: `check` shows every edge between steps with its kind and reason.

use crate::base::Diagnostic;
use crate::calculus::{Flags, Template};
use crate::model::{Act, Guard, Item, Key, Order};
use crate::order::sample::{StepOf, group, ladder, phase, plan, region, step};
use crate::order::{Kind, NodeId, Outline, order};

/// One line for every node that follows something: `b: a` (needs), `b: a?` (waits), without the plan's own entry.
fn follows(body: Vec<Item>) -> Vec<String> {
    let plan = plan(4, 4, 2, body);
    let (dag, diagnostics) = order(&plan);
    assert_eq!(diagnostics, vec![]);
    let outline = Outline::of(&plan);
    let name = |id: NodeId| outline.node_name(dag.node(id).unwrap());
    let mut lines = Vec::new();
    for (id, node) in dag.nodes() {
        let mut before: Vec<String> = dag
            .before(id)
            .filter(|(n, _)| name(*n) != "sample.begin")
            .map(|(n, e)| format!("{}{}", name(n), if e.kind == Kind::Waits { "?" } else { "" }))
            .collect();
        before.sort();
        if !before.is_empty() {
            lines.push(format!("{}: {}", outline.node_name(node), before.join(" ")));
        }
    }
    lines
}

fn check(body: Vec<Item>, expected: &[&str]) {
    assert_eq!(follows(body), expected);
}

#[test]
fn one_machine_is_in_text_order_and_others_are_free() {
    check(
        vec![step(0, "a").on(0).into(), step(1, "b").on(1).into(), step(2, "c").on(0).into()],
        &["c: a", "sample.end: b c"],
    );
}

#[test]
fn conflicting_steps_are_in_text_order_and_equal_changes_commute() {
    check(
        vec![
            step(0, "w1").on(0).sets(0, 1).into(),
            step(1, "w2").on(1).sets(0, 1).into(),
            step(2, "r1").on(2).requires(0, 2).into(),
            step(3, "w3").on(3).sets(0, 1).into(),
        ],
        &["r1: w1 w2", "w3: r1", "sample.end: w3"],
    );
}

#[test]
fn opaque_steps_keep_their_place() {
    check(
        vec![
            step(0, "a").on(0).into(),
            step(1, "b").on(1).into(),
            step(2, "raw").on(2).opaque().into(),
            step(3, "c").on(3).into(),
        ],
        &["raw: a b", "c: raw", "sample.end: c"],
    );
}

#[test]
fn an_attempt_waits_for_the_one_before_and_a_finally_for_all() {
    check(
        vec![
            ladder(
                0,
                "x",
                vec![
                    vec![step(1, "try").on(0).into()],
                    vec![step(2, "else").on(1).into(), step(3, "more").on(1).into()],
                ],
                vec![step(4, "f").on(0).into(), step(5, "g").on(0).into()],
            ),
            step(6, "z").on(2).into(),
        ],
        &[
            "try: x",
            "x.otherwise: try? x",
            "else: x.otherwise",
            "more: else",
            "x.otherwise.exit: more",
            "x.join: try? x x.otherwise.exit?",
            "x.finally: x x.join?",
            "f: x.finally",
            "g: f? x.finally",
            "x.finally.exit: f g",
            "x.exit: x.finally.exit x.join",
            "z: x.exit",
            "sample.end: z",
        ],
    );
}

#[test]
fn members_of_a_set_stand_side_by_side_even_if_opaque() {
    check(
        vec![
            step(0, "a").on(3).into(),
            group(
                1,
                "each",
                vec![
                    step(2, "each.m0").on(0).opaque().into(),
                    step(3, "each.m1").on(1).opaque().into(),
                    step(4, "each.again").on(1).opaque().into(),
                ],
            ),
            step(5, "z").on(3).only_if(Guard::Succeeded(Key(1))).into(),
        ],
        &["each.m0: a", "each.m1: a", "each.again: each.m1", "z: each.again each.m0", "sample.end: z"],
    );
}

#[test]
fn after_finished_replaces_every_other_reason_to_need_it() {
    check(
        vec![
            step(0, "a").on(0).opaque().into(),
            step(1, "b").on(0).opaque().into(),
            step(2, "c").on(0).opaque().after(1, true).into(),
            step(3, "d").on(1).opaque().into(),
        ],
        &["b: a", "c: a b?", "d: b c", "sample.end: d"],
    );
}

#[test]
fn blocks_are_barriers_but_those_of_a_for_each_are_not() {
    let member = |key, name: &str, machine| {
        phase(key, name, vec![step(key + 1, &format!("{name}.run")).on(machine).opaque().into()])
    };
    let each = region(1, "each", Order::Conflicts, vec![member(2, "p", 0), member(4, "q", 1)]);
    check(
        vec![step(0, "a").on(0).into(), Item::Region(Box::new(each)), step(6, "z").on(3).into()],
        &[
            "each: a",
            "p: each",
            "p.run: p",
            "p.exit: p.run",
            "q: each",
            "q.run: q",
            "q.exit: q.run",
            "each.exit: p.exit q.exit",
            "z: each.exit",
            "sample.end: z",
        ],
    );
}

/// Numbers of nodes and edges.
fn size(body: Vec<Item>) -> (usize, usize) {
    let (dag, _) = order(&plan(4, 4, 2, body));
    (dag.node_count(), dag.edge_count())
}

#[test]
fn edges_grow_with_the_steps_however_many_follow_however_many() {
    const N: u32 = 4_000;
    let wide: &[fn(u32) -> StepOf] = &[
        |key| step(key, "writer").sets(0, 1),
        |key| step(key, "reader").requires(0, 2),
        |key| step(key, "opaque").opaque(),
        |key| step(key, "here").on(0).requires(0, 2),
        |key| step(key, "fence").fences(1),
        |key| step(key, "talk").act(Act::Tell { text: Template::default() }),
    ];
    for (a, first) in wide.iter().enumerate() {
        for (b, second) in wide.iter().enumerate() {
            let members = |from: u32, what: &fn(u32) -> StepOf| (from..from + N / 2).map(|k| what(k).into()).collect();
            let listed: Vec<Item> = [members(0, first), members(N, second)].into_iter().flatten().collect();
            let grouped = vec![group(3 * N, "a", members(0, first)), group(3 * N + 1, "b", members(N, second))];
            for (how, body) in [("listed", listed), ("grouped", grouped)] {
                let (nodes, edges) = size(body);
                assert!(nodes <= N as usize + 10 && edges < 4 * N as usize, "{a} then {b}, {how}: {edges} edges");
            }
        }
    }
}

#[test]
fn steps_that_alternate_on_a_cell_do_not_multiply_edges() {
    const N: u32 = 4_000;
    let mixed = |key: u32| match key % 5 {
        0 => step(key, "w").sets(key % 3, 1),
        1 => step(key, "x").sets(key % 3, 2).on(key % 4),
        2 => step(key, "o").opaque(),
        _ => step(key, "r").requires(key % 3, 2).after(key.saturating_sub(50), key.is_multiple_of(2)),
    };
    let (_, edges) = size((0..N).map(|key| mixed(key).into()).collect());
    assert!(edges < 6 * N as usize, "{edges} edges");
}

#[test]
fn blocks_may_be_nested_deeply() {
    let mut inner: Vec<Item> = vec![step(0, "core").on(0).into()];
    for key in 1..300 {
        let members = std::mem::take(&mut inner);
        inner = vec![ladder(key, &format!("r{key}"), vec![members, vec![]], vec![])];
    }
    assert!(size(inner).0 > 900);
}

/// What is reported: the message, and which step each label is about.
fn reports(body: Vec<Item>) -> Vec<String> {
    let (_, diagnostics) = order(&plan(4, 4, 2, body));
    let shown = |d: &Diagnostic| {
        let labels: Vec<String> = d.labels.iter().map(|l| format!("{} {}", l.span.start % 1000, l.text)).collect();
        format!("{} {} [{}]", d.code, d.message, labels.join("; "))
    };
    diagnostics.iter().map(shown).collect()
}

fn parallel(items: Vec<Item>) -> Item {
    Item::Region(Box::new(region(9, "parallel", Order::None, items)))
}

#[test]
fn steps_in_parallel_may_not_affect_each_other_unless_one_says_that_it_comes_after() {
    let both = |second: StepOf| {
        parallel(vec![
            step(0, "a").on(0).sets(0, 1).sets(1, 1).into(),
            second.on(1).requires(0, 2).requires(1, 2).into(),
            step(2, "c").on(1).requires(0, 1).opaque().into(),
        ])
    };
    assert_eq!(
        reports(vec![both(step(1, "b"))]),
        [
            "HA0303 `a` and `b` run in parallel, but both touch `c0` [1 `b` needs it in a certain state; 0 `a` changes it]",
            "HA0303 `a` and `c` run in parallel, but both touch `c0` [2 `c` needs it in a certain state; 0 `a` changes it]",
        ]
    );
    assert_eq!(reports(vec![both(step(1, "b").after(0, false))]).len(), 1);
}

#[test]
fn a_fence_in_parallel_conflicts_with_what_may_linger_on_its_victim() {
    let lingers = Flags { lingers: true, ..Flags::default() };
    let body = vec![
        step(0, "late").on(0).sets(0, 1).flags(lingers).into(),
        parallel(vec![step(1, "fence").on(1).fences(0).into(), step(2, "use").on(2).requires(0, 2).into()]),
    ];
    assert_eq!(
        reports(body),
        ["HA0303 `fence` and `use` run in parallel, but both touch `c0` \
        [2 `use` needs it in a certain state; 1 `fence` stops commands that may still change it]"]
    );
}

#[test]
fn what_a_later_step_provides_is_to_be_moved() {
    let mut plan = plan(
        2,
        1,
        0,
        vec![
            step(0, "use").on(0).requires(0, 2).into(),
            step(1, "make").on(1).sets(0, 1).into(),
            step(2, "use_again").on(0).requires(0, 2).into(),
        ],
    );
    plan.cells[0].initial = 1;
    let (_, diagnostics) = order(&plan);
    let [only] = diagnostics.as_slice() else { panic!("{diagnostics:?}") };
    assert_eq!(only.message, "`use` needs `c0` to be `one`, which only later steps bring about");
    assert_eq!(only.help.as_deref(), Some("move `make` above `use`"));
    plan.cells[0].initial = 3;
    assert_eq!(order(&plan).1, vec![]);
}
