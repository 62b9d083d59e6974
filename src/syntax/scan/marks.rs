//! What no plan can mean: the marks of a merge that was never finished, signs that make a text look like another one.

use super::{Scan, Scanner};
use crate::base::{Code, Diagnostic, FileId, Span, limits};
use crate::syntax::lex::Token;

/// What git and others write around the two sides of a conflict, each at the beginning of a line.
const SIDES: [&str; 3] = ["<<<<<<< ", "=======", ">>>>>>> "];

/// A file in which two versions of its lines stand: the conflicts, and nothing of its text.
pub(super) fn conflicts(id: FileId, text: &str) -> Option<Scan> {
    let mut found = Vec::new();
    let (mut at, mut begun, mut divided) = (0, None, false);
    for line in text.split_inclusive('\n') {
        if line.starts_with(SIDES[0]) {
            (begun, divided) = (Some(Span::new(id, at, at + line.trim_end().len())), false);
        } else if line.trim_end() == SIDES[1] {
            divided = begun.is_some();
        } else if line.starts_with(SIDES[2]) && divided {
            let span = begun.take().unwrap_or(Span::new(id, at, at));
            found.push(
                Diagnostic::error(Code::MergeConflict, span, "a merge has left two versions of these lines")
                    .label(Span::new(id, at, at + line.trim_end().len()), "up to here")
                    .help("keep the lines that are right, and remove those that begin with `<<<<<<<`, `=======` and `>>>>>>>`"),
            );
            divided = false;
        }
        at += line.len();
    }
    found.truncate(limits::SYNTAX_ERRORS);
    if found.is_empty() { None } else { Some(Scan { diagnostics: found, ..Scan::default() }) }
}

/// Signs that reorder what is shown after them (Unicode Standard Annex 9; CVE-2021-42574).
fn reorders(sign: char) -> bool {
    matches!(sign, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

impl Scanner<'_> {
    /// Reports what makes a comment or a string look otherwise than it is read.
    pub(super) fn hidden(&mut self, token: Token) {
        for (offset, sign) in token.text(self.text).char_indices().filter(|(_, sign)| reorders(*sign)) {
            let at = token.start + offset;
            let span = self.span(at, at + sign.len_utf8());
            let message =
                format!("a hidden sign (U+{:04X}) changes the order in which this line is shown", u32::from(sign));
            let diagnostic = Diagnostic::error(Code::HiddenSign, span, message);
            self.report(diagnostic.help("remove it: what people read must be what is run").fix(span, ""));
        }
    }
}
