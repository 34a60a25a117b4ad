//! The daemon: one process per user and store that owns the store and keeps everything warm.
//!
//! `place` says where it is met, `wire` how it is spoken to, `connect` is the client's side and `serve` its own.
//! Invariants: it sets up nothing process-wide that a request could feel; what a request needs of its environment
//! comes with the request.

pub mod connect;
mod outbox;
pub mod place;
pub mod serve;
pub mod status;
pub mod wire;

use std::os::unix::fs::MetadataExt;

/// Names this very build of gx: its version, and size and time of its binary.
pub fn build_id() -> String {
    let stamp = std::fs::metadata("/proc/self/exe");
    let stamp = stamp.map(|found| format!("{}.{}.{}", found.size(), found.mtime(), found.mtime_nsec()));
    format!("{} {}", env!("CARGO_PKG_VERSION"), stamp.unwrap_or_default())
}
