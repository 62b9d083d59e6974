//! Conflicts that git has left in a text: told as what they are, instead of as mistakes in a plan.

use crate::base::{Code, Diagnostic, FileId, Span};

/// Each conflict, if there are any: its three lines in their order, at the margin.
pub(super) fn conflicts(id: FileId, text: &str) -> Vec<Diagnostic> {
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
                found.push(conflict(id, start, at));
                None
            }
            open => open,
        };
        at += line.len();
    }
    found
}

fn conflict(id: FileId, start: usize, end: usize) -> Diagnostic {
    let sign = |at: usize| Span::new(id, at, at + 7);
    Diagnostic::error(Code::UnexpectedWord, sign(start), "a conflict of git was not resolved here")
        .label(sign(end), "it ends here")
        .help("write what both sides want, and delete the lines that begin with `<<<<<<<`, `=======` and `>>>>>>>`")
}

#[cfg(test)]
mod tests {
    use crate::base::FileId;
    use crate::syntax::parse;

    #[test]
    fn a_conflict_is_told_once_and_nothing_else() {
        let text = "node a {}\n<<<<<<< HEAD\nnode b {}\n||||||| base\n=======\r\nnode b { x }\n>>>>>>> other\nnode c {}\n<<<<<<<\n=======\n>>>>>>>\n";
        let (file, found) = parse(FileId(0), text);
        let messages: Vec<&str> = found.iter().map(|d| d.message.as_str()).collect();
        assert_eq!(messages, ["a conflict of git was not resolved here"; 2]);
        assert!(file.incomplete && file.items.is_empty());
    }

    #[test]
    fn what_is_no_conflict_is_none() {
        let within = "node a { via = exec  prefix = \"\"\"\n<<<<<<< a\n=======\n>>>>>>> b\n\"\"\" }\n";
        assert_eq!(parse(FileId(0), within).1, []);
        let (_, found) = parse(FileId(0), "node a {}\n<<<<<<< HEAD\n>>>>>>> other\n");
        assert!(!found.is_empty() && found.iter().all(|d| !d.message.contains("conflict")), "{found:?}");
    }
}
