//! `handover build`: a plan as something that can be run without its text.

use crate::base::{Code, Diagnostic};
use crate::bytecode::encode;
use crate::cli::compile::{self, PlanArgs};
use crate::cli::console::Console;
use crate::cli::flags::Format;
use crate::cli::runbook::{self, Form};
use crate::cli::{Exit, report};
use crate::emit::{self, shell::EmitError};
use crate::order::specialise;
use crate::os;
use std::path::{Path, PathBuf};

/// Compile a plan to a program, a shell script or a runbook
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  handover build move.ha -o move.hab\n  handover build move.ha switchover --emit sh -o switchover.sh\n  \
                  handover build move.ha switchover --emit sh -o switchover.sh --check\n  \
                  handover build move.ha switchover --emit runbook -o switchover.html"
)]
pub struct Args {
    #[command(flatten)]
    plan: PlanArgs,
    /// What to make of it
    #[arg(long, value_enum, default_value_t = Emit::Bytecode, value_name = "WHAT")]
    emit: Emit,
    /// A runbook as what; by default by the name of the file, else Markdown
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<Form>,
    /// Where to put it; `-` is standard output [default: a program goes to PLAN.hab, all else to standard output]
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    /// Write nothing; fail if OUT is not what would be written
    #[arg(long)]
    check: bool,
}

/// What a plan can be compiled to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Emit {
    /// A program for `handover run`
    Bytecode,
    /// A POSIX shell script that needs nothing else
    Sh,
    /// Everything that is known of the plan; `docs/json.md` describes it
    Json,
    /// The numbered procedure for people: a page or Markdown
    Runbook,
}

pub fn run(args: &Args, console: &mut Console) -> Exit {
    if args.format.is_some() && args.emit != Emit::Runbook {
        return report::usage(console, "only a runbook has a format", "add `--emit runbook`, or leave `--format` out");
    }
    let (compiled, compilation) = match compile::one(&args.plan, Format::Text, console) {
        Ok(compiled) => compiled,
        Err(exit) => return exit,
    };
    if let Some(atom) = compiled.answers.first().and_then(|(atom, _)| compiled.plan.atoms.get(atom.index())) {
        let why = format!("`{}` is decided when the run starts, not when the plan is built", atom.name);
        return report::usage(console, &why, "leave it out here, and give it to `handover run` or to the script");
    }
    let program = compile::verified(compiled.program.clone());
    let bytes = match args.emit {
        Emit::Bytecode => encode(&program),
        Emit::Sh => match emit::shell::shell(&program) {
            Ok(script) => script.into_bytes(),
            Err(error) => return report::refuse(console, no_script(&error)),
        },
        Emit::Json => {
            let skipped = specialise(&compiled.dag, &[]);
            let json =
                emit::plan_json(&compiled.plan, &compiled.dag, &skipped, &compiled.verdict, &compilation.sources);
            format!("{json:#}\n").into_bytes()
        }
        Emit::Runbook => {
            let form = args.format.unwrap_or_else(|| Form::of(args.output.as_deref()));
            runbook::text(&compiled, form).into_bytes()
        }
    };
    let output = match (&args.output, args.emit) {
        (Some(path), _) if path.as_os_str() != "-" => Some(path.clone()),
        (None, Emit::Bytecode) => Some(PathBuf::from(format!("{}.hab", compiled.program.plan))),
        _ => None,
    };
    match output {
        Some(path) if args.check => check(&path, &bytes, console),
        Some(path) => match os::write(&path, &bytes, args.emit == Emit::Sh) {
            Ok(()) => Exit::Done,
            Err(error) => report::refuse(console, report::file(&error, Code::Unwritable)),
        },
        None if args.check => report::usage(console, "there is nothing to check", "name the file with `-o OUT`"),
        None => {
            console.out.bytes(&bytes);
            Exit::Done
        }
    }
}

fn no_script(error: &EmitError) -> Diagnostic {
    match error {
        EmitError::Pattern { .. } => Diagnostic::placeless(Code::BadPattern, error.to_string())
            .help("write it without that; `handover run` takes it as it is"),
        #[allow(clippy::panic, reason = "a panic is how a defect of handover is reported")]
        EmitError::Template(_) => panic!("{error}"),
    }
}

fn check(path: &Path, bytes: &[u8], console: &mut Console) -> Exit {
    let name = path.display();
    match os::read(path, bytes.len()) {
        Ok(there) if there == bytes => Exit::Done,
        Err(error) if !error.too_large => report::refuse(console, report::file(&error, Code::UnreadableFile)),
        _ => {
            let stale =
                Diagnostic::placeless(Code::StaleArtefact, format!("`{name}` is not what the plan compiles to"))
                    .help("build it again, and commit it with the plan");
            report::refuse(console, stale)
        }
    }
}
