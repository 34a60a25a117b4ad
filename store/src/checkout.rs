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
use crate::store::Store;
use crate::traits::{Blobs, Trees};
use crate::tree::Node;
use std::fs::{File, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

impl Store {
    /// Writes a node to `to`, replacing whatever is there. Folders above `to` are made; those that exist are
    /// the caller's and may be symlinks. See `checkout_below`.
    pub fn checkout(&self, node: &Node, to: &Path) -> Result<(), StoreError> {
        if self.is_there(node, to) {
            return Ok(());
        }
        let Some(parent) = to.parent() else {
            return Err(StoreError::io("writing", to, std::io::Error::from(ErrorKind::InvalidInput)));
        };
        files::make_folders(parent)?;
        let temp = Temp(parent.join(self.temporary_name()));
        self.write_node(node, &temp.0)?;
        replace(&temp.0, to)
    }

    /// Writes a node to `root/place` without following any symlink below `root`: a symlink or a file where a
    /// folder must be is replaced by a folder.
    pub fn checkout_below(&self, root: &Path, place: &RelPath, node: &Node) -> Result<(), StoreError> {
        let mut path = root.to_owned();
        let parent = place.parent().unwrap_or_default();
        for component in parent.components() {
            path.push(component);
            match std::fs::symlink_metadata(&path) {
                Ok(metadata) if metadata.is_dir() => {}
                Ok(_) => files::remove_all(&path)?,
                Err(e) if e.kind() == ErrorKind::NotFound => {}
                Err(e) => return Err(StoreError::io("reading", path, e)),
            }
            files::make_folders(&path)?;
        }
        self.checkout(node, &root.join(place))
    }

    /// Is the destination a file with that content and mode already? A doubt is a no.
    fn is_there(&self, node: &Node, to: &Path) -> bool {
        let Ok(metadata) = std::fs::symlink_metadata(to) else { return false };
        match node {
            Node::File { blob, executable } => {
                metadata.is_file()
                    && metadata.size() == blob.0.size
                    && metadata.mode() & 0o777 == mode_of(*executable)
                    && blob.0.function == self.function()
                    && self.file_digest(to).is_ok_and(|digest| digest == blob.0)
            }
            Node::Symlink(target) => {
                metadata.is_symlink() && std::fs::read_link(to).is_ok_and(|there| there.as_os_str() == target.as_str())
            }
            Node::Directory(_) => false,
        }
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
