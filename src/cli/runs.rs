//! `handover runs`: every run of the state folder.

use crate::cli::console::{Console, Style};
use crate::cli::flags::{Format, FormatFlag, StateFlag};
use crate::cli::run::existing;
use crate::cli::waiting::{Waiting, waiting};
use crate::cli::{Exit, report};
use crate::os::{RunInfo, Store, control};
use crate::run::{RunError, RunOutcome};
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
    for Listed { run, alive, waits } in &listed {
        let (word, style) = outcome(run, *alive);
        let word = console.out.styled(style, &format!("{word:<10}"));
        let started = run.started.strftime("%Y-%m-%d %H:%M:%SZ");
        console.out.line(format_args!("{}  {started}  {word}  {}{}", run.id, run.plan, waivers(&run.waived)));
        for waiting in waits {
            console.out.line(format_args!("    waits for an answer: {}", waiting.shown()));
        }
    }
    for held in &holds {
        let since = held.since.strftime("%Y-%m-%d %H:%M:%SZ");
        console.out.line(format_args!("held since {since}  {}  {}", held.id, held.shown()));
    }
    if listed.is_empty() {
        console.err.line("there are no runs yet");
    }
    Exit::Done
}

/// A run with what only one that has not ended has.
#[derive(Serialize)]
struct Listed {
    #[serde(flatten)]
    run: RunInfo,
    /// An executor works on it, and this user may talk to it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    alive: bool,
    /// Its open questions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    waits: Vec<Waiting>,
}

fn list(store: &Store) -> Result<Vec<Listed>, RunError> {
    let listed = |run: RunInfo| {
        if run.ended.is_some() {
            return Listed { run, alive: false, waits: Vec::new() };
        }
        // A run that cannot be read is listed all the same.
        let waits = waiting(store, &run).unwrap_or_default();
        Listed { alive: control::is_alive(store.folder(), &run.id), waits, run }
    };
    Ok(store.runs()?.into_iter().map(listed).collect())
}

/// A run that was done without something is no plain success.
fn waivers(waived: &[String]) -> String {
    match waived {
        [] => String::new(),
        [one] => format!("  with 1 waiver: {one}"),
        several => format!("  with {} waivers: {}", several.len(), several.join("; ")),
    }
}

fn outcome(run: &RunInfo, alive: bool) -> (&'static str, Style) {
    match run.outcome {
        Some(RunOutcome::Completed) => ("completed", Style::Green),
        Some(RunOutcome::Stopped) => ("stopped", Style::Red),
        Some(RunOutcome::Cancelled) => ("cancelled", Style::Yellow),
        None if alive => ("running", Style::Bold),
        None => ("unfinished", Style::Bold),
    }
}
