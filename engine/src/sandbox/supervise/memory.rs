//! The memory of a supervised process.
//!
//! Invariant: nothing is believed of an address; one that is not mapped is `EFAULT`, as in the kernel.

use super::notify::Caller;
use std::os::fd::OwnedFd;

/// The longest path the kernel takes, with its NUL.
const LONGEST_PATH: usize = 4096;
const PAGE: u64 = 4096;
/// Most paths are shorter.
const FIRST_LOOK: u64 = 256;

fn open(thread: u32, flags: rustix::fs::OFlags) -> Result<OwnedFd, i32> {
    let path = format!("/proc/{thread}/mem");
    rustix::fs::open(path, flags | rustix::fs::OFlags::CLOEXEC, rustix::fs::Mode::empty()).map_err(|e| e.raw_os_error())
}

/// Reads as much of `to` as is mapped.
pub(super) fn read(caller: Caller, thread: u32, at: u64, to: &mut [u8]) -> Result<usize, i32> {
    let read = if caller.is_filtered() {
        let memory = open(thread, rustix::fs::OFlags::RDONLY)?;
        rustix::io::pread(&memory, &mut *to, at).map_err(|_| libc::EFAULT)?
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
pub(super) fn read_all(caller: Caller, thread: u32, at: u64, to: &mut [u8]) -> Result<(), i32> {
    if read(caller, thread, at, to)? == to.len() { Ok(()) } else { Err(libc::EFAULT) }
}

/// A number of 64 bits.
pub(super) fn read_long(caller: Caller, thread: u32, at: u64) -> Result<u64, i32> {
    let mut bytes = [0; 8];
    read_all(caller, thread, at, &mut bytes)?;
    Ok(u64::from_ne_bytes(bytes))
}

/// A text that ends with a NUL.
pub(super) fn read_path(caller: Caller, thread: u32, mut at: u64) -> Result<Vec<u8>, i32> {
    let mut path = Vec::new();
    let mut look = FIRST_LOOK;
    loop {
        // The page behind the last may not be mapped.
        let part = look.min(PAGE - at % PAGE) as usize;
        let mut bytes = vec![0; part];
        let read = read(caller, thread, at, &mut bytes)?;
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
pub(super) fn write(caller: Caller, thread: u32, at: u64, bytes: &[u8]) -> Result<(), i32> {
    if bytes.is_empty() {
        return Ok(());
    }
    if caller.is_filtered() {
        return force(thread, &[(at, bytes)]);
    }
    let ours = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    let theirs = libc::iovec { iov_base: at as *mut libc::c_void, iov_len: bytes.len() };
    // SAFETY: the kernel reads our live slice only, and checks the address in the other process.
    let written = unsafe { libc::process_vm_writev(thread as i32, &ours, 1, &theirs, 1, 0) };
    if written == bytes.len() as isize { Ok(()) } else { Err(libc::EFAULT) }
}

/// Writes, each at its place, into code and other memory that the process itself may only read.
pub(super) fn force(thread: u32, parts: &[(u64, &[u8])]) -> Result<(), i32> {
    let memory = open(thread, rustix::fs::OFlags::RDWR)?;
    for (at, bytes) in parts {
        if !rustix::io::pwrite(&memory, bytes, *at).is_ok_and(|written| written == bytes.len()) {
            return Err(libc::EFAULT);
        }
    }
    Ok(())
}

/// The bytes of a plain C structure.
pub(super) fn bytes_of<T: Copy>(value: &T) -> &[u8] {
    // SAFETY: the value lives as long as the slice, and callers pass C structures of numbers that were zeroed whole
    // before they were filled, so no byte of them is uninitialised.
    unsafe { std::slice::from_raw_parts(std::ptr::from_ref(value).cast(), size_of::<T>()) }
}
