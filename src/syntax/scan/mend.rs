//! What the scan says and does about brackets that do not match.

use super::balance::{Open, Trouble};
use super::{Scanner, begins_item};
use crate::base::{Code, Diagnostic};
use crate::syntax::lex::{Kind, Token};

impl Scanner<'_> {
    /// In a file where something is not closed: finds out before this token what it is, and closes it.
    pub(super) fn find_missing(&mut self, token: Token) {
        let word = token.text(self.text);
        if self.line.first && self.line.indent == 0 && begins_item(self.text, token) {
            self.item_inside_item(token);
        }
        let entry = matches!(word, "step" | "phase") && !matches!(self.last.text, "otherwise" | ".");
        while let Some(open) = self.balance.top().copied().filter(|open| open.sign == '{') {
            let outside = token.kind == Kind::Word && self.line.indent <= open.indent
                || word == "}" && self.line.indent < open.indent;
            let indented = open.inner.is_some_and(|inner| inner > open.indent);
            let meant = entry && open.step || self.line.first && indented && outside;
            if !meant || self.balance.is_skipping() {
                break;
            }
            self.close_before(open, token);
        }
    }

    /// An item at the margin: whatever is open was meant to end before it.
    fn item_inside_item(&mut self, token: Token) {
        if let Some(range) = self.balance.end_skip(self.last.end) {
            self.leave_out(range);
        } else if let Some(open) = self.balance.top().copied() {
            self.unclosed_bracket(open, Some(token));
        }
        if !self.balance.is_empty() {
            self.give_up();
        }
    }

    /// Reports a bracket that should have been closed before this token, and closes it.
    fn close_before(&mut self, open: Open, token: Token) {
        self.unclosed_bracket(open, Some(token));
        self.balance.pop();
        self.nesting.leave();
        if self.balance.is_empty() {
            self.append("}");
            self.end_region();
        } else {
            self.put(open.closer(), [Some(self.last.end), token.start.checked_sub(1)]);
        }
    }

    /// Before a brace: the parentheses and square brackets that are open will not be closed any more.
    pub(super) fn close_brackets(&mut self, token: Token) {
        while let Some(open) = self.balance.top().copied().filter(|open| open.sign != '{') {
            self.unclosed_bracket(open, Some(token));
            self.scan.guessed.push(open.at..token.start);
            self.balance.pop();
            self.nesting.leave();
            self.put(open.closer(), [open.line_end.or(Some(self.last.end)), token.start.checked_sub(1)]);
        }
    }

    /// Puts a sign over the first of these bytes that is white space and not yet taken.
    fn put(&mut self, sign: char, places: [Option<usize>; 2]) {
        let free = |at: &usize| {
            let glue = self.text.as_bytes().get(*at).is_some_and(u8::is_ascii_whitespace);
            glue && self.scan.patches.iter().rev().take(8).all(|patch| !patch.range.contains(at))
        };
        if let (Some(at), Ok(fill)) = (places.into_iter().flatten().find(free), u8::try_from(sign)) {
            self.patch(at..at + 1, fill);
        }
    }

    /// Whether this `}` is one too many.
    pub(super) fn is_stray(&self, token: Token) -> bool {
        let Some(open) = self.balance.top() else { return true };
        let other_line = self.text.get(open.at..token.start).is_some_and(|between| between.contains('\n'));
        self.trouble == Trouble::Extra && self.line.first && open.indent < self.line.indent && other_line
    }

    /// Reports a `}` that closes nothing, and takes it out.
    pub(super) fn stray(&mut self, token: Token) {
        if self.found == Trouble::None {
            self.found = Trouble::Extra;
        }
        let span = self.span(token.start, token.end);
        let diagnostic = Diagnostic::error(Code::UnexpectedWord, span, "this `}` closes nothing");
        self.report(diagnostic.help("remove it"));
        self.patch(token.start..token.end, b' ');
    }

    /// Reports a bracket that is not closed before this token, or at all.
    pub(super) fn unclosed_bracket(&mut self, open: Open, before: Option<Token>) {
        let closer = open.closer();
        let message = format!("this `{}` is never closed", open.sign);
        let span = self.span(open.at, open.at + 1);
        let mut diagnostic = Diagnostic::error(Code::Unclosed, span, message).here("opened here");
        if let Some(token) = before {
            diagnostic =
                diagnostic.label(self.span(token.start, token.end), format!("`{closer}` is missing before this"));
        }
        self.report(diagnostic.help(format!("add `{closer}`")));
    }
}
