//! `handover runs`: every run of the state folder.

use crate::cli::console::{Console, Style};
use crate::cli::flags::{Format, FormatFlag, StateFlag};
use crate::cli::run::existing;
use crate::cli::{Exit, report};
use crate::os::RunInfo;
use crate::run::RunOutcome;
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
    let runs = match existing(&args.state).and_then(|store| store.map_or_else(|| Ok(Vec::new()), |store| store.runs()))
    {
        Ok(runs) => runs,
        Err(error) => return report::run_error(console, &error),
    };
    if args.format.format == Format::Json {
        report::document(&mut console.out, &json!({ "runs": runs }));
        return Exit::Done;
    }
    for run in &runs {
        let (word, style) = outcome(run);
        let word = console.out.styled(style, &format!("{word:<10}"));
        let started = run.started.strftime("%Y-%m-%d %H:%M:%SZ");
        console.out.line(format_args!("{}  {started}  {word}  {}", run.id, run.plan));
    }
    if runs.is_empty() {
        console.err.line("there are no runs yet");
    }
    Exit::Done
}

fn outcome(run: &RunInfo) -> (&'static str, Style) {
    match run.outcome {
        Some(RunOutcome::Completed) => ("completed", Style::Green),
        Some(RunOutcome::Stopped) => ("stopped", Style::Red),
        Some(RunOutcome::Cancelled) => ("cancelled", Style::Yellow),
        None => ("unfinished", Style::Bold),
    }
}
