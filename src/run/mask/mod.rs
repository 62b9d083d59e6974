//! Secrets are taken out of whatever a command has printed, before anybody sees it or anything is made of it.
//!
//! Covered are the secret as it is, and as programs commonly print it: quoted for a shell (as `sh -x` traces do), escaped
//! for JSON, percent-encoded, in hexadecimal, in base64 also as a part of something longer. Not covered is what hides a
//! secret from us as from anybody: other encodings, hashes, compression, line breaks in between, a part of it alone.

use crate::run::Tail;
use std::fmt::Write;

/// What stands in the place of a secret.
pub const MASK: &str = "***";

/// Encodings shorter than this are not looked for: they would be found everywhere.
const SHORTEST: usize = 6;
/// So many bytes of a secret at the very end of an output are taken for its beginning.
const BEGINNING: usize = 4;

/// The secrets of a run, in every form in which they are looked for.
#[derive(Default)]
pub struct Mask {
    secrets: Vec<String>,
    forms: Vec<Vec<u8>>,
    /// Whether a form begins with this byte.
    first: Vec<bool>,
}

impl Mask {
    /// Hides this secret from now on.
    pub fn add(&mut self, secret: &str) {
        if secret.is_empty() || self.secrets.iter().any(|s| s == secret) {
            return;
        }
        self.secrets.push(secret.to_owned());
        self.forms.push(secret.as_bytes().to_vec());
        let encoded = encodings(secret).into_iter().filter(|form| form.len() >= SHORTEST);
        self.forms.extend(encoded.map(String::into_bytes));
        // The longest first: what is part of another form must not break it up.
        self.forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        self.forms.dedup();
        self.first = (0..=u8::MAX).map(|b| self.forms.iter().any(|form| form.first() == Some(&b))).collect();
    }

    /// Whether there is nothing to hide.
    pub fn is_empty(&self) -> bool {
        self.secrets.is_empty()
    }

    /// The bytes without secrets, and whether there was one. If the tail is cut, a secret may have lost its beginning at
    /// the cut: so many bytes as the longest form has are dropped there. If it is not `whole`, because whatever wrote it was
    /// interrupted, the beginning of a secret at its very end is hidden, too.
    pub fn hide(&self, tail: &Tail, whole: bool) -> (Vec<u8>, bool) {
        let bytes = tail.bytes.as_slice();
        let longest = self.forms.first().map_or(0, Vec::len);
        let from = if tail.cut { longest.saturating_sub(1) } else { 0 };
        let mut out = Vec::with_capacity(bytes.len());
        let (mut at, mut hidden) = (0, false);
        while let Some((first, rest)) = bytes.get(at..).and_then(|rest| Some((rest.first()?, rest))) {
            match self.form(*first, rest, whole) {
                Some(length) => {
                    out.extend_from_slice(MASK.as_bytes());
                    at += length;
                    hidden = true;
                }
                None => {
                    out.extend((at >= from).then_some(*first));
                    at += 1;
                }
            }
        }
        (out, hidden)
    }

    /// How long the form is that this begins with, if it does.
    fn form(&self, first: u8, rest: &[u8], whole: bool) -> Option<usize> {
        if !self.first.get(usize::from(first)).is_some_and(|is| *is) {
            return None;
        }
        let begins =
            |form: &&Vec<u8>| rest.starts_with(form) || (!whole && rest.len() >= BEGINNING && form.starts_with(rest));
        self.forms.iter().find(begins).map(|form| form.len().min(rest.len()))
    }
}

/// A secret as programs print it.
fn encodings(secret: &str) -> Vec<String> {
    let bytes = secret.as_bytes();
    let mut found = vec![
        // Inside of single quotes, by bash and by dash.
        secret.replace('\'', "'\\''"),
        secret.replace('\'', "'\"'\"'"),
        secret.replace('\\', "\\\\").replace('"', "\\\""),
        percent(bytes, true, false),
        percent(bytes, false, false),
        percent(bytes, true, true),
        hexadecimal(bytes),
        hexadecimal(bytes).to_uppercase(),
    ];
    for skipped in 0..3 {
        let text = base64_inside(bytes, skipped);
        found.push(text.replace('+', "-").replace('/', "_"));
        found.push(text);
    }
    found
}

/// All but the unreserved characters of RFC 3986 as `%XX`; a blank as `+` in forms.
fn percent(bytes: &[u8], upper: bool, form: bool) -> String {
    bytes.iter().fold(String::new(), |mut out, b| {
        _ = match b {
            b'-' | b'.' | b'_' | b'~' => write!(out, "{}", char::from(*b)),
            b if b.is_ascii_alphanumeric() => write!(out, "{}", char::from(*b)),
            b' ' if form => write!(out, "+"),
            b if upper => write!(out, "%{b:02X}"),
            b => write!(out, "%{b:02x}"),
        };
        out
    })
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, b| {
        _ = write!(out, "{b:02x}");
        out
    })
}

/// The characters of base64 (RFC 4648) that these bytes alone determine, if they come after so many others of a group of
/// three.
fn base64_inside(bytes: &[u8], skipped: usize) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bit = |at: usize| {
        let byte = at.checked_sub(8 * skipped).and_then(|at| bytes.get(at / 8))?;
        Some(byte >> (7 - at % 8) & 1)
    };
    let character = |group: usize| {
        let bits = (0..6).try_fold(0u8, |value, i| Some(value << 1 | bit(6 * group + i)?))?;
        ALPHABET.get(usize::from(bits)).map(|b| char::from(*b))
    };
    // Those at the edges share their bits with what stands before and after.
    (0..(8 * (skipped + bytes.len())).div_ceil(6)).filter_map(character).collect()
}

#[cfg(test)]
mod tests {
    use super::Mask;
    use crate::run::Tail;

    fn hidden(secrets: &[&str], text: &str) -> String {
        tail(secrets, text, false, true)
    }

    fn tail(secrets: &[&str], text: &str, cut: bool, whole: bool) -> String {
        let mut mask = Mask::default();
        secrets.iter().for_each(|secret| mask.add(secret));
        let (bytes, found) = mask.hide(&Tail { bytes: text.into(), cut }, whole);
        let out = String::from_utf8(bytes).unwrap();
        assert_eq!(found, out.contains("***"), "{out}");
        out
    }

    #[test]
    fn a_secret_is_hidden_as_it_is() {
        assert_eq!(hidden(&["hunter2"], "pw=hunter2 hunter2\n"), "pw=*** ***\n");
        assert_eq!(hidden(&["hunter2", "hunter22"], "hunter22"), "***");
        assert_eq!(hidden(&["a.*[b", "(", "x"], "a.*[b ( aab"), "*** *** aab", "nothing in it is a pattern");
        assert_eq!(hidden(&[], "hunter2"), "hunter2");
        assert_eq!(hidden(&["hunter2"], "a hunter"), "a hunter");
        assert_eq!(
            tail(&["hunter2"], "hunt a hunter", false, false),
            "hunt a ***",
            "the beginning of one at the very end"
        );
        assert_eq!(tail(&["hunter2"], "a hun", false, false), "a hun");
        // Hexadecimal, its longest form, has 14 characters.
        let text = format!("nter2 {} hunter2", "x".repeat(20));
        assert_eq!(tail(&["hunter2"], &text, true, true), format!("{} ***", "x".repeat(13)));
    }

    #[test]
    fn a_secret_is_hidden_as_programs_print_it() {
        let secret = "it's a \"S3cret\\+/?";
        let forms = [
            "'it'\\''s a \"S3cret\\+/?'",
            "'it'\"'\"'s a \"S3cret\\+/?'",
            "\"it's a \\\"S3cret\\\\+/?\"",
            "it%27s%20a%20%22S3cret%5C%2B%2F%3F",
            "it%27s%20a%20%22S3cret%5c%2b%2f%3f",
            "it%27s+a+%22S3cret%5C%2B%2F%3F",
            "697427732061202253336372 65745c2b2f3f",
            "69742773206120225333637265745C2B2F3F",
        ];
        for form in forms {
            let form = form.replace(' ', if form.starts_with("69") { "" } else { " " });
            let out = hidden(&[secret], &format!("<{form}>"));
            assert!(out.contains("***") && !out.contains("S3cret") && out.len() < 12, "{form} → {out}");
        }
    }

    #[test]
    fn a_secret_is_hidden_in_base64_wherever_it_begins() {
        // base64 of `S3cret-word?>~`, of `u:…`, of `ab:…`, and of `abc…xyz`; then in the alphabet for file names.
        for text in [
            "UzNjcmV0LXdvcmQ/Pn4=",
            "dTpTM2NyZXQtd29yZD8+fg==",
            "YWI6UzNjcmV0LXdvcmQ/Pn4=",
            "YWJjUzNjcmV0LXdvcmQ/Pn54eXo=",
        ] {
            for text in [text.to_owned(), text.replace('+', "-").replace('/', "_")] {
                let out = hidden(&["S3cret-word?>~"], &text);
                assert!(out.contains("***") && out.len() <= 13, "{text} → {out}");
            }
        }
        assert_eq!(hidden(&["abc"], "YWJj"), "YWJj", "what is this short is found everywhere");
    }
}
