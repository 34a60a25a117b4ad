//! The scratch folder: half-made things, on the file system of `cas/`, so that a rename finishes them.
//!
//! Invariants: names are unique within the process, and one process owns a store, so what is there when a
//! store is opened is left over from a process that died and is removed. This file does not know what is made.

use crate::error::StoreError;
use crate::files;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Hands out names below the scratch folder.
#[derive(Debug)]
pub(crate) struct Scratch {
    directory: PathBuf,
    next: AtomicU64,
}

impl Scratch {
    pub(crate) fn new(directory: PathBuf) -> Scratch {
        Scratch { directory, next: AtomicU64::new(0) }
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// A path at which nothing of this process lies.
    pub(crate) fn fresh(&self) -> PathBuf {
        let n = self.next.fetch_add(1, Ordering::Relaxed);
        self.directory.join(format!("{}-{n}", std::process::id()))
    }

    /// A new, empty file at a fresh path, removed when the guard is dropped before `keep`.
    pub(crate) fn file(&self) -> Result<(std::fs::File, TempPath), StoreError> {
        loop {
            let path = self.fresh();
            match std::fs::File::options().read(true).write(true).create_new(true).open(&path) {
                Ok(file) => return Ok((file, TempPath { path, armed: true })),
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(e) if e.kind() == std::io::ErrorKind::NotFound && !self.directory.is_dir() => {
                    files::make_folders(&self.directory)?;
                }
                Err(e) => return Err(StoreError::io("creating", path, e)),
            }
        }
    }

    /// A new, empty folder.
    pub(crate) fn folder(&self) -> Result<ScratchDir, StoreError> {
        loop {
            let path = self.fresh();
            match std::fs::create_dir(&path) {
                Ok(()) => {
                    files::set_mode(&path, 0o755)?;
                    return Ok(ScratchDir { path, armed: true });
                }
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(e) if e.kind() == std::io::ErrorKind::NotFound && !self.directory.is_dir() => {
                    files::make_folders(&self.directory)?;
                }
                Err(e) => return Err(StoreError::io("creating", path, e)),
            }
        }
    }

    /// Removes in the background what an earlier process left.
    pub(crate) fn sweep(&self) {
        let Ok(entries) = std::fs::read_dir(&self.directory) else { return };
        let left: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        if left.is_empty() {
            return;
        }
        // Listed before this process makes anything, so only leftovers are removed; `fresh` names that a
        // leftover of a process with our id still has are skipped by `AlreadyExists`.
        let work = move || {
            for path in left {
                if let Err(error) = files::remove_all(&path) {
                    tracing::warn!(%error, "a leftover in scratch cannot be removed");
                }
            }
        };
        if let Err(error) = std::thread::Builder::new().name("gx-scratch".into()).spawn(work) {
            tracing::warn!(%error, "leftovers in scratch are not removed");
        }
    }
}

/// A file that is removed unless it is kept.
#[derive(Debug)]
pub(crate) struct TempPath {
    path: PathBuf,
    armed: bool,
}

impl TempPath {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// It was renamed away, or shall stay.
    pub(crate) fn keep(mut self) {
        self.armed = false;
    }
}

impl Drop for TempPath {
    fn drop(&mut self) {
        if self.armed {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// A folder of scratch, removed with all below it when dropped.
#[derive(Debug)]
pub struct ScratchDir {
    path: PathBuf,
    armed: bool,
}

impl ScratchDir {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Lets it stay: it was moved away, or is wanted for a look (`--keep-sandbox`).
    pub fn keep(mut self) -> PathBuf {
        self.armed = false;
        std::mem::take(&mut self.path)
    }
}

impl Drop for ScratchDir {
    fn drop(&mut self) {
        if self.armed
            && let Err(error) = files::remove_all(&self.path)
        {
            tracing::warn!(%error, "a scratch folder cannot be removed");
        }
    }
}
