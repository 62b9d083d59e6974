//! `handover sign`: approves a plan as it compiles now, with an SSH key.

use crate::approval::{Approval, Statement};
use crate::base::{Code, Diagnostic, limits};
use crate::cli::compile::PlanArgs;
use crate::cli::console::Console;
use crate::cli::facts::call;
use crate::cli::run::{Loaded, load};
use crate::cli::{Exit, report};
use crate::os;
use crate::run::Options;
use jiff::Timestamp;
use std::path::PathBuf;

/// Approve a plan or a compiled program with an SSH key
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  handover sign move.ha --key ~/.ssh/id_ed25519 -o move.approval\n  \
                  handover sign dr.ha switchover --given firewalls=excluded --key id.pub -o switchover.approval")]
pub struct Args {
    #[command(flatten)]
    plan: PlanArgs,
    /// The key, as `ssh-keygen -Y sign -f` takes it: a private key, or a public one whose other half the agent has
    #[arg(long, value_name = "KEY")]
    key: PathBuf,
    /// Where to put the approval; `-` is standard output
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
}

pub fn run(args: &Args, console: &mut Console) -> Exit {
    let loaded = match load(&args.plan, false, console) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let options = Options { decisions: loaded.decisions.clone(), ..Options::default() };
    if let Err(error) = options.check_given(&loaded.program) {
        return report::run_error(console, &error);
    }
    let statement = statement(&loaded);
    let text = statement.to_string();
    if text.len() > limits::APPROVAL_BYTES {
        let why = format!("`{}` is too large to be approved: nobody could read it", args.plan.file.display());
        return report::refuse(
            console,
            Diagnostic::placeless(Code::TooLarge, why).help("approve its parts as plans of their own"),
        );
    }
    let file = match os::sign(&text, &args.key) {
        Ok(signature) => text + &signature,
        Err(why) => return report::usage(console, &why, "give the key that you sign with: `--key ~/.ssh/id_ed25519`"),
    };
    if let Err(malformed) = Approval::parse(&file) {
        return report::usage(console, &format!("`ssh-keygen` gave no signature: {malformed}"), "");
    }
    if args.output.as_os_str() == "-" {
        console.out.put(file);
        return Exit::Done;
    }
    match os::write(&args.output, file.as_bytes(), false) {
        Ok(()) => {
            let plan = call(&statement.plan, &statement.arguments);
            console.err.line(format_args!("approved: {plan}, program {}", statement.program));
            Exit::Done
        }
        Err(error) => report::refuse(console, report::file(&error, Code::Unwritable)),
    }
}

/// What is approved: the program with the decisions that were made.
pub fn statement(loaded: &Loaded) -> Statement {
    let who = os::who();
    let by = format!("{} on {}", who.user, who.host);
    let statement = Statement::of(&loaded.program, by, Timestamp::now(), |path| loaded.text(path));
    Statement { given: loaded.decisions.clone(), ..statement }
}
