//! The report of a run, for people who were not there: as a page, as Markdown, as data. Pure: records in, text out.
//!
//! The page is one file that needs nothing else: no script, no request, readable on paper. Everything that comes from
//! outside is escaped by the template engine; nothing is marked as safe.

mod build;
mod model;
mod proof;
mod timeline;

use crate::emit::markup;
use handlebars::RenderError;
pub use model::{Report, Seal};

const PAGE: &str = include_str!("../templates/report.html.hbs");
const MARKDOWN: &str = include_str!("../templates/report.md.hbs");

/// The report as one page of HTML. An error is a defect of the template.
pub fn html(report: &Report) -> Result<String, RenderError> {
    markup::for_pages()?.render_template(PAGE, report)
}

/// The report as Markdown. An error is a defect of the template.
pub fn markdown(report: &Report) -> Result<String, RenderError> {
    markup::for_markdown().render_template(MARKDOWN, report)
}
