//! Text to syntax tree, with the place of every part; recovery per item. Alone in naming pest.

mod build;
mod grammar;
pub mod tree;

use crate::base::{Code, Diagnostic, FileId, Span};
use build::Builder;
use grammar::{Grammar, Rule};
use pest::Parser;
use tree::{File, Operand};

/// The syntax tree of `text`, and all that is wrong with it.
pub fn parse(id: FileId, text: &str) -> (File<'_>, Vec<Diagnostic>) {
    let mut builder = Builder::new(id, text);
    let mut file = File { id, items: Vec::new(), comments: Vec::new(), incomplete: false };
    match Grammar::parse(Rule::file, text) {
        Ok(pairs) => file.items = builder.file(pairs),
        Err(error) => {
            let at = match error.location {
                pest::error::InputLocation::Pos(p) | pest::error::InputLocation::Span((p, _)) => p,
            };
            file.incomplete = true;
            builder.report(Diagnostic::error(
                Code::UnexpectedWord,
                Span::new(id, at, at + 1),
                "this does not fit here",
            ));
        }
    }
    (file, builder.finish())
}

/// A value from outside a file, such as the right side of `--given a=[fw1, ls1]`.
///
/// # Errors
/// The text is not a value.
pub fn operand(id: FileId, text: &str) -> Result<Operand<'_>, Diagnostic> {
    let mut builder = Builder::new(id, text);
    let wrong = || Diagnostic::error(Code::BadLiteral, Span::new(id, 0, text.len()), "this is not a value");
    let pairs = Grammar::parse(Rule::lone_operand, text).map_err(|_| wrong())?;
    let operand = builder.lone_operand(pairs);
    match (operand, builder.finish().into_iter().next()) {
        (_, Some(diagnostic)) => Err(diagnostic),
        (Ok(operand), None) => Ok(operand),
        (Err(_), None) => Err(wrong()),
    }
}

/// The paths that `text` imports, with their places: all that a loader must know of a file before it is parsed.
///
/// Looks at the words that stand first on a line; a line that turns out to be no import is sorted out by [`parse`].
pub fn imports(id: FileId, text: &str) -> Vec<(String, Span)> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if let Some(rest) = line.strip_prefix("use ") {
            let path = rest.trim_start();
            let at = start + line.len() - path.len();
            let (path, at) = match path.strip_prefix('"') {
                Some(quoted) => (quoted.split('"').next().unwrap_or(""), at + 1),
                None => (path.split([' ', '\t', '\r', '\n', '#']).next().unwrap_or(""), at),
            };
            found.push((path.to_owned(), Span::new(id, at, at + path.len())));
        }
        start += line.len();
    }
    found
}
