//! Where fetched bytes arrive: a file that grows, with its SHA-256 and a limit.
//!
//! Invariant: after `finish` the file is there with the declared hash, or it is not there; a sink that is dropped
//! before takes its file along. This file does not know where bytes come from.

use gx_store::{Cancel, FetchError, StoreError};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

/// The largest file that is fetched: 16 GiB.
pub(crate) const LIMIT: u64 = 16 << 30;

/// Why one source gave nothing; another may.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Nothing more is to be tried.
    Stop(FetchError),
    /// This source has no such bytes; asking again is of no use.
    Refused(String),
    /// It failed in a way that may pass.
    Passing(String),
    /// It has other bytes: their SHA-256.
    WrongHash(String),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Fault {
        Fault::Stop(FetchError::Store(Box::new(error)))
    }
}

/// A file on its way.
pub(crate) struct Sink {
    path: PathBuf,
    file: File,
    hasher: Sha256,
    size: u64,
    limit: u64,
    kept: bool,
}

impl Sink {
    /// An empty file at `path`; what was there is gone.
    pub(crate) fn create(path: &Path, limit: u64) -> Result<Sink, Fault> {
        let file = File::create(path).map_err(|e| StoreError::io("creating", path, e))?;
        Ok(Sink { path: path.to_owned(), file, hasher: Sha256::new(), size: 0, limit, kept: false })
    }

    /// Adds bytes.
    pub(crate) fn add(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.size += bytes.len() as u64;
        if self.size > self.limit {
            return Err(Fault::Refused(format!("more than {} bytes, which is the limit", self.limit)));
        }
        self.hasher.update(bytes);
        self.file.write_all(bytes).map_err(|e| StoreError::io("writing", &self.path, e).into())
    }

    /// Adds everything that `from` has.
    pub(crate) fn add_all(&mut self, from: &mut impl Read, cancel: &Cancel) -> Result<(), Fault> {
        let mut buffer = vec![0u8; 1 << 17];
        loop {
            if cancel.is_cancelled() {
                return Err(Fault::Stop(FetchError::Cancelled));
            }
            match from.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(read) => self.add(buffer.get(..read).unwrap_or_default())?,
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => return Err(Fault::Passing(e.to_string())),
            }
        }
    }

    /// Forgets all bytes.
    pub(crate) fn restart(&mut self) -> Result<(), Fault> {
        let emptied = self.file.set_len(0).and_then(|()| self.file.rewind());
        emptied.map_err(|e| StoreError::io("emptying", &self.path, e))?;
        (self.hasher, self.size) = (Sha256::new(), 0);
        Ok(())
    }

    /// Does it have the hash that was declared, as far as it has grown?
    pub(crate) fn matches(&self, declared: &str) -> bool {
        hex::encode(self.hasher.clone().finalize()) == declared
    }

    /// Bytes so far.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Keeps the file when it has the hash that was declared.
    pub(crate) fn finish(mut self, declared: &str) -> Result<(), Fault> {
        let found = hex::encode(std::mem::take(&mut self.hasher).finalize());
        if found != declared {
            return Err(Fault::WrongHash(found));
        }
        self.kept = true;
        Ok(())
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        if !self.kept {
            // Nothing can be done where this fails; the caller checks the hash again.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// The SHA-256 of a file.
pub(crate) fn sha256_of(path: &Path, cancel: &Cancel) -> Result<String, Fault> {
    let mut file = File::open(path).map_err(|e| Fault::Refused(format!("'{}': {e}", path.display())))?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0u8; 1 << 17];
    loop {
        if cancel.is_cancelled() {
            return Err(Fault::Stop(FetchError::Cancelled));
        }
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hex::encode(hasher.finalize())),
            Ok(read) => hasher.update(buffer.get(..read).unwrap_or_default()),
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(Fault::Refused(format!("'{}': {e}", path.display()))),
        }
    }
}

/// Copies a local file through a sink.
pub(crate) fn copy_checked(from: &Path, to: &Path, declared: &str, limit: u64, cancel: &Cancel) -> Result<(), Fault> {
    let refused = |e: std::io::Error| Fault::Refused(e.to_string());
    let mut file = File::open(from).map_err(refused)?;
    if !file.metadata().map_err(refused)?.is_file() {
        return Err(Fault::Refused("not a file".to_owned()));
    }
    let mut sink = Sink::create(to, limit)?;
    sink.add_all(&mut file, cancel)?;
    sink.finish(declared)
}
