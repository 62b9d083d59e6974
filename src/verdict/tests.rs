//! What no plan can show: a proof that is wrong.

use super::{Case, findings};
use crate::base::{Code, FileId, Source, SourceMap};
use crate::bytecode::InstrId;
use crate::calculus::CellId;
use crate::lower::lower;
use crate::order::order;
use crate::prove::{Found, Limits, Proof, Turn, Undecided, prove};
use crate::resolve::Resolver;
use crate::semantics::Violation;
use crate::{stdlib, syntax};

const PLAN: &str = "node a { via = local }
kind lamp { states on, off }
lamp red {}
plan p() {
  given a is up, red is off
  step light on a { ensures red is on  run \"light\" }
}
";

/// What is said of the plan when this is taken for its proof.
fn told(change: impl FnOnce(&mut Proof)) -> Vec<crate::base::Diagnostic> {
    let mut sources = SourceMap::default();
    let texts = [("std/core", stdlib::text("std/core").unwrap()), ("plan.ha", PLAN)];
    let ids: Vec<FileId> = texts.iter().filter_map(|(path, text)| sources.add(Source::new(*path, *text))).collect();
    let files = ids.iter().map(|id| syntax::parse(*id, &sources.get(*id).unwrap().text).0).collect();
    let (resolver, found) = Resolver::new(files, vec![vec![ids[0]], ids.clone()], &sources);
    assert!(found.is_empty(), "{found:?}");
    let plan = resolver.plan("p", &[]).plan.unwrap();
    let (dag, _) = order(&plan);
    let program = lower(&plan, &dag, &sources);
    let mut proof = prove(&program, Limits::default());
    change(&mut proof);
    findings(Case { plan: &plan, dag: &dag, program: &program, resolver: &resolver, sources: &sources }, &proof)
}

#[test]
fn a_right_proof_has_nothing_to_say() {
    assert!(told(|_| ()).is_empty());
}

#[test]
fn a_story_that_does_not_come_out_is_a_defect_of_ours() {
    let violation = Violation::HeldTwice { step: InstrId(1), cell: CellId(1) };
    let found = told(|p| p.found.push(Found { violation, story: vec![Turn::Worked(InstrId(1), false)] }));
    assert_eq!(found.len(), 1);
    assert!(found[0].is_error() && found[0].code == Code::Undecided);
    assert!(found[0].help.as_deref().unwrap().contains("a defect of handover"), "{found:?}");
}

#[test]
fn what_is_not_decided_is_said_with_its_measure() {
    let found = told(|p| p.undecided.push(Undecided { cell: CellId(1), accesses: 7 }));
    assert_eq!(found.len(), 1);
    assert!(found[0].message.contains("because 7 steps touch it"), "{}", found[0].message);
}
