//! In place of the keeper of level `strict` on processors whose counter of time cannot be taken from a program.
//!
//! Invariant: nothing here is reached, since `level::reachable` is lower; it refuses all the same.

use libc::{c_int, pid_t, sock_filter};

/// That step.
pub(super) const TRACING: &str = "tracing a program";

/// No call stops.
pub(super) fn shown() -> Vec<sock_filter> {
    Vec::new()
}

/// Cannot be done here.
pub(super) fn seize(_: pid_t) -> Result<(), i32> {
    Err(libc::ENOSYS)
}

/// Cannot be done here.
pub(super) fn hide_counter() -> Result<(), i32> {
    Err(libc::ENOSYS)
}

/// Cannot be done here.
pub(super) fn until_program(_: pid_t) -> Result<bool, i32> {
    Err(libc::ENOSYS)
}

/// Cannot be done here.
pub(super) fn keep(_: pid_t) -> Result<c_int, i32> {
    Err(libc::ENOSYS)
}
