//! Names, paths, strings, numbers and durations.

use super::Builder;
use super::parts::{Built, Parts};
use crate::base::{Code, Diagnostic, Span};
use crate::syntax::grammar::Rule;
use crate::syntax::lex::{Kind, Lexer};
use crate::syntax::tree::{Name, Path, StepRef, Text};
use crate::syntax::words;
use pest::iterators::Pair;

impl<'s> Builder<'s, '_> {
    pub(super) fn name(&mut self, parts: &mut Parts<'_>) -> Built<Name<'s>> {
        let pair = parts.need(Rule::name)?;
        let name = self.word(self.start(&pair));
        self.no_keyword(name.text, name.span);
        Ok(name)
    }

    /// Reports a name that is a word of the language. The grammar does not look: it would have to at every name.
    fn no_keyword(&mut self, text: &str, span: Span) {
        if words::is_reserved(text) {
            let message = format!("`{text}` is a word of the language and cannot be a name");
            self.report(Diagnostic::error(Code::UnexpectedWord, span, message).help("choose another name"));
        }
    }

    /// All names up to the next part that is none.
    pub(super) fn names(&mut self, parts: &mut Parts<'_>) -> Built<Vec<Name<'s>>> {
        let mut names = vec![self.name(parts)?];
        while parts.peek() == Some(Rule::name) {
            names.push(self.name(parts)?);
        }
        Ok(names)
    }

    /// The word that begins at `start`.
    pub(super) fn word(&self, start: usize) -> Name<'s> {
        let rest = self.text.get(start..).unwrap_or("");
        let len = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')).count();
        let span = self.span(start, start + len);
        Name { text: self.slice(span), span }
    }

    pub(super) fn path(&mut self, parts: &mut Parts<'_>) -> Built<Path<'s>> {
        let span = self.place(&parts.need(Rule::path)?);
        let text = self.slice(span);
        let mut names = Vec::with_capacity(text.bytes().filter(|b| *b == b'.').count() + 1);
        let mut start = span.start as usize;
        self.no_keyword(text, span);
        for text in text.split('.') {
            names.push(Name { text, span: self.span(start, start + text.len()) });
            start += text.len() + 1;
        }
        Ok(Path { names, span })
    }

    /// A path, if the next part is one.
    pub(super) fn maybe_path(&mut self, parts: &mut Parts<'_>) -> Built<Option<Path<'s>>> {
        if parts.peek() == Some(Rule::path) { self.path(parts).map(Some) } else { Ok(None) }
    }

    /// A path, and all that follow it.
    pub(super) fn paths(&mut self, parts: &mut Parts<'_>) -> Built<Vec<Path<'s>>> {
        let mut paths = vec![self.path(parts)?];
        while let Some(path) = self.maybe_path(parts)? {
            paths.push(path);
        }
        Ok(paths)
    }

    pub(super) fn step_ref(&mut self, parts: &mut Parts<'_>) -> Built<StepRef<'s>> {
        let span = self.place(&parts.need(Rule::step_ref)?);
        Ok(StepRef { text: self.slice(span), span })
    }

    /// All step names up to the next part that is none.
    pub(super) fn step_refs(&mut self, parts: &mut Parts<'_>) -> Built<Vec<StepRef<'s>>> {
        let mut steps = vec![self.step_ref(parts)?];
        while parts.peek() == Some(Rule::step_ref) {
            steps.push(self.step_ref(parts)?);
        }
        Ok(steps)
    }

    pub(super) fn text(&mut self, parts: &mut Parts<'_>) -> Built<Text<'s>> {
        parts.need(Rule::string).map(|pair| self.string(&pair))
    }

    /// A string, if the next part is one.
    pub(super) fn maybe_text(&mut self, parts: &mut Parts<'_>) -> Built<Option<Text<'s>>> {
        Ok(parts.maybe(Rule::string).map(|pair| self.string(&pair)))
    }

    pub(super) fn string(&self, pair: &Pair<'_, Rule>) -> Text<'s> {
        let token = Lexer::new(self.text, self.start(pair)).next();
        let (start, end) = token.map_or((0, 0), |token| token.content());
        let span = self.span(start, end);
        let block = token.is_some_and(|token| matches!(token.kind, Kind::Block { .. }));
        Text { raw: self.slice(span), span, block }
    }

    /// A number that must fit `T`; too large a one is reported and taken as the largest.
    pub(super) fn number<T: TryFrom<u64> + Limit>(&mut self, parts: &mut Parts<'_>) -> Built<T> {
        let pair = parts.need(Rule::number)?;
        let value = self.integer(&pair);
        Ok(T::try_from(value).unwrap_or_else(|_| {
            self.too_large(&pair, "number", &T::LARGEST.to_string());
            T::LARGEST
        }))
    }

    /// The value of a number, of any size that can be counted.
    pub(super) fn integer(&mut self, pair: &Pair<'_, Rule>) -> u64 {
        self.slice(self.place(pair)).parse().unwrap_or_else(|_| {
            self.too_large(pair, "number", &u64::MAX.to_string());
            0
        })
    }

    /// The milliseconds of a duration.
    pub(super) fn duration(&mut self, pair: &Pair<'_, Rule>) -> u64 {
        milliseconds(self.slice(self.place(pair))).unwrap_or_else(|| {
            self.too_large(pair, "duration", "500000000d");
            0
        })
    }

    fn too_large(&mut self, pair: &Pair<'_, Rule>, what: &str, largest: &str) {
        let span = self.place(pair);
        let message = format!("this {what} is too large");
        self.report(Diagnostic::error(Code::BadLiteral, span, message).help(format!("the largest here is {largest}")));
    }
}

/// The largest value of a number type.
pub(super) trait Limit: ToString {
    const LARGEST: Self;
}

impl Limit for u8 {
    const LARGEST: u8 = u8::MAX;
}

impl Limit for u32 {
    const LARGEST: u32 = u32::MAX;
}

/// The milliseconds of `2m30s`; `None` if they do not fit.
fn milliseconds(text: &str) -> Option<u64> {
    let mut total: u64 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let (digits, unit) = rest.split_at(rest.bytes().take_while(u8::is_ascii_digit).count());
        let (factor, unit_len) = match unit.as_bytes() {
            [b'm', b's', ..] => (1, 2),
            [b's', ..] => (1_000, 1),
            [b'm', ..] => (60_000, 1),
            [b'h', ..] => (3_600_000, 1),
            [b'd', ..] => (86_400_000, 1),
            _ => return None,
        };
        total = total.checked_add(digits.parse::<u64>().ok()?.checked_mul(factor)?)?;
        rest = unit.get(unit_len..)?;
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::milliseconds;

    #[test]
    fn adds_up_the_units_of_a_duration() {
        assert_eq!(milliseconds("1d2h3m4s5ms"), Some(93_784_005));
        assert_eq!(milliseconds("2m30s"), Some(150_000));
        assert_eq!(milliseconds("18446744073709551615d"), None);
        assert_eq!(milliseconds("99999999999999999999s"), None);
    }
}
