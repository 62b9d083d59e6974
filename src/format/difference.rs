//! What formatting changes, as a unified diff.
//!
//! Both texts have the same characters but for white space: where as many of them have gone by, the lines correspond. So
//! it takes linear time, and shows each line beside what became of it.

use std::fmt::Write;

/// Lines shown around a change.
const CONTEXT: usize = 3;

/// A line of the difference.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Change<'t> {
    /// In both.
    Same(&'t str),
    /// Only before.
    Gone(&'t str),
    /// Only afterwards.
    New(&'t str),
}

/// The unified diff of a text and what formatting makes of it; empty if they are equal.
pub fn unified(name: &str, before: &str, after: &str) -> String {
    let changes = changes(before, after);
    let differs = |change: &Change<'_>| !matches!(change, Change::Same(_));
    let mut out = String::new();
    let mut at = 0;
    while let Some(next) = changes.iter().skip(at).position(differs).map(|next| at + next) {
        if out.is_empty() {
            let _ = writeln!(out, "--- {name}\n+++ {name} (formatted)");
        }
        let from = next.saturating_sub(CONTEXT).max(at);
        let mut to = next;
        while let Some(more) = changes.iter().skip(to).take(2 * CONTEXT + 1).position(differs) {
            to += more + 1;
        }
        to = (to + CONTEXT).min(changes.len());
        hunk(&mut out, changes.get(..from).unwrap_or_default(), changes.get(from..to).unwrap_or_default());
        at = to;
    }
    out
}

/// Writes the changes that are shown together, after others.
fn hunk(out: &mut String, earlier: &[Change<'_>], shown: &[Change<'_>]) {
    let count = |changes: &[Change<'_>]| {
        let gone = changes.iter().filter(|c| !matches!(c, Change::New(_))).count();
        (gone, changes.iter().filter(|c| !matches!(c, Change::Gone(_))).count())
    };
    let ((gone_before, new_before), (gone, new)) = (count(earlier), count(shown));
    // A hunk without lines of a side names the line before it.
    let first = |earlier: usize, lines: usize| if lines == 0 { earlier } else { earlier + 1 };
    let _ = writeln!(out, "@@ -{},{gone} +{},{new} @@", first(gone_before, gone), first(new_before, new));
    for change in shown {
        let (sign, line) = match change {
            Change::Same(line) => (' ', line),
            Change::Gone(line) => ('-', line),
            Change::New(line) => ('+', line),
        };
        let end = if line.ends_with('\n') { "" } else { "\n\\ No newline at end of file\n" };
        let _ = write!(out, "{sign}{line}{end}");
    }
}

/// Every line of both texts.
fn changes<'t>(before: &'t str, after: &'t str) -> Vec<Change<'t>> {
    let (mut old, mut new) = (before.split_inclusive('\n').peekable(), after.split_inclusive('\n').peekable());
    let mut changes = Vec::new();
    while old.peek().is_some() || new.peek().is_some() {
        let (mut gone, mut come) = (Vec::new(), Vec::new());
        let (mut gone_weight, mut come_weight) = (0, 0);
        // Empty lines correspond to empty lines only.
        let is_empty = |line: Option<&&str>| line.is_some_and(|line| weight(line) == 0);
        let (only_old, only_new) = match (is_empty(old.peek()), is_empty(new.peek())) {
            (true, false) => (true, false),
            (false, true) => (false, true),
            _ => (false, false),
        };
        if !only_new && let Some(line) = old.next() {
            gone_weight += weight(line);
            gone.push(line);
        }
        if !only_old && let Some(line) = new.next() {
            come_weight += weight(line);
            come.push(line);
        }
        while !only_old && !only_new && gone_weight != come_weight {
            let (side, lines, sum) = match gone_weight < come_weight {
                true => (&mut old, &mut gone, &mut gone_weight),
                false => (&mut new, &mut come, &mut come_weight),
            };
            let Some(line) = side.next() else { break };
            *sum += weight(line);
            lines.push(line);
        }
        if gone == come {
            changes.extend(gone.into_iter().map(Change::Same));
        } else {
            changes.extend(gone.into_iter().map(Change::Gone));
            changes.extend(come.into_iter().map(Change::New));
        }
    }
    changes
}

/// Characters of a line besides white space.
fn weight(line: &str) -> usize {
    line.chars().filter(|c| !c.is_whitespace() && *c != '\u{feff}').count()
}

#[cfg(test)]
mod tests {
    use super::unified;

    #[test]
    fn each_line_is_shown_beside_what_became_of_it() {
        let before = "a\n\n\nb { c\n d }\ne\nf\ng\nh\ni\nj\nk\nl\nm";
        let after = "a\n\nb {\n  c\n  d\n}\ne\nf\ng\nh\ni\nj\nk\nl\nm\n";
        let expected = "--- x\n+++ x (formatted)\n@@ -1,8 +1,9 @@\n a\n \n-\n-b { c\n+b {\n+  c\n- d }\n+  d\n+}\n e\n f\n g\n\
                        @@ -11,4 +12,4 @@\n j\n k\n l\n-m\n\\ No newline at end of file\n+m\n";
        assert_eq!(unified("x", before, after), expected);
    }

    #[test]
    fn what_is_equal_has_no_difference_and_a_side_may_be_empty() {
        assert_eq!(unified("x", "a\nb\n", "a\nb\n"), "");
        assert_eq!(unified("x", "\n", ""), "--- x\n+++ x (formatted)\n@@ -1,1 +0,0 @@\n-\n");
    }
}
