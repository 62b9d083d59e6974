//! Edges: every instruction follows earlier ones only, each named once and in ascending order, and the plan ends once.
//!
//! So the code is a directed acyclic graph in topological order, and the written order is a legal run.

use crate::bytecode::{InstrId, Op, Program};
use crate::verify::finding::Findings;

pub(super) fn check(p: &Program, found: &mut Findings) {
    for (i, instr) in p.code.iter().enumerate() {
        let here = InstrId::at(i);
        for (what, list) in [("needs", &instr.needs), ("waits", &instr.waits)] {
            if !list.is_sorted_by(|a, b| a < b) {
                found.at(instr, format!("what it {what} is not in ascending order"));
            }
            if list.iter().any(|&t| t >= here) {
                found.at(instr, format!("what it {what} does not all come before it"));
            }
        }
        if instr.waits.iter().any(|t| instr.needs.binary_search(t).is_ok()) {
            found.at(instr, "it both needs and waits for the same instruction");
        }
        if let Op::Join { rungs } = &instr.op {
            let follows = |t: &InstrId| [&instr.needs, &instr.waits].iter().any(|l| l.binary_search(t).is_ok());
            if rungs.is_empty() || !rungs.is_sorted_by(|a, b| a < b) || !rungs.iter().all(follows) {
                found.at(instr, "its rungs are not some instructions that it follows, in order");
            }
        }
    }
    let ends = p.code.iter().filter(|i| i.op == Op::End).count();
    if ends != 1 || p.code.last().is_none_or(|i| i.op != Op::End) {
        found.table("the last instruction is not the only END");
    }
}
