//! Text in a form in which everything shows: what is read is what is signed.
//!
//! Characters that cannot be seen, or that make others look different (control characters, the marks that change the
//! direction of writing), are written as `\u{…}`. Everything else stays as it is, backslashes too.

/// Whether a character would be overlooked, or would deceive.
pub fn is_hidden(c: char) -> bool {
    (c.is_control() && c != '\t')
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// A text on one line in which everything shows, `more` included.
pub(super) fn show(text: &str, more: &[char]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        // A blank at the end would be overlooked, too; and what looks like our own way of writing must not be taken for it.
        let deceives = (after.is_empty() && matches!(c, ' ' | '\t')) || rest.starts_with("\\u{");
        if is_hidden(c) || more.contains(&c) || deceives {
            out.push_str(&format!("\\u{{{:x}}}", u32::from(c)));
        } else {
            out.push(c);
        }
        rest = after;
    }
    out
}

/// The inverse of [`show`]; `None` if it is not something that [`show`] writes.
pub(super) fn read(shown: &str) -> Option<String> {
    let mut parts = shown.split("\\u{");
    let mut out = parts.next()?.to_owned();
    for part in parts {
        let (number, rest) = part.split_once('}')?;
        out.push(char::from_u32(u32::from_str_radix(number, 16).ok()?)?);
        out.push_str(rest);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::{read, show};

    #[test]
    fn what_cannot_be_seen_is_written_out() {
        let cases = [
            ("a\\b \\d+ \t ä → 日本", "a\\b \\d+ \t ä → 日本"),
            ("rm \u{202e}x\u{1b}[2K", "rm \\u{202e}x\\u{1b}[2K"),
            ("a\r\n", "a\\u{d}\\u{a}"),
            ("end ", "end\\u{20}"),
            ("\\u{41}", "\\u{5c}u{41}"),
            ("", ""),
        ];
        for (text, shown) in cases {
            assert_eq!(show(text, &[]), shown);
            assert_eq!(read(shown).as_deref(), Some(text));
        }
        assert_eq!(show("a=b", &['=']), "a\\u{3d}b");
        for wrong in ["\\u{", "\\u{zz}", "\\u{d800}", "\\u{110000}", "\\u{}"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
