//! The command: arguments, rendering, one file for each subcommand. Alone in naming clap and miette.

mod account;
mod aftermath;
mod approvals;
mod approve;
mod approved;
mod build;
mod cancel;
mod check;
mod compile;
mod completions;
mod console;
mod copy;
mod defect;
mod diff;
mod disasm;
mod doc;
mod drill;
mod exit;
mod explain;
mod facts;
mod flags;
mod fmt;
mod json;
mod junit;
mod new;
mod lsp;
mod man;
mod plan;
mod preview;
mod progress;
mod receive;
mod reject;
mod release;
mod render;
mod report;
mod resume;
mod review;
mod run;
mod runbook;
mod runs;
mod show;
mod sides;
mod sign;
mod standing;
mod story;
mod test;
mod version;
mod view;
mod waiting;

use clap::{CommandFactory, Parser, Subcommand};
use console::{Color, Console};
pub use exit::Exit;
use std::process::ExitCode;

/// A compiler for failover plans: checks them, orders them, runs them.
#[derive(Parser, Debug)]
#[command(name = "handover", version, max_term_width = 100, arg_required_else_help = true)]
#[command(
    after_help = "Exit codes: 0 done, 1 findings, 2 usage, 3 stopped safely, 4 stopped with something left open,\n\
                        5 cancelled, 70 a defect of handover."
)]
struct Cli {
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    color: Color,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    New(new::Args),
    Check(check::Args),
    Fmt(fmt::Args),
    Lsp(lsp::Args),
    Plan(plan::Args),
    Diff(diff::Args),
    Review(review::Args),
    Test(test::Args),
    Drill(drill::Args),
    Build(build::Args),
    Sign(sign::Args),
    Run(run::Args),
    Resume(resume::Args),
    Approve(approve::Args),
    Reject(reject::Args),
    Cancel(cancel::Args),
    Release(release::Args),
    Runs(runs::Args),
    Show(show::Args),
    Report(account::Args),
    Copy(copy::Args),
    Receive(receive::Args),
    Explain(explain::Args),
    Doc(doc::Args),
    Disasm(disasm::Args),
    Completions(completions::Args),
    Man(man::Args),
}

/// The command line with all that `--help` says of it: what manual pages, completions and the reference are made of.
pub fn command() -> clap::Command {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    command
}

/// Runs the command with the process's arguments and streams.
pub fn main() -> ExitCode {
    defect::report_panics();
    defect::guarded(|| match Cli::try_parse() {
        Ok(cli) => {
            let mut console = Console::new(cli.color);
            let exit = dispatch(cli.command, &mut console);
            finish(exit, &mut console)
        }
        Err(refusal) => {
            // Help that nobody reads and a refusal that nobody hears are no failures.
            let _ = refusal.print();
            if refusal.use_stderr() { Exit::Usage } else { Exit::Done }
        }
    })
    .into()
}

fn dispatch(command: Command, console: &mut Console) -> Exit {
    match command {
        Command::New(args) => new::run(&args, console),
        Command::Check(args) => check::run(&args, console),
        Command::Fmt(args) => fmt::run(&args, console),
        Command::Lsp(args) => lsp::run(&args, console),
        Command::Plan(args) => plan::run(&args, console),
        Command::Diff(args) => diff::run(&args, console),
        Command::Review(args) => review::run(&args, console),
        Command::Test(args) => test::run(&args, console),
        Command::Drill(args) => drill::run(&args, console),
        Command::Build(args) => build::run(&args, console),
        Command::Sign(args) => sign::run(&args, console),
        Command::Run(args) => run::run(&args, console),
        Command::Resume(args) => resume::run(&args, console),
        Command::Approve(args) => approve::run(&args, console),
        Command::Reject(args) => reject::run(&args, console),
        Command::Cancel(args) => cancel::run(&args, console),
        Command::Release(args) => release::run(&args, console),
        Command::Runs(args) => runs::run(&args, console),
        Command::Show(args) => show::run(&args, console),
        Command::Report(args) => account::run(&args, console),
        Command::Copy(args) => copy::run(&args, console),
        Command::Receive(args) => receive::run(&args, console),
        Command::Explain(args) => explain::run(&args, console),
        Command::Doc(args) => doc::run(&args, console),
        Command::Disasm(args) => disasm::run(&args, console),
        Command::Completions(args) => completions::run(&args, console),
        Command::Man(args) => man::run(&args, console),
    }
}

/// Output that could not be written is a failure, unless its reader has gone. How a run has ended matters more.
fn finish(exit: Exit, console: &mut Console) -> Exit {
    let trouble = console.out.trouble().map(ToString::to_string);
    match trouble {
        None => exit,
        Some(why) => {
            console.err.line(format!("error: the output could not be written: {why}"));
            if exit == Exit::Done && !console.has_run { Exit::Findings } else { exit }
        }
    }
}
