//! `handover resume`: goes on with a run whose executor was lost.

use crate::cli::approved;
use crate::cli::console::Console;
use crate::cli::flags::{RunFlags, StateFlag, again, pair};
use crate::cli::run::{finish, folder_for_commands, follow, needed, open};
use crate::cli::{Exit, report};
use crate::os::{self, Store};
use crate::run::{Options, RunError, Settlement};
use std::path::PathBuf;

/// Go on with a run whose executor was lost
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  handover resume\n  handover resume 20261121-211403-9f3e\n  handover resume 2026 --settle stop=done\n  \
                  handover resume 2026 --dead control-east --dir /srv/plans"
)]
pub struct Args {
    /// The run, or the beginning of its id [default: the latest that has not ended]
    run: Option<String>,
    /// What became of a step whose outcome was lost: `stop=done`, `stop=failed`, or `stop=again` to run it again; may be
    /// repeated
    #[arg(long, value_name = "STEP=WHAT", value_parser = settlement)]
    settle: Vec<(String, Settlement)>,
    /// Cancel it at once: only what puts things in order is done
    #[arg(long)]
    cancel: bool,
    /// The host of the executor that ran it before is dead, or can reach nothing any more: you have made sure of it. For
    /// going on from the copy of a journal
    #[arg(long, value_name = "HOST")]
    dead: Option<String>,
    /// Go on without asking the copy of the journal whether the run was taken over there
    #[arg(long, conflicts_with = "replica")]
    without_replica: bool,
    #[command(flatten)]
    how: RunFlags,
    /// Working directory of local commands [default: as it was]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    #[command(flatten)]
    state: StateFlag,
}

pub fn run(args: &Args, console: &mut Console) -> Exit {
    let directory = match args.dir.as_deref().map(folder_for_commands) {
        Some(Ok(folder)) => folder,
        Some(Err(error)) => return report::run_error(console, &error),
        None => String::new(),
    };
    let options = Options {
        settle: args.settle.clone(),
        cancel: args.cancel,
        dead: args.dead.clone(),
        without_replica: args.without_replica,
        flags: flags(args, &directory),
        directory,
        ..args.how.options()
    };
    // Where there is no journal there is nothing to take up, and none is made.
    let allowed = approved::check_flags(&args.how, &args.state);
    let ended = allowed.and_then(|()| needed(&args.state)).and_then(|_| open(&args.state)).and_then(|store| {
        let run = match &args.run {
            Some(id) => id.clone(),
            None => latest(&store)?,
        };
        approved::check_recorded(&store, &store.run(&run)?.id)?;
        follow(console, &args.how, |reporter, terminal| os::resume(&store, &run, &options, reporter, terminal))
    });
    finish(ended, console)
}

/// What whoever goes on with it after this, or back, has to say again.
fn flags(args: &Args, directory: &str) -> Vec<(String, String)> {
    let folder = args.dir.as_ref().map(|_| again("--dir", directory));
    args.how.again().into_iter().chain(folder).chain(args.state.again()).collect()
}

/// The id of the latest run that has not ended.
fn latest(store: &Store) -> Result<String, RunError> {
    let unfinished = store.runs()?.into_iter().find(|run| run.ended.is_none());
    unfinished.map(|run| run.id).ok_or_else(|| {
        RunError::usage(format!("no run in `{}` is unfinished: there is nothing to take up", store.folder().display()))
            .help("`handover runs` lists them; `--state DIR` looks elsewhere")
    })
}

fn settlement(text: &str) -> Result<(String, Settlement), String> {
    let (step, what) = pair(text)?;
    match what.as_str() {
        "done" => Ok((step, Settlement::Done)),
        "failed" => Ok((step, Settlement::Failed)),
        "again" => Ok((step, Settlement::Again)),
        _ => Err(String::from("expected done, failed or again")),
    }
}
