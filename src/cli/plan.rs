//! `handover plan`: the compiled order, and the reason for it.

use crate::cli::compile::{self, PlanArgs};
use crate::cli::console::Console;
use crate::cli::flags::Format;
use crate::cli::runbook::{self, Form};
use crate::cli::{Exit, report};
use crate::emit;
use crate::order::specialise;

/// Show what a plan compiles to: the order with its reasons, conditions, critical path
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  handover plan move.ha\n  handover plan dr.ha switchover --given firewalls=excluded\n  \
                  handover plan dr.ha switchover --format mermaid"
)]
pub struct Args {
    #[command(flatten)]
    plan: PlanArgs,
    /// How to print it
    #[arg(long, value_enum, default_value_t = PlanFormat::Text, value_name = "FORMAT")]
    format: PlanFormat,
}

/// What a plan can be shown as.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
enum PlanFormat {
    /// For people
    Text,
    /// For programs; `docs/json.md` describes it
    Json,
    /// The runbook, for a review or a wiki page
    Markdown,
    /// The runbook as one page that needs nothing else
    Html,
    /// A flowchart that Markdown viewers draw
    Mermaid,
    /// A graph for Graphviz
    Dot,
}

pub fn run(args: &Args, console: &mut Console) -> Exit {
    let findings = if args.format == PlanFormat::Json { Format::Json } else { Format::Text };
    let (compiled, compilation) = match compile::one(&args.plan, findings, console) {
        Ok(compiled) => compiled,
        Err(exit) => return exit,
    };
    let (plan, dag, verdict) = (&compiled.plan, &compiled.dag, &compiled.verdict);
    let skipped = specialise(dag, &compiled.answers);
    let out = &mut console.out;
    match args.format {
        PlanFormat::Text => out.put(emit::plan_text(plan, dag, &skipped, verdict, out.columns())),
        PlanFormat::Json => report::document(out, &emit::plan_json(plan, dag, &skipped, verdict, &compilation.sources)),
        PlanFormat::Markdown => out.put(runbook::text(&compiled, Form::Markdown)),
        PlanFormat::Html => out.put(runbook::text(&compiled, Form::Html)),
        PlanFormat::Mermaid => out.put(emit::mermaid(plan, dag, &skipped)),
        PlanFormat::Dot => out.put(emit::dot(plan, dag, &skipped)),
    }
    Exit::Done
}
