//! The layout version of a store's folder, and the faults of a folder that cannot be a store.
//!
//! What lies in the folder of a store:
//!
//! ```text
//! version            the layout version, a number
//! db/                RocksDB: small blobs, trees, outcomes, derivations, private rows
//! cas/<2 hex>/       blobs as files, <function code><hex>; `.x`: an executable twin
//! trees/             materialised trees, <function code><hex>
//! quarantine/        files that were not what their names said
//! scratch/           half-made things, <process id>-<number>
//! ```
//!
//! Invariant: the version is looked at before the database is opened, so that a newer layout is never touched.
//! This file does not know RocksDB.

use crate::error::StoreError;
use crate::files;
use std::io::{ErrorKind, Write};
use std::path::Path;

/// The layout this code reads and writes.
pub(crate) const LAYOUT: u32 = 1;

const FILE: &str = "version";

/// Makes the folder ready: creates it, checks that it can be written, and checks or writes the version.
pub(crate) fn prepare(directory: &Path) -> Result<(), StoreError> {
    files::make_folders(directory).map_err(|e| read_only(directory, e))?;
    rustix::fs::access(directory, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK)
        .map_err(|e| read_only(directory, StoreError::io("writing to", directory, e.into())))?;
    let path = directory.join(FILE);
    match std::fs::read_to_string(&path) {
        Ok(text) => check(directory, &text),
        Err(e) if e.kind() == ErrorKind::NotFound => write(directory, &path),
        Err(e) if e.kind() == ErrorKind::InvalidData => Err(unreadable(&path)),
        Err(e) => Err(StoreError::io("reading", path, e)),
    }
}

fn check(directory: &Path, text: &str) -> Result<(), StoreError> {
    let found: u32 = text.trim().parse().map_err(|_| unreadable(&directory.join(FILE)))?;
    if found > LAYOUT {
        return Err(StoreError::Newer { path: directory.to_owned(), found, known: LAYOUT });
    }
    Ok(())
}

fn unreadable(path: &Path) -> StoreError {
    StoreError::Database(format!("'{}' does not hold a layout version", path.display()))
}

fn write(directory: &Path, path: &Path) -> Result<(), StoreError> {
    // Two first openers may race here; both write the same bytes, and the database's lock decides after.
    let temp = directory.join(format!("{FILE}.{}.tmp", std::process::id()));
    let done = std::fs::File::create(&temp)
        .and_then(|mut file| {
            writeln!(file, "{LAYOUT}")?;
            file.sync_all()
        })
        .and_then(|()| std::fs::rename(&temp, path));
    done.map_err(|e| {
        let _ = std::fs::remove_file(&temp);
        read_only(directory, StoreError::io("writing", path, e))
    })?;
    files::sync_folder(directory)
}

/// Not being allowed to write the store's own folder is a kind of its own.
fn read_only(directory: &Path, error: StoreError) -> StoreError {
    match error {
        StoreError::Io { source, .. } if source.kind() == ErrorKind::PermissionDenied => {
            StoreError::ReadOnly(directory.to_owned())
        }
        StoreError::ReadOnly(_) => StoreError::ReadOnly(directory.to_owned()),
        other => other,
    }
}
