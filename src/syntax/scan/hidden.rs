//! Signs that make a text look like another one.

use super::Scanner;
use crate::base::{Code, Diagnostic};
use crate::syntax::lex::Token;

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
