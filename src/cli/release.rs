//! `handover release`: ends a duty that a run has left, by somebody's word.

use crate::cli::Exit;
use crate::cli::console::Console;
use crate::cli::flags::StateFlag;
use crate::cli::report;
use crate::cli::run::{needed, open};

/// End a hold that a run has left: it is over, and nothing has to be kept so any more
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  handover release 20261121-211403-9f3e.1 --why \"the server was scrapped\"")]
pub struct Args {
    /// The whole id of the hold, or of the run that has left it; `handover runs` lists them
    hold: String,
    /// Why; recorded with who says so
    #[arg(long, value_name = "TEXT")]
    why: String,
    #[command(flatten)]
    state: StateFlag,
}

pub fn run(args: &Args, console: &mut Console) -> Exit {
    let released = needed(&args.state).and_then(|_| open(&args.state)?.release(&args.hold, &args.why));
    match released {
        Ok(held) => {
            console.out.line(format_args!("released: {}", held.shown()));
            Exit::Done
        }
        Err(error) => report::run_error(console, &error),
    }
}
