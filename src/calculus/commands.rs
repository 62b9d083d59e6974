//! Which commands a script needs: the first words of its simple commands, found without running it.
//!
//! Conservative: what it names is needed (unless the script never gets there), but it may overlook some. It reads plain
//! shell text and gives up where quoting, `case` or here-documents would make it guess.

use crate::calculus::{Piece, Template};
use std::collections::BTreeSet;

/// Words that a POSIX shell understands by itself, as reserved words or as commands that every shell has built in.
const BUILT_IN: &[&str] = &[
    ".", ":", "[", "alias", "bg", "break", "cd", "command", "continue", "echo", "eval", "exec", "exit", "export",
    "false", "fg", "getopts", "hash", "jobs", "kill", "local", "printf", "pwd", "read", "readonly", "return", "set",
    "shift", "source", "test", "times", "trap", "true", "type", "ulimit", "umask", "unalias", "unset", "wait",
];

/// Reserved words that a command follows.
const OPENING: &[&str] = &["!", "{", "if", "then", "elif", "else", "while", "until", "do"];

/// Reserved words that end something.
const CLOSING: &[&str] = &["}", "fi", "done"];

/// The commands that `script` needs, ascending, each once: names to be found by `PATH`, or paths.
///
/// A command is left out if the script itself reckons with its absence: it stands before `||`, or the script asks for
/// it with `command -v`, `type`, `which` or `hash`.
pub fn binaries(script: &Template) -> Vec<String> {
    let mut scan = Scan::default();
    for token in tokens(script) {
        if !scan.take(&token) {
            break;
        }
    }
    scan.end_of_pipeline(false);
    let Scan { found, functions, asked, .. } = scan;
    found.into_iter().filter(|w| !functions.contains(w) && !asked.contains(w)).collect()
}

/// A token of shell text.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Token {
    /// A word; `None` if what it stands for is known only to the shell.
    Word(Option<String>),
    /// `;`, `&`, `|`, `&&`, `||`, `(`, `)`, a line break.
    Operator(&'static str),
    /// The word after it is a file.
    Redirection,
    /// Something that is not read any further.
    Opaque,
}

/// Where the scan stands.
#[derive(Default)]
struct Scan {
    found: BTreeSet<String>,
    functions: BTreeSet<String>,
    asked: BTreeSet<String>,
    /// Commands of the pipeline that is being read.
    pipeline: Vec<String>,
    /// What the next word is.
    place: Place,
    /// The word before, for `name()`.
    last: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Place {
    /// A command.
    #[default]
    Command,
    /// An argument.
    Argument,
    /// An argument of a command that asks whether others are there.
    Asked,
    /// A name or word of `for NAME in WORD…`.
    Loop,
    /// A file; then what was before.
    File(bool),
}

impl Scan {
    /// Takes a token in; false if the rest cannot be read.
    fn take(&mut self, token: &Token) -> bool {
        match token {
            Token::Opaque => return false,
            Token::Redirection => self.place = Place::File(self.place == Place::Command),
            Token::Operator(operator) => self.operator(operator),
            Token::Word(word) => return self.word(word.as_deref()),
        }
        true
    }

    fn operator(&mut self, operator: &str) {
        match (operator, self.last.take()) {
            ("(", Some(name)) if self.place != Place::Command => {
                self.pipeline.retain(|w| *w != name);
                self.functions.insert(name);
            }
            ("|", _) => {}
            _ => self.end_of_pipeline(operator == "||"),
        }
        self.place = Place::Command;
    }

    fn end_of_pipeline(&mut self, may_fail: bool) {
        let commands = std::mem::take(&mut self.pipeline);
        if !may_fail {
            self.found.extend(commands);
        }
    }

    fn word(&mut self, word: Option<&str>) -> bool {
        let last = self.last.take();
        match self.place {
            Place::File(before_command) => {
                self.place = if before_command { Place::Command } else { Place::Argument };
            }
            Place::Argument => {}
            Place::Loop if word == Some("do") => self.place = Place::Command,
            Place::Loop => {}
            Place::Asked => self.asked.extend(word.filter(|w| !w.starts_with('-')).map(String::from)),
            Place::Command => return self.command(word, last.as_deref()),
        }
        true
    }

    /// A word where a command stands.
    fn command(&mut self, word: Option<&str>, last: Option<&str>) -> bool {
        self.place = Place::Argument;
        let Some(word) = word else { return true };
        match word {
            // Its patterns look like commands.
            "case" => return false,
            "for" => self.place = Place::Loop,
            "exec" => self.place = Place::Command,
            "command" | "type" | "which" | "hash" => self.place = Place::Asked,
            _ if OPENING.contains(&word) => self.place = Place::Command,
            _ if CLOSING.contains(&word) => {}
            _ if is_assignment(word) => self.place = Place::Command,
            _ if last == Some("exec") && word.starts_with('-') => {}
            _ => {
                self.last = Some(word.to_owned());
                if !BUILT_IN.contains(&word) {
                    self.pipeline.push(word.to_owned());
                }
            }
        }
        true
    }
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// Shell text in tokens. A value counts as a part of a word that only the shell knows.
fn tokens(script: &Template) -> Vec<Token> {
    let mut text = Vec::new();
    for piece in &script.0 {
        match piece {
            Piece::Text(t) => text.extend(t.chars().map(Some)),
            Piece::Value(_) => text.push(None),
        }
    }
    let mut reader = Reader { text: &text, at: 0, tokens: Vec::new() };
    while reader.token() {}
    reader.tokens
}

struct Reader<'t> {
    /// Characters; `None` for a value.
    text: &'t [Option<char>],
    at: usize,
    tokens: Vec<Token>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<Option<char>> {
        self.text.get(self.at).copied()
    }

    fn next(&mut self) -> Option<Option<char>> {
        let next = self.peek();
        self.at += 1;
        next
    }

    fn eat(&mut self, c: char) -> bool {
        let eaten = self.peek() == Some(Some(c));
        self.at += usize::from(eaten);
        eaten
    }

    /// Reads the next token; false at the end.
    fn token(&mut self) -> bool {
        let Some(next) = self.peek() else { return false };
        match next {
            Some(' ' | '\t') => self.at += 1,
            Some('#') => {
                while self.peek().is_some_and(|c| c != Some('\n')) {
                    self.at += 1;
                }
            }
            Some(c @ ('\n' | ';' | '&' | '|' | '(' | ')')) => {
                self.at += 1;
                let operator = match c {
                    '&' if self.eat('&') => "&&",
                    '|' if self.eat('|') => "||",
                    '|' => "|",
                    '(' => "(",
                    ')' => ")",
                    _ => ";",
                };
                self.tokens.push(Token::Operator(operator));
            }
            Some('<' | '>') => self.redirection(),
            _ => self.word(),
        }
        true
    }

    fn redirection(&mut self) {
        let first = self.next();
        if first == Some(Some('<')) && self.eat('<') {
            self.tokens.push(Token::Opaque);
            return;
        }
        _ = self.eat('>') || self.eat('&') || self.eat('|') || self.eat('>');
        self.tokens.push(Token::Redirection);
    }

    fn word(&mut self) {
        let mut word = String::new();
        let (mut known, mut certain) = (true, 0);
        while let Some(next) = self.peek() {
            if known {
                certain = word.len();
            }
            match next {
                Some(' ' | '\t' | '\n' | ';' | '&' | '|' | '(' | ')') => break,
                Some('<' | '>') => {
                    // `2>` is a part of the redirection.
                    if !word.is_empty() && word.chars().all(|c| c.is_ascii_digit()) {
                        return;
                    }
                    break;
                }
                Some('\'') => known &= self.quoted('\'', &mut word),
                Some('"') => known &= self.quoted('"', &mut word),
                Some('\\') => {
                    self.at += 1;
                    match self.next() {
                        Some(Some('\n')) | None => {}
                        Some(Some(c)) => word.push(c),
                        Some(None) => known = false,
                    }
                }
                Some('$') => {
                    known = false;
                    self.at += 1;
                    if self.eat('(') {
                        self.substitution();
                    }
                }
                Some('`') => {
                    known = false;
                    self.at += 1;
                    while self.next().is_some_and(|c| c != Some('`')) {}
                }
                Some(c) => {
                    known &= !matches!(c, '*' | '?' | '[' | '~') || word.is_empty() && c == '[';
                    word.push(c);
                    self.at += 1;
                }
                None => {
                    known = false;
                    self.at += 1;
                }
            }
        }
        if !known {
            word.truncate(certain);
        }
        // Of an assignment the name is enough.
        self.tokens.push(Token::Word(Some(word).filter(|w| known || is_assignment(w))));
    }

    /// Reads a quoted part; false if the shell would expand something in it.
    fn quoted(&mut self, quote: char, word: &mut String) -> bool {
        let mut known = true;
        self.at += 1;
        while let Some(next) = self.next() {
            match next {
                Some(c) if c == quote => break,
                Some('\\') if quote == '"' => word.extend(self.next().flatten()),
                Some('$' | '`') if quote == '"' => known = false,
                Some(c) => word.push(c),
                None => known = false,
            }
        }
        known
    }

    /// Skips the rest of `$(…)`.
    fn substitution(&mut self) {
        let mut depth = 1;
        let mut ignored = String::new();
        while let Some(next) = self.peek() {
            match next {
                Some(quote @ ('\'' | '"')) => {
                    self.quoted(quote, &mut ignored);
                    continue;
                }
                Some('(') => depth += 1,
                Some(')') => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::binaries;
    use crate::calculus::{Piece, Template, ValueId};

    #[track_caller]
    fn needs(script: &str, expected: &str) {
        assert_eq!(binaries(&Template::text(script)).join(" "), expected, "{script}");
    }

    #[test]
    fn first_words_of_simple_commands() {
        needs("ip -o address show dev eth0 | grep -qwF 10.0.0.1", "grep ip");
        needs("cd /tmp && ./a.sh; /opt/b/c -x & wait", "./a.sh /opt/b/c");
        needs("! ping -c 1 a >/dev/null 2>&1", "ping");
        needs("A=1 B='x y' env C=2 true\n\n'/opt/with space/x'", "/opt/with space/x env");
        needs("if systemctl is-active -q x; then systemctl stop x; else mount /x; fi", "mount systemctl");
        needs("for i in a b c; do touch $i; done", "touch");
        needs("for i in a b\ndo touch $i\ndone", "touch");
        needs("(umount /x) && { lvchange -an y; }", "lvchange umount");
        needs("exec psql -c 'select 1; drop x'", "psql");
        needs("echo done # rm x\n>out sort <in", "sort");
        needs("a\\\nb", "ab");
        needs("", "");
    }

    #[test]
    fn what_is_not_certain_is_left_out() {
        needs("\"$CMD\" x; $(which foo) y; `a` z; {{ ; *.sh", "{{");
        needs("x=$(a | b) c", "c");
        needs("arping -q x || true", "");
        needs("a | b || c", "c");
        needs("command -v foo && foo x; type bar >/dev/null && bar", "");
        needs("f() { touch x; }; f; g", "g touch");
        needs("a; case $x in y) b ;; esac; c", "a");
        needs("a; cat <<E\nb\nE\n", "a cat");
        needs("a 'unclosed", "a");
        needs("a $(unclosed", "a");
    }

    #[test]
    fn a_value_is_never_a_command() {
        let script = Template(vec![
            Piece::Text(String::from("a ")),
            Piece::Value(ValueId(0)),
            Piece::Text(String::from("; ")),
            Piece::Value(ValueId(1)),
            Piece::Text(String::from(" b; x")),
            Piece::Value(ValueId(1)),
            Piece::Text(String::from("; \"y")),
            Piece::Value(ValueId(1)),
            Piece::Text(String::from("\"")),
        ]);
        assert_eq!(binaries(&script), ["a"]);
    }
}
