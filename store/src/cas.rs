//! Blobs as files: `cas/<2 hex>/<function code><hex>`, and `...x` for the executable twin.
//!
//! Invariants: a file under its final name was written as a temporary file, synced and renamed; the rename is
//! durable after `sync_names`, which whoever writes something durable about the file calls first; it has mode
//! 0444 (0555 for a twin) and the fixed time. A file is hashed before its path is given away for the first
//! time in a process, afterwards its stamp is compared; a file this process wrote needs no hash.
//! For the database, large blobs rest here and nowhere else (`primary`); every other file here is a copy of
//! something the backend has and may be removed at any time.
//! This file does not know RocksDB.

use crate::digest::{BlobId, Digest, HashFunction, Hasher};
use crate::error::StoreError;
use crate::files;
use crate::scratch::{Scratch, TempPath};
use crate::stamp::Stamp;
use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Blobs up to this size are rows of the database, larger ones are files.
pub(crate) const LARGE: u64 = 32 * 1024;

const BUFFER: usize = 256 * 1024;

/// The folder of blob files.
#[derive(Debug)]
pub(crate) struct Cas {
    directory: PathBuf,
    quarantine: PathBuf,
    scratch: Arc<Scratch>,
    primary: bool,
    checked: Mutex<HashMap<(BlobId, bool), Stamp>>,
    /// Folders with renames that are not on the disk yet.
    unsynced: Mutex<BTreeSet<PathBuf>>,
}

impl Cas {
    /// The files of the store at `directory`. `primary`: large blobs rest here only.
    pub(crate) fn new(directory: &Path, scratch: Arc<Scratch>, primary: bool) -> Cas {
        Cas {
            directory: directory.join("cas"),
            quarantine: directory.join("quarantine"),
            scratch,
            primary,
            checked: Mutex::default(),
            unsynced: Mutex::default(),
        }
    }

    fn checked(&self) -> MutexGuard<'_, HashMap<(BlobId, bool), Stamp>> {
        self.checked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the file of a blob lies.
    pub(crate) fn path(&self, id: &BlobId, executable: bool) -> PathBuf {
        let hex = id.0.hex();
        let name = format!("{}{hex}{}", char::from(id.0.function.code()), if executable { ".x" } else { "" });
        self.directory.join(hex.get(..2).unwrap_or_default()).join(name)
    }

    /// Is the file the only place of this blob?
    pub(crate) fn is_primary(&self, id: &BlobId, executable: bool) -> bool {
        self.primary && !executable && id.0.size > LARGE
    }

    /// Is the plain file there, with the right size?
    pub(crate) fn has(&self, id: &BlobId) -> bool {
        std::fs::symlink_metadata(self.path(id, false)).is_ok_and(|m| m.is_file() && m.size() == id.0.size)
    }

    /// Opens the plain file. The content is not checked.
    pub(crate) fn open(&self, id: &BlobId) -> Result<File, StoreError> {
        let path = self.path(id, false);
        match File::open(&path) {
            Ok(file) => Ok(file),
            Err(e) if e.kind() == ErrorKind::NotFound => Err(StoreError::Missing(id.0)),
            Err(e) => Err(StoreError::io("opening", path, e)),
        }
    }

    /// Makes the names of all files durable that were placed so far; their content is already. To be called
    /// before anything durable names them: once for many files, as each call waits for the disk.
    pub(crate) fn sync_names(&self) -> Result<(), StoreError> {
        let folders = std::mem::take(&mut *self.unsynced.lock().unwrap_or_else(PoisonError::into_inner));
        if folders.is_empty() {
            return Ok(());
        }
        let synced = folders.iter().try_for_each(|folder| files::sync_folder(folder));
        if synced.is_err() {
            self.unsynced.lock().unwrap_or_else(PoisonError::into_inner).extend(folders);
            return synced;
        }
        files::sync_folder(&self.directory)
    }

    /// Forgets which files were hashed, so that each is hashed again before it is used.
    pub(crate) fn forget_checks(&self) {
        self.checked().clear();
    }

    /// Keeps bytes as a file, durably. The caller has checked the digest.
    pub(crate) fn put_bytes(&self, id: &BlobId, bytes: &[u8]) -> Result<(), StoreError> {
        if self.has(id) {
            return Ok(());
        }
        let (mut file, temp) = self.scratch.file()?;
        file.write_all(bytes).map_err(|e| StoreError::io("writing", temp.path(), e))?;
        self.publish(id, false, &file, temp, true)
    }

    /// Copies a stream in while hashing it, durably.
    pub(crate) fn put_copy(
        &self,
        function: HashFunction,
        head: &[u8],
        from: &mut File,
        named: &Path,
    ) -> Result<BlobId, StoreError> {
        let (mut file, temp) = self.scratch.file()?;
        let mut hasher = function.hasher();
        hasher.update(head);
        file.write_all(head).map_err(|e| StoreError::io("writing", temp.path(), e))?;
        pump(from, named, |chunk| {
            hasher.update(chunk);
            file.write_all(chunk).map_err(|e| StoreError::io("writing", temp.path(), e))
        })?;
        let id = BlobId(hasher.finish());
        if !self.has(&id) {
            self.publish(&id, false, &file, temp, true)?;
        }
        Ok(id)
    }

    /// Moves a file in that is nobody else's, durably. It was opened as `from`, and its digest is `id`.
    pub(crate) fn put_taken(&self, id: &BlobId, from: &File, path: &Path) -> Result<(), StoreError> {
        if self.has(id) {
            return std::fs::remove_file(path).map_err(|e| StoreError::io("removing", path, e));
        }
        self.place(id, false, from, path, true)
    }

    fn publish(
        &self,
        id: &BlobId,
        executable: bool,
        file: &File,
        temp: TempPath,
        durable: bool,
    ) -> Result<(), StoreError> {
        self.place(id, executable, file, temp.path(), durable)?;
        temp.keep();
        Ok(())
    }

    /// Freezes, syncs and renames.
    fn place(&self, id: &BlobId, executable: bool, file: &File, at: &Path, durable: bool) -> Result<(), StoreError> {
        files::freeze(file, at, if executable { 0o555 } else { 0o444 })?;
        if durable {
            file.sync_all().map_err(|e| StoreError::io("syncing", at, e))?;
        }
        let to = self.path(id, executable);
        files::rename(at, &to)?;
        if durable && let Some(parent) = to.parent() {
            self.unsynced.lock().unwrap_or_else(PoisonError::into_inner).insert(parent.to_owned());
        }
        // The stamp is taken from the open file, so that it is the one whose bytes were hashed. The inode's
        // change time moved with the rename and moves with every hard link: it is not compared.
        let metadata = file.metadata().map_err(|e| StoreError::io("reading", &to, e))?;
        self.checked().insert((*id, executable), Stamp::of(&metadata));
        Ok(())
    }

    /// A file with the blob's content, at a path that stays. Copies are made from `source`, which checks them.
    pub(crate) fn file(
        &self,
        id: &BlobId,
        executable: bool,
        source: &dyn Fn() -> Result<Box<dyn Read + Send>, StoreError>,
    ) -> Result<PathBuf, StoreError> {
        let path = self.path(id, executable);
        match std::fs::symlink_metadata(&path) {
            Ok(metadata) if self.is_sound(id, executable, &path, &Stamp::of(&metadata))? => return Ok(path),
            Ok(_) if self.is_primary(id, executable) => {
                self.quarantine(id, executable)?;
                return Err(StoreError::Corrupt(id.0));
            }
            Ok(_) => self.quarantine(id, executable)?,
            Err(e) if e.kind() == ErrorKind::NotFound => {
                if self.is_primary(id, executable) {
                    return Err(StoreError::Missing(id.0));
                }
            }
            Err(e) => return Err(StoreError::io("reading", path, e)),
        }
        let (mut file, temp) = self.scratch.file()?;
        let mut from = source()?;
        copy_checked(&mut *from, &mut file, temp.path(), &id.0)?;
        // A copy need not survive a crash: the next process hashes it before it is used.
        self.publish(id, executable, &file, temp, false)?;
        if executable {
            crate::busy::settle(file, &path);
        }
        Ok(path)
    }

    /// Has it the stamp of a file that was hashed? If it was not hashed yet in this process, it is now.
    fn is_sound(&self, id: &BlobId, executable: bool, path: &Path, stamp: &Stamp) -> Result<bool, StoreError> {
        let mode = if executable { 0o100_555 } else { 0o100_444 };
        if stamp.size != id.0.size || stamp.mode != mode || stamp.mtime_ns != files::FIXED_TIME_NS {
            return self.rehash(id, executable, path, mode);
        }
        let known = self.checked().get(&(*id, executable)).copied();
        match known {
            Some(known) if known.ino == stamp.ino && known.dev == stamp.dev => Ok(true),
            _ => self.rehash(id, executable, path, mode),
        }
    }

    fn rehash(&self, id: &BlobId, executable: bool, path: &Path, mode: u32) -> Result<bool, StoreError> {
        let mut file = File::open(path).map_err(|e| StoreError::io("opening", path, e))?;
        if hash_file(id.0.function, &mut file, path)? != id.0 {
            return Ok(false);
        }
        files::freeze(&file, path, mode & 0o777)?;
        let metadata = file.metadata().map_err(|e| StoreError::io("reading", path, e))?;
        self.checked().insert((*id, executable), Stamp::of(&metadata));
        Ok(metadata.is_file())
    }

    /// Moves a file away that is not what its name says.
    pub(crate) fn quarantine(&self, id: &BlobId, executable: bool) -> Result<(), StoreError> {
        let path = self.path(id, executable);
        self.checked().remove(&(*id, executable));
        let Some(name) = path.file_name() else { return Ok(()) };
        match files::rename(&path, &self.quarantine.join(name)) {
            Err(StoreError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    /// Large blobs, which rest here only, in order of their keys within each kind of function.
    pub(crate) fn list_large(
        &self,
        prefix: &[u8],
        visit: &mut dyn FnMut(&Digest, u64) -> bool,
    ) -> Result<(), StoreError> {
        let mut found = Vec::new();
        let shard = prefix.get(1).map(|byte| hex::encode([*byte]));
        self.list_shards(shard.as_deref(), &mut |id, executable, size| {
            if self.is_primary(&id, executable) && id.0.key().starts_with(prefix) {
                found.push((id.0, size));
            }
        })?;
        found.sort();
        for (id, size) in found {
            if !visit(&id, size) {
                break;
            }
        }
        Ok(())
    }

    /// Every file: blob, is it the executable twin, size. The size of a blob is that of its file: one that was
    /// cut short goes under a digest that nobody names.
    pub(crate) fn list_files(&self, visit: &mut dyn FnMut(BlobId, bool, u64)) -> Result<(), StoreError> {
        self.list_shards(None, visit)
    }

    fn list_shards(&self, only: Option<&str>, visit: &mut dyn FnMut(BlobId, bool, u64)) -> Result<(), StoreError> {
        for shard in folder_entries(&self.directory)? {
            if only.is_some_and(|only| shard.file_name() != only) {
                continue;
            }
            for entry in folder_entries(&shard.path())? {
                let Ok(metadata) = entry.metadata() else { continue };
                let name = entry.file_name();
                if let Some((id, executable)) = name.to_str().and_then(|name| parse_name(name, metadata.size())) {
                    visit(id, executable, metadata.size());
                }
            }
        }
        Ok(())
    }

    /// Removes the file and its twin.
    pub(crate) fn remove(&self, id: &BlobId) -> Result<(), StoreError> {
        for executable in [false, true] {
            self.checked().remove(&(*id, executable));
            files::remove_all(&self.path(id, executable))?;
        }
        Ok(())
    }
}

pub(crate) fn folder_entries(path: &Path) -> Result<Vec<std::fs::DirEntry>, StoreError> {
    match std::fs::read_dir(path) {
        Ok(entries) => entries.collect::<Result<_, _>>().map_err(|e| StoreError::io("listing", path, e)),
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(Vec::new()),
        Err(e) => Err(StoreError::io("listing", path, e)),
    }
}

/// Reads a file's name back.
fn parse_name(name: &str, size: u64) -> Option<(BlobId, bool)> {
    let (name, executable) = name.strip_suffix(".x").map_or((name, false), |plain| (plain, true));
    let function = HashFunction::from_code(*name.as_bytes().first()?)?;
    Some((BlobId(Digest::from_hex(function, name.get(1..)?, size).ok()?), executable))
}

/// Reads a file to its end in chunks.
pub(crate) fn pump(
    from: &mut File,
    named: &Path,
    mut sink: impl FnMut(&[u8]) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut buffer = vec![0u8; BUFFER];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(n) => sink(buffer.get(..n).unwrap_or_default())?,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(StoreError::io("reading", named, e)),
        }
    }
}

/// The digest of an open file, from where it stands to its end.
pub(crate) fn hash_file(function: HashFunction, file: &mut File, named: &Path) -> Result<Digest, StoreError> {
    let mut hasher = function.hasher();
    pump(file, named, |chunk| {
        hasher.update(chunk);
        Ok(())
    })?;
    Ok(hasher.finish())
}

/// Copies a stream that checks itself; its verdict becomes the error.
pub(crate) fn copy_checked(from: &mut dyn Read, to: &mut File, named: &Path, id: &Digest) -> Result<(), StoreError> {
    let mut buffer = vec![0u8; BUFFER.min(id.size as usize + 1)];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(n) => {
                to.write_all(buffer.get(..n).unwrap_or_default()).map_err(|e| StoreError::io("writing", named, e))?
            }
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) if e.kind() == ErrorKind::InvalidData => return Err(StoreError::Corrupt(*id)),
            Err(e) => return Err(StoreError::io("reading the content of", named, e)),
        }
    }
}

/// A stream that checks its digest: the read that would say "end" fails when the bytes were other ones.
pub(crate) struct CheckedReader<R, F> {
    inner: R,
    hasher: Option<Hasher>,
    expected: Digest,
    on_corrupt: F,
}

impl<R: Read, F: FnMut()> CheckedReader<R, F> {
    pub(crate) fn new(inner: R, expected: Digest, on_corrupt: F) -> Self {
        CheckedReader { inner, hasher: Some(expected.function.hasher()), expected, on_corrupt }
    }
}

impl<R: Read, F: FnMut()> Read for CheckedReader<R, F> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let n = self.inner.read(buffer)?;
        if n > 0 {
            if let Some(hasher) = &mut self.hasher {
                hasher.update(buffer.get(..n).unwrap_or_default());
            }
            return Ok(n);
        }
        if self.hasher.take().is_none_or(|hasher| hasher.finish() == self.expected) {
            return Ok(0);
        }
        (self.on_corrupt)();
        Err(std::io::Error::new(ErrorKind::InvalidData, StoreError::Corrupt(self.expected)))
    }
}
