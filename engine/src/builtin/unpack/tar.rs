//! Reading `tar`, plain or below gzip, xz, zstd or bzip2.
//!
//! Long names (GNU and pax) are the `tar` crate's. Invariant: the archive is read to its very end, so that the
//! checksums of what it is packed with and the digest of the blob are checked.
//! This file does not know limits nor trees.

use super::error::UnpackError;
use super::limits::Budget;
use super::members::Members;
use std::io::{BufRead, BufReader, Read};
use tar::EntryType;

/// What a `tar` is packed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    None,
    Gzip,
    Xz,
    Zstd,
    Bzip2,
}

impl Packing {
    /// Every packing, with the name of its archives.
    pub(super) const ALL: [(&'static str, Packing); 5] = [
        ("tar", Packing::None),
        ("tar.gz", Packing::Gzip),
        ("tar.xz", Packing::Xz),
        ("tar.zst", Packing::Zstd),
        ("tar.bz2", Packing::Bzip2),
    ];

    /// The packing of archives of that name, and the name.
    pub(super) fn of(name: &str) -> Option<(&'static str, Packing)> {
        Packing::ALL.into_iter().find(|(known, _)| *known == name)
    }

    /// The first bytes of all that is packed so.
    const fn magic(self) -> &'static [u8] {
        match self {
            Packing::None => &[],
            Packing::Gzip => &[0x1f, 0x8b],
            Packing::Xz => &[0xfd, b'7', b'z', b'X', b'Z', 0],
            Packing::Zstd => &[0x28, 0xb5, 0x2f, 0xfd],
            Packing::Bzip2 => b"BZh",
        }
    }
}

/// Reads a `tar`. Of several streams one after another, as `cat` makes them, all are read.
pub(super) fn unpack(
    packing: Packing,
    kind: &'static str,
    archive: impl Read,
    budget: &Budget,
    members: &mut Members<'_>,
) -> Result<(), UnpackError> {
    let mut archive = BufReader::with_capacity(1 << 16, archive);
    let head = archive.fill_buf().map_err(|e| UnpackError::reading(kind, e))?;
    if !head.starts_with(packing.magic()) {
        return Err(UnpackError::OtherKind { kind, hint: hint(head) });
    }
    match packing {
        Packing::None => read(kind, budget.watch(archive), members),
        Packing::Gzip => read(kind, budget.watch(flate2::bufread::MultiGzDecoder::new(archive)), members),
        Packing::Xz => read(kind, budget.watch(lzma_rust2::XzReader::new(archive, true)), members),
        Packing::Zstd => read(kind, budget.watch(Frames::new(archive)), members),
        Packing::Bzip2 => read(kind, budget.watch(bzip2::bufread::MultiBzDecoder::new(archive)), members),
    }
}

/// The frames of a zstd stream, one after another.
struct Frames<R: BufRead> {
    state: State<R>,
}

enum State<R: BufRead> {
    Between(R),
    Within(Box<ruzstd::decoding::StreamingDecoder<R, ruzstd::decoding::FrameDecoder>>),
    Broken,
}

impl<R: BufRead> Frames<R> {
    fn new(inner: R) -> Frames<R> {
        Frames { state: State::Between(inner) }
    }
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        loop {
            match std::mem::replace(&mut self.state, State::Broken) {
                State::Broken => return Err(std::io::Error::other("the stream is damaged")),
                State::Between(mut inner) => {
                    if inner.fill_buf()?.is_empty() {
                        self.state = State::Between(inner);
                        return Ok(0);
                    }
                    let decoder = ruzstd::decoding::StreamingDecoder::new(inner).map_err(std::io::Error::other)?;
                    self.state = State::Within(Box::new(decoder));
                }
                State::Within(mut decoder) => {
                    let read = decoder.read(buffer)?;
                    if read > 0 || buffer.is_empty() {
                        self.state = State::Within(decoder);
                        return Ok(read);
                    }
                    self.state = State::Between(decoder.into_inner());
                }
            }
        }
    }
}

/// What the first bytes look like.
fn hint(head: &[u8]) -> &'static str {
    match head {
        [b'P', b'K', ..] => ": it looks like a zip (say type = \"zip\")",
        [b'B', b'Z', b'h', ..] => ": it looks like bzip2 (say type = \"tar.bz2\")",
        [0x1f, 0x8b, ..] => ": it looks like gzip (say type = \"tar.gz\")",
        [0xfd, b'7', b'z', b'X', b'Z', ..] => ": it looks like xz (say type = \"tar.xz\")",
        [0x28, 0xb5, 0x2f, 0xfd, ..] => ": it looks like zstd (say type = \"tar.zst\")",
        [b'!', b'<', b'a', b'r', b'c', b'h', ..] => ": it looks like a Debian package (say type = \"deb\")",
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
