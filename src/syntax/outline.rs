//! A text as tokens and lines, for those who lay it out anew: what the tree leaves out, and none of what it means.
//!
//! Which tokens belong together is the grammar's word. Nothing here knows a clause: a new one has its outline already.

use crate::base::FileId;
use crate::syntax::grammar::{self, Rule};
use crate::syntax::lex::{self, Lexer};
use crate::syntax::scan::{self, Region, Scan};
use pest::iterators::Pair;

/// The byte order mark, which some editors put before a text.
const MARK: char = '\u{feff}';

/// A text, taken apart.
#[derive(Debug)]
pub struct Outline<'s> {
    /// All of it except white space, in text order.
    pub tokens: Vec<Token<'s>>,
    /// The items of the file, in text order. Every token that is no comment belongs to one.
    pub parts: Vec<Part>,
    /// The tree of the grammar: each rule with its first token and the one after its last.
    shape: Vec<(Rule, usize, usize)>,
}

/// A word, sign, string, number or comment.
#[derive(Debug)]
pub struct Token<'s> {
    /// As written.
    pub text: &'s str,
    /// Offset of its first byte.
    pub start: usize,
    /// It belongs to the token before as if both were one: `.` in a path, `(` of a call.
    pub glued: bool,
}

impl Token<'_> {
    /// Offset after its last byte.
    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Whether it is a comment.
    pub fn is_comment(&self) -> bool {
        self.text.starts_with('#')
    }
}

/// A part of a file.
#[derive(Debug)]
pub enum Part {
    /// An item.
    Line(Line),
    /// Tokens that do not parse: the first, and the one after the last.
    Broken(usize, usize),
}

/// An item, an entry or a clause.
#[derive(Debug)]
pub struct Line {
    /// Its first token.
    pub first: usize,
    /// The token after its last.
    pub end: usize,
    /// How many words of the language it begins with: two of `only if x is up`, none of `host = "a"`.
    pub words: usize,
    /// What its last brace closes.
    pub body: Option<Body>,
}

/// What stands between braces.
#[derive(Debug)]
pub struct Body {
    /// The token `{`.
    pub open: usize,
    /// The token `}`.
    pub close: usize,
    /// Its lines.
    pub lines: Vec<Line>,
}

impl Outline<'_> {
    /// Whether both have the same tokens, comments among them, in the same tree.
    pub fn is_same(&self, other: &Outline<'_>) -> bool {
        self.shape == other.shape && self.tokens.iter().map(|t| t.text).eq(other.tokens.iter().map(|t| t.text))
    }
}

/// The outline of a text. What has a syntax error is a broken part, a whole item at least.
pub fn outline(text: &str) -> Outline<'_> {
    let scan = scan::scan(FileId(0), text);
    let start = if text.starts_with(MARK) { MARK.len_utf8() } else { 0 };
    let token = |token: lex::Token| Token { text: token.text(text), start: token.start, glued: false };
    let tokens = Lexer::new(text, start).map(token).collect();
    let mut outliner = Outliner { base: 0, out: Outline { tokens, parts: Vec::new(), shape: Vec::new() } };
    for region in &scan.regions {
        outliner.region(text, region, &scan);
    }
    // A text that is not read at all.
    if scan.regions.is_empty() && outliner.out.tokens.iter().any(|token| !token.is_comment()) {
        outliner.out.parts.push(Part::Broken(0, outliner.out.tokens.len()));
    }
    outliner.out
}

/// Makes an outline.
struct Outliner<'s> {
    /// Where the text that the grammar saw begins in the file.
    base: usize,
    out: Outline<'s>,
}

impl Outliner<'_> {
    fn region(&mut self, text: &str, region: &Region, scan: &Scan) {
        let next = scan.patches.partition_point(|patch| patch.range.end <= region.range.start);
        let mended = scan.patches.get(next).is_some_and(|patch| patch.range.start < region.range.end);
        let source = text.get(region.range.clone()).unwrap_or("");
        let file = if mended || !region.suffix.is_empty() { None } else { grammar::parse(Rule::file, source) };
        self.base = region.range.start;
        match file {
            Some(file) => {
                self.shape(&file);
                let lines = file.into_inner().filter(|p| p.as_rule() != Rule::EOI).map(|p| Part::Line(self.line(p)));
                let lines: Vec<Part> = lines.collect();
                self.out.parts.extend(lines);
            }
            None => {
                let broken = Part::Broken(self.index(region.range.start), self.index(region.range.end));
                self.out.parts.push(broken);
            }
        }
    }

    /// The first token from this offset of the file on.
    fn index(&self, offset: usize) -> usize {
        self.out.tokens.partition_point(|token| token.start < offset)
    }

    /// The first token of a rule, and the one after its last; the comments after it are not its own.
    fn place(&self, pair: &Pair<'_, Rule>) -> (usize, usize) {
        let span = pair.as_span();
        let first = self.index(self.base + span.start());
        let mut end = self.index(self.base + span.end());
        while end > first && self.out.tokens.get(end - 1).is_some_and(Token::is_comment) {
            end -= 1;
        }
        (first, end)
    }

    /// Notes the tree of the grammar, and what it says about white space.
    fn shape(&mut self, file: &Pair<'_, Rule>) {
        for pair in file.clone().into_inner().flatten() {
            let (first, end) = self.place(&pair);
            self.out.shape.push((pair.as_rule(), first, end));
            let glued = match pair.as_rule() {
                Rule::path | Rule::step_ref | Rule::import_path | Rule::label => first + 1..end,
                Rule::member => first..end,
                Rule::params => first..first + 1,
                // The parenthesis stands before its arguments.
                Rule::args => first.saturating_sub(1)..first,
                _ => continue,
            };
            for token in self.out.tokens.get_mut(glued).unwrap_or_default() {
                token.glued = true;
            }
        }
    }

    fn line(&self, pair: Pair<'_, Rule>) -> Line {
        let (first, end) = self.place(&pair);
        Line { first, end, words: self.words(&pair), body: self.body(pair, end) }
    }

    /// How many tokens of a rule stand before its first part.
    fn words(&self, pair: &Pair<'_, Rule>) -> usize {
        let (first, end) = self.place(pair);
        let mut outer = pair.clone();
        loop {
            let inner = outer.into_inner().find(|p| !p.as_str().is_empty());
            let Some(inner) = inner else { return end - first };
            let start = self.place(&inner).0;
            // The head of a plan is a rule of its own that begins with the plan's word; a name begins with none.
            if start > first || inner.clone().into_inner().next().is_none() {
                return start - first;
            }
            outer = inner;
        }
    }

    /// What is between the last braces of a rule that ends before the token `end`.
    fn body(&self, pair: Pair<'_, Rule>, end: usize) -> Option<Body> {
        let close = end.checked_sub(1)?;
        let tokens = self.out.tokens.get(..end)?;
        if tokens.last()?.text != "}" {
            return None;
        }
        let mut depth = 0_usize;
        let open = tokens.iter().rposition(|token| {
            match token.text {
                "}" => depth += 1,
                "{" => depth -= 1,
                _ => {}
            }
            depth == 0
        })?;
        let mut owner = pair;
        let holds = |p: &Pair<'_, Rule>| {
            let (first, end) = self.place(p);
            first <= open && close < end
        };
        while let Some(inner) = owner.clone().into_inner().find(holds) {
            owner = inner;
        }
        let within = owner.into_inner().filter(|p| self.place(p).0 > open && !p.as_str().is_empty());
        Some(Body { open, close, lines: within.map(|p| self.line(p)).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::{Line, Part, outline};

    /// A line as its leading words, and the lines in its braces.
    fn shown(line: &Line, tokens: &[super::Token<'_>]) -> String {
        let words: Vec<&str> = tokens[line.first..line.first + line.words].iter().map(|t| t.text).collect();
        let inner: Vec<String> = line.body.iter().flat_map(|b| &b.lines).map(|l| shown(l, tokens)).collect();
        if inner.is_empty() { words.join(" ") } else { format!("{} {{{}}}", words.join(" "), inner.join(", ")) }
    }

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let outline = outline(text);
        let parts = outline.parts.iter().map(|part| match part {
            Part::Line(line) => shown(line, &outline.tokens),
            Part::Broken(first, end) => format!("broken {}", end - first),
        });
        assert_eq!(parts.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn every_line_is_found_with_the_words_that_it_begins_with() {
        check("use std/net plan a = b()", &["use", "plan"]);
        check("site s { host = \"a\" node n {} }", &[" {, }"]);
        check("plan p(a: b) { given x is up if \"\" { } }", &["broken 17"]);
        let text = "plan p() { rto 1m step a { only if b if possible } otherwise phase c { after a } finally { } }";
        check(text, &["plan {rto, step {only if, if possible}, otherwise {after}, finally}"]);
        check("kind k { volatile until restart # }\n }", &["kind {volatile until restart}"]);
    }

    #[test]
    fn what_is_glued_is_known() {
        let outline = outline("plan p (a: b) { step x { do f (g.h, i : [j]) only if k[l].m succeeded } }");
        let glued: Vec<&str> = outline.tokens.iter().filter(|t| t.glued).map(|t| t.text).collect();
        assert_eq!(glued, ["(", "(", ".", "h", ":", "[", "l", "]", ".", "m"]);
    }

    #[test]
    fn white_space_alone_makes_no_difference() {
        let one = outline("kind a {} # b");
        assert!(one.is_same(&outline("\u{feff}kind\n  a { } # b  \r\n")));
        for other in ["kind a {}", "kind b {} # b", "# b\nkind a {}", "kind a {} # b c"] {
            assert!(!one.is_same(&outline(other)), "{other}");
        }
        assert!(!outline("plan p() { } a b { }").is_same(&outline("plan p() { } a b { ")));
    }
}
