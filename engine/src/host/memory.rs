//! What an earlier import found, and whether it still holds.
//!
//! A row per request in the store's `Meta` table. It holds while every path that was looked at has the stamp it had,
//! and while all that the manifest names is in the store: that is known while nothing left the store (its epoch), and
//! looked up once when something did. Disposable.
//! This file does not know how an import is made.

use super::{Asked, Manifest};
use gx_store::{BlobId, Blobs, HostImport, Node, Rows, Stamp, Store, StoreError, Table, TreeId, Trees, row};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Changes when an import of the same files would give another manifest.
const REVISION: u32 = 3;

/// The row.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Found {
    /// The manifest.
    pub(super) manifest: BlobId,
    /// Its tree.
    pub(super) tree: TreeId,
    /// The store's epoch in which everything was there.
    pub(super) epoch: u64,
    /// Files in it.
    pub(super) files: usize,
    /// Paths below the root, not followed; `None` where nothing was.
    pub(super) stamps: Vec<(String, Option<Stamp>)>,
    /// Folders whose names decided something.
    pub(super) listings: Vec<(String, Option<Stamp>)>,
}

impl Found {
    /// What is told of it.
    pub(super) fn import(&self) -> HostImport {
        HostImport { manifest: self.manifest, digest: self.manifest.0, files: self.files }
    }

    /// The same, with everything looked up in the store's present epoch; `None` where something is not there.
    pub(super) fn still_stored(&self, store: &Store) -> Result<Option<Found>, StoreError> {
        let epoch = store.epoch();
        // Asking also keeps them from a collection while a build is under way.
        if !store.has_tree(&self.tree)? || !store.has_blob(&self.manifest)? {
            return Ok(None);
        }
        if epoch != self.epoch {
            let text = String::from_utf8(store.blob(&self.manifest)?).unwrap_or_default();
            let Ok(manifest) = Manifest::parse(&text) else { return Ok(None) };
            for node in manifest.entries.values().flatten() {
                if let Node::File { blob, .. } = node
                    && !store.has_blob(blob)?
                {
                    return Ok(None);
                }
            }
        }
        Ok(Some(Found { epoch, ..self.clone() }))
    }

    /// Is the host as it was?
    pub(super) fn unchanged(&self, root: &Path) -> bool {
        let same = |(path, stamp): &(String, Option<Stamp>)| {
            let now = std::fs::symlink_metadata(root.join(path)).ok();
            match (stamp, now) {
                (None, None) => true,
                (Some(stamp), Some(now)) => *stamp == Stamp::of(&now),
                _ => false,
            }
        };
        let listed = |(path, stamp): &(String, Option<Stamp>)| {
            *stamp == std::fs::metadata(root.join(path)).ok().map(|now| Stamp::of(&now))
        };
        self.listings.iter().all(listed) && self.stamps.par_iter().with_min_len(64).all(same)
    }
}

fn key(store: &Store, asked: &Asked) -> Option<Vec<u8>> {
    let digest = store.function().digest(&row::encode(&(REVISION, &asked.0, asked.1.as_deref()))?);
    Some(format!("host_toolchain/{}", digest.hex()).into_bytes())
}

/// What was found for this request before.
pub(super) fn recall(store: &Store, asked: &Asked) -> Result<Option<Found>, StoreError> {
    let Some(key) = key(store, asked) else { return Ok(None) };
    Ok(store.row(Table::Meta, &key)?.and_then(|bytes| row::decode(&bytes)))
}

/// Keeps what was found.
pub(super) fn remember(store: &Store, asked: &Asked, found: &Found) -> Result<(), StoreError> {
    match (key(store, asked), row::encode(found)) {
        (Some(key), Some(bytes)) => store.change_rows(Table::Meta, &[(key, Some(bytes))]),
        _ => Ok(()),
    }
}
