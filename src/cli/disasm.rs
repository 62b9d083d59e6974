//! `handover disasm`: a compiled program as text.

use crate::base::{Code, Diagnostic, limits};
use crate::bytecode::{decode, disassemble};
use crate::cli::console::Console;
use crate::cli::{Exit, report};
use crate::{os, verify};
use std::path::PathBuf;

/// Show a compiled program as text
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  handover disasm switchover.hab\n  handover disasm switchover.hab | less")]
pub struct Args {
    /// The program, as `handover build` made it
    file: PathBuf,
}

pub fn run(args: &Args, console: &mut Console) -> Exit {
    let bytes = match os::read(&args.file, limits::PROGRAM_BYTES) {
        Ok(bytes) => bytes,
        Err(error) => return report::refuse(console, report::file(&error, Code::UnreadableFile)),
    };
    let name = args.file.display();
    let program = match decode(&bytes) {
        Ok(program) => program,
        Err(error) => return report::refuse(console, malformed(format!("`{name}` is not a program: {error}"))),
    };
    console.out.put(disassemble(&program));
    match verify::verify(program) {
        Ok(_) => Exit::Done,
        Err(broken) => {
            let broken = broken.into_iter().map(|f| malformed(format!("`{name}` breaks a rule of programs: {f}")));
            broken.for_each(|d| _ = report::refuse(console, d));
            Exit::Findings
        }
    }
}

fn malformed(message: String) -> Diagnostic {
    Diagnostic::placeless(Code::MalformedProgram, message)
        .help("copy it again from where it was built, or build it again with `handover build`")
}
