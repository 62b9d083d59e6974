//! Texts that are safe in a shell script: words, here-documents, comments, numbers.

/// Words that mean something to a shell where a command begins, and puzzle a reader elsewhere.
const RESERVED: &[&str] =
    &["case", "do", "done", "elif", "else", "esac", "fi", "for", "if", "in", "then", "until", "while"];

/// A text as one word, without quotes where none are needed.
pub(super) fn word(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_-./:,+@%".contains(&b);
    if !text.is_empty() && text.bytes().all(plain) && !RESERVED.contains(&text) {
        return text.to_owned();
    }
    quoted(text)
}

/// A text as one word, in quotes.
pub(super) fn quoted(text: &str) -> String {
    // Single quotes around what looks like an expansion would make a reader (and a linter) wonder.
    let expands = |c: char| c.is_ascii_alphanumeric() || "_{(".contains(c);
    if text.contains('`') || text.split('$').skip(1).any(|rest| rest.starts_with(expands)) {
        return format!("\"{}\"", unexpanded(text).replace('"', "\\\""));
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Words in a row, each after a space.
pub(super) fn words<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    texts.into_iter().map(|t| format!(" {}", word(t))).collect()
}

/// A text on one line, for a comment.
pub(super) fn comment(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A text inside a here-document in which the shell expands something.
pub(super) fn unexpanded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '$' | '`' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// A word that ends a here-document of this text: no line of it.
pub(super) fn end_mark(text: &str) -> String {
    let mut mark = String::from("END");
    while text.lines().any(|line| line == mark) {
        mark.push('_');
    }
    mark
}

/// Milliseconds as seconds.
pub(super) fn seconds(ms: u64) -> String {
    match ms % 1000 {
        0 => (ms / 1000).to_string(),
        rest => format!("{}.{rest:03}", ms / 1000).trim_end_matches('0').to_owned(),
    }
}

/// A mask for shell arithmetic, which has signed numbers of 64 bits.
pub(super) fn mask(mask: u64) -> String {
    match i64::try_from(mask) {
        Ok(number) => number.to_string(),
        Err(_) => format!("~{}", !mask),
    }
}

#[cfg(test)]
mod tests {
    use super::{comment, end_mark, mask, seconds, unexpanded, word, words};

    #[test]
    fn texts_are_safe() {
        assert_eq!(word("a-b/c"), "a-b/c");
        assert_eq!(word(""), "''");
        assert_eq!(word("done"), "'done'");
        assert_eq!(word("^a+$"), "'^a+$'");
        assert_eq!(word("it's x"), "'it'\\''s x'");
        assert_eq!(word("a \"b\" `c` $d \\"), "\"a \\\"b\\\" \\`c\\` \\$d \\\\\"");
        assert_eq!(words(["a", "b c"]), " a 'b c'");
        assert_eq!(comment("a\n# b\t"), "a # b ");
        assert_eq!(unexpanded("a$b`c\\d'e"), "a\\$b\\`c\\\\d'e");
        assert_eq!(end_mark("a\nEND\nEND_"), "END__");
        assert_eq!([seconds(0), seconds(1_500), seconds(20), seconds(60_000)], ["0", "1.5", "0.02", "60"]);
        assert_eq!([mask(5), mask(u64::MAX), mask(1 << 63)], ["5", "~0", "~9223372036854775807"]);
    }
}
