//! `handover show`: what happened in a run, told as it was told when it happened.

use crate::cli::console::Console;
use crate::cli::flags::{Format, FormatFlag, StateFlag};
use crate::cli::progress::{Progress, named};
use crate::cli::run::open;
use crate::cli::{Exit, report};
use crate::os::{RunInfo, Store};
use crate::run::{Machine, Record, Reporter, RunError};
use crate::verify::{self, Verified};
use serde_json::json;
use std::sync::Arc;

/// Show what happened in a run
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  handover show\n  handover show 20261121-211403-9f3e\n  handover show 2026 --format json"
)]
pub struct Args {
    /// The run, or the beginning of its id [default: the latest]
    run: Option<String>,
    #[command(flatten)]
    format: FormatFlag,
    #[command(flatten)]
    state: StateFlag,
}

/// Everything that the journal has of a run.
struct Story {
    info: RunInfo,
    program: Arc<Verified>,
    records: Vec<Record>,
}

pub fn run(args: &Args, console: &mut Console) -> Exit {
    let shown = read(args).and_then(|story| match args.format.format {
        Format::Json => {
            let events: Vec<_> = story.records.iter().map(|r| named(&story.program, r)).collect();
            report::document(&mut console.out, &json!({ "run": story.info, "events": events }));
            Ok(())
        }
        Format::Text => tell(story, console),
    });
    match shown {
        Ok(()) => Exit::Done,
        Err(error) => report::run_error(console, &error),
    }
}

fn read(args: &Args) -> Result<Story, RunError> {
    let store = open(&args.state)?;
    let info = match &args.run {
        Some(id) => store.run(id)?,
        None => latest(&store, |_| true)?,
    };
    let program = verify::load(&store.program(&info.digest)?)
        .map_err(|error| RunError::open(format!("the program of run {} is refused: {error}", info.id)))?;
    let records = store.events(&info.id)?;
    Ok(Story { info, program: Arc::new(program), records })
}

/// The latest run that fits.
pub fn latest(store: &Store, fits: impl Fn(&RunInfo) -> bool) -> Result<RunInfo, RunError> {
    let found = store.runs()?.into_iter().find(|r| fits(r));
    found.ok_or_else(|| {
        RunError::usage(format!("there is no such run in `{}`", store.folder().display()))
            .help("`handover runs` lists them; `--state DIR` looks elsewhere")
    })
}

fn tell(story: Story, console: &mut Console) -> Result<(), RunError> {
    let mut machine = Machine::new(story.program);
    let mut progress = Progress::new(&mut console.out);
    for record in &story.records {
        machine
            .apply(&record.event)
            .map_err(|e| RunError::open(format!("the journal contradicts itself: {}", e.message)))?;
        progress.record(&machine, record);
    }
    if story.info.ended.is_none() {
        console
            .err
            .line(format_args!("not ended: it is still running, or `handover resume {}` goes on", story.info.id));
    }
    Ok(())
}
