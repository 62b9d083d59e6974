//! The report of a run, for people who were not there: as a page, as Markdown, as data. Pure: records in, text out.
//!
//! The page is one file that needs nothing else: no script, no request, readable on paper. Everything that comes from
//! outside is escaped by the template engine; nothing is marked as safe.

mod build;
mod model;
mod proof;
mod timeline;

use handlebars::{Context, Handlebars, Helper, HelperResult, Output, RenderContext, RenderError};
pub use model::{Report, Seal};

const PAGE: &str = include_str!("../templates/report.html.hbs");
const MARKDOWN: &str = include_str!("../templates/report.md.hbs");

/// The report as one page of HTML. An error is a defect of the template.
pub fn html(report: &Report) -> Result<String, RenderError> {
    engine().render_template(PAGE, report)
}

/// The report as Markdown. An error is a defect of the template.
pub fn markdown(report: &Report) -> Result<String, RenderError> {
    let mut engine = engine();
    engine.register_escape_fn(plain);
    engine.register_helper("code", Box::new(code));
    engine.render_template(MARKDOWN, report)
}

fn engine() -> Handlebars<'static> {
    let mut engine = Handlebars::new();
    engine.set_strict_mode(true);
    engine
}

/// A text as part of a line of Markdown: nothing in it is markup, and it does not end a cell of a table.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for c in text.trim().chars() {
        match c {
            '\n' => out.push_str("<br>"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '&' | '~' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

/// `{{{code TEXT}}}`
fn code(call: &Helper, _: &Handlebars, _: &Context, _: &mut RenderContext, out: &mut dyn Output) -> HelperResult {
    let text = call.param(0).and_then(|p| p.value().as_str()).unwrap_or_default();
    Ok(out.write(&indented(text))?)
}

/// A text as it is: lines that are indented are code in Markdown, whatever is in them.
fn indented(text: &str) -> String {
    let lines: Vec<String> = text.trim_end().lines().map(|line| format!("    {line}")).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::{indented, plain};

    #[test]
    fn nothing_in_a_text_is_markup() {
        assert_eq!(plain("a|b *c* <i>\nd\n"), "a\\|b \\*c\\* \\<i\\><br>d");
        assert_eq!(indented("```\na\n\n"), "    ```\n    a");
    }
}
