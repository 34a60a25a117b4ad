//! The memory of a supervised process.
//!
//! Invariant: nothing is believed of an address; one that is not mapped is `EFAULT`, as in the kernel.

use super::notify::Caller;
use rustix::fs::{Mode, OFlags};
use std::cell::RefCell;
use std::os::fd::OwnedFd;

/// The longest path the kernel takes, with its NUL.
const LONGEST_PATH: usize = 4096;
const PAGE: u64 = 4096;
/// Most paths are shorter.
const FIRST_LOOK: u64 = 256;

/// The way to the memory of an action's processes.
///
/// A spawner of light commands may not copy between processes, but has one process to look at, whose memory stays open
/// from its first call to its last.
#[derive(Debug, Default)]
pub(super) struct Memory {
    kept: RefCell<Option<(u32, OwnedFd)>>,
    keeps: bool,
}

impl Memory {
    pub(super) fn new(caller: Caller) -> Memory {
        Memory { kept: RefCell::new(None), keeps: caller.is_filtered() }
    }

    /// Does something with a process's memory file. `Ok(0)` is also what the file of a program gives that has made way
    /// for another one.
    fn with(&self, thread: u32, act: impl Fn(&OwnedFd) -> rustix::io::Result<usize>) -> Result<usize, i32> {
        let mut kept = self.kept.borrow_mut();
        if let Some((_, memory)) = kept.as_ref().filter(|(known, _)| *known == thread) {
            match act(memory) {
                Ok(0) => {}
                done => return done.map_err(|_| libc::EFAULT),
            }
        }
        let flags = OFlags::RDWR | OFlags::CLOEXEC;
        let memory = rustix::fs::open(format!("/proc/{thread}/mem"), flags, Mode::empty());
        let memory = memory.map_err(|e| e.raw_os_error())?;
        let done = act(&memory).map_err(|_| libc::EFAULT);
        *kept = self.keeps.then_some((thread, memory));
        done
    }

    /// Reads as much of `to` as is mapped.
    pub(super) fn read(&self, thread: u32, at: u64, to: &mut [u8]) -> Result<usize, i32> {
        let read = if self.keeps {
            let place = RefCell::new(&mut *to);
            self.with(thread, |memory| rustix::io::pread(memory, &mut **place.borrow_mut(), at))?
        } else {
            let ours = libc::iovec { iov_base: to.as_mut_ptr().cast(), iov_len: to.len() };
            let theirs = libc::iovec { iov_base: at as *mut libc::c_void, iov_len: to.len() };
            // SAFETY: the kernel writes into our live slice only, and checks the address in the other process.
            match unsafe { libc::process_vm_readv(thread as i32, &ours, 1, &theirs, 1, 0) } {
                -1 => return Err(libc::EFAULT),
                read => read as usize,
            }
        };
        if read == 0 && !to.is_empty() { Err(libc::EFAULT) } else { Ok(read) }
    }

    /// Reads all of `to`.
    pub(super) fn read_all(&self, thread: u32, at: u64, to: &mut [u8]) -> Result<(), i32> {
        if self.read(thread, at, to)? == to.len() { Ok(()) } else { Err(libc::EFAULT) }
    }

    /// A number of 64 bits.
    pub(super) fn read_long(&self, thread: u32, at: u64) -> Result<u64, i32> {
        let mut bytes = [0; 8];
        self.read_all(thread, at, &mut bytes)?;
        Ok(u64::from_ne_bytes(bytes))
    }

    /// A text that ends with a NUL.
    pub(super) fn read_path(&self, thread: u32, mut at: u64) -> Result<Vec<u8>, i32> {
        let mut path = Vec::new();
        let mut look = FIRST_LOOK;
        loop {
            // The page behind the last may not be mapped.
            let part = look.min(PAGE - at % PAGE) as usize;
            let mut bytes = vec![0; part];
            let read = self.read(thread, at, &mut bytes)?;
            bytes.truncate(read);
            if let Some(end) = bytes.iter().position(|byte| *byte == 0) {
                path.extend(bytes.iter().take(end));
                return if path.len() < LONGEST_PATH { Ok(path) } else { Err(libc::ENAMETOOLONG) };
            }
            path.extend(bytes);
            if path.len() >= LONGEST_PATH {
                return Err(libc::ENAMETOOLONG);
            }
            (at, look) = (at + read as u64, PAGE);
        }
    }

    /// Writes where the process may write itself.
    pub(super) fn write(&self, thread: u32, at: u64, bytes: &[u8]) -> Result<(), i32> {
        if bytes.is_empty() {
            return Ok(());
        }
        if self.keeps {
            return self.force(thread, &[(at, bytes)]);
        }
        let ours = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
        let theirs = libc::iovec { iov_base: at as *mut libc::c_void, iov_len: bytes.len() };
        // SAFETY: the kernel reads our live slice only, and checks the address in the other process.
        let written = unsafe { libc::process_vm_writev(thread as i32, &ours, 1, &theirs, 1, 0) };
        if written == bytes.len() as isize { Ok(()) } else { Err(libc::EFAULT) }
    }

    /// Writes, each at its place, into code and other memory too that the process itself may only read.
    pub(super) fn force(&self, thread: u32, parts: &[(u64, &[u8])]) -> Result<(), i32> {
        let written = self.with(thread, |memory| {
            let mut written = 0;
            for (at, bytes) in parts {
                written += match rustix::io::pwrite(memory, bytes, *at)? {
                    part if part == bytes.len() => part,
                    _ => return Ok(0),
                };
            }
            Ok(written)
        })?;
        if written > 0 || parts.is_empty() { Ok(()) } else { Err(libc::EFAULT) }
    }
}

/// The bytes of a plain C structure.
pub(super) fn bytes_of<T: Copy>(value: &T) -> &[u8] {
    // SAFETY: the value lives as long as the slice, and callers pass C structures of numbers that were zeroed whole
    // before they were filled, so no byte of them is uninitialised.
    unsafe { std::slice::from_raw_parts(std::ptr::from_ref(value).cast(), size_of::<T>()) }
}
