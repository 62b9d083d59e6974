//! Lines at the bottom of a terminal that are replaced while others scroll by above them.
//!
//! Everything else stays the terminal's own: its scrollback, its wrapping of long lines, its way of copying. Libraries
//! that draw such panes keep a fixed height, put their own line breaks into what scrolls by, and clear the screen when it
//! becomes narrower; this needs no more than three control functions of ECMA-48.

use crate::cli::console::Pane;
use crate::cli::render::Look;
use crate::cli::view::line::Line;

/// What is on the terminal and can be taken back.
#[derive(Debug, Default)]
pub struct Screen {
    lines: Vec<String>,
    /// The width of each.
    widths: Vec<usize>,
}

/// "Synchronised output": a terminal that knows it shows what stands between these at once; others ignore it.
const TOGETHER: (&str, &str) = ("\x1b[?2026h", "\x1b[?2026l");

impl Screen {
    /// Shows `lines` at the bottom, and above them, for good, `above`.
    pub fn show(&mut self, pane: &mut Pane, above: &[String], lines: &[Line], look: Look) {
        // The last column stays free: a terminal may wrap there already.
        let narrower = Look { columns: look.columns.saturating_sub(1), ..look };
        let drawn = lines.iter().map(|line| line.drawn(narrower));
        let (lines, widths): (Vec<String>, Vec<usize>) = drawn.unzip();
        if above.is_empty() && self.lines == lines {
            return;
        }
        pane.put(TOGETHER.0);
        self.back(pane, look.columns);
        above.iter().for_each(|line| pane.line(line));
        pane.put(lines.join("\n"));
        pane.put(TOGETHER.1);
        pane.flush();
        (self.lines, self.widths) = (lines, widths);
    }

    /// Takes the lines back. A terminal that has become narrower has wrapped them since.
    fn back(&self, pane: &mut Pane, columns: usize) {
        let rows: usize = self.widths.iter().map(|width| width.div_ceil(columns.max(1)).max(1)).sum();
        pane.put("\r");
        match rows.saturating_sub(1) {
            0 => pane.put("\x1b[K"),
            // Never all of the screen at once: some terminals take that for a new page and keep the old one.
            more => pane.put(format_args!("\x1b[{more}A\x1b[K\x1b[B\x1b[J\x1b[A")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Screen;
    use crate::cli::console::{Color, Pane};
    use crate::cli::render::Look;
    use crate::cli::view::line::Line;
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Shown(Arc<Mutex<Vec<u8>>>);

    impl Write for Shown {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Shown {
        fn take(&self) -> String {
            let bytes = std::mem::take(&mut *self.0.lock().unwrap());
            String::from_utf8(bytes).unwrap().replace("\x1b[?2026h", "").replace("\x1b[?2026l", "")
        }
    }

    #[test]
    fn lines_are_taken_back_as_many_rows_as_they_have_by_now() {
        let shown = Shown::default();
        let mut pane = Pane::new(Box::new(shown.clone()), true, Color::Never);
        let mut screen = Screen::default();
        let wide = |columns| Look { color: false, ascii: false, columns };
        let lines = [Line::default().text("0123456789"), Line::default().text("ab")];
        screen.show(&mut pane, &[], &lines, wide(20));
        assert_eq!(shown.take(), "\r\x1b[K0123456789\nab");
        screen.show(&mut pane, &[], &lines, wide(20));
        assert_eq!(shown.take(), "", "nothing has changed");
        screen.show(&mut pane, &[String::from("a fact")], &lines, wide(20));
        assert_eq!(shown.take(), "\r\x1b[1A\x1b[K\x1b[B\x1b[J\x1b[Aa fact\n0123456789\nab");
        screen.show(&mut pane, &[], &lines[1..], wide(6));
        assert_eq!(shown.take(), "\r\x1b[2A\x1b[K\x1b[B\x1b[J\x1b[Aab", "ten characters are two rows of six");
        screen.show(&mut pane, &[], &[], wide(6));
        assert_eq!(shown.take(), "\r\x1b[K");
    }
}
