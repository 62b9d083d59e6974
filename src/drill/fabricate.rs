//! A text that a pattern finds: what a command would have to print.

use regex_lite::Regex;
use std::iter::Peekable;
use std::str::Chars;

/// A line that the pattern finds, if one can be made up. Knows what `check_pattern` permits.
pub fn line(pattern: &str) -> Option<String> {
    let regex = Regex::new(pattern).ok()?;
    [1, 0].into_iter().find_map(|copies| {
        let text = Maker { chars: pattern.chars().peekable(), copies }.alternatives();
        regex.is_match(&text).then_some(text)
    })
}

struct Maker<'p> {
    chars: Peekable<Chars<'p>>,
    /// How often something is repeated that may be left out.
    copies: usize,
}

impl Maker<'_> {
    /// The first of the alternatives, up to the end of the group.
    fn alternatives(&mut self) -> String {
        let text = self.sequence();
        while self.chars.next_if_eq(&'|').is_some() {
            self.sequence();
        }
        text
    }

    fn sequence(&mut self) -> String {
        let mut text = String::new();
        while let Some(c) = self.chars.next_if(|c| !matches!(c, '|' | ')')) {
            let part = match c {
                '^' | '$' => String::new(),
                '.' => String::from("x"),
                '\\' => self.chars.next().into_iter().collect(),
                '[' => self.bracket().into_iter().collect(),
                '(' => {
                    let inner = self.alternatives();
                    self.chars.next();
                    inner
                }
                c => String::from(c),
            };
            match self.chars.next_if(|c| matches!(c, '*' | '+' | '?')) {
                Some('*' | '?') => text.push_str(&part.repeat(self.copies)),
                _ => text.push_str(&part),
            }
        }
        text
    }

    /// A member of a bracket expression.
    fn bracket(&mut self) -> Option<char> {
        let negated = self.chars.next_if_eq(&'^').is_some();
        let mut inside = String::new();
        while let Some(c) = self.chars.next() {
            match c {
                ']' if !inside.is_empty() => break,
                // A class such as `[:digit:]` ends with a bracket of its own.
                '[' if self.chars.peek() == Some(&':') => inside.extend(self.class()),
                '\\' => inside.extend(self.chars.next()),
                c => inside.push(c),
            }
        }
        if !negated {
            return inside.chars().next();
        }
        let class = Regex::new(&format!("[{}]", inside.replace('\\', "\\\\"))).ok();
        "x0_ -.:/Z".chars().find(|c| class.as_ref().is_none_or(|r| !r.is_match(&c.to_string())))
    }

    fn class(&mut self) -> Option<char> {
        let mut name = String::new();
        for c in self.chars.by_ref() {
            match c {
                ']' => break,
                ':' => {}
                c => name.push(c),
            }
        }
        Some(match name.as_str() {
            "digit" | "xdigit" | "alnum" => '0',
            "space" | "blank" => ' ',
            "upper" => 'X',
            "punct" => '.',
            _ => 'x',
        })
    }
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn the_text_is_found_by_its_pattern() {
        for (pattern, text) in [
            ("lsn: (.*)", "lsn: x"),
            ("^[0-9]+/[0-9A-F]+$", "0/0"),
            ("^(ok|done) \\[x\\]?$", "ok [x]"),
            ("[^a-z ]+:", "0:"),
            ("[[:digit:]][[:space:]]x", "0 x"),
            ("TestFailed", "TestFailed"),
            ("^$", ""),
            ("^a?$|b", "a"),
        ] {
            assert_eq!(line(pattern).as_deref(), Some(text), "{pattern}");
        }
        assert_eq!(line("a^b"), None);
        assert_eq!(line("("), None);
    }
}
