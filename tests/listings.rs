//! `tests/listings/site.ha` as every format of `handover plan` shows it, with and without answers known beforehand.
//! `UPDATE=1 cargo test --test listings` writes the expectations anew.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use handover::emit::{dot, mermaid, plan_json, plan_text};
use handover::order::specialise;
use handover::session::{Compilation, Compiled, FileError, Files, Request, compile};
use std::fs;

struct Disk;

impl Files for Disk {
    fn read(&self, path: &str) -> Result<String, FileError> {
        fs::read_to_string(path).map_err(|_| FileError::Missing)
    }
}

type Show = fn(&Compilation, &Compiled) -> String;

/// A plan's file, the answers given to it, and how it is shown.
type Case = (&'static str, &'static [(&'static str, &'static str)], Show);

const SHOWN: &[Case] = &[
    ("site.txt", &[], |_, p| plan_text(&p.plan, &p.dag, &specialise(&p.dag, &p.answers), &p.verdict, 100)),
    ("site.narrow.txt", &[], |_, p| plan_text(&p.plan, &p.dag, &specialise(&p.dag, &p.answers), &p.verdict, 60)),
    ("site.given.txt", &[("firewalls", "excluded"), ("operating(tokyo)", "no")], |_, p| {
        plan_text(&p.plan, &p.dag, &specialise(&p.dag, &p.answers), &p.verdict, 100)
    }),
    ("site.json", &[("firewalls", "excluded")], |c, p| {
        format!("{:#}\n", plan_json(&p.plan, &p.dag, &specialise(&p.dag, &p.answers), &p.verdict, &c.sources))
    }),
    ("site.dot", &[("firewalls", "excluded")], |_, p| dot(&p.plan, &p.dag, &specialise(&p.dag, &p.answers))),
    ("site.mmd", &[("firewalls", "excluded")], |_, p| mermaid(&p.plan, &p.dag, &specialise(&p.dag, &p.answers))),
];

#[test]
fn listings_are_what_stands_beside_the_plan() {
    let mut wrong = Vec::new();
    for (name, givens, show) in SHOWN {
        let givens = givens.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect();
        let done = compile(&Disk, "tests/listings/site.ha", &Request { givens, ..Request::default() });
        assert!(done.diagnostics.is_empty() && done.refused.is_none(), "{:?} {:?}", done.diagnostics, done.refused);
        let got = show(&done, &done.plans[0]);
        let beside = format!("tests/listings/{name}");
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&beside, &got).unwrap();
        } else if fs::read_to_string(&beside).unwrap_or_default() != got {
            wrong.push(format!("{name}:\n{got}"));
        }
    }
    assert!(wrong.is_empty(), "changed; look, then run with UPDATE=1\n{}", wrong.join("\n"));
}

#[test]
fn the_json_document_refers_to_itself_rightly() {
    let done = compile(&Disk, "tests/listings/site.ha", &Request::default());
    let plan = &done.plans[0];
    let json = plan_json(&plan.plan, &plan.dag, &specialise(&plan.dag, &plan.answers), &plan.verdict, &done.sources);
    let nodes = json["nodes"].as_array().unwrap();
    for (n, node) in nodes.iter().enumerate() {
        assert_eq!(node["id"], n);
        assert!(node["within"].as_u64().is_none_or(|w| nodes[usize::try_from(w).unwrap()]["kind"] == "enter"));
        if let (Some(place), "step") = (node["place"].as_object(), node["kind"].as_str().unwrap()) {
            let text = fs::read_to_string(place["file"].as_str().unwrap()).unwrap();
            let start = &place["range"]["start"];
            let line = text.lines().nth(usize::try_from(start["line"].as_u64().unwrap()).unwrap() - 1).unwrap();
            let rest = &text[usize::try_from(start["offset"].as_u64().unwrap()).unwrap()..];
            let column = usize::try_from(start["column"].as_u64().unwrap()).unwrap();
            assert_eq!(line.chars().skip(column - 1).collect::<String>(), rest.lines().next().unwrap());
        }
    }
    for edge in json["edges"].as_array().unwrap() {
        assert!(edge["from"].as_u64() < edge["to"].as_u64(), "edges lead forward in the text: {edge}");
    }
}
