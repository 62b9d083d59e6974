//! What names mean, and where they are named.

use super::fixture::marked;
use crate::assist::{Place, Sort, definition, outline, references, search, tokens};

const PLAN: &str = "use ./estate
plan p(from: site = tokyo, to: node = b) {
  given from.manager is up, to is up, portal on from.manager, firewalls are included or excluded
  let all = pool.nodes
  step one on from.manager {
    do drop_address(portal)
    let lsn = match \"x\" in output
  }
  phase late {
    for each n in all {
      step two on n {
        only if firewalls are included
        after one
        run \"echo {{n.host}} {{lsn}}\"
      }
    }
  }
}
plan back = p(from: tokyo, to: a) follows p
test \"t\" {
  plan   back()
  when   one fails
  expect skipped two
}
";

/// What stands where the definition of the marked name is.
#[track_caller]
fn check(mark: &str, path: &str, expected: &str) {
    let at = mark.replacen('|', "", 1);
    let start = PLAN.find(&at).unwrap();
    let text = format!("{}{mark}{}", &PLAN[..start], &PLAN[start + at.len()..]);
    let marked = marked(&text);
    let Some(place) = definition(&marked.view, marked.offset) else {
        panic!("{mark} means nothing");
    };
    let there = marked.view.sheet(&place.path).unwrap();
    let from = there.text[place.start..].chars().take(expected.chars().count()).collect::<String>();
    assert_eq!((place.path.as_str(), from.as_str()), (path, expected), "{mark}");
}

#[test]
fn every_sort_of_name_leads_to_its_declaration() {
    check("from.|manager is up", "std/core", "manager: node");
    check("given f|rom", "plan.ha", "from: site = tokyo");
    check("= tok|yo", "estate.ha", "tokyo { manager");
    check("site| =", "std/core", "site \"a place");
    check("to is |up", "std/core", "up, down");
    check("portal| on", "estate.ha", "portal { ip");
    check("do drop_|address", "std/net", "drop_address(");
    check("if fire|walls are included\n", "plan.ha", "firewalls are included or");
    check("in a|ll", "plan.ha", "all = pool");
    check("on |n {", "plan.ha", "n in all");
    check("after o|ne", "plan.ha", "one on from");
    check("{{n.|host}}", "std/core", "host: string");
    check("{{ls|n}}", "plan.ha", "lsn = match");
    check("pool.|nodes", "estate.ha", "nodes: set of node");
    check("= |p(from", "plan.ha", "p(from: site = tokyo, to");
    check("p(fr|om: tokyo", "plan.ha", "from: site = tokyo, to");
    check("follows |p", "plan.ha", "p(from: site");
    check("when   |one", "plan.ha", "one on from");
    check("skipped t|wo", "plan.ha", "two on n");
    check("use ./est|ate", "estate.ha", "use std/net");
}

#[test]
fn a_test_names_what_its_plan_does_also_in_plans_that_it_includes() {
    let text = |mark: &str| {
        let plans = "use ./estate\nplan inner() { step deep on b { run \"true\" } }\nplan p(n: node = b) {\n  given t is in or out\n  include inner()\n}\nplan q = p(n: a)\n";
        format!("{plans}{mark}")
    };
    let check = |mark: &str, expected: &str| {
        let marked = marked(&text(mark));
        let place = definition(&marked.view, marked.offset).unwrap();
        assert!(marked.text[place.start..].starts_with(expected), "{mark}: {}", &marked.text[place.start..]);
    };
    check("test \"x\" { plan q()  when de|ep fails }", "deep on b");
    check("test \"x\" { plan q()  expect |n is up }", "n: node");
    check("test \"x\" { plan p()  given |t is in }", "t is in or out");
}

#[test]
fn what_means_nothing_leads_nowhere() {
    for text in [
        "use ./estate\nplan p() { given no|body is up }",
        "use std/nothi|ng",
        "# to|kyo",
        "|",
        "use ./estate\nplan| p() {}",
    ] {
        let marked = marked(text);
        assert_eq!(definition(&marked.view, marked.offset), None, "{text}");
    }
}

/// The texts where the marked name is named.
fn named(text: &str, declared: bool) -> Vec<(String, String)> {
    let mut marked = marked(text);
    let target = marked.view.meant(marked.offset).unwrap();
    let places =
        references(&mut marked.desk, &marked.texts, &["estate.ha".into(), "plan.ha".into()], &target, declared);
    let line = |place: &Place| {
        let text = &marked.texts.0[&place.path];
        text[..place.start].rsplit('\n').next().unwrap().trim_start().to_owned() + &text[place.range()]
    };
    places.iter().map(|place| (place.path.clone(), line(place))).collect()
}

#[test]
fn references_are_those_that_mean_the_same_in_every_text() {
    let text = "use ./estate\nplan p(a: node) { given a is up }\nplan q() { given a|, b is up  step web on b { do stop(web) } }";
    let pair = |path: &str, line: &str| (path.to_owned(), line.to_owned());
    assert_eq!(
        named(text, true),
        [
            pair("estate.ha", "site tokyo { manager = a"),
            pair("estate.ha", "site tokyo { manager = a  node a"),
            pair("estate.ha", "cluster pool { nodes = [a"),
            pair("plan.ha", "plan q() { given a"),
        ]
    );
    let text = text.replace("a|", "a").replace("(web", "(we|b");
    assert_eq!(named(&text, false), [pair("plan.ha", "plan q() { given a, b is up  step web on b { do stop(web")]);
}

#[test]
fn the_outline_is_a_tree_and_the_search_knows_all_texts() {
    let mut marked = marked(PLAN);
    let symbols = outline(marked.view.own().unwrap());
    let names: Vec<&str> = symbols.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["p", "back", "t"]);
    let steps: Vec<&str> = symbols[0].children.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(steps, ["one", "late"]);
    assert_eq!(symbols[0].children[1].children[0].name, "two");
    let paths = marked.paths();
    let found = search(&mut marked.desk, &marked.texts, &paths, "PRT");
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].0.as_str(), found[0].1), ("portal", Sort::Thing));
    let found = search(&mut marked.desk, &marked.texts, &paths, "two");
    assert_eq!(found[0].3, "late");
}

#[test]
fn colours_cover_every_word_once_and_say_what_it_means() {
    let marked = marked(PLAN);
    let tokens = tokens(&marked.view);
    assert!(tokens.windows(2).all(|pair| pair[0].at.end <= pair[1].at.start), "{tokens:?}");
    let of = |word: &str| {
        let start = PLAN.find(word).unwrap();
        let token = tokens.iter().find(|token| token.at.start == start).unwrap();
        (crate::assist::Token::SORTS[token.sort], token.declares, token.library)
    };
    assert_eq!(of("plan p"), ("keyword", false, false));
    assert_eq!(of("from: site"), ("parameter", true, false));
    assert_eq!(of("site = tokyo"), ("type", false, true));
    assert_eq!(of("drop_address"), ("function", false, true));
    assert_eq!(of("./estate"), ("namespace", false, false));
    assert_eq!(of("one fails"), ("event", false, false));
    assert_eq!(of("host}}"), ("property", false, true));
    assert_eq!(of("\"echo {{"), ("string", false, false));
}
