//! `handover receive`: keeps the copy of a journal that is written on another machine.

use crate::cli::console::Console;
use crate::cli::flags::StateFlag;
use crate::cli::run::open;
use crate::cli::{Exit, report};
use crate::os;
use std::io::{stdin, stdout};

/// Keep the copy of a journal: `run --replica` starts this on the other machine
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  handover receive\n  handover receive --state /srv/handover")]
pub struct Args {
    #[command(flatten)]
    state: StateFlag,
}

pub fn run(args: &Args, console: &mut Console) -> Exit {
    let store = match open(&args.state) {
        Ok(store) => store,
        Err(error) => return report::run_error(console, &error),
    };
    match os::receive(&store, stdin().lock(), stdout().lock()) {
        Ok(()) => Exit::Done,
        Err(error) => {
            console.err.line(format_args!("error: the other side has gone: {error}"));
            Exit::Stopped
        }
    }
}
