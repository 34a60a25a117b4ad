//! Small operations on the disk that staging and collecting share.
//!
//! Invariants: modes do not depend on the umask of this process; what an action left behind is removed whatever
//! modes it has. This file does not know actions.

use gx_store::busy::settle;
use gx_store::{BlobId, Blobs, Node, Store, StoreError, TreeId, Trees, fixed_time};
use rustix::fs::{AtFlags, CWD, Timespec, Timestamps};
use std::fs::{self, FileTimes, OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::UNIX_EPOCH;

/// Makes a folder of mode 0755.
pub(crate) fn make_folder(path: &Path) -> Result<(), StoreError> {
    fs::create_dir(path).map_err(|e| StoreError::io("making", path, e))?;
    adjust(path)
}

/// Is the umask of this process the usual 022? Then fresh files and folders have the modes that are wanted. Asked
/// once: nothing here changes it.
fn umask_is_usual() -> bool {
    static USUAL: OnceLock<bool> = OnceLock::new();
    *USUAL.get_or_init(|| {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        status.lines().any(|line| line.strip_prefix("Umask:").is_some_and(|mask| mask.trim() == "0022"))
    })
}

/// A fresh folder has mode 0777 without the bits of the umask.
fn adjust(path: &Path) -> Result<(), StoreError> {
    if umask_is_usual() {
        return Ok(());
    }
    let mode = fs::symlink_metadata(path).map_err(|e| StoreError::io("making", path, e))?.permissions().mode();
    if mode & 0o7777 == 0o755 { Ok(()) } else { set_mode(path, 0o755) }
}

/// Takes the right to write away from a folder that is finished.
pub(crate) fn seal(path: &Path) -> Result<(), StoreError> {
    set_mode(path, 0o555)
}

/// Gives it back, to whom that matters, so that the folder can be emptied.
pub(crate) fn unseal(path: &Path) {
    if !rustix::process::geteuid().is_root() {
        // What has become of it is seen to when it is removed.
        let _ = set_mode(path, 0o755);
    }
}

/// Makes a folder of mode 0755 unless one is there.
pub(crate) fn ensure_folder(path: &Path) -> Result<(), StoreError> {
    match fs::create_dir(path) {
        Ok(()) => adjust(path),
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(e) => Err(StoreError::io("making", path, e)),
    }
}

fn set_mode(path: &Path, mode: u32) -> Result<(), StoreError> {
    fs::set_permissions(path, Permissions::from_mode(mode)).map_err(|e| StoreError::io("making", path, e))
}

/// Makes a file with this content, read-only.
pub(crate) fn write_file(path: &Path, bytes: &[u8], executable: bool) -> Result<(), StoreError> {
    let mode = if executable { 0o555 } else { 0o444 };
    let make = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
        file.write_all(bytes)?;
        fix_time(&file)?;
        if !umask_is_usual() {
            file.set_permissions(Permissions::from_mode(mode))?;
        }
        if executable {
            settle(file, path);
        }
        Ok(())
    };
    make().map_err(|e| StoreError::io("writing", path, e))
}

/// Makes a symlink.
pub(crate) fn make_link(path: &Path, target: &str) -> Result<(), StoreError> {
    symlink(target, path).map_err(|e| StoreError::io("making", path, e))?;
    set_fixed_time(path)
}

/// Gives an open file that is finished the time of the store.
fn fix_time(file: &fs::File) -> std::io::Result<()> {
    file.set_times(FileTimes::new().set_modified(fixed_time()).set_accessed(fixed_time()))
}

/// Gives a path that is finished the time of the store, so that what an action sees of its inputs is the same always.
pub(crate) fn set_fixed_time(path: &Path) -> Result<(), StoreError> {
    let seconds = fixed_time().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs() as i64);
    let time = Timespec { tv_sec: seconds, tv_nsec: 0 };
    let times = Timestamps { last_access: time, last_modification: time };
    rustix::fs::utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW)
        .map_err(|e| StoreError::io("setting the time of", path, e.into()))
}

/// Copies a blob out of the store as a stream.
pub(crate) fn copy_blob(store: &Store, blob: &BlobId, to: &Path, executable: bool) -> Result<(), StoreError> {
    let mut from = store.open_blob(blob)?;
    write_file(to, b"", executable)?;
    let io = |e| StoreError::io("writing", to, e);
    // The mode is read-only already, but the owner of a fresh file can make it writable while it is filled.
    set_mode(to, 0o644)?;
    let mut file = OpenOptions::new().write(true).open(to).map_err(io)?;
    std::io::copy(&mut from, &mut file).map_err(io)?;
    fix_time(&file).map_err(io)?;
    set_mode(to, if executable { 0o555 } else { 0o444 })?;
    if executable {
        settle(file, to);
    }
    Ok(())
}

/// Copies a node out of the store. Folders can be written, so that they can be removed and used without a sandbox.
pub(crate) fn copy_node(store: &Store, node: &Node, to: &Path) -> Result<(), StoreError> {
    match node {
        Node::File { blob, executable } => copy_blob(store, blob, to, *executable),
        Node::Symlink(target) => make_link(to, target),
        Node::Directory(tree) => copy_tree(store, tree, to),
    }
}

/// Copies a tree out of the store.
pub(crate) fn copy_tree(store: &Store, tree: &TreeId, to: &Path) -> Result<(), StoreError> {
    ensure_folder(to)?;
    for (name, node) in &store.tree(tree)?.entries {
        copy_node(store, node, &to.join(name.as_str()))?;
    }
    set_fixed_time(to)
}

/// Removes a file, symlink or folder with all below, also where modes forbid it. What is not there is no error.
pub(crate) fn remove(path: &Path) -> Result<(), StoreError> {
    let io = |e| StoreError::io("removing", path, e);
    let kind = match fs::symlink_metadata(path) {
        Ok(meta) => meta.file_type(),
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(io(e)),
    };
    if !kind.is_dir() {
        return fs::remove_file(path).map_err(io);
    }
    if fs::remove_dir_all(path).is_ok() {
        return Ok(());
    }
    open_up(path).map_err(io)?;
    fs::remove_dir_all(path).map_err(io)
}

/// Gives the owner every right on folders.
fn open_up(folder: &Path) -> std::io::Result<()> {
    fs::set_permissions(folder, Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            open_up(&entry.path())?;
        }
    }
    Ok(())
}

/// Removes an action's folder: at the latest when dropped.
#[derive(Debug)]
pub(crate) struct Cleanup {
    path: Option<PathBuf>,
    /// Only what is in its `w` and `tmp`.
    keep: bool,
}

impl Cleanup {
    /// Will remove `path`.
    pub(crate) fn new(path: PathBuf) -> Cleanup {
        Cleanup { path: Some(path), keep: false }
    }

    /// Will empty `w` and `tmp` in `path`.
    pub(crate) fn emptying(path: PathBuf) -> Cleanup {
        Cleanup { path: Some(path), keep: true }
    }

    /// Does it now, and says so when that fails.
    pub(crate) fn now(mut self) -> Result<(), StoreError> {
        self.path.take().map_or(Ok(()), |path| clean(&path, self.keep))
    }

    /// The same, given what is likely in it: files, and folders with parents before children. When nothing else is
    /// there no folder below has to be read, which costs most.
    pub(crate) fn knowing<'a>(
        self,
        files: impl IntoIterator<Item = &'a Path>,
        folders: &[PathBuf],
    ) -> Result<(), StoreError> {
        for file in files {
            // A guess: what is not there, or is a folder, is seen to below.
            let _ = fs::remove_file(file);
        }
        for folder in folders.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
        self.now()
    }
}

impl Drop for Cleanup {
    fn drop(&mut self) {
        // On an early return, when another error is on its way already.
        let _ = self.path.take().map(|path| clean(&path, self.keep));
    }
}

fn clean(path: &Path, keep: bool) -> Result<(), StoreError> {
    let parts = ["w", "tmp"].map(|name| path.join(name));
    if !keep {
        // Most often they are empty by now.
        let empty = parts.iter().all(|part| fs::remove_dir(part).is_ok()) && fs::remove_dir(path).is_ok();
        return if empty { Ok(()) } else { remove(path) };
    }
    for folder in parts {
        let io = |e| StoreError::io("reading", &folder, e);
        for entry in fs::read_dir(&folder).map_err(io)? {
            remove(&entry.map_err(io)?.path())?;
        }
    }
    Ok(())
}
