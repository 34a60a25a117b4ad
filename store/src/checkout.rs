//! Checkout: outputs as files of the user.
//!
//! Invariants: a checked-out file is a reflink or a copy, never a hard link, so nothing in the store can be
//! changed through it; it is written under another name in the same folder and renamed, so a reader sees the
//! old or the new one; symlinks that stand at the destination are replaced, not followed. A file that has the
//! content already is left alone. This file does not know where users want their outputs.

use crate::cas::{LARGE, copy_checked};
use crate::digest::{BlobId, TreeId};
use crate::error::StoreError;
use crate::files;
use crate::path::RelPath;
use crate::stat_cache::{Known, Now};
use crate::store::Store;
use crate::traits::{Blobs, Trees};
use crate::tree::Node;
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::fs::{File, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Outputs that one thread looks at, at least.
const SHARE: usize = 64;

impl Store {
    /// Writes a node to `to`, replacing whatever is there. Folders above `to` are made; those that exist are
    /// the caller's and may be symlinks. See `checkout_below`.
    pub fn checkout(&self, node: &Node, to: &Path) -> Result<(), StoreError> {
        let now = Now::learn(&self.shared().scratch).ok();
        let (there, known) = self.is_there(node, to, now);
        self.shared().stats.persist(self, &Vec::from_iter(known.map(|known| (to.to_owned(), known))));
        if there { Ok(()) } else { self.write_new(node, to) }
    }

    /// Writes nodes below `root`, each to its place, without following any symlink below `root`: a symlink or a
    /// file where a folder must be is replaced by a folder. No place may lie below another one. Answers in the
    /// order of `items`; what is there already is only looked at.
    pub fn checkout_below(&self, root: &Path, items: &[(RelPath, Node)]) -> Vec<Result<(), StoreError>> {
        // Learnt before the first stat, so that a file changed after it cannot look settled.
        let now = Now::learn(&self.shared().scratch).ok();
        let folders: BTreeSet<RelPath> = items.iter().map(|(place, _)| place.parent().unwrap_or_default()).collect();
        // Those that cannot be made are told with each item that needs them, below.
        let made: BTreeSet<&RelPath> = folders.iter().filter(|folder| own_folder(root, folder).is_ok()).collect();
        let one = |(place, node): &(RelPath, Node)| {
            let parent = place.parent().unwrap_or_default();
            if !made.contains(&parent) {
                own_folder(root, &parent)?;
            }
            let to = root.join(place);
            let (there, known) = self.is_there(node, &to, now);
            if !there {
                self.write_new(node, &to)?;
            }
            Ok(known.map(|known| (to, known)))
        };
        let found: Vec<Result<Option<(PathBuf, Known)>, StoreError>> =
            items.par_iter().with_min_len(SHARE).map(one).collect();
        let known: Vec<_> = found.iter().filter_map(|found| found.as_ref().ok()?.clone()).collect();
        self.shared().stats.persist(self, &known);
        found.into_iter().map(|found| found.map(drop)).collect()
    }

    /// Is the destination a file with that content and mode already? A doubt is a no. With it comes what was learnt
    /// for the stat cache.
    fn is_there(&self, node: &Node, to: &Path, now: Option<Now>) -> (bool, Option<Known>) {
        let Ok(metadata) = std::fs::symlink_metadata(to) else { return (false, None) };
        match node {
            Node::File { blob, executable } => {
                let alike = metadata.is_file()
                    && metadata.size() == blob.0.size
                    && metadata.mode() & 0o777 == mode_of(*executable)
                    && blob.0.function == self.function();
                match alike.then(|| self.digest_seen(to, &metadata, now)) {
                    Some(Ok((digest, known))) => (digest == blob.0, known),
                    _ => (false, None),
                }
            }
            Node::Symlink(target) => {
                let same = |there: PathBuf| there.as_os_str() == target.as_str();
                (metadata.is_symlink() && std::fs::read_link(to).is_ok_and(same), None)
            }
            Node::Directory(_) => (false, None),
        }
    }

    /// Writes to a place at which nothing is, or something else.
    fn write_new(&self, node: &Node, to: &Path) -> Result<(), StoreError> {
        let Some(parent) = to.parent() else {
            return Err(StoreError::io("writing", to, std::io::Error::from(ErrorKind::InvalidInput)));
        };
        files::make_folders(parent)?;
        let temp = Temp(parent.join(self.temporary_name()));
        self.write_node(node, &temp.0)?;
        replace(&temp.0, to)
    }

    fn temporary_name(&self) -> PathBuf {
        let fresh = self.shared().scratch.fresh();
        let name = fresh.file_name().unwrap_or_default().to_string_lossy().into_owned();
        PathBuf::from(format!(".gx-{name}.tmp"))
    }

    /// Writes to a path at which nothing is.
    fn write_node(&self, node: &Node, to: &Path) -> Result<(), StoreError> {
        match node {
            Node::File { blob, executable } => self.write_file(blob, *executable, to),
            Node::Symlink(target) => {
                std::os::unix::fs::symlink(target, to).map_err(|e| StoreError::io("creating", to, e))
            }
            Node::Directory(tree) => self.write_folder(tree, to),
        }
    }

    fn write_folder(&self, tree: &TreeId, to: &Path) -> Result<(), StoreError> {
        std::fs::create_dir(to).map_err(|e| StoreError::io("creating", to, e))?;
        files::set_mode(to, 0o755)?;
        for (name, node) in &self.tree(tree)?.entries {
            self.write_node(node, &to.join(name.as_str()))?;
        }
        Ok(())
    }

    fn write_file(&self, blob: &BlobId, executable: bool, to: &Path) -> Result<(), StoreError> {
        let writing = |e| StoreError::io("writing", to, e);
        let mut file = File::create_new(to).map_err(writing)?;
        if blob.0.size > LARGE {
            let path = self.blob_file(blob, false)?;
            let mut from = File::open(&path).map_err(|e| StoreError::io("opening", path, e))?;
            files::copy_content(&mut from, &mut file).map_err(writing)?;
        } else {
            copy_checked(&mut *self.open_blob(blob)?, &mut file, to, &blob.0)?;
        }
        file.set_permissions(Permissions::from_mode(mode_of(executable))).map_err(writing)
    }
}

/// Makes the folder `root/place`, and of those on the way a folder where something else is.
fn own_folder(root: &Path, place: &RelPath) -> Result<(), StoreError> {
    let mut path = root.to_owned();
    for component in place.components() {
        path.push(component);
        match std::fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_dir() => continue,
            Ok(_) => files::remove_all(&path)?,
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            Err(e) => return Err(StoreError::io("reading", path, e)),
        }
        files::make_folders(&path)?;
    }
    Ok(())
}

const fn mode_of(executable: bool) -> u32 {
    if executable { 0o755 } else { 0o644 }
}

/// Removed when dropped, if it is still there.
struct Temp(PathBuf);

impl Drop for Temp {
    fn drop(&mut self) {
        let _ = files::remove_all(&self.0);
    }
}

/// Puts `from` at `to`, whatever is there. What was there is left at `from`, for its guard to remove.
fn replace(from: &Path, to: &Path) -> Result<(), StoreError> {
    let error = match std::fs::rename(from, to) {
        Ok(()) => return Ok(()),
        Err(error) => error,
    };
    // A folder is in the way, or must replace a file: the two change places.
    let kinds = [libc::EISDIR, libc::ENOTDIR, libc::ENOTEMPTY, libc::EEXIST];
    if !error.raw_os_error().is_some_and(|code| kinds.contains(&code)) {
        return Err(StoreError::io("writing", to, error));
    }
    let (here, flags) = (rustix::fs::CWD, rustix::fs::RenameFlags::EXCHANGE);
    if rustix::fs::renameat_with(here, from, here, to, flags).is_ok() {
        return Ok(());
    }
    files::remove_all(to)?;
    std::fs::rename(from, to).map_err(|e| StoreError::io("writing", to, e))
}
