//! A backend that fails, loses and spoils things by a seed.

use gx_store::memory::Memory;
use gx_store::traits::{Inventory, ObjectKind};
use gx_store::{
    ActionId, BlobId, Blobs, Commit, Digest, Directory, Object, Outcome, Outcomes, RowChange, Rows, StoreError, Table,
    TreeId, Trees,
};
use std::collections::HashSet;
use std::io::Read;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// A small generator (xorshift): the same seed gives the same faults.
#[derive(Debug)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// True once in `n` times; never for 0.
    pub fn one_in(&mut self, n: u64) -> bool {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        n > 0 && self.0.is_multiple_of(n)
    }
}

#[derive(Debug)]
pub struct Faulty {
    inner: Memory,
    dice: Mutex<Dice>,
    /// One call in so many fails; 0: none.
    pub rate: Mutex<u64>,
    /// Actions whose outcomes were committed.
    pub durable: Mutex<HashSet<ActionId>>,
}

impl Faulty {
    pub fn new(seed: u64, rate: u64) -> Faulty {
        Faulty {
            inner: Memory::new(crate::support::FUNCTION),
            dice: Mutex::new(Dice::new(seed)),
            rate: Mutex::new(rate),
            durable: Mutex::default(),
        }
    }

    pub fn strikes(&self) -> bool {
        let rate = *self.rate.lock().unwrap();
        self.dice.lock().unwrap().one_in(rate)
    }

    fn fail(&self) -> Result<(), StoreError> {
        if self.strikes() { Err(StoreError::Database("an injected fault".into())) } else { Ok(()) }
    }
}

impl Blobs for Faulty {
    fn has_blob(&self, id: &BlobId) -> Result<bool, StoreError> {
        self.fail()?;
        self.inner.has_blob(id)
    }
    fn blob(&self, id: &BlobId) -> Result<Vec<u8>, StoreError> {
        if id.0.size > 0 && self.strikes() {
            self.inner.quarantine(ObjectKind::Blob, &id.0)?;
            return Err(StoreError::Corrupt(id.0));
        }
        self.inner.blob(id)
    }
    fn open_blob(&self, id: &BlobId) -> Result<Box<dyn Read + Send>, StoreError> {
        self.inner.open_blob(id)
    }
    fn put_blob(&self, bytes: &[u8]) -> Result<BlobId, StoreError> {
        self.inner.put_blob(bytes)
    }
    fn put_file(&self, file: &Path, take: bool) -> Result<BlobId, StoreError> {
        self.inner.put_file(file, take)
    }
}

impl Trees for Faulty {
    fn has_tree(&self, id: &TreeId) -> Result<bool, StoreError> {
        self.inner.has_tree(id)
    }
    fn tree(&self, id: &TreeId) -> Result<Arc<Directory>, StoreError> {
        self.inner.tree(id)
    }
    fn put_tree(&self, bytes: &[u8]) -> Result<TreeId, StoreError> {
        self.inner.put_tree(bytes)
    }
}

impl Outcomes for Faulty {
    fn outcome(&self, id: &ActionId) -> Result<Option<Outcome>, StoreError> {
        self.fail()?;
        self.inner.outcome(id)
    }
    fn prepare(&self, objects: &[Object]) -> Result<(), StoreError> {
        self.fail()?;
        self.inner.prepare(objects)
    }
    fn commit(&self, commits: &[Commit]) -> Result<(), StoreError> {
        self.fail()?;
        self.inner.commit(commits)?;
        for commit in commits {
            self.durable.lock().unwrap().insert(commit.outcome.action);
            let blobs = commit.objects.iter().filter_map(|object| match object {
                Object::Blob(id, bytes) if !bytes.is_empty() => Some(id.0),
                _ => None,
            });
            // A disk that loses something right after it said that it had it.
            let lost: Vec<Digest> = blobs.filter(|_| self.strikes()).collect();
            self.inner.remove(ObjectKind::Blob, &lost)?;
        }
        Ok(())
    }
    fn forget(&self, id: &ActionId) -> Result<(), StoreError> {
        self.fail()?;
        self.inner.forget(id)
    }
}

impl Rows for Faulty {
    fn row(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.row(table, key)
    }
    fn change_rows(&self, table: Table, changes: &[RowChange]) -> Result<(), StoreError> {
        if table == Table::History || table == Table::Durations {
            self.fail()?;
        }
        self.inner.change_rows(table, changes)
    }
    fn scan(&self, table: Table, prefix: &[u8], visit: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), StoreError> {
        self.inner.scan(table, prefix, visit)
    }
}

impl Inventory for Faulty {
    fn list(
        &self,
        kind: ObjectKind,
        prefix: &[u8],
        visit: &mut dyn FnMut(&Digest, u64) -> bool,
    ) -> Result<(), StoreError> {
        self.inner.list(kind, prefix, visit)
    }
    fn remove(&self, kind: ObjectKind, ids: &[Digest]) -> Result<(), StoreError> {
        self.inner.remove(kind, ids)
    }
    fn quarantine(&self, kind: ObjectKind, id: &Digest) -> Result<(), StoreError> {
        self.inner.quarantine(kind, id)
    }
    fn epoch(&self) -> u64 {
        self.inner.epoch()
    }
    fn compact(&self) -> Result<(), StoreError> {
        self.inner.compact()
    }
}
