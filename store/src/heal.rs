//! Healing: a blob that was lost is read again from the file of the host it once came from.
//!
//! Outputs that are lost are made again by the engine; sources and files of host toolchains have no producer,
//! but the stat cache remembers where each was read. Invariants: only a file that still has the very content is
//! taken; the index over the stat cache is made again only when rows were added since, so that a thousand blobs
//! that nobody has cost one scan. This file does not know why the blob was lost.

use crate::digest::{BlobId, Digest};
use crate::error::StoreError;
use crate::stat_cache::known_digest;
use crate::store::Store;
use crate::traits::{Blobs, Rows, Table};
use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// Where blobs were read from.
#[derive(Debug, Default)]
pub(crate) struct Origins {
    index: Mutex<Option<Index>>,
}

#[derive(Debug)]
struct Index {
    generation: u64,
    paths: HashMap<Digest, PathBuf>,
}

impl Store {
    /// Does `work`; when a blob turns out lost that a file of the host still has, puts it back and tries again.
    pub(crate) fn healing<T>(&self, work: impl Fn() -> Result<T, StoreError>) -> Result<T, StoreError> {
        match work() {
            Err(StoreError::Missing(lost) | StoreError::Corrupt(lost)) if self.heal(&lost) => work(),
            other => other,
        }
    }

    fn heal(&self, lost: &Digest) -> bool {
        let Some(path) = self.origin(lost) else { return false };
        if lost.function != self.function() || !self.hash_only(&path).is_ok_and(|found| found == *lost) {
            return false;
        }
        let healed = self.put_file(&path, false).is_ok_and(|id| id == BlobId(*lost));
        if healed {
            tracing::warn!(%lost, path = %path.display(), "a lost blob was read again from where it came from");
        }
        healed
    }

    fn origin(&self, id: &Digest) -> Option<PathBuf> {
        let mut index = self.shared().origins.index.lock().unwrap_or_else(PoisonError::into_inner);
        let generation = self.shared().stats.generation();
        if index.as_ref().is_none_or(|index| index.generation != generation) {
            let mut paths = HashMap::new();
            let scanned = self.scan(Table::Stats, b"", &mut |key, value| {
                if let Some(digest) = known_digest(value) {
                    paths.insert(digest, PathBuf::from(OsStr::from_bytes(key)));
                }
                true
            });
            if scanned.is_err() {
                return None;
            }
            *index = Some(Index { generation, paths });
        }
        index.as_ref()?.paths.get(id).cloned()
    }
}
