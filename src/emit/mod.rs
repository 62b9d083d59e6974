//! What people and other tools get to see of a compiled plan: listings, graphs, JSON, a shell script. Pure: plan or
//! program in, text out.

mod graph;
mod json;
mod markup;
mod page;
mod place;
mod plan_text;
mod proof;
mod proved;
pub mod report;
mod review;
pub mod runbook;
pub mod shell;
mod sources;
mod summary;
mod words;

pub use graph::{dot, mermaid};
pub use json::plan_json;
pub use place::{Place, Point, Range, place};
pub use plan_text::plan_text;
pub use review::{changes_markdown, heading, sentence, times, visible};
pub use words::{Words, some};
