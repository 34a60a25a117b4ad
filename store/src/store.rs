//! The store as its users hold it: a backend for objects and rows, and the folders on disk beside it.
//!
//! `Store` is cheap to clone. It implements `Blobs`, `Trees`, `Outcomes` and `Rows` by handing on to its
//! backend; each call holds the gate (`lease.rs`) for its length and, while a lease lives, notes what it
//! touched, so that collecting garbage never takes away what a running build relies on.
//! This file does not know RocksDB (`db.rs`) nor how a file is hashed (`ingest.rs`).

use crate::cas::Cas;
use crate::db::Db;
use crate::derivation::Derivation;
use crate::digest::{ActionId, BlobId, DerivationId, Digest, HashFunction, TreeId};
use crate::error::StoreError;
use crate::heal::Origins;
use crate::layout;
use crate::lease::Gate;
use crate::materialise::TreeCache;
use crate::memory::Memory;
use crate::outcome::Outcome;
use crate::scratch::{Scratch, ScratchDir};
use crate::stat_cache::StatCache;
use crate::traits::{Blobs, Commit, Inventory, Object, Outcomes, RowChange, Rows, Table, Trees};
use crate::tree::Directory;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a backend is: the storage traits together.
pub trait Backend: Blobs + Trees + Outcomes + Rows + Inventory {}
impl<T: Blobs + Trees + Outcomes + Rows + Inventory> Backend for T {}

/// A store: objects, outcomes, rows, and the folders beside them.
#[derive(Clone)]
pub struct Store {
    backend: Arc<dyn Backend>,
    shared: Arc<Shared>,
    function: HashFunction,
}

/// What all clones of a store share beside the backend.
pub(crate) struct Shared {
    pub(crate) directory: PathBuf,
    pub(crate) scratch: Arc<Scratch>,
    pub(crate) cas: Arc<Cas>,
    pub(crate) stats: StatCache,
    pub(crate) trees: TreeCache,
    pub(crate) gate: Gate,
    pub(crate) origins: Origins,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("directory", &self.directory()).field("function", &self.function).finish()
    }
}

impl Store {
    /// Opens the store at `directory`, or makes one. The store is this process's alone until the last clone is
    /// dropped: `StoreError::Locked` when another has it, `Newer` when a newer gx made it, `ReadOnly` when it
    /// cannot be written.
    pub fn open(directory: &Path, function: HashFunction) -> Result<Store, StoreError> {
        layout::prepare(directory)?;
        let scratch = Arc::new(Scratch::new(directory.join("scratch")));
        let cas = Arc::new(Cas::new(directory, scratch.clone(), true));
        let db = Db::open(directory, function, cas.clone())?;
        // Only now, with the database's lock held, is what lies in scratch surely nobody's.
        scratch.sweep();
        let store = Store::over(Arc::new(db), directory, scratch, cas, function);
        store.drop_dead_leases()?;
        Ok(store)
    }

    /// A store over any backend, with its folders below `directory`.
    pub fn new(backend: Arc<dyn Backend>, directory: &Path, function: HashFunction) -> Store {
        let scratch = Arc::new(Scratch::new(directory.join("scratch")));
        let cas = Arc::new(Cas::new(directory, scratch.clone(), false));
        Store::over(backend, directory, scratch, cas, function)
    }

    fn over(
        backend: Arc<dyn Backend>,
        directory: &Path,
        scratch: Arc<Scratch>,
        cas: Arc<Cas>,
        function: HashFunction,
    ) -> Store {
        let shared = Shared {
            directory: directory.to_owned(),
            scratch,
            cas,
            stats: StatCache::new(),
            trees: TreeCache::default(),
            gate: Gate::default(),
            origins: Origins::default(),
        };
        Store { backend, shared: Arc::new(shared), function }
    }

    /// A store in memory, for tests; files that must be real lie below `directory`.
    pub fn in_memory(directory: &Path, function: HashFunction) -> Store {
        Store::new(Arc::new(Memory::new(function)), directory, function)
    }

    /// The function of every digest in this build.
    pub fn function(&self) -> HashFunction {
        self.function
    }

    /// The folder that holds `cas/`, `trees/`, `scratch/` and the database.
    pub fn directory(&self) -> &Path {
        &self.shared.directory
    }

    /// The folder for half-made things: on the same file system as `cas/`. Made when first used.
    pub fn scratch(&self) -> PathBuf {
        self.shared.scratch.directory().to_owned()
    }

    /// A new folder in scratch, removed with all below it when the guard is dropped.
    pub fn new_scratch(&self) -> Result<ScratchDir, StoreError> {
        self.shared.scratch.folder()
    }

    /// Changes whenever an object was removed or put in quarantine: digests that were remembered as being in the
    /// store must be looked up again after that.
    pub fn epoch(&self) -> u64 {
        self.backend.epoch()
    }

    /// Keeps a derivation, to be shown and compared later.
    pub fn put_derivations(&self, derivations: &[&Derivation]) -> Result<(), StoreError> {
        let _open = self.shared.gate.enter();
        let rows: Vec<RowChange> = derivations
            .iter()
            .map(|derivation| {
                let bytes = derivation.encode();
                let id = self.function.digest(&bytes);
                self.shared.gate.touch(&id);
                (id.key().to_vec(), Some(bytes))
            })
            .collect();
        self.backend.change_rows(Table::Derivations, &rows)
    }

    /// A derivation that was kept.
    pub fn derivation(&self, id: &DerivationId) -> Result<Option<Derivation>, StoreError> {
        let Some(bytes) = self.backend.row(Table::Derivations, &id.0.key())? else { return Ok(None) };
        if id.0.function.digest(&bytes) != id.0 {
            self.backend.quarantine(crate::traits::ObjectKind::Derivation, &id.0)?;
            return Err(StoreError::Corrupt(id.0));
        }
        Ok(Some(Derivation::decode(&bytes)?))
    }

    /// What the backend holds, for tools and tests. It goes past leases: builds use `Store` itself.
    pub fn inventory(&self) -> &dyn Inventory {
        &*self.backend
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(crate) fn backend(&self) -> &dyn Backend {
        &*self.backend
    }

    pub(crate) fn backend_shared(&self) -> Arc<dyn Backend> {
        self.backend.clone()
    }

    /// The same store with another backend, which keeps to the same folders.
    pub(crate) fn with_backend(&self, backend: Arc<dyn Backend>) -> Store {
        Store { backend, shared: self.shared.clone(), function: self.function }
    }

    /// Notes that a running build relies on an action's outcome and all that it names, as it was found before. They
    /// are there still if the epoch, which this gives, is that of then.
    pub fn rely(&self, action: &ActionId) -> u64 {
        let _open = self.shared.gate.enter_for(&action.0);
        self.backend.epoch()
    }

    /// Notes that a running build relies on an object.
    pub(crate) fn touch(&self, id: &Digest) {
        self.shared.gate.touch(id);
    }
}

impl Blobs for Store {
    fn has_blob(&self, id: &BlobId) -> Result<bool, StoreError> {
        let _open = self.shared.gate.enter_for(&id.0);
        self.backend.has_blob(id)
    }
    fn blob(&self, id: &BlobId) -> Result<Vec<u8>, StoreError> {
        self.healing(|| {
            let _open = self.shared.gate.enter_for(&id.0);
            self.backend.blob(id)
        })
    }
    fn open_blob(&self, id: &BlobId) -> Result<Box<dyn Read + Send>, StoreError> {
        self.healing(|| {
            let _open = self.shared.gate.enter_for(&id.0);
            self.backend.open_blob(id)
        })
    }
    fn put_blob(&self, bytes: &[u8]) -> Result<BlobId, StoreError> {
        let _open = self.shared.gate.enter();
        let id = self.backend.put_blob(bytes)?;
        self.touch(&id.0);
        Ok(id)
    }
    fn put_file(&self, file: &Path, take: bool) -> Result<BlobId, StoreError> {
        let _open = self.shared.gate.enter();
        let id = self.backend.put_file(file, take)?;
        self.touch(&id.0);
        Ok(id)
    }
}

impl Trees for Store {
    fn has_tree(&self, id: &TreeId) -> Result<bool, StoreError> {
        let _open = self.shared.gate.enter_for(&id.0);
        self.backend.has_tree(id)
    }
    fn tree(&self, id: &TreeId) -> Result<Arc<Directory>, StoreError> {
        let _open = self.shared.gate.enter_for(&id.0);
        self.backend.tree(id)
    }
    fn put_tree(&self, bytes: &[u8]) -> Result<TreeId, StoreError> {
        let _open = self.shared.gate.enter();
        let id = self.backend.put_tree(bytes)?;
        self.touch(&id.0);
        Ok(id)
    }
}

impl Outcomes for Store {
    fn outcome(&self, id: &ActionId) -> Result<Option<Outcome>, StoreError> {
        let _open = self.shared.gate.enter_for(&id.0);
        self.backend.outcome(id)
    }
    fn prepare(&self, objects: &[Object]) -> Result<(), StoreError> {
        let _open = self.shared.gate.enter();
        self.backend.prepare(objects)?;
        for object in objects {
            match object {
                Object::Blob(id, _) => self.touch(&id.0),
                Object::Tree(id, _) => self.touch(&id.0),
            }
        }
        Ok(())
    }
    fn commit(&self, commits: &[Commit]) -> Result<(), StoreError> {
        let _open = self.shared.gate.enter();
        for commit in commits {
            self.touch(&commit.outcome.action.0);
        }
        self.backend.commit(commits)
    }
    fn forget(&self, id: &ActionId) -> Result<(), StoreError> {
        self.backend.forget(id)
    }
}

impl Rows for Store {
    fn row(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.backend.row(table, key)
    }
    fn change_rows(&self, table: Table, changes: &[RowChange]) -> Result<(), StoreError> {
        self.backend.change_rows(table, changes)
    }
    fn scan(&self, table: Table, prefix: &[u8], visit: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), StoreError> {
        self.backend.scan(table, prefix, visit)
    }
}
