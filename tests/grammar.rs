//! The grammar file is the reference of the language: every rule says what it is, and every rule is in use.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use pest_meta::ast::{Expr, Rule, RuleType};
use pest_meta::parser::{self, consume_rules};
use pest_vm::Vm;
use std::collections::BTreeSet;
use std::fs;

fn text() -> String {
    fs::read_to_string("grammar/ha.pest").unwrap()
}

fn rules() -> Vec<Rule> {
    let text = text();
    consume_rules(parser::parse(parser::Rule::grammar_rules, &text).unwrap()).unwrap()
}

/// The rules that are only looked for, and never part of what is parsed.
fn only_looked_for(rules: &[Rule]) -> BTreeSet<String> {
    let mut looked = BTreeSet::new();
    let mut used = BTreeSet::new();
    for rule in rules {
        names(&rule.expr, false, &mut looked, &mut used);
    }
    looked.difference(&used).cloned().collect()
}

fn names(expr: &Expr, looking: bool, looked: &mut BTreeSet<String>, used: &mut BTreeSet<String>) {
    match expr {
        Expr::Ident(name) => {
            if looking { looked } else { used }.insert(name.clone());
        }
        Expr::PosPred(inner) | Expr::NegPred(inner) => names(inner, true, looked, used),
        Expr::Seq(left, right) | Expr::Choice(left, right) => {
            names(left, looking, looked, used);
            names(right, looking, looked, used);
        }
        Expr::Opt(inner) | Expr::Rep(inner) => names(inner, looking, looked, used),
        Expr::Str(_) | Expr::Range(..) => {}
        other => panic!("the grammar has a form that this test does not know: {other:?}"),
    }
}

#[test]
fn every_rule_says_what_it_is() {
    let text = text();
    let mut lines = text.lines().peekable();
    let mut wrong = Vec::new();
    let mut documented = false;
    while let Some(line) = lines.next() {
        if line.starts_with(char::is_alphabetic) && line.contains(" = ") && !documented {
            wrong.push(line.to_owned());
        }
        documented = line.starts_with("/// ");
        if documented {
            assert!(lines.peek().is_some_and(|next| !next.is_empty()), "`{line}` stands alone");
        }
        assert!(line.chars().count() <= 120, "too long: {line}");
    }
    assert!(wrong.is_empty(), "not documented: {wrong:#?}");
}

#[test]
fn every_rule_is_in_use() {
    // With no rule silent or opaque, what is parsed shows which rules took part.
    let open = |rule: Rule| Rule { ty: RuleType::CompoundAtomic, ..rule };
    let vm = Vm::new(pest_meta::optimizer::optimize(rules().into_iter().map(open).collect()));
    let mut hit = only_looked_for(&rules());
    let mut parse = |rule: &str, text: &str| {
        let pairs = vm.parse(rule, text).unwrap_or_else(|error| panic!("{rule}: {error}"));
        hit.extend(pairs.flatten().map(|pair| pair.as_rule().to_owned()));
    };
    for file in fs::read_dir("tests/corpus").unwrap() {
        parse("file", &fs::read_to_string(file.unwrap().path()).unwrap());
    }
    parse("plan_part", "goal web on b  step a { tell \"part\" }");
    parse("lone_operand", "[a, b], 30s");
    let unused: Vec<_> = rules().into_iter().map(|rule| rule.name).filter(|name| !hit.contains(name)).collect();
    assert!(unused.is_empty(), "not in the corpus: {unused:?}");
}

#[test]
fn the_corpus_has_no_mistakes() {
    for file in fs::read_dir("tests/corpus").unwrap() {
        let path = file.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let (file, diagnostics) = handover::syntax::parse(handover::base::FileId(0), &text);
        assert!(diagnostics.is_empty() && !file.incomplete, "{}: {diagnostics:#?}", path.display());
    }
}
