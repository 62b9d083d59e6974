//! A plan while somebody writes it: all that is wrong with it but what only the proofs find, and what can be understood
//! of it although something is wrong.

use super::load::{Files, load};
use super::{in_order, trees, without_consequences};
use crate::base::{Diagnostic, SourceMap};
use crate::model::Plan;
use crate::order::{Dag, order};
use crate::resolve::Resolver;

/// What came of a root file.
#[derive(Debug, Default)]
pub struct Draft {
    /// All sources; places refer to them.
    pub sources: SourceMap,
    /// What was found, in the order of files and places.
    pub diagnostics: Vec<Diagnostic>,
    /// The plans that could be resolved. Of those with errors only this much is known.
    pub plans: Vec<Drafted>,
}

/// A plan that could be resolved.
#[derive(Debug)]
pub struct Drafted {
    /// As resolved.
    pub plan: Plan,
    /// As ordered.
    pub dag: Dag,
}

/// Reads, resolves and orders `root` and all plans in it and what it imports; nothing is lowered or proved. What it finds
/// is what [`super::compile`] finds before the proofs.
pub fn draft(files: &dyn Files, root: &str) -> Draft {
    let loaded = load(files, root);
    let mut out = Draft { diagnostics: loaded.diagnostics, ..Draft::default() };
    if loaded.root.is_some() {
        let (files, whole) = trees(&loaded.sources, loaded.sees.len(), &mut out.diagnostics);
        let (resolver, found) = Resolver::new(files, loaded.sees.clone(), &loaded.sources);
        out.diagnostics.extend(found);
        for candidate in resolver.candidates() {
            let resolution = resolver.plan(&candidate.name, &[]);
            out.diagnostics.extend(resolution.diagnostics);
            let Some(plan) = resolution.plan else { continue };
            let (dag, found) = order(&plan);
            out.diagnostics.extend(found);
            out.plans.push(Drafted { plan, dag });
        }
        for (_, found) in resolver.tests() {
            out.diagnostics.extend(found);
        }
        if !whole {
            without_consequences(&mut out.diagnostics);
        }
    }
    out.sources = loaded.sources;
    out.diagnostics = in_order(out.diagnostics);
    out
}

#[cfg(test)]
mod tests {
    use super::draft;
    use crate::session::{FileError, Files, Request, compile, compile_unless};

    struct One(&'static str);

    impl Files for One {
        fn read(&self, path: &str) -> Result<String, FileError> {
            if path == "plan.ha" { Ok(self.0.into()) } else { Err(FileError::Missing) }
        }
    }

    const UNSAFE: &str = "use std/net node a { host = \"a\" } node b { host = \"b\" }
        address portal { ip = \"192.0.2.1/24\" interface = \"e\" }
        plan p() { given a is up, b is up, portal on a  step take on b { do add_address(portal) } }";

    #[test]
    fn a_draft_has_all_findings_but_those_of_the_proofs() {
        let wrong = One("plan p(a: node) { step x on a { do mont() } } plan q() { goal z is up }");
        let request = Request { everything: true, ..Request::default() };
        assert_eq!(draft(&wrong, "plan.ha").diagnostics, compile(&wrong, "plan.ha", &request).diagnostics);
        assert!(!draft(&wrong, "plan.ha").diagnostics.is_empty());
        let unproved = draft(&One(UNSAFE), "plan.ha");
        assert!(unproved.diagnostics.is_empty(), "{:?}", unproved.diagnostics);
        assert_eq!(unproved.plans.len(), 1);
        assert!(!compile(&One(UNSAFE), "plan.ha", &request).diagnostics.is_empty());
    }

    #[test]
    fn nobody_gets_half_a_compilation() {
        let request = Request { everything: true, ..Request::default() };
        for patience in 0..200 {
            let asked = std::cell::Cell::new(0);
            let stopped = || asked.replace(asked.get() + 1) >= patience;
            let Some(done) = compile_unless(&One(UNSAFE), "plan.ha", &request, &stopped) else { continue };
            assert!(patience > 0);
            assert_eq!(done.diagnostics, compile(&One(UNSAFE), "plan.ha", &request).diagnostics);
            return;
        }
        panic!("it is never done");
    }
}
