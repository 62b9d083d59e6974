//! What only the operating system knows of a terminal.

use rustix::termios::{Winsize, tcgetwinsize};

/// The width of the terminal that standard error or standard output is, in columns.
pub fn columns() -> Option<usize> {
    size(|s| s.ws_col)
}

/// Its height, in lines.
pub fn rows() -> Option<usize> {
    size(|s| s.ws_row)
}

fn size(side: impl Fn(Winsize) -> u16) -> Option<usize> {
    let of = |size: rustix::io::Result<Winsize>| size.ok().map(|s| usize::from(side(s)));
    of(tcgetwinsize(std::io::stderr())).or_else(|| of(tcgetwinsize(std::io::stdout()))).filter(|n| *n > 0)
}
