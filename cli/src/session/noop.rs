//! The fast path: when nothing that a successful build depended on has another stamp, its answer is given again
//! without evaluating, planning or asking the store.
//!
//! What is remembered: a stamp of every file and folder that loading saw, of every absence, and of every output in
//! `gx-out`; which host toolchains were imported; the store's epoch (nothing was removed since) and this very build
//! of gx. Invariants: only a build that succeeded is remembered; a stamp is believed only when its file was quiet
//! before loading began, so that no change can hide behind an equal stamp. Kept in memory, and in a disposable row
//! for processes that come later. This file does not know how anything is loaded or built.

use crate::event::{Counts, Event, TestLine};
use crate::exit::Exit;
use crate::house::House;
use crate::outputs;
use crate::session::{Built, Session};
use gx_rules::Seen;
use gx_store::{Digest, HashFunction, HostSpec, Rows, Stamp, Table, row};
use rustix::fs::{AtFlags, CWD, Mode, OFlags, Stat};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A file that changed so shortly before loading may have changed again with the same stamp: the kernel's clock for
/// files ticks every few milliseconds.
const QUIET: Duration = Duration::from_millis(20);
/// More targets than this are not listed, so their paths need not be remembered.
pub(super) const LISTED_MOST: usize = 10;
/// Paths that one thread looks at.
const SHARE: usize = 2_000;

/// Names a request: everything that decides its answer and is no file.
pub type Key = [u8; 32];

/// A remembered answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Memo {
    gx: String,
    epoch: u64,
    /// Paths below the workspace, sorted; `None` where nothing was.
    stamps: Vec<(String, Option<Stamp>)>,
    hosts: Vec<(HostSpec, Digest)>,
    actions: u64,
    targets: Vec<(String, Vec<String>)>,
    tests: Vec<TestLine>,
}

/// The moment before which a file must have been quiet, in nanoseconds since 1970.
pub(super) fn quiet_before() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().saturating_sub(QUIET);
    i64::try_from(now.as_nanos()).unwrap_or(i64::MAX)
}

/// Does the request want no more than the fast path can tell?
fn admits(session: &Session<'_>) -> bool {
    let settings = &session.request.settings;
    !(settings.wants_cached() || settings.retry || settings.all_test_logs)
}

fn key(session: &Session<'_>, patterns: &[String], tests: bool) -> Option<Key> {
    let project = session.request.project.as_ref()?;
    let settings = &session.request.settings;
    let package = session.request.current_package();
    let parts = (&project.root, &project.text, patterns, tests, package, settings.level, &settings.digest);
    Some(HashFunction::Blake3.digest(&row::encode(&parts)?).hash)
}

fn row_key(key: &Key) -> Vec<u8> {
    [b"noop/".as_slice(), key].concat()
}

/// Answers from memory, when nothing changed.
pub(super) fn answer(session: &Session<'_>, patterns: &[String], tests: bool) -> Option<Exit> {
    let began = Instant::now();
    if !admits(session) {
        return None;
    }
    let (house, project) = (session.house, session.request.project.as_ref()?);
    let key = key(session, patterns, tests)?;
    let memo = match house.memo(&key) {
        Some(memo) => memo,
        None => {
            let bytes = house.store.row(Table::History, &row_key(&key)).ok().flatten()?;
            house.remember(key, row::decode::<Memo>(&bytes)?)
        }
    };
    let holds = memo.gx == house.gx
        && memo.epoch == house.store.epoch()
        && stamps_hold(&project.root, &memo.stamps)
        && memo.hosts.iter().all(|(spec, digest)| house.import(spec).is_some_and(|found| found == *digest));
    if !holds {
        house.forget(&key);
        return None;
    }
    for (label, outputs) in &memo.targets {
        session.face.event(Event::Target { label: label.clone(), outputs: outputs.clone() });
    }
    for test in &memo.tests {
        session.face.event(Event::Test(test.clone()));
    }
    let wall_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    session.face.event(Event::Summary { counts: Counts { cached: memo.actions, ..Counts::default() }, wall_ms });
    Some(Exit::Ok)
}

/// Remembers an answer, when it is one that can be given again. `quiet` is from before loading.
pub(super) fn remember(session: &Session<'_>, patterns: &[String], built: &Built, tests: &[TestLine], quiet: i64) {
    let counts = built.result.counts;
    let clean = built.exit == Exit::Ok && counts.failed == 0 && counts.skipped == 0 && built.loaded.prints.is_empty();
    if !clean || !admits(session) {
        return;
    }
    let Some(project) = session.request.project.as_ref() else { return };
    let Some(key) = key(session, patterns, session.tests()) else { return };
    let Some(stamps) = take_stamps(&project.root, &built.loaded.seen, &built.placed, quiet) else { return };
    let few = built.placed.len() <= LISTED_MOST;
    let targets =
        if few { built.placed.iter().filter(|(_, it)| !it.is_empty()).cloned().collect() } else { Vec::new() };
    let house = session.house;
    let memo = Memo {
        gx: house.gx.clone(),
        epoch: house.store.epoch(),
        stamps,
        hosts: built.room.hosts(),
        actions: counts.total as u64,
        targets,
        tests: tests.iter().map(|test| TestLine { cached: true, ..test.clone() }).collect(),
    };
    let Some(bytes) = row::encode(&memo) else { return };
    house.remember(key, memo);
    // Without the row a later process is slower, no more.
    let _ = house.store.change_rows(Table::History, &[(row_key(&key), Some(bytes))]);
}

/// Stamps of everything; nothing when something is not as loading saw it, or was not quiet.
fn take_stamps(
    root: &Path,
    seen: &Seen,
    placed: &[(String, Vec<String>)],
    quiet: i64,
) -> Option<Vec<(String, Option<Stamp>)>> {
    let folder = open(root)?;
    let mut there: BTreeSet<String> = BTreeSet::from([String::new()]);
    there.extend(seen.files.iter().map(|(path, _)| path.to_string()));
    there.extend(seen.folders.iter().map(ToString::to_string));
    for output in placed.iter().flat_map(|(_, outputs)| outputs) {
        add_output(root, output, &mut there);
    }
    there.extend(placed.iter().any(|(_, it)| !it.is_empty()).then(|| outputs::FOLDER.to_owned()));
    let mut stamps: Vec<(String, Option<Stamp>)> = Vec::with_capacity(there.len() + seen.absent.len());
    for path in there {
        let stamp = stamp(&folder, &path)?;
        if stamp.mtime_ns >= quiet || stamp.ctime_ns >= quiet {
            return None;
        }
        stamps.push((path, Some(stamp)));
    }
    for path in &seen.absent {
        let path = path.to_string();
        if stamp(&folder, &path).is_some() {
            return None;
        }
        stamps.push((path, None));
    }
    Some(stamps)
}

/// An output, and everything below it when it is a folder.
fn add_output(root: &Path, output: &str, to: &mut BTreeSet<String>) {
    let mut left = vec![output.to_owned()];
    while let Some(path) = left.pop() {
        let at = root.join(&path);
        if at.symlink_metadata().is_ok_and(|found| found.is_dir()) {
            let entries = std::fs::read_dir(&at).into_iter().flatten().flatten();
            left.extend(entries.filter_map(|entry| Some(format!("{path}/{}", entry.file_name().to_str()?))));
        }
        to.insert(path);
    }
}

fn open(root: &Path) -> Option<OwnedFd> {
    rustix::fs::openat(CWD, root, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).ok()
}

/// The stamp of a path below a folder; symlinks are followed.
fn stamp(folder: &OwnedFd, path: &str) -> Option<Stamp> {
    let path = if path.is_empty() { "." } else { path };
    rustix::fs::statat(folder, path, AtFlags::empty()).ok().map(|found| of(&found))
}

#[allow(clippy::unnecessary_cast, reason = "the types of these fields differ between machines")]
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

fn stamps_hold(root: &Path, stamps: &[(String, Option<Stamp>)]) -> bool {
    let Some(folder) = open(root) else { return false };
    let share = |share: &[(String, Option<Stamp>)]| share.iter().all(|(path, known)| stamp(&folder, path) == *known);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let size = SHARE.max(stamps.len().div_ceil(threads));
    let mut shares = stamps.chunks(size);
    let Some(first) = shares.next() else { return true };
    std::thread::scope(|scope| {
        let others: Vec<_> = shares.map(|part| scope.spawn(|| share(part))).collect();
        let held = share(first);
        others.into_iter().fold(held, |held, other| other.join().unwrap_or(false) && held)
    })
}

impl House {
    fn memo(&self, key: &Key) -> Option<std::sync::Arc<Memo>> {
        crate::house::lock(&self.memos).get(key).cloned()
    }

    fn remember(&self, key: Key, memo: Memo) -> std::sync::Arc<Memo> {
        let memo = std::sync::Arc::new(memo);
        let mut memos = crate::house::lock(&self.memos);
        // Many sets of patterns are rare; then the rows in the store still answer.
        if memos.len() >= 64 {
            memos.clear();
        }
        memos.insert(key, memo.clone());
        memo
    }

    fn forget(&self, key: &Key) {
        crate::house::lock(&self.memos).remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gx_store::RelPath;

    fn seen(files: &[&str], absent: &[&str]) -> Seen {
        let path = |text: &&str| RelPath::new(*text).unwrap();
        let digest = HashFunction::Blake3.digest(b"");
        Seen {
            files: files.iter().map(|text| (path(text), digest)).collect(),
            folders: vec![path(&"")],
            absent: absent.iter().map(path).collect(),
        }
    }

    fn later() -> i64 {
        quiet_before() + 10_000_000_000
    }

    #[test]
    fn stamps_hold_until_anything_changes() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::write(root.join("a"), "1").unwrap();
        std::fs::create_dir(root.join("gx-out")).unwrap();
        std::fs::write(root.join("gx-out/o"), "1").unwrap();
        let placed = [("//:t".to_owned(), vec!["gx-out/o".to_owned()])];
        let take = || take_stamps(root, &seen(&["a"], &["no"]), &placed, later()).unwrap();
        let changes: [&dyn Fn(); 4] = [
            &|| std::fs::write(root.join("a"), "22").unwrap(),
            &|| std::fs::write(root.join("new"), "").unwrap(),
            &|| std::fs::write(root.join("no"), "").unwrap(),
            &|| std::fs::remove_file(root.join("gx-out/o")).unwrap(),
        ];
        for change in changes {
            let stamps = take();
            assert!(stamps_hold(root, &stamps));
            change();
            assert!(!stamps_hold(root, &stamps));
            let _ = std::fs::remove_file(root.join("no"));
        }
    }

    #[test]
    fn what_was_not_quiet_is_not_believed() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a"), "1").unwrap();
        assert!(take_stamps(folder.path(), &seen(&["a"], &[]), &[], quiet_before()).is_none());
        assert!(take_stamps(folder.path(), &seen(&["a"], &[]), &[], later()).is_some());
        assert!(take_stamps(folder.path(), &seen(&["gone"], &[]), &[], later()).is_none());
        assert!(take_stamps(folder.path(), &seen(&[], &["a"]), &[], later()).is_none());
    }
}
