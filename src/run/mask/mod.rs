//! Secrets are taken out of whatever a command has printed, before anybody sees it or anything is made of it.
//!
//! Covered are the secret as it is, and as programs commonly print it: in the [spellings](Spelling) of shells, strings,
//! XML, URLs and hexadecimal, in base64 also as a part of something longer. Not covered is what hides a secret from us as
//! from anybody: other encodings, one within another, hashes, compression, line breaks in between, a part of it alone.

mod spelling;

use crate::run::Tail;
use spelling::{Spelled, Spelling, WIDEST};
use std::cmp::Reverse;

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
    /// The secrets as they are and in base64, the longest first.
    forms: Vec<Form>,
    /// The length of the longest form or spelling.
    longest: usize,
    /// Whether a form or a spelling begins with this byte.
    first: Vec<bool>,
}

/// A text that stands for a secret.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Form {
    text: Vec<u8>,
    /// Whether the character before it, and the one after it, hold a part of the secret, too.
    shared: [bool; 2],
}

impl Mask {
    /// Hides this secret from now on.
    pub fn add(&mut self, secret: &str) {
        let Some(begin) = secret.bytes().next().filter(|_| self.secrets.iter().all(|s| s != secret)) else { return };
        self.secrets.push(secret.to_owned());
        self.forms.push(Form { text: secret.as_bytes().to_vec(), shared: [false; 2] });
        self.forms.extend(base64(secret.as_bytes()).into_iter().filter(|form| form.text.len() >= SHORTEST));
        self.forms.sort_by_key(|form| Reverse(form.text.len()));
        self.forms.dedup();
        self.longest = self.longest.max(WIDEST * secret.len());
        self.first.resize(256, false);
        let spelled = format!("{begin:02x}{begin:02X}");
        let spelled = [spelled.as_bytes().first(), spelled.as_bytes().get(2)].into_iter().flatten();
        let forms = self.forms.iter().filter_map(|form| form.text.first());
        for byte in forms.chain(spelled).chain(b"%+&\\'\"$") {
            self.first.get_mut(usize::from(*byte)).into_iter().for_each(|is| *is = true);
        }
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
        let from = if tail.cut { self.longest.saturating_sub(1) } else { 0 };
        let mut out = Vec::with_capacity(bytes.len());
        let (mut at, mut hidden) = (0, false);
        while let Some((first, rest)) = bytes.get(at..).and_then(|rest| Some((rest.first()?, rest))) {
            match self.found(*first, rest, whole) {
                Some((shared, length)) => {
                    if shared
                        && at > from
                        && out.last().is_some_and(|last: &u8| last.is_ascii_alphanumeric() || b"+/-_".contains(last))
                    {
                        out.pop();
                    }
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

    /// How long the longest is of the forms and spellings that this begins with, if there is one; before it, whether the
    /// character before belongs to it.
    fn found(&self, first: u8, rest: &[u8], whole: bool) -> Option<(bool, usize)> {
        if !self.first.get(usize::from(first)).is_some_and(|is| *is) {
            return None;
        }
        let interrupted = !whole && rest.len() >= BEGINNING;
        let begins = |form: &&Form| rest.starts_with(&form.text) || (interrupted && form.text.starts_with(rest));
        let form = self.forms.iter().find(begins).map(|form| {
            let [before, after] = form.shared;
            (before, (form.text.len() + usize::from(after)).min(rest.len()))
        });
        let pairs = self.secrets.iter().flat_map(|secret| Spelling::ALL.map(|spelling| (spelling, secret)));
        let spelled = pairs.filter_map(|(spelling, secret)| match spelling.reads(rest, secret.as_bytes())? {
            Spelled::Whole(length) => (length >= SHORTEST).then_some(length),
            Spelled::Begun => interrupted.then_some(rest.len()),
        });
        spelled.map(|length| (false, length)).chain(form).max_by_key(|(_, length)| *length)
    }
}

/// A secret in base64, wherever it begins there, also in the alphabet for file names.
fn base64(bytes: &[u8]) -> Vec<Form> {
    let forms = (0..3).flat_map(|skipped| {
        let text = base64_inside(bytes, skipped);
        let shared = [8 * skipped, 8 * (skipped + bytes.len())].map(|bits| bits % 6 != 0);
        [text.replace('+', "-").replace('/', "_"), text].map(|text| Form { text: text.into_bytes(), shared })
    });
    forms.collect()
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
        // Its longest spelling could have 56 characters.
        let text = format!("nter2 {} hunter2", "x".repeat(60));
        assert_eq!(tail(&["hunter2"], &text, true, true), format!("{} ***", "x".repeat(11)));
    }

    #[test]
    fn a_secret_is_hidden_however_it_is_spelled() {
        let secret = "it's a \"S3cret\\+/?";
        for (text, left) in [
            (r#"'it'\''s a "S3cret\+/?'"#, "'***'"),
            (r#"{"pw":"it's a \"S3cret\\+\/?"}"#, r#"{"pw":"***"}"#),
            (r"pw=it%27s+a+%22S3cret%5C%2b/?;", "pw=***;"),
            ("<697427732061202253336372657 45C2B2F3F>", "<697427732061202253336372657 45C2B2F3F>"),
            ("<69742773206120225333637265745C2B2F3F>", "<***>"),
            ("it's a &quot;S3cret\\+/?&lt;", "***&lt;"),
        ] {
            assert_eq!(hidden(&[secret], text), left);
        }
        assert_eq!(hidden(&["hunter2", "hunter22"], "h%75nter22"), "***", "the longest");
        assert_eq!(hidden(&["k/"], r"k\/ 6b2f"), r"k\/ 6b2f", "what is this short is found everywhere");
    }

    #[test]
    fn the_beginning_of_a_spelling_is_hidden_where_the_output_was_interrupted() {
        for (text, left) in [
            (r"pw='it'\'", "pw='***"),
            (r"pw=it\u00", "pw=***"),
            ("pw=it%27", "pw=***"),
            ("pw=it%2", "pw=***"),
            ("pw=it&ap", "pw=***"),
            ("pw=6974277", "pw=***"),
            (r"pw=it\u00 and more", r"pw=it\u00 and more"),
        ] {
            assert_eq!(tail(&["it's a secret"], text, false, false), left);
            assert_eq!(tail(&["it's a secret"], text, false, true), text);
        }
    }

    #[test]
    fn a_secret_is_hidden_in_base64_wherever_it_begins() {
        // base64 of `S3cret-word?>~`, of `u:…`, of `ab:…`, and of `abc…xyz`; then in the alphabet for file names. Characters
        // that hold but a few bits of it are hidden with the others.
        for (text, shown) in [
            ("UzNjcmV0LXdvcmQ/Pn4=", "***="),
            ("dTpTM2NyZXQtd29yZD8+fg==", "dT***=="),
            ("YWI6UzNjcmV0LXdvcmQ/Pn4=", "YWI6***="),
            ("YWJjUzNjcmV0LXdvcmQ/Pn54eXo=", "YWJj***4eXo="),
        ] {
            for text in [text.to_owned(), text.replace('+', "-").replace('/', "_")] {
                assert_eq!(hidden(&["S3cret-word?>~"], &text), shown, "{text}");
            }
        }
        assert_eq!(hidden(&["abc"], "YWJj"), "YWJj", "what is this short is found everywhere");
    }
}
