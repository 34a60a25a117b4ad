//! Small helpers for files: modes, times, copies, atomic places, removal.
//!
//! Invariants: nothing here depends on the umask; a copy never shares an inode with its source; removal works
//! on folders without write permission. This file does not know digests.

use crate::error::StoreError;
use std::fs::{File, FileTimes, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// The time every file and folder of the store has, and every input of an action: one second after the epoch (zero
/// confuses some tools).
pub fn fixed_time() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1)
}

/// Nanoseconds of `fixed_time`.
pub(crate) const FIXED_TIME_NS: i64 = 1_000_000_000;

/// Makes a folder and those above it; new ones get mode 0755.
pub(crate) fn make_folders(path: &Path) -> Result<(), StoreError> {
    match std::fs::create_dir(path) {
        Ok(()) => set_mode(path, 0o755),
        Err(e) if e.kind() == ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(e) if e.kind() == ErrorKind::NotFound => {
            let Some(parent) = path.parent() else {
                return Err(StoreError::io("creating", path, e));
            };
            make_folders(parent)?;
            match std::fs::create_dir(path) {
                Ok(()) => set_mode(path, 0o755),
                Err(e) if e.kind() == ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
                Err(e) => Err(StoreError::io("creating", path, e)),
            }
        }
        Err(e) => Err(StoreError::io("creating", path, e)),
    }
}

/// Sets permissions, whatever the umask.
pub(crate) fn set_mode(path: &Path, mode: u32) -> Result<(), StoreError> {
    std::fs::set_permissions(path, Permissions::from_mode(mode))
        .map_err(|e| StoreError::io("setting permissions of", path, e))
}

/// Sets mode and the fixed time of an open file.
pub(crate) fn freeze(file: &File, path: &Path, mode: u32) -> Result<(), StoreError> {
    file.set_permissions(Permissions::from_mode(mode))
        .map_err(|e| StoreError::io("setting permissions of", path, e))?;
    let times = FileTimes::new().set_modified(fixed_time()).set_accessed(fixed_time());
    file.set_times(times).map_err(|e| StoreError::io("setting the time of", path, e))
}

/// Sets mode and the fixed time of a folder that is finished.
pub(crate) fn freeze_folder(path: &Path, mode: u32) -> Result<(), StoreError> {
    let folder = File::open(path).map_err(|e| StoreError::io("opening", path, e))?;
    freeze(&folder, path, mode)
}

/// Renames, making the folder of the new name when it is not there.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), StoreError> {
    match std::fs::rename(from, to) {
        Ok(()) => Ok(()),
        Err(e) if e.kind() == ErrorKind::NotFound => {
            if let Some(parent) = to.parent() {
                make_folders(parent)?;
            }
            std::fs::rename(from, to).map_err(|e| StoreError::io("renaming to", to, e))
        }
        Err(e) => Err(StoreError::io("renaming to", to, e)),
    }
}

/// Makes the entries of a folder durable.
pub(crate) fn sync_folder(path: &Path) -> Result<(), StoreError> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(|e| StoreError::io("syncing", path, e))
}

/// Copies content by reflink where the file system can, else byte by byte.
pub(crate) fn copy_content(from: &mut File, to: &mut File) -> std::io::Result<()> {
    if rustix::fs::ioctl_ficlone(&*to, &*from).is_ok() {
        return Ok(());
    }
    std::io::copy(from, to).map(|_| ())
}

/// Removes a file, a symlink (not what it points at) or a folder with all below it. Nothing there is no error.
pub(crate) fn remove_all(path: &Path) -> Result<(), StoreError> {
    let wrap = |e: std::io::Error| StoreError::io("removing", path, e);
    let metadata = match std::fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(wrap(e)),
    };
    if !metadata.is_dir() {
        return ignore_missing(std::fs::remove_file(path)).map_err(wrap);
    }
    match std::fs::remove_dir_all(path) {
        Err(e) if e.kind() == ErrorKind::PermissionDenied => {
            unlock_folders(path);
            ignore_missing(std::fs::remove_dir_all(path)).map_err(wrap)
        }
        other => ignore_missing(other).map_err(wrap),
    }
}

fn ignore_missing(result: std::io::Result<()>) -> std::io::Result<()> {
    match result {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Gives the owner back the right to remove entries, in every folder below. What fails shows when removing.
fn unlock_folders(path: &Path) {
    let _ = std::fs::set_permissions(path, Permissions::from_mode(0o700));
    let Ok(entries) = std::fs::read_dir(path) else { return };
    for entry in entries.flatten() {
        if entry.file_type().is_ok_and(|t| t.is_dir()) {
            unlock_folders(&entry.path());
        }
    }
}

/// Moves a finished folder away; one without write permission cannot be moved to another parent as it is.
pub(crate) fn move_folder(path: &Path, to: &Path) -> Result<(), StoreError> {
    match std::fs::symlink_metadata(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(StoreError::io("reading", path, e)),
        Ok(metadata) if metadata.is_dir() => set_mode(path, 0o700)?,
        Ok(_) => {}
    }
    rename(path, to)
}
