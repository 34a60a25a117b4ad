//! A store beside a store: it reads from the one below, and keeps what it is given to itself.
//!
//! For work whose results must not be found by anybody: an audit runs actions again and compares. Small objects are
//! kept in memory, large files in a scratch folder that goes with it. Invariants: no object and no outcome reaches the
//! store below; what is there already is not kept twice. What is recorded of materialised trees does reach it: those
//! are made in the folder that both share. This file does not know what is done with the objects.

use crate::cas::hash_file;
use crate::digest::{ActionId, BlobId, Digest, HashFunction, TreeId};
use crate::error::StoreError;
use crate::outcome::Outcome;
use crate::scratch::ScratchDir;
use crate::store::{Backend, Store};
use crate::traits::{Blobs, Commit, Inventory, Object, ObjectKind, Outcomes, RowChange, Rows, Table, Trees};
use crate::tree::Directory;
use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The backend.
struct Aside {
    below: Arc<dyn Backend>,
    function: HashFunction,
    kept: Mutex<Kept>,
    /// Holds the large files; removed last.
    folder: ScratchDir,
}

#[derive(Default)]
struct Kept {
    small: HashMap<BlobId, Arc<[u8]>>,
    large: HashMap<BlobId, PathBuf>,
    trees: HashMap<TreeId, Arc<Directory>>,
}

impl Store {
    /// A store that reads from this one and keeps what it is given to itself, until its last clone is dropped.
    pub fn aside(&self) -> Result<Store, StoreError> {
        let aside = Aside {
            below: self.backend_shared(),
            function: self.function(),
            kept: Mutex::default(),
            folder: self.new_scratch()?,
        };
        Ok(self.with_backend(Arc::new(aside)))
    }
}

impl Aside {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Blobs for Aside {
    fn has_blob(&self, id: &BlobId) -> Result<bool, StoreError> {
        let kept = self.kept();
        if kept.small.contains_key(id) || kept.large.contains_key(id) {
            return Ok(true);
        }
        drop(kept);
        self.below.has_blob(id)
    }

    fn blob(&self, id: &BlobId) -> Result<Vec<u8>, StoreError> {
        let (small, large) = {
            let kept = self.kept();
            (kept.small.get(id).cloned(), kept.large.get(id).cloned())
        };
        match (small, large) {
            (Some(bytes), _) => Ok(bytes.to_vec()),
            (None, Some(path)) => std::fs::read(&path).map_err(|e| StoreError::io("reading", path, e)),
            (None, None) => self.below.blob(id),
        }
    }

    fn open_blob(&self, id: &BlobId) -> Result<Box<dyn Read + Send>, StoreError> {
        let large = self.kept().large.get(id).cloned();
        if let Some(path) = large {
            return Ok(Box::new(File::open(&path).map_err(|e| StoreError::io("reading", path, e))?));
        }
        if self.kept().small.contains_key(id) {
            return Ok(Box::new(std::io::Cursor::new(self.blob(id)?)));
        }
        self.below.open_blob(id)
    }

    fn put_blob(&self, bytes: &[u8]) -> Result<BlobId, StoreError> {
        let id = BlobId(self.function.digest(bytes));
        if !self.below.has_blob(&id)? {
            self.kept().small.insert(id, Arc::from(bytes));
        }
        Ok(id)
    }

    fn put_file(&self, file: &Path, take: bool) -> Result<BlobId, StoreError> {
        let mut open = File::open(file).map_err(|e| StoreError::io("reading", file, e))?;
        let id = BlobId(hash_file(self.function, &mut open, file)?);
        let to = self.folder.path().join(id.0.hex());
        if self.has_blob(&id)? {
            return if take { crate::files::remove_all(file).map(|()| id) } else { Ok(id) };
        }
        // A scratch folder lies where `take` promises that the file does.
        let moved = if take { std::fs::rename(file, &to) } else { std::fs::copy(file, &to).map(drop) };
        moved.map_err(|e| StoreError::io("keeping", file, e))?;
        self.kept().large.insert(id, to);
        Ok(id)
    }
}

impl Trees for Aside {
    fn has_tree(&self, id: &TreeId) -> Result<bool, StoreError> {
        if self.kept().trees.contains_key(id) { Ok(true) } else { self.below.has_tree(id) }
    }

    fn tree(&self, id: &TreeId) -> Result<Arc<Directory>, StoreError> {
        let kept = self.kept().trees.get(id).cloned();
        kept.map_or_else(|| self.below.tree(id), Ok)
    }

    fn put_tree(&self, bytes: &[u8]) -> Result<TreeId, StoreError> {
        let directory = Directory::decode(self.function, bytes)?;
        let id = TreeId(self.function.digest(bytes));
        if !self.below.has_tree(&id)? {
            self.kept().trees.insert(id, Arc::new(directory));
        }
        Ok(id)
    }
}

impl Outcomes for Aside {
    fn outcome(&self, id: &ActionId) -> Result<Option<Outcome>, StoreError> {
        self.below.outcome(id)
    }

    fn prepare(&self, objects: &[Object]) -> Result<(), StoreError> {
        objects.iter().try_for_each(|object| match object {
            Object::Blob(_, bytes) => self.put_blob(bytes).map(drop),
            Object::Tree(_, bytes) => self.put_tree(bytes).map(drop),
        })
    }

    /// Keeps the objects. The outcomes are nobody's answer.
    fn commit(&self, commits: &[Commit]) -> Result<(), StoreError> {
        commits.iter().try_for_each(|commit| self.prepare(&commit.objects))
    }

    fn forget(&self, _id: &ActionId) -> Result<(), StoreError> {
        Ok(())
    }
}

impl Rows for Aside {
    fn row(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.below.row(table, key)
    }

    fn change_rows(&self, table: Table, changes: &[RowChange]) -> Result<(), StoreError> {
        match table {
            Table::Meta | Table::Quarantine => self.below.change_rows(table, changes),
            _ => Ok(()),
        }
    }

    fn scan(&self, table: Table, prefix: &[u8], visit: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), StoreError> {
        self.below.scan(table, prefix, visit)
    }
}

impl Inventory for Aside {
    fn list(
        &self,
        kind: ObjectKind,
        prefix: &[u8],
        visit: &mut dyn FnMut(&Digest, u64) -> bool,
    ) -> Result<(), StoreError> {
        self.below.list(kind, prefix, visit)
    }

    fn remove(&self, _kind: ObjectKind, _ids: &[Digest]) -> Result<(), StoreError> {
        Ok(())
    }

    fn quarantine(&self, kind: ObjectKind, id: &Digest) -> Result<(), StoreError> {
        self.below.quarantine(kind, id)
    }

    fn epoch(&self) -> u64 {
        self.below.epoch()
    }

    fn compact(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
