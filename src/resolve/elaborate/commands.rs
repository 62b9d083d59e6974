//! Command and message templates: strings with `{{holes}}` to pieces that are safe by construction.
//!
//! In a command every value is one shell word, quoted here or by the executor. For that to be true a hole must stand
//! where the shell expects a word: not inside quotes, back quotes, arithmetic, a comment or a here-document. A small
//! reader of POSIX shell quoting follows the text and knows at every byte which of these it is in.

use super::Elaborator;
use crate::base::{Code, Diagnostic, Span};
use crate::calculus::{Piece, Template, Value as RunValue, ValueId, ValueSource};
use crate::model::Guard;
use crate::resolve::types::Ty;
use crate::resolve::value::Value;
use crate::syntax::tree::{Name, Path, Text};

/// How a template is used.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// A shell command: values are quoted.
    Command,
    /// A text for people.
    Message,
    /// A text assigned to a variable of the environment.
    Assigned,
}

/// The text of a string literal with its escapes read.
pub(in crate::resolve) fn unescape(text: &Text<'_>) -> String {
    if text.block || !text.raw.contains('\\') {
        return text.raw.to_string();
    }
    let mut out = String::with_capacity(text.raw.len());
    let mut chars = text.raw.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some(other) => out.push(other),
                None => {}
            },
            other => out.push(other),
        }
    }
    out
}

/// A part of a template as written.
enum Part<'s> {
    /// Text with escapes read.
    Text(String),
    /// What is between `{{` and `}}`, and its place.
    Hole(&'s str, Span),
}

impl<'s> Elaborator<'_, 's> {
    /// The template of a string literal.
    pub(super) fn template(&mut self, text: &Text<'s>, purpose: Use) -> Template {
        let parts = self.split(text);
        let mut pieces: Vec<Piece> = Vec::new();
        let mut shell = Shell::default();
        for part in parts {
            match part {
                Part::Text(t) => {
                    if purpose == Use::Command {
                        shell.read(&t);
                    }
                    push_text(&mut pieces, &t);
                }
                Part::Hole(inner, span) => {
                    if purpose == Use::Command
                        && let Some(place) = shell.unfit()
                    {
                        self
                            .report(Diagnostic::error(Code::QuotedHole, span, format!("the value stands {place}")).help(
                            "a value is quoted as one word by itself: end the quotes before it, as in `'a='{{x}}'b'`",
                        ));
                    }
                    shell.word();
                    for piece in self.hole(inner, span, purpose) {
                        match piece {
                            Piece::Text(t) => push_text(&mut pieces, &t),
                            value => pieces.push(value),
                        }
                    }
                }
            }
        }
        if purpose == Use::Command
            && let Some(open) = shell.open()
        {
            self.report(
                Diagnostic::error(Code::Unclosed, text.span, format!("the command ends inside {open}"))
                    .help("close it; in a string write `\\\"` for a double quote"),
            );
        }
        Template(pieces)
    }

    fn split(&mut self, text: &Text<'s>) -> Vec<Part<'s>> {
        let mut parts = Vec::new();
        let mut rest = text.raw;
        let mut offset = text.span.start as usize;
        while let Some(at) = rest.find("{{") {
            let (before, from) = rest.split_at(at);
            if !before.is_empty() {
                parts.push(Part::Text(unescape(&Text { raw: before, ..*text })));
            }
            let start = offset + at;
            let raw_hole = from.starts_with("{{{") || from.starts_with("{{&");
            let Some(end) = from.find("}}") else {
                let span = Span::new(text.span.file, start, start + 2);
                self.report(Diagnostic::error(Code::Unclosed, span, "`{{` is never closed").help("close it with `}}`"));
                return parts;
            };
            let span = Span::new(text.span.file, start, start + end + 2);
            if raw_hole {
                self.report(
                    Diagnostic::error(Code::RawHole, span, "a value cannot be inserted without quoting")
                        .help("write `{{…}}`: the value becomes one word, whatever is in it"),
                );
            } else {
                let inner = from.get(2..end).unwrap_or("");
                parts.push(Part::Hole(inner, span));
            }
            let skip =
                if raw_hole && from.get(end..).is_some_and(|r| r.starts_with("}}}")) { end + 3 } else { end + 2 };
            rest = from.get(skip..).unwrap_or("");
            offset = start + skip;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(unescape(&Text { raw: rest, ..*text })));
        }
        parts
    }

    fn hole(&mut self, inner: &'s str, span: Span, purpose: Use) -> Vec<Piece> {
        let trimmed = inner.trim();
        let start = span.start as usize + 2 + (inner.len() - inner.trim_start().len());
        let mut names = Vec::new();
        let mut at = start;
        for word in trimmed.split('.') {
            if word.is_empty() || !word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
                self.report(
                    Diagnostic::error(Code::UnknownHole, span, format!("`{}` is not a name", trimmed.escape_debug()))
                        .help("between `{{` and `}}` stands a name such as `{{a.ip}}`; every member of a set: `{{targets.name}}`"),
                );
                return Vec::new();
            }
            names.push(Name { text: word, span: Span::new(span.file, at, at + word.len()) });
            at += word.len() + 1;
        }
        let path = Path { names, span: Span::new(span.file, start, start + trimmed.len()) };
        let secret = self.through_secret(&path);
        let value = self.path(&path, &Ty::Unknown);
        if secret && purpose != Use::Assigned {
            self.report(
                Diagnostic::error(Code::SecretInCommand, span, format!("`{trimmed}` is a secret"))
                    .help("command lines are seen by everybody on the machine: pass it with `env NAME = …`, and let the command read the variable"),
            );
            return Vec::new();
        }
        self.pieces(value, trimmed, span, purpose)
    }

    /// Whether a path names a secret or goes through one.
    fn through_secret(&mut self, path: &Path<'s>) -> bool {
        let is_secret = |me: &Self, v: &Value<'s>| match v.ty(me.library) {
            Ty::Thing(kind) | Ty::Set(kind) => me.library.is_secret(kind),
            _ => false,
        };
        let Some((first, members)) = path.names.split_first() else { return false };
        let Some(mut value) = self.name(*first, &Ty::Unknown) else { return false };
        let before = self.diagnostics.len();
        let mut found = is_secret(self, &value);
        for name in members {
            // Its name may be told; what it holds may not.
            if found {
                found = name.text != "name";
                break;
            }
            value = value.map(&mut |v| self.member(v, *name));
            found = is_secret(self, &value);
        }
        self.diagnostics.truncate(before);
        found
    }

    fn pieces(&mut self, value: Value<'s>, written: &str, span: Span, purpose: Use) -> Vec<Piece> {
        match value {
            Value::Text(text, _) => self.word(&text, span, purpose),
            Value::Number(n) => vec![Piece::Text(n.to_string())],
            Value::Bool(b) => vec![Piece::Text(b.to_string())],
            Value::Word(word, _) => self.word(word, span, purpose),
            Value::Many(values) => self.many(values, written, span, purpose),
            Value::Captured(id) => vec![Piece::Value(id)],
            Value::Atom(atom, _) => {
                self.used_atoms.insert(atom);
                let options = self.plan.atoms.get(atom.index()).map(|a| a.options.clone()).unwrap_or_default();
                let case = |(i, text): (usize, String)| (Guard::Is(atom, u8::try_from(i).unwrap_or(0)), text);
                let cases = options.into_iter().enumerate().map(case).collect();
                vec![Piece::Value(self.picked(written, cases, String::new()))]
            }
            Value::Asked(guard) => {
                vec![Piece::Value(self.picked(written, vec![(guard, "true".into())], "false".into()))]
            }
            Value::Picked(cases, otherwise) => self.picked_pieces(cases, *otherwise, written, span),
            Value::Open(Ty::Thing(_) | Ty::Set(_)) | Value::Thing(_) | Value::Set(..) => self.unfit_hole(
                span,
                format!("`{written}` is a thing, not a word"),
                format!("say which attribute: `{{{{{written}.name}}}}`"),
            ),
            Value::Duration(_) | Value::Open(Ty::Duration) => self.unfit_hole(
                span,
                format!("`{written}` is a duration"),
                format!("say in which unit: `{{{{{written}.seconds}}}}`"),
            ),
            Value::Open(_) => vec![Piece::Text("x".into())],
        }
    }

    /// The pieces of a value that is assigned to a variable of the environment.
    pub(super) fn pieces_for_env(&mut self, value: Value<'s>, written: &str, span: Span) -> Vec<Piece> {
        self.pieces(value, written, span, Use::Assigned)
    }

    fn unfit_hole(&mut self, span: Span, message: String, help: String) -> Vec<Piece> {
        self.report(Diagnostic::error(Code::UnfitHole, span, message).help(help));
        Vec::new()
    }

    fn word(&mut self, text: &str, span: Span, purpose: Use) -> Vec<Piece> {
        if purpose != Use::Command {
            return vec![Piece::Text(text.to_string())];
        }
        match shlex::try_quote(text) {
            Ok(quoted) => vec![Piece::Text(quoted.into_owned())],
            Err(_) => self.unfit_hole(span, "the value has a NUL byte".into(), "no command can be given one".into()),
        }
    }

    /// One word for each member of a set.
    fn many(&mut self, values: Vec<Value<'s>>, written: &str, span: Span, purpose: Use) -> Vec<Piece> {
        let separator = if purpose == Use::Message { ", " } else { " " };
        let mut pieces = Vec::new();
        for (i, value) in values.into_iter().enumerate() {
            if i > 0 {
                pieces.push(Piece::Text(separator.into()));
            }
            pieces.extend(self.pieces(value, written, span, purpose));
        }
        pieces
    }

    fn picked_pieces(
        &mut self,
        cases: Vec<(Guard, Value<'s>)>,
        otherwise: Value<'s>,
        written: &str,
        span: Span,
    ) -> Vec<Piece> {
        let mut texts = Vec::new();
        for (guard, value) in cases {
            texts.push((guard, self.plain_text(value, written, span)));
        }
        let otherwise = self.plain_text(otherwise, written, span);
        vec![Piece::Value(self.picked(written, texts, otherwise))]
    }

    fn plain_text(&mut self, value: Value<'s>, written: &str, span: Span) -> String {
        match self.pieces(value, written, span, Use::Message).as_slice() {
            [Piece::Text(text)] => text.clone(),
            [] => String::new(),
            _ => {
                self.unfit_hole(
                    span,
                    format!("`{written}` is chosen twice while the plan runs"),
                    "let one condition choose it".into(),
                );
                String::new()
            }
        }
    }

    fn picked(&mut self, name: &str, cases: Vec<(Guard, String)>, otherwise: String) -> ValueId {
        let id = ValueId::at(self.plan.values.len());
        let source = ValueSource::Picked { cases, otherwise };
        self.plan.values.push(RunValue { name: name.to_string(), source });
        id
    }
}

fn push_text(pieces: &mut Vec<Piece>, text: &str) {
    match pieces.last_mut() {
        Some(Piece::Text(last)) => last.push_str(text),
        _ => pieces.push(Piece::Text(text.to_string())),
    }
}

/// Where in a POSIX shell command a reader stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Where words are expected; the flag says that a word has begun.
    Words { inside: bool },
    /// `'…'`
    Single,
    /// `"…"`
    Double,
    /// `` `…` ``
    Back,
    /// `${…}`
    Braces,
    /// `$((…))`
    Arithmetic,
    /// `# …` up to the end of the line
    Comment,
}

/// Follows the quoting of a POSIX shell command (POSIX.1-2017, XCU 2.2 and 2.6).
struct Shell {
    stack: Vec<State>,
    here_document: bool,
    escaped: bool,
}

impl Default for Shell {
    fn default() -> Shell {
        Shell { stack: vec![State::Words { inside: false }], here_document: false, escaped: false }
    }
}

impl Shell {
    fn top(&self) -> State {
        self.stack.last().copied().unwrap_or(State::Words { inside: false })
    }

    fn set(&mut self, state: State) {
        if let Some(top) = self.stack.last_mut() {
            *top = state;
        }
    }

    /// A word stands here.
    fn word(&mut self) {
        if let State::Words { .. } = self.top() {
            self.set(State::Words { inside: true });
        }
    }

    /// Why a value cannot stand here.
    fn unfit(&self) -> Option<&'static str> {
        if self.here_document {
            return Some("in a here-document");
        }
        if self.escaped {
            return Some("behind a backslash");
        }
        self.stack
            .iter()
            .rev()
            .find_map(|state| match state {
                State::Back => Some("inside back quotes"),
                State::Arithmetic => Some("inside arithmetic"),
                _ => None,
            })
            .or(match self.top() {
                State::Words { .. } => None,
                State::Single | State::Double => Some("inside quotes"),
                State::Back => Some("inside back quotes"),
                State::Braces => Some("inside `${…}`"),
                State::Arithmetic => Some("inside arithmetic"),
                State::Comment => Some("in a comment"),
            })
    }

    /// What the command leaves open at its end.
    fn open(&self) -> Option<&'static str> {
        self.stack.iter().find_map(|state| match state {
            State::Single | State::Double => Some("quotes"),
            State::Back => Some("back quotes"),
            State::Braces => Some("`${…}`"),
            State::Arithmetic => Some("arithmetic"),
            State::Words { .. } | State::Comment => None,
        })
    }

    fn read(&mut self, text: &str) {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let width = if std::mem::take(&mut self.escaped) { c.len_utf8() } else { self.step(c, rest) };
            rest = rest.get(width..).unwrap_or("");
        }
    }

    /// Reads what stands at the front of `rest`; gives its length in bytes.
    fn step(&mut self, c: char, rest: &str) -> usize {
        let one = c.len_utf8();
        match (self.top(), c) {
            (State::Comment, '\n') => {
                self.stack.pop();
                return one;
            }
            (State::Comment, _) => return one,
            (State::Single, '\'') | (State::Back, '`') | (State::Braces, '}') => {
                self.stack.pop();
                return one;
            }
            (State::Single, _) => return one,
            (_, '\\') => {
                self.escaped = true;
                self.word();
                return one;
            }
            (State::Arithmetic, ')') if rest.starts_with("))") => {
                self.stack.pop();
                return 2;
            }
            (State::Arithmetic | State::Back, '$') | (State::Back, _) => return one,
            (_, '$') => return self.dollar(rest),
            (_, '`') => self.stack.push(State::Back),
            (State::Double, '"') => {
                self.stack.pop();
            }
            (State::Double, _) => {}
            (_, '"') => {
                self.word();
                self.stack.push(State::Double);
            }
            // In `"${…}"` a single quote is a character like any other.
            (State::Braces, '\'') if self.stack.contains(&State::Double) => {}
            (_, '\'') => {
                self.word();
                self.stack.push(State::Single);
            }
            (State::Words { inside }, _) => self.in_words(c, rest, inside),
            _ => {}
        }
        one
    }

    fn dollar(&mut self, rest: &str) -> usize {
        self.word();
        let (state, width) = match rest {
            r if r.starts_with("$((") => (State::Arithmetic, 3),
            r if r.starts_with("$(") => (State::Words { inside: false }, 2),
            r if r.starts_with("${") => (State::Braces, 2),
            _ => return 1,
        };
        self.stack.push(state);
        width
    }

    fn in_words(&mut self, c: char, rest: &str, inside: bool) {
        match c {
            '#' if !inside => self.stack.push(State::Comment),
            '<' if rest.starts_with("<<") => self.here_document = true,
            ')' if self.stack.len() > 1 => {
                self.stack.pop();
            }
            '(' => self.stack.push(State::Words { inside: false }),
            c if c.is_whitespace() || matches!(c, ';' | '&' | '|' | '<' | '>' | ')') => {
                self.set(State::Words { inside: false });
            }
            _ => self.word(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Shell;

    fn unfit_after(text: &str) -> Option<&'static str> {
        let mut shell = Shell::default();
        shell.read(text);
        shell.unfit()
    }

    #[test]
    fn a_value_fits_where_a_word_does() {
        for fits in [
            "echo \"${x:-it's}\" ",
            "mount ",
            "echo \"a\" ",
            "grep -q 'x'",
            "x=$(cat ",
            "\"$(cat ",
            "( cd ",
            "a # b\n",
            "echo a#",
            "${x} ",
            "case x in a) ",
        ] {
            assert_eq!(unfit_after(fits), None, "{fits}");
        }
    }

    #[test]
    fn a_value_does_not_fit_inside_quotes_and_the_like() {
        for unfit in [
            "echo \"",
            "echo '",
            "echo `",
            "echo $((1 + ",
            "true # ",
            "cat <<E\n",
            "echo ${x:-",
            "echo \"$(date) ",
            "echo \\",
        ] {
            assert!(unfit_after(unfit).is_some(), "{unfit}");
        }
    }
}
