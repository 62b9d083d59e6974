//! Why one instruction follows another, as far as a program shows it.

use super::Side;
use super::blocks::is_step;
use crate::bytecode::{Instr, InstrId, Op};
use crate::calculus::{CellId, ValueSource};

/// Why one instruction follows another, as far as the program shows it.
pub(super) fn reason(side: &Side<'_>, a: InstrId, b: InstrId) -> String {
    let (Some(first), Some(second)) = (side.instr(a), side.instr(b)) else { return String::from("it is written so") };
    let values = side.program.values.iter().enumerate();
    let captured = values.filter(|(_, v)| matches!(v.source, ValueSource::Captured { by } if by == a));
    let captured: Vec<usize> = captured.map(|(index, _)| index).collect();
    let uses = second.op.templates().flat_map(|t| t.values()).find(|v| captured.contains(&v.index()));
    if let Some(value) = uses {
        return format!("it uses `{}` of it", side.names.value(value));
    }
    if side.names.guard(second.guard).contains(&format!("ok({})", first.name)) {
        return String::from("its condition asks about it");
    }
    if let Some(cell) = conflict(first, second) {
        return format!("both concern `{}`", side.names.cell(cell));
    }
    if !first.fences.is_empty() && second.effects.iter().any(|e| e.exclusive) {
        return String::from("it fences first");
    }
    match (first.host, second.host) {
        _ if first.flags.opaque || second.flags.opaque => {
            let opaque = if first.flags.opaque { a } else { b };
            format!("nothing is known of `{}`", side.name(opaque))
        }
        (Some(one), Some(other)) if one == other => format!("both run on {}", side.names.machine(one)),
        _ if !is_step(first) || !is_step(second) => String::from("a block is left before what follows it begins"),
        _ => match (&first.op, &second.op) {
            (Op::Ask { .. } | Op::Tell { .. }, _) | (_, Op::Ask { .. } | Op::Tell { .. }) => {
                String::from("it speaks with the operator in between")
            }
            (Op::Wait { .. } | Op::Delay { .. }, _) | (_, Op::Wait { .. } | Op::Delay { .. }) => {
                String::from("it waits in between")
            }
            _ => String::from("it is written so"),
        },
    }
}

/// A cell that both touch and that one of them changes.
fn conflict(first: &Instr, second: &Instr) -> Option<CellId> {
    let changes = |instr: &Instr, cell: CellId| instr.effects.iter().any(|e| e.cell == cell);
    let touches = |instr: &Instr, cell: CellId| changes(instr, cell) || instr.requires.iter().any(|r| r.cell == cell);
    let cells = first.effects.iter().chain(&second.effects).map(|e| e.cell);
    cells.into_iter().find(|cell| touches(first, *cell) && touches(second, *cell))
}
