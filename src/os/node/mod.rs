//! Other machines, reached by the system's `ssh` or by a prefix: their connections, the commands that run there, what
//! became of them.
//!
//! A way to a node is opened once and kept: the connection itself runs a small *agent* at the node, which tells what the
//! node is like, finds out what became of commands, and ends them. A command runs under a *runner*, in a session of its
//! own and with a note of its beginning and its end at the node. So its end is never guessed: the runner tells it; or, if
//! the connection was lost, the agent of the next one reads it in the notes; or it is unknown.

mod config;
mod facts;
mod link;
mod nodes;
mod preflight;
mod record;
mod remote;
#[cfg(test)]
mod tests;
mod text;
mod way;

pub use facts::{Facts, Line, Word};
pub(super) use nodes::{Handle, Nodes, Order, Settings};
pub(super) use preflight::{Needs, check};
pub use record::Records;
pub use text::encode;
