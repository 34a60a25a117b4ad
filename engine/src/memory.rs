//! Memory that was freed, given back to the system.
//!
//! A build takes and frees tens of megabytes in small pieces, between others that stay. The allocator keeps such pages
//! for itself unless it is asked. Invariant: nothing that is in use is touched. This file does not know who uses what.

/// Gives back the pages on which nothing is in use. Takes some milliseconds, in which others may wait for memory: for
/// a moment in which nobody waits for an answer. Does nothing where the C library has no such call.
pub fn give_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: the call takes no pointer, locks what it reads, and gives away nothing but what was freed.
    unsafe {
        libc::malloc_trim(0);
    }
}
