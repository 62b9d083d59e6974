//! The runbook before and after: a row for each step of either version, with what has gone struck out and what has come
//! beside it.

use super::Side;
use super::changes::marked;
use super::escape::code;
use crate::base::duration;
use crate::bytecode::{InstrId, Names, Op};
use crate::compare::{Pairs, word_diff};
use crate::order::{NodeId, Outline, What};
use std::fmt::Write;

/// Rows without a change on each side of one that has; others are counted.
const AROUND: usize = 2;
/// Characters of a cell that are shown.
const CELL: usize = 160;

/// The table as Markdown; empty if no row has changed.
pub fn table(old: &Side<'_>, new: &Side<'_>, pairs: &Pairs) -> String {
    let (before, after) = (Outline::of(old.plan), Outline::of(new.plan));
    let rows = rows(&Told::of(old, &before), &Told::of(new, &after), pairs);
    let changed: Vec<bool> = rows.iter().map(|row| !row.mark.is_empty()).collect();
    if !changed.contains(&true) {
        return String::new();
    }
    let mut out = String::from("| | no. | step | on | when | what |\n|---|---|---|---|---|---|\n");
    let mut skipped = 0;
    for (index, row) in rows.iter().enumerate() {
        let near = changed.get(index.saturating_sub(AROUND)..(index + AROUND + 1).min(rows.len()));
        if near.is_some_and(|near| near.contains(&true)) {
            gap(&mut out, &mut skipped);
            _ = writeln!(out, "| {} | {} |", row.mark, row.cells.join(" | "));
        } else {
            skipped += 1;
        }
    }
    gap(&mut out, &mut skipped);
    out
}

fn gap(out: &mut String, skipped: &mut usize) {
    match std::mem::take(skipped) {
        0 => {}
        1 => out.push_str("| | | *one step as before* | | | |\n"),
        n => _ = writeln!(out, "| | | *{n} steps as before* | | | |"),
    }
}

struct Row {
    /// `−`, `+`, `~`, or nothing.
    mark: &'static str,
    cells: Vec<String>,
}

/// The steps of the new version in their order; those that are gone stand behind what they stood behind.
fn rows(old: &Told<'_>, new: &Told<'_>, pairs: &Pairs) -> Vec<Row> {
    let mut rows = Vec::new();
    let gone = |after: Option<InstrId>| -> Vec<InstrId> {
        let first = after.map_or(0, |id| id.index() + 1);
        (first..old.side.program.code.len()).map(InstrId::at).take_while(|id| pairs.new_of(*id).is_none()).collect()
    };
    let add_gone = |rows: &mut Vec<Row>, after: Option<InstrId>| {
        for id in gone(after) {
            if let Some(cells) = old.cells(id) {
                rows.push(Row { mark: "−", cells: cells.iter().map(|cell| both(cell, "")).collect() });
            }
        }
    };
    add_gone(&mut rows, None);
    for id in (0..new.side.program.code.len()).map(InstrId::at) {
        let before = pairs.old_of(id);
        if let Some(after) = new.cells(id) {
            rows.push(match before.and_then(|before| old.cells(before)) {
                None => Row { mark: "+", cells: after.iter().map(|cell| both("", cell)).collect() },
                Some(before) if before == after => {
                    Row { mark: "", cells: after.iter().map(|cell| code(cell).replace('\n', "<br>")).collect() }
                }
                Some(before) => {
                    Row { mark: "~", cells: before.iter().zip(&after).map(|(was, is)| both(was, is)).collect() }
                }
            });
        }
        if let Some(before) = before {
            add_gone(&mut rows, Some(before));
        }
    }
    rows
}

/// A cell with what has gone and what has come.
fn both(was: &str, is: &str) -> String {
    marked(&word_diff(was, is)).replace('\n', "<br>")
}

/// A version in words.
struct Told<'a> {
    side: &'a Side<'a>,
    outline: &'a Outline<'a>,
    names: Names<'a>,
}

impl<'a> Told<'a> {
    fn of(side: &'a Side<'a>, outline: &'a Outline<'a>) -> Told<'a> {
        Told { side, outline, names: Names::of(side.program) }
    }

    /// Number, step, place, conditions, deed; nothing for block structure.
    fn cells(&self, id: InstrId) -> Option<[String; 5]> {
        let instr = self.side.program.code.get(id.index())?;
        if instr.op.is_structure() && !matches!(instr.op, Op::Assume { .. }) {
            return None;
        }
        let number = instr.number.map_or_else(String::new, |n| n.to_string());
        let name = match instr.title.as_str() {
            "" => instr.name.clone(),
            title => format!("{}\n{title}", instr.name),
        };
        let place = instr.host.map_or_else(|| String::from("operator"), |machine| self.names.machine(machine));
        Some([number, name, place, self.when(id), self.deed(id, &instr.op)].map(|cell| short(&cell)))
    }

    /// When a step runs: its own conditions, then those of the blocks around it.
    fn when(&self, id: InstrId) -> String {
        let mut all: Vec<&str> = Vec::new();
        let mut at = self.side.dag.node(NodeId(id.0));
        while let Some(node) = at {
            all.extend(node.conditions.iter().map(|c| c.text.as_str()));
            at = node.within.and_then(|block| self.side.dag.node(block));
        }
        all.join("\n")
    }

    /// What a step does, as it is written: the action that it calls, or else its command.
    fn deed(&self, id: InstrId, op: &Op) -> String {
        let step = match self.side.dag.node(NodeId(id.0)).map(|node| &node.what) {
            Some(What::Step(key)) => self.outline.step(*key),
            _ => None,
        };
        let call = step.map_or("", |step| step.call.as_str());
        match op {
            Op::Run { .. } if !call.is_empty() => format!("do {call}"),
            Op::Wait { .. } if !call.is_empty() => format!("wait until {call}"),
            Op::Ask { question, .. } => format!("ask: {}", self.names.template(question)),
            Op::Tell { text } => format!("tell: {}", self.names.template(text)),
            Op::Delay { ms } => format!("wait for {}", duration(*ms)),
            Op::Assume { why } => format!("taken for granted: {why}"),
            op => op.command().map_or_else(String::new, |command| self.names.template(&command.script)),
        }
    }
}

fn short(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let text = lines.join("\n");
    match text.char_indices().nth(CELL) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text,
    }
}
