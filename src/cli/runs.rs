//! `handover runs`: every run of the state folder.

use crate::cli::console::{Console, Style};
use crate::cli::facts::call;
use crate::cli::flags::{Format, FormatFlag, StateFlag};
use crate::cli::run::{existing, folder};
use crate::cli::standing::Standing;
use crate::cli::{Exit, report};
use crate::os::{RunInfo, Store};
use crate::run::{RunError, RunOutcome, left_open};
use serde::Serialize;
use serde_json::json;

/// List the runs and what has become of them
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  handover runs\n  handover runs --format json")]
pub struct Args {
    #[command(flatten)]
    format: FormatFlag,
    #[command(flatten)]
    state: StateFlag,
}

pub fn run(args: &Args, console: &mut Console) -> Exit {
    let listed = existing(&args.state).and_then(|store| {
        store.map_or_else(|| Ok((Vec::new(), Vec::new())), |store| Ok((list(&store)?, store.holds()?)))
    });
    let listed = match listed {
        Ok(listed) => listed,
        Err(error) => return report::run_error(console, &error),
    };
    let (listed, holds) = listed;
    if args.format.format == Format::Json {
        report::document(&mut console.out, &json!({ "runs": listed, "holds": holds }));
        return Exit::Done;
    }
    for Listed { run, standing, open } in &listed {
        let (word, style) = outcome(run, standing);
        let word = console.out.styled(style, &format!("{word:<10}"));
        let started = run.started.strftime("%Y-%m-%d %H:%M:%SZ");
        let (call, waivers) = (call(&run.plan, &run.arguments), waivers(run));
        console.out.line(format_args!("{}  {started}  {word}  {call}, by {}{waivers}", run.id, run.by));
        for line in open.iter().map(|text| format!("left open: {text}")).chain(standing.remarks.iter().cloned()) {
            console.out.line(format_args!("    {line}"));
        }
    }
    for held in &holds {
        let since = held.since.strftime("%Y-%m-%d %H:%M:%SZ");
        console.out.line(format_args!("held since {since}  {}  {}", held.id, held.shown()));
    }
    if listed.is_empty() {
        match folder(&args.state) {
            Ok(folder) => console.err.line(format_args!("there are no runs in `{}` yet", folder.display())),
            Err(error) => return report::run_error(console, &error),
        }
    }
    Exit::Done
}

/// A run with how it stands if it has not ended, and what it has left if it has.
#[derive(Serialize)]
struct Listed {
    #[serde(flatten)]
    run: RunInfo,
    #[serde(flatten)]
    standing: Standing,
    /// What it left open, in words.
    #[serde(skip)]
    open: Vec<String>,
}

fn list(store: &Store) -> Result<Vec<Listed>, RunError> {
    // A run that cannot be read is listed all the same.
    let standing = |run: &RunInfo| match run.ended {
        Some(_) => Standing::default(),
        None => Standing::of(store, run).unwrap_or_default(),
    };
    let listed = |run: RunInfo| Listed { standing: standing(&run), open: left(store, &run), run };
    Ok(store.runs()?.into_iter().map(listed).collect())
}

/// What a run has left open.
fn left(store: &Store, run: &RunInfo) -> Vec<String> {
    if run.open.is_empty() {
        return Vec::new();
    }
    match store.program(&run.digest) {
        Ok(program) => run.open.iter().map(|open| left_open(&program, open)).collect(),
        Err(_) => vec![format!("`handover show {}` says what", run.id)],
    }
}

/// A run that was done without something is no plain success.
fn waivers(run: &RunInfo) -> String {
    match run.waived.len() {
        0 => String::new(),
        1 => String::from(", with 1 waiver"),
        n => format!(", with {n} waivers"),
    }
}

fn outcome(run: &RunInfo, standing: &Standing) -> (&'static str, Style) {
    match run.outcome {
        Some(_) if !run.open.is_empty() => ("left open", Style::Red),
        Some(RunOutcome::Completed) => ("completed", Style::Green),
        Some(RunOutcome::Stopped) => ("stopped", Style::Red),
        Some(RunOutcome::Cancelled) => ("cancelled", Style::Yellow),
        None if standing.taken_over => ("taken over", Style::Yellow),
        None if standing.alive => ("running", Style::Bold),
        None => ("unfinished", Style::Bold),
    }
}
