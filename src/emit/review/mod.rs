//! What a change means, as people read it before they approve it.

mod changes;
mod escape;
mod graph;
mod markdown;
mod model;
mod table;

pub use changes::{changes_markdown, heading, sentence, times};
pub use escape::visible;
pub use graph::graph;
pub use markdown::{headline, markdown};
pub use model::{FileReview, Outcome, PlanReview, Review};
pub use table::table;

use crate::bytecode::Program;
use crate::model::Plan;
use crate::order::Dag;

/// A version of a plan, for whom words are made of it.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    /// As resolved.
    pub plan: &'a Plan,
    /// As ordered; its nodes are the program's instructions.
    pub dag: &'a Dag,
    /// As compiled.
    pub program: &'a Program,
}
