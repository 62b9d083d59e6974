//! What editors ask about texts: plain questions about byte offsets, plain answers. It knows no protocol, reads no file
//! by itself, and keeps nothing but what it has understood of texts that have not changed since.
//!
//! Every text may be half-written: an answer may be missing, but it is never a panic, and takes time in proportion to the
//! texts. One file for each question.

mod desk;
mod finding;
mod names;
mod outlook;
mod place;
mod sheet;
mod symbols;
mod tokens;

pub use desk::{Desk, View, text};
pub use finding::Finding;
pub use names::{Known, Target};
pub use outlook::{Foreseen, Outlook};
pub use place::{Change, Edit, Place};
pub use sheet::{Sheet, Sort};
pub use symbols::{Symbol, outline, search};
pub use tokens::{Token, tokens};
