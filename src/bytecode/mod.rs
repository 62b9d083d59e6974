//! The compiled program: its data, its op table, its container, its disassembly.

mod container;
mod disassemble;
mod duty;
mod layout;
mod manual;
mod names;
mod ops;
mod program;
mod show;
mod status;
mod wire;

pub use container::{decode, decode_unsealed, encode};
pub use disassemble::disassemble;
pub use duty::Duty;
pub use manual::manual;
pub use names::{Names, spoken};
pub use ops::{Guard, Op, OpDoc, OperandDoc};
pub use program::{Calls, GuardId, Instr, InstrId, Place, Program, SourceFile};
pub use status::Status;
pub use wire::DecodeError;

#[cfg(test)]
pub(crate) mod random;
#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;
