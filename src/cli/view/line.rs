//! A line of the view: pieces in styles, cut at the width of the terminal.

use crate::cli::console::Style;
use crate::cli::facts::printable;
use crate::cli::render::Look;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// A line in pieces.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Line(Vec<(Option<Style>, String)>);

impl Line {
    /// A line that begins with its label, in the column that `plan` uses.
    pub fn labelled(label: &str) -> Line {
        Line::default().styled(Style::Dim, &format!("{label:<10} "))
    }

    /// The same with more text, as it is.
    pub fn text(mut self, text: &str) -> Line {
        self.0.push((None, printable(text)));
        self
    }

    /// The same with more text in a style.
    pub fn styled(mut self, style: Style, text: &str) -> Line {
        self.0.push((Some(style), printable(text)));
        self
    }

    /// How many columns it takes.
    pub fn width(&self) -> usize {
        self.0.iter().map(|(_, text)| text.width()).sum()
    }

    /// The same with spaces up to this column, and one at least.
    pub fn up_to(self, column: usize) -> Line {
        let spaces = column.saturating_sub(self.width()).max(1);
        self.text(&" ".repeat(spaces))
    }

    /// Its text, cut where there is no more room, and how many columns it takes.
    pub fn drawn(&self, look: Look) -> (String, usize) {
        let (mut out, mut left) = (String::new(), look.columns);
        let ends_with = match self.width() > look.columns {
            true if look.ascii => "...",
            true => "…",
            false => "",
        };
        left = left.saturating_sub(ends_with.width());
        for (style, text) in &self.0 {
            let cut = cut(text, left);
            left -= cut.width();
            out.push_str(&style.map_or_else(|| cut.clone(), |style| style.paint(look.color, &cut)));
            if cut.len() < text.len() {
                break;
            }
        }
        out.push_str(ends_with);
        (out, look.columns.saturating_sub(left))
    }
}

/// As much of a text as fits.
pub fn cut(text: &str, columns: usize) -> String {
    let mut left = columns;
    text.chars()
        .take_while(|c| match c.width().unwrap_or(0) {
            width if width > left => false,
            width => {
                left -= width;
                true
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::Line;
    use crate::cli::console::Style;
    use crate::cli::render::Look;

    #[test]
    fn a_line_is_cut_between_characters_and_never_drives_the_terminal() {
        let look = |color, ascii, columns| Look { color, ascii, columns };
        let line = Line::labelled("next").text("東京 and\x1b[2J").styled(Style::Red, "more");
        assert_eq!(line.drawn(look(false, false, 80)), (String::from("next       東京 and?[2Jmore"), 27));
        assert_eq!(line.drawn(look(false, false, 14)), (String::from("next       東…"), 14));
        assert_eq!(line.drawn(look(false, true, 14)), (String::from("next       ..."), 14));
        let red = "\x1b[2mnext       \x1b[0m東京 and?[2J\x1b[31mm\x1b[0m…";
        assert_eq!(line.drawn(look(true, false, 25)).0, red);
        assert_eq!(Line::default().text("ab").up_to(5).text("c").drawn(look(false, false, 9)).0, "ab   c");
    }
}
