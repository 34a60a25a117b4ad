//! Where a store's daemon is met: the socket's folder, checked for owner and mode, and the owner's lock.
//!
//! Invariants: the folder is the user's own and closed to others; whoever holds `owner.lock` in the store's folder
//! is the only process that has the store open. This file does not know what is said over the socket.

use crate::error::Report;
use crate::map;
use crate::settings::Settings;
use gx_store::{HashFunction, StoreError};
use rustix::fs::FlockOperation;
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

/// A socket's path may not be longer (`sun_path`).
const SOCKET_MOST: usize = 100;

/// The store's folder, made and in its canonical form, so that one store has one name. Builds of another digest
/// function than the usual one share nothing with the rest, and have a store of their own below it.
pub fn store_folder(settings: &Settings) -> Result<PathBuf, Report> {
    let path = &folder_of(&settings.store, settings.function());
    let made = std::fs::create_dir_all(path).and_then(|()| std::fs::canonicalize(path));
    made.map_err(|error| match error.kind() {
        std::io::ErrorKind::PermissionDenied => map::store(&StoreError::ReadOnly(path.to_owned())),
        _ => map::store(&StoreError::io("making the store's folder", path, error)),
    })
}

/// The folder of the store of one digest function, when `store` is what a person names.
pub fn folder_of(store: &Path, function: HashFunction) -> PathBuf {
    match function {
        HashFunction::Blake3 => store.to_owned(),
        other => store.join(other.name()),
    }
}

/// The socket for a store (in its canonical form).
pub fn socket(store: &Path, environment: &BTreeMap<String, String>) -> Result<PathBuf, Report> {
    use std::os::unix::ffi::OsStrExt;
    let name = HashFunction::Blake3.digest(store.as_os_str().as_bytes());
    let hash: String = name.hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let file = format!("{hash}.sock");
    let shared = PathBuf::from(format!("/tmp/gx-{}", rustix::process::geteuid().as_raw()));
    let runtime = environment.get("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = runtime.map_or_else(|| shared.clone(), |folder| folder.join("gx"));
    let folder = if folder.join(&file).as_os_str().len() > SOCKET_MOST { shared } else { folder };
    let made = std::fs::DirBuilder::new().mode(0o700).recursive(true).create(&folder);
    made.map_err(|error| unsafe_folder(&folder, "it cannot be made").cause(&error))?;
    check_folder(&folder)?;
    Ok(folder.join(file))
}

fn check_folder(folder: &Path) -> Result<(), Report> {
    let found = std::fs::symlink_metadata(folder)
        .map_err(|error| unsafe_folder(folder, "it cannot be looked at").cause(&error))?;
    let own = rustix::process::geteuid().as_raw();
    if !found.is_dir() {
        Err(unsafe_folder(folder, "it is no folder"))
    } else if found.uid() != own {
        Err(unsafe_folder(folder, &format!("it belongs to user {}, not {own}", found.uid())))
    } else if found.mode() & 0o077 != 0 {
        Err(unsafe_folder(folder, &format!("its mode is {:o}, others may enter", found.mode() & 0o7777)))
    } else {
        Ok(())
    }
}

fn unsafe_folder(folder: &Path, why: &str) -> Report {
    Report::new(703, format!("the socket's folder '{}' cannot be used: {why}", folder.display()))
}

/// The daemon's log.
pub fn log_file(store: &Path) -> PathBuf {
    store.join("daemon.log")
}

/// A lock file that is held until dropped.
#[derive(Debug)]
pub struct Lock {
    file: File,
    /// The path of a file that goes with the lock.
    passing: Option<PathBuf>,
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Some(path) = &self.passing {
            // Still held: whoever waits for it finds that it is gone, and takes a new one. A file that stays is
            // taken again.
            let _ = std::fs::remove_file(path);
        }
    }
}

impl Lock {
    /// Takes the store. When somebody else has it, `waiting` is called once with their words (`daemon 123`).
    pub fn own(store: &Path, kind: &str, waiting: &mut dyn FnMut(&str)) -> Result<Lock, Report> {
        let mut lock = Lock::take(&store.join("owner.lock"), waiting)?;
        let words = format!("{kind} {}", std::process::id());
        let written = lock.file.set_len(0).and_then(|()| lock.file.rewind());
        written
            .and_then(|()| lock.file.write_all(words.as_bytes()))
            .map_err(|error| map::store(&StoreError::io("writing", store.join("owner.lock"), error)))?;
        Ok(lock)
    }

    /// Takes any lock file.
    pub fn take(path: &Path, waiting: &mut dyn FnMut(&str)) -> Result<Lock, Report> {
        let opened = File::options().read(true).write(true).create(true).truncate(false).open(path);
        let mut file = opened.map_err(|error| match error.kind() {
            std::io::ErrorKind::PermissionDenied => map::store(&StoreError::ReadOnly(path.to_owned())),
            _ => map::store(&StoreError::io("opening", path, error)),
        })?;
        let locked = match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) => {
                let mut words = String::new();
                // Only words for a person: without them the wait is the same.
                let _ = file.read_to_string(&mut words);
                waiting(words.trim());
                wait(&file)
            }
            other => other,
        };
        locked.map_err(|error| map::store(&StoreError::io("locking", path, error.into())))?;
        Ok(Lock { file, passing: None })
    }

    /// Takes a lock file that is there only as long as somebody holds it.
    pub fn passing(path: &Path) -> Result<Lock, Report> {
        loop {
            let mut lock = Lock::take(path, &mut |_| {})?;
            let held = lock.file.metadata().map_err(|e| map::store(&StoreError::io("looking at", path, e)))?;
            // The one who held it may have removed it while we waited.
            if std::fs::metadata(path).is_ok_and(|there| there.dev() == held.dev() && there.ino() == held.ino()) {
                lock.passing = Some(path.to_owned());
                return Ok(lock);
            }
        }
    }
}

fn wait(file: &File) -> Result<(), Errno> {
    loop {
        match rustix::fs::flock(file, FlockOperation::LockExclusive) {
            Err(Errno::INTR) => {}
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn environment(folder: &Path) -> BTreeMap<String, String> {
        [("XDG_RUNTIME_DIR".to_owned(), folder.to_str().unwrap().to_owned())].into()
    }

    #[test]
    fn the_folder_is_made_closed_and_checked() {
        let folder = tempfile::tempdir().unwrap();
        let path = socket(Path::new("/s"), &environment(folder.path())).unwrap();
        let parent = path.parent().unwrap();
        assert_eq!(parent.metadata().unwrap().mode() & 0o777, 0o700);
        assert_ne!(path, socket(Path::new("/t"), &environment(folder.path())).unwrap());
        std::fs::set_permissions(parent, std::fs::Permissions::from_mode(0o755)).unwrap();
        let report = socket(Path::new("/s"), &environment(folder.path())).unwrap_err();
        assert_eq!(report.code.0, 703);
        assert!(report.message.ends_with("its mode is 755, others may enter"), "{}", report.message);
    }

    #[test]
    fn a_path_too_long_for_a_socket_is_not_used() {
        let long = PathBuf::from(format!("/{}", "x".repeat(120)));
        assert!(socket(Path::new("/s"), &environment(&long)).unwrap().starts_with("/tmp"));
    }

    /// However many take it at once, one holds it at a time, and nothing is left.
    #[test]
    fn a_passing_lock_keeps_others_out_and_leaves_nothing() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.spawn");
        let inside = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let _lock = Lock::passing(&path).unwrap();
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        std::thread::yield_now();
                        inside.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert!(!path.exists());
    }

    #[test]
    fn the_owner_is_named_to_whoever_waits() {
        let folder = tempfile::tempdir().unwrap();
        let first = Lock::own(folder.path(), "daemon", &mut |_| unreachable!()).unwrap();
        let (send, receive) = std::sync::mpsc::channel();
        let path = folder.path().to_owned();
        let second = std::thread::spawn(move || {
            Lock::own(&path, "process", &mut |words| send.send(words.to_owned()).unwrap()).unwrap();
        });
        assert_eq!(receive.recv().unwrap(), format!("daemon {}", std::process::id()));
        drop(first);
        second.join().unwrap();
    }
}
