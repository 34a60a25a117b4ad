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
    // The kernel grants a lease for reading only on a file that nobody has open for writing.
    match lease(file, libc::F_RDLCK) {
        // Given back, not only closed: a child that was made meanwhile would keep it, and whoever wrote the file then
        // would have this process ended by a signal.
        Ok(()) => {
            let _ = lease(file, libc::F_UNLCK);
            false
        }
        Err(error) => error.raw_os_error() == Some(libc::EAGAIN),
    }
}

fn lease(file: &File, kind: libc::c_int) -> Result<(), Error> {
    // SAFETY: takes numbers only.
    match unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETLEASE, kind) } {
        -1 => Err(Error::last_os_error()),
        _ => Ok(()),
    }
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

    #[test]
    fn nothing_is_left_of_the_question() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("program");
        settle(File::create(&path).unwrap(), &path);
        let asked = File::open(&path).unwrap();
        // As a child has it that was made while the kernel was asked.
        let inherited = asked.try_clone().unwrap();
        assert!(!is_busy(&asked));
        drop(asked);
        // With a lease left, this would wait for its holder, and signal it.
        File::options().write(true).open(&path).unwrap();
        drop(inherited);
    }
}
