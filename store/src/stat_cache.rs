//! The stat cache: path and stamp -> digest, in memory and in the table `Stats`.
//!
//! Invariants: an entry is used only for the very stamp it was made with; it is made only when the file was
//! older than the file system's own clock by a margin at the time it was read ("racy" files, which could
//! change once more without a new stamp, are hashed again next time); an entry says that the blob is in the
//! store only for the epoch of the backend it was checked in.
//! This file knows no wall clock: "now" is the stamp of a file touched in scratch.

use crate::digest::Digest;
use crate::error::StoreError;
use crate::row;
use crate::scratch::Scratch;
use crate::stamp::Stamp;
use crate::traits::{RowChange, Rows, Table};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How much older than "now" a file must be: coarse clocks tick every 4 to 10 ms.
const MARGIN_NS: i64 = 25_000_000;
/// The same for a file on another device, which may have another clock or coarser stamps.
const FOREIGN_MARGIN_NS: i64 = 2_500_000_000;
const SHARDS: usize = 32;

/// What is known of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Known {
    pub(crate) stamp: Stamp,
    pub(crate) digest: Digest,
    /// The epoch in which the blob was in the store; `None`: it was never looked for.
    pub(crate) stored: Option<u64>,
}

type Shard = HashMap<PathBuf, Known>;

/// The cache in memory.
#[derive(Debug)]
pub(crate) struct StatCache {
    shards: Vec<Mutex<Shard>>,
    hasher: RandomState,
    loaded: Mutex<HashSet<PathBuf>>,
    written: AtomicU64,
}

/// The file system's clock, as its device shows it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    dev: u64,
    time_ns: i64,
}

impl Now {
    /// Touches a file in scratch.
    pub(crate) fn learn(scratch: &Scratch) -> Result<Now, StoreError> {
        let (file, temp) = scratch.file()?;
        let metadata = file.metadata().map_err(|e| StoreError::io("reading", temp.path(), e))?;
        let stamp = Stamp::of(&metadata);
        Ok(Now { dev: stamp.dev, time_ns: stamp.mtime_ns.min(stamp.ctime_ns) })
    }

    /// Was the file last changed long enough before now that one more change must give another stamp?
    pub(crate) fn settles(&self, stamp: &Stamp) -> bool {
        let margin = if stamp.dev == self.dev { MARGIN_NS } else { FOREIGN_MARGIN_NS };
        stamp.mtime_ns.max(stamp.ctime_ns) < self.time_ns.saturating_sub(margin)
    }
}

impl StatCache {
    pub(crate) fn new() -> StatCache {
        StatCache {
            shards: std::iter::repeat_with(Mutex::default).take(SHARDS).collect(),
            hasher: RandomState::new(),
            loaded: Mutex::default(),
            written: AtomicU64::new(0),
        }
    }

    fn shard(&self, path: &Path) -> Option<MutexGuard<'_, Shard>> {
        let at = self.hasher.hash_one(path.as_os_str().as_bytes()) as usize % SHARDS;
        self.shards.get(at).map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What is known of a path with that very stamp; looks in the table when memory knows nothing.
    pub(crate) fn get(&self, rows: &dyn Rows, path: &Path, stamp: &Stamp) -> Option<Known> {
        let in_memory = self.shard(path)?.get(path).copied();
        let known = match in_memory {
            Some(known) => known,
            None => {
                let bytes = rows.row(Table::Stats, path.as_os_str().as_bytes()).ok()??;
                let known: Known = row::decode(&bytes)?;
                self.shard(path)?.insert(path.to_owned(), known);
                known
            }
        };
        (known.stamp == *stamp).then_some(known)
    }

    /// Remembers in memory.
    pub(crate) fn insert(&self, path: &Path, known: Known) {
        if let Some(mut shard) = self.shard(path) {
            shard.insert(path.to_owned(), known);
        }
    }

    /// Remembers in the table. What cannot be written is only slower next time.
    pub(crate) fn persist(&self, rows: &dyn Rows, entries: &[(PathBuf, Known)]) {
        let changes: Vec<RowChange> =
            entries.iter().map(|(path, known)| (path.as_os_str().as_bytes().to_vec(), row::encode(known))).collect();
        if changes.is_empty() {
            return;
        }
        if let Err(error) = rows.change_rows(Table::Stats, &changes) {
            tracing::warn!(%error, "the stat cache cannot be written");
        }
        self.written.fetch_add(1, Ordering::SeqCst);
    }

    /// Changes whenever rows were written.
    pub(crate) fn generation(&self) -> u64 {
        self.written.load(Ordering::SeqCst)
    }

    /// Brings every row below `root` into memory, once: one scan is much faster than a read for each path.
    pub(crate) fn load(&self, rows: &dyn Rows, root: &Path) {
        if !self.loaded.lock().unwrap_or_else(PoisonError::into_inner).insert(root.to_owned()) {
            return;
        }
        let mut prefix = root.as_os_str().as_bytes().to_vec();
        if !prefix.ends_with(b"/") {
            prefix.push(b'/');
        }
        let scanned = rows.scan(Table::Stats, &prefix, &mut |key, value| {
            let path = PathBuf::from(std::ffi::OsStr::from_bytes(key));
            if let Some(known) = row::decode::<Known>(value)
                && let Some(mut shard) = self.shard(&path)
            {
                shard.entry(path).or_insert(known);
            }
            true
        });
        if let Err(error) = scanned {
            tracing::warn!(%error, "the stat cache cannot be read");
        }
    }
}

/// The digest in a row, for those who ask whether its blob is still there.
pub(crate) fn known_digest(bytes: &[u8]) -> Option<Digest> {
    row::decode::<Known>(bytes).map(|known| known.digest)
}
