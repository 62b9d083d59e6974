//! The runbook of a plan: the numbered procedure as people carry it out, as a page and as Markdown. Pure: plan in, text
//! out; the same plan always gives the same text.
//!
//! The page is one file that needs nothing else and asks for nothing: what it loads is in it. Everything that comes from
//! a plan is escaped by the template engine. Its switches work with a circuit that the compiler makes (see
//! [`crate::order::circuit`]); the script counts and compares, it knows no rule of the language. Without a script, on
//! paper too, everything is visible.

mod build;
mod deed;
mod drawing;
mod fit;
mod graph;
mod lanes;
mod model;
mod rows;
mod start;
mod step;
mod time;

use crate::bytecode::Program;
use crate::calculus::AtomId;
use crate::emit::markup;
use crate::model::Plan;
use crate::order::Dag;
use crate::verdict::Verdict;
use handlebars::RenderError;
pub use model::Runbook;
pub(super) use time::against;

const PAGE: &str = include_str!("../templates/runbook.html.hbs");
const DRAWING: &str = include_str!("../templates/drawing.svg.hbs");
const SCRIPT: &str = include_str!("../templates/runbook.js");
const MARKDOWN: &str = include_str!("../templates/runbook.md.hbs");

/// A compiled plan, and what is known of it.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// As resolved.
    pub plan: &'a Plan,
    /// As ordered.
    pub dag: &'a Dag,
    /// As compiled.
    pub program: &'a Program,
    /// What is proved of it.
    pub verdict: &'a Verdict,
    /// Answers that are known.
    pub answers: &'a [(AtomId, u8)],
}

/// The runbook as one page of HTML. An error is a defect of the template.
pub fn html(runbook: &Runbook) -> Result<String, RenderError> {
    let mut engine = markup::for_pages()?;
    engine.register_partial("drawing", DRAWING)?;
    engine.register_partial("script", SCRIPT)?;
    engine.render_template(PAGE, runbook)
}

/// The runbook as Markdown. An error is a defect of the template.
pub fn markdown(runbook: &Runbook) -> Result<String, RenderError> {
    markup::for_markdown().render_template(MARKDOWN, runbook)
}
