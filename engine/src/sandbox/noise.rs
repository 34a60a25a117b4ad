//! The bytes that an action at level `normalised` reads from `/dev/random` and `/dev/urandom`: files of the store, made
//! once, the same on every machine.
//!
//! A file ends where a device would not (`limits::NOISE`); a reading starts within its first half.
//! This file does not know who reads.

use super::limits;
use gx_store::{Store, StoreError};
use std::io::{BufWriter, Write};
use std::path::Path;

const CONTEXT: &str = "gx 2026-11 devices of randomness";
const CHUNK: u64 = 64 << 10;

/// Makes the files, where they are not there.
pub(super) fn ready(store: &Store) -> Result<(), StoreError> {
    let folder = store.directory().join(limits::NOISE_FOLDER);
    for (name, length) in limits::NOISE {
        let path = folder.join(name);
        if std::fs::metadata(&path).is_ok_and(|found| found.len() == *length) {
            continue;
        }
        let failed = |error| StoreError::io("making the bytes of a device", &path, error);
        std::fs::create_dir_all(&folder).map_err(failed)?;
        let half = tempfile::NamedTempFile::new_in(&folder).map_err(failed)?;
        write(half.as_file(), name, *length).map_err(failed)?;
        readable(half.path()).map_err(failed)?;
        half.persist(&path).map_err(|error| failed(error.error))?;
    }
    Ok(())
}

fn write(to: &std::fs::File, name: &str, length: u64) -> std::io::Result<()> {
    let mut stream = blake3::Hasher::new_derive_key(CONTEXT).update(name.as_bytes()).finalize_xof();
    let mut to = BufWriter::new(to);
    let mut left = length;
    while left > 0 {
        let mut bytes = vec![0; left.min(CHUNK) as usize];
        stream.fill(&mut bytes);
        to.write_all(&bytes)?;
        left -= bytes.len() as u64;
    }
    to.flush()
}

fn readable(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o444))
}
