//! `handover drill`: every combination of conditions, with every single fault, in the simulated world.

use crate::base::duration;
use crate::cli::compile::{self, PlanArgs};
use crate::cli::console::{Console, Pane, Style};
use crate::cli::facts::call;
use crate::cli::flags::{Format, FormatFlag};
use crate::cli::test::{plural, timeline};
use crate::cli::{Exit, report};
use crate::drill::{self, Breach, Choice, Group, Kind, Outcome, Report};
use crate::os::Disk;
use crate::run::RunError;
use crate::session::{self, Compiled, Request};
use serde_json::{Value, json};

/// Cases of one outcome that are listed; the rest are counted.
const LISTED: usize = 8;
/// The faults, as rows.
const KINDS: [(Kind, &str, &str); 7] = [
    (Kind::Nothing, "nothing", "nothing goes wrong"),
    (Kind::Fails, "fails", "a step fails"),
    (Kind::FailsDone, "fails_done", "a step fails, and yet is done"),
    (Kind::Hangs, "hangs", "a command hangs"),
    (Kind::LandsLate, "lands_late", "a command hangs, and is done late"),
    (Kind::Cancelled, "cancelled", "the operator cancels"),
    (Kind::Lost, "executor_lost", "the executor is lost"),
];
/// The outcomes, as columns.
const OUTCOMES: [(Outcome, &str, &str); 5] = [
    (Outcome::Fine, "fine", "fine"),
    (Outcome::Stopped, "stopped", "stopped safely"),
    (Outcome::Operator, "operator", "needs the operator"),
    (Outcome::StillDown, "still_down", "still down"),
    (Outcome::Down, "down", "down"),
];

/// Try every fault in every situation in the simulated world; nothing real is touched
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  handover drill switchover.ha\n  handover drill dr.ha switchover --given firewalls=excluded\n  \
                  handover drill --all --format json dr.ha"
)]
pub struct Args {
    #[command(flatten)]
    plan: PlanArgs,
    /// List every case, not only the first of each outcome
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    format: FormatFlag,
}

pub fn run(args: &Args, console: &mut Console) -> Exit {
    let format = args.format.format;
    let plans = match plans(args, console) {
        Ok(plans) => plans,
        Err(exit) => return exit,
    };
    let mut reports = Vec::new();
    for compiled in plans {
        match drill::drill(compile::verified(compiled.program), &compiled.answers) {
            Ok(report) => reports.push(report),
            Err(error) => return report::run_error(console, &error),
        }
    }
    let listed = if args.all { usize::MAX } else { LISTED };
    match format {
        Format::Json => {
            report::document(&mut console.out, &json!({ "plans": reports.iter().map(json).collect::<Vec<_>>() }))
        }
        Format::Text => {
            for (i, report) in reports.iter().enumerate() {
                if i > 0 {
                    console.out.line("");
                }
                show(&mut console.out, report, listed);
            }
        }
    }
    match reports.iter().all(|r| r.breaches.is_empty()) {
        true => Exit::Done,
        // A plan that is drilled is proved: whatever must not be, the proofs have ruled out.
        false => report::run_error(console, &RunError::defect("the proofs ruled out what the drill has shown")),
    }
}

/// The plans to be drilled: the one asked for, or all of the file that have their arguments.
fn plans(args: &Args, console: &mut Console) -> Result<Vec<Compiled>, Exit> {
    if args.plan.plan.is_some() || !args.plan.given.givens.is_empty() {
        return compile::one(&args.plan, args.format.format, console).map(|(compiled, _)| vec![compiled]);
    }
    let request = Request { everything: true, ..Request::default() };
    let path = args.plan.file.to_string_lossy();
    let compilation = session::compile(&Disk, &path, &request);
    compile::told(&compilation, args.format.format, console)?;
    let own = |c: &Compiled| compilation.sources.get(c.plan.span.file).is_some_and(|s| s.path == path);
    let open = compilation.open.iter().map(|c| format!("`{}`", c.name)).collect::<Vec<_>>().join(", ");
    let plans: Vec<Compiled> = compilation.plans.into_iter().filter(own).collect();
    if plans.is_empty() {
        let why = if open.is_empty() { String::from("the file has no plan") } else { format!("{open} need arguments") };
        return Err(report::usage(console, &why, "name a plan, and give its arguments with `--given NAME=VALUE`"));
    }
    Ok(plans)
}

fn show(pane: &mut Pane, report: &Report, listed: usize) {
    let title = pane.styled(Style::Bold, &call(&report.plan, &report.arguments));
    pane.line(title);
    pane.line(format_args!("  {}", sum(report)));
    pane.line("");
    table(pane, report);
    times(pane, report);
    // What was down and still is tells little about the plan.
    let told = |o: Outcome| o >= Outcome::Operator && (o != Outcome::StillDown || listed == usize::MAX);
    for (outcome, _, words) in OUTCOMES.iter().rev().filter(|(o, ..)| told(*o)) {
        groups(pane, report, words, |g| g.outcome == *outcome, listed);
    }
    groups(pane, report, "a lost executor makes a difference", |g| g.differs, listed);
    for ((kind, step), runs) in &report.repeated {
        let fault = KINDS.iter().find(|(k, ..)| k == kind).map_or("", |(.., words)| words);
        let text = format!("`{step}` is done twice in {} where {fault}", plural(*runs, "run"));
        let text = pane.styled(Style::Red, &text);
        pane.line(format_args!("\n  {text}"));
    }
    for breach in report.breaches.iter().take(listed) {
        broken(pane, breach);
    }
    if let Some(more) = report.breaches.len().checked_sub(listed).filter(|n| *n > 0) {
        pane.line(format_args!("\n  and {more} more that must not be"));
    }
}

/// How much was tried.
fn sum(report: &Report) -> String {
    let tried = report.combinations.len();
    let combinations = match (report.conditions.len(), report.choice) {
        (0, _) => String::from("nothing is open at the start"),
        (n, choice) => {
            let of = format!("{} of {}", plural(tried, "combination"), plural(n, "condition"));
            let all = report.possible;
            match choice {
                Choice::All => of,
                Choice::Pairs => format!("{of}: every pair of values, not all {all} combinations"),
                Choice::Some => format!("{of}, of {all}: there is not time for more in a plan of this size"),
            }
        }
    };
    let left_out = match report.stride {
        0 | 1 => String::new(),
        n => format!("; one fault in {n} is tried"),
    };
    format!(
        "{combinations}; {}: {}, {} lost{left_out}",
        plural(report.runs, "simulated run"),
        plural(report.faults, "fault"),
        plural(report.lost, "executor")
    )
}

fn table(pane: &mut Pane, report: &Report) {
    let wide = KINDS.iter().map(|(.., words)| words.len()).max().unwrap_or(0);
    let heads: Vec<String> = OUTCOMES.iter().map(|(.., words)| format!("{words:>8}")).collect();
    pane.line(format_args!("  {:wide$}  {}", "", heads.join("  ")));
    for (kind, _, words) in KINDS {
        let Some(row) = report.table.get(&kind) else { continue };
        let cells = OUTCOMES.iter().zip(&heads).map(|((outcome, ..), head)| {
            let count = row.get(outcome).map_or_else(|| String::from("-"), ToString::to_string);
            let text = format!("{count:>width$}", width = head.len());
            match outcome {
                Outcome::Down | Outcome::Operator if count != "-" => pane.styled(Style::Yellow, &text),
                _ => text,
            }
        });
        let cells: Vec<String> = cells.collect();
        pane.line(format_args!("  {words:wide$}  {}", cells.join("  ")));
    }
}

/// How long the runs took that ended fine.
fn times(pane: &mut Pane, report: &Report) {
    let (Some(min), Some(max)) = (report.times_ms.first(), report.times_ms.last()) else { return };
    let at = |percent: usize| {
        report.times_ms.get((report.times_ms.len() * percent).div_ceil(100).saturating_sub(1)).copied().unwrap_or(*max)
    };
    let words = |ms: u64| duration(ms.div_ceil(1000) * 1000);
    pane.line("");
    pane.line(format_args!(
        "  time to the goal: {} at least, {} in the middle, {} for 95 %, {} at most",
        words(*min),
        words(at(50)),
        words(at(95)),
        words(*max)
    ));
    if let Some(rto) = report.rto_ms {
        let late = report.times_ms.iter().filter(|ms| **ms > rto).count();
        let word = match late {
            0 => pane.styled(Style::Green, "all within"),
            n => pane.styled(Style::Yellow, &format!("{n} of {} later than", report.times_ms.len())),
        };
        pane.line(format_args!("  {word} the {} that are promised", duration(rto)));
    }
}

/// Some cases, under a heading.
fn groups(pane: &mut Pane, report: &Report, heading: &str, fits: impl Fn(&&Group) -> bool, listed: usize) {
    let groups: Vec<&Group> = report.groups.iter().filter(fits).collect();
    if groups.is_empty() {
        return;
    }
    pane.line("");
    let heading = pane.styled(Style::Bold, heading);
    pane.line(format_args!("  {heading}"));
    for group in groups.iter().take(listed) {
        let when = when(report, group);
        pane.line(format_args!("    {}{when}", fault(group.kind, group.step.as_deref())));
        if !group.left.is_empty() {
            let left = pane.styled(Style::Dim, &group.left.join("; "));
            pane.line(format_args!("      {left}"));
        }
    }
    if let Some(more) = groups.len().checked_sub(listed).filter(|n| *n > 0) {
        pane.line(format_args!("    and {more} more: `--all` lists them"));
    }
}

/// `restore fails`, `the executor is lost at restore`
fn fault(kind: Kind, step: Option<&str>) -> String {
    let step = step.unwrap_or("?");
    match kind {
        Kind::Nothing => String::from("nothing goes wrong"),
        Kind::Fails => format!("{step} fails"),
        Kind::FailsDone => format!("{step} fails, and yet is done"),
        Kind::Hangs => format!("{step} hangs"),
        Kind::LandsLate => format!("{step} hangs, and is done late"),
        Kind::Cancelled => format!("the operator cancels at {step}"),
        Kind::Lost => format!("the executor is lost at {step}"),
    }
}

/// The conditions under which a group of runs ends as it does.
fn when(report: &Report, group: &Group) -> String {
    let (some, all) = (group.combinations.len(), report.combinations.len());
    let told: Vec<String> = group.when.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    match told.is_empty() {
        _ if some == all => String::new(),
        true => format!(", in {some} of {all} combinations"),
        false => format!(", with {}", told.join(", ")),
    }
}

fn broken(pane: &mut Pane, breach: &Breach) {
    pane.line("");
    let word = pane.styled(Style::Red, "must not be");
    pane.line(format_args!("  {word}: {}", breach.what));
    let when: Vec<String> = breach.when.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let when = if when.is_empty() { String::new() } else { format!(", with {}", when.join(", ")) };
    pane.line(format_args!(
        "  in {}, first when {}{when}",
        plural(breach.runs, "run"),
        fault(breach.kind, breach.step.as_deref())
    ));
    timeline(pane, &breach.run);
}

fn json(report: &Report) -> Value {
    let word = |kind: Kind| KINDS.iter().find(|(k, ..)| *k == kind).map(|(_, word, _)| *word);
    let end = |outcome: Outcome| OUTCOMES.iter().find(|(o, ..)| *o == outcome).map(|(_, word, _)| *word);
    json!({
        "plan": report.plan,
        "arguments": object(&report.arguments),
        "conditions": report.conditions.iter()
            .map(|(name, values)| json!({ "name": name, "values": values })).collect::<Vec<_>>(),
        "combinations": report.combinations,
        "possible": report.possible,
        "choice": match report.choice {
            Choice::All => "all",
            Choice::Pairs => "pairs",
            Choice::Some => "some",
        },
        "one_fault_in": report.stride,
        "runs": report.runs,
        "faults": report.faults,
        "executors_lost": report.lost,
        "table": report.table.iter().flat_map(|(kind, row)| row.iter().map(|(outcome, runs)| json!({
            "fault": word(*kind), "outcome": end(*outcome), "runs": runs,
        }))).collect::<Vec<_>>(),
        "cases": report.groups.iter().map(|g| json!({
            "fault": word(g.kind), "step": g.step, "outcome": end(g.outcome), "runs": g.runs,
            "combinations": g.combinations, "left": g.left, "differs": g.differs, "when": object(&g.when),
        })).collect::<Vec<_>>(),
        "breaches": report.breaches.iter().map(|b| json!({
            "what": b.what, "fault": word(b.kind), "step": b.step, "runs": b.runs,
            "when": object(&b.when),
            "run": b.run,
        })).collect::<Vec<_>>(),
        "repeated": report.repeated.iter().map(|((kind, step), runs)| json!({
            "fault": word(*kind), "step": step, "runs": runs,
        })).collect::<Vec<_>>(),
        "times_ms": report.times_ms,
        "rto_ms": report.rto_ms,
    })
}

fn object(pairs: &[(String, String)]) -> Value {
    pairs
        .iter()
        .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
