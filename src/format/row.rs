//! Rows: what a formatted text is made of before its columns are known.

/// A line of the text, or several that begin with one.
#[derive(Debug, Default)]
pub(super) struct Row<'s> {
    /// There is an empty line before it.
    pub(super) blank: bool,
    /// Columns before it.
    pub(super) indent: usize,
    /// What stands in it; at least one cell.
    pub(super) cells: Vec<Cell>,
    /// Which rows next to it may form a table with it.
    pub(super) run: Option<Run>,
    /// The word that it begins with.
    pub(super) word: &'s str,
    /// The comment after it.
    pub(super) note: Option<Note<'s>>,
    /// It is a comment, which stands between the rows of a table without dividing it.
    pub(super) comment: bool,
}

/// Rows of the same braces that may form a table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Run {
    /// Which braces.
    pub(super) body: usize,
    /// What the rows have in common.
    pub(super) sort: Sort,
}

/// What the rows of a table have in common.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sort {
    /// Clauses: what is said begins in one column, after at least so many.
    Clauses(usize),
    /// `host = "a"`: the signs stand in one column.
    Attributes,
    /// Items or entries, each on a line.
    Lines,
}

/// A part of a row that others of its table may stand below.
#[derive(Debug)]
pub(super) struct Cell {
    /// Its lines. Those after the first, with the columns before each, counted from where the cell begins.
    pub(super) lines: Vec<(usize, String)>,
    /// Spaces before it, at least.
    pub(super) gap: usize,
    /// When it is lined up.
    pub(super) align: Align,
}

/// When a cell is lined up with those above and below.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Align {
    /// Always.
    Always,
    /// If the author has begun to, for one of them at least.
    Asked {
        /// Here, for instance.
        here: bool,
        /// Where the author has put it.
        column: usize,
        /// What the cell begins with; only the same stands below each other.
        mark: Mark,
    },
}

/// What a cell begins with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mark {
    /// A name.
    Name,
    /// A string.
    Text,
    /// `on`, `follows`
    Word,
    /// `{`, `=`
    Sign,
    /// A clause between braces.
    Clause,
}

/// A comment after something on its line.
#[derive(Debug)]
pub(super) struct Note<'s> {
    /// The comment.
    pub(super) text: &'s str,
    /// The author has moved it to the right.
    pub(super) moved: bool,
}

impl Cell {
    /// A cell that is lined up with nothing.
    pub(super) fn alone(lines: Vec<(usize, String)>) -> Cell {
        Cell { lines, gap: 0, align: Align::Always }
    }

    /// Columns of its first line.
    pub(super) fn width(&self) -> usize {
        self.lines.first().map_or(0, |(_, text)| width(text))
    }
}

impl Row<'_> {
    /// Whether this row and the next may be rows of one table: those of items or entries if they begin with the same
    /// word, or if their author has put their names or braces below each other.
    pub(super) fn is_like(&self, next: &Row<'_>) -> bool {
        let cells = || self.cells.iter().zip(&next.cells);
        let alike = |(a, b): (&Cell, &Cell)| match (a.align, b.align) {
            (Align::Asked { column: a, mark, .. }, Align::Asked { column: b, mark: other, .. }) => {
                a == b && mark == other && matches!(mark, Mark::Name | Mark::Sign)
            }
            _ => false,
        };
        let lines = self.run.is_some_and(|run| run.sort == Sort::Lines);
        self.run == next.run && (!lines || self.word == next.word || cells().any(alike))
    }

    /// Columns up to the end of its first line, while nothing is lined up.
    pub(super) fn width(&self) -> usize {
        self.indent + self.cells.iter().map(|cell| cell.gap + cell.width()).sum::<usize>()
    }

    /// Its last line so far.
    pub(super) fn last_line(&mut self) -> Option<&mut String> {
        self.cells.last_mut()?.lines.last_mut().map(|(_, text)| text)
    }
}

/// Columns of a line.
pub(super) fn width(line: &str) -> usize {
    line.chars().count()
}
