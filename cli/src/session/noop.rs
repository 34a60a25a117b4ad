//! The fast path: when nothing that a successful build depended on has another stamp, its answer is given again
//! without evaluating, planning or asking the store.
//!
//! What is remembered: a stamp of every file and folder that loading saw, of every absence, and of every output in
//! `gx-out`; which host toolchains were imported; the store's epoch (nothing was removed since) and this very build
//! of gx. Invariants: only a build that succeeded is remembered; a stamp is believed only when its file was quiet
//! before loading began, so that no change can hide behind an equal stamp. An output that was just written is younger
//! than that: it is believed once its content was compared later, when it was quiet. Kept in memory, and in a
//! disposable row for processes that come later. This file does not know how anything is loaded or built.

use crate::event::{Counts, Event, TestLine};
use crate::exit::Exit;
use crate::house::House;
use crate::outputs;
use crate::session::stamps::{Stamps, open, stamp};
use crate::session::{Built, Session};
use gx_rules::Seen;
use gx_store::{Digest, HashFunction, HostSpec, Rows, Stamp, Table, row};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;
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

/// A path, its stamp, and what must be in it: a file's content, or the names in the workspace's own folder.
type Young = (String, Stamp, Option<Digest>);

/// Stamps of what was quiet, and what was not.
type Taken = (Stamps, Vec<Young>);

/// A remembered answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Memo {
    gx: String,
    epoch: u64,
    /// Of paths below the workspace.
    stamps: Stamps,
    /// Outputs (and the workspace's own folder) that were too young to be believed.
    young: Vec<Young>,
    /// `None`: the host lacked something of it.
    hosts: Vec<(HostSpec, Option<Digest>)>,
    actions: u64,
    targets: Vec<(String, Vec<String>)>,
    tests: Vec<TestLine>,
}

/// What was so before loading began.
#[derive(Debug, Clone, Copy)]
pub struct Before {
    /// The moment before which a file must have been quiet for its stamp to be believed.
    quiet: i64,
    /// The names in the workspace's own folder.
    names: Option<Digest>,
}

impl Before {
    /// Looks at a workspace that is about to be loaded.
    pub(super) fn loading(root: &Path) -> Before {
        Before { quiet: quiet_before(), names: names_in(root) }
    }
}

/// The names in the workspace's own folder, the folder of outputs aside: making it is no change.
fn names_in(root: &Path) -> Option<Digest> {
    let entries = std::fs::read_dir(root).ok()?;
    let mut names: Vec<Vec<u8>> =
        entries.map(|entry| Some(entry.ok()?.file_name().into_encoded_bytes())).collect::<Option<_>>()?;
    names.retain(|name| name != outputs::FOLDER.as_bytes());
    names.sort();
    Some(HashFunction::Blake3.digest(&names.join(&0)))
}

/// The moment before which a file must have been quiet, in nanoseconds since 1970.
fn quiet_before() -> i64 {
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
    let parts = (&project.root, &project.text, patterns, tests, package, settings.levels(), &settings.digest);
    Some(HashFunction::Blake3.digest(&row::encode(&parts)?).hash)
}

fn row_key(key: &Key) -> Vec<u8> {
    [b"noop2/".as_slice(), key].concat()
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
    let rustup = session.request.rustup();
    let imported = |spec: &HostSpec| house.import(spec, rustup.as_deref());
    let holds = memo.gx == house.gx
        && memo.epoch == house.store.epoch()
        && memo.stamps.hold(&project.root)
        && memo.hosts.iter().all(|(spec, digest)| imported(spec) == *digest);
    if !holds || !young_hold(&project.root, &memo.young) {
        house.forget(&key);
        return None;
    }
    let memo = if memo.young.is_empty() { memo } else { grown_up(house, key, &memo)? };
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

/// Remembers an answer, when it is one that can be given again.
pub(super) fn remember(session: &Session<'_>, patterns: &[String], built: &Built, tests: &[TestLine]) {
    let counts = built.result.counts;
    let clean = built.exit == Exit::Ok && counts.failed == 0 && counts.skipped == 0 && built.loaded.prints.is_empty();
    if !clean || !admits(session) {
        return;
    }
    let Some(project) = session.request.project.as_ref() else { return };
    let Some(key) = key(session, patterns, session.tests()) else { return };
    let contents = outputs::contents(&built.loaded.targets, &built.result);
    let taken = take_stamps(&project.root, &built.loaded.seen, &built.placed, built.before, &contents);
    let Some((stamps, young)) = taken else { return };
    let few = built.placed.len() <= LISTED_MOST;
    let targets =
        if few { built.placed.iter().filter(|(_, it)| !it.is_empty()).cloned().collect() } else { Vec::new() };
    let house = session.house;
    let memo = Memo {
        gx: house.gx.clone(),
        epoch: house.store.epoch(),
        stamps,
        young,
        hosts: built.room.hosts(),
        actions: counts.total as u64,
        targets,
        tests: tests.iter().map(|test| TestLine { cached: true, ..test.clone() }).collect(),
    };
    keep(house, key, memo);
}

fn keep(house: &House, key: Key, memo: Memo) -> Arc<Memo> {
    let bytes = row::encode(&memo);
    let memo = house.remember(key, memo);
    if bytes.is_some() {
        // Without the row a later process is slower, no more.
        let _ = house.store.change_rows(Table::History, &[(row_key(&key), bytes)]);
    }
    memo
}

/// The same answer, its outputs believed from now on.
fn grown_up(house: &House, key: Key, memo: &Memo) -> Option<Arc<Memo>> {
    let grown = memo.young.iter().map(|(path, stamp, _)| (path.clone(), Some(*stamp))).collect();
    let Memo { gx, epoch, stamps, young: _, hosts, actions, targets, tests } = memo;
    let memo = Memo {
        gx: gx.clone(),
        epoch: *epoch,
        stamps: stamps.and(Stamps::of(grown)?),
        young: Vec::new(),
        hosts: hosts.clone(),
        actions: *actions,
        targets: targets.clone(),
        tests: tests.clone(),
    };
    // The names of what was young make room.
    house.untidy.store(true, std::sync::atomic::Ordering::Relaxed);
    Some(keep(house, key, memo))
}

/// Have the outputs that were young the same stamps still, are they quiet now, and is the right content in them?
fn young_hold(root: &Path, young: &[Young]) -> bool {
    let Some(folder) = open(root) else { return false };
    let quiet = quiet_before();
    in_shares(young, |(path, known, content)| {
        let found = stamp(&folder, path);
        found == Some(*known)
            && known.mtime_ns < quiet
            && known.ctime_ns < quiet
            && match content {
                None => true,
                Some(names) if path.is_empty() => names_in(root) == Some(*names),
                Some(content) => is_content(&root.join(path), content),
            }
    })
}

/// Small outputs are read; a large one is left to the long way, which streams.
const LARGE: u64 = 16 << 20;

fn is_content(path: &Path, content: &Digest) -> bool {
    content.size <= LARGE && std::fs::read(path).is_ok_and(|bytes| content.function.digest(&bytes) == *content)
}

/// Stamps of everything; nothing when something is not as loading saw it, or was not quiet.
fn take_stamps(
    root: &Path,
    seen: &Seen,
    placed: &[(String, Vec<String>)],
    Before { quiet, names }: Before,
    contents: &HashMap<String, Digest>,
) -> Option<Taken> {
    let folder = open(root)?;
    let mut there: BTreeSet<String> = BTreeSet::from([String::new()]);
    there.extend(seen.files.iter().map(|(path, _)| path.to_string()));
    there.extend(seen.folders.iter().map(ToString::to_string));
    for output in placed.iter().flat_map(|(_, outputs)| outputs) {
        add_output(root, output, &mut there);
    }
    there.extend(placed.iter().any(|(_, it)| !it.is_empty()).then(|| outputs::FOLDER.to_owned()));
    let mut stamps: Vec<(String, Option<Stamp>)> = Vec::with_capacity(there.len() + seen.absent.len());
    let mut young = Vec::new();
    for path in there {
        let stamp = stamp(&folder, &path)?;
        if stamp.mtime_ns < quiet && stamp.ctime_ns < quiet {
            stamps.push((path, Some(stamp)));
            continue;
        }
        // The first build makes the folder of outputs in the workspace's own.
        let content = if path.is_empty() { names } else { contents.get(&path).copied() };
        // The names in the folder of outputs do not matter, only the outputs themselves, which are looked at.
        if content.is_none() && path != outputs::FOLDER {
            return None;
        }
        young.push((path, stamp, content));
    }
    for path in &seen.absent {
        let path = path.to_string();
        if stamp(&folder, &path).is_some() {
            return None;
        }
        stamps.push((path, None));
    }
    Some((Stamps::of(stamps)?, young))
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

/// Does it hold for all? Asked by several threads when there are many.
fn in_shares<T: Sync>(all: &[T], holds: impl Fn(&T) -> bool + Sync) -> bool {
    let share = |share: &[T]| share.iter().all(&holds);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let size = SHARE.max(all.len().div_ceil(threads));
    let mut shares = all.chunks(size);
    let Some(first) = shares.next() else { return true };
    std::thread::scope(|scope| {
        let others: Vec<_> = shares.map(|part| scope.spawn(|| share(part))).collect();
        let held = share(first);
        others.into_iter().fold(held, |held, other| other.join().unwrap_or(false) && held)
    })
}

impl House {
    fn memo(&self, key: &Key) -> Option<Arc<Memo>> {
        crate::house::lock(&self.memos).get(key).cloned()
    }

    fn remember(&self, key: Key, memo: Memo) -> Arc<Memo> {
        let memo = Arc::new(memo);
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

    fn now(root: &Path) -> Before {
        Before::loading(root)
    }

    /// As if everything that is there were old.
    fn later(root: &Path) -> Before {
        Before { quiet: quiet_before() + 10_000_000_000, ..now(root) }
    }

    fn take(root: &Path, seen: &Seen, placed: &[(String, Vec<String>)], before: Before) -> Option<Taken> {
        let contents = [("gx-out/o".to_owned(), HashFunction::Blake3.digest(b"1"))];
        take_stamps(root, seen, placed, before, &contents.into())
    }

    fn wait_until_quiet(young: &[Young]) {
        while young.iter().any(|(_, stamp, _)| stamp.ctime_ns >= quiet_before()) {
            std::thread::yield_now();
        }
    }

    #[test]
    fn stamps_hold_until_anything_changes() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::write(root.join("a"), "1").unwrap();
        std::fs::create_dir(root.join("gx-out")).unwrap();
        std::fs::write(root.join("gx-out/o"), "1").unwrap();
        let placed = [("//:t".to_owned(), vec!["gx-out/o".to_owned()])];
        let changes: [&dyn Fn(); 4] = [
            &|| std::fs::write(root.join("a"), "22").unwrap(),
            &|| std::fs::write(root.join("new"), "").unwrap(),
            &|| std::fs::write(root.join("no"), "").unwrap(),
            &|| std::fs::remove_file(root.join("gx-out/o")).unwrap(),
        ];
        for change in changes {
            let (stamps, young) = take(root, &seen(&["a"], &["no"]), &placed, later(root)).unwrap();
            assert!(young.is_empty());
            assert!(stamps.hold(root));
            change();
            assert!(!stamps.hold(root));
            let _ = std::fs::remove_file(root.join("no"));
        }
    }

    #[test]
    fn what_was_not_quiet_is_not_believed() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::write(root.join("a"), "1").unwrap();
        assert!(take(root, &seen(&["a"], &[]), &[], now(root)).is_none());
        assert!(take(root, &seen(&["a"], &[]), &[], later(root)).is_some());
        assert!(take(root, &seen(&["gone"], &[]), &[], later(root)).is_none());
        assert!(take(root, &seen(&[], &["a"]), &[], later(root)).is_none());
    }

    #[test]
    fn a_young_output_is_believed_when_it_is_quiet_and_right() {
        for (content, more, right) in [("1", None, true), ("2", None, false), ("1", Some("new"), false)] {
            let folder = tempfile::tempdir().unwrap();
            let root = folder.path();
            let before = now(root);
            std::fs::create_dir(root.join("gx-out")).unwrap();
            std::fs::write(root.join("gx-out/o"), content).unwrap();
            let placed = [("//:t".to_owned(), vec!["gx-out/o".to_owned()])];
            if let Some(name) = more {
                std::fs::write(root.join(name), "").unwrap();
            }
            let (_, young) = take(root, &seen(&[], &[]), &placed, before).unwrap();
            wait_until_quiet(&young);
            assert_eq!(young_hold(root, &young), right);
        }
    }
}
