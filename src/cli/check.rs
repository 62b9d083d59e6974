//! `handover check`: everything that is wrong, in one run.

use crate::base::{Code, Diagnostic, FileId, Source, SourceMap, Span};
use crate::cli::console::{Console, Pane};
use crate::cli::flags::Format;
use crate::cli::{Exit, json, render, report};
use crate::emit::{self, Note, some};
use crate::os::{self, Disk};
use crate::session::{self, Compilation, Request};
use crate::verdict::Verdict;
use serde::Serialize;
use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

/// Check plans: parse, type-check, order and prove them, and show all mistakes at once
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  handover check switchover.ha\n  handover check plans/ shared/estate.ha\n  \
                  handover check --format json plans/\n  handover check --format sarif plans/ >handover.sarif")]
pub struct Args {
    /// Plans, or folders to be searched for `.ha` files
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// How to print it
    #[arg(long, value_enum, default_value_t = CheckFormat::Text, value_name = "FORMAT")]
    format: CheckFormat,
}

/// What findings can be shown as.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
enum CheckFormat {
    /// For people
    Text,
    /// For programs; `docs/json.md` describes it
    Json,
    /// For code scanning: SARIF 2.1.0
    Sarif,
    /// Annotations of GitHub Actions
    Github,
}

pub fn run(args: &Args, console: &mut Console) -> Exit {
    let mut found = Findings::default();
    let mut files = 0;
    for path in &args.paths {
        let members = match os::is_folder(path) {
            false => vec![path.clone()],
            true => match os::find(path, "ha") {
                Ok(members) => members,
                Err(error) => {
                    found.diagnostics.push(report::file(&error, Code::UnreadableFile));
                    continue;
                }
            },
        };
        if members.is_empty() {
            let message = format!("the folder `{}` has no `.ha` file", path.display());
            found.diagnostics.push(Diagnostic::placeless(Code::UnreadableFile, message));
        }
        for file in members {
            let request = Request { everything: true, ..Request::default() };
            let compilation = session::compile(&Disk, &file.to_string_lossy(), &request);
            files += 1;
            found.plans(&compilation);
            found.absorb(&compilation.sources, compilation.diagnostics);
        }
    }
    if found.diagnostics.is_empty() && args.format == CheckFormat::Text {
        let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
        let plans = count(found.plans.len(), "plan");
        console.out.line(format_args!("no findings in {}, {plans}", count(files, "file")));
        found.proved(&mut console.out);
        return Exit::Done;
    }
    let out = &mut console.out;
    match args.format {
        CheckFormat::Text => report::findings(out, Format::Text, &found.diagnostics, &found.sources),
        CheckFormat::Json => report::document(out, &found.document()),
        CheckFormat::Sarif => report::document(out, &emit::sarif(&found.notes())),
        CheckFormat::Github => out.put(emit::github(&found.notes())),
    }
    if found.diagnostics.is_empty() { Exit::Done } else { Exit::Findings }
}

/// What was found in all files. A file that several plans import is mentioned once.
#[derive(Default)]
struct Findings {
    sources: SourceMap,
    ids: BTreeMap<String, FileId>,
    diagnostics: Vec<Diagnostic>,
    known: HashSet<(Code, Option<Span>, String)>,
    plans: Vec<PlanOut>,
}

/// A plan that was looked at.
#[derive(Serialize)]
struct PlanOut {
    plan: String,
    file: String,
    /// The parameters without which it cannot be compiled; such a plan is checked, but not proved.
    missing: Vec<String>,
    /// What is proved; `null` if something was found, or arguments are missing.
    verdict: Option<Verdict>,
}

/// What a check found, as JSON.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    findings: json::Findings<'a>,
    plans: &'a [PlanOut],
}

/// Plans that one line names; the rest are counted.
const NAMED: usize = 8;

impl Findings {
    /// Notes the plans of a file, each once: also where several files import it.
    fn plans(&mut self, compilation: &Compilation) {
        let path = |file: FileId| compilation.sources.get(file).map_or_else(String::new, |s| s.path.clone());
        let proved = compilation.plans.iter().map(|p| PlanOut {
            plan: p.plan.name.clone(),
            file: path(p.plan.span.file),
            missing: Vec::new(),
            verdict: Some(p.verdict.clone()),
        });
        let open = compilation.open.iter().map(|c| PlanOut {
            plan: c.name.clone(),
            file: path(c.file),
            missing: c.missing.iter().map(|(name, _)| name.clone()).collect(),
            verdict: None,
        });
        for plan in proved.chain(open) {
            if !self.plans.iter().any(|p| (&p.plan, &p.file) == (&plan.plan, &plan.file)) {
                self.plans.push(plan);
            }
        }
    }

    /// Says which plans are proved, and which are not since nobody said with which arguments.
    fn proved(&self, pane: &mut Pane) {
        let covers = |v: &Verdict| match v.opaque.len() {
            0 => format!("all {} steps", v.steps),
            n => {
                let known = v.steps - n.min(v.steps);
                format!("{known} of {} steps; nothing is known of {}", v.steps, some(&v.opaque))
            }
        };
        let verdicts = || self.plans.iter().filter_map(|p| Some((p, p.verdict.as_ref()?)));
        let proved = verdicts().filter(|(_, v)| v.steps > 0).map(|(p, v)| format!("{} ({})", p.plan, covers(v)));
        let empty = verdicts().filter(|(_, v)| v.steps == 0).map(|(p, _)| p.plan.clone());
        let open = self.plans.iter().filter(|p| !p.missing.is_empty());
        let open = open.map(|p| format!("{} (which {}?)", p.plan, p.missing.join(", ")));
        let lists = [
            ("proved", proved.collect::<Vec<_>>()),
            ("without any step", empty.collect()),
            ("not proved", open.collect()),
        ];
        for (what, names) in lists {
            let more = names.len().saturating_sub(NAMED);
            let shown: Vec<&str> = names.iter().take(NAMED).map(String::as_str).collect();
            match (names.len(), more) {
                (0, _) => {}
                (_, 0) => pane.line(format_args!("{what}: {}", shown.join(", "))),
                _ => pane.line(format_args!("{what}: {} and {more} more", shown.join(", "))),
            }
        }
    }

    /// What stands beside the lines of files, in their order.
    fn notes(&self) -> Vec<Note> {
        let sorted = render::sorted(&self.diagnostics).into_iter();
        sorted.map(|found| Note::of_finding(found, &self.sources)).collect()
    }

    fn document(&self) -> Document<'_> {
        Document { findings: json::findings(&self.diagnostics, &self.sources), plans: &self.plans }
    }

    fn absorb(&mut self, sources: &SourceMap, found: Vec<Diagnostic>) {
        for mut diagnostic in found {
            let spans =
                diagnostic.labels.iter_mut().map(|l| &mut l.span).chain(diagnostic.fix.iter_mut().map(|f| &mut f.span));
            for span in spans {
                if let Some(file) = sources.get(span.file).and_then(|s| Self::id(&mut self.sources, &mut self.ids, s)) {
                    span.file = file;
                }
            }
            if self.known.insert((diagnostic.code, diagnostic.span(), diagnostic.message.clone())) {
                self.diagnostics.push(diagnostic);
            }
        }
    }

    fn id(all: &mut SourceMap, ids: &mut BTreeMap<String, FileId>, source: &Source) -> Option<FileId> {
        if let Some(id) = ids.get(&source.path) {
            return Some(*id);
        }
        let id = all.add(Source::new(source.path.clone(), source.text.clone()))?;
        ids.insert(source.path.clone(), id);
        Some(id)
    }
}
