//! Patterns for `grep -E` and `sed -E`: the POSIX extended regular expression that means what the pattern means.
//!
//! Both sides look at one line at a time. Whether a line fits is the same question for both. What a group keeps is not:
//! POSIX takes the longest of all matches, the executor the first in the order of the pattern. They agree where only
//! single characters are repeated, and where the next character always says how it goes on; patterns that keep something
//! and are not like that are refused.

/// A pattern as an extended regular expression.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Ere {
    /// The expression; in the C locale.
    pub text: String,
    /// Whether it has a group.
    pub has_group: bool,
}

/// The expression for finding lines.
pub(super) fn finding(pattern: &str) -> Result<Ere, String> {
    Parser::of(pattern).parse().map(|node| ere(pattern, &node))
}

/// The expression for keeping the first group of a line, or all that fits.
pub(super) fn keeping(pattern: &str) -> Result<Ere, String> {
    let node = Parser::of(pattern).parse()?;
    if node.has_choice() && !node.is_definite(Set::default()) {
        let why = "a shell may keep another part of the line than the executor: where there are alternatives or repeated \
                   groups, the next character must say how it goes on";
        return Err(why.to_owned());
    }
    if node.has_group() && !node.always_takes_its_group() {
        return Err(String::from("the first group may take no part, and a shell cannot tell that from an empty one"));
    }
    Ok(ere(pattern, &node))
}

fn ere(pattern: &str, node: &Node) -> Ere {
    let mut text = String::with_capacity(pattern.len());
    node.write(&mut text);
    Ere { text, has_group: node.has_group() }
}

/// A set of ASCII characters, and perhaps all others.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
struct Set {
    ascii: u128,
    others: bool,
}

impl Set {
    fn of(c: char) -> Set {
        match u32::from(c) {
            ascii @ 0..=127 => Set { ascii: 1 << ascii, others: false },
            _ => Set { ascii: 0, others: true },
        }
    }

    fn negated(self) -> Set {
        Set { ascii: !self.ascii, others: !self.others }
    }

    fn or(self, other: Set) -> Set {
        Set { ascii: self.ascii | other.ascii, others: self.others || other.others }
    }

    fn meets(self, other: Set) -> bool {
        self.ascii & other.ascii != 0 || self.others && other.others
    }

    fn has(self, byte: u8) -> bool {
        self.ascii >> byte & 1 == 1
    }
}

/// A part of a pattern.
#[derive(Clone, Debug)]
enum Node {
    /// One character.
    One(char),
    /// One ASCII character of a set, or any that is not in it.
    Class {
        set: Set,
        negated: bool,
    },
    Any,
    Start,
    End,
    Group(Box<Node>),
    /// With `*`, `+` or `?`.
    Repeat(Box<Node>, char),
    Row(Vec<Node>),
    Either(Vec<Node>),
}

impl Node {
    /// The characters that it can begin with.
    fn first(&self) -> Set {
        match self {
            Node::One(c) => Set::of(*c),
            Node::Class { set, negated } => {
                if *negated {
                    set.negated()
                } else {
                    *set
                }
            }
            Node::Any => Set::default().negated(),
            Node::Start | Node::End => Set::default(),
            Node::Group(node) | Node::Repeat(node, _) => node.first(),
            Node::Either(nodes) => nodes.iter().map(Node::first).fold(Set::default(), Set::or),
            Node::Row(nodes) => nodes.iter().rev().fold(Set::default(), |follow, node| node.before(follow)),
        }
    }

    /// What can come where this does, if `follow` can come after it.
    fn before(&self, follow: Set) -> Set {
        if self.is_nullable() { self.first().or(follow) } else { self.first() }
    }

    fn is_nullable(&self) -> bool {
        match self {
            Node::One(_) | Node::Class { .. } | Node::Any => false,
            Node::Start | Node::End => true,
            Node::Group(node) => node.is_nullable(),
            Node::Repeat(node, times) => *times != '+' || node.is_nullable(),
            Node::Row(nodes) => nodes.iter().all(Node::is_nullable),
            Node::Either(nodes) => nodes.iter().any(Node::is_nullable),
        }
    }

    fn has_group(&self) -> bool {
        match self {
            Node::Group(_) => true,
            Node::Repeat(node, _) => node.has_group(),
            Node::Row(nodes) | Node::Either(nodes) => nodes.iter().any(Node::has_group),
            _ => false,
        }
    }

    /// Whether its first group, if it has one, takes part in every match.
    fn always_takes_its_group(&self) -> bool {
        match self {
            Node::Row(nodes) => nodes.iter().find(|n| n.has_group()).is_none_or(Node::always_takes_its_group),
            Node::Repeat(node, times) => *times == '+' || !node.has_group(),
            Node::Either(_) => !self.has_group(),
            _ => true,
        }
    }

    /// Whether it has alternatives or repeats more than a character.
    fn has_choice(&self) -> bool {
        match self {
            Node::Either(_) => true,
            Node::Group(node) => node.has_choice(),
            Node::Repeat(node, _) => matches!(**node, Node::Group(_)),
            Node::Row(nodes) => nodes.iter().any(Node::has_choice),
            _ => false,
        }
    }

    /// Whether the next character always says how it goes on, if `follow` can come after it.
    fn is_definite(&self, follow: Set) -> bool {
        match self {
            Node::One(_) | Node::Class { .. } | Node::Any | Node::Start | Node::End => true,
            Node::Group(node) => node.is_definite(follow),
            Node::Repeat(node, times) => {
                let first = node.first();
                let inside = if *times == '?' { follow } else { follow.or(first) };
                !node.is_nullable() && !first.meets(follow) && node.is_definite(inside)
            }
            Node::Either(nodes) => {
                let mut met = Set::default();
                nodes.iter().all(|node| {
                    let first = node.first();
                    let new = !node.is_nullable() && !first.meets(met);
                    met = met.or(first);
                    new && node.is_definite(follow)
                })
            }
            Node::Row(nodes) => {
                let mut follow = follow;
                nodes.iter().rev().all(|node| {
                    let definite = node.is_definite(follow);
                    follow = node.before(follow);
                    definite
                })
            }
        }
    }

    fn write(&self, out: &mut String) {
        match self {
            Node::One(c) => {
                if ".[()*+?{|^$\\".contains(*c) {
                    out.push('\\');
                }
                out.push(*c);
            }
            Node::Class { set, negated } => write_class(*set, *negated, out),
            Node::Any => out.push('.'),
            Node::Start => out.push('^'),
            Node::End => out.push('$'),
            Node::Group(node) => {
                out.push('(');
                node.write(out);
                out.push(')');
            }
            Node::Repeat(node, times) => {
                node.write(out);
                out.push(*times);
            }
            Node::Row(nodes) => nodes.iter().for_each(|n| n.write(out)),
            Node::Either(nodes) => {
                for (i, node) in nodes.iter().enumerate() {
                    out.push_str(if i > 0 { "|" } else { "" });
                    node.write(out);
                }
            }
        }
    }
}

/// A bracket expression, with `]` first and `-` last, where they mean themselves.
fn write_class(set: Set, negated: bool, out: &mut String) {
    let mut runs: Vec<(u8, u8)> = Vec::new();
    for byte in (0..128).filter(|b| set.has(*b) && !matches!(b, b']' | b'-' | b'^' | b'[')) {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == byte => *last = byte,
            _ => runs.push((byte, byte)),
        }
    }
    out.push_str(if negated { "[^" } else { "[" });
    out.push_str(if set.has(b']') { "]" } else { "" });
    for (first, last) in runs {
        out.push(char::from(first));
        match last - first {
            0 => {}
            1 => out.push(char::from(last)),
            _ => out.extend(['-', char::from(last)]),
        }
    }
    // `[` could begin a named class, `^` a negation: not here.
    out.push_str(if set.has(b'[') { "[" } else { "" });
    out.push_str(if set.has(b'^') { "^" } else { "" });
    out.push_str(if set.has(b'-') { "-" } else { "" });
    out.push(']');
}

/// Reads what [`crate::calculus::check_pattern`] accepts; the few things of it that no shell has are refused.
struct Parser<'p> {
    rest: std::str::Chars<'p>,
}

impl<'p> Parser<'p> {
    fn of(pattern: &'p str) -> Parser<'p> {
        Parser { rest: pattern.chars() }
    }

    fn peek(&self) -> Option<char> {
        self.rest.clone().next()
    }

    fn eat(&mut self, c: char) -> bool {
        let eaten = self.peek() == Some(c);
        if eaten {
            self.rest.next();
        }
        eaten
    }

    fn parse(mut self) -> Result<Node, String> {
        let node = self.either()?;
        if self.peek().is_some() { Err(String::from("a group is closed that was not opened")) } else { Ok(node) }
    }

    fn either(&mut self) -> Result<Node, String> {
        let mut nodes = vec![self.row()?];
        while self.eat('|') {
            nodes.push(self.row()?);
        }
        if let [_] = nodes.as_slice() {
            return nodes.pop().ok_or_else(String::new);
        }
        Ok(Node::Either(nodes))
    }

    fn row(&mut self) -> Result<Node, String> {
        let mut nodes = Vec::new();
        while let Some(c) = self.peek().filter(|c| !"|)".contains(*c)) {
            self.rest.next();
            let node = self.atom(c)?;
            nodes.push(match self.peek() {
                Some(times @ ('*' | '+' | '?')) => {
                    self.rest.next();
                    repeat(node, times)?
                }
                _ => node,
            });
        }
        if nodes.is_empty() {
            Err(String::from("an empty alternative or group means nothing to a shell"))
        } else {
            Ok(Node::Row(nodes))
        }
    }

    fn atom(&mut self, c: char) -> Result<Node, String> {
        Ok(match c {
            '.' => Node::Any,
            '^' => Node::Start,
            '$' => Node::End,
            '[' => self.class()?,
            '(' => {
                let node = self.either()?;
                if !self.eat(')') {
                    return Err(String::from("a group is not closed"));
                }
                Node::Group(Box::new(node))
            }
            '\\' => Node::One(self.escaped()?),
            _ => Node::One(c),
        })
    }

    fn escaped(&mut self) -> Result<char, String> {
        match self.rest.next() {
            Some(c) if c.is_ascii_punctuation() && !"<>".contains(c) => Ok(c),
            c => Err(format!("`\\{}` means nothing to a shell", c.unwrap_or(' '))),
        }
    }

    fn class(&mut self) -> Result<Node, String> {
        let negated = self.eat('^');
        let mut set = Set::default();
        while self.eat('-') {
            set = set.or(Set::of('-'));
        }
        if set == Set::default() && self.eat(']') {
            set = Set::of(']');
        }
        loop {
            let from = match self.rest.next() {
                None => return Err(String::from("a class is not closed")),
                Some(']') => break,
                Some('[') => {
                    set = set.or(self.named()?);
                    continue;
                }
                Some('\\') => self.escaped()?,
                Some(c) => c,
            };
            let to = match self.rest.as_str().as_bytes() {
                [b'-', next, ..] if !matches!(next, b']' | b'-') => {
                    self.rest.next();
                    match self.rest.next() {
                        Some('\\') => self.escaped()?,
                        c => c.unwrap_or(from),
                    }
                }
                _ => from,
            };
            set = (from..=to).map(Set::of).fold(set, Set::or);
        }
        if set.others {
            return Err(String::from("a shell knows no classes of characters outside of ASCII"));
        }
        Ok(Node::Class { set, negated })
    }

    /// `[:alpha:]` in a class, after its `[`.
    fn named(&mut self) -> Result<Set, String> {
        let (name, rest) = self.rest.as_str().split_once(":]").unwrap_or_default();
        let fits: fn(&u8) -> bool = match name {
            ":alnum" => u8::is_ascii_alphanumeric,
            ":alpha" => u8::is_ascii_alphabetic,
            ":blank" => |b| matches!(b, b' ' | b'\t'),
            ":cntrl" => u8::is_ascii_control,
            ":digit" => u8::is_ascii_digit,
            ":graph" => u8::is_ascii_graphic,
            ":lower" => u8::is_ascii_lowercase,
            ":print" => |b| matches!(b, b' '..=b'~'),
            ":punct" => u8::is_ascii_punctuation,
            ":space" => |b| matches!(b, b' ' | b'\t'..=b'\r'),
            ":upper" => u8::is_ascii_uppercase,
            ":xdigit" => u8::is_ascii_hexdigit,
            _ => return Err(String::from("a shell does not know this class")),
        };
        self.rest = rest.chars();
        Ok((0..128).filter(fits).map(|b| Set::of(char::from(b))).fold(Set::default(), Set::or))
    }
}

fn repeat(node: Node, times: char) -> Result<Node, String> {
    match node {
        Node::Start | Node::End => Err(String::from("`^` and `$` cannot be repeated")),
        Node::One(c) if !c.is_ascii() => Err(format!("`{c}` can be repeated only as a group: `({c}){times}`")),
        node => Ok(Node::Repeat(Box::new(node), times)),
    }
}

#[cfg(test)]
mod tests {
    use super::{finding, keeping};
    use crate::calculus::check_pattern;

    #[track_caller]
    fn same(pattern: &str, ere: &str) {
        check_pattern(pattern).unwrap();
        assert_eq!(finding(pattern).map(|e| e.text).as_deref(), Ok(ere), "{pattern}");
    }

    #[test]
    fn a_pattern_becomes_an_extended_regular_expression() {
        same("^TestFailed|InitFailed$", "^TestFailed|InitFailed$");
        same(r"\[x\]\{1\}a\-b\/\\", r"\[x]\{1}a-b/\\");
        same("[a-z0-9_.-]+", "[.0-9_a-z-]+");
        same(r"[]^\[-]", "[][^-]");
        same(r"[^\]a]", "[^]a]");
        same("[[:digit:]x]", "[0-9x]");
        same("(a(b|c)?)*", "(a(b|c)?)*");
        same("é.", "é.");
    }

    #[test]
    fn what_no_shell_has_is_refused() {
        for (pattern, why) in [
            (r"\<a", "`\\<` means nothing to a shell"),
            ("a|", "an empty alternative or group means nothing to a shell"),
            ("()", "an empty alternative or group means nothing to a shell"),
            ("^*a", "`^` and `$` cannot be repeated"),
            ("é+", "`é` can be repeated only as a group: `(é)+`"),
            ("[é]", "a shell knows no classes of characters outside of ASCII"),
            ("[[:word:]]", "a shell does not know this class"),
        ] {
            check_pattern(pattern).unwrap();
            assert_eq!(finding(pattern).map(|e| e.text).unwrap_err(), why, "{pattern}");
        }
    }

    #[test]
    fn what_could_keep_something_else_is_refused() {
        for pattern in ["(a|ab)c", "(ab)*a", "x(a*|b)", "(a?)*", "a?(ab)?", "(ab?)+b", ".* (up|down)"] {
            check_pattern(pattern).unwrap();
            assert!(finding(pattern).is_ok(), "{pattern}");
            assert!(keeping(pattern).is_err(), "{pattern}");
        }
        for pattern in ["lsn: ([0-9A-F/]+)", "([0-9]+(\\.[0-9]+)*)", "[^ ]* (up|down|failed)", "(.*) seconds", "a+b"] {
            assert!(keeping(pattern).is_ok(), "{pattern}");
        }
        assert_eq!(keeping("a+b").map(|e| e.has_group), Ok(false));
    }
}
