//! Stamps of many paths, packed: what the fast path compares with the file system.
//!
//! Paths are kept by folder: a folder is opened once and its entries are asked for by their last name, and memory is
//! read in the order in which it lies. Invariants: nothing is lost in packing, so that it holds exactly when every
//! stamp is equal; symlinks are followed, as they are when a whole path is asked for. This file does not know what
//! the paths are.

use gx_store::Stamp;
use rustix::fs::{AtFlags, CWD, Mode, OFlags, Stat};
use serde::{Deserialize, Serialize};
use std::ffi::CStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Entries of one folder that are kept together, at most: threads share the work by these.
const TOGETHER: usize = 256;
/// Paths that one thread looks at alone.
const FEW: usize = 2_000;

/// Paths below a folder with their stamps; none where nothing was.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Stamps {
    folders: Vec<Arc<Folder>>,
}

/// Entries of one folder.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Folder {
    /// Below the root; empty for the root itself.
    path: Box<str>,
    /// Their names, each with a zero byte at its end.
    names: Box<[u8]>,
    /// In the order of the names.
    stamps: Box<[Packed]>,
}

/// A stamp. Nothing that is there has the mode 0: that is for what is not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Packed {
    ino: u64,
    size: u64,
    mtime_ns: i64,
    ctime_ns: i64,
    /// The kernel tells devices in 32 bits.
    dev: u32,
    mode: u32,
}

impl Packed {
    fn of(stamp: &Stamp) -> Option<Packed> {
        let Stamp { dev, ino, size, mtime_ns, ctime_ns, mode } = *stamp;
        (mode != 0).then_some(Packed { ino, size, mtime_ns, ctime_ns, dev: u32::try_from(dev).ok()?, mode })
    }
}

impl Stamps {
    /// Packs; nothing when a path or a stamp is not of this world.
    pub(super) fn of(all: Vec<(String, Option<Stamp>)>) -> Option<Stamps> {
        let mut entries: Vec<(&str, &str, Packed)> = Vec::with_capacity(all.len());
        for (path, stamp) in &all {
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
            let packed = match stamp {
                Some(stamp) => Packed::of(stamp)?,
                None => Packed::default(),
            };
            if path.contains('\0') {
                return None;
            }
            entries.push((folder, if path.is_empty() { "." } else { name }, packed));
        }
        entries.sort_unstable_by_key(|(folder, name, _)| (*folder, *name));
        let mut folders = Vec::new();
        for alike in entries.chunk_by(|a, b| a.0 == b.0) {
            for some in alike.chunks(TOGETHER) {
                let names: Vec<u8> = some.iter().flat_map(|(_, name, _)| name.bytes().chain([0])).collect();
                folders.push(Arc::new(Folder {
                    path: some.first().map_or("", |(folder, ..)| folder).into(),
                    names: names.into(),
                    stamps: some.iter().map(|(.., stamp)| *stamp).collect(),
                }));
            }
        }
        folders.shrink_to_fit();
        Some(Stamps { folders })
    }

    /// These and others.
    pub(super) fn and(&self, others: Stamps) -> Stamps {
        Stamps { folders: self.folders.iter().cloned().chain(others.folders).collect() }
    }

    /// Is everything below `root` still so? Asked by several threads when there is much of it.
    pub(super) fn hold(&self, root: &Path) -> bool {
        let Some(root) = open(root) else { return false };
        let (next, differs) = (AtomicUsize::new(0), AtomicBool::new(false));
        let work = || {
            while let Some(folder) = self.folders.get(next.fetch_add(1, Ordering::Relaxed)) {
                if differs.load(Ordering::Relaxed) || !folder.holds(&root) {
                    return differs.store(true, Ordering::Relaxed);
                }
            }
        };
        let paths: usize = self.folders.iter().map(|folder| folder.stamps.len()).sum();
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(paths / FEW);
        std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            work();
            // What a thread that panicked had taken was not looked at.
            others.into_iter().all(|other| other.join().is_ok()) && !differs.load(Ordering::Relaxed)
        })
    }
}

impl Folder {
    fn holds(&self, root: &OwnedFd) -> bool {
        let opened;
        let folder: BorrowedFd<'_> = if self.path.is_empty() {
            root.as_fd()
        } else {
            match rustix::fs::openat(root, &*self.path, FOLDER, Mode::empty()) {
                Ok(folder) => {
                    opened = folder;
                    opened.as_fd()
                }
                // Without the folder there is nothing in it. Any other trouble is a difference.
                Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => {
                    return self.stamps.iter().all(|stamp| *stamp == Packed::default());
                }
                Err(_) => return false,
            }
        };
        let mut names = &*self.names;
        self.stamps.iter().all(|known| {
            let Ok(name) = CStr::from_bytes_until_nul(names) else { return false };
            names = names.get(name.count_bytes() + 1..).unwrap_or_default();
            let found = rustix::fs::statat(folder, name, AtFlags::empty());
            found.map_or_else(|_| Some(Packed::default()), |found| Packed::of(&of(&found))) == Some(*known)
        })
    }
}

const FOLDER: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// A folder to look below.
pub(super) fn open(root: &Path) -> Option<OwnedFd> {
    rustix::fs::openat(CWD, root, FOLDER, Mode::empty()).ok()
}

/// The stamp of a path below a folder; symlinks are followed.
pub(super) fn stamp(folder: &OwnedFd, path: &str) -> Option<Stamp> {
    let path = if path.is_empty() { "." } else { path };
    rustix::fs::statat(folder, path, AtFlags::empty()).ok().map(|found| of(&found))
}

#[expect(clippy::unnecessary_cast, reason = "the types of these fields differ between machines")]
fn of(found: &Stat) -> Stamp {
    let nanoseconds = |seconds: i64, rest: i64| seconds.saturating_mul(1_000_000_000).saturating_add(rest);
    Stamp {
        dev: found.st_dev as u64,
        ino: found.st_ino as u64,
        size: found.st_size as u64,
        mtime_ns: nanoseconds(found.st_mtime as i64, found.st_mtime_nsec as i64),
        ctime_ns: nanoseconds(found.st_ctime as i64, found.st_ctime_nsec as i64),
        mode: found.st_mode,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(root: &Path, paths: &[&str]) -> Stamps {
        let folder = open(root).unwrap();
        Stamps::of(paths.iter().map(|path| ((*path).to_owned(), stamp(&folder, path))).collect()).unwrap()
    }

    #[test]
    fn every_path_of_every_folder_is_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        // More than one thread's share, more than one piece of a folder, and folders below folders.
        let files: Vec<String> =
            (0..2 * FEW).map(|n| if n % 3 == 0 { format!("a/f{n}") } else { format!("a/b{}/f{n}", n % 5) }).collect();
        for file in &files {
            std::fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
            std::fs::write(root.join(file), "1").unwrap();
        }
        let paths: Vec<&str> = files.iter().map(String::as_str).chain(["", "a", "a/b1", "top", "no/way"]).collect();
        for file in files.iter().step_by(97).chain(files.last()) {
            let stamps = taken(root, &paths);
            assert!(stamps.hold(root));
            std::fs::write(root.join(file), "22").unwrap();
            assert!(!stamps.hold(root), "{file}");
            let again = taken(root, &paths);
            std::fs::remove_file(root.join(file)).unwrap();
            assert!(!again.hold(root), "{file}");
            std::fs::write(root.join(file), "1").unwrap();
            assert!(!again.hold(root), "{file}");
        }
    }

    #[test]
    fn a_folder_that_went_or_became_a_symlink_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir(root.join("d")).unwrap();
        std::fs::write(root.join("d/f"), "1").unwrap();
        let stamps = taken(root, &["d/f"]);
        let with_none = taken(root, &["d/f", "e/g"]);
        std::fs::rename(root.join("d"), root.join("e")).unwrap();
        assert!(!stamps.hold(root));
        // The same file, seen through a symlink, is the same.
        std::os::unix::fs::symlink("e", root.join("d")).unwrap();
        assert!(stamps.hold(root) && with_none.hold(root));
        std::fs::write(root.join("e/g"), "").unwrap();
        assert!(stamps.hold(root) && !with_none.hold(root));
    }

    #[test]
    fn a_row_gives_the_same_stamps() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("f"), "1").unwrap();
        let stamps = taken(folder.path(), &["", "f", "g/h"]).and(taken(folder.path(), &["i"]));
        let bytes = gx_store::row::encode(&stamps).unwrap();
        assert_eq!(gx_store::row::decode::<Stamps>(&bytes), Some(stamps));
    }
}
