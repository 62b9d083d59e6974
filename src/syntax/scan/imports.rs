//! The imports of a text, found without parsing it.

use super::scan;
use crate::base::{FileId, Span};
use crate::syntax::lex::{self, Kind, Lexer};

/// The paths of the imports of a text, with their places.
pub(in crate::syntax) fn imports(id: FileId, text: &str) -> Vec<(String, Span)> {
    let regions = scan(id, text).regions;
    regions.iter().filter_map(|region| import(id, text, region.range.start)).collect()
}

/// The path of the import that begins at `start`, if one does.
fn import(id: FileId, text: &str, start: usize) -> Option<(String, Span)> {
    let mut tokens = Lexer::new(text, start).filter(|token| token.kind != Kind::Comment);
    tokens.next().filter(|token| token.text(text) == "use")?;
    let first = tokens.next()?;
    let (start, end) = match first.kind {
        Kind::Text { .. } | Kind::Block { .. } => first.content(),
        _ => {
            let path = text.get(first.start..).unwrap_or("").bytes();
            let len = path.take_while(|b| lex::is_name_byte(*b) || matches!(b, b'.' | b'/')).count();
            (first.start, first.start + len)
        }
    };
    Some((text.get(start..end)?.to_owned(), Span::new(id, start, end)))
}
