//! `handover completions`: completion scripts for shells.

use crate::cli::console::Console;
use crate::cli::{Cli, Exit};
use clap::CommandFactory;
use clap_complete::Shell;

/// Print a completion script for a shell
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  handover completions bash\n  handover completions zsh")]
pub struct Args {
    /// The shell
    shell: Shell,
}

pub fn run(args: &Args, console: &mut Console) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "handover", &mut script);
    console.out.bytes(&script);
    Exit::Done
}
