//! The whole pipeline in one function: a root file to compiled plans and findings. No I/O of its own.

mod draft;
mod load;
mod mended;

pub use draft::{Draft, Drafted, draft};
pub use load::{FileError, Files, resolve_path, sources};

use crate::base::{Code, Diagnostic, FileId, Source, SourceMap, Span, nearest};
use crate::bytecode::{Calls, Program};
use crate::calculus::{Atom, AtomId, AtomSource};
use crate::lower::lower;
use crate::model::{Plan, Scenario};
use crate::order::{Dag, order};
use crate::prove::{Limits, prove_unless};
use crate::resolve::{Candidate, Resolver, answer_of, without_doubles};
use crate::run::word;
use crate::syntax;
use crate::syntax::tree::{File, Operand, OperandKind};
use crate::verdict::{self, Case, Verdict};
use mended::keep_what_mends;
use std::collections::HashSet;

/// What is asked of a compilation.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Compile this plan only.
    pub plan: Option<String>,
    /// `--given NAME=VALUE`: arguments of the plan and answers to its conditions.
    pub givens: Vec<(String, String)>,
    /// Compile every plan that has all its arguments, and check the others and the tests. Otherwise one plan: the one
    /// named, or the only one of the file.
    pub everything: bool,
}

/// A compiled plan.
#[derive(Debug)]
pub struct Compiled {
    /// As resolved.
    pub plan: Plan,
    /// As ordered.
    pub dag: Dag,
    /// As compiled.
    pub program: Program,
    /// What is proved of it.
    pub verdict: Verdict,
    /// Answers that the request gave to atoms.
    pub answers: Vec<(AtomId, u8)>,
}

/// A compiled test.
#[derive(Debug)]
pub struct Tested {
    /// As resolved.
    pub scenario: Scenario,
    /// Its plan as compiled.
    pub program: Program,
}

impl Compiled {
    fn case<'a>(&'a self, resolver: &'a Resolver<'a>, sources: &'a SourceMap) -> Case<'a> {
        Case { plan: &self.plan, dag: &self.dag, program: &self.program, resolver, sources }
    }
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Compilation {
    /// All sources; places in diagnostics refer to them.
    pub sources: SourceMap,
    /// What was found, in the order of files and places.
    pub diagnostics: Vec<Diagnostic>,
    /// The compiled plans; empty if there are errors.
    pub plans: Vec<Compiled>,
    /// The plans as far as they could be compiled, if there are errors: to be looked at, not to be run.
    pub drafts: Vec<Compiled>,
    /// The compiled tests of the file, if everything was compiled; empty if there are errors.
    pub tests: Vec<Tested>,
    /// Why the request itself makes no sense, if it does not.
    pub refused: Option<Refusal>,
    /// Plans that were checked without arguments, because some have no value.
    pub open: Vec<Candidate>,
}

/// A request that makes no sense: a usage error.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// The cause.
    pub message: String,
    /// The remedy.
    pub help: String,
}

/// Compiles `root`.
pub fn compile(files: &dyn Files, root: &str, request: &Request) -> Compilation {
    compile_unless(files, root, request, &|| false).unwrap_or_default()
}

/// Compiles `root`, unless `stopped` says meanwhile that nobody waits for it any more.
pub fn compile_unless(
    files: &dyn Files,
    root: &str,
    request: &Request,
    stopped: &dyn Fn() -> bool,
) -> Option<Compilation> {
    let mut out = attempt(files, root, request, stopped)?;
    keep_what_mends(files, root, request, &mut out, stopped)?;
    Some(out)
}

/// Compiles `root`; whether the repairs that are proposed mend anything is not known yet.
fn attempt(files: &dyn Files, root: &str, request: &Request, stopped: &dyn Fn() -> bool) -> Option<Compilation> {
    let mut loaded = load::load(files, root);
    let mut values = Vec::new();
    for (name, value) in &request.givens {
        values.push(loaded.sources.add(Source::new(format!("--given {name}"), value.clone())));
    }
    let mut out = Compilation { diagnostics: loaded.diagnostics, ..Compilation::default() };
    if let Some(root) = loaded.root {
        Work { request, root, sources: &loaded.sources, out: &mut out, sound: true, said: HashSet::new(), stopped }
            .compile(&loaded.sees, &values);
    }
    if stopped() {
        return None;
    }
    out.sources = loaded.sources;
    out.diagnostics = in_order(out.diagnostics);
    if out.diagnostics.iter().any(Diagnostic::is_error) {
        out.drafts = std::mem::take(&mut out.plans);
        out.tests.clear();
    }
    Some(out)
}

/// The trees of the first `count` sources, what is wrong with them, and whether they are whole.
fn trees<'s>(sources: &'s SourceMap, count: usize, found: &mut Vec<Diagnostic>) -> (Vec<File<'s>>, bool) {
    let mut files = Vec::new();
    for (id, source) in sources.iter().take(count) {
        let (file, wrong) = syntax::parse(id, &source.text);
        found.extend(wrong);
        files.push(file);
    }
    let whole = !files.iter().any(|f| f.incomplete) && found.is_empty();
    (files, whole)
}

/// Leaves out what may be missing because of a syntax error or a missing file, unless it is plainly a slip.
fn without_consequences(found: &mut Vec<Diagnostic>) {
    let consequence = [
        Code::UnknownName,
        Code::WrongType,
        Code::NotANode,
        Code::UndecidedGiven,
        Code::UnusedGiven,
        Code::TestNames,
        Code::Contradiction,
        Code::BadDeclaration,
    ];
    found.retain(|d| !consequence.contains(&d.code) || d.fix.is_some());
}

/// Each finding once, in the order of files and places.
fn in_order(found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut found = without_doubles(found);
    found.sort_by_key(|d| d.span().map_or((0, 0), |s| (s.file.0, s.start)));
    found
}

struct Work<'w> {
    request: &'w Request,
    root: FileId,
    sources: &'w SourceMap,
    out: &'w mut Compilation,
    /// Files and declarations are without errors: then plans are proved.
    sound: bool,
    /// What was found out about earlier plans, and where.
    said: HashSet<(Code, Option<Span>)>,
    /// Nobody waits for it any more.
    stopped: &'w dyn Fn() -> bool,
}

impl<'w> Work<'w> {
    fn compile(mut self, sees: &[Vec<FileId>], values: &[Option<FileId>]) {
        let (files, whole) = trees(self.sources, sees.len(), &mut self.out.diagnostics);
        let (resolver, found) = Resolver::new(files, sees.to_vec(), self.sources);
        self.out.diagnostics.extend(found);
        self.sound = whole && !self.out.diagnostics.iter().any(Diagnostic::is_error);
        let Some(givens) = self.read_givens(values, &resolver) else { return };
        if self.request.everything && self.request.plan.is_none() {
            for candidate in resolver.candidates() {
                self.build(&resolver, &candidate, &[]);
            }
            self.return_trips(&resolver);
            self.tests(&resolver);
        } else {
            match self.choose(&resolver) {
                Ok(candidate) => {
                    self.build(&resolver, &candidate, &givens);
                    self.return_trips(&resolver);
                }
                Err(refusal) if self.out.diagnostics.is_empty() => self.out.refused = Some(refusal),
                Err(_) => {}
            }
        }
        if !whole {
            without_consequences(&mut self.out.diagnostics);
        }
    }

    fn refuse(&mut self, message: String, help: String) {
        self.out.refused = Some(Refusal { message, help });
    }

    fn read_givens(
        &mut self,
        values: &[Option<FileId>],
        resolver: &Resolver<'w>,
    ) -> Option<Vec<(String, Operand<'w>)>> {
        let mut givens: Vec<(String, Operand<'w>)> = Vec::new();
        for (i, (name, _)) in self.request.givens.iter().enumerate() {
            if self.request.givens.iter().take(i).any(|(other, _)| same_name(other, name)) {
                self.refuse(format!("`{name}` is given twice"), "give it once".into());
                return None;
            }
        }
        for ((name, value), id) in self.request.givens.iter().zip(values) {
            let Some((id, source)) = id.and_then(|id| Some((id, self.sources.get(id)?))) else { continue };
            let text = self.choose(resolver).is_ok_and(|plan| resolver.takes_text(&plan.name, name));
            match syntax::operand(id, &source.text) {
                Ok(operand) if !text || matches!(operand.kind, OperandKind::Text(_)) => {
                    givens.push((name.clone(), operand));
                }
                // The shell has taken the quotes of a text.
                _ if text => givens.push((name.clone(), syntax::verbatim(id, &source.text))),
                _ => {
                    self.refuse(
                        format!("`{value}` is not a value for `{name}`"),
                        "give a name, a list such as `[a, b]`, or a quoted text".into(),
                    );
                    return None;
                }
            }
        }
        Some(givens)
    }

    fn choose(&self, resolver: &Resolver<'_>) -> Result<Candidate, Refusal> {
        let candidates = resolver.candidates();
        let names = || candidates.iter().map(|c| c.name.as_str());
        if let Some(name) = &self.request.plan {
            let found = candidates.iter().find(|c| c.name == *name).cloned();
            return found.ok_or_else(|| Refusal {
                message: format!("there is no plan `{name}`"),
                help: match nearest(name, names()) {
                    Some(word) => format!("did you mean `{word}`?"),
                    None => format!("the plans are {}", names().collect::<Vec<_>>().join(", ")),
                },
            });
        }
        let own: Vec<&Candidate> = candidates.iter().filter(|c| c.file == self.root).collect();
        match own.as_slice() {
            [one] => Ok((*one).clone()),
            [] => Err(Refusal {
                message: "the file has no plan".into(),
                help: "declare one with `plan NAME(…) { … }`".into(),
            }),
            many => Err(Refusal {
                message: format!("the file has {} plans", many.len()),
                help: format!("say which: {}", many.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", ")),
            }),
        }
    }

    fn build(&mut self, resolver: &Resolver<'w>, candidate: &Candidate, givens: &[(String, Operand<'w>)]) {
        if (self.stopped)() {
            return;
        }
        let parameters = resolver.parameters(&candidate.name);
        let arguments: Vec<_> = givens.iter().filter(|(n, _)| parameters.contains(n)).cloned().collect();
        let resolution = resolver.plan(&candidate.name, &arguments);
        let mut sound = self.sound && !resolution.diagnostics.iter().any(Diagnostic::is_error);
        self.out.diagnostics.extend(resolution.diagnostics);
        let missing = candidate.missing.iter().find(|(n, _)| !arguments.iter().any(|(a, _)| a == n));
        if let Some((name, ty)) = missing {
            self.out.open.push(candidate.clone());
            if !self.request.everything {
                self.refuse(
                    format!("plan `{}` needs a value for `{name}`: {ty}", candidate.name),
                    format!("give it with `--given {name}=…`, or a default in the plan"),
                );
            }
            return;
        }
        let Some(plan) = resolution.plan else { return };
        let Some(answers) = self.answers(&plan, &parameters) else { return };
        let (dag, found) = order(&plan);
        sound &= !found.iter().any(Diagnostic::is_error);
        self.out.diagnostics.extend(found);
        let mut program = lower(&plan, &dag, self.sources);
        program.calls = self.calls(resolver, &plan, &parameters);
        let case = Case { plan: &plan, dag: &dag, program: &program, resolver, sources: self.sources };
        let verdict = verdict::summary(case);
        if sound {
            let proof = prove_unless(&program, Limits::default(), self.stopped);
            self.say(proof.map_or_else(Vec::new, |proof| verdict::findings(case, &proof)));
        }
        self.out.plans.push(Compiled { plan, dag, program, verdict, answers });
    }

    /// How people run the plan again, or one that follows it.
    fn calls(&self, resolver: &Resolver<'w>, plan: &Plan, parameters: &[String]) -> Calls {
        let file = self.sources.get(self.root).map_or_else(String::new, |s| word(&s.path));
        let given = self.request.givens.iter().filter(|(name, _)| parameters.contains(name));
        let given = given.map(|(name, value)| format!(" --given {}", word(&format!("{name}={value}"))));
        Calls {
            again: format!("{file} {}{}", plan.name, given.collect::<String>()),
            back: resolver.followers(&plan.name).iter().map(|name| format!("{file} {name}")).collect(),
        }
    }

    /// Looks at each plan that follows another as the way back from there, once both are safe by themselves.
    fn return_trips(&mut self, resolver: &Resolver<'w>) {
        if (self.stopped)() || self.out.diagnostics.iter().any(Diagnostic::is_error) {
            return;
        }
        let (mut found, mut followed) = (Vec::new(), Vec::new());
        for (index, back) in self.out.plans.iter().enumerate() {
            let Some((follows, at)) = &back.plan.follows else { continue };
            let back = back.case(resolver, self.sources);
            if let Some(there) = self.out.plans.iter().find(|c| c.plan.name == *follows) {
                found.extend(verdict::return_trip(there.case(resolver, self.sources), back, *at));
            } else if let Some(plan) = resolver.plan(follows, &[]).plan {
                let (dag, _) = order(&plan);
                let program = lower(&plan, &dag, self.sources);
                let there = Case { plan: &plan, dag: &dag, program: &program, ..back };
                found.extend(verdict::return_trip(there, back, *at));
            } else {
                continue;
            }
            followed.push((index, follows.clone()));
        }
        for (index, name) in followed {
            self.out.plans.get_mut(index).into_iter().for_each(|p| p.verdict.follows = Some(name.clone()));
        }
        self.out.diagnostics.extend(found);
    }

    /// Adds what was found out about a plan. Where an earlier plan has the same at the same place, because both are made
    /// of the same text, it is not said again.
    fn say(&mut self, found: Vec<Diagnostic>) {
        let said: Vec<(Code, Option<Span>)> = found.iter().map(|d| (d.code, d.span())).collect();
        let fresh = found.into_iter().filter(|d| !self.said.contains(&(d.code, d.span())));
        self.out.diagnostics.extend(fresh);
        self.said.extend(said);
    }

    /// The tests of all files are checked, those of the file itself compiled.
    fn tests(&mut self, resolver: &Resolver<'w>) {
        for (scenario, found) in resolver.tests() {
            self.out.diagnostics.extend(found);
            let Some(scenario) = scenario.filter(|s| s.span.file == self.root) else { continue };
            let (dag, _) = order(&scenario.plan);
            let program = lower(&scenario.plan, &dag, self.sources);
            self.out.tests.push(Tested { scenario, program });
        }
    }

    /// Answers to atoms among the givens.
    fn answers(&mut self, plan: &Plan, parameters: &[String]) -> Option<Vec<(AtomId, u8)>> {
        let mut answers = Vec::new();
        for (name, word) in &self.request.givens {
            let Some(index) = plan.atoms.iter().position(|a| same_name(&a.name, name)) else {
                if parameters.contains(name) {
                    continue;
                }
                let words = plan.atoms.iter().map(|a| a.name.as_str()).chain(parameters.iter().map(String::as_str));
                let all: Vec<&str> = words.collect();
                let help = match nearest(name, all.iter().copied()) {
                    Some(word) => format!("did you mean `{word}`?"),
                    None if all.is_empty() => "it asks for nothing: leave `--given` out".into(),
                    None => format!("it asks for {}", all.join(", ")),
                };
                self.refuse(format!("plan `{}` does not ask for `{name}`", plan.name), help);
                return None;
            };
            match answer_of(plan, AtomId::at(index), word) {
                Ok(option) => answers.push((AtomId::at(index), option)),
                Err(options) => {
                    self.refuse(format!("`{name}` cannot be `{word}`"), format!("it is one of {options}"));
                    return None;
                }
            }
        }
        Some(answers)
    }
}

/// `operating(tokyo)` however it is spaced.
fn same_name(a: &str, b: &str) -> bool {
    a.chars().filter(|c| !c.is_whitespace()).eq(b.chars().filter(|c| !c.is_whitespace()))
}

/// The decisions of a plan that `answers` leaves open.
pub fn undecided<'p>(plan: &'p Plan, answers: &[(AtomId, u8)]) -> Vec<&'p Atom> {
    let open =
        |(i, a): &(usize, &Atom)| a.source == AtomSource::Decision && !answers.iter().any(|(id, _)| id.index() == *i);
    plan.atoms.iter().enumerate().filter(open).map(|(_, a)| a).collect()
}
