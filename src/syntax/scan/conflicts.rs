//! Conflicts that a merge has left in a text: told as what they are, instead of as mistakes in a plan.

use super::Scan;
use crate::base::{Code, Diagnostic, FileId, Span, limits};
use crate::syntax::lex::{Kind, Lexer};
use std::ops::Range;

/// A text in which two versions of some lines stand: the conflicts, and nothing that could be parsed.
pub(super) fn unmerged(id: FileId, text: &str) -> Option<Scan> {
    let found = conflicts(text);
    // What stands between the quotes of a block is somebody's text, marks and all.
    let quoted = |range: &Range<usize>| {
        let mut tokens = Lexer::new(text, 0).skip_while(|token| token.end < range.end);
        tokens.next().is_some_and(|t| matches!(t.kind, Kind::Block { closed: true }) && t.start < range.start)
    };
    let told = found.iter().filter(|range| !quoted(range)).take(limits::SYNTAX_ERRORS);
    let diagnostics: Vec<Diagnostic> = told.map(|range| conflict(id, range)).collect();
    if diagnostics.is_empty() { None } else { Some(Scan { diagnostics, ..Scan::default() }) }
}

/// Where conflicts begin, and where the last line of each begins: its three marks in their order, at the margin.
fn conflicts(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut open: Option<(usize, bool)> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let is = |sign: &str| {
            line.strip_prefix(sign).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\r', '\n']))
        };
        open = match open {
            _ if is("<<<<<<<") => Some((at, false)),
            Some((start, _)) if is("=======") => Some((start, true)),
            Some((start, true)) if is(">>>>>>>") => {
                found.push(start..at);
                None
            }
            open => open,
        };
        at += line.len();
    }
    found
}

fn conflict(id: FileId, range: &Range<usize>) -> Diagnostic {
    let mark = |at: usize| Span::new(id, at, at + 7);
    Diagnostic::error(Code::MergeConflict, mark(range.start), "a merge has left two versions of these lines")
        .label(mark(range.end), "up to here")
        .help("keep what is right, and remove the lines that begin with `<<<<<<<`, `=======` and `>>>>>>>`")
}

#[cfg(test)]
mod tests {
    use crate::base::{Code, FileId};
    use crate::syntax::parse;

    #[test]
    fn a_conflict_is_told_once_and_nothing_else() {
        let text = "node a {}\n<<<<<<< HEAD\nnode b {}\n||||||| base\n=======\r\nnode b { x }\n>>>>>>> other\nnode c {}\n<<<<<<<\n=======\n>>>>>>>\n";
        let (file, found) = parse(FileId(0), text);
        let codes: Vec<Code> = found.iter().map(|d| d.code).collect();
        assert_eq!(codes, [Code::MergeConflict; 2]);
        assert!(file.incomplete && file.items.is_empty());
    }

    #[test]
    fn what_is_no_conflict_is_none() {
        let within = "node a { via = exec  prefix = \"\"\"\n<<<<<<< a\n=======\n>>>>>>> b\n\"\"\" }\n";
        assert_eq!(parse(FileId(0), within).1, []);
        let (_, found) = parse(FileId(0), "node a {}\n<<<<<<< HEAD\n>>>>>>> other\n");
        assert!(!found.is_empty() && found.iter().all(|d| d.code != Code::MergeConflict), "{found:?}");
    }
}
