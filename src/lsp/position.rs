//! Lines and characters, as editors count them, and byte offsets.
//!
//! Editors count in UTF-16 code units unless they agree to bytes. A position beyond the end of its line is that end, and
//! a line beyond the last one is the end of the text; a position within a character is that character's beginning.

use gen_lsp_types::{Position, PositionEncodingKind, Range};
use std::ops;

/// What editors count characters in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Encoding {
    /// Code units of UTF-16: what every editor can.
    #[default]
    Utf16,
    /// Bytes.
    Utf8,
}

impl Encoding {
    /// Its name in the protocol.
    pub fn kind(self) -> PositionEncodingKind {
        match self {
            Encoding::Utf16 => PositionEncodingKind::UTF16,
            Encoding::Utf8 => PositionEncodingKind::UTF8,
        }
    }

    /// How long a text is.
    pub fn length(self, text: &str) -> u32 {
        let length = match self {
            Encoding::Utf16 if !text.is_ascii() => text.chars().map(char::len_utf16).sum(),
            _ => text.len(),
        };
        u32::try_from(length).unwrap_or(u32::MAX)
    }
}

/// Where the lines of a text begin.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    /// The lines of a text; they end with LF, CR LF or CR.
    pub fn of(text: &str) -> Lines {
        let bytes = text.as_bytes();
        let ends = |at: &usize| match bytes.get(*at) {
            Some(b'\n') => true,
            Some(b'\r') => bytes.get(at + 1) != Some(&b'\n'),
            _ => false,
        };
        Lines { starts: std::iter::once(0).chain((0..bytes.len()).filter(ends).map(|at| at + 1)).collect() }
    }

    /// The text of a line without its end, and where it begins.
    fn line<'t>(&self, text: &'t str, line: usize) -> Option<(usize, &'t str)> {
        let start = *self.starts.get(line)?;
        let end = self.starts.get(line + 1).copied().unwrap_or(text.len());
        Some((start, text.get(start..end)?.trim_end_matches(['\n', '\r'])))
    }

    /// The byte offset of a position.
    pub fn offset(&self, text: &str, at: Position, encoding: Encoding) -> usize {
        let Some((start, line)) = self.line(text, at.line as usize) else { return text.len() };
        let mut left = at.character as usize;
        for (offset, c) in line.char_indices() {
            let width = if encoding == Encoding::Utf8 { c.len_utf8() } else { c.len_utf16() };
            if left < width {
                return start + offset;
            }
            left -= width;
        }
        start + line.len()
    }

    /// The position of a byte offset.
    pub fn position(&self, text: &str, offset: usize, encoding: Encoding) -> Position {
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.starts.partition_point(|start| *start <= offset).saturating_sub(1);
        let start = self.starts.get(line).copied().unwrap_or(0);
        let before = text.get(start..offset).unwrap_or("");
        Position::new(u32::try_from(line).unwrap_or(u32::MAX), encoding.length(before))
    }

    /// The range of bytes of a range; one that ends before it begins is taken the other way round.
    pub fn bytes(&self, text: &str, range: Range, encoding: Encoding) -> ops::Range<usize> {
        let (one, other) = (self.offset(text, range.start, encoding), self.offset(text, range.end, encoding));
        one.min(other)..one.max(other)
    }

    /// The range of a range of bytes.
    pub fn range(&self, text: &str, bytes: ops::Range<usize>, encoding: Encoding) -> Range {
        Range::new(self.position(text, bytes.start, encoding), self.position(text, bytes.end, encoding))
    }
}

#[cfg(test)]
mod tests {
    use super::{Encoding, Lines};
    use gen_lsp_types::Position;

    const TEXT: &str = "a\r\nb\u{1F600}c\rd\u{e9}\n";

    #[track_caller]
    fn check(encoding: Encoding, line: u32, character: u32, offset: usize) {
        let lines = Lines::of(TEXT);
        let position = Position::new(line, character);
        assert_eq!(lines.offset(TEXT, position, encoding), offset);
        assert_eq!(lines.position(TEXT, offset, encoding), position);
    }

    #[test]
    fn positions_are_there_and_back() {
        for (line, character, offset) in [(0, 0, 0), (0, 1, 1), (1, 0, 3), (1, 1, 4), (1, 3, 8), (2, 2, 13), (3, 0, 14)]
        {
            check(Encoding::Utf16, line, character, offset);
        }
        for (line, character, offset) in [(1, 1, 4), (1, 5, 8), (1, 6, 9), (2, 3, 13), (3, 0, 14)] {
            check(Encoding::Utf8, line, character, offset);
        }
    }

    #[test]
    fn what_is_outside_is_the_nearest_inside() {
        let offset = |line, character| Lines::of(TEXT).offset(TEXT, Position::new(line, character), Encoding::Utf16);
        assert_eq!(offset(0, 9), 1);
        assert_eq!(offset(1, 2), 4, "within a surrogate pair");
        assert_eq!(offset(9, 9), TEXT.len());
        assert_eq!(offset(u32::MAX, u32::MAX), TEXT.len());
        let far = Lines::of(TEXT).position(TEXT, 99, Encoding::Utf16);
        assert_eq!(far, Position::new(3, 0));
        assert_eq!(Lines::of(TEXT).position(TEXT, 6, Encoding::Utf16), Position::new(1, 1));
        let turned = gen_lsp_types::Range::new(Position::new(1, 0), Position::new(0, 0));
        assert_eq!(Lines::of(TEXT).bytes(TEXT, turned, Encoding::Utf8), 0..3);
    }

    #[test]
    fn an_empty_text_has_one_line() {
        assert_eq!(Lines::of("").offset("", Position::new(0, 0), Encoding::Utf16), 0);
        assert_eq!(Lines::of("").position("", 0, Encoding::Utf16), Position::new(0, 0));
    }
}
