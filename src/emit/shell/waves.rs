//! The order in which a script starts its steps: as early as their usual durations let them, ties in written order.
//!
//! A script starts steps one after the other and each waits for what it follows, so a step that must wait for long
//! should not stand before one that could start now.

use crate::bytecode::{Instr, Op, Program};

/// What a step takes if nobody says what it usually takes.
const USUAL_MS: u64 = 1_000;

/// Instructions by the time at which they can start; each wave in written order.
pub(super) fn waves(program: &Program) -> Vec<Vec<usize>> {
    let mut ends: Vec<u64> = Vec::with_capacity(program.code.len());
    let mut starts: Vec<(u64, usize)> = Vec::with_capacity(program.code.len());
    for (index, instr) in program.code.iter().enumerate() {
        let before = instr.needs.iter().chain(&instr.waits);
        let start = before.filter_map(|t| ends.get(t.index())).max().copied().unwrap_or(0);
        starts.push((start, index));
        ends.push(start.saturating_add(duration_ms(instr)));
    }
    // Stable: what follows something without duration stays behind it.
    starts.sort_by_key(|(start, _)| *start);
    starts.chunk_by(|a, b| a.0 == b.0).map(|wave| wave.iter().map(|(_, index)| *index).collect()).collect()
}

fn duration_ms(instr: &Instr) -> u64 {
    match &instr.op {
        op if op.is_structure() => 0,
        Op::Delay { ms } => *ms,
        Op::Tell { .. } => 0,
        _ => instr.usually_ms.unwrap_or(USUAL_MS),
    }
}

#[cfg(test)]
mod tests {
    use super::waves;
    use crate::bytecode::Op;
    use crate::bytecode::sample::{Builder, run};

    #[test]
    fn a_slow_chain_does_not_hold_up_a_quick_one() {
        let mut b = Builder::new("two chains");
        b.instr("begin", Op::Enter, &[]);
        b.instr("slow1", run("true"), &[0]).usually_ms = Some(60_000);
        b.instr("slow2", run("true"), &[1]);
        b.instr("quick1", run("true"), &[0]);
        b.instr("quick2", run("true"), &[3]);
        b.instr("end", Op::End, &[2, 4]);
        assert_eq!(waves(&b.0), [vec![0, 1, 3], vec![4], vec![2], vec![5]]);
    }
}
