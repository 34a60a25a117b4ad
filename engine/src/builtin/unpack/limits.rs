//! Limits against decompression bombs.
//!
//! An archive may have at most a million members and unpack to at most 64 GiB, and to at most 1 GiB + 250 times its
//! own size. Real archives stay far below: source code packs about 1:5, and deflate's own end is 1:1032.
//! This file does not know formats.

use super::error::TooMuch;
use std::cell::Cell;
use std::io::Read;
use std::rc::Rc;

/// What an archive may grow to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Members.
    pub(super) members: usize,
    /// Bytes, whatever the archive's size.
    pub(super) bytes: u64,
    /// Bytes that are always allowed.
    pub(super) base: u64,
    /// And bytes for each byte of the archive.
    pub(super) ratio: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { members: 1_000_000, bytes: 64 << 30, base: 1 << 30, ratio: 250 }
    }
}

impl Limits {
    /// The bytes allowed for an archive of `size` bytes.
    pub(super) fn budget(&self, size: u64) -> Budget {
        let total = self.base.saturating_add(self.ratio.saturating_mul(size)).min(self.bytes);
        Budget { total, left: Rc::new(Cell::new(total)) }
    }
}

/// Bytes that may still be read.
#[derive(Debug, Clone)]
pub(super) struct Budget {
    total: u64,
    left: Rc<Cell<u64>>,
}

impl Budget {
    /// A budget of the same size, unspent: for another stream of the same archive.
    pub(super) fn fresh(&self) -> Budget {
        Budget { total: self.total, left: Rc::new(Cell::new(self.total)) }
    }

    /// Reads through the budget.
    pub(super) fn watch<R: Read>(&self, inner: R) -> Watched<R> {
        Watched { inner, budget: self.clone() }
    }
}

/// A reader that fails when its budget is spent.
pub(super) struct Watched<R> {
    inner: R,
    budget: Budget,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        match self.budget.left.get().checked_sub(read as u64) {
            Some(left) => {
                self.budget.left.set(left);
                Ok(read)
            }
            None => Err(std::io::Error::other(TooMuch(format!("{} bytes", self.budget.total)))),
        }
    }
}
