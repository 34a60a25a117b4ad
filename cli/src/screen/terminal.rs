//! Writing to standard output and standard error without ever panicking: a reader that went away is no error
//! of ours.

use crate::error::Report;
use std::io::Write;

/// Writes bytes to standard output and flushes; a closed pipe is ignored.
pub fn write_stdout(bytes: &[u8]) {
    let mut out = std::io::stdout().lock();
    // Nobody is left to be told when this fails.
    let _ = out.write_all(bytes).and_then(|()| out.flush());
}

/// Writes text to standard error; a closed pipe is ignored.
pub(super) fn write_stderr(text: &str) {
    // Nobody is left to be told when this fails.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Prints an error when there is no screen.
pub fn print_error(report: &Report, json: bool) {
    if json {
        if let Some(line) = crate::event::Event::Error(report.clone()).json() {
            write_stdout(format!("{line}\n").as_bytes());
        }
    } else {
        write_stderr(&report.text(false));
    }
}

/// Columns of the terminal at standard error.
pub(super) fn columns() -> usize {
    let size = rustix::termios::tcgetwinsize(std::io::stderr());
    size.ok().map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0).unwrap_or(80)
}
