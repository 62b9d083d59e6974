//! Notes as workflow commands of GitHub Actions, which its runner shows beside the lines of a pull request.
//!
//! The commands and their escapes: "Workflow commands for GitHub Actions" in GitHub's documentation, and
//! `packages/core/src/command.ts` of actions/toolkit.

use crate::emit::note::{Level, Note};
use std::fmt::Write;

/// The commands, one a line.
pub fn github(notes: &[Note]) -> String {
    let mut out = String::new();
    for note in notes {
        let command = match note.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Notice => "notice",
        };
        let mut properties = Vec::new();
        if let Some(place) = &note.place {
            let (start, end) = (place.range.start, place.range.end);
            properties.push(format!("file={}", property(&place.file)));
            properties.push(format!("line={},endLine={}", start.line, end.line));
            // Columns over several lines are refused.
            if start.line == end.line && end.column > start.column {
                properties.push(format!("col={},endColumn={}", start.column, end.column));
            }
        }
        properties.push(format!("title={}", property(&format!("{}: {}", note.rule, note.title))));
        let help = if note.help.is_empty() { String::new() } else { format!("\n{}", note.help) };
        _ = writeln!(out, "::{command} {}::{}", properties.join(","), data(&format!("{}{help}", note.message)));
    }
    out
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::github;
    use crate::emit::note::{Level, Note};
    use crate::emit::place::{Place, Point, Range};

    fn note(message: &str, place: Option<Place>) -> Note {
        Note {
            level: Level::Error,
            rule: String::from("HA0001"),
            title: String::from("a, b: c"),
            message: String::from(message),
            help: String::new(),
            place,
            related: Vec::new(),
            story: Vec::new(),
            fix: None,
        }
    }

    #[test]
    fn nothing_in_a_text_is_a_command_of_its_own() {
        let point = |line, column| Point { line, column, offset: 0 };
        let place = Place { file: String::from("a,b.ha"), range: Range { start: point(3, 1), end: point(3, 5) } };
        let said = github(&[note("100%\n::error::x", Some(place))]);
        let expected = "::error file=a%2Cb.ha,line=3,endLine=3,col=1,endColumn=5,title=HA0001%3A a%2C b%3A c::100%25%0A::error::x\n";
        assert_eq!(said, expected);
        assert_eq!(github(&[note("m", None)]), "::error title=HA0001%3A a%2C b%3A c::m\n");
    }
}
