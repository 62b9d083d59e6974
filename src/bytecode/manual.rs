//! The manual of the bytecode, `docs/bytecode.md`, from the tables of the code.

use crate::bytecode::container::SECTIONS;
use crate::bytecode::ops::{Guard, Op, OpDoc};
use std::fmt::Write;

const INTRODUCTION: &str = "\
# The bytecode

*Generated from the op table and the container; `UPDATE_DOCS=1 cargo test --test docs` writes it anew.*

A compiled plan is a program: tables of machines, cells, atoms, guards and values, and one list of instructions in
written order. There are no jumps and no registers. An instruction names the earlier instructions that must have passed
(`needs`) or ended (`waits`) before it starts, the guard under which it runs, what must hold while it runs and what it
does to the cells. `handover disasm` shows all of it.

## The file

| bytes | content |
|---|---|
| 4 | `HAB1` |
| 1 | format version, 1 |
| 32 | BLAKE3 of the five bytes above and the sections 1 to 9: the identity of the program |
| 32 | BLAKE3 of section 10 |
| … | the sections, each with its number (a byte), the size of its content (a number) and its content |

";

const ENCODING: &str = "
Every program has one encoding, and a file is accepted only if it is the encoding of some program:

* numbers are LEB128 in the shortest form; a byte is itself; no is 0 and yes is 1;
* a string is its number in section 1, where each distinct string stands once, in the order of first use: its length in
  bytes, then UTF-8 (strings of the source map stand in place, in the same form);
* an optional thing is no, or yes and the thing; a list is its length and its entries; a structure is its fields in
  order; an alternative is its number (a byte) and its fields; flags are the bits of one byte;
* a reference to an instruction is its distance from the instruction being read, from instruction 0 in the tables;
  a distance is a number with the sign in the lowest bit (0, -1, 1, -2 … are 0, 1, 2, 3 …); so is a line in the source
  map, from the line before.

An instruction is its op with the operands, then: name, title, number in the procedure, machine, guard, needs, waits,
requirements, effects, fenced machines, lost cells, flags (from the lowest bit: tolerated, lingers, finally, idempotent,
opaque, commits), usual duration in milliseconds.

";

const RULES: &str = "
## What is verified

Nothing runs a program, emits it or proves something about it that does not keep these rules. `src/verify/` has a file
for each group.

* **Names** are short and without NUL; those of instructions, machines and decisions are unique.
* **Tables**: everything referred to is there; a cell has 1 to 64 named values and a mask has no others; guards are made
  of earlier ones.
* **Instructions**: block structure does nothing but be that, though an `ENTER` may require something; questions fit the
  atoms that they answer.
* **Edges** lead to earlier instructions, in ascending order, each once; the last instruction is the only `END`.
* **Commands**: names of variables, patterns, time limits and repetitions are within limits.
* **Effects**: one a cell and instruction; only exclusive things are acquired; what takes a machine down spells out what
  that loses; a `finally` needs nothing of what it follows but the entry of its block.
* **Blocks** nest; everything in a block needs its `ENTER` and is ordered before its end.
* **Knowledge**: what a condition asks about or a text has a hole for is known by then, in every interleaving.
* **Conflicts**: two accesses to a cell of which one changes it are connected by a path of edges; two that only give it
  the same value commute.
";

/// The manual, in Markdown.
pub fn manual() -> String {
    let mut out = String::from(INTRODUCTION);
    out.push_str("| section | | content |\n|---|---|---|\n");
    for (number, (name, content)) in (1..).zip(SECTIONS) {
        _ = writeln!(out, "| {number} | {name} | {content} |");
    }
    out.push_str(ENCODING);
    out.push_str("## Instructions\n\n");
    ops(&mut out, Op::TABLE);
    out.push_str("\n## Guards\n\n");
    ops(&mut out, Guard::TABLE);
    out.push_str(RULES);
    out
}

fn ops(out: &mut String, table: &[OpDoc]) {
    out.push_str("| number | op | operands | meaning |\n|---|---|---|---|\n");
    for op in table {
        let operands: Vec<String> = op.operands.iter().map(|o| format!("`{}`: {}", o.name, o.kind)).collect();
        _ = writeln!(out, "| {} | `{}` | {} | {} |", op.number, op.mnemonic, operands.join("<br>"), op.doc.trim());
    }
    for op in table.iter().filter(|op| op.operands.iter().any(|o| !o.doc.is_empty())) {
        _ = writeln!(out, "\n`{}`:\n", op.mnemonic);
        for operand in op.operands {
            _ = writeln!(out, "* `{}`: {}", operand.name, operand.doc.trim());
        }
    }
}
