//! What a change means, as people read it before they approve it.

mod changes;
mod escape;

pub use changes::{changes_markdown, heading, sentence, times};
pub use escape::visible;
