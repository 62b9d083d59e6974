//! What there is to know of something that is named: what it is, what it does, where it comes from; of a step also what
//! is foreseen and proved. As Markdown, which every editor shows.

use super::desk::View;
use super::hints::skipped;
use super::names::Target;
use super::outlook::{Foreseen, Outlook};
use super::sheet::{Declaration, Named, Sort};
use crate::base::FileId;
use crate::syntax::cursor::{Form, Inside, beginnings, cursor, words};
use crate::syntax::{self, tree};
use std::ops::Range;

/// Characters of a declaration that are shown.
const SHOWN: usize = 1_500;

/// What there is to know of what is named at an offset, and the place of the name; of a word that begins a clause, how it is
/// used.
pub fn hover(view: &View, outlook: Option<&Outlook>, offset: usize) -> Option<(String, Range<usize>)> {
    let own = view.own()?;
    let at = match own.at(offset) {
        Some(Named::Used(used)) => used.at.clone(),
        Some(Named::Declared(index)) => own.get(index)?.at.clone(),
        None => return example(&own.text, offset),
    };
    let target = view.meant(offset)?;
    Some((described(view, outlook, &target)?, at))
}

/// How the word is used that begins a clause at an offset.
fn example(text: &str, offset: usize) -> Option<(String, Range<usize>)> {
    let cursor = cursor(text, offset);
    let word = text.get(cursor.word.clone()).filter(|_| cursor.fresh && cursor.inside == Inside::Code)?;
    let begin = beginnings(cursor.place).find(|begin| begin.shown.split(' ').next() == Some(word))?;
    Some((format!("```handover\n{}\n```", begin.example), cursor.word))
}

/// What there is to know of a declaration.
pub fn described(view: &View, outlook: Option<&Outlook>, target: &Target) -> Option<String> {
    let (sheet, declaration) = (view.sheet(&target.path)?, view.get(target)?);
    let mut parts = vec![format!("```handover\n{}\n```", shown(&sheet.text, declaration))];
    let told = comment(&sheet.text, declaration.whole.start);
    parts.extend((!told.is_empty()).then_some(told));
    if matches!(declaration.sort, Sort::Step | Sort::Phase) {
        let steps = outlook.map(|outlook| outlook.at(&target.path, &declaration.whole));
        parts.extend(steps.map(foreseen).filter(|text| !text.is_empty()));
        parts.extend(done(view, &sheet.text, declaration));
    }
    if declaration.sort == Sort::Thing {
        parts.extend(kind(view, declaration));
    }
    if target.path.starts_with("std/") {
        parts.push(format!("from `{}`", target.path));
    }
    Some(parts.join("\n\n"))
}

/// The thing's kind, in a phrase.
fn kind(view: &View, thing: &Declaration) -> Option<String> {
    let super::sheet::Ty::Named(kind) = &thing.ty else { return None };
    let target = view.global(kind, &[Sort::Kind])?;
    let title = view.get(&target)?.title.clone();
    (!title.is_empty()).then(|| format!("`{kind}`: {title}"))
}

/// A declaration as it is written: a small one as a whole, of others the head, and of actions and probes what they need
/// and bring.
fn shown(text: &str, declaration: &Declaration) -> String {
    let whole = text.get(declaration.whole.clone()).unwrap_or("");
    let head = || head(whole).to_owned();
    match declaration.sort {
        Sort::Action | Sort::Probe | Sort::Kind | Sort::Rule | Sort::Thing if whole.len() <= SHOWN => {
            dedented(text, declaration.whole.clone())
        }
        Sort::Action | Sort::Probe => [head(), effects(text, &declaration.whole)].join("\n"),
        Sort::Kind | Sort::Rule | Sort::Thing | Sort::Plan | Sort::Step | Sort::Phase | Sort::Test => head(),
        Sort::State => format!("{}: a state of {}", declaration.name, declaration.of),
        Sort::Decision => format!("given {whole}"),
        Sort::Variable if whole.starts_with("let ") => whole.to_owned(),
        Sort::Variable if whole.contains(" = ") => format!("let {whole}"),
        Sort::Variable => head(),
        Sort::Field if !declaration.of.is_empty() => format!("{} {{ {whole} }}", declaration.of),
        Sort::Field | Sort::Parameter | Sort::Answer => whole.to_owned(),
    }
}

/// The text before the first brace that is in no string.
pub fn head(whole: &str) -> &str {
    let brace = words(whole).find(|word| word.form == Form::Sign && whole.get(word.at.clone()) == Some("{"));
    brace.and_then(|word| whole.get(..word.at.start)).unwrap_or(whole).trim_end()
}

/// Lines without the indentation that the first of them has.
fn dedented(text: &str, range: Range<usize>) -> String {
    let before = text.get(..range.start).unwrap_or("");
    let indent = before.rsplit('\n').next().map_or(0, |line| line.len() - line.trim_start().len());
    let lines = text.get(range).unwrap_or("").lines();
    let cut = |line: &str| {
        line.get(line.len().min(indent).min(line.len() - line.trim_start().len())..).unwrap_or(line).to_owned()
    };
    let lines: Vec<String> =
        lines.enumerate().map(|(n, line)| if n == 0 { line.to_owned() } else { cut(line) }).collect();
    lines.join("\n")
}

/// The comment lines right above an offset.
fn comment(text: &str, start: usize) -> String {
    let before = text.get(..start).unwrap_or("");
    let own = before.rfind('\n').map_or("", |end| before.get(..end).unwrap_or(""));
    let mut lines: Vec<&str> = own.lines().rev().map_while(|line| line.trim().strip_prefix('#')).collect();
    lines.reverse();
    lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join("\n")
}

/// The clauses of an action or probe that say what it needs, brings, and how it is read back and undone.
fn effects(text: &str, whole: &Range<usize>) -> String {
    let item = text.get(whole.clone()).unwrap_or("");
    let (file, _) = syntax::parse(FileId::default(), item);
    let clauses: &[tree::Clause<'_>] = match file.items.first() {
        Some(tree::Item::Action(action)) => &action.clauses,
        Some(tree::Item::Probe(probe)) => &probe.clauses,
        _ => &[],
    };
    let told = clauses.iter().filter(|clause| !matches!(clause.kind, tree::ClauseKind::Run(_)));
    let line = |clause: &tree::Clause<'_>| {
        let said = item.get(clause.span.start as usize..clause.span.end as usize).unwrap_or("");
        format!("  {}", said.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    told.map(line).collect::<Vec<_>>().join("\n")
}

/// The action that a step does, in a few lines.
fn done(view: &View, text: &str, step: &Declaration) -> Option<String> {
    let own = view.own().filter(|own| *own.text == *text)?;
    let is_inside = |at: &Range<usize>| step.whole.start <= at.start && at.end <= step.whole.end;
    let calls = own.uses.iter().filter(|used| is_inside(&used.at) && used.wanted == super::sheet::Wanted::Action);
    let mut told = Vec::new();
    for used in calls {
        let Some(target) = view.resolve(own, used) else { continue };
        let (Some(sheet), Some(action)) = (view.sheet(&target.path), view.get(&target)) else { continue };
        let title = if action.title.is_empty() { String::new() } else { format!(": {}", action.title) };
        told.push(format!("`{}`{title}\n```handover\n{}\n```", action.name, effects(&sheet.text, &action.whole)));
    }
    (!told.is_empty()).then(|| told.join("\n\n"))
}

/// What is foreseen and proved of a step.
fn foreseen(steps: &[Foreseen]) -> String {
    let Some(first) = steps.first() else { return String::new() };
    let mut lines: Vec<String> = Vec::new();
    for step in steps.iter().take(4) {
        let on = step.host.as_ref().map_or_else(String::new, |host| format!(" on `{host}`"));
        let wave = step.wave.map_or_else(
            || String::from("does not run when everything works"),
            |wave| format!("wave {wave} of {}", step.waves),
        );
        let critical = if step.critical { ", on the path that takes longest" } else { "" };
        lines.push(format!("* in `{}`: `{}`{on}, {wave}{critical}", step.plan, step.name));
    }
    if steps.len() > 4 {
        lines.push(format!("* and {} more", steps.len() - 4));
    }
    lines.extend(skipped(steps).map(|skipped| format!("* {skipped}")));
    let list = |facts: &[String]| facts.iter().map(|fact| format!("`{fact}`")).collect::<Vec<_>>().join(", ");
    if !first.brings.is_empty() {
        lines.push(format!("* brings {}", list(&first.brings)));
    }
    if first.commits {
        lines.push("* from here on there is no way back".into());
    }
    lines.push(proved(first, &list));
    lines.join("\n")
}

fn proved(step: &Foreseen, list: &impl Fn(&[String]) -> String) -> String {
    match (step.opaque, step.proved, step.needs.is_empty()) {
        (true, _, _) => "* nothing is known of what it does: the plan is proved around it".into(),
        (false, true, false) => {
            format!(
                "* proved: whatever happened before, when it begins {} – so also after failures, time-outs and a crash",
                list(&step.needs)
            )
        }
        (false, true, true) => "* proved: it needs nothing that could be missing".into(),
        (false, false, false) => format!("* needs {} – not proved yet", list(&step.needs)),
        (false, false, true) => "* not proved yet".into(),
    }
}
