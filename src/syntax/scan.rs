//! The pass before the grammar: one linear look at all tokens.
//!
//! It guarantees the grammar a text of bounded nesting whose strings and brackets are closed, cut into regions that
//! can be parsed on their own. What it finds wrong is reported here, and mended by patches that keep every offset.

mod balance;
mod conflicts;
mod hidden;
mod imports;
mod mend;
mod nesting;
mod texts;

use crate::base::{Code, Diagnostic, FileId, Span, limits};
use crate::syntax::lex::{Kind, Lexer, Token};
use crate::syntax::words;
use balance::{Balance, Open, Trouble};
pub(super) use imports::imports;
use nesting::Nesting;
use std::ops::Range;

const BOM: char = '\u{feff}';

/// What the scan found.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// Every comment, in text order.
    pub(super) comments: Vec<Span>,
    /// Parts of the file that are parsed on their own, in text order.
    pub(super) regions: Vec<Region>,
    /// What was wrong, in no particular order.
    pub(super) diagnostics: Vec<Diagnostic>,
    /// Bytes to replace before the grammar sees the text, in text order.
    pub(super) patches: Vec<Patch>,
    /// What was closed or left out by guess, in text order: more mistakes there mean nothing.
    pub(super) guessed: Vec<Range<usize>>,
}

/// A run of text in the place of which the grammar sees spaces, with `fill` as the last byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Patch {
    /// The bytes; whole characters.
    pub(super) range: Range<usize>,
    /// What the last of them becomes.
    pub(super) fill: u8,
}

/// A part of a file that is parsed on its own: an item, or a few that cannot be told apart without the grammar.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Region {
    /// Its text.
    pub(super) range: Range<usize>,
    /// If it is a plan.
    pub(super) body: Option<Body>,
    /// What must be appended to close it.
    pub(super) suffix: String,
}

/// The body of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Body {
    /// After the `{` and before each `step` and `phase` of the plan itself; ascending.
    pub(super) cuts: Vec<usize>,
    /// Where its `}` stands, if it has one.
    pub(super) end: Option<usize>,
}

/// Scans a text.
pub(super) fn scan(id: FileId, text: &str) -> Scan {
    if text.len() > limits::SOURCE_BYTES {
        return refused(id, text);
    }
    if let Some(scan) = conflicts::unmerged(id, text) {
        return scan;
    }
    match Scanner::new(id, text, Trouble::None).run() {
        (scan, Trouble::None) => scan,
        (_, trouble) => Scanner::new(id, text, trouble).run().0,
    }
}

fn refused(id: FileId, text: &str) -> Scan {
    let message = format!("the file has {} bytes, more than a plan can have", text.len());
    let help = format!("split it: a file may have {} bytes", limits::SOURCE_BYTES);
    let diagnostic = Diagnostic::error(Code::TooLarge, Span::new(id, 0, 0), message).help(help);
    Scan { diagnostics: vec![diagnostic], ..Scan::default() }
}

/// Whether the word at `token` begins an item, after a token where no name may follow. Exact for every correct text:
/// what follows the first word of an item never follows a name there.
fn begins_item(text: &str, token: Token) -> bool {
    let word = token.text(text);
    if token.kind != Kind::Word || !words::ITEMS.contains(&word) {
        return false;
    }
    let next = Lexer::new(text, token.end).find(|t| t.kind != Kind::Comment);
    next.is_some_and(|next| match next.kind {
        Kind::Word | Kind::Text { .. } | Kind::Block { .. } => true,
        _ => word == "use" && next.text(text) == ".",
    })
}

/// The token before.
#[derive(Clone, Copy)]
struct Last<'s> {
    kind: Kind,
    text: &'s str,
    end: usize,
}

impl Last<'_> {
    /// Whether a name may follow in the head of an item, so that the next word begins none.
    fn expects_name(self) -> bool {
        words::ITEMS.contains(&self.text) || matches!(self.text, "is" | "follows" | "=" | ":" | "on" | "/")
    }

    /// Whether a value ends here, so that another one beside it belongs to something else.
    fn ends_value(self) -> bool {
        match self.kind {
            Kind::Word => !words::is_prefix(self.text),
            Kind::Sign | Kind::Open | Kind::Comment | Kind::Unknown => false,
            Kind::Number | Kind::Text { .. } | Kind::Block { .. } | Kind::Close => true,
        }
    }
}

/// The line that the scan is in.
#[derive(Clone, Copy)]
struct Line {
    /// How far it is indented.
    indent: usize,
    /// The token is the first on it.
    first: bool,
}

/// The state of the scan.
struct Scanner<'s> {
    id: FileId,
    text: &'s str,
    scan: Scan,
    /// What is known to be wrong with the brackets of the file.
    trouble: Trouble,
    /// What is found to be wrong with them.
    found: Trouble,
    balance: Balance,
    nesting: Nesting,
    region: Option<Region>,
    last: Last<'s>,
    line: Line,
    /// The last word that says what a brace belongs to.
    opener: &'s str,
}

impl<'s> Scanner<'s> {
    fn new(id: FileId, text: &'s str, trouble: Trouble) -> Scanner<'s> {
        Scanner {
            id,
            text,
            scan: Scan::default(),
            trouble,
            found: Trouble::None,
            balance: Balance::default(),
            nesting: Nesting::default(),
            region: None,
            last: Last { kind: Kind::Sign, text: "", end: 0 },
            line: Line { indent: 0, first: true },
            opener: "",
        }
    }

    fn run(mut self) -> (Scan, Trouble) {
        if let Some(at) = self.text.bytes().position(|b| b == 0) {
            let span = self.span(at, at + 1);
            let diagnostic = Diagnostic::error(Code::UnexpectedWord, span, "the file contains a NUL byte");
            self.report(diagnostic.help("remove it: a plan is a text"));
        }
        self.last.end = if self.text.starts_with(BOM) { BOM.len_utf8() } else { 0 };
        for token in Lexer::new(self.text, self.last.end) {
            if matches!(token.kind, Kind::Comment | Kind::Text { .. } | Kind::Block { .. }) {
                self.hidden(token);
            }
            if token.kind == Kind::Comment {
                self.scan.comments.push(self.span(token.start, token.end));
                continue;
            }
            self.locate(token);
            self.token(token);
            self.last = Last { kind: token.kind, text: token.text(self.text), end: token.end };
        }
        self.finish();
        self.scan.patches.sort_by_key(|patch| patch.range.start);
        self.scan.guessed.sort_by_key(|guess| guess.start);
        (self.scan, self.found)
    }

    /// Notes where on its line the token stands.
    fn locate(&mut self, token: Token) {
        let gap = self.text.get(self.last.end..token.start).unwrap_or("");
        self.line.first = gap.contains('\n') || self.last.text.is_empty();
        if self.line.first {
            self.line.indent = gap.len() - gap.rfind('\n').map_or(0, |i| i + 1);
            self.balance.line_ends(self.last.end, self.line.indent);
        }
    }

    fn token(&mut self, token: Token) {
        if self.trouble == Trouble::Missing {
            self.find_missing(token);
        }
        if self.skips(token) {
            return;
        }
        if self.balance.is_empty() && !self.last.expects_name() && begins_item(self.text, token) {
            self.end_region();
        }
        let new = Region { range: token.start..token.end, ..Region::default() };
        self.region.get_or_insert(new).range.end = token.end;
        match token.kind {
            Kind::Word => self.word(token),
            Kind::Open => self.open(token),
            Kind::Close => self.close(token),
            Kind::Text { .. } | Kind::Block { .. } => self.string(token),
            Kind::Sign => self.sign(token),
            Kind::Number => self.value(token),
            Kind::Comment | Kind::Unknown => {}
        }
    }

    /// Passes over what is nested too deeply.
    fn skips(&mut self, token: Token) -> bool {
        if !self.balance.is_skipping() {
            return false;
        }
        if matches!(token.kind, Kind::Open | Kind::Close)
            && let Some(range) = self.balance.skipped(token.kind == Kind::Open, token.end)
        {
            self.leave_out(range);
        }
        if let Some(region) = self.region.as_mut() {
            region.range.end = token.end;
        }
        true
    }

    fn word(&mut self, token: Token) {
        let word = token.text(self.text);
        self.value(token);
        match word {
            "not" | "if" | "every" | "each" | "some" | "except" if self.last.text != "only" => {
                if !self.nesting.prefix(word) {
                    self.too_deep(token, "this condition is nested too deeply");
                    self.leave_out(token.start..token.end);
                }
            }
            _ => self.nesting.other(),
        }
        if words::Place::after(word).is_some() && self.last.text != "." {
            self.opener = word;
            let starts_entry = matches!(word, "step" | "phase") && self.last.text != "otherwise";
            if starts_entry && self.balance.depth() == 1 {
                self.cut(token.start);
            }
        }
    }

    /// Notes where a step or phase of a plan begins.
    fn cut(&mut self, at: usize) {
        if let Some(body) = self.region.as_mut().and_then(|region| region.body.as_mut()) {
            body.cuts.push(at);
        }
    }

    /// A value beside another one: what nests before it has ended.
    fn value(&mut self, token: Token) {
        if self.last.ends_value() && !words::is_infix(token.text(self.text)) {
            self.nesting.reset();
        }
    }

    fn sign(&mut self, token: Token) {
        if matches!(token.text(self.text), "," | "=") {
            self.nesting.reset();
        }
    }

    fn open(&mut self, token: Token) {
        let sign = token.text(self.text).chars().next().unwrap_or('{');
        if sign == '{' {
            self.close_brackets(token);
            self.nesting.reset();
            if self.balance.is_empty() {
                self.body(token);
            }
        }
        if !self.nesting.enter() {
            self.too_deep(token, "this is nested too deeply");
            self.balance.skip(token.start);
            return;
        }
        let step = sign == '{' && self.opener == "step";
        let indent = self.line.indent;
        self.balance.push(Open { sign, at: token.start, indent, step, line_end: None, inner: None });
    }

    /// Notes where the body of a plan begins.
    fn body(&mut self, token: Token) {
        if let Some(region) = self.region.as_mut()
            && Lexer::new(self.text, region.range.start).next().is_some_and(|t| t.text(self.text) == "plan")
        {
            region.body = Some(Body { cuts: vec![token.end], end: None });
        }
    }

    fn close(&mut self, token: Token) {
        let sign = token.text(self.text);
        if sign == "}" {
            if self.balance.in_braces() {
                self.close_brackets(token);
            }
            if self.is_stray(token) {
                return self.stray(token);
            }
        }
        let fits = match self.balance.top() {
            Some(open) => (open.sign == '{') == (sign == "}"),
            None => false,
        };
        if !fits {
            return;
        }
        self.balance.pop();
        self.nesting.leave();
        if sign == "}" && self.balance.is_empty() {
            if let Some(body) = self.region.as_mut().and_then(|region| region.body.as_mut()) {
                body.end = Some(token.start);
            }
            self.end_region();
        }
    }

    fn finish(&mut self) {
        if let Some(range) = self.balance.end_skip(self.text.len()) {
            self.leave_out(range);
        } else if let Some(open) = self.balance.top().copied() {
            self.found = Trouble::Missing;
            self.unclosed_bracket(open, None);
        }
        self.give_up();
    }

    /// Closes all that is open, and ends the region.
    fn give_up(&mut self) {
        self.append(&self.balance.closers());
        self.balance = Balance::default();
        self.end_region();
    }

    fn end_region(&mut self) {
        self.nesting = Nesting::default();
        self.opener = "";
        self.scan.regions.extend(self.region.take());
    }

    /// Appends to the current region.
    fn append(&mut self, text: &str) {
        if let Some(region) = self.region.as_mut() {
            region.suffix.push_str(text);
        }
    }

    fn too_deep(&mut self, token: Token, message: &str) {
        if self.nesting.report_once() {
            let help = format!("{} levels are the most; split it into parts with names", limits::NESTING);
            let diagnostic = Diagnostic::error(Code::TooDeep, self.span(token.start, token.end), message);
            self.report(diagnostic.help(help));
        }
    }

    fn unclosed(&mut self, range: Range<usize>, message: &str, help: &str) {
        let span = self.span(range.start, range.end);
        self.report(Diagnostic::error(Code::Unclosed, span, message).here("opened here").help(help));
    }

    /// Hides what is nested too deeply from the grammar.
    fn leave_out(&mut self, range: Range<usize>) {
        self.scan.guessed.push(range.clone());
        self.patch(range, b' ');
    }

    fn patch(&mut self, range: Range<usize>, fill: u8) {
        self.scan.patches.push(Patch { range, fill });
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        if self.scan.diagnostics.len() < limits::SYNTAX_ERRORS {
            self.scan.diagnostics.push(diagnostic);
        }
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.id, start, end)
    }
}
