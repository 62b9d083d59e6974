//! What editors ask about texts: plain questions about byte offsets, plain answers. It knows no protocol, reads no file
//! by itself, and keeps nothing but what it has understood of texts that have not changed since.
//!
//! Every text may be half-written: an answer may be missing, but it is never a panic, and takes time in proportion to the
//! texts. One file for each question.

mod complete;
mod desk;
mod finding;
mod fixes;
mod hints;
mod hover;
mod jump;
mod lenses;
mod names;
mod outlook;
mod place;
mod rename;
mod sheet;
mod symbols;
mod tokens;

pub use complete::{Offer, What, complete};
pub use desk::{Desk, View, text};
pub use finding::Finding;
pub use fixes::{mendable, title};
pub use hints::{Hint, hints};
pub use hover::{described, hover};
pub use jump::{definition, named, references};
pub use lenses::{Deed, lenses};
pub use names::Target;
pub use outlook::{Foreseen, Outlook};
pub use place::{Change, Edit, Place};
pub use rename::{rename, renamed};
pub use sheet::{Declaration, Sheet, Sort, Ty, Use, Wanted};
pub use symbols::{Symbol, outline, search};
pub use tokens::{Token, tokens};

#[cfg(test)]
mod tests;
