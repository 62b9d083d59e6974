//! `handover check`: everything that is wrong, in one run.

use crate::base::{Code, Diagnostic, FileId, Source, SourceMap, Span};
use crate::cli::console::Console;
use crate::cli::flags::{Format, FormatFlag};
use crate::cli::{Exit, report};
use crate::os::{self, Disk};
use crate::session::{self, Request};
use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

/// Check plans: parse, type-check and order them, and show all mistakes at once
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  handover check switchover.ha\n  handover check plans/ shared/estate.ha\n  \
                  handover check --format json plans/")]
pub struct Args {
    /// Plans, or folders to be searched for `.ha` files
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    format: FormatFlag,
}

pub fn run(args: &Args, console: &mut Console) -> Exit {
    let mut found = Findings::default();
    let (mut files, mut plans) = (0, 0);
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
            plans += compilation.plans.len() + compilation.open.len();
            found.absorb(&compilation.sources, compilation.diagnostics);
        }
    }
    if found.diagnostics.is_empty() && args.format.format == Format::Text {
        let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
        console.out.line(format_args!("no findings in {}, {}", count(files, "file"), count(plans, "plan")));
        return Exit::Done;
    }
    report::findings(&mut console.out, args.format.format, &found.diagnostics, &found.sources);
    if found.diagnostics.is_empty() { Exit::Done } else { Exit::Findings }
}

/// What was found in all files. A file that several plans import is mentioned once.
#[derive(Default)]
struct Findings {
    sources: SourceMap,
    ids: BTreeMap<String, FileId>,
    diagnostics: Vec<Diagnostic>,
    known: HashSet<(Code, Option<Span>, String)>,
}

impl Findings {
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
