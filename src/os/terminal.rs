//! What only the operating system knows of a terminal.

use rustix::termios::tcgetwinsize;

/// The width of the terminal that standard error or standard output is, in columns.
pub fn columns() -> Option<usize> {
    let of = |size: rustix::io::Result<rustix::termios::Winsize>| size.ok().map(|s| usize::from(s.ws_col));
    of(tcgetwinsize(std::io::stderr())).or_else(|| of(tcgetwinsize(std::io::stdout()))).filter(|c| *c > 0)
}
