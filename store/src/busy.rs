//! Programs that were just written, and may still be open somewhere for writing.
//!
//! A process that is started gets a copy of all descriptors of the one that starts it, and has it until it becomes its
//! program. If one of them was open for writing, the kernel refuses to run that file ("text file busy") although its
//! writer has closed it. Invariant: what `settle` has seen is open for writing nowhere, or a second has passed. It is
//! for files of the store and of actions only, which nobody else opens for writing.

use std::fs::File;
use std::io::Error;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::time::Duration;

/// How long the time between making a process and its program may be: then whoever runs the file is told.
const TRIES: u32 = 1_000;
const PAUSE: Duration = Duration::from_millis(1);

/// Closes a program that was written, and waits until nobody has it open for writing any more.
pub fn settle(written: File, path: &Path) {
    drop(written);
    let Ok(file) = File::open(path) else { return };
    for _ in 0..TRIES {
        if !is_busy(&file) {
            return;
        }
        std::thread::sleep(PAUSE);
    }
}

/// Is it open for writing anywhere? `false` also where the kernel or the file system cannot tell.
fn is_busy(file: &File) -> bool {
    // The kernel grants a lease for reading only on a file that nobody has open for writing. It ends with `file`.
    // SAFETY: takes numbers only.
    let granted = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETLEASE, libc::F_RDLCK) };
    granted == -1 && Error::last_os_error().raw_os_error() == Some(libc::EAGAIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_another_holds_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("program");
        let written = File::create(&path).unwrap();
        let held = written.try_clone().unwrap();
        if !is_busy(&File::open(&path).unwrap()) {
            eprintln!("skipped: this file system does not tell who has a file open");
            return;
        }
        let other = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(20));
            drop(held);
        });
        settle(written, &path);
        assert!(!is_busy(&File::open(&path).unwrap()));
        other.join().unwrap();
    }
}
