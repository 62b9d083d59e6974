//! `handover run`: shows what will be done, asks, does it.

use crate::base::{Code, Diagnostic, SourceMap};
use crate::bytecode::{InstrId, Program};
use crate::calculus::CellId;
use crate::cli::approved::{self, ApprovalFlags};
use crate::cli::compile::{self, PlanArgs};
use crate::cli::console::{Console, Style};
use crate::cli::flags::{Format, RunFlags, StateFlag, again};
use crate::cli::preview::{self, Detail};
use crate::cli::progress::{Lines, Progress};
use crate::cli::view::Live;
use crate::cli::{Exit, disasm, report};
use crate::os::{self, Disk, Ending, Store};
use crate::prove::{Limits, prove};
use crate::run::{Approved, Options, Reporter, RunError, Waiver};
use crate::semantics::Violation;
use crate::session::Files;
use crate::stdlib;
use crate::verify::{self, Verified};
use std::io;
use std::path::{Path, PathBuf};

/// Run a plan or a compiled program
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  handover run move.ha\n  handover run dr.ha switchover --given firewalls=excluded --dry-run\n  \
                  handover run dr.hab --yes --answer confirm_off=yes --events json"
)]
pub struct Args {
    #[command(flatten)]
    plan: PlanArgs,
    /// Show every command that would run, and run nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask before anything is done
    #[arg(long)]
    yes: bool,
    /// Run a compiled program although it is not proved safe
    #[arg(long)]
    unproved: bool,
    /// Start although an earlier run of the plan has not ended
    #[arg(long)]
    anew: bool,
    /// Start although a node cannot be reached or lacks something that the plan needs
    #[arg(long)]
    unready: bool,
    #[command(flatten)]
    approval: ApprovalFlags,
    /// Start although the plan would break this hold of an earlier run; may be repeated
    #[arg(long, value_name = "HOLD", requires = "why")]
    waive_hold: Vec<String>,
    #[command(flatten)]
    how: RunFlags,
    /// Working directory of local commands [default: the current one]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    #[command(flatten)]
    state: StateFlag,
}

pub fn run(args: &Args, console: &mut Console) -> Exit {
    let mut loaded = match load(&args.plan, args.unproved, console) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let directory = match folder_for_commands(args.dir.as_deref().unwrap_or(Path::new("."))) {
        Ok(folder) => folder,
        Err(error) => return report::run_error(console, &error),
    };
    let decisions = std::mem::take(&mut loaded.decisions);
    let (anew, unready) = (args.anew, args.unready);
    let mut options = Options { decisions, directory, anew, unready, ..args.how.options() };
    options.waive_holds.clone_from(&args.waive_hold);
    options.flags = flags(args, &options.directory);
    options.waived.extend(loaded.waived.take());
    if let Err(error) = approved::check_flags(&args.how, &args.state) {
        return report::run_error(console, &error);
    }
    match permitted(args, &loaded, &options) {
        Ok(approved) => options.approved = approved,
        Err(error) => return report::run_error(console, &error),
    }
    let program = loaded.program;
    if args.dry_run {
        preview::show(&mut console.out, &program, &options, Detail::Commands);
        return warn(&args.state, &program, &options, console);
    }
    if !args.yes
        && let Some(exit) = confirm(&program, &options, console)
    {
        return exit;
    }
    let ended = open(&args.state).and_then(|store| {
        follow(console, &args.how, |reporter, terminal| os::execute(&store, program, &options, reporter, terminal))
    });
    finish(ended, console)
}

/// Says why a run would be refused by what earlier ones have left.
fn warn(state: &StateFlag, program: &Verified, options: &Options, console: &mut Console) -> Exit {
    let found = existing(state).and_then(|store| store.map_or(Ok(Vec::new()), |s| os::obstacles(&s, program, options)));
    let found = match found {
        Ok(found) => found,
        Err(error) => return report::run_error(console, &error),
    };
    for why in &found {
        let word = console.err.styled(Style::Yellow, "warning");
        console.err.line(format_args!("{word}: it would be refused now: {}", why.message));
        console.err.line(format_args!("\n  {}", why.help.as_deref().unwrap_or_default()));
    }
    Exit::Done
}

/// What whoever goes on with it, or back, has to say again.
fn flags(args: &Args, directory: &str) -> Vec<(String, String)> {
    let folder = args.dir.as_ref().map(|_| again("--dir", directory));
    args.approval.again().into_iter().chain(args.how.again()).chain(folder).chain(args.state.again()).collect()
}

/// The folder in which local commands run, absolute.
pub fn folder_for_commands(folder: &Path) -> Result<String, RunError> {
    match std::path::absolute(folder) {
        Ok(path) if os::is_folder(&path) => Ok(path.to_string_lossy().into_owned()),
        _ => {
            let why = format!("`{}` is not a folder that commands could run in", folder.display());
            Err(RunError::usage(why).help("give another one with `--dir`"))
        }
    }
}

/// Whether it may be run like this, and who approved it if somebody had to.
fn permitted(args: &Args, loaded: &Loaded, options: &Options) -> Result<Vec<Approved>, RunError> {
    options.check_decisions(&loaded.program)?;
    options.check_answers(&loaded.program)?;
    match args.dry_run && args.approval.files.is_empty() {
        // A rehearsal needs nobody's approval; but whether it would have that can be seen.
        true => Ok(Vec::new()),
        false => approved::check(&args.approval, loaded, &options.decisions),
    }
}

/// Opens the journal.
pub fn open(state: &StateFlag) -> Result<Store, RunError> {
    Store::open(&folder(state)?)
}

/// Opens the journal to read it, without making one.
pub fn existing(state: &StateFlag) -> Result<Option<Store>, RunError> {
    Store::existing(&folder(state)?)
}

/// Opens the journal to read it; without one there is nothing to read.
pub fn needed(state: &StateFlag) -> Result<Store, RunError> {
    existing(state)?.ok_or_else(|| match folder(state) {
        Ok(folder) => RunError::usage(format!("there is no journal in `{}`", folder.display()))
            .help("nothing has been run with it yet; `--state DIR` looks elsewhere"),
        Err(error) => error,
    })
}

/// The state folder.
pub fn folder(state: &StateFlag) -> Result<PathBuf, RunError> {
    state.state.clone().map_or_else(os::state_folder, Ok)
}

/// Runs something that reports, in the way that was asked for.
pub fn follow(
    console: &mut Console,
    how: &RunFlags,
    act: impl FnOnce(&mut dyn Reporter, bool) -> Result<Ending, RunError>,
) -> Result<Ending, RunError> {
    match how.events {
        // Whoever reads JSON is no person that could be asked.
        Some(_) => act(&mut Lines(&mut console.out), false),
        None => {
            let ending = match console.out.draws() && !how.plain {
                true => act(&mut Live::new(&mut console.out, console.interactive), console.interactive),
                false => act(&mut Progress::new(&mut console.out), console.interactive),
            }?;
            sealed(console, &ending.run, ending.events, &ending.head);
            Ok(ending)
        }
    }
}

/// Says what stands for all of a run's journal, for those who keep evidence elsewhere.
pub fn sealed(console: &mut Console, run: &str, events: i64, head: &str) {
    console.out.line(format_args!("run {run}: {events} events, head {head}"));
}

/// How the command ends when a run has ended, or could not go on.
pub fn finish(ended: Result<Ending, RunError>, console: &mut Console) -> Exit {
    match ended {
        Ok(ending) => {
            let exit = Exit::of(ending.ended.exit_code());
            console.has_run = true;
            if exit != Exit::Done {
                console.err.line(format_args!("`handover show {}` tells all of it", ending.run));
            }
            exit
        }
        Err(error) => report::run_error(console, &error),
    }
}

/// What is to be run.
pub struct Loaded {
    /// The program.
    pub program: Verified,
    /// The decisions made on the command line.
    pub decisions: Vec<(String, String)>,
    /// The proof, if it is done without.
    pub waived: Option<(Waiver, String)>,
    /// What it was compiled from, if that has just been done.
    sources: SourceMap,
}

impl Loaded {
    /// The text of a source. That of a program compiled before is looked for where it was then: it may have changed.
    pub fn text(&self, path: &str) -> Option<String> {
        match self.sources.iter().find(|(_, source)| source.path == path) {
            Some((_, source)) => Some(source.text.clone()),
            None => stdlib::text(path).map(String::from).or_else(|| Disk.read(path).ok()),
        }
    }
}

/// The program with the decisions made on the command line.
pub fn load(args: &PlanArgs, unproved: bool, console: &mut Console) -> Result<Loaded, Exit> {
    if args.file.extension().is_none_or(|e| e != "ha") {
        if let Some(plan) = &args.plan {
            let why = format!("`{}` is a program and has one plan", args.file.display());
            return Err(report::usage(console, &why, &format!("leave `{plan}` out, or name a `.ha` file")));
        }
        let (program, waived) = program(&args.file, unproved, console)?;
        let decisions = args.given.givens.clone();
        return Ok(Loaded { program, decisions, waived, sources: SourceMap::default() });
    }
    let (compiled, compilation) = compile::one(args, Format::Text, console)?;
    let decisions = compiled.answers.iter().filter_map(|(atom, option)| {
        let atom = compiled.program.atoms.get(atom.index())?;
        Some((atom.name.clone(), atom.options.get(usize::from(*option))?.clone()))
    });
    let decisions = decisions.collect();
    let program = compile::verified(compiled.program);
    Ok(Loaded { program, decisions, waived: None, sources: compilation.sources })
}

/// A compiled program, verified; and what is done without if it is not proved.
fn program(file: &Path, unproved: bool, console: &mut Console) -> Result<(Verified, Option<(Waiver, String)>), Exit> {
    let bytes = disasm::read(file, console)?;
    let program = verify::load(&bytes).map_err(|error| disasm::refuse(file, &error, console))?;
    match unsafe_by(&program) {
        Some(why) if !unproved => {
            let message = format!("`{}` is not proved safe: {why}", file.display());
            let help = "check the plan that it was built from with `handover check`, which tells the story, and build it again; \
                        `--unproved` runs it all the same";
            Err(report::refuse(console, Diagnostic::placeless(Code::MalformedProgram, message).help(help)))
        }
        Some(why) => Ok((program, Some((Waiver::Unproved, format!("the program is not proved safe: {why}"))))),
        None => Ok((program, None)),
    }
}

/// Why a program must not be run: the first violation that a proof finds. What the compiler builds has none; this one may
/// have been built by another, or by an older one that knew less.
pub fn unsafe_by(program: &Program) -> Option<String> {
    let proof = prove(program, Limits::default());
    let cell = |cell: CellId| program.cells.get(cell.index()).map_or("?", |c| c.name.as_str());
    let step = |step: InstrId| program.code.get(step.index()).map_or("?", |i| i.name.as_str());
    let found = proof.found.first().map(|found| match found.violation {
        Violation::HeldTwice { step: s, cell: c } => format!("`{}` may be held twice when `{}` runs", cell(c), step(s)),
        Violation::LandsLate { step: s, cell: c } => format!("`{}` may bring `{}` late", step(s), cell(c)),
        Violation::NotSo { step: s, cell: c } => format!("what `{}` needs of `{}` may not be so", step(s), cell(c)),
        Violation::GoalMissed { cell: c } => format!("it may end as done while `{}` is not as its goal says", cell(c)),
        Violation::LeftOpen { cell: c } => format!("`{}` may be left in a state that must not last", cell(c)),
        Violation::ComesBack { cell: c } => format!("`{}` may be so after it, which is dangerous", cell(c)),
    });
    found.or_else(|| {
        proof.undecided.first().map(|u| format!("it could not be decided what becomes of `{}`", cell(u.cell)))
    })
}

/// Shows what will be done and asks; `Some` is how to end because the answer was not yes.
fn confirm(program: &Verified, options: &Options, console: &mut Console) -> Option<Exit> {
    if !console.interactive {
        let help = "say `--yes` to run it, or `--dry-run` to see what it would do";
        return Some(report::usage(console, "without a terminal nobody can be asked whether to go ahead", help));
    }
    preview::show(&mut console.err, program, options, Detail::Steps);
    console.err.put("Go ahead? [y/N] ");
    console.err.flush();
    let mut answer = String::new();
    match io::stdin().read_line(&mut answer) {
        Ok(_) if matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") => None,
        _ => {
            console.err.line("nothing was done");
            Some(Exit::Cancelled)
        }
    }
}
