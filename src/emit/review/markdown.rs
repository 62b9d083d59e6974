//! A review as a comment: the verdict and what changes on the night on one screen, everything else folded under it.

use super::changes::{changes_markdown, item, times};
use super::escape::{code, prose};
use super::model::{FileReview, Outcome, PlanReview, Review};
use crate::compare::{Change, Weight};
use crate::emit::words::{listed, some};
use std::fmt::Write;

/// Changes that stand above the fold; the others are counted.
const SHOWN: usize = 6;
/// Plans whose changes stand there.
const PLANS: usize = 5;
/// Characters of what was and of what is that stand above the fold.
const BRIEF: usize = 90;
/// Bytes of a comment: GitHub takes 65536 characters.
const COMMENT: usize = 60_000;
/// What the colours of a drawing mean.
const LEGEND: &str = "Green is new, yellow has changed, red and dotted is gone.\n\n";
/// Remarks and approvals above the fold.
const LINES: usize = 4;

/// The review as Markdown for GitHub: no line of it is longer than it has to be, nothing of a plan is markup.
pub fn markdown(review: &Review) -> String {
    let mut out = format!("## {} {}\n\n", sign(review.verdict), prose(&headline(review)));
    _ = writeln!(out, "Compared with {}. {}\n", prose(&format!("`{}`", review.base)), summary(review));
    let remarks = review.files.iter().flat_map(|f| f.remarks.iter().cloned());
    let open = review.files.iter().flat_map(|f| f.open.iter().map(|why| format!("not compared: {why}")));
    let known: Vec<String> = remarks.chain(open).map(|text| format!("- {}\n", prose(&text))).collect();
    lines(&mut out, &known, LINES);
    let (above, more) = above(review);
    changes(&mut out, &above, more);
    foot(&mut out, review);
    let folds: Vec<String> = review.files.iter().flat_map(|file| folds(file, &above)).collect();
    let count = folds.len();
    let mut kept = 0;
    for fold in folds {
        if out.len() + fold.len() <= COMMENT {
            out.push_str(&fold);
            kept += 1;
        }
    }
    if kept < count {
        let base = prose(&format!("`handover review --base {}`", review.base));
        _ = writeln!(out, "More than fits a comment is left out; {base} has all of it.");
    }
    out
}

/// The verdict in one line, and what does not compile.
pub fn headline(review: &Review) -> String {
    let broken: Vec<String> = review.files.iter().filter(|f| f.broken).map(|f| format!("`{}`", f.path)).collect();
    match broken.is_empty() {
        true => String::from(verdict(review.verdict)),
        false => format!("Does not compile: {}", some(&broken)),
    }
}

/// How it looks at first sight.
fn sign(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Unsafe => "❌",
        Outcome::Unknown | Outcome::Weaker => "⚠️",
        Outcome::Different => "🔷",
        Outcome::Wording | Outcome::Nothing => "✅",
    }
}

/// A verdict in a sentence without its full stop.
fn verdict(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Unsafe => "Not safe: this must not be merged as it is",
        Outcome::Unknown => "Not everything could be compared",
        Outcome::Weaker => "Proved safe, but something is given up",
        Outcome::Different => "Proved safe; something else is done on the night",
        Outcome::Wording => "Proved safe: the same is done, in other words",
        Outcome::Nothing => "Nothing changes on the night",
    }
}

/// How much there is.
fn summary(review: &Review) -> String {
    let of = |weight: Weight| review.changes().iter().filter(|(_, _, c)| c.weight == weight).count();
    let counts = [
        (of(Weight::Risk), "risk", "risks"),
        (of(Weight::Deed), "other deed", "other deeds"),
        (of(Weight::Order), "change of order", "changes of order"),
        (of(Weight::Safer), "improvement", "improvements"),
        (of(Weight::Limit), "change of times", "changes of times"),
        (of(Weight::Wording), "change of words", "changes of words"),
    ];
    let said: Vec<String> = counts
        .iter()
        .filter(|(n, _, _)| *n > 0)
        .map(|(n, one, many)| format!("{n} {}", if *n == 1 { one } else { many }))
        .collect();
    let files = match review.looked_at {
        1 => String::from("1 file was looked at"),
        n => format!("{n} files were looked at"),
    };
    if said.is_empty() { format!("{files}.") } else { format!("{files}: {}.", said.join(", ")) }
}

/// A plan whose changes stand above the fold, and how many of them.
struct Above<'r> {
    file: &'r FileReview,
    plan: &'r PlanReview,
    shown: usize,
}

/// What stands above the fold, the most important first; and how many plans do not.
fn above(review: &Review) -> (Vec<Above<'_>>, usize) {
    let plans = review.files.iter().flat_map(|f| f.plans.iter().map(move |p| (f, p)));
    let mut plans: Vec<(&FileReview, &PlanReview)> =
        plans.filter(|(_, p)| p.what != "changed" || !p.comparison.is_empty()).collect();
    plans.sort_by_key(|(_, plan)| (std::cmp::Reverse(plan.outcome()), plan.comparison.changes.first().map(|c| c.kind)));
    let more = plans.len().saturating_sub(PLANS);
    let mut left = SHOWN;
    let above = plans.into_iter().take(PLANS).map(|(file, plan)| {
        let shown = left.max(1).min(plan.comparison.changes.len());
        left = left.saturating_sub(shown);
        Above { file, plan, shown }
    });
    (above.collect(), more)
}

/// What changes on the night, plan by plan.
fn changes(out: &mut String, above: &[Above<'_>], more: usize) {
    for Above { file, plan, shown } in above {
        let all = &plan.comparison.changes;
        let what = match plan.what {
            "changed" => String::new(),
            what => format!(": a {what} plan of {} steps", plan.steps),
        };
        _ = writeln!(out, "**{}**{}{what}\n", plans_named(plan), where_from(file));
        if all.is_empty() {
            continue;
        }
        all.iter().take(*shown).for_each(|change| out.push_str(&item(&brief(change))));
        if let Some(text) = times(&plan.comparison) {
            let (text, _) = text.split_once(';').unwrap_or((&text, ""));
            _ = writeln!(out, "- time: {}", prose(text));
        }
        match all.len() - shown {
            0 => {}
            1 => out.push_str("- … and one more change, below\n"),
            n => _ = writeln!(out, "- … and {n} more changes, below"),
        }
        out.push('\n');
    }
    if more > 0 {
        _ = writeln!(out, "… and {more} more plans, below\n");
    }
}

fn plans_named(plan: &PlanReview) -> String {
    match plan.names.split_first() {
        Some((first, [])) => prose(&format!("`{first}`")),
        Some((first, others)) => {
            let others: Vec<String> = others.iter().map(|name| format!("`{name}`")).collect();
            prose(&format!("`{first}`, and {} alike", listed(&others)))
        }
        None => String::new(),
    }
}

/// The file that a plan stands in, what it was called, and through which import it has changed.
fn where_from(file: &FileReview) -> String {
    let was = file.was.as_ref().map_or_else(String::new, |was| format!(" (was `{was}`)"));
    let imported: Vec<String> = file.through.iter().map(|path| format!("`{path}`")).collect();
    let through = if imported.is_empty() { String::new() } else { format!(", through {}", some(&imported)) };
    prose(&format!(" in `{}`{was}{through}", file.path))
}

/// A change with no more of its texts than fit a line or two.
fn brief(change: &Change) -> Change {
    let cut = |text: &String| {
        let line = text.lines().map(str::trim).find(|line| line.len() > 1).unwrap_or(text.trim());
        let more = text.trim().lines().count() > 1 || line.chars().count() > BRIEF;
        let line: String = line.chars().take(BRIEF).collect();
        if more { format!("{line} …") } else { line }
    };
    let (before, after) = match (&change.before, &change.after) {
        (Some(before), Some(after)) => (Some(part(before, after)), Some(part(after, before))),
        (before, after) => (before.as_ref().map(cut), after.as_ref().map(cut)),
    };
    Change { before, after, ..change.clone() }
}

/// The part of a text that begins shortly before it differs from another one.
fn part(text: &str, other: &str) -> String {
    let same = text.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    let from = if same < BRIEF { 0 } else { same - BRIEF / 2 };
    let rest = text.chars().skip(from);
    let before = if from > 0 { "… " } else { "" };
    let after = if rest.clone().nth(2 * BRIEF).is_some() { " …" } else { "" };
    format!("{before}{}{after}", rest.take(2 * BRIEF).collect::<String>().trim())
}

/// Who has to approve it, and what no proof says anything about.
fn foot(out: &mut String, review: &Review) {
    let plans = || review.files.iter().flat_map(|f| &f.plans).filter(|p| p.what != "removed");
    if plans().next().is_none() {
        return;
    }
    let each = |of: fn(&PlanReview) -> &[String]| {
        let mut all: Vec<String> = Vec::new();
        plans().flat_map(|plan| of(plan).iter()).for_each(|text| {
            if !all.contains(text) {
                all.push(text.clone());
            }
        });
        all
    };
    let gates = each(|plan| &plan.gates);
    let asked = if gates.is_empty() { String::from("nobody is asked") } else { some(&gates) };
    _ = writeln!(out, "**Who decides on the night:** {}\n", prose(&asked));
    let opaque: Vec<String> = each(|plan| &plan.opaque).iter().map(|step| format!("`{step}`")).collect();
    if !opaque.is_empty() {
        _ = writeln!(out, "**No proof covers:** {}\n", prose(&some(&opaque)));
    }
    let approvals: Vec<String> =
        review.files.iter().flat_map(|f| f.approvals.iter().map(|a| format!("- {}\n", prose(a)))).collect();
    if !approvals.is_empty() {
        out.push_str("**Approvals:**\n\n");
        lines(out, &approvals, LINES);
    }
}

/// The first of some lines, and how many more there are.
fn lines(out: &mut String, all: &[String], most: usize) {
    all.iter().take(most).for_each(|line| out.push_str(line));
    if all.len() > most {
        _ = writeln!(out, "- … and {} more", all.len() - most);
    }
    if !all.is_empty() {
        out.push('\n');
    }
}

/// Everything there is to say of a file, each thing under a fold: what is wrong with it first.
fn folds(file: &FileReview, above: &[Above<'_>]) -> Vec<String> {
    let mut all = Vec::new();
    if !file.findings.is_empty() {
        all.push(fold(&format!("What is wrong with `{}`", file.path), &fenced("text", &file.findings)));
    }
    for plan in &file.plans {
        let name = plan.names.first().map_or("", String::as_str);
        let changes = &plan.comparison.changes;
        let shown = above.iter().find(|a| std::ptr::eq(a.plan, plan)).map_or(0, |a| a.shown);
        if changes.len() > shown || changes.iter().any(|change| brief(change) != *change) {
            let title = format!("All changes ({}) of `{name}` in `{}`", changes.len(), file.path);
            all.push(fold(&title, &changes_markdown(&plan.comparison)));
        }
        if !plan.graph.is_empty() {
            let drawing = format!("{LEGEND}{}", fenced("mermaid", &plan.graph));
            all.push(fold(&format!("The order of `{name}` as a drawing"), &drawing));
        }
        if !plan.table.is_empty() {
            all.push(fold(&format!("The runbook of `{name}`, before and after"), &plan.table));
        }
    }
    all
}

fn fold(title: &str, content: &str) -> String {
    // Inside a summary Markdown is not read; code is written as HTML.
    let parts: Vec<String> = title.split('`').map(|part| code(part).replace("&#58;", ":")).collect();
    let mut title = String::new();
    for (index, part) in parts.iter().enumerate() {
        title.push_str(&if index % 2 == 1 { format!("<code>{part}</code>") } else { part.clone() });
    }
    format!("<details><summary>{title}</summary>\n\n{}\n\n</details>\n\n", content.trim_end())
}

/// A block of code that nothing in it can end.
fn fenced(language: &str, text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}", text.trim_end())
}
