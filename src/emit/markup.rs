//! What pages and Markdown documents have in common: the template engine, the stylesheet, and how a text from outside
//! becomes a text in them and nothing more.

use handlebars::{Context, Handlebars, Helper, HelperResult, Output, RenderContext, TemplateError};

const STYLE: &str = include_str!("templates/style.css.hbs");

/// The engine for pages of HTML; `{{> style}}` is the stylesheet. An error is a defect of a template.
pub(super) fn for_pages() -> Result<Handlebars<'static>, TemplateError> {
    let mut engine = strict();
    engine.register_partial("style", STYLE)?;
    Ok(engine)
}

/// The engine for Markdown; `{{{code TEXT}}}` is a block of code.
pub(super) fn for_markdown() -> Handlebars<'static> {
    let mut engine = strict();
    engine.register_escape_fn(plain);
    engine.register_helper("code", Box::new(code));
    engine
}

fn strict() -> Handlebars<'static> {
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
