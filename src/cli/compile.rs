//! From a file on the command line to one compiled plan, or to what is wrong with it.

use crate::base::Diagnostic;
use crate::bytecode::Program;
use crate::cli::console::Console;
use crate::cli::flags::{Format, GivenFlag};
use crate::cli::{Exit, report};
use crate::os::Disk;
use crate::session::{self, Compilation, Compiled, Request};
use crate::verify::{self, Verified};
use std::path::PathBuf;

/// The plan that a subcommand is about.
#[derive(clap::Args, Debug)]
pub struct PlanArgs {
    /// The file
    pub file: PathBuf,
    /// The plan, if the file has several
    pub plan: Option<String>,
    #[command(flatten)]
    pub given: GivenFlag,
}

/// Compiles the plan. Findings go to standard error, or as JSON to standard output; `Err` is how to end.
pub fn one(args: &PlanArgs, format: Format, console: &mut Console) -> Result<(Compiled, Compilation), Exit> {
    let request = Request { plan: args.plan.clone(), givens: args.given.givens.clone(), everything: false };
    let mut compilation = session::compile(&Disk, &args.file.to_string_lossy(), &request);
    told(&compilation, format, console)?;
    if let Some(refusal) = &compilation.refused {
        return Err(report::usage(console, &refusal.message, &refusal.help));
    }
    match compilation.plans.pop() {
        Some(compiled) => Ok((compiled, compilation)),
        #[allow(clippy::panic, reason = "a panic is how a defect of handover is reported")]
        None => panic!("a compilation gave neither a plan nor a word about why"),
    }
}

/// Says what was found; `Err` if it keeps the plans from being compiled.
pub fn told(compilation: &Compilation, format: Format, console: &mut Console) -> Result<(), Exit> {
    let errors = compilation.diagnostics.iter().any(Diagnostic::is_error);
    match format {
        Format::Json if errors => {
            report::findings(&mut console.out, format, &compilation.diagnostics, &compilation.sources);
        }
        Format::Text if !compilation.diagnostics.is_empty() => {
            report::findings(&mut console.err, format, &compilation.diagnostics, &compilation.sources);
        }
        _ => {}
    }
    if errors {
        return Err(Exit::Findings);
    }
    Ok(())
}

/// What the compiler made keeps the rules of programs; if it does not, that is a defect of ours.
pub fn verified(program: Program) -> Verified {
    #[allow(clippy::panic, reason = "a panic is how a defect of handover is reported")]
    verify::verify(program).unwrap_or_else(|broken| panic!("the compiler broke a rule of programs: {broken:?}"))
}
