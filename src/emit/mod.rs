//! What people and other tools get to see of a compiled plan: listings, graphs, JSON, a shell script. Pure: plan or
//! program in, text out.

mod github;
mod graph;
mod json;
mod markup;
mod note;
mod page;
mod place;
mod plan_text;
mod proof;
mod proved;
pub mod report;
pub mod review;
pub mod runbook;
mod sarif;
pub mod shell;
mod summary;
mod words;

pub use github::github;
pub use graph::{dot, mermaid};
pub use json::plan_json;
pub use note::{Level, Note};
pub use place::{Place, Point, Range, place};
pub use plan_text::plan_text;
pub use sarif::sarif;
pub use words::{Words, some};
