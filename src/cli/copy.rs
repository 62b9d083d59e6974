//! `handover copy`: brings the copy of a journal up to date when its run has ended without it.

use crate::cli::console::Console;
use crate::cli::flags::StateFlag;
use crate::cli::run::needed;
use crate::cli::{Exit, report};
use crate::os;
use crate::run::RunError;

/// Copy the journal of a run that has ended: what its copy lacks is sent
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  handover copy 20261121-211403-9f3e\n  handover copy 2026 --replica 'ssh control-west'"
)]
pub struct Args {
    /// The run, or the beginning of its id
    run: String,
    /// What leads to the other machine [default: what the run was started with]
    #[arg(long, value_name = "PREFIX")]
    replica: Option<String>,
    #[command(flatten)]
    state: StateFlag,
}

pub fn run(args: &Args, console: &mut Console) -> Exit {
    match copy(args) {
        Ok(text) => {
            console.out.line(text);
            Exit::Done
        }
        Err(error) => report::run_error(console, &error),
    }
}

fn copy(args: &Args) -> Result<String, RunError> {
    let store = needed(&args.state)?;
    let run = store.run(&args.run)?;
    let way = os::copy(&store, &run, args.replica.as_deref())?;
    Ok(format!("the copy by `{way}` has all {} events of run {}, head {}", run.events, run.id, run.head))
}
