//! `handover approve`: answers a question of a run that goes on in another terminal.

use crate::cli::Exit;
use crate::cli::console::Console;
use crate::cli::flags::StateFlag;
use crate::cli::waiting::{Wanted, give};

/// Answer a question of a run that goes on elsewhere: yes, or the answer with which the plan goes on
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  handover approve\n  handover approve sure --why \"ticket 4711 is closed\"\n  \
                  handover approve 20261121-211403-9f3e way --answer full")]
pub struct Args {
    /// The run, or the beginning of its id, and the step [default: the only one that asks]
    #[arg(value_names = ["RUN", "STEP"], num_args = 0..=2)]
    names: Vec<String>,
    /// Which answer, where the question has more than one with which the plan goes on
    #[arg(long, value_name = "WORD")]
    answer: Option<String>,
    /// Why; recorded with the answer
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    why: String,
    #[command(flatten)]
    state: StateFlag,
}

pub fn run(args: &Args, console: &mut Console) -> Exit {
    let wanted = Wanted { names: &args.names, approve: true, word: args.answer.as_deref(), why: &args.why };
    give(&wanted, &args.state, console)
}
