//! `handover cancel`: asks a run that goes on in another terminal to end.

use crate::cli::console::Console;
use crate::cli::flags::StateFlag;
use crate::cli::run::needed;
use crate::cli::waiting::the_one;
use crate::cli::{Exit, report};
use crate::os::control;
use crate::run::{Event, RunError};

/// Ask a run that goes on elsewhere to end: nothing new is started but what puts things in order
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  handover cancel --why \"wrong site\"\n  handover cancel 20261121-211403-9f3e --now\n\n\
                  Without --now, what runs is left to end, and every open question is taken back but those of a `finally`, which \
                  still wait for an answer; its step counts as not run, not as failed. With --now, what runs is ended, and the \
                  questions of a `finally` are taken back, too: their steps fail.\n\n\
                  A run whose executor was lost is cancelled by `handover resume RUN --cancel`."
)]
pub struct Args {
    /// The run, or the beginning of its id [default: the only one that goes on]
    run: Option<String>,
    /// Why; recorded with the wish
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    why: String,
    /// End what runs, too, and take every open question back
    #[arg(long)]
    now: bool,
    #[command(flatten)]
    state: StateFlag,
}

pub fn run(args: &Args, console: &mut Console) -> Exit {
    match cancel(args) {
        Ok(text) => {
            console.out.line(text);
            Exit::Done
        }
        Err(error) => report::run_error(console, &error),
    }
}

fn cancel(args: &Args) -> Result<String, RunError> {
    let store = needed(&args.state)?;
    let run = match &args.run {
        Some(id) => store.run(id)?,
        None => the_one(&store, |store, run| Ok(control::is_alive(store.folder(), &run.id)))?,
    };
    if run.ended.is_some() {
        return Err(RunError::usage(format!("run {} has ended: there is nothing to cancel", run.id)));
    }
    let cancelled = store.events(&run.id)?.iter().any(|r| matches!(r.event, Event::CancelRequested { .. }));
    if cancelled && !args.now {
        return Err(RunError::usage(format!("run {} is being cancelled already", run.id))
            .help(format!("what runs is left to end; `handover cancel {} --now` ends it", run.id)));
    }
    control::cancel(store.folder(), &run.id, args.now, &args.why)?;
    let how = if args.now { "what runs is being ended" } else { "what runs is left to end, nothing new is started" };
    Ok(format!("run {} is being cancelled: {how}, and what must be put in order is", run.id))
}
