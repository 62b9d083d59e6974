//! `handover show`: what happened in a run, told as it was told when it happened.

use crate::cli::console::Console;
use crate::cli::flags::{Format, FormatFlag, StateFlag};
use crate::cli::progress::{Progress, named};
use crate::cli::run::{needed, sealed};
use crate::cli::{Exit, report};
use crate::os::{Held, RunInfo, Store};
use crate::run::{Aftermath, Chronicle, Inconsistent, Machine, Record, Reporter, RunError};
use crate::verify::Verified;
use serde_json::json;
use std::sync::Arc;

/// Show what happened in a run
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  handover show\n  handover show 20261121-211403-9f3e\n  handover show 2026 --format json\n  \
                  handover show 20261121-211403-9f3e --verify"
)]
pub struct Args {
    /// The run, or the beginning of its id [default: the latest]
    run: Option<String>,
    /// Say whether the journal of the run is what was written: exit code 1 if not
    #[arg(long)]
    verify: bool,
    /// The end of the chain as a report or a terminal has it: it must be in the journal
    #[arg(long, value_name = "DIGEST", requires = "verify")]
    head: Option<String>,
    #[command(flatten)]
    format: FormatFlag,
    #[command(flatten)]
    state: StateFlag,
}

/// Everything that the journal has of a run.
pub struct Story {
    pub info: RunInfo,
    pub program: Arc<Verified>,
    pub records: Vec<Record>,
    /// The duties that it has left, each with what has ended it since.
    pub holds: Vec<(Held, Option<String>)>,
    /// Why there are no more of them.
    pub damage: Option<RunError>,
}

pub fn run(args: &Args, console: &mut Console) -> Exit {
    let shown = match args.verify {
        true => verify(args, console),
        false => read(args.run.as_deref(), &args.state).and_then(|story| match args.format.format {
            Format::Json => document(story, console),
            Format::Text => tell(story, console),
        }),
    };
    shown.unwrap_or_else(|error| report::run_error(console, &error))
}

/// Reads a run, by default the latest.
pub fn read(run: Option<&str>, state: &StateFlag) -> Result<Story, RunError> {
    let store = needed(state)?;
    let info = match run {
        Some(id) => store.run(id)?,
        None => latest(&store)?,
    };
    let program = store.program(&info.digest)?;
    let (records, damage) = store.readable(&info.id);
    let holds = store.left_by(&info.id)?;
    Ok(Story { info, program: Arc::new(program), records, holds, damage })
}

fn document(story: Story, console: &mut Console) -> Result<Exit, RunError> {
    let events: Vec<_> = story.records.iter().map(|r| named(&story.program, r)).collect();
    let left = left(&story);
    let document = json!({ "run": story.info, "events": events, "left": left.as_ref().ok() });
    report::document(&mut console.out, &document);
    story.damage.map_or(left.map(|_| Exit::Done), Err)
}

/// Examines the journal instead of telling what it says.
fn verify(args: &Args, console: &mut Console) -> Result<Exit, RunError> {
    let store = needed(&args.state)?;
    let run = match &args.run {
        Some(id) => store.trace(id)?,
        None => latest(&store)?.id,
    };
    let audit = store.audit(&run, args.head.as_deref())?;
    let whole = audit.findings.is_empty();
    if args.format.format == Format::Json {
        report::document(&mut console.out, &json!({ "whole": whole, "audit": audit }));
    } else if whole {
        console.out.line(format_args!("run {run} is whole: {} events, head {}", audit.events, audit.head));
    } else {
        console.out.line(format_args!("run {run} is not what was written:"));
        for finding in &audit.findings {
            console.out.line(format_args!("  {}", finding.text));
        }
    }
    Ok(if whole { Exit::Done } else { Exit::Findings })
}

/// The latest run.
fn latest(store: &Store) -> Result<RunInfo, RunError> {
    store.runs()?.into_iter().next().ok_or_else(|| {
        RunError::usage(format!("there are no runs in `{}` yet", store.folder().display()))
            .help("`--state DIR` looks elsewhere")
    })
}

/// What is left of a run that has not completed.
fn left(story: &Story) -> Result<Option<Aftermath>, RunError> {
    let machine = Machine::replay(Arc::clone(&story.program), &story.records).map_err(contradicts)?;
    Ok(Aftermath::of(&machine, &Chronicle::of(&story.records)))
}

fn contradicts(error: Inconsistent) -> RunError {
    RunError::open(format!("the journal contradicts itself: {}", error.message))
}

fn tell(story: Story, console: &mut Console) -> Result<Exit, RunError> {
    let mut machine = Machine::new(story.program);
    let mut progress = Progress::replay(&mut console.out);
    for record in &story.records {
        machine.apply(&record.event).map_err(contradicts)?;
        progress.record(&machine, record);
    }
    if let Some(damage) = story.damage {
        return Err(damage);
    }
    if story.info.ended.is_none() {
        progress.left(&machine);
    }
    for (held, over) in story.holds {
        if let Some(over) = over {
            console.out.line(format_args!("hold {} is over: {over}", held.id));
        }
    }
    sealed(console, &story.info.id, story.info.events, &story.info.head);
    if story.info.ended.is_none() {
        console
            .err
            .line(format_args!("not ended: it is still running, or `handover resume {}` goes on", story.info.id));
    }
    Ok(Exit::Done)
}
