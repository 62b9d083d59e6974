//! Text to syntax tree, with the place of every part; recovery per item. Alone in naming pest.
//!
//! [`scan`] looks at all tokens once and cuts the text into regions, [`read`] has the grammar parse them and goes on
//! after errors, [`build`] makes the tree, [`explain`] finds words for what does not fit. No input makes any of them
//! panic, overflow the stack or take more than linear time.

mod build;
pub mod cursor;
mod explain;
mod grammar;
mod lex;
pub mod outline;
mod read;
mod scan;
pub mod tree;
mod words;

use crate::base::{Code, Diagnostic, FileId, Span};
use build::Builder;
use grammar::Rule;
use read::Reader;
use tree::{File, Operand, OperandKind, Text};

/// The syntax tree of `text`, and all that is wrong with it, in text order.
///
/// What has a syntax error is left out of the tree, as little as possible, and the tree says so.
pub fn parse(id: FileId, text: &str) -> (File<'_>, Vec<Diagnostic>) {
    let scan = scan::scan(id, text);
    let mut reader = Reader::new(id, text, &scan);
    let items = scan.regions.iter().flat_map(|region| reader.region(region)).collect();
    let incomplete = reader.incomplete;
    let mut diagnostics = reader.finish();
    diagnostics.extend(scan.diagnostics);
    diagnostics.sort_by_key(|d| d.span().map(|span| span.start));
    (File { id, items, comments: scan.comments, incomplete }, diagnostics)
}

/// A value from outside a file, such as the right side of `--given targets=[fw1,ls1]`; `fw1,ls1` is a list as well.
///
/// # Errors
/// The text is not a value; the diagnostic says why.
pub fn operand(id: FileId, text: &str) -> Result<Operand<'_>, Box<Diagnostic>> {
    let scan = scan::scan(id, text);
    if let Some(diagnostic) = scan.diagnostics.into_iter().next() {
        return Err(Box::new(diagnostic));
    }
    let no_value = || {
        let help = "write a name, a number, a duration such as `30s`, a \"text\", or a list such as `[a, b]`";
        Box::new(Diagnostic::error(Code::BadLiteral, Span::new(id, 0, text.len()), "this is not a value").help(help))
    };
    let pair = grammar::parse(Rule::lone_operand, text).ok_or_else(no_value)?;
    let mut builder = Builder::new(id, text, &[]);
    let operand = builder.lone_operand(pair);
    match builder.finish().into_iter().next() {
        Some(diagnostic) => Err(Box::new(diagnostic)),
        None => operand.map_err(|_| no_value()),
    }
}

/// A text from outside a file as the value that it is, without quotes.
pub fn verbatim(id: FileId, text: &str) -> Operand<'_> {
    let span = Span::new(id, 0, text.len());
    Operand { kind: OperandKind::Text(Text { raw: text, span, block: true }), span }
}

/// The paths that `text` imports, with their places: all that a loader must know of a file before it is parsed.
///
/// Agrees with [`parse`] about every import that has no syntax error.
pub fn imports(id: FileId, text: &str) -> Vec<(String, Span)> {
    scan::imports(id, text)
}
