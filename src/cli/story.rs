//! The story of a finding, and the help that follows it, below the places that are quoted: a line for each thing that
//! happens, and beside it what the thing in question is by then.

use crate::base::{Diagnostic, TraceLine};
use crate::cli::render::{Look, harmless};

/// Columns before the text of a line: its number.
const MARGIN: usize = 7;
/// Fewest columns for the text; if there is not as much room, what the thing is stands below.
const NARROW: usize = 30;

/// Story and help of a finding.
pub(super) fn text(diagnostic: &Diagnostic, look: Look) -> String {
    let mut out = String::new();
    let columns = look.columns.max(NARROW + MARGIN);
    let wide = diagnostic.trace.iter().map(|l| l.after.chars().count()).max().unwrap_or(0);
    let beside = columns.saturating_sub(MARGIN + wide + 2);
    let text = if beside < NARROW { columns - MARGIN } else { beside };
    let mut last = 0;
    for line in &diagnostic.trace {
        if line.number > last + 1 {
            let dots = if look.ascii { "..." } else { "…" };
            out.push_str(&format!("       {dots} {} more {dots}\n", line.number - last - 1));
        }
        last = line.number;
        let lines = wrapped(&harmless(&sentence(line)), text);
        for (i, part) in lines.iter().enumerate() {
            let margin = if i == 0 { format!("{:>4}.  ", line.number) } else { " ".repeat(MARGIN) };
            let after = if i == 0 && beside >= NARROW { line.after.as_str() } else { "" };
            let row = format!("{margin}{part:<text$}  {}", harmless(after));
            out.push_str(row.trim_end());
            out.push('\n');
        }
        if beside < NARROW && !line.after.is_empty() {
            out.push_str(&format!("{}({})\n", " ".repeat(MARGIN), harmless(&line.after)));
        }
    }
    let help = diagnostic.help.as_deref().unwrap_or_default();
    let label = if look.color { "\x1b[36mhelp: \x1b[0m" } else { "help: " };
    for (i, line) in help.lines().enumerate() {
        // What is indented may be copied: it is not broken.
        let lines = if line.starts_with(' ') { vec![line.to_owned()] } else { wrapped(line, columns - 8) };
        for (j, part) in lines.iter().enumerate() {
            let margin = if (i, j) == (0, 0) { format!("  {label}") } else { " ".repeat(8) };
            out.push_str(&format!("{margin}{}\n", harmless(part)));
        }
    }
    out
}

/// `stop on a: times out`, `the operator cancels`
fn sentence(line: &TraceLine) -> String {
    match (line.step.as_str(), line.place.as_str()) {
        ("", _) => line.text.clone(),
        (step, "") => format!("{step}: {}", line.text),
        (step, place) => format!("{step} on {place}: {}", line.text),
    }
}

/// Lines of at most `width` columns, broken at spaces.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let Some(line) = lines.last_mut() else { break };
        let begun = !line.is_empty();
        if begun && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(word.to_owned());
        } else {
            line.push_str(if begun { " " } else { "" });
            line.push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::text;
    use crate::base::{Code, Diagnostic, Span, TraceLine};
    use crate::cli::render::Look;

    const PLAIN: Look = Look { color: false, ascii: true, columns: 60 };

    fn finding() -> Diagnostic {
        let line = |number, step: &str, place: &str, text: &str, after: &str| TraceLine {
            number,
            step: step.into(),
            place: place.into(),
            text: text.into(),
            after: after.into(),
        };
        let mut finding = Diagnostic::error(Code::HeldTwice, Span::default(), "x")
            .help("make sure of it before the other one does anything, or:\n  step cut on admin { do power_off(a, from: admin, over: lan) }");
        finding.trace = vec![
            line(1, "", "", "at the start", "vip: a"),
            line(4, "take", "b", "times out; nobody knows whether it is done", "vip: a"),
            line(5, "", "", "the operator \u{1b}cancels", ""),
        ];
        finding
    }

    #[test]
    fn a_story_stands_in_two_columns_and_says_what_it_leaves_out() {
        let expected = "   1.  at the start                                   vip: a
       ... 2 more ...
   4.  take on b: times out; nobody knows whether it  vip: a
       is done
   5.  the operator ?cancels
  help: make sure of it before the other one does anything,
        or:
          step cut on admin { do power_off(a, from: admin, over: lan) }
";
        assert_eq!(text(&finding(), PLAIN), expected);
    }

    #[test]
    fn where_there_is_no_room_the_thing_stands_below() {
        let told = text(&finding(), Look { columns: 40, ..PLAIN });
        assert!(told.contains("   1.  at the start\n       (vip: a)\n"), "{told}");
        let colored = text(&finding(), Look { color: true, ..PLAIN });
        assert!(colored.contains("\x1b[36mhelp: \x1b[0mmake"), "{colored}");
    }
}
