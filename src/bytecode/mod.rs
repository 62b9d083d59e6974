//! The compiled program: its data, its op table, its container, its disassembly.

mod program;

pub use program::{Guard, GuardId, Instr, InstrId, Op, Place, Program, SourceFile};
