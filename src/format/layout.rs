//! From the outline of a text to its rows.

use super::WIDTH;
use super::row::{Align, Cell, Mark, Note, Row, Run, Sort};
use crate::syntax::outline::{Body, Line, Outline, Part, Token};
use std::ops::Range;

/// Columns of one level.
const STEP: usize = 2;

/// The rows of a text.
pub(super) fn rows<'s>(text: &'s str, outline: &'s Outline<'s>) -> Vec<Row<'s>> {
    let mut layout = Layout {
        text,
        tokens: &outline.tokens,
        begins: vec![false; outline.tokens.len()],
        rows: Vec::new(),
        bodies: 0,
    };
    let mut at = 0;
    for part in &outline.parts {
        match part {
            Part::Line(line) => {
                layout.mark(line);
                layout.comments(at..line.first, 0);
                layout.line(line, 0, &Owner::File);
                at = line.end;
            }
            Part::Broken(first, end) => {
                layout.comments(at..*first, 0);
                layout.verbatim(*first..*end);
                at = *end;
            }
        }
    }
    layout.comments(at..outline.tokens.len(), 0);
    layout.rows
}

/// What a line is part of.
enum Owner {
    /// The file.
    File,
    /// Braces in which what clauses say begins in one column.
    Clauses {
        /// Which braces.
        body: usize,
        /// Columns that the words of a clause have at least, so that things alike look alike.
        least: usize,
        /// Words of a clause that count, at most.
        words: usize,
    },
    /// A kind's braces: clauses are sentences there.
    Sentences,
}

impl Owner {
    /// The table of its items or entries.
    fn run(&self) -> Run {
        let body = if let Owner::Clauses { body, .. } = self { *body } else { 0 };
        Run { body, sort: Sort::Lines }
    }
}

struct Layout<'s> {
    text: &'s str,
    tokens: &'s [Token<'s>],
    /// For each token, whether a line other than the first of its braces begins there.
    begins: Vec<bool>,
    rows: Vec<Row<'s>>,
    /// Braces that have been entered.
    bodies: usize,
}

impl<'s> Layout<'s> {
    fn word(&self, token: usize) -> &'s str {
        self.tokens.get(token).map_or("", |token| token.text)
    }

    /// What the author has put before a token.
    fn space(&self, token: usize) -> &'s str {
        let end = token.checked_sub(1).and_then(|before| self.tokens.get(before)).map_or(0, Token::end);
        self.tokens.get(token).and_then(|token| self.text.get(end..token.start)).unwrap_or("")
    }

    /// Whether the author has begun a line with this token.
    fn is_first(&self, token: usize) -> bool {
        token == 0 || self.space(token).contains('\n')
    }

    /// Whether an empty line stands before this token.
    fn blank(&self, token: usize) -> bool {
        token > 0 && self.word(token - 1) != "{" && self.space(token).matches('\n').count() > 1
    }

    /// Whether this continues the entry before it.
    fn continues(&self, line: &Line) -> bool {
        matches!(self.word(line.first), "otherwise" | "finally")
    }

    /// Notes where the lines between braces begin.
    fn mark(&mut self, line: &Line) {
        for (at, inner) in line.body.iter().flat_map(|body| &body.lines).enumerate() {
            if at > 0
                && !self.continues(inner)
                && let Some(begins) = self.begins.get_mut(inner.first)
            {
                *begins = true;
            }
            self.mark(inner);
        }
    }

    /// Comments: after the row before them, or rows of their own.
    fn comments(&mut self, range: Range<usize>, indent: usize) {
        for at in range {
            let (text, first, moved) = (self.word(at), self.is_first(at), self.space(at).len() > 2);
            match self.rows.last_mut() {
                Some(row) if !first => row.note = Some(Note { text, moved }),
                _ => {
                    let cells = vec![Cell::alone(vec![(0, text.to_owned())])];
                    self.rows.push(Row { blank: self.blank(at), indent, cells, comment: true, ..Row::default() });
                }
            }
        }
    }

    /// Tokens with everything between them, and with what indents them.
    fn verbatim(&mut self, range: Range<usize>) {
        let (Some(first), Some(last)) = (self.tokens.get(range.start), range.end.checked_sub(1)) else { return };
        let before = self.text.get(..first.start).unwrap_or("");
        let start = before.trim_end_matches([' ', '\t']).len();
        let start =
            if start == 0 || before.get(..start).is_some_and(|b| b.ends_with('\n')) { start } else { first.start };
        let end = self.tokens.get(last).map_or(start, Token::end);
        let text = self.text.get(start..end).unwrap_or("").to_owned();
        let blank = self.blank(range.start);
        self.rows.push(Row { blank, cells: vec![Cell::alone(vec![(0, text)])], ..Row::default() });
    }

    fn line(&mut self, line: &Line, indent: usize, owner: &Owner) {
        let (blank, joins) = (self.blank(line.first), self.joins(line));
        let Some(body) = &line.body else {
            if joins {
                return self.join(line.first..line.end);
            }
            let row = self.clause(line, owner);
            return self.rows.push(Row { blank, indent, word: self.word(line.first), ..row });
        };
        let start = if joins { self.rows.last().map_or(0, |row| row.width() + 1) } else { indent };
        let flat = self.is_flat(line, body, start);
        let head = if flat { line.first..line.end } else { line.first..body.open + 1 };
        if joins {
            self.join(head);
        } else if flat {
            let (cells, word) = (self.cells(line, Some(body)), self.word(line.first));
            self.rows.push(Row { blank, indent, cells, run: Some(owner.run()), word, ..Row::default() });
        } else {
            let cells = vec![Cell::alone(self.lay(head, 2 * STEP))];
            self.rows.push(Row { blank, indent, cells, ..Row::default() });
        }
        if !flat {
            self.body(line, body, indent);
        }
    }

    /// The lines between braces that are not on one line, and the closing brace.
    fn body(&mut self, line: &Line, body: &Body, indent: usize) {
        self.bodies += 1;
        let id = self.bodies;
        let owner = match self.word(line.first) {
            "kind" | "extend" => Owner::Sentences,
            // As wide as `accept`, `expect`; `acquires`, `releases`.
            "plan" | "test" => Owner::Clauses { body: id, least: 6, words: 1 },
            "action" => Owner::Clauses { body: id, least: 8, words: 2 },
            _ => Owner::Clauses { body: id, least: 0, words: 2 },
        };
        let mut at = body.open + 1;
        for inner in &body.lines {
            self.comments(at..inner.first, indent + STEP);
            self.line(inner, indent + STEP, &owner);
            at = inner.end;
        }
        self.comments(at..body.close, indent + STEP);
        let cells = vec![Cell::alone(vec![(0, String::from("}"))])];
        self.rows.push(Row { indent, cells, ..Row::default() });
    }

    /// Whether a line goes on the row before it, after its brace.
    fn joins(&mut self, line: &Line) -> bool {
        let brace = line.first.checked_sub(1).is_some_and(|before| self.word(before) == "}");
        brace && self.continues(line)
    }

    fn join(&mut self, head: Range<usize>) {
        let mut lines = self.lay(head, 2 * STEP);
        let more = lines.split_off(1.min(lines.len()));
        if let Some(row) = self.rows.last_mut() {
            row.run = None;
            if let (Some(last), Some((_, first))) = (row.last_line(), lines.first()) {
                last.push(' ');
                last.push_str(first);
            }
            if let Some(cell) = row.cells.last_mut() {
                cell.lines.extend(more);
            }
        }
    }

    /// Whether braces stay on one line: where the author has put them, and while they fit.
    fn is_flat(&self, line: &Line, body: &Body, start: usize) -> bool {
        if body.open + 1 == body.close {
            return true;
        }
        let tokens = self.tokens.get(line.first..line.end).unwrap_or_default();
        let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else { return false };
        let one_line = self.text.get(first.start..last.end()).is_some_and(|text| !text.contains('\n'));
        one_line && {
            let lines = self.lay(line.first..line.end, 0);
            start + lines.first().map_or(0, |(_, text)| super::row::width(text)) <= WIDTH
        }
    }

    /// The row of a line without braces; where it stands is not its business.
    fn clause(&self, line: &Line, owner: &Owner) -> Row<'s> {
        let Owner::Clauses { body, least, words } = *owner else {
            let run = matches!(owner, Owner::File).then(|| owner.run());
            return Row { cells: self.cells(line, None), run, ..Row::default() };
        };
        if line.words == 0 {
            let cells = self.split(line, &[(line.first + 1, Align::Always)], 0);
            return Row { cells, run: Some(Run { body, sort: Sort::Attributes }), ..Row::default() };
        }
        let run = Some(Run { body, sort: Sort::Clauses(least) });
        let words = line.words.min(words);
        let sentence = matches!(self.word(line.first), "assume" | "include");
        if sentence || words < line.words && words > 1 || line.first + words >= line.end {
            let cells = vec![Cell::alone(self.lay(line.first..line.end, 2 * STEP))];
            return Row { cells, run: run.filter(|_| !sentence), ..Row::default() };
        }
        let content = line.first + words;
        let mut cuts = vec![(content, Align::Always)];
        cuts.extend(self.title(content + 1..line.end));
        Row { cells: self.split(line, &cuts, 0), run, ..Row::default() }
    }

    /// The cells of a line that is on one line with its braces, or has none.
    fn cells(&self, line: &Line, body: Option<&Body>) -> Vec<Cell> {
        let head = body.map_or(line.end, |body| body.open + 1);
        let name = line.first + 1;
        let mut cuts = Vec::new();
        if name < head {
            cuts.push((name, self.asked(name, Mark::Name)));
        }
        cuts.extend(self.cuts(name + 1..head));
        let lines = body.map_or(&[][..], |body| &body.lines);
        let clauses = lines.iter().skip(1).take_while(|line| !self.continues(line));
        cuts.extend(clauses.map(|line| (line.first, self.asked(line.first, Mark::Clause))));
        self.split(line, &cuts, 2 * STEP)
    }

    /// The parts of a head that others may stand below: what is outside of its brackets.
    fn cuts(&self, range: Range<usize>) -> Vec<(usize, Align)> {
        let mut cuts = Vec::new();
        let mut depth = 0_usize;
        for at in range {
            let mark = match self.word(at) {
                "(" | "[" => {
                    depth += 1;
                    continue;
                }
                ")" | "]" => {
                    depth = depth.saturating_sub(1);
                    continue;
                }
                "{" | "=" => Mark::Sign,
                "on" | "follows" => Mark::Word,
                word if word.starts_with('"') => Mark::Text,
                _ => continue,
            };
            if depth == 0 {
                cuts.push((at, self.asked(at, mark)));
            }
        }
        cuts
    }

    /// The string at the end of a clause that says what the rest of it means.
    fn title(&self, range: Range<usize>) -> Option<(usize, Align)> {
        let last = range.end.checked_sub(1).filter(|last| range.contains(last) && self.word(*last).starts_with('"'))?;
        let beside = !self.word(last - 1).ends_with(['=', '<', '>', ',', '(', '[']);
        beside.then(|| (last, self.asked(last, Mark::Text)))
    }

    fn asked(&self, token: usize, mark: Mark) -> Align {
        let start = self.tokens.get(token).map_or(0, |token| token.start);
        let line = self.text.get(..start).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1);
        Align::Asked { here: self.space(token).len() > self.gap(token), column: start - line, mark }
    }

    /// A line in cells that begin at these tokens. One of several lines is only cut before its first.
    fn split(&self, line: &Line, cuts: &[(usize, Align)], hang: usize) -> Vec<Cell> {
        let several = self.lay(line.first..line.end, hang).len() > 1;
        let fits = |(at, align): &&(usize, Align)| !self.breaks(*at) && (!several || *align == Align::Always);
        let cuts: Vec<(usize, Align)> = cuts.iter().filter(fits).copied().collect();
        let hang = if cuts.is_empty() { 2 * STEP } else { hang };
        let ends = cuts.iter().map(|cut| cut.0).chain([line.end]);
        let starts = [(line.first, Align::Always)].into_iter().chain(cuts.iter().copied());
        let cell = |((start, align), end): ((usize, Align), usize)| {
            let gap = if start == line.first { 0 } else { self.gap(start) };
            Cell { lines: self.lay(start..end, hang), gap, align }
        };
        starts.zip(ends).map(cell).collect()
    }

    /// Tokens as text. It begins a new line where its author has, if that is at a comma, a bracket or a word between two
    /// conditions or values, and after comments. Lines outside of brackets are indented by `hang`.
    fn lay(&self, range: Range<usize>, hang: usize) -> Vec<(usize, String)> {
        let mut lines = vec![(0, String::new())];
        let mut depth = 0_usize;
        for at in range.clone() {
            let word = self.word(at);
            let closes = matches!(word, ")" | "]");
            if closes {
                depth = depth.saturating_sub(1);
            }
            if at > range.start {
                if self.breaks(at) {
                    lines.push((if depth == 0 && !closes { hang } else { depth * STEP }, String::new()));
                } else if let Some((_, line)) = lines.last_mut() {
                    line.extend(std::iter::repeat_n(' ', self.gap(at)));
                }
            }
            if let Some((_, line)) = lines.last_mut() {
                line.push_str(word);
            }
            if matches!(word, "(" | "[") {
                depth += 1;
            }
        }
        lines
    }

    /// Whether a token inside of a line begins a new one.
    fn breaks(&self, token: usize) -> bool {
        let (before, word) = (token.checked_sub(1).map_or("", |before| self.word(before)), self.word(token));
        before.starts_with('#')
            || self.is_first(token)
                && (matches!(before, "," | "(" | "[")
                    || matches!(word, ")" | "]" | "and" | "or" | "then" | "else" | "except")
                    || word.starts_with('#'))
    }

    /// Spaces between a token and the one before it.
    fn gap(&self, token: usize) -> usize {
        let (before, word) = (token.checked_sub(1).map_or("", |before| self.word(before)), self.word(token));
        let glued = self.tokens.get(token).is_some_and(|token| token.glued);
        match (before, word) {
            _ if glued => 0,
            (_, "," | ":" | ")" | "]") | ("(" | "[", _) | ("{", "}") => 0,
            _ if word.starts_with('#') || self.begins.get(token) == Some(&true) => 2,
            _ => 1,
        }
    }
}
