//! Stat stamps: what the file system says of a file, to tell whether it can have changed.
//!
//! Invariant: two equal stamps of one path, where the first was taken when the file was not "racy" (see
//! `stat_cache.rs`), mean equal content. This file does not know digests.

use serde::{Deserialize, Serialize};
use std::os::unix::fs::MetadataExt;

/// The parts of `stat` that change when a file changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Stamp {
    /// Device.
    pub dev: u64,
    /// Inode.
    pub ino: u64,
    /// Size in bytes.
    pub size: u64,
    /// Time of the last change of content, in nanoseconds.
    pub mtime_ns: i64,
    /// Time of the last change of the inode, in nanoseconds.
    pub ctime_ns: i64,
    /// Type and permissions.
    pub mode: u32,
}

impl Stamp {
    /// The stamp of what `stat` gave.
    pub fn of(metadata: &std::fs::Metadata) -> Stamp {
        Stamp {
            dev: metadata.dev(),
            ino: metadata.ino(),
            size: metadata.size(),
            mtime_ns: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
            ctime_ns: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
            mode: metadata.mode(),
        }
    }

    /// May the owner execute it?
    pub fn executable(&self) -> bool {
        self.mode & 0o100 != 0
    }
}

fn nanoseconds(seconds: i64, rest: i64) -> i64 {
    seconds.saturating_mul(1_000_000_000).saturating_add(rest)
}
