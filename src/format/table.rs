//! Rows to text: columns are lined up, comments after rows too.

use super::row::{Align, Row, Sort, width};
use std::collections::BTreeSet;

/// The text of some rows.
pub(super) fn print(mut rows: Vec<Row<'_>>) -> String {
    let mut from = 0;
    while from < rows.len() {
        let len = table_len(rows.get(from..).unwrap_or_default());
        if let Some(table) = rows.get_mut(from..from + len) {
            line_up(table);
        }
        from += len;
    }
    let texts: Vec<String> = rows.iter().map(text).collect();
    let notes = notes(&rows, &texts);
    let mut out = String::new();
    for (at, ((row, text), note)) in rows.iter().zip(&texts).zip(notes).enumerate() {
        if row.blank && at > 0 {
            out.push('\n');
        }
        out.push_str(text);
        out.push_str(&note);
        out.push('\n');
    }
    out
}

/// The comments after the rows. Those below each other begin in one column if their author has moved one of them.
fn notes(rows: &[Row<'_>], texts: &[String]) -> Vec<String> {
    let ends: Vec<usize> = texts.iter().map(|text| width(text.rsplit('\n').next().unwrap_or(""))).collect();
    let noted: Vec<(&Row<'_>, usize)> = rows.iter().zip(ends).collect();
    let mut notes = Vec::with_capacity(rows.len());
    for group in noted.chunk_by(|a, b| a.0.note.is_some() && b.0.note.is_some() && !b.0.blank) {
        let moved = group.len() > 1 && group.iter().any(|(row, _)| row.note.as_ref().is_some_and(|note| note.moved));
        let widest = group.iter().map(|(_, end)| *end).max().unwrap_or(0);
        notes.extend(group.iter().map(|(row, end)| {
            let space = if moved { widest - end + 2 } else { 2 };
            row.note.as_ref().map_or_else(String::new, |note| format!("{}{}", " ".repeat(space), note.text))
        }));
    }
    notes
}

/// How many of these rows belong to the table that begins with the first.
fn table_len(rows: &[Row<'_>]) -> usize {
    let (mut last, mut len) = (None, 0);
    for row in rows {
        match last {
            Some(last) if row.blank || !row.comment && !Row::is_like(last, row) => break,
            Some(_) if row.comment => {}
            _ => last = Some(row),
        }
        len += 1;
        if row.run.is_none() && !row.comment {
            break;
        }
    }
    len.max(1)
}

/// Lines up the rows of a table, one column after the other.
fn line_up(table: &mut [Row<'_>]) {
    let mut rows: Vec<&mut Row<'_>> = table.iter_mut().filter(|row| !row.comment).collect();
    let columns = rows.iter().map(|row| row.cells.len()).max().unwrap_or(0);
    for column in 1..columns {
        let mut wide: Vec<&mut &mut Row<'_>> = rows.iter_mut().filter(|row| row.cells.len() > column).collect();
        for alike in wide.chunk_by_mut(|a, b| marks(a, column).eq(marks(b, column))) {
            let Some(start) = start(alike, column) else { continue };
            for row in alike {
                let missing = start.saturating_sub(begin(row, column));
                if let Some(cell) = row.cells.get_mut(column) {
                    cell.gap += missing;
                }
            }
        }
    }
}

/// What the cells up to a column begin with.
fn marks<'r>(row: &'r Row<'_>, column: usize) -> impl Iterator<Item = Option<super::row::Mark>> + 'r {
    row.cells.iter().take(column + 1).map(|cell| match cell.align {
        Align::Always => None,
        Align::Asked { mark, .. } => Some(mark),
    })
}

/// Where a cell begins by itself.
fn begin(row: &Row<'_>, column: usize) -> usize {
    let before = row.cells.iter().take(column).map(|cell| cell.gap + cell.width()).sum::<usize>();
    row.indent + before + row.cells.get(column).map_or(0, |cell| cell.gap)
}

/// Where the cells of a column are to begin; nothing if each begins by itself.
fn start(rows: &[&mut &mut Row<'_>], column: usize) -> Option<usize> {
    let asks = |row: &Row<'_>| {
        row.cells.get(column).is_some_and(|cell| matches!(cell.align, Align::Always | Align::Asked { here: true, .. }))
    };
    if !rows.iter().any(|row| asks(row)) {
        return None;
    }
    let widest = rows.iter().map(|row| begin(row, column)).max()?;
    let first = rows.first()?;
    let Some(Sort::Clauses(least)) = first.run.map(|run| run.sort).filter(|_| column == 1) else {
        return Some(widest);
    };
    let words: BTreeSet<&str> =
        rows.iter().filter_map(|row| Some(row.cells.first()?.lines.first()?.1.as_str())).collect();
    Some(if words.len() > 1 { widest.max(first.indent + least + 1) } else { widest })
}

/// The lines of a row.
fn text(row: &Row<'_>) -> String {
    let mut out = " ".repeat(row.indent);
    let mut column = row.indent;
    for cell in &row.cells {
        out.extend(std::iter::repeat_n(' ', cell.gap));
        column += cell.gap;
        for (at, (indent, line)) in cell.lines.iter().enumerate() {
            if at > 0 {
                out.push('\n');
                out.extend(std::iter::repeat_n(' ', column + indent));
            }
            out.push_str(line);
        }
        column += cell.width();
    }
    out
}
