//! `handover review`: what a pull request changes on the night, and whether it is still safe.

use crate::base::Diagnostic;
use crate::bytecode::{Instr, Op};
use crate::calculus::Gate;
use crate::cli::console::{Console, Pane, Style};
use crate::cli::render::{self, Look};
use crate::cli::version::{Content, Couple, Entry, Place, Version, couples, is_about_meaning};
use crate::cli::{Exit, approvals, diff, report};
use crate::compare::{Kind, pairs};
use crate::emit::review::{self, FileReview, Outcome, PlanReview, Review, Side};
use crate::emit::{self, Note};
use crate::os::{self, GitError, Revision};
use crate::session::{self, FileError, Files, Request};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

/// Review what has changed since a revision: one screen for a pull request, everything else folded
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  handover review --base origin/main\n  \
                  handover review --base origin/main --format markdown plans/ >comment.md\n  \
                  handover review --base \"$BASE\" --format github\n\n\
                  Exit codes: 0 the plans are safe, 1 one is not or does not compile, 2 usage.")]
pub struct Args {
    /// Compare with where this branch has left REV
    #[arg(long, value_name = "REV")]
    base: String,
    /// Plans, or folders to be searched for `.ha` files
    #[arg(default_value = ".", value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// How to print it
    #[arg(long, value_enum, default_value_t = ReviewFormat::Text, value_name = "FORMAT")]
    format: ReviewFormat,
}

/// What a review can be shown as.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
enum ReviewFormat {
    /// For people
    Text,
    /// For a comment on a pull request
    Markdown,
    /// For programs; `docs/json.md` describes it
    Json,
    /// For code scanning: SARIF 2.1.0
    Sarif,
    /// Annotations of GitHub Actions
    Github,
}

pub fn run(args: &Args, console: &mut Console) -> Exit {
    let reviewed = Revision::fork(&args.base).and_then(|base| reviewed(args, Place::at(base)));
    let Reviewed { review, notes } = match reviewed {
        Ok(reviewed) => reviewed,
        Err(why) => return report::usage(console, &why.message, &why.help),
    };
    let out = &mut console.out;
    match args.format {
        ReviewFormat::Text => text(out, &review),
        ReviewFormat::Markdown => out.put(review::markdown(&review)),
        ReviewFormat::Json => report::document(out, &review),
        ReviewFormat::Sarif => report::document(out, &emit::sarif(&notes)),
        ReviewFormat::Github => out.put(emit::github(&notes)),
    }
    if review.verdict == Outcome::Unsafe { Exit::Findings } else { Exit::Done }
}

/// A review, and what of it stands beside the lines of files.
struct Reviewed {
    review: Review,
    notes: Vec<Note>,
}

fn reviewed(args: &Args, base: Place) -> Result<Reviewed, GitError> {
    let files = files(&args.paths, &base)?;
    let (mut found, mut notes) = (Vec::new(), Vec::new());
    for (path, was) in &files {
        if is_untouched(&base, was, path) {
            continue;
        }
        let old = load(base.clone(), was);
        let new = load(Place::Disk, path);
        let file = FileReview { through: through(&base, was, path), ..file(&old, &new, &mut notes) };
        if file.says_something() {
            found.push(file);
        }
    }
    // What is wrong with a library is found in every plan that imports it.
    let mut once: Vec<Note> = Vec::new();
    for note in notes {
        if !once.contains(&note) {
            once.push(note);
        }
    }
    Ok(Reviewed { review: Review::of(args.base.clone(), files.len(), found), notes: once })
}

/// The plan files of either version: the new path, and the old one.
fn files(paths: &[PathBuf], base: &Place) -> Result<Vec<(String, String)>, GitError> {
    let Place::At(revision) = base else { return Ok(Vec::new()) };
    let renamed: BTreeMap<String, String> = revision.renamed(None)?.into_iter().map(|(old, new)| (new, old)).collect();
    let (mut new, mut old) = (BTreeSet::new(), BTreeSet::new());
    for path in paths {
        if os::is_folder(path) {
            let here = os::find(path, "ha").map_err(|e| GitError { message: e.to_string(), help: String::new() })?;
            for path in here {
                new.insert(tidy(&path)?);
            }
            old.extend(revision.find(path, "ha")?);
        } else {
            let name = tidy(path)?;
            let is_missing = |place: &Place| matches!(Files::read(place, &name), Err(FileError::Missing));
            if is_missing(&Place::Disk) && is_missing(base) && !renamed.contains_key(&name) {
                let message = format!("there is no file `{name}`, neither here nor{}", base.said());
                return Err(GitError { message, help: String::from("check the path") });
            }
            new.insert(name.clone());
            old.insert(name);
        }
    }
    let moved: HashSet<&String> = renamed.iter().filter(|(to, _)| new.contains(*to)).map(|(_, from)| from).collect();
    let gone = old.iter().filter(|path| !new.contains(*path) && !moved.contains(path));
    let gone: Vec<(String, String)> = gone.map(|path| (path.clone(), path.clone())).collect();
    let known = |path: String| {
        let was = renamed.get(&path).cloned().unwrap_or_else(|| path.clone());
        (path, was)
    };
    Ok(new.into_iter().map(known).chain(gone).collect())
}

/// A path as `git` knows it.
fn tidy(path: &Path) -> Result<String, GitError> {
    let Some(name) = path.to_str() else {
        let message = format!("the name of `{}` is not UTF-8, so the file cannot be looked at", path.display());
        return Err(GitError { message, help: String::from("rename it, or name the files and folders to look at") });
    };
    Ok(String::from(name.strip_prefix("./").unwrap_or(name)))
}

/// Whether neither a file nor anything that it imports has changed.
fn is_untouched(base: &Place, was: &str, path: &str) -> bool {
    was == path && session::sources(base, was) == session::sources(&Place::Disk, path)
}

/// The imported files that have changed, if the file itself has not.
fn through(base: &Place, was: &str, path: &str) -> Vec<String> {
    let (old, new) = (session::sources(base, was), session::sources(&Place::Disk, path));
    if old.first() != new.first() {
        return Vec::new();
    }
    new.into_iter().filter(|source| !old.contains(source)).map(|(path, _)| path).collect()
}

fn load(place: Place, path: &str) -> Version {
    let request = Request { everything: true, ..Request::default() };
    Version::of_plans(place, path, &request)
}

fn file(old: &Version, new: &Version, notes: &mut Vec<Note>) -> FileReview {
    let mut file = FileReview {
        path: new.path.clone(),
        was: (old.path != new.path).then(|| old.path.clone()),
        ..FileReview::default()
    };
    let look = Look { color: false, ascii: false, columns: 100 };
    if let Content::Plans(compilation) = &new.content {
        let errors = compilation.diagnostics.iter().any(Diagnostic::is_error);
        notes.extend(compilation.diagnostics.iter().map(|d| Note::of_finding(d, &compilation.sources)));
        if errors {
            file.findings = render::text(&compilation.diagnostics, &compilation.sources, look);
        }
        let first = compilation.diagnostics.iter().find(|d| d.is_error() && !is_about_meaning(d.code));
        let any = compilation.diagnostics.iter().find(|d| d.is_error() && new.plans().is_empty());
        let first = first.or(any);
        file.broken = first.is_some();
        if let Some(first) = first {
            file.remarks.push(format!("{} cannot be compiled: {}: {}", named(new), first.code, first.message));
        }
        file.open = diff::not_compared(old, new);
    }
    match (&old.content, &new.content) {
        (_, Content::Nothing) if !old.plans().is_empty() => file.remarks.push(format!("{} is gone", named(new))),
        (Content::Plans(compilation), _) if old.plans().is_empty() && !compilation.diagnostics.is_empty() => {
            file.remarks.push(format!("{} could not be compiled, so its plans count as new", named(old)));
        }
        _ => {}
    }
    if file.broken && new.plans().is_empty() {
        return file;
    }
    file.plans = plans(old, new, notes);
    if !file.plans.is_empty() {
        file.approvals = approvals::beside(old, new).iter().map(approvals::Standing::said).collect();
    }
    file
}

fn named(version: &Version) -> String {
    format!("`{}`{}", version.path, version.place.said())
}

/// The plans of which something is to be said; those to which the same has happened stand together.
fn plans(old: &Version, new: &Version, notes: &mut Vec<Note>) -> Vec<PlanReview> {
    let mut found: Vec<PlanReview> = Vec::new();
    for couple in couples(old, new) {
        let plan = plan(&couple);
        if plan.what == "changed" && plan.comparison.is_empty() {
            continue;
        }
        // What is wrong is told as a finding.
        let told = plan.comparison.changes.iter().filter(|c| c.kind != Kind::Unproved);
        let alike = plan.what == "changed";
        let first = found.iter_mut().find(|p| alike && p.what == "changed" && p.comparison.is_like(&plan.comparison));
        match first {
            Some(first) => first.names.extend(plan.names),
            None => {
                notes.extend(told.map(|change| Note::of_change(&couple.plan, change)));
                found.push(plan);
            }
        }
    }
    found
}

fn plan(couple: &Couple<'_>) -> PlanReview {
    let comparison = couple.comparison();
    let changed: HashSet<String> = comparison.changes.iter().flat_map(|c| c.steps.iter().cloned()).collect();
    let (mut graph, mut table) = (String::new(), String::new());
    if let (Some(old), Some(new)) = (&couple.old, &couple.new)
        && let (Some(before), Some(after)) = (side(old), side(new))
    {
        let pairs = pairs(old.program, new.program);
        graph = review::graph(&before, &after, &pairs, &changed);
        table = review::table(&before, &after, &pairs);
    }
    let shown = couple.new.as_ref().or(couple.old.as_ref());
    PlanReview {
        names: vec![couple.plan.clone()],
        what: couple.what(),
        comparison,
        steps: couple.steps(),
        gates: shown.map_or_else(Vec::new, gates),
        opaque: shown.map_or_else(Vec::new, opaque),
        flawed: couple.new.as_ref().is_some_and(|new| !new.flaws.is_empty()),
        graph,
        table,
    }
}

fn side<'e>(entry: &Entry<'e>) -> Option<Side<'e>> {
    let compiled = entry.compiled?;
    Some(Side { plan: &compiled.plan, dag: &compiled.dag, program: entry.program })
}

/// Who is asked on the night.
fn gates(entry: &Entry<'_>) -> Vec<String> {
    let gate = |instr: &Instr| match &instr.op {
        Op::Ask { gate, answers, .. } => {
            let whom = gate.role.as_deref().unwrap_or("the operator");
            let gate = Gate { role: None, ..gate.clone() };
            let clauses = [vec![format!("`{}`", instr.name)], gate.clauses(answers)].concat();
            Some(format!("{whom} ({})", clauses.join(", ")))
        }
        _ => None,
    };
    entry.program.code.iter().filter_map(gate).collect()
}

/// The steps that no proof covers.
fn opaque(entry: &Entry<'_>) -> Vec<String> {
    entry.program.code.iter().filter(|i| i.flags.opaque).map(|i| i.name.clone()).collect()
}

/// The review for people at a terminal.
fn text(pane: &mut Pane, review: &Review) {
    let style = match review.verdict {
        Outcome::Unsafe => Style::Red,
        Outcome::Unknown | Outcome::Weaker => Style::Yellow,
        _ => Style::Green,
    };
    pane.line(pane.styled(style, &review::headline(review)));
    for file in &review.files {
        let mut was = file.was.as_ref().map_or_else(String::new, |was| format!(" (was {was})"));
        if !file.through.is_empty() {
            was.push_str(&format!(" (through {})", emit::some(&file.through)));
        }
        pane.line(format_args!("\n{}{was}", pane.styled(Style::Bold, &file.path)));
        file.remarks.iter().for_each(|remark| pane.line(format_args!("  {remark}")));
        file.open.iter().for_each(|why| pane.line(format_args!("  not compared: {why}")));
        for plan in &file.plans {
            pane.line(format_args!("  {}: {}", plan.names.join(", "), plan.what));
            diff::changes(pane, &plan.comparison.changes);
            if let Some(text) = review::times(&plan.comparison) {
                pane.line(format_args!("  time: {text}"));
            }
            plan.gates.iter().for_each(|gate| pane.line(format_args!("  decides on the night: {gate}")));
            if !plan.opaque.is_empty() {
                pane.line(format_args!("  no proof covers {}", emit::some(&plan.opaque)));
            }
        }
        file.approvals.iter().for_each(|approval| pane.line(format_args!("  {approval}")));
        if !file.findings.is_empty() {
            pane.line("");
            pane.put(&file.findings);
        }
    }
}
