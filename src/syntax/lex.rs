//! Tokens, for everything that looks at text without the grammar: the scan before it, and the words about its errors.
//!
//! Any text has tokens; they cover all of it except white space. An unclosed string ends where it most likely should.

use crate::syntax::words;

/// What a token is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// A name or a keyword.
    Word,
    /// A number or duration, also a malformed one such as `30sec`.
    Number,
    /// `"…"`; `closed` says whether the quote at the end is there.
    Text {
        /// Whether it ends with its quotes.
        closed: bool,
    },
    /// `"""…"""`
    Block {
        /// Whether it ends with its quotes.
        closed: bool,
    },
    /// `{`, `(` or `[`
    Open,
    /// `}`, `)` or `]`
    Close,
    /// `,`, `:`, `=`, `==` and other signs, of one or two bytes
    Sign,
    /// From `#` to the end of the line, without the white space there.
    Comment,
    /// Characters that the language has no use for.
    Unknown,
}

/// A token and its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Token {
    /// What it is.
    pub(super) kind: Kind,
    /// Offset of its first byte.
    pub(super) start: usize,
    /// Offset after its last byte.
    pub(super) end: usize,
}

impl Token {
    /// The text of the token.
    pub(super) fn text<'s>(&self, text: &'s str) -> &'s str {
        text.get(self.start..self.end).unwrap_or("")
    }

    /// The part of a string between its quotes.
    pub(super) fn content(&self) -> (usize, usize) {
        let (quotes, closed) = match self.kind {
            Kind::Text { closed } => (1, closed),
            Kind::Block { closed } => (3, closed),
            _ => (0, false),
        };
        (self.start + quotes, if closed { self.end - quotes } else { self.end })
    }
}

/// The tokens of a text from some offset on.
#[derive(Clone)]
pub(super) struct Lexer<'s> {
    text: &'s str,
    at: usize,
}

impl<'s> Lexer<'s> {
    /// The tokens of `text` from the byte `at` on.
    pub(super) fn new(text: &'s str, at: usize) -> Lexer<'s> {
        Lexer { text, at }
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn while_at(&self, mut at: usize, fits: impl Fn(u8) -> bool) -> usize {
        while self.byte(at).is_some_and(&fits) {
            at += 1;
        }
        at
    }

    /// The kind and the end of the token that begins with `first` at `start`.
    fn token(&self, first: u8, start: usize) -> (Kind, usize) {
        match first {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => (Kind::Word, self.while_at(start, is_name_byte)),
            b'0'..=b'9' => (Kind::Number, self.while_at(start, is_name_byte)),
            b'"' => self.string(start),
            b'{' | b'(' | b'[' => (Kind::Open, start + 1),
            b'}' | b')' | b']' => (Kind::Close, start + 1),
            b'#' => (Kind::Comment, self.comment_end(start)),
            b'=' | b'!' | b'<' | b'>' if self.byte(start + 1) == Some(b'=') => (Kind::Sign, start + 2),
            b',' | b':' | b'=' | b'.' | b'<' | b'>' | b'/' => (Kind::Sign, start + 1),
            _ => (Kind::Unknown, self.unknown_end(start)),
        }
    }

    fn string(&self, start: usize) -> (Kind, usize) {
        let rest = self.text.get(start..).unwrap_or("");
        if let Some(content) = rest.strip_prefix("\"\"\"") {
            return match content.find("\"\"\"") {
                Some(len) => (Kind::Block { closed: true }, start + 3 + len + 3),
                None => (Kind::Block { closed: false }, unclosed_block(self.text, start + 3)),
            };
        }
        let mut at = start + 1;
        loop {
            at = self.while_at(at, |b| !matches!(b, b'"' | b'\\' | b'\n'));
            match self.byte(at) {
                Some(b'"') => return (Kind::Text { closed: true }, at + 1),
                Some(b'\\') if !matches!(self.byte(at + 1), None | Some(b'\n' | b'\r')) => at += 2,
                Some(b'\\') => at += 1,
                _ => break,
            }
        }
        (Kind::Text { closed: false }, unclosed_text(self.text, start + 1, self.line_end(start)))
    }

    /// The end of the line that `at` is in, without the line break.
    fn line_end(&self, at: usize) -> usize {
        let end = self.while_at(at, |b| b != b'\n');
        if end > at && self.byte(end - 1) == Some(b'\r') { end - 1 } else { end }
    }

    /// The end of the comment that begins at `start`, without the white space after it.
    fn comment_end(&self, start: usize) -> usize {
        let comment = self.text.get(start..self.line_end(start)).unwrap_or("");
        start + comment.trim_end_matches(is_space).len()
    }

    /// Letters of foreign alphabets stay together; of other characters, one.
    fn unknown_end(&self, start: usize) -> usize {
        let rest = self.text.get(start..).unwrap_or("");
        let word: usize = rest.chars().take_while(|c| c.is_alphanumeric()).map(char::len_utf8).sum();
        start + word.max(rest.chars().next().map_or(1, char::len_utf8))
    }
}

impl Iterator for Lexer<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let start = self.while_at(self.at, |b| matches!(b, b' ' | b'\t'..=b'\r'));
        let (kind, end) = self.token(self.byte(start)?, start);
        self.at = end;
        Some(Token { kind, start, end })
    }
}

/// Whether this is white space to the grammar.
pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t'..='\r')
}

/// Whether a name may contain this byte.
pub(super) fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// Where a string without closing quote most likely ends: before the brackets at the end of its line that close
/// something outside of it.
fn unclosed_text(text: &str, start: usize, line_end: usize) -> usize {
    let content = text.get(start..line_end).unwrap_or("");
    let is_close = |c: char| matches!(c, '}' | ')' | ']');
    let mut surplus = content.matches(is_close).count().saturating_sub(content.matches(['{', '(', '[']).count());
    let mut end = content.trim_end();
    while surplus > 0 && end.len() > 1 && end.ends_with(is_close) {
        end = end.get(..end.len() - 1).unwrap_or("").trim_end();
        surplus -= 1;
    }
    start + end.len()
}

/// Where a block string without closing quotes most likely ends: before the next line that begins an item.
fn unclosed_block(text: &str, start: usize) -> usize {
    let begins_item =
        |line: &str| words::ITEMS.iter().any(|w| line.strip_prefix(w).is_some_and(|r| r.starts_with(' ')));
    let content = text.get(start..).unwrap_or("");
    let line = content.match_indices('\n').find(|(i, _)| content.get(i + 1..).is_some_and(begins_item));
    line.map_or(text.len(), |(i, _)| start + i)
}

#[cfg(test)]
mod tests {
    use super::{Kind, Lexer};

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let tokens: Vec<_> = Lexer::new(text, 0).map(|t| t.text(text)).collect();
        assert_eq!(tokens, expected);
    }

    #[test]
    fn cuts_any_text_into_tokens() {
        check("a# b \t\r\n#\n", &["a", "# b", "#"]);
        check("step 7 a-b { x>=30s }# c\r\n", &["step", "7", "a-b", "{", "x", ">=", "30s", "}", "# c"]);
        check(r#"run "a \" b" """c " d""" ü½ø “"#, &["run", r#""a \" b""#, "\"\"\"c \" d\"\"\"", "ü½ø", "“"]);
        check("a.b[c]==d!e", &["a", ".", "b", "[", "c", "]", "==", "d", "!", "e"]);
    }

    #[test]
    fn ends_an_unclosed_string_where_it_most_likely_should() {
        check("run \"a b\n}", &["run", "\"a b", "}"]);
        check("run \"a {{b}} }\n}", &["run", "\"a {{b}}", "}", "}"]);
        check("do f(\"a)", &["do", "f", "(", "\"a", ")"]);
        check("run \"a\\\n}", &["run", "\"a\\", "}"]);
        check("a \"\"\"b {\nplan x\n", &["a", "\"\"\"b {", "plan", "x"]);
        let kinds: Vec<_> = Lexer::new("\"a", 0).map(|t| t.kind).collect();
        assert_eq!(kinds, [Kind::Text { closed: false }]);
    }
}
