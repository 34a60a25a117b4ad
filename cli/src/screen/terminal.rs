//! Writing to standard output and standard error without ever panicking: a reader that went away is no error
//! of ours, results that could not be written are.

use crate::error::Report;
use std::io::{ErrorKind, Write};

/// Why standard output is of no use any more.
#[derive(Debug)]
pub enum Lost {
    /// Whoever read it went away and wants no more.
    Reader,
    /// It cannot be written: a full disk, for instance.
    Broken(std::io::Error),
}

impl Lost {
    /// What a person is told of it; a reader that went away is no trouble.
    pub fn report(&self) -> Result<(), Report> {
        match self {
            Lost::Reader => Ok(()),
            Lost::Broken(error) => {
                let full = matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded);
                let report = Report::new(808, "standard output cannot be written, so the answer is not complete");
                let report = report.cause(error);
                Err(if full { report.hint("make room where it is written to, and run the same again") } else { report })
            }
        }
    }
}

/// Writes bytes to standard output and flushes.
pub fn write_stdout(bytes: &[u8]) -> Result<(), Lost> {
    write_to(&mut std::io::stdout().lock(), bytes)
}

fn write_to(out: &mut dyn Write, bytes: &[u8]) -> Result<(), Lost> {
    out.write_all(bytes).and_then(|()| out.flush()).map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => Lost::Reader,
        _ => Lost::Broken(error),
    })
}

/// Writes text to standard error; a closed pipe is ignored.
pub fn write_stderr(text: &str) {
    // Nobody is left to be told when this fails.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Prints an error when there is no screen; on standard error, if standard output does not take it.
pub fn print_error(report: &Report, json: bool) {
    let line = if json { crate::event::Event::Error(report.clone()).json() } else { None };
    let told = line.is_some_and(|line| write_stdout(format!("{line}\n").as_bytes()).is_ok());
    if !told {
        write_stderr(&report.text(false));
    }
}

/// Rows and columns of the terminal at standard error.
pub(super) fn size() -> (usize, usize) {
    let size = rustix::termios::tcgetwinsize(std::io::stderr()).ok();
    let given = |length: Option<u16>, usual: usize| length.map(usize::from).filter(|n| *n > 0).unwrap_or(usual);
    (given(size.map(|size| size.ws_row), 24), given(size.map(|size| size.ws_col), 80))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fails(ErrorKind);

    impl Write for Fails {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_left_is_no_trouble_and_a_full_disk_is() {
        assert!(write_to(&mut Vec::new(), b"x").is_ok());
        assert!(write_to(&mut Fails(ErrorKind::BrokenPipe), b"x").unwrap_err().report().is_ok());
        let report = write_to(&mut Fails(ErrorKind::StorageFull), b"x").unwrap_err().report().unwrap_err();
        insta::assert_snapshot!(report.text(false));
        assert!(write_to(&mut Fails(ErrorKind::PermissionDenied), b"x").unwrap_err().report().is_err());
    }
}
