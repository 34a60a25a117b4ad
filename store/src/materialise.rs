//! Trees as real folders: `trees/<function code><hex>`, made once and mounted many times.
//!
//! Invariants: a folder under its final name is complete, has modes 0555 (files 0444) and fixed times; files
//! above `LARGE` are hard links to `cas/`, copies where the link count is full. Before a path is given away
//! its seal (a hash over the stamps of all that is in it) is compared with the one that was recorded in this
//! boot of the machine, once for each opened store; then only the root's stamp is. What does not match is
//! hashed, and made again if it is not what its name says.
//! This file does not know mounts.

use crate::cas::{LARGE, hash_file};
use crate::digest::{BlobId, Digest, HashFunction, Hasher, TreeId};
use crate::error::StoreError;
use crate::files;
use crate::path::Name;
use crate::row;
use crate::stamp::Stamp;
use crate::store::Store;
use crate::traits::{Blobs, Rows, Table, Trees};
use crate::tree::{Directory, Node};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Trees whose seal was compared since the store was opened, and a lock for each tree being made.
#[derive(Debug, Default)]
pub(crate) struct TreeCache {
    checked: Mutex<HashMap<TreeId, Stamp>>,
    making: Mutex<HashMap<TreeId, Arc<Mutex<()>>>>,
}

impl TreeCache {
    fn checked(&self) -> MutexGuard<'_, HashMap<TreeId, Stamp>> {
        self.checked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn making(&self, id: &TreeId) -> Arc<Mutex<()>> {
        self.making.lock().unwrap_or_else(PoisonError::into_inner).entry(*id).or_default().clone()
    }

    /// Forgets which trees were compared, so that each is compared again before it is used.
    pub(crate) fn forget_checks(&self) {
        self.checked().clear();
    }

    /// Forgets a tree that was removed.
    pub(crate) fn forget(&self, id: &TreeId) {
        self.checked().remove(id);
    }
}

/// What is recorded of a finished tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Seal {
    /// Which boot: after a power cut, files that were not synced may be anything.
    boot: String,
    /// Hash over the stamps.
    stamps: [u8; 32],
}

impl Store {
    /// Where trees are made.
    pub(crate) fn trees_directory(&self) -> PathBuf {
        self.directory().join("trees")
    }

    /// Where the folder of a tree lies, if it was made.
    pub(crate) fn tree_path(&self, id: &TreeId) -> PathBuf {
        self.trees_directory().join(format!("{}{}", char::from(id.0.function.code()), id.0.hex()))
    }

    /// A folder with exactly this tree, to be mounted read-only. It must not be written.
    pub fn materialise(&self, id: &TreeId) -> Result<PathBuf, StoreError> {
        self.touch(&id.0);
        let path = self.tree_path(id);
        let cache = &self.shared().trees;
        let known = cache.checked().get(id).copied();
        if known.is_some() && known == root_stamp(&path)? {
            return Ok(path);
        }
        let making = cache.making(id);
        let _alone = making.lock().unwrap_or_else(PoisonError::into_inner);
        let found = root_stamp(&path)?;
        let known = cache.checked().get(id).copied();
        if known.is_none() || known != found {
            if found.is_none() || !self.is_sound_tree(id, &path)? {
                self.make_tree(id, &path)?;
            }
            if let Some(stamp) = root_stamp(&path)? {
                cache.checked().insert(*id, stamp);
            }
        }
        Ok(path)
    }

    /// Compares the seal, and where it does not match the content.
    fn is_sound_tree(&self, id: &TreeId, path: &Path) -> Result<bool, StoreError> {
        let recorded = self.row(Table::Meta, &seal_key(id))?.and_then(|bytes| row::decode::<Seal>(&bytes));
        let now = seal(path)?;
        if recorded.is_some_and(|recorded| recorded == now) {
            return Ok(true);
        }
        if self.same_folder(id, path)? {
            self.record_seal(id, &now)?;
            return Ok(true);
        }
        tracing::warn!(tree = %id, "a materialised tree was changed; it is made again");
        Ok(false)
    }

    fn record_seal(&self, id: &TreeId, seal: &Seal) -> Result<(), StoreError> {
        self.change_rows(Table::Meta, &[(seal_key(id), row::encode(seal))])
    }

    /// Is the folder at `path` exactly this tree?
    pub(crate) fn same_folder(&self, id: &TreeId, path: &Path) -> Result<bool, StoreError> {
        let directory = self.tree(id)?;
        let reading = |e| StoreError::io("reading", path, e);
        let metadata = std::fs::symlink_metadata(path).map_err(reading)?;
        if metadata.mode() & 0o7777 != 0o555 {
            return Ok(false);
        }
        let mut count = 0;
        for entry in std::fs::read_dir(path).map_err(reading)? {
            let entry = entry.map_err(reading)?;
            let name = entry.file_name();
            match name.to_str().and_then(|name| directory.get(name)) {
                Some(node) if self.same_entry(node, &entry.path())? => count += 1,
                _ => return Ok(false),
            }
        }
        Ok(count == directory.entries.len())
    }

    fn same_entry(&self, node: &Node, path: &Path) -> Result<bool, StoreError> {
        let reading = |e| StoreError::io("reading", path, e);
        let metadata = std::fs::symlink_metadata(path).map_err(reading)?;
        match node {
            Node::Directory(tree) => Ok(metadata.is_dir() && self.same_folder(tree, path)?),
            Node::Symlink(target) => {
                Ok(metadata.is_symlink() && std::fs::read_link(path).map_err(reading)?.as_os_str() == target.as_str())
            }
            Node::File { blob, executable } => {
                let mode = if *executable { 0o555 } else { 0o444 };
                if !metadata.is_file() || metadata.mode() & 0o7777 != mode || metadata.size() != blob.0.size {
                    return Ok(false);
                }
                let mut file = std::fs::File::open(path).map_err(reading)?;
                Ok(hash_file(blob.0.function, &mut file, path)? == blob.0)
            }
        }
    }

    /// Makes the folder in scratch and moves it to its place.
    fn make_tree(&self, id: &TreeId, path: &Path) -> Result<(), StoreError> {
        let scratch = self.new_scratch()?;
        let root = scratch.path().join("tree");
        let mut work = Work::default();
        self.plan_folder(id, &root, &mut work)?;
        for folder in &work.folders {
            files::make_folders(folder)?;
        }
        self.place_files(&work.files)?;
        for (path, target) in &work.links {
            std::os::unix::fs::symlink(target, path).map_err(|e| StoreError::io("creating", path, e))?;
        }
        for folder in work.folders.iter().rev().filter(|folder| **folder != root) {
            files::freeze_folder(folder, 0o555)?;
        }
        files::move_folder(path, &scratch.path().join("old"))?;
        // A folder without write permission cannot be moved to another parent: the root is frozen last. Until
        // the seal is recorded, a folder that was cut short here is compared by content and made again.
        files::rename(&root, path)?;
        files::freeze_folder(path, 0o555)?;
        self.record_seal(id, &seal(path)?)
    }

    fn plan_folder(&self, id: &TreeId, at: &Path, work: &mut Work) -> Result<(), StoreError> {
        work.folders.push(at.to_owned());
        let directory = self.tree(id)?;
        for (name, node) in &directory.entries {
            let path = at.join(name.as_str());
            match node {
                Node::File { blob, executable } => work.files.push((path, *blob, *executable)),
                Node::Directory(tree) => self.plan_folder(tree, &path, work)?,
                Node::Symlink(target) => work.links.push((path, target.clone())),
            }
        }
        Ok(())
    }

    /// Threads of its own: a shared pool could run another making of the same tree on this very thread, which
    /// would wait for itself.
    fn place_files(&self, files: &[(PathBuf, BlobId, bool)]) -> Result<(), StoreError> {
        let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get).min(8);
        let share = files.len().div_ceil(threads).max(128);
        let place = |share: &[(PathBuf, BlobId, bool)]| {
            share.iter().try_for_each(|(path, blob, executable)| self.place_file(blob, *executable, path))
        };
        std::thread::scope(|scope| {
            let mut shares = files.chunks(share);
            let mine = shares.next().unwrap_or_default();
            let others: Vec<_> = shares.map(|share| scope.spawn(move || place(share))).collect();
            let mine = place(mine);
            others
                .into_iter()
                .map(|other| other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .fold(mine, Result::and)
        })
    }

    /// A frozen file at `path`: a hard link for a large one, a copy for a small one.
    fn place_file(&self, blob: &BlobId, executable: bool, path: &Path) -> Result<(), StoreError> {
        if blob.0.size > LARGE {
            let from = self.blob_file(blob, executable)?;
            match std::fs::hard_link(&from, path) {
                Ok(()) => return Ok(()),
                Err(e) if may_copy(&e) => {}
                Err(e) => return Err(StoreError::io("linking", path, e)),
            }
        }
        let mut file = std::fs::File::create_new(path).map_err(|e| StoreError::io("creating", path, e))?;
        crate::cas::copy_checked(&mut *self.open_blob(blob)?, &mut file, path, &blob.0)?;
        files::freeze(&file, path, if executable { 0o555 } else { 0o444 })?;
        if executable {
            crate::busy::settle(file, path);
        }
        Ok(())
    }

    /// A read-only file with that content, to be mounted or copied. It must not be written.
    pub fn blob_file(&self, id: &BlobId, executable: bool) -> Result<PathBuf, StoreError> {
        self.healing(|| self.blob_file_as_it_is(id, executable))
    }

    fn blob_file_as_it_is(&self, id: &BlobId, executable: bool) -> Result<PathBuf, StoreError> {
        let _open = self.shared().gate.enter_for(&id.0);
        let source = || -> Result<Box<dyn Read + Send>, StoreError> { self.backend().open_blob(id) };
        match self.shared().cas.file(id, executable, &source) {
            Err(StoreError::Missing(digest)) if self.shared().cas.is_primary(id, executable) => {
                // Reading notes the loss.
                self.backend().open_blob(id).map(|_| ())?;
                Err(StoreError::Missing(digest))
            }
            Err(StoreError::Corrupt(digest)) => {
                self.backend().quarantine(crate::traits::ObjectKind::Blob, &digest)?;
                Err(StoreError::Corrupt(digest))
            }
            other => other,
        }
    }
}

/// What a tree is made of, folders before what is in them.
#[derive(Default)]
struct Work {
    folders: Vec<PathBuf>,
    files: Vec<(PathBuf, BlobId, bool)>,
    links: Vec<(PathBuf, String)>,
}

/// Link count full, another file system, or links forbidden: a copy does as well.
fn may_copy(error: &std::io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMLINK | libc::EXDEV | libc::EPERM | libc::EOPNOTSUPP))
}

fn seal_key(id: &TreeId) -> Vec<u8> {
    let mut key = b"seal/".to_vec();
    key.extend_from_slice(&id.0.key());
    key
}

/// The row of a tree's seal, to be removed with the tree.
pub(crate) fn seal_row(id: &Digest) -> Vec<u8> {
    seal_key(&TreeId(*id))
}

fn root_stamp(path: &Path) -> Result<Option<Stamp>, StoreError> {
    match std::fs::symlink_metadata(path) {
        Ok(metadata) => Ok(Some(Stamp::of(&metadata))),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(StoreError::io("reading", path, e)),
    }
}

fn seal(path: &Path) -> Result<Seal, StoreError> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let mut hasher = HashFunction::Blake3.hasher();
    seal_entry(path, &mut hasher)?;
    Ok(Seal { boot, stamps: hasher.finish().hash })
}

fn seal_entry(path: &Path, hasher: &mut Hasher) -> Result<(), StoreError> {
    let reading = |e| StoreError::io("reading", path, e);
    let metadata = std::fs::symlink_metadata(path).map_err(reading)?;
    let stamp = Stamp::of(&metadata);
    // Another tree's hard link moves the change time of a shared inode: it counts only for what is not shared.
    let ctime = if metadata.is_dir() || metadata.nlink() == 1 { stamp.ctime_ns } else { 0 };
    for n in [stamp.dev, stamp.ino, stamp.size, stamp.mtime_ns as u64, ctime as u64, u64::from(stamp.mode)] {
        hasher.update(&n.to_be_bytes());
    }
    if !metadata.is_dir() {
        return Ok(());
    }
    let mut names = Vec::new();
    for entry in std::fs::read_dir(path).map_err(reading)? {
        names.push(entry.map_err(reading)?.file_name());
    }
    names.sort();
    for name in names {
        let bytes = name.as_encoded_bytes();
        hasher.update(&(bytes.len() as u64).to_be_bytes());
        hasher.update(bytes);
        seal_entry(&path.join(&name), hasher)?;
    }
    hasher.update(&u64::MAX.to_be_bytes());
    Ok(())
}

/// The entries of a tree that was given by path, for those who need one file of it.
impl Store {
    /// What lies at `path` in a tree; `None` when nothing does. Symlinks are not followed.
    pub fn lookup(&self, root: &TreeId, path: &crate::path::RelPath) -> Result<Option<Node>, StoreError> {
        let mut node = Node::Directory(*root);
        for component in path.components() {
            let Node::Directory(tree) = node else { return Ok(None) };
            let directory: Arc<Directory> = self.tree(&tree)?;
            let name = Name::new(component)?;
            match directory.entries.get(&name) {
                Some(found) => node = found.clone(),
                None => return Ok(None),
            }
        }
        Ok(Some(node))
    }
}
