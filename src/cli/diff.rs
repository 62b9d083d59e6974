//! `handover diff`: what a change means, between two files, two compiled programs, or two revisions of a file.

use crate::cli::approvals::{self, Standing};
use crate::cli::console::{Console, Pane, Style};
use crate::cli::flags::{Format, GivenFlag};
use crate::cli::sides::wanted;
use crate::cli::version::{Content, Couple, Place, Version, couples};
use crate::cli::{Exit, report};
use crate::compare::{Change, Comparison, Weight, Word, word_diff};
use crate::emit::review;
use crate::resolve::Candidate;
use crate::session::Request;
use serde::Serialize;

/// Show what a change means: steps, conditions, order, what is proved; nothing if it means nothing
#[derive(clap::Args, Debug)]
#[command(
    override_usage = "handover diff [OPTIONS] <OLD> <NEW> [PLAN]\n       handover diff [OPTIONS] <REV>..<REV> <FILE> [PLAN]\n       \
                      handover diff [OPTIONS] --base <REV> <FILE> [PLAN]",
    after_help = "Examples:\n  handover diff old.ha new.ha\n  handover diff main:dr.ha dr.ha switchover\n  \
                  handover diff v1.2..HEAD dr.ha\n  handover diff --base origin/main dr.ha --format markdown\n  \
                  handover diff approved.hab built.hab\n\n\
                  Exit codes: 0 they mean the same, 1 they do not, 2 usage."
)]
pub struct Args {
    /// Two versions of a file, each as PATH or REV:PATH (`.ha` or `.hab`); or REV..REV and a file; then the plan, if not all
    #[arg(required = true, num_args = 1..=3, value_name = "WHAT")]
    what: Vec<String>,
    /// Compare with where this branch has left REV
    #[arg(long, value_name = "REV")]
    base: Option<String>,
    #[command(flatten)]
    given: GivenFlag,
    /// How to print it
    #[arg(long, value_enum, default_value_t = DiffFormat::Text, value_name = "FORMAT")]
    format: DiffFormat,
}

/// What a difference can be shown as.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
enum DiffFormat {
    /// For people
    Text,
    /// For programs; `docs/json.md` describes it
    Json,
    /// For a comment or a wiki page
    Markdown,
}

pub fn run(args: &Args, console: &mut Console) -> Exit {
    let wanted = match wanted(&args.what, args.base.as_deref()) {
        Ok(wanted) => wanted,
        Err(why) => return report::usage(console, &why.message, &why.help),
    };
    let everything = wanted.plan.is_none() && args.given.givens.is_empty();
    let request = Request { plan: wanted.plan.clone(), givens: args.given.givens.clone(), everything };
    let mut load = |(place, path): (Place, String)| Version::load(place, &path, &request, console);
    let versions = load(wanted.old).and_then(|old| Ok((old, load(wanted.new)?)));
    let (old, new) = match versions {
        Ok(versions) => versions,
        Err(exit) => return exit,
    };
    if let Err(exit) = usable(&old, &new, request.plan.as_deref(), console) {
        return exit;
    }
    let plans: Vec<Outcome> = couples(&old, &new).into_iter().map(|couple| Outcome::of(&couple)).collect();
    let plans: Vec<Outcome> = plans.into_iter().filter(|plan| !plan.is_empty()).collect();
    let open = not_compared(&old, &new);
    let document = Document {
        old: format!("{}{}", old.path, old.place.said()),
        new: format!("{}{}", new.path, new.place.said()),
        approvals: if plans.is_empty() { Vec::new() } else { approvals::beside(&old, &new) },
        plans,
        open,
    };
    match args.format {
        DiffFormat::Json => report::document(&mut console.out, &document),
        DiffFormat::Text => document.text(&mut console.out),
        DiffFormat::Markdown => document.markdown(&mut console.out),
    }
    for why in &document.open {
        console.err.line(format_args!("not compared: {why}"));
    }
    if document.plans.is_empty() && document.open.is_empty() { Exit::Done } else { Exit::Findings }
}

/// Says what keeps two versions from being compared. A plan that only one of them has does not.
fn usable(old: &Version, new: &Version, plan: Option<&str>, console: &mut Console) -> Result<(), Exit> {
    let missing = |version: &Version| matches!(version.content, Content::Nothing);
    if missing(old) && missing(new) {
        let why =
            format!("there is no file `{}`{}, nor `{}`{}", old.path, old.place.said(), new.path, new.place.said());
        return Err(report::usage(console, &why, "check the paths"));
    }
    for version in [old, new] {
        let Content::Plans(compilation) = &version.content else { continue };
        if let Some(refusal) = &compilation.refused {
            let other = if std::ptr::eq(version, old) { new } else { old };
            if other.plans().is_empty() || plan.is_none_or(|plan| version.has(plan)) {
                return Err(report::usage(console, &refusal.message, &refusal.help));
            }
        } else if version.plans().is_empty() && !compilation.diagnostics.is_empty() {
            let (found, sources) = (&compilation.diagnostics, &compilation.sources);
            let what = format!("`{}`{} cannot be compiled:", version.path, version.place.said());
            console.err.line(what);
            report::findings(&mut console.err, Format::Text, found, sources);
            return Err(Exit::Findings);
        }
    }
    Ok(())
}

/// The plans that cannot be compared because a parameter has no value, if their text has changed, too.
pub fn not_compared(old: &Version, new: &Version) -> Vec<String> {
    let (Content::Plans(before), Content::Plans(after)) = (&old.content, &new.content) else { return Vec::new() };
    let same = before.sources.iter().map(|(_, s)| &s.text).eq(after.sources.iter().map(|(_, s)| &s.text));
    let own = after.open.iter().filter(|c| after.sources.get(c.file).is_some_and(|s| s.path == new.path));
    let said = |c: &Candidate| {
        let names: Vec<&str> = c.missing.iter().map(|(name, _)| name.as_str()).collect();
        format!(
            "`{}` needs a value for {}: give it with `--given {}=…`",
            c.name,
            names.join(", "),
            names.join("=… --given ")
        )
    };
    own.filter(|_| !same).map(said).collect()
}

/// What has become of a plan.
#[derive(Serialize)]
struct Outcome {
    plan: String,
    /// `changed`, `new` or `removed`.
    what: &'static str,
    #[serde(flatten)]
    comparison: Comparison,
    #[serde(skip)]
    steps: usize,
}

impl Outcome {
    fn of(couple: &Couple<'_>) -> Outcome {
        let (plan, what, steps) = (couple.plan.clone(), couple.what(), couple.steps());
        Outcome { plan, what, comparison: couple.comparison(), steps }
    }

    fn is_empty(&self) -> bool {
        self.what == "changed" && self.comparison.is_empty()
    }
}

/// What has become of all plans of a file.
#[derive(Serialize)]
struct Document {
    old: String,
    new: String,
    plans: Vec<Outcome>,
    approvals: Vec<Standing>,
    /// Plans that could not be compared, and why.
    open: Vec<String>,
}

impl Document {
    fn text(&self, pane: &mut Pane) {
        for plan in &self.plans {
            let count = plan.comparison.changes.len();
            let same =
                self.plans.iter().take_while(|p| p.plan != plan.plan).find(|p| p.comparison.is_like(&plan.comparison));
            if let Some(first) = same.filter(|_| count > 0) {
                let head = pane.styled(Style::Bold, &format!("{}:", plan.plan));
                pane.line(format_args!("{head} the same as {}, at its own places", first.plan));
                continue;
            }
            let head = match plan.what {
                "changed" => format!("{}: {count} {}", plan.plan, if count == 1 { "change" } else { "changes" }),
                what => format!("{}: a {what} plan of {} steps", plan.plan, plan.steps),
            };
            pane.line(pane.styled(Style::Bold, &head));
            changes(pane, &plan.comparison.changes);
            if let Some(text) = review::times(&plan.comparison) {
                pane.line(format_args!("  time: {text}"));
            }
        }
        for approval in &self.approvals {
            pane.line(approval.said());
        }
    }

    fn markdown(&self, pane: &mut Pane) {
        for plan in &self.plans {
            pane.line(format_args!("### `{}`\n", plan.plan));
            match plan.what {
                "changed" => pane.put(review::changes_markdown(&plan.comparison)),
                what => {
                    pane.line(format_args!("A {what} plan of {} steps.\n", plan.steps));
                    pane.put(review::changes_markdown(&plan.comparison));
                }
            }
            pane.line("");
        }
        for approval in &self.approvals {
            pane.line(format_args!("* {}", approval.said()));
        }
    }
}

/// Changes under what they are about, the most important first.
pub fn changes(pane: &mut Pane, changes: &[Change]) {
    let mut under: Option<Weight> = None;
    for change in changes {
        if under != Some(change.weight) {
            let style = if change.weight == Weight::Risk { Style::Red } else { Style::Dim };
            pane.line(format_args!("  {}", pane.styled(style, review::heading(change.weight))));
            under = Some(change.weight);
        }
        pane.line(format_args!("    {}", review::sentence(change)));
        for line in detail(pane, change) {
            pane.line(format_args!("      {line}"));
        }
    }
}

/// What was and what is: word by word if it is one line, otherwise line by line.
fn detail(pane: &Pane, change: &Change) -> Vec<String> {
    let mark = |style: Style, open: &str, text: &str, close: &str| match pane.color {
        true => pane.styled(style, text),
        false => format!("{open}{text}{close}"),
    };
    let seen = |text: &Option<String>| text.as_deref().map(review::visible);
    let (before, after) = (seen(&change.before), seen(&change.after));
    let parts = match (&before, &after) {
        (Some(before), Some(after)) => word_diff(before, after),
        (Some(before), None) => vec![Word::Gone(before)],
        (None, Some(after)) => vec![Word::New(after)],
        (None, None) => return Vec::new(),
    };
    let text: String = parts
        .into_iter()
        .map(|part| match part {
            Word::Same(text) => String::from(text),
            Word::Gone(text) => mark(Style::Red, "[-", text.trim_end_matches('\n'), "-]"),
            Word::New(text) => mark(Style::Green, "{+", text, "+}"),
        })
        .collect();
    text.lines().filter(|line| !line.trim().is_empty()).map(String::from).collect()
}
