//! Reading `zip`.
//!
//! A zip is read from its end, so the blob goes to a file in the store's scratch folder first (which checks its
//! digest too). Names must be UTF-8: the old code pages of DOS are refused, not guessed.
//! This file does not know limits nor trees.

use super::error::UnpackError;
use super::members::Members;
use gx_store::{Store, StoreError};
use std::io::{Read, Seek};
use zip::result::ZipError;

const KIND: &str = "zip";
/// Longest target of a symlink that is read.
const LONGEST_TARGET: u64 = 1 << 16;

/// Reads every member.
pub(super) fn read(mut archive: impl Read, store: &Store, members: &mut Members<'_>) -> Result<(), UnpackError> {
    let scratch = store.scratch();
    let io = |e: std::io::Error| UnpackError::Store(StoreError::io("writing to", &scratch, e));
    std::fs::create_dir_all(&scratch).map_err(io)?;
    let mut file = tempfile::tempfile_in(&scratch).map_err(io)?;
    super::members::copy(&mut archive, &mut file, |e| UnpackError::reading(KIND, e), io)?;
    file.rewind().map_err(io)?;
    let mut zip = zip::ZipArchive::new(std::io::BufReader::new(file)).map_err(damaged)?;
    for index in 0..zip.len() {
        let mut member = zip.by_index(index).map_err(damaged)?;
        let path = members.path(member.name_raw())?;
        if member.is_dir() {
            members.folder(path);
        } else if member.is_symlink() {
            let mut target = Vec::new();
            let read = (&mut member).take(LONGEST_TARGET).read_to_end(&mut target);
            read.map_err(|e| UnpackError::reading(KIND, e))?;
            members.link(path, &target)?;
        } else {
            let executable = member.unix_mode().is_some_and(|mode| mode & 0o100 != 0);
            members.file(path, member, executable)?;
        }
    }
    Ok(())
}

fn damaged(error: ZipError) -> UnpackError {
    match error {
        ZipError::Io(error) => UnpackError::reading(KIND, error),
        other => UnpackError::Damaged { kind: KIND, why: other.to_string() },
    }
}
