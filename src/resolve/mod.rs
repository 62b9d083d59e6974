//! Imports, names, kinds, types, units: syntax trees to resolved plans.
//!
//! Declarations are collected into a [`Library`], checked on their own, and unfolded into [`crate::model::Plan`]s, one
//! for each plan with arguments. Nothing here reads files: whoever calls has loaded and parsed them.

mod elaborate;
mod library;
mod remedies;
mod rules;
mod test_blocks;
mod types;
mod value;

pub use remedies::{Need, Remedy};

use crate::base::{Code, Diagnostic, FileId, SourceMap, Span, nearest};
use crate::calculus::AtomId;
use crate::model::{Plan, Scenario};
use crate::syntax::tree::{self, Operand};
use elaborate::Elaborator;
use library::Library;
use std::collections::HashSet;

/// What a compilation is about: parsed files with what they see of each other.
pub struct Resolver<'s> {
    library: Library<'s>,
    sources: &'s SourceMap,
}

/// A plan that can be compiled, by the name it goes by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Candidate {
    /// The plan's name, or that of a `plan x = y(…)`.
    pub name: String,
    /// Parameters without value that must have one: name and type in words.
    pub missing: Vec<(String, String)>,
    /// The file it is declared in.
    pub file: FileId,
}

/// A plan resolved, or what keeps it from being so.
#[derive(Debug)]
pub struct Resolution {
    /// The plan; `None` if arguments are missing or do not fit.
    pub plan: Option<Plan>,
    /// What was found.
    pub diagnostics: Vec<Diagnostic>,
}

impl<'s> Resolver<'s> {
    /// Collects the declarations of files and checks each on its own. `sees` lists for each file the files whose
    /// names it may use, itself included.
    pub fn new(
        files: Vec<tree::File<'s>>,
        sees: Vec<Vec<FileId>>,
        sources: &'s SourceMap,
    ) -> (Resolver<'s>, Vec<Diagnostic>) {
        let mut diagnostics = Vec::new();
        let library = library::collect(files, sees, &mut diagnostics);
        let resolver = Resolver { library, sources };
        diagnostics.extend(resolver.check_declarations());
        (resolver, diagnostics)
    }

    /// Every plan and alias, in the order declared.
    pub fn candidates(&self) -> Vec<Candidate> {
        let plans = self.library.plans().iter().map(|p| Candidate {
            name: p.tree.name.text.to_string(),
            missing: self.missing(&p.params),
            file: p.tree.name.span.file,
        });
        let aliases = self.library.aliases().iter().map(|a| Candidate {
            name: a.name.text.to_string(),
            missing: Vec::new(),
            file: a.name.span.file,
        });
        plans.chain(aliases).collect()
    }

    /// Names of the plans that follow this one.
    pub fn followers(&self, name: &str) -> Vec<String> {
        let follow = |a: &&tree::Alias<'s>| a.follows.is_some_and(|f| f.text == name);
        self.library.aliases().iter().filter(follow).map(|a| a.name.text.to_string()).collect()
    }

    fn missing(&self, params: &[library::Param<'s>]) -> Vec<(String, String)> {
        params
            .iter()
            .filter(|p| p.default.is_none() && !matches!(p.ty, types::Ty::Bool | types::Ty::OneOf(_)))
            .map(|p| (p.name.text.to_string(), p.ty.describe(&self.library)))
            .collect()
    }

    /// Names of the parameters of a candidate.
    pub fn parameters(&self, name: &str) -> Vec<String> {
        let plan = self.library.plan(name);
        plan.map_or_else(Vec::new, |p| p.params.iter().map(|p| p.name.text.to_string()).collect())
    }

    /// Whether a parameter of a candidate is a text or a path.
    pub fn takes_text(&self, plan: &str, parameter: &str) -> bool {
        let params = self.library.plan(plan).map_or(&[][..], |p| &p.params);
        params.iter().any(|p| p.name.text == parameter && matches!(p.ty, types::Ty::Text | types::Ty::Path))
    }

    /// Resolves a plan or alias with these arguments by name.
    pub fn plan(&self, name: &str, arguments: &[(String, Operand<'s>)]) -> Resolution {
        if let Some(alias) = self.library.aliases().iter().find(|a| a.name.text == name) {
            return self.alias(alias);
        }
        let Some(declared) = self.library.plan(name) else {
            return Resolution { plan: None, diagnostics: Vec::new() };
        };
        let mut elaborator = Elaborator::new(&self.library, self.sources);
        let mut values = Vec::new();
        for param in &declared.params {
            let given = arguments.iter().find(|(n, _)| n == param.name.text).map(|(_, o)| o);
            values.push(elaborator.argument(param, given));
        }
        let open = declared.params.iter().zip(&values).any(|(p, v)| v.is_none() && !decidable(p));
        let done = elaborator.plan(name, &declared.tree, &declared.params, values);
        let broken = open || done.diagnostics.iter().any(Diagnostic::is_error);
        Resolution { plan: (!broken).then_some(done.plan), diagnostics: done.diagnostics }
    }

    fn alias(&self, alias: &tree::Alias<'s>) -> Resolution {
        let (done, mut diagnostics) = self.called(&alias.call, alias.name.text, |_| ());
        if let Some(follows) = alias.follows
            && !self.candidates().iter().any(|c| c.name == follows.text)
        {
            let names = self.candidates();
            let error =
                Diagnostic::error(Code::UnknownName, follows.span, format!("there is no plan `{}`", follows.text));
            diagnostics.push(match nearest(follows.text, names.iter().map(|c| c.name.as_str())) {
                Some(word) => error.help(format!("did you mean `{word}`?")).fix(follows.span, word),
                None => error.help("name the plan whose end is this one's beginning"),
            });
        }
        let broken = diagnostics.iter().any(Diagnostic::is_error);
        let title = alias.title.as_ref().map(elaborate::unescape);
        let plan = done.filter(|_| !broken).map(|(d, ())| {
            let follows = alias.follows.map(|name| (name.text.to_string(), name.span));
            Plan { title: title.unwrap_or(d.plan.title), follows, ..d.plan }
        });
        Resolution { plan, diagnostics }
    }

    /// Elaborates the plan of a call; `see` may ask about it before its last touches.
    fn called<T>(
        &self,
        call: &tree::Call<'s>,
        name: &str,
        see: impl FnOnce(&mut Elaborator<'_, 's>) -> T,
    ) -> (Option<(elaborate::Elaborated, T)>, Vec<Diagnostic>) {
        let Some(declared) = self.library.plan(call.name.text) else {
            let words = self.library.plans().iter().map(|p| p.tree.name.text);
            let error =
                Diagnostic::error(Code::UnknownName, call.name.span, format!("there is no plan `{}`", call.name.text));
            let error = match nearest(call.name.text, words) {
                Some(word) => error.help(format!("did you mean `{word}`?")).fix(call.name.span, word),
                None => error.help("declare it with `plan`, or import the file that does"),
            };
            return (None, vec![error]);
        };
        let mut elaborator = Elaborator::new(&self.library, self.sources);
        let values = elaborator.call_arguments(call, &declared.params);
        let (done, seen) = elaborator.plan_and(name, &declared.tree, &declared.params, values, see);
        let diagnostics = done.diagnostics.clone();
        (Some((done, seen)), diagnostics)
    }

    /// Checks actions, probes and rules on their own, attributes of things, rules over the estate, and tests.
    fn check_declarations(&self) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        for action in self.library.actions() {
            let elaborator = Elaborator::new(&self.library, self.sources);
            found.extend(elaborator.check_alone(|e| e.check_action(action)));
        }
        for probe in self.library.probes() {
            let elaborator = Elaborator::new(&self.library, self.sources);
            found.extend(elaborator.check_alone(|e| e.check_probe(probe)));
        }
        found.extend(Elaborator::new(&self.library, self.sources).check_alone(|e| e.check_things()));
        found.extend(rules::check(&self.library, self.sources));
        found
    }

    /// Every test with what is wrong with it: its plan, its faults and expectations must name what exists.
    pub fn tests(&self) -> impl Iterator<Item = (Option<Scenario>, Vec<Diagnostic>)> {
        self.library.tests().iter().map(|t| test_blocks::resolve(self, t))
    }
}

fn decidable(param: &library::Param<'_>) -> bool {
    matches!(param.ty, types::Ty::Bool | types::Ty::OneOf(_))
}

/// Index of an answer by its name; yes and no may be written `true` and `false`.
pub fn answer_of(plan: &Plan, atom: AtomId, word: &str) -> Result<u8, String> {
    let options = plan.atoms.get(atom.index()).map(|a| a.options.as_slice()).unwrap_or_default();
    let word = match word {
        "true" if options.iter().any(|o| o == "yes") => "yes",
        "false" if options.iter().any(|o| o == "no") => "no",
        other => other,
    };
    let found = options.iter().position(|o| o == word).and_then(|i| u8::try_from(i).ok());
    found.ok_or_else(|| options.join(", "))
}

/// Drops findings that say the same of the same place: a declaration is looked at once for each use.
pub fn without_doubles(diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut seen: HashSet<(Code, Option<Span>, String)> = HashSet::new();
    diagnostics.into_iter().filter(|d| seen.insert((d.code, d.span(), d.message.clone()))).collect()
}
