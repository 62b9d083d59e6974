//! What the scan says and does about strings: every one is closed before the grammar sees it.

use super::Scanner;
use crate::base::{Code, Diagnostic};
use crate::syntax::lex::{Kind, Token};

impl Scanner<'_> {
    /// Looks at a string.
    pub(super) fn string(&mut self, token: Token) {
        self.value(token);
        self.nesting.other();
        match token.kind {
            Kind::Text { closed: false } => self.unclosed_text(token),
            Kind::Block { closed: false } => self.unclosed_block(token),
            Kind::Text { closed: true } => self.escapes(token),
            _ => {}
        }
    }

    /// Reports every backslash in a string that begins no escape.
    fn escapes(&mut self, token: Token) {
        let (mut at, end) = token.content();
        while let Some(found) = self.text.get(at..end).and_then(|rest| rest.find('\\')) {
            let start = at + found;
            let escaped = self.text.get(start + 1..end).and_then(|rest| rest.chars().next()).unwrap_or(' ');
            at = start + 1 + escaped.len_utf8();
            if !matches!(escaped, '"' | '\\' | 'n' | 't') {
                let message = format!("`\\{escaped}` is not an escape");
                let help = format!("write `\\\\{escaped}`, or use a `\"\"\"` block, which has no escapes");
                let span = self.span(start, at);
                let diagnostic = Diagnostic::error(Code::BadEscape, span, message).help(help);
                self.report(diagnostic.fix(span, format!("\\\\{escaped}")));
            }
        }
    }

    fn unclosed_text(&mut self, token: Token) {
        let help = "add `\"` at its end, or use a `\"\"\"` block for several lines";
        self.unclosed(token.start..token.start + 1, "this text is not closed on its line", help);
        self.scan.guessed.push(token.start..token.end);
        let glue = |b: &u8| matches!(b, b' ' | b'\t' | b'\r' | b'\n');
        let content = self.text.get(token.start + 1..token.end).unwrap_or("");
        if self.text.as_bytes().get(token.end).is_some_and(glue) {
            self.patch(token.end..token.end + 1, b'"');
        } else if token.end == self.text.len() {
            self.append("\"");
        } else if let Some(last) = content.chars().next_back() {
            self.patch(token.end - last.len_utf8()..token.end, b'"');
        } else {
            self.patch(token.start..token.end, b' ');
        }
    }

    /// Nothing can be told about what follows an unclosed block: the item ends with it.
    fn unclosed_block(&mut self, token: Token) {
        let range = token.start..token.start + 3;
        self.unclosed(range, "this block of text is never closed", "add `\"\"\"` at its end");
        self.append("\"\"\"");
        self.give_up();
    }
}
