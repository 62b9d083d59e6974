//! The two output streams: colour only where it is wanted, and no noise when the reader has gone.

use crate::cli::render::Look;
use crate::os;
use std::fmt::Display;
use std::io::{self, ErrorKind, IsTerminal, Write};

/// Width of listings and diagnostics, unless the terminal is narrower.
const COLUMNS: usize = 100;

/// When to use colour.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Standard output and standard error.
pub struct Console {
    /// What was asked for.
    pub out: Pane,
    /// What is said on the way.
    pub err: Pane,
    /// Whether a person can be asked: standard input and standard error are terminals.
    pub interactive: bool,
    /// A run has ended: how the command ends tells how.
    pub has_run: bool,
}

impl Console {
    /// The process's own streams.
    pub fn new(color: Color) -> Console {
        let (out, err) = (io::stdout(), io::stderr());
        let interactive = io::stdin().is_terminal() && err.is_terminal();
        let (out_terminal, err_terminal) = (out.is_terminal(), err.is_terminal());
        Console {
            out: Pane::new(Box::new(io::BufWriter::new(out)), out_terminal, color),
            err: Pane::new(Box::new(err), err_terminal, color),
            interactive,
            has_run: false,
        }
    }
}

/// One output stream. Writing never fails: a reader that has gone is nobody's mistake, and any other trouble is kept
/// until [`Pane::trouble`] is asked at the end, because a run must not stop for it.
pub struct Pane {
    to: Box<dyn Write>,
    /// Whether it is a terminal.
    pub terminal: bool,
    /// Whether to use colour.
    pub color: bool,
    trouble: Option<io::Error>,
}

impl Pane {
    /// A stream that writes to `to`.
    pub fn new(to: Box<dyn Write>, terminal: bool, color: Color) -> Pane {
        let color = match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => terminal && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()),
        };
        Pane { to, terminal, color, trouble: None }
    }

    /// Writes `text` as it is.
    pub fn put(&mut self, text: impl Display) {
        if self.trouble.is_none() {
            self.trouble = write!(self.to, "{text}").err();
        }
    }

    /// Writes `text` and a line break.
    pub fn line(&mut self, text: impl Display) {
        self.put(text);
        self.put("\n");
    }

    /// Writes bytes, such as a compiled program.
    pub fn bytes(&mut self, bytes: &[u8]) {
        if self.trouble.is_none() {
            self.trouble = self.to.write_all(bytes).err();
        }
    }

    /// Hands on what was written.
    pub fn flush(&mut self) {
        if self.trouble.is_none() {
            self.trouble = self.to.flush().err();
        }
    }

    /// What kept the output from being written, if it matters.
    pub fn trouble(&mut self) -> Option<&io::Error> {
        self.flush();
        // A terminal that has been closed fails every write with EIO, errno 5 of Linux.
        let gone = |e: &io::Error| e.kind() == ErrorKind::BrokenPipe || self.terminal && e.raw_os_error() == Some(5);
        self.trouble.as_ref().filter(|e| !gone(e))
    }

    /// Whether it is a terminal on which lines can be taken back.
    pub fn draws(&self) -> bool {
        self.terminal && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
    }

    /// How wide lines may be.
    pub fn columns(&self) -> usize {
        let terminal = if self.terminal { os::columns() } else { None };
        terminal.unwrap_or(COLUMNS).clamp(40, COLUMNS)
    }

    /// How diagnostics are drawn on it.
    pub fn look(&self) -> Look {
        Look { color: self.color, ascii: self.terminal && !speaks_unicode(), columns: self.columns() }
    }

    /// `text` in this style, if the stream has colour.
    pub fn styled(&self, style: Style, text: &str) -> String {
        style.paint(self.color, text)
    }
}

/// Whether the locale's characters include those that boxes are drawn with; the variables in the order of POSIX.
pub fn speaks_unicode() -> bool {
    let set = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set).unwrap_or_default().to_lowercase();
    locale.ends_with("utf-8") || locale.ends_with("utf8")
}

/// The few styles used; the numbers are those of ECMA-48 "Select Graphic Rendition".
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// Stands out.
    Bold = 1,
    /// Less important.
    Dim = 2,
    /// Wrong.
    Red = 31,
    /// Good.
    Green = 32,
    /// Look at it.
    Yellow = 33,
    /// A name.
    Cyan = 36,
}

impl Style {
    /// `text` in this style, if there is colour.
    pub fn paint(self, color: bool, text: &str) -> String {
        match color {
            true if !text.is_empty() => format!("\x1b[{}m{text}\x1b[0m", self as u8),
            _ => text.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Color, Pane, Style};
    use std::io::{self, ErrorKind, Write};

    struct Failing(ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_has_gone_is_no_trouble_but_a_full_disk_is() {
        let mut pane = Pane::new(Box::new(Failing(ErrorKind::BrokenPipe)), false, Color::Auto);
        pane.line("x");
        assert!(pane.trouble().is_none());
        let mut pane = Pane::new(Box::new(Failing(ErrorKind::StorageFull)), false, Color::Auto);
        pane.line("x");
        assert!(pane.trouble().is_some());
    }

    #[test]
    fn color_is_for_terminals_unless_asked_for() {
        let pane = |terminal, color| Pane::new(Box::new(io::sink()), terminal, color);
        assert!(!pane(false, Color::Auto).color);
        assert!(!pane(true, Color::Never).color);
        assert_eq!(pane(false, Color::Always).styled(Style::Red, "x"), "\x1b[31mx\x1b[0m");
        assert_eq!(pane(true, Color::Never).styled(Style::Red, "x"), "x");
    }
}
