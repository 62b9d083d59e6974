//! `handover lsp`: the language server, for editors.

use crate::cli::Exit;
use crate::cli::console::Console;
use crate::lsp::{Ended, serve};
use std::io::{BufReader, stdin, stdout};

/// Help an editor with plans: the language server, on standard input and output
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  handover lsp\n\n\
                  Editors start it by themselves: docs/editors.md has the settings for VS Code, Neovim, Helix and Emacs.\n\
                  It speaks the Language Server Protocol 3.17 and writes no file but read-only copies of the standard \
                  library, in the user's cache.")]
pub struct Args {
    /// Standard input and output: what it does anyway; some editors say it
    #[arg(long)]
    stdio: bool,
}

pub fn run(_args: &Args, console: &mut Console) -> Exit {
    match serve(BufReader::new(stdin()), stdout()) {
        Ok(Ended::Orderly) => Exit::Done,
        Ok(Ended::Abruptly) => Exit::Findings,
        Err(error) => {
            console.err.line(format_args!("error: the language server cannot start: {error}"));
            Exit::Findings
        }
    }
}
