//! Reading `tar`, plain or below gzip.
//!
//! Long names (GNU and pax) are the `tar` crate's. Invariant: the archive is read to its very end, so that the
//! checksum of gzip and the digest of the blob are checked.
//! This file does not know limits nor trees.

use super::error::UnpackError;
use super::limits::Budget;
use super::members::Members;
use std::io::{BufRead, BufReader, Read};
use tar::EntryType;

/// Plain `tar`.
pub(super) fn plain(archive: impl Read, budget: &Budget, members: &mut Members<'_>) -> Result<(), UnpackError> {
    read("tar", budget.watch(archive), members)
}

/// `tar` below gzip, also of several gzip members.
pub(super) fn gzip(archive: impl Read, budget: &Budget, members: &mut Members<'_>) -> Result<(), UnpackError> {
    const KIND: &str = "tar.gz";
    let mut archive = BufReader::with_capacity(1 << 16, archive);
    let head = archive.fill_buf().map_err(|e| UnpackError::reading(KIND, e))?;
    if !head.starts_with(&[0x1f, 0x8b]) {
        return Err(UnpackError::OtherKind { kind: KIND, hint: hint(head) });
    }
    read(KIND, budget.watch(flate2::bufread::MultiGzDecoder::new(archive)), members)
}

/// What the first bytes look like.
fn hint(head: &[u8]) -> &'static str {
    match head {
        [b'P', b'K', ..] => ": it looks like a zip (say type = \"zip\")",
        [b'B', b'Z', b'h', ..] => ": it looks like bzip2, which is not supported",
        [0xfd, b'7', b'z', b'X', b'Z', ..] => ": it looks like xz, which is not supported",
        [0x28, 0xb5, 0x2f, 0xfd, ..] => ": it looks like zstd, which is not supported",
        [b'<', ..] => ": it looks like a web page, so the address may be wrong",
        [] => ": it is empty",
        _ if head.get(257..262) == Some(b"ustar") => ": it looks like a plain tar (say type = \"tar\")",
        _ => "",
    }
}

fn read(kind: &'static str, stream: impl Read, members: &mut Members<'_>) -> Result<(), UnpackError> {
    let damaged = |e: std::io::Error| UnpackError::reading(kind, e);
    let mut archive = tar::Archive::new(stream);
    for entry in archive.entries().map_err(damaged)? {
        let entry = entry.map_err(damaged)?;
        let header = entry.header().entry_type();
        if header == EntryType::XGlobalHeader {
            continue;
        }
        let path = members.path(&entry.path_bytes())?;
        let target = entry.link_name_bytes().map(|target| target.into_owned());
        match header {
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                let executable = entry.header().mode().map_err(damaged)? & 0o100 != 0;
                members.file(path, entry, executable)?;
            }
            EntryType::Directory => members.folder(path),
            EntryType::Symlink => members.link(path, &target.unwrap_or_default())?,
            EntryType::Link => members.hard_link(path, &target.unwrap_or_default())?,
            EntryType::Char | EntryType::Block | EntryType::Fifo => {
                return Err(UnpackError::member(path.as_str(), "is a device or a pipe, which a tree cannot hold"));
            }
            other => {
                let why = format!("is of the unknown type {:#04x}", other.as_byte());
                return Err(UnpackError::member(path.as_str(), why));
            }
        }
    }
    std::io::copy(&mut archive.into_inner(), &mut std::io::sink()).map(|_| ()).map_err(damaged)
}
