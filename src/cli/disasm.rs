//! `handover disasm`: a compiled program as text.

use crate::base::{Code, Diagnostic, limits};
use crate::bytecode::{decode, disassemble};
use crate::cli::console::Console;
use crate::cli::{Exit, report};
use crate::os;
use crate::verify::{self, LoadError};
use std::path::{Path, PathBuf};

/// Show a compiled program as text
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  handover disasm switchover.hab\n  handover disasm switchover.hab | less")]
pub struct Args {
    /// The program, as `handover build` made it
    file: PathBuf,
}

pub fn run(args: &Args, console: &mut Console) -> Exit {
    let bytes = match read(&args.file, console) {
        Ok(bytes) => bytes,
        Err(exit) => return exit,
    };
    let program = match decode(&bytes) {
        Ok(program) => program,
        Err(error) => return refuse(&args.file, &LoadError::Decode(error), console),
    };
    console.out.put(disassemble(&program));
    match verify::verify(program) {
        Ok(_) => Exit::Done,
        Err(broken) => refuse(&args.file, &LoadError::Verify(broken), console),
    }
}

/// The bytes of a program.
pub fn read(file: &Path, console: &mut Console) -> Result<Vec<u8>, Exit> {
    os::read(file, limits::PROGRAM_BYTES)
        .map_err(|error| report::refuse(console, report::file(&error, Code::UnreadableFile)))
}

/// Refuses a file that is not a program to rely on.
pub fn refuse(file: &Path, why: &LoadError, console: &mut Console) -> Exit {
    let name = file.display();
    let message = match why {
        LoadError::Decode(error) => format!("`{name}` is not a program: {error}"),
        LoadError::Verify(_) => format!("`{name}` breaks the rules of programs: {why}"),
    };
    let help = "copy it again from where it was built, or build it again with `handover build`";
    report::refuse(console, Diagnostic::placeless(Code::MalformedProgram, message).help(help))
}
