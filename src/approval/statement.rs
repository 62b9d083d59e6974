//! What is signed: a program as people can review it, and who says so.
//!
//! Strict in both directions: whatever is accepted is, byte for byte, what would be written.

use super::Malformed;
use super::shown::{read, show};
use crate::base::limits;
use crate::bytecode::{Program, disassemble};
use jiff::Timestamp;
use std::fmt;

const TITLE: &str = "Handover approval, version 1";
const LISTING: &str = "program as text";

/// What somebody approves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Statement {
    /// The plan's name.
    pub plan: String,
    /// What it is for; may be empty.
    pub title: String,
    /// The plan's arguments.
    pub arguments: Vec<(String, String)>,
    /// Decisions that a run must make like this. Others are left to whoever starts it.
    pub given: Vec<(String, String)>,
    /// Digest of the program, in hexadecimal. It alone decides what is approved; the rest says what that is.
    pub program: String,
    /// What compiled it: `handover 0.1.0`.
    pub compiler: String,
    /// When it was signed, as the signer's machine says.
    pub time: Timestamp,
    /// Who signed it, as their machine says. Whose key it was, the signature says.
    pub by: String,
    /// What it was compiled from.
    pub sources: Vec<SourceText>,
    /// What it was compiled to, as text.
    pub listing: String,
}

/// A source of a program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceText {
    /// Its path as the compiler was given it.
    pub path: String,
    /// BLAKE3 of its text, in hexadecimal.
    pub digest: String,
    /// Its text, if that was at hand.
    pub text: Option<String>,
}

impl Statement {
    /// The statement that approves a program. `text` gives the text of a source; one that does not fit the program's
    /// digest counts as not at hand.
    pub fn of(program: &Program, by: String, time: Timestamp, text: impl Fn(&str) -> Option<String>) -> Statement {
        // What was given on the command line is among the arguments, or was decided.
        let files = program.sources.iter().filter(|source| !source.path.starts_with("--given "));
        let sources = files.map(|source| {
            let fits = |text: &String| *blake3::hash(text.as_bytes()).as_bytes() == source.digest;
            SourceText { path: source.path.clone(), digest: hex(&source.digest), text: text(&source.path).filter(fits) }
        });
        Statement {
            plan: program.plan.clone(),
            title: program.title.clone(),
            arguments: program.arguments.clone(),
            given: Vec::new(),
            program: hex(&program.digest()),
            compiler: format!("handover {}", env!("CARGO_PKG_VERSION")),
            // Nobody reads fractions of a second.
            time: Timestamp::from_second(time.as_second()).unwrap_or(time),
            by,
            sources: sources.collect(),
            listing: disassemble(program),
        }
    }

    /// Reads a statement.
    pub fn parse(text: &str) -> Result<Statement, Malformed> {
        let statement = Reader { lines: text.split('\n').collect(), at: 0 }.statement()?;
        let again = statement.to_string();
        if again == text {
            return Ok(statement);
        }
        let same = text.split('\n').zip(again.split('\n')).take_while(|(a, b)| a == b).count();
        Err(Malformed::new(same + 1, "is not written as `handover sign` writes it"))
    }
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{TITLE}\n")?;
        field(f, "plan", &show(&self.plan, &[]))?;
        if !self.title.is_empty() {
            field(f, "title", &show(&self.title, &[]))?;
        }
        pairs(f, "argument", &self.arguments)?;
        pairs(f, "given", &self.given)?;
        field(f, "program", &show(&self.program, &[]))?;
        field(f, "compiler", &show(&self.compiler, &[]))?;
        field(f, "signed", &format!("{} by {}", self.time, show(&self.by, &[])))?;
        writeln!(f, "\n{LISTING}")?;
        block(f, &self.listing)?;
        for source in &self.sources {
            writeln!(f)?;
            field(f, "source", &format!("{} {}", show(&source.digest, &[' ']), show(&source.path, &[])))?;
            source.text.iter().try_for_each(|text| block(f, text))?;
        }
        Ok(())
    }
}

fn field(f: &mut fmt::Formatter<'_>, name: &str, value: &str) -> fmt::Result {
    writeln!(f, "{name:<10}{value}")
}

fn pairs(f: &mut fmt::Formatter<'_>, name: &str, pairs: &[(String, String)]) -> fmt::Result {
    pairs.iter().try_for_each(|(key, value)| field(f, name, &format!("{} = {}", show(key, &['=']), show(value, &[]))))
}

/// A text, each line after a bar: nothing in it can be taken for a line of the statement.
fn block(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    text.split('\n').try_for_each(|line| match show(line, &[]).as_str() {
        "" => writeln!(f, "|"),
        line => writeln!(f, "| {line}"),
    })
}

/// Reads a statement line by line.
struct Reader<'t> {
    lines: Vec<&'t str>,
    at: usize,
}

impl<'t> Reader<'t> {
    fn statement(mut self) -> Result<Statement, Malformed> {
        self.line(TITLE)?;
        self.line("")?;
        let plan = self.text("plan")?;
        let title = if self.has("title") { self.text("title")? } else { String::new() };
        let (arguments, given) = (self.pairs("argument")?, self.pairs("given")?);
        let (program, compiler) = (self.text("program")?, self.text("compiler")?);
        let (time, by) = self.signed()?;
        self.line("")?;
        self.line(LISTING)?;
        let listing = self.block()?.ok_or_else(|| self.malformed("should be the program"))?;
        self.line("")?;
        let mut sources = Vec::new();
        while self.peek().is_some() {
            sources.push(self.source()?);
            self.line("")?;
            if sources.len() > limits::FILES {
                return Err(self.malformed(format!("comes after {} sources, which are too many", limits::FILES)));
            }
        }
        Ok(Statement { plan, title, arguments, given, program, compiler, time, by, sources, listing })
    }

    fn malformed(&self, why: impl Into<String>) -> Malformed {
        Malformed::new(self.at + 1, why)
    }

    fn peek(&self) -> Option<&'t str> {
        self.lines.get(self.at).copied()
    }

    fn line(&mut self, expected: &str) -> Result<(), Malformed> {
        if self.peek() != Some(expected) {
            let expected = if expected.is_empty() { String::from("empty") } else { format!("`{expected}`") };
            return Err(self.malformed(format!("should be {expected}")));
        }
        self.at += 1;
        Ok(())
    }

    /// What stands after this field's name on the current line.
    fn here(&self, name: &str) -> Option<&'t str> {
        self.peek().and_then(|line| line.strip_prefix(format!("{name:<10}").as_str()))
    }

    fn has(&self, name: &str) -> bool {
        self.here(name).is_some()
    }

    fn field<T>(&mut self, name: &str, read: impl Fn(&str) -> Option<T>) -> Result<T, Malformed> {
        let value = self.here(name).ok_or_else(|| self.malformed(format!("should begin with `{name}`")))?;
        let value = read(value).ok_or_else(|| self.malformed(format!("has a `{name}` that is not understood")))?;
        self.at += 1;
        Ok(value)
    }

    fn text(&mut self, name: &str) -> Result<String, Malformed> {
        self.field(name, read)
    }

    fn pairs(&mut self, name: &str) -> Result<Vec<(String, String)>, Malformed> {
        let mut found = Vec::new();
        while self.has(name) {
            found.push(self.field(name, |pair| {
                let (key, value) = pair.split_once(" = ")?;
                Some((read(key)?, read(value)?))
            })?);
        }
        Ok(found)
    }

    fn signed(&mut self) -> Result<(Timestamp, String), Malformed> {
        self.field("signed", |value| {
            let (time, by) = value.split_once(" by ")?;
            Some((time.parse().ok()?, read(by)?))
        })
    }

    fn source(&mut self) -> Result<SourceText, Malformed> {
        let (digest, path) = self.field("source", |value| {
            let (digest, path) = value.split_once(' ')?;
            Some((read(digest)?, read(path)?))
        })?;
        Ok(SourceText { path, digest, text: self.block()? })
    }

    /// The lines with a bar that stand here; `None` if there are none.
    fn block(&mut self) -> Result<Option<String>, Malformed> {
        let mut text: Option<String> = None;
        while let Some(line) = self.peek().and_then(|line| line.strip_prefix('|')) {
            let line = read(line.strip_prefix(' ').unwrap_or(line));
            let line = line.ok_or_else(|| self.malformed("has a character that is not understood"))?;
            text = Some(text.map_or_else(|| line.clone(), |before| before + "\n" + &line));
            self.at += 1;
        }
        Ok(text)
    }
}

fn hex(digest: &[u8; 32]) -> String {
    blake3::Hash::from_bytes(*digest).to_hex().to_string()
}
