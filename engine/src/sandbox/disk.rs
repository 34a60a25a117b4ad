//! What an action has written to disk, weighed from outside while it runs.
//!
//! An action in memory cannot write more than a little (`limits::FAST_BYTES`), so this is for those on disk only: their
//! folder is walked from time to time, the less often the longer that takes. This file does not know how an action is
//! ended.

use super::limits::{DISK_EVERY, FREE_SHARE, LEAST_FILE};
use super::slot::Own;
use gx_store::Bound;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A folder and what may be in it.
#[derive(Debug)]
pub(crate) struct Disk {
    folder: PathBuf,
    most: u64,
    next: Instant,
}

/// What an action may write from now on: usually a share of what is free where it writes. In memory it cannot write
/// much.
pub(crate) fn allowed(bound: Bound, own: &Own) -> Option<u64> {
    bound.or(if own.on_disk { free_share(&own.path) } else { None })
}

fn free_share(folder: &Path) -> Option<u64> {
    let held = rustix::fs::statvfs(folder).ok()?;
    Some(held.f_bavail.saturating_mul(held.f_frsize) / FREE_SHARE)
}

impl Disk {
    /// An action that starts now, with its own folder.
    pub(crate) fn new(folder: &Path, most: u64) -> Disk {
        Disk { folder: folder.to_owned(), most, next: Instant::now() + DISK_EVERY }
    }

    /// How long until it is to be weighed.
    pub(crate) fn wait(&self) -> Duration {
        self.next.saturating_duration_since(Instant::now())
    }

    /// What it may write, when that is less than it has written.
    pub(crate) fn exceeded(&mut self) -> Option<u64> {
        let began = Instant::now();
        let found = written(&self.folder, self.most);
        self.next = Instant::now() + DISK_EVERY.max(began.elapsed() * 10);
        (found > self.most).then_some(self.most)
    }
}

/// Bytes on disk below a folder; the count ends where there is enough. What cannot be read is changing or nobody's.
fn written(folder: &Path, enough: u64) -> u64 {
    let (mut sum, mut left) = (0u64, vec![folder.to_owned()]);
    while let Some(folder) = left.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let Ok(held) = entry.metadata() else { continue };
            sum = sum.saturating_add(held.blocks().saturating_mul(512).max(LEAST_FILE));
            if sum > enough {
                return sum;
            }
            if held.is_dir() {
                left.push(entry.path());
            }
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_files_count_too() {
        let folder = tempfile::tempdir().unwrap();
        let mut disk = Disk::new(folder.path(), 9 * LEAST_FILE);
        for number in 0..10 {
            assert_eq!(disk.exceeded(), None);
            std::fs::write(folder.path().join(number.to_string()), "").unwrap();
        }
        assert_eq!(disk.exceeded(), Some(9 * LEAST_FILE));
    }

    #[test]
    fn what_lies_in_folders_counts_and_holes_do_not() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("w")).unwrap();
        let file = std::fs::File::create(folder.path().join("hole")).unwrap();
        file.set_len(1 << 30).unwrap();
        let mut disk = Disk::new(folder.path(), 1 << 20);
        assert_eq!(disk.exceeded(), None);
        std::fs::write(folder.path().join("w/full"), vec![1; 2 << 20]).unwrap();
        // Some file systems count blocks when they are written out.
        std::fs::File::open(folder.path().join("w/full")).unwrap().sync_all().unwrap();
        assert_eq!(disk.exceeded(), Some(1 << 20));
        assert!(free_share(folder.path()).is_some_and(|most| most > 0));
    }
}
