//! What stands beside a text: hints, deeds, repairs.

use super::fixture::marked;
use crate::assist::{Change, Deed, Edit, Finding, Place, hints, lenses, mendable, title};
use crate::session::draft;

const STEPS: &str = "use ./estate
plan p() {
  given a is up, b is up, firewalls are included or excluded
  step one on a {
    do stop(web)
  }
  step look on b { only if firewalls are included  run \"true\" } otherwise step other on b { run \"false\" }
  for each n in pool.nodes {
    step all on n { run \"true\" }
  }
}
";

#[test]
fn hints_say_when_a_step_runs_and_when_it_does_not() {
    let marked = marked(STEPS);
    let outlook = marked.outlook();
    let shown = |range| {
        let hints = hints(&outlook, "plan.ha", STEPS, range);
        let line = |at: usize| STEPS[..at].rsplit('\n').next().unwrap().trim().split(' ').nth(1).unwrap().to_owned();
        hints.iter().map(|hint| format!("{}: {}", line(hint.at), hint.label)).collect::<Vec<_>>()
    };
    assert_eq!(
        shown(0..STEPS.len()),
        ["one: wave 1", "look: wave 2, skipped if firewalls are excluded", "all: wave 3"]
    );
    assert_eq!(shown(0..STEPS.find("step look").unwrap() - 1), ["one: wave 1"]);
    let mut moved = outlook.clone();
    moved.follow("plan.ha", &Change { removed: 0..0, added: 2 });
    let text = format!("# {STEPS}");
    assert_eq!(hints(&moved, "plan.ha", &text, 0..text.len()).len(), 3);
    let inside = STEPS.find("one").unwrap();
    let mut edited = outlook.clone();
    edited.follow("plan.ha", &Change { removed: inside - 5..inside + 3, added: 0 });
    assert_eq!(hints(&edited, "plan.ha", STEPS, 0..STEPS.len()).len(), 2);
}

#[test]
fn a_step_of_several_plans_has_the_waves_of_all_and_a_question_has_none() {
    let text = "use ./estate
plan inner() {
  given b is up
  step deep on b { run \"true\" }
}
plan p() {
  given a is up, b is up
  step one on a {
    only if answers(b, from: a)
    run \"true\"
  }
  include inner()
}
";
    let found = hints(&marked(text).outlook(), "plan.ha", text, 0..text.len());
    let labels: Vec<&str> = found.iter().map(|hint| hint.label.as_str()).collect();
    assert_eq!(labels, ["wave 1 or 2", "wave 1"]);
    assert_eq!(found[0].detail, "deep of inner: wave 1 of 1\ndeep of p: wave 2 of 2");
}

#[test]
fn tests_and_plans_have_deeds() {
    let marked = marked("use ./estate\nplan p() { }\nplan q = p()\ntest \"it works\" { plan p() }");
    let found = lenses(marked.view.own().unwrap());
    let deeds: Vec<Deed> = found.into_iter().map(|(_, deed)| deed).collect();
    assert_eq!(deeds, [Deed::ShowGraph("p".into()), Deed::ShowGraph("q".into()), Deed::RunTest("it works".into())]);
}

fn findings(text: &str) -> Vec<Finding> {
    let marked = marked(text);
    let draft = draft(&marked.texts, "plan.ha");
    draft.diagnostics.iter().map(|d| Finding::of(d, &draft.sources, "plan.ha")).collect()
}

#[test]
fn a_slip_has_a_repair_where_it_is_and_not_elsewhere() {
    let text = "use ./estate\nplan p() { step x on b { do stpo(web) } }";
    let found = findings(text);
    let at = text.find("stpo").unwrap();
    let repairs = mendable(found.iter(), "plan.ha", at..at);
    let [(_, fix)] = repairs.as_slice() else { panic!("{found:#?}") };
    assert_eq!((&text[fix.place.range()], fix.text.as_str()), ("stpo", "stop"));
    assert_eq!(title(fix, "stpo"), "Replace `stpo` by `stop`");
    assert!(mendable(found.iter(), "plan.ha", 0..1).is_empty());
    assert!(mendable(found.iter(), "estate.ha", at..at).is_empty());
}

#[test]
fn titles_say_what_a_repair_does() {
    let edit = |text: &str| Edit { place: Place::new("x", 0..0), text: text.into() };
    assert_eq!(title(&edit(""), "a\n b"), "Remove `a b`");
    assert_eq!(title(&edit("\n  } otherwise step x { }"), ""), "Insert `} otherwise step x { }`");
    assert_eq!(title(&edit("} otherwise { }"), "}"), "Insert `otherwise { }`");
    assert!(title(&edit(&"word ".repeat(100)), "").ends_with("word…`"));
}

#[test]
fn findings_outlive_edits_elsewhere_and_lose_repairs_that_do_not_fit() {
    let text = "use ./estate\nplan p() { step x on b { do stpo(web) } }";
    let finding = findings(text).remove(0);
    let before = Change { removed: 0..3, added: 5 };
    let moved = finding.clone().moved("plan.ha", &before).unwrap();
    assert_eq!(moved.place.start, finding.place.start + 2);
    assert_eq!(moved.fix, None, "it is found again by the check of the new text");
    let after = Change { removed: text.len()..text.len(), added: 1 };
    assert_eq!(finding.clone().moved("plan.ha", &after), Some(finding.clone()));
    assert_eq!(finding.clone().moved("other.ha", &before), Some(finding.clone()));
    let within = Change { removed: finding.place.start..finding.place.end, added: 0 };
    assert_eq!(finding.moved("plan.ha", &within), None);
}
