//! The ways in which programs spell a text, each read by one small rule that says what the next characters stand for.
//!
//! Which characters a program escapes, and in which of the ways that its language has, is its own choice: Go, PHP and
//! Python write three different JSON texts for the same string. The rules therefore read a language, not what one program
//! writes of it.

/// No program needs more characters for a byte: `$'\303'` is one of the longest.
pub(super) const WIDEST: usize = 8;
/// What is cut off within an escape is shorter than this.
const ESCAPE: usize = 10;

/// A language in which a text can be spelled and, of the shell's, between which quotes it is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Spelling {
    /// Two digits for each byte.
    Hexadecimal,
    /// URLs and forms, RFC 3986: `%2F`, and `+` for a blank.
    Percent,
    /// XML and HTML: `&lt;`, `&#39;`, `&#x27;`.
    Entities,
    /// Strings of JSON, of Python and of other languages: `\n`, `\/`, `\u003c`, `\xe4`, `\303`.
    Escaped,
    /// A word of a shell, outside of quotes.
    Bare,
    /// The same, within `'…'`.
    Single,
    /// The same, within `"…"`.
    Double,
    /// The same, within `$'…'`.
    Dollar,
}

/// How far a text goes on as the spelling of a secret.
pub(super) enum Spelled {
    /// The whole secret, in so many bytes.
    Whole(usize),
    /// The text ends before the secret does.
    Begun,
}

impl Spelling {
    pub const ALL: [Spelling; 8] = [
        Spelling::Hexadecimal,
        Spelling::Percent,
        Spelling::Entities,
        Spelling::Escaped,
        Spelling::Bare,
        Spelling::Single,
        Spelling::Double,
        Spelling::Dollar,
    ];

    /// Whether the text begins with the secret in this spelling.
    pub fn reads(mut self, text: &[u8], secret: &[u8]) -> Option<Spelled> {
        let (begins_in, mut at, mut known) = (self, 0, 0);
        while let Some(missing) = secret.get(known..).filter(|missing| !missing.is_empty()) {
            let rest = text.get(at..)?;
            let Some((read, stands_for)) = self.next(rest, missing) else {
                return (known > 0 && self.may_be_cut(rest)).then_some(Spelled::Begun);
            };
            // Quotes before the first character are not its own.
            if known == 0 && self != begins_in {
                return None;
            }
            (at, known) = (at + read, known + stands_for);
        }
        Some(Spelled::Whole(at))
    }

    /// Whether this, which stands for nothing, may be the beginning of something that does.
    fn may_be_cut(self, rest: &[u8]) -> bool {
        match rest {
            [] => true,
            [_] if self == Spelling::Hexadecimal => true,
            [first, ..] => rest.len() < ESCAPE && br#"\%&'"$"#.contains(first),
        }
    }

    /// How many bytes of the text stand for how many of the secret: those of its first character, or of a part of it.
    fn next(&mut self, text: &[u8], secret: &[u8]) -> Option<(usize, usize)> {
        match (*self, text) {
            (Spelling::Hexadecimal, _) => byte(pair(text)?, secret, 2),
            (Spelling::Percent, [b'%', digits @ ..]) => byte(pair(digits)?, secret, 3),
            (Spelling::Percent, [b'+', ..]) if secret.starts_with(b" ") => Some((1, 1)),
            (Spelling::Entities, [b'&', name @ ..]) => entity(name, secret),
            (Spelling::Escaped, [b'\\', after @ ..]) => escape(after, secret),
            (Spelling::Percent | Spelling::Entities | Spelling::Escaped, [first, ..]) => byte(*first, secret, 1),
            _ => self.shell(text, secret),
        }
    }

    /// The same for a shell, where quotes may have to be closed and opened before.
    fn shell(&mut self, text: &[u8], secret: &[u8]) -> Option<(usize, usize)> {
        let mut at = 0;
        // From one pair of quotes into another.
        for _ in 0..=2 {
            let rest = text.get(at..)?;
            let (then, length) = match (*self, rest) {
                (Spelling::Bare, [b'\'', ..]) => (Spelling::Single, 1),
                (Spelling::Bare, [b'"', ..]) => (Spelling::Double, 1),
                (Spelling::Bare, [b'$', b'\'', ..]) => (Spelling::Dollar, 2),
                (Spelling::Single | Spelling::Dollar, [b'\'', ..]) | (Spelling::Double, [b'"', ..]) => {
                    (Spelling::Bare, 1)
                }
                (Spelling::Bare, [b'\\', escaped, ..])
                | (Spelling::Double, [b'\\', escaped @ (b'$' | b'`' | b'"' | b'\\' | b'!'), ..]) => {
                    return byte(*escaped, secret, at + 2);
                }
                (Spelling::Dollar, [b'\\', after @ ..]) => {
                    return escape(after, secret).map(|(read, stands_for)| (at + read, stands_for));
                }
                (_, [first, ..]) => return byte(*first, secret, at + 1),
                (_, []) => return None,
            };
            (*self, at) = (then, at + length);
        }
        None
    }
}

/// That the secret goes on with this byte, for which so many were read.
fn byte(byte: u8, secret: &[u8], read: usize) -> Option<(usize, usize)> {
    (secret.first() == Some(&byte)).then_some((read, 1))
}

/// That the secret goes on with this character, for which so many bytes were read.
fn character(code: u32, secret: &[u8], read: usize) -> Option<(usize, usize)> {
    let mut buffer = [0; 4];
    let bytes = char::from_u32(code)?.encode_utf8(&mut buffer).as_bytes();
    secret.starts_with(bytes).then_some((read, bytes.len()))
}

/// What stands behind a backslash; what was read includes that.
fn escape(after: &[u8], secret: &[u8]) -> Option<(usize, usize)> {
    let (kind, rest) = after.split_first()?;
    match (kind, rest) {
        (b'u', [b'{', digits @ ..]) => {
            let (code, length) = number(digits, 16, 6)?;
            character(code, secret, 4 + length)
        }
        (b'u', _) => {
            let (code, _) = number(rest, 16, 4).filter(|(_, length)| *length == 4)?;
            let low = rest.get(4..).and_then(|rest| rest.strip_prefix(b"\\u")).and_then(|low| number(low, 16, 4));
            match low {
                // A character beyond the first 65 536, in the two halves of UTF-16.
                Some((low @ 0xdc00..=0xdfff, 4)) if (0xd800..0xdc00).contains(&code) => {
                    character(0x10000 + ((code - 0xd800) << 10 | (low - 0xdc00)), secret, 12)
                }
                _ => character(code, secret, 6),
            }
        }
        (b'U', _) => number(rest, 16, 8).and_then(|(code, length)| character(code, secret, 2 + length)),
        // A byte, or the character of that number.
        (b'x', _) => {
            let (code, length) = number(rest, 16, 2)?;
            byte(u8::try_from(code).ok()?, secret, 2 + length).or_else(|| character(code, secret, 2 + length))
        }
        (b'0'..=b'7', _) => {
            let (code, length) = number(after, 8, 3)?;
            byte(u8::try_from(code).ok()?, secret, 1 + length)
        }
        (kind, _) => byte(control(*kind), secret, 2),
    }
}

/// What a single character behind a backslash stands for.
fn control(kind: u8) -> u8 {
    match kind {
        b'a' => 0x07,
        b'b' => 0x08,
        b't' => b'\t',
        b'n' => b'\n',
        b'v' => 0x0b,
        b'f' => 0x0c,
        b'r' => b'\r',
        b'e' | b'E' => 0x1b,
        other => other,
    }
}

/// What stands behind an ampersand; what was read includes that.
fn entity(name: &[u8], secret: &[u8]) -> Option<(usize, usize)> {
    const NAMES: [(&[u8], u8); 5] =
        [(b"amp;", b'&'), (b"lt;", b'<'), (b"gt;", b'>'), (b"quot;", b'"'), (b"apos;", b'\'')];
    let (code, length) = match name {
        [b'#', b'x' | b'X', digits @ ..] => number(digits, 16, 6).map(|(code, length)| (code, 2 + length))?,
        [b'#', digits @ ..] => number(digits, 10, 7).map(|(code, length)| (code, 1 + length))?,
        _ => {
            let (name, is) = NAMES.iter().find(|(known, _)| name.starts_with(known))?;
            return byte(*is, secret, 1 + name.len());
        }
    };
    (name.get(length) == Some(&b';')).then(|| character(code, secret, 2 + length))?
}

/// The byte of two hexadecimal digits.
fn pair(text: &[u8]) -> Option<u8> {
    number(text, 16, 2).filter(|(_, length)| *length == 2).and_then(|(value, _)| u8::try_from(value).ok())
}

/// The number that the text begins with, of so many digits at the most, and how many it has.
fn number(text: &[u8], radix: u32, most: usize) -> Option<(u32, usize)> {
    let digits = text.iter().take(most).map_while(|b| char::from(*b).to_digit(radix));
    let (value, length) = digits.fold((0, 0), |(value, length), digit| (value * radix + digit, length + 1));
    (length > 0).then_some((value, length))
}

#[cfg(test)]
mod tests {
    use super::{Spelled, Spelling};

    const SECRET: &str = "<a href='/ä?x=\"1\"&\\🦀'>\n";

    /// The spellings in which the text is the secret, all of it and nothing else.
    fn read(text: &str) -> Vec<Spelling> {
        let whole = |s: &Spelling| matches!(s.reads(text.as_bytes(), SECRET.as_bytes()), Some(Spelled::Whole(n)) if n == text.len());
        Spelling::ALL.into_iter().filter(whole).collect()
    }

    #[test]
    fn a_language_is_read_whatever_is_escaped_in_it() {
        use Spelling::{Bare, Dollar, Double, Entities, Escaped, Hexadecimal, Percent, Single};
        for (text, spelling) in [
            // As encoding/json of Go writes it.
            (r#"\u003ca href='/ä?x=\"1\"\u0026\\🦀'\u003e\n"#, Escaped),
            // json_encode of PHP.
            (r#"<a href='\/\u00e4?x=\"1\"&\\\ud83e\udd80'>\n"#, Escaped),
            // json.dumps, repr and ascii of Python.
            (r#"<a href='/\u00e4?x=\"1\"&\\\ud83e\udd80'>\n"#, Escaped),
            (r#"<a href=\'/ä?x="1"&\\🦀\'>\n"#, Escaped),
            (r#"<a href=\'/\xe4?x="1"&\\\U0001f980\'>\n"#, Escaped),
            (r#"<a href=\'/\xc3\xa4?x="1"&\\\xf0\x9f\xa6\x80\'>\n"#, Escaped),
            // Rust.
            (r#"<a href=\'/\u{e4}?x=\"1\"&\\\u{1f980}\'>\n"#, Escaped),
            // bash with another locale, between quotes of its own.
            (r#"<a href=\'/\303\244?x="1"&\\\360\237\246\200\'>\n"#, Dollar),
            (r#"\<a\ href=\'/ä\?x=\"1\"\&\\🦀\'\>$'\n"#, Bare),
            ("<a href='\\''/ä?x=\"1\"&\\🦀'\\''>\n", Single),
            ("<a href='\"'\"'/ä?x=\"1\"&\\🦀'\"'\"'>\n", Single),
            ("<a href='/ä?x=\\\"1\\\"&\\\\🦀'>\n", Double),
            ("%3ca%20href%3D'/%C3%a4%3fx=%221%22&%5C%F0%9F%A6%80'>%0a", Percent),
            ("<a+href='/%C3%a4?x=%221%22&\\🦀'>\n", Percent),
            ("&lt;a href=&#39;/&#xe4;?x=&quot;1&#34;&amp;\\🦀&apos;&gt;&#10;", Entities),
            ("3c6120687265663D272FC3A43f783d22312226 5cf09fa680273e0a", Hexadecimal),
        ] {
            let text = if spelling == Hexadecimal { text.replace(' ', "") } else { text.to_owned() };
            assert!(read(&text).contains(&spelling), "{text}: {:?}", read(&text));
        }
    }

    #[test]
    fn what_stands_for_something_else_is_not_the_secret() {
        for text in [
            r#"<a href='/\u00e5"#,
            r#"<a href='/\ud83e"#,
            r#"<a href='/\u{}"#,
            r#"<a href='/\x"#,
            r#"<a href='/\303\245"#,
            "<a href=''''''",
            "<a&#32",
            "<a&#;",
            "<a&nbsp;href",
            "<a%2xhref",
            "<a+href+",
            "3c6120687g",
        ] {
            assert_eq!(read(text), [], "{text}");
            let text = format!("{text}and so on, and on, and on");
            let found = Spelling::ALL.map(|s| s.reads(text.as_bytes(), SECRET.as_bytes()).is_some());
            assert_eq!(found, [false; 8], "{text}");
        }
    }
}
