//! A version of the plans of a file: on disk, at a revision, or compiled before; and which plan of the old version is which of
//! the new one.

use crate::base::{Code, Diagnostic, Span, limits};
use crate::bytecode::Program;
use crate::cli::console::Console;
use crate::cli::run::unsafe_by;
use crate::cli::{Exit, disasm, report};
use crate::compare::{Comparison, compare};
use crate::model::Plan;
use crate::os::{self, Disk, FileError, Revision};
use crate::session::{self, Compilation, Compiled, FileError as SourceError, Files, Request};
use crate::verify::{self, Verified};
use std::collections::HashMap;
use std::path::Path;
use std::rc::Rc;

/// Where a version is.
#[derive(Clone, Debug)]
pub enum Place {
    /// In the working directory.
    Disk,
    /// At a revision.
    At(Rc<Revision>),
}

impl Place {
    /// At this revision.
    pub fn at(revision: Revision) -> Place {
        Place::At(Rc::new(revision))
    }

    /// In words, after a file: ` at main`.
    pub fn said(&self) -> String {
        match self {
            Place::Disk => String::new(),
            Place::At(revision) => format!(" at `{}`", revision.name),
        }
    }

    /// The bytes of a file.
    pub fn read(&self, path: &Path, limit: usize) -> Result<Vec<u8>, FileError> {
        match self {
            Place::Disk => os::read(path, limit),
            Place::At(revision) => revision.read(path, limit),
        }
    }
}

impl Files for Place {
    fn read(&self, path: &str) -> Result<String, SourceError> {
        match self {
            Place::Disk => Disk.read(path),
            Place::At(revision) => Files::read(revision.as_ref(), path),
        }
    }
}

/// A version of a file.
pub struct Version {
    /// Its path there.
    pub path: String,
    /// Where that is.
    pub place: Place,
    /// What is in it.
    pub content: Content,
}

/// What is in a version of a file.
pub enum Content {
    /// Plans, as far as they could be compiled.
    Plans(Box<Compilation>),
    /// A program, and why it must not be run, if it must not.
    Program(Box<Verified>, Option<String>),
    /// There is no such file.
    Nothing,
}

impl Version {
    /// A version of a `.ha` file.
    pub fn of_plans(place: Place, path: &str, request: &Request) -> Version {
        let content = match Files::read(&place, path) {
            Err(SourceError::Missing) => Content::Nothing,
            _ => Content::Plans(Box::new(session::compile(&place, path, request))),
        };
        Version { path: path.to_owned(), place, content }
    }

    /// Loads a version of a file. A `.ha` file may have any mistakes, and may not be there.
    pub fn load(place: Place, path: &str, request: &Request, console: &mut Console) -> Result<Version, Exit> {
        if path.ends_with(".ha") {
            return Ok(Version::of_plans(place, path, request));
        }
        let bytes = place
            .read(Path::new(path), limits::PROGRAM_BYTES)
            .map_err(|error| report::refuse(console, report::file(&error, Code::UnreadableFile)))?;
        let program = verify::load(&bytes).map_err(|error| disasm::refuse(Path::new(path), &error, console))?;
        let flaw = unsafe_by(&program);
        let content = Content::Program(Box::new(program), flaw);
        Ok(Version { path: path.to_owned(), place, content })
    }

    /// Whether the text has a plan of this name, whatever its arguments.
    pub fn has(&self, plan: &str) -> bool {
        let request = Request { everything: true, ..Request::default() };
        let all = session::compile(&self.place, &self.path, &request);
        let compiled = all.plans.iter().chain(&all.drafts).map(|c| c.plan.name.as_str());
        compiled.chain(all.open.iter().map(|c| c.name.as_str())).any(|name| name == plan)
    }

    /// The plans that could be compiled, safe or not; of a file only its own. Where a text has mistakes, what is left of it
    /// says nothing.
    pub fn plans(&self) -> Vec<Entry<'_>> {
        match &self.content {
            Content::Nothing => Vec::new(),
            Content::Program(program, flaw) => {
                vec![Entry { program, compiled: None, flaws: flaw.iter().cloned().collect() }]
            }
            Content::Plans(compilation) => {
                if compilation
                    .diagnostics
                    .iter()
                    .any(|d| d.is_error() && !is_about_meaning(d.code) && !is_about_tests(d.code))
                {
                    return Vec::new();
                }
                let own = |c: &&Compiled| {
                    compilation.sources.get(c.plan.span.file).is_some_and(|source| source.path == self.path)
                };
                let all: Vec<&Compiled> = compilation.plans.iter().chain(&compilation.drafts).filter(own).collect();
                let entry = |compiled: &&'_ Compiled| {
                    let mine =
                        |d: &&Diagnostic| d.is_error() && !is_about_tests(d.code) && concerns(d, &compiled.plan, &all);
                    let flaws =
                        compilation.diagnostics.iter().filter(mine).map(|d| format!("{}: {}", d.code, d.message));
                    flaws.collect()
                };
                all.iter().map(|c| Entry { program: &c.program, compiled: Some(c), flaws: entry(c) }).collect()
            }
        }
    }
}

/// Whether a finding is about what a text means, not about what it says: about order, safety, conditions, promises.
pub fn is_about_meaning(code: Code) -> bool {
    (300..800).contains(&(code as u16))
}

/// Whether a finding is about a test. Its plan is compared all the same: who takes a step away breaks the tests that name it.
fn is_about_tests(code: Code) -> bool {
    matches!(code, Code::TestNames | Code::ImpossibleFault | Code::UnreachableExpectation)
}

/// Whether a finding is about this plan, or about none in particular.
fn concerns(found: &Diagnostic, plan: &Plan, all: &[&Compiled]) -> bool {
    let touches = |plan: &Plan| {
        let mut spans: Vec<Span> = vec![plan.span, plan.rto_span];
        plan.each_step(&mut |step| spans.push(step.span));
        let meets = |a: Span, b: Span| a.file == b.file && a.start < b.end && b.start < a.end;
        found.span().is_some_and(|at| spans.iter().any(|span| meets(*span, at)))
    };
    touches(plan) || !all.iter().any(|other| touches(&other.plan))
}

/// A compiled plan of a version.
pub struct Entry<'v> {
    /// As compiled.
    pub program: &'v Program,
    /// As resolved and ordered, if it comes from a text.
    pub compiled: Option<&'v Compiled>,
    /// Why it must not be run.
    pub flaws: Vec<String>,
}

/// A plan in both versions, or in one of them.
pub struct Couple<'v> {
    /// Its name, the new one if it has two.
    pub plan: String,
    /// As it was.
    pub old: Option<Entry<'v>>,
    /// As it is.
    pub new: Option<Entry<'v>>,
}

impl Couple<'_> {
    /// What has become of it.
    pub fn what(&self) -> &'static str {
        match (&self.old, &self.new) {
            (Some(_), Some(_)) => "changed",
            (None, _) => "new",
            (_, None) => "removed",
        }
    }

    /// How many steps it has, or had.
    pub fn steps(&self) -> usize {
        let shown = self.new.as_ref().or(self.old.as_ref());
        shown.map_or(0, |e| e.program.code.iter().filter(|i| !i.op.is_structure()).count())
    }

    /// What has changed; of a new plan, what is wrong with it.
    pub fn comparison(&self) -> Comparison {
        let flaws = |entry: &Option<Entry<'_>>| entry.as_ref().map_or_else(Vec::new, |e| e.flaws.clone());
        let mut comparison = match (&self.old, &self.new) {
            (Some(old), Some(new)) => compare(old.program, new.program),
            _ => Comparison::default(),
        };
        if self.new.is_some() {
            comparison.flaws(&flaws(&self.old), &flaws(&self.new));
        }
        comparison
    }
}

/// Pairs the plans of both versions by their names. One that is left over on each side is the same under another name.
pub fn couples<'v>(old: &'v Version, new: &'v Version) -> Vec<Couple<'v>> {
    let mut before: HashMap<String, Entry<'v>> =
        old.plans().into_iter().map(|entry| (entry.program.plan.clone(), entry)).collect();
    let mut all: Vec<Couple<'v>> = new
        .plans()
        .into_iter()
        .map(|entry| {
            let plan = entry.program.plan.clone();
            Couple { old: before.remove(&plan), plan, new: Some(entry) }
        })
        .collect();
    let mut left: Vec<Entry<'v>> = before.into_values().collect();
    left.sort_by(|a, b| a.program.plan.cmp(&b.program.plan));
    let mut fresh = all.iter_mut().filter(|couple| couple.old.is_none());
    if let (1, Some(only), None) = (left.len(), fresh.next(), fresh.next()) {
        only.old = left.pop();
    }
    all.extend(left.into_iter().map(|entry| Couple { plan: entry.program.plan.clone(), old: Some(entry), new: None }));
    all
}
