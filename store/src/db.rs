//! The database backend: the only file that knows RocksDB.
//!
//! Small blobs, trees, outcomes and private rows are rows, one column family each; larger blobs are files
//! (`cas.rs`). Invariants: a row of an object is checked against its digest on the way in and out; what fails
//! moves to the table `Quarantine` and is missing from then on; `commit` is one synced write batch, after every
//! large object it names; writes without sync are in the log before later synced ones, so an outcome that
//! survives a crash finds the rows it names.

use crate::cas::{Cas, CheckedReader, LARGE, hash_file};
use crate::digest::{ActionId, BlobId, Digest, HashFunction, TreeId};
use crate::error::StoreError;
use crate::outcome::Outcome;
use crate::traits::{Blobs, Commit, Inventory, Object, ObjectKind, Outcomes, RowChange, Rows, Table, Trees};
use crate::tree::Directory;
use rocksdb::{
    Cache, ColumnFamily, DB, DBCompressionType, DBPinnableSlice, FlushOptions, Options, ReadOptions, WriteBatch,
};
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const BLOBS: &str = "blobs";
const TREES: &str = "trees";
const OUTCOMES: &str = "outcomes";
/// Row of `Table::Meta` that holds the epoch.
const EPOCH_KEY: &[u8] = b"store/epoch";
/// Bytes of the cache of decompressed blocks.
const CACHE: usize = 1 << 20;
/// A log longer than this is written out on a clean close, so that the next opening need not replay it.
const LONG_LOG: u64 = 512 * 1024;

/// The backend. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Db {
    inner: Arc<Inner>,
}

struct Inner {
    db: DB,
    directory: PathBuf,
    function: HashFunction,
    cas: Arc<Cas>,
    epoch: AtomicU64,
    logged: AtomicU64,
}

impl Drop for Inner {
    fn drop(&mut self) {
        if self.logged.load(Ordering::Relaxed) < LONG_LOG {
            return;
        }
        let families: Vec<&ColumnFamily> = family_names().filter_map(|name| self.db.cf_handle(name)).collect();
        if let Err(error) = self.db.flush_cfs_opt(&families.iter().collect::<Vec<_>>(), &FlushOptions::default()) {
            tracing::debug!(%error, "the database's log stays for the next opening");
        }
    }
}

fn family_names() -> impl Iterator<Item = &'static str> {
    [BLOBS, TREES, OUTCOMES].into_iter().chain(Table::ALL.into_iter().map(Table::name))
}

fn family_options(name: &str, cache: &Cache) -> Options {
    let mut options = Options::default();
    let objects = matches!(name, BLOBS | TREES | OUTCOMES | "derivations" | "stats");
    options.set_write_buffer_size(if objects { 3 << 20 } else { 1 << 20 });
    options.set_compression_type(DBCompressionType::Lz4);
    let mut table = rocksdb::BlockBasedOptions::default();
    table.set_bloom_filter(10.0, false);
    table.set_block_size(16 << 10);
    table.set_block_cache(cache);
    options.set_block_based_table_factory(&table);
    options
}

/// Few files, little memory, nothing that makes opening slow.
fn database_options() -> Options {
    let mut options = Options::default();
    options.create_if_missing(true);
    options.create_missing_column_families(true);
    options.set_db_write_buffer_size(4 << 20);
    options.set_max_total_wal_size(16 << 20);
    options.set_writable_file_max_buffer_size(64 << 10);
    options.set_max_open_files(256);
    options.set_max_file_opening_threads(1);
    options.set_max_background_jobs(2);
    options.set_skip_stats_update_on_db_open(true);
    options.set_stats_dump_period_sec(0);
    options.set_stats_persist_period_sec(0);
    options.set_keep_log_file_num(1);
    options.set_max_log_file_size(1 << 20);
    options.set_log_level(rocksdb::LogLevel::Error);
    options
}

impl Db {
    /// Opens or creates the database below `directory`. The layout version was checked before.
    pub(crate) fn open(directory: &Path, function: HashFunction, cas: Arc<Cas>) -> Result<Db, StoreError> {
        // One cache for all: making one takes milliseconds, and there are a dozen families.
        let cache = Cache::new_lru_cache(CACHE);
        let families =
            family_names().map(|name| rocksdb::ColumnFamilyDescriptor::new(name, family_options(name, &cache)));
        let db = DB::open_cf_descriptors(&database_options(), directory.join("db"), families)
            .map_err(|e| fault(directory, &e))?;
        let inner = Inner {
            db,
            directory: directory.to_owned(),
            function,
            cas,
            epoch: AtomicU64::new(0),
            logged: AtomicU64::new(0),
        };
        let db = Db { inner: Arc::new(inner) };
        let epoch =
            db.row(Table::Meta, EPOCH_KEY)?.and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_be_bytes);
        db.inner.epoch.store(epoch, Ordering::SeqCst);
        // The empty blob and the empty tree are always there.
        db.put_blob(b"")?;
        db.put_tree(&Directory::default().encode())?;
        Ok(db)
    }
}

/// What an error of RocksDB means. Its texts are stable: they are those of `strerror` and of its own lock.
fn fault(directory: &Path, error: &rocksdb::Error) -> StoreError {
    let text = error.as_ref();
    if text.contains("No space left") || text.contains("Disk quota exceeded") {
        StoreError::Full(directory.to_owned())
    } else if text.contains("Read-only file system") || text.contains("Permission denied") {
        StoreError::ReadOnly(directory.to_owned())
    } else if text.contains("lock") && text.contains("LOCK") {
        StoreError::Locked(directory.to_owned())
    } else {
        StoreError::Database(text.to_owned())
    }
}

impl Inner {
    fn fault(&self, error: &rocksdb::Error) -> StoreError {
        fault(&self.directory, error)
    }

    fn family(&self, name: &str) -> Result<&ColumnFamily, StoreError> {
        self.db.cf_handle(name).ok_or_else(|| StoreError::Database(format!("column family '{name}' is not there")))
    }

    fn get(&self, family: &str, key: &[u8]) -> Result<Option<DBPinnableSlice<'_>>, rocksdb::Error> {
        match self.db.cf_handle(family) {
            Some(family) => self.db.get_pinned_cf(family, key),
            None => Ok(None),
        }
    }

    fn has(&self, family: &str, id: &Digest) -> Result<bool, StoreError> {
        Ok(self.get(family, &id.key()).map_err(|e| self.fault(&e))?.is_some())
    }

    /// A row of an object. A block that the database itself finds corrupt puts the object in quarantine.
    fn object(&self, kind: ObjectKind, id: &Digest) -> Result<Option<DBPinnableSlice<'_>>, StoreError> {
        match self.get(family_of(kind), &id.key()) {
            Ok(found) => Ok(found),
            Err(e) if e.kind() == rocksdb::ErrorKind::Corruption => {
                self.quarantine(kind, id)?;
                Err(StoreError::Corrupt(*id))
            }
            Err(e) => Err(self.fault(&e)),
        }
    }

    /// A row whose bytes must have the digest that is its key.
    fn checked(&self, kind: ObjectKind, id: &Digest) -> Result<DBPinnableSlice<'_>, StoreError> {
        let bytes = self.object(kind, id)?.ok_or(StoreError::Missing(*id))?;
        if id.function.digest(&bytes) == *id {
            return Ok(bytes);
        }
        self.quarantine(kind, id)?;
        Err(StoreError::Corrupt(*id))
    }

    fn write(&self, batch: WriteBatch, sync: bool) -> Result<(), StoreError> {
        self.logged.fetch_add(batch.size_in_bytes() as u64, Ordering::Relaxed);
        let mut options = rocksdb::WriteOptions::default();
        options.set_sync(sync);
        self.db.write_opt(batch, &options).map_err(|e| self.fault(&e))
    }

    fn put(&self, family: &str, id: &Digest, bytes: &[u8]) -> Result<(), StoreError> {
        if self.has(family, id)? {
            return Ok(());
        }
        let mut batch = WriteBatch::default();
        batch.put_cf(self.family(family)?, id.key(), bytes);
        self.write(batch, false)
    }

    /// Adds the new epoch to a batch.
    fn next_epoch(&self, batch: &mut WriteBatch) -> Result<(), StoreError> {
        let epoch = self.epoch.fetch_add(1, Ordering::SeqCst) + 1;
        batch.put_cf(self.family(Table::Meta.name())?, EPOCH_KEY, epoch.to_be_bytes());
        Ok(())
    }

    fn quarantine(&self, kind: ObjectKind, id: &Digest) -> Result<(), StoreError> {
        tracing::warn!(kind = kind.name(), %id, "corrupt object, moved to quarantine");
        let key = id.key();
        let mut batch = WriteBatch::default();
        let mut held = Vec::new();
        if kind == ObjectKind::Blob && id.size > LARGE {
            self.cas.quarantine(&BlobId(*id), false)?;
        } else {
            if let Ok(Some(bytes)) = self.get(family_of(kind), &key) {
                held = bytes.to_vec();
            }
            batch.delete_cf(self.family(family_of(kind))?, key);
        }
        let mut row = kind.name().as_bytes().to_vec();
        row.push(b'/');
        row.extend_from_slice(&key);
        batch.put_cf(self.family(Table::Quarantine.name())?, row, held);
        self.next_epoch(&mut batch)?;
        self.write(batch, true)
    }

    /// Checks an object on its way in and adds it to a batch; a large one is a durable file when this returns.
    fn add(&self, batch: &mut WriteBatch, object: &Object) -> Result<(), StoreError> {
        let (family, said, bytes) = match object {
            Object::Blob(id, bytes) => (BLOBS, &id.0, bytes),
            Object::Tree(id, bytes) => (TREES, &id.0, bytes),
        };
        let found = said.function.digest(bytes);
        if found != *said {
            return Err(StoreError::WrongDigest { said: *said, found });
        }
        if let Object::Tree(..) = object {
            Directory::decode(said.function, bytes)?;
        } else if said.size > LARGE {
            return self.cas.put_bytes(&BlobId(*said), bytes);
        }
        if !self.has(family, said)? {
            batch.put_cf(self.family(family)?, said.key(), bytes);
        }
        Ok(())
    }
}

const fn family_of(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::Blob => BLOBS,
        ObjectKind::Tree => TREES,
        ObjectKind::Outcome => OUTCOMES,
        ObjectKind::Derivation => Table::Derivations.name(),
    }
}

impl Db {
    /// A file that is not there was perhaps removed by hand: what is remembered of it must not be believed.
    fn open_large(&self, id: &BlobId) -> Result<File, StoreError> {
        let opened = self.inner.cas.open(id);
        if matches!(opened, Err(StoreError::Missing(_))) {
            let mut batch = WriteBatch::default();
            self.inner.next_epoch(&mut batch)?;
            self.inner.write(batch, false)?;
        }
        opened
    }

    /// Opens a file to be kept; one that is ours to take may have lost the permission to be read.
    fn open_to_keep(path: &Path, take: bool) -> Result<File, StoreError> {
        use std::os::unix::fs::OpenOptionsExt;
        let flags = if take { libc::O_NOFOLLOW } else { 0 };
        let open = || File::options().read(true).custom_flags(flags).open(path);
        let opened = match open() {
            Err(e) if take && e.kind() == std::io::ErrorKind::PermissionDenied => {
                crate::files::set_mode(path, 0o600)?;
                open()
            }
            other => other,
        };
        opened.map_err(|e| StoreError::io("reading", path, e))
    }
}

impl Blobs for Db {
    fn has_blob(&self, id: &BlobId) -> Result<bool, StoreError> {
        if id.0.size > LARGE { Ok(self.inner.cas.has(id)) } else { self.inner.has(BLOBS, &id.0) }
    }

    fn blob(&self, id: &BlobId) -> Result<Vec<u8>, StoreError> {
        if id.0.size <= LARGE {
            return Ok(self.inner.checked(ObjectKind::Blob, &id.0)?.to_vec());
        }
        let mut bytes = Vec::new();
        let path = self.inner.cas.path(id, false);
        self.open_large(id)?.read_to_end(&mut bytes).map_err(|e| StoreError::io("reading", path, e))?;
        if id.0.function.digest(&bytes) == id.0 {
            return Ok(bytes);
        }
        self.inner.quarantine(ObjectKind::Blob, &id.0)?;
        Err(StoreError::Corrupt(id.0))
    }

    fn open_blob(&self, id: &BlobId) -> Result<Box<dyn Read + Send>, StoreError> {
        if id.0.size <= LARGE {
            return Ok(Box::new(std::io::Cursor::new(self.blob(id)?)));
        }
        let (db, digest) = (self.clone(), id.0);
        Ok(Box::new(CheckedReader::new(self.open_large(id)?, digest, move || {
            if let Err(error) = db.inner.quarantine(ObjectKind::Blob, &digest) {
                tracing::error!(%error, "a corrupt object cannot be put in quarantine");
            }
        })))
    }

    fn put_blob(&self, bytes: &[u8]) -> Result<BlobId, StoreError> {
        let id = BlobId(self.inner.function.digest(bytes));
        if id.0.size > LARGE {
            self.inner.cas.put_bytes(&id, bytes)?;
        } else {
            self.inner.put(BLOBS, &id.0, bytes)?;
        }
        Ok(id)
    }

    fn put_file(&self, path: &Path, take: bool) -> Result<BlobId, StoreError> {
        let reading = |e| StoreError::io("reading", path, e);
        let mut file = Db::open_to_keep(path, take)?;
        let metadata = file.metadata().map_err(reading)?;
        // Another name of the inode could be written through: such a file is copied.
        let id = if take && metadata.nlink() == 1 && metadata.size() > LARGE {
            let id = BlobId(hash_file(self.inner.function, &mut file, path)?);
            self.inner.cas.put_taken(&id, &file, path)?;
            return Ok(id);
        } else {
            let mut head = Vec::with_capacity(metadata.size().min(LARGE) as usize + 1);
            Read::by_ref(&mut file).take(LARGE + 1).read_to_end(&mut head).map_err(reading)?;
            if head.len() as u64 <= LARGE {
                self.put_blob(&head)?
            } else {
                self.inner.cas.put_copy(self.inner.function, &head, &mut file, path)?
            }
        };
        if take {
            std::fs::remove_file(path).map_err(|e| StoreError::io("removing", path, e))?;
        }
        Ok(id)
    }
}

impl Trees for Db {
    fn has_tree(&self, id: &TreeId) -> Result<bool, StoreError> {
        self.inner.has(TREES, &id.0)
    }

    fn tree(&self, id: &TreeId) -> Result<Arc<Directory>, StoreError> {
        let bytes = self.inner.checked(ObjectKind::Tree, &id.0)?;
        Ok(Arc::new(Directory::decode(id.0.function, &bytes)?))
    }

    fn put_tree(&self, bytes: &[u8]) -> Result<TreeId, StoreError> {
        Directory::decode(self.inner.function, bytes)?;
        let id = TreeId(self.inner.function.digest(bytes));
        self.inner.put(TREES, &id.0, bytes)?;
        Ok(id)
    }
}

impl Outcomes for Db {
    fn outcome(&self, id: &ActionId) -> Result<Option<Outcome>, StoreError> {
        let Some(bytes) = self.inner.object(ObjectKind::Outcome, &id.0)? else { return Ok(None) };
        match Outcome::decode(&bytes) {
            Ok(outcome) if outcome.action == *id => Ok(Some(outcome)),
            _ => {
                self.inner.quarantine(ObjectKind::Outcome, &id.0)?;
                Err(StoreError::Corrupt(id.0))
            }
        }
    }

    fn prepare(&self, objects: &[Object]) -> Result<(), StoreError> {
        let mut batch = WriteBatch::default();
        objects.iter().try_for_each(|object| self.inner.add(&mut batch, object))?;
        if batch.is_empty() { Ok(()) } else { self.inner.write(batch, false) }
    }

    fn commit(&self, commits: &[Commit]) -> Result<(), StoreError> {
        let mut batch = WriteBatch::default();
        for commit in commits {
            for object in &commit.objects {
                self.inner.add(&mut batch, object)?;
            }
            let key = commit.outcome.action.0.key();
            batch.put_cf(self.inner.family(OUTCOMES)?, key, commit.outcome.encode());
        }
        if batch.is_empty() {
            return Ok(());
        }
        self.inner.cas.sync_names()?;
        self.inner.write(batch, true)
    }

    fn forget(&self, id: &ActionId) -> Result<(), StoreError> {
        let mut batch = WriteBatch::default();
        batch.delete_cf(self.inner.family(OUTCOMES)?, id.0.key());
        self.inner.write(batch, false)
    }
}

impl Rows for Db {
    fn row(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let found = self.inner.get(table.name(), key).map_err(|e| self.inner.fault(&e))?;
        Ok(found.map(|bytes| bytes.to_vec()))
    }

    fn change_rows(&self, table: Table, changes: &[RowChange]) -> Result<(), StoreError> {
        let family = self.inner.family(table.name())?;
        let mut batch = WriteBatch::default();
        for (key, value) in changes {
            match value {
                Some(value) => batch.put_cf(family, key, value),
                None => batch.delete_cf(family, key),
            }
        }
        if batch.is_empty() { Ok(()) } else { self.inner.write(batch, false) }
    }

    fn scan(&self, table: Table, prefix: &[u8], visit: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), StoreError> {
        self.inner.scan(table.name(), prefix, visit)
    }
}

impl Inner {
    fn scan(&self, family: &str, prefix: &[u8], visit: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), StoreError> {
        let mut options = ReadOptions::default();
        options.set_iterate_range(rocksdb::PrefixRange(prefix));
        let mut rows = self.db.raw_iterator_cf_opt(self.family(family)?, options);
        rows.seek_to_first();
        while let Some((key, value)) = rows.item() {
            if !visit(key, value) {
                return Ok(());
            }
            rows.next();
        }
        rows.status().map_err(|e| self.fault(&e))
    }
}

impl Inventory for Db {
    fn list(
        &self,
        kind: ObjectKind,
        prefix: &[u8],
        visit: &mut dyn FnMut(&Digest, u64) -> bool,
    ) -> Result<(), StoreError> {
        let mut more = true;
        self.inner.scan(family_of(kind), prefix, &mut |key, value| {
            if let Some(id) = Digest::from_key(key) {
                more = visit(&id, value.len() as u64);
            }
            more
        })?;
        if kind == ObjectKind::Blob && more {
            self.inner.cas.list_large(prefix, visit)?;
        }
        Ok(())
    }

    fn remove(&self, kind: ObjectKind, ids: &[Digest]) -> Result<(), StoreError> {
        let family = self.inner.family(family_of(kind))?;
        let mut batch = WriteBatch::default();
        self.inner.next_epoch(&mut batch)?;
        for id in ids {
            batch.delete_cf(family, id.key());
        }
        self.inner.write(batch, true)?;
        if kind == ObjectKind::Blob {
            for id in ids {
                self.inner.cas.remove(&BlobId(*id))?;
            }
        }
        Ok(())
    }

    fn quarantine(&self, kind: ObjectKind, id: &Digest) -> Result<(), StoreError> {
        self.inner.quarantine(kind, id)
    }

    fn epoch(&self) -> u64 {
        self.inner.epoch.load(Ordering::SeqCst)
    }

    fn compact(&self) -> Result<(), StoreError> {
        for kind in ObjectKind::ALL {
            self.inner.db.compact_range_cf(self.inner.family(family_of(kind))?, None::<&[u8]>, None::<&[u8]>);
        }
        Ok(())
    }
}
