//! A compiled plan as a Markdown table: a row for each step, for a review or a wiki page.

use crate::emit::words::Words;
use crate::model::{Act, Plan, Step};
use crate::order::{Dag, Node, NodeId, Outline, Skipped, What};
use std::fmt::Write;

/// The plan as a Markdown document.
pub fn markdown(plan: &Plan, dag: &Dag, skipped: &Skipped) -> String {
    let outline = Outline::of(plan);
    let words = Words { outline: &outline, dag, skipped };
    let mut out = format!("# {}\n\n", if plan.title.is_empty() { &plan.name } else { &plan.title });
    let arguments: Vec<String> = plan.arguments.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    _ = writeln!(out, "`{}({})`\n", plan.name, arguments.join(", "));
    for (atom, option) in skipped.decisions() {
        _ = writeln!(out, "* {}: **{}**", words.atom(*atom), words.answer(*atom, *option));
    }
    if !skipped.decisions().is_empty() {
        out.push('\n');
    }
    out.push_str("| no. | step | on | when | what |\n|---|---|---|---|---|\n");
    for (id, node) in dag.nodes() {
        if let What::Step(key) = &node.what
            && let Some(step) = outline.step(*key)
        {
            out.push_str(&row(&words, id, node, step));
        }
    }
    for hold in &plan.holds {
        _ = write!(out, "\nAfterwards: {}\n", hold.text);
    }
    out
}

fn row(words: &Words<'_>, id: NodeId, node: &Node, step: &Step) -> String {
    let number = step.number.map_or_else(String::new, |n| n.to_string());
    let name = match step.title.as_str() {
        "" => code(&step.name),
        title => format!("{}<br>{title}", code(&step.name)),
    };
    let place = step.host.map_or("operator", |m| words.machine(m));
    let cells = [number, name, place.to_owned(), when(words, id, node), what(words, step)];
    // A bar would begin the next cell, also inside code.
    let cells: Vec<String> = cells.iter().map(|c| c.replace('|', "\\|").replace('\n', "<br>")).collect();
    format!("| {} |\n", cells.join(" | "))
}

fn when(words: &Words<'_>, id: NodeId, node: &Node) -> String {
    if let Some(why) = words.skipped(id) {
        return format!("*skipped: {why}*");
    }
    let mut all: Vec<String> = Vec::new();
    let mut at = Some(node);
    // Its own conditions, then those of the blocks around it.
    while let Some(node) = at {
        all.extend(node.conditions.iter().map(|c| c.text.clone()));
        at = node.within.and_then(|block| words.dag.node(block));
    }
    all.extend(node.instead_of.map(|first| format!("otherwise: if `{}` is not possible or fails", words.name(first))));
    all.extend(node.finally.then(|| String::from("in any case")));
    all.join("\n")
}

fn what(words: &Words<'_>, step: &Step) -> String {
    if !step.call.is_empty() {
        return code(&step.call);
    }
    match &step.act {
        Act::Run { command, .. } | Act::Wait { command, .. } => code(&words.template(&command.script)),
        Act::Probe { atom, .. } => format!("find out: {}", words.atom(*atom)),
        Act::Ask { question, answers, gate, .. } => {
            let clauses: String = gate.clauses(answers).iter().map(|clause| format!("\n{clause}")).collect();
            format!("ask: {}{clauses}", words.template(question))
        }
        Act::Tell { text } => words.template(text),
        Act::Delay { ms } => format!("wait for {}", crate::base::duration(*ms)),
        Act::Assume { why } => format!("taken for granted: {why}"),
    }
}

/// Each line as code.
fn code(text: &str) -> String {
    let line = |l: &str| if l.contains('`') { format!("`` {l} ``") } else { format!("`{l}`") };
    text.trim_matches('\n').lines().filter(|l| !l.trim().is_empty()).map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::code;

    #[test]
    fn code_stays_code() {
        assert_eq!(code("a | b"), "`a | b`");
        assert_eq!(code("\n  a `b`\n\n  c\n"), "``   a `b` ``\n`  c`");
    }
}
