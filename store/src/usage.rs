//! What a store holds and what it takes on disk; objects by the start of their hash.
//!
//! Invariant: nothing here changes the store. This file does not know how its answers are shown.

use crate::digest::{Digest, HashFunction};
use crate::error::StoreError;
use crate::gc::Count;
use crate::store::Store;
use crate::traits::ObjectKind;
use std::collections::{BTreeMap, HashSet};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// What a store holds, and its size on disk by folder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Usage {
    /// Objects by kind, with the sum of their sizes.
    pub objects: BTreeMap<ObjectKind, Count>,
    /// Bytes on disk by folder (`cas`, `db`, `quarantine`, `scratch`, `trees`); an inode counts once, where it is
    /// met first, so hard links from `trees` into `cas` cost nothing.
    pub disk: BTreeMap<String, Count>,
}

impl Store {
    /// Counts objects and measures the folders.
    pub fn usage(&self) -> Result<Usage, StoreError> {
        let mut usage = Usage::default();
        for kind in ObjectKind::ALL {
            let count = usage.objects.entry(kind).or_default();
            self.backend().list(kind, b"", &mut |_, bytes| {
                count.add(bytes);
                true
            })?;
        }
        let mut seen = HashSet::new();
        for folder in ["cas", "db", "quarantine", "scratch", "trees"] {
            let count = usage.disk.entry(folder.to_owned()).or_default();
            measure(&self.directory().join(folder), &mut seen, count);
        }
        Ok(usage)
    }

    /// Objects of a kind, in order of their digests; `visit` returns false to stop.
    pub fn objects(&self, kind: ObjectKind, visit: &mut dyn FnMut(&Digest, u64) -> bool) -> Result<(), StoreError> {
        self.backend().list(kind, b"", visit)
    }

    /// Objects whose hash starts with these hex digits, or which have this full digest (`blake3:<hex>:<size>`).
    /// At most `limit` of each kind; a text that is neither gives none.
    pub fn resolve_prefix(&self, text: &str, limit: usize) -> Result<Vec<(ObjectKind, Digest)>, StoreError> {
        let full = text.parse::<Digest>().ok();
        let functions: Vec<HashFunction> = match &full {
            Some(digest) => vec![digest.function],
            None => HashFunction::ALL.to_vec(),
        };
        let digits = full.map_or_else(|| text.to_owned(), |digest| digest.hex());
        let whole = digits.get(..digits.len() & !1).unwrap_or_default();
        let Ok(bytes) = hex::decode(whole) else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for function in functions {
            let prefix = [&[function.code()], bytes.as_slice()].concat();
            for kind in ObjectKind::ALL {
                let mut left = limit;
                self.backend().list(kind, &prefix, &mut |id, _| {
                    if full.is_none_or(|full| full == *id) && id.hex().starts_with(&digits) {
                        found.push((kind, *id));
                        left = left.saturating_sub(1);
                    }
                    left > 0
                })?;
            }
        }
        Ok(found)
    }
}

/// Files that vanish meanwhile are not counted.
fn measure(path: &Path, seen: &mut HashSet<(u64, u64)>, count: &mut Count) {
    let Ok(entries) = std::fs::read_dir(path) else { return };
    for entry in entries.flatten() {
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_dir() {
            measure(&entry.path(), seen, count);
        } else if seen.insert((metadata.dev(), metadata.ino())) {
            count.add(metadata.blocks() * 512);
        }
    }
}
