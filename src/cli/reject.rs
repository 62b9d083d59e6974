//! `handover reject`: answers a question of a run that goes on in another terminal, with a no.

use crate::cli::Exit;
use crate::cli::console::Console;
use crate::cli::flags::StateFlag;
use crate::cli::waiting::{Wanted, give};

/// Answer a question of a run that goes on elsewhere: no, or the answer that stops
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  handover reject --why \"the standby lags\"\n  handover reject 2026 sure --why no")]
pub struct Args {
    /// The run, or the beginning of its id, and the step [default: the only one that asks]
    #[arg(value_names = ["RUN", "STEP"], num_args = 0..=2)]
    names: Vec<String>,
    /// Why; recorded with the answer
    #[arg(long, value_name = "TEXT")]
    why: String,
    #[command(flatten)]
    state: StateFlag,
}

pub fn run(args: &Args, console: &mut Console) -> Exit {
    let wanted = Wanted { names: &args.names, approve: false, word: None, why: &args.why };
    give(&wanted, &args.state, console)
}
