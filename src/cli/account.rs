//! `handover report`: a run for people who were not there.

use crate::cli::console::Console;
use crate::cli::flags::StateFlag;
use crate::cli::show::{Story, read};
use crate::cli::{Exit, report};
use crate::emit::report::{Report, Seal, html, markdown};
use crate::os::{self, Held};
use crate::run::{Chronicle, Machine, RunError};
use clap::ValueEnum;
use std::path::PathBuf;
use std::sync::Arc;

/// Write a report of a run
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  handover report\n  handover report 20261121-211403-9f3e --format html -o report.html\n  \
                  handover report 2026 --format json"
)]
pub struct Args {
    /// The run, or the beginning of its id [default: the latest]
    run: Option<String>,
    /// As what; by default by the name of the file, else Markdown
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<Form>,
    /// Write it to this file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    state: StateFlag,
}

/// The forms of a report.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Form {
    /// For a wiki, a ticket, a terminal
    Markdown,
    /// One page that needs nothing else
    Html,
    /// For programs; `docs/json.md` describes it
    Json,
}

pub fn run(args: &Args, console: &mut Console) -> Exit {
    let text = match read(args.run.as_deref(), &args.state).and_then(|story| write(args, story)) {
        Ok(text) => text,
        Err(error) => return report::run_error(console, &error),
    };
    let Some(path) = &args.output else {
        console.out.put(text);
        return Exit::Done;
    };
    match os::write(path, text.as_bytes(), false) {
        Ok(()) => Exit::Done,
        Err(error) => report::usage(console, &error.to_string(), "give another file with `-o`"),
    }
}

fn write(args: &Args, story: Story) -> Result<String, RunError> {
    let defect = |error: &dyn std::fmt::Display| RunError::defect(format!("the report cannot be written: {error}"));
    let machine = Machine::replay(Arc::clone(&story.program), &story.records)
        .map_err(|e| RunError::open(format!("the journal contradicts itself: {}", e.message)))?;
    if let Some(damage) = story.damage {
        return Err(damage);
    }
    let seal = Seal { events: story.info.events, head: story.info.head };
    let (over, open): (Vec<_>, Vec<_>) = story.holds.iter().partition(|(_, over)| over.is_some());
    let text = |(held, over): &(Held, Option<String>)| {
        let about: Vec<&str> = held.duty.about().collect();
        let on = if about.is_empty() { String::new() } else { format!(" on {}", about.join(", ")) };
        let over = over.as_ref().map_or_else(String::new, |over| format!(" ({over})"));
        format!("{}{on}: {}{over}", held.id, held.duty.text)
    };
    let holds = (open.into_iter().map(text).collect(), over.into_iter().map(text).collect());
    let report = Report::of(&machine, &Chronicle::of(&story.records), holds, Some(seal));
    let report = report.ok_or_else(|| RunError::open("the run has no beginning in the journal"))?;
    let named = args.output.as_ref().and_then(|path| path.extension()).and_then(|e| e.to_str());
    let by_name = match named {
        Some("html" | "htm") => Form::Html,
        Some("json") => Form::Json,
        _ => Form::Markdown,
    };
    match args.format.unwrap_or(by_name) {
        Form::Markdown => markdown(&report).map_err(|e| defect(&e)),
        Form::Html => html(&report).map_err(|e| defect(&e)),
        Form::Json => serde_json::to_string_pretty(&report).map(|text| text + "\n").map_err(|e| defect(&e)),
    }
}
