//! Texts of plans inside Markdown and HTML: whoever writes a plan must not be able to write the comment on it.
//!
//! Whatever means something to GitHub-flavoured Markdown becomes a numeric entity. Names and commands stand in code, where
//! nobody is mentioned and nothing is linked.

use crate::approval::is_hidden;
use std::fmt::Write;

/// A text in which everything shows; line breaks and tabs stay.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push(c),
            c if is_hidden(c) => _ = write!(out, "\\u{{{:x}}}", u32::from(c)),
            c => out.push(c),
        }
    }
    out
}

/// A text for the inside of `<code>`, or for any other place that is not code by Markdown's rules.
pub(super) fn code(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '&' | '<' | '>' | '"' | '\'' | '\\' | '`' | '*' | '_' | '[' | ']' | '(' | ')' | '{' | '}' | '#' | '!'
            | '|' | '~' | '@' | '$' | ':' => {
                _ = write!(out, "&#{};", u32::from(c));
            }
            c => out.push(c),
        }
    }
    // What begins like that becomes a link.
    out.replace("www.", "www&#46;")
}

/// A sentence of ours, in which names stand in backticks: these stay code, all else is escaped.
pub(super) fn prose(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    // Without its partner a backtick is none of ours.
    if parts.len().is_multiple_of(2) {
        return code(text);
    }
    let mut out = String::with_capacity(text.len());
    for (index, part) in parts.iter().enumerate() {
        match index % 2 == 0 {
            true => out.push_str(&code(part).replace("&#58;", ":")),
            false if part.is_empty() => out.push_str("&#96;&#96;"),
            false => _ = write!(out, "`{}`", visible(part).replace('\n', " ").replace('|', "\\|")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{code, prose, visible};

    #[test]
    fn nothing_of_a_plan_means_something_to_markdown() {
        let hostile = "<img src=x> [a](b) *c* _d_ `e` @team #1 ![x](y) ~~f~~ | $g$ http://x www.y.z \u{202e}h";
        let escaped = code(hostile);
        for sign in ["<", ">", "[", "*", "_", "`", "@", "!", "~", "|", "$", "\u{202e}", "http:", "www."] {
            assert!(!escaped.contains(sign), "{sign} in {escaped}");
        }
        assert!(escaped.contains("\\u&#123;202e&#125;") || escaped.contains("&#92;u&#123;202e&#125;"), "{escaped}");
    }

    #[test]
    fn names_in_a_sentence_stay_code() {
        assert_eq!(prose("stop: waits for `a_b`: it *is* so"), "stop: waits for `a_b`: it &#42;is&#42; so");
        assert_eq!(prose("an odd ` stays"), "an odd &#96; stays");
        assert_eq!(prose("`a|b`"), "`a\\|b`");
    }

    #[test]
    fn what_cannot_be_seen_is_written_out() {
        assert_eq!(visible("a\u{200b}b\x1b[2K\nc"), "a\\u{200b}b\\u{1b}[2K\nc");
    }
}
