//! What a store does when the world is unkind: killed processes, corrupt bytes, full and read-only disks,
//! other versions, other owners.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends when something is wrong")]

use gx_store::outcome::Cost;
use gx_store::*;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const CHILD: &str = "GX_STORE_TEST_CHILD";

fn open(dir: &Path) -> Store {
    Store::open(dir, HashFunction::Blake3).unwrap()
}

fn temporary() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn digest(bytes: &[u8]) -> Digest {
    HashFunction::Blake3.digest(bytes)
}

/// The n-th commit of a writer: a small and a large output.
fn nth(n: u64) -> (ActionId, Commit, [Vec<u8>; 2]) {
    let contents = [format!("small {n}").into_bytes(), vec![n as u8; 40_000 + n as usize]];
    let empty = BlobId(digest(b""));
    let action = ActionId(digest(format!("action {n}").as_bytes()));
    let outputs = contents.iter().enumerate().map(|(i, bytes)| {
        let node = Node::File { blob: BlobId(digest(bytes)), executable: false };
        (RelPath::new(format!("out/{i}")).unwrap(), node)
    });
    let outcome = Outcome {
        action,
        ending: Ending::Exit(0),
        outputs: outputs.collect(),
        stdout: empty,
        stderr: empty,
        undeclared: vec![],
        level: Level::Sandboxed,
        executor: "local".into(),
        cost: Cost::default(),
    };
    let objects = contents.iter().map(|bytes| Object::Blob(BlobId(digest(bytes)), bytes.clone())).collect();
    (action, Commit { outcome, objects }, contents)
}

/// Not a test of its own: the process that is killed. It says each number once its commit has returned.
#[test]
fn child_that_writes() {
    let Some(dir) = std::env::var_os(CHILD) else { return };
    let store = open(Path::new(&dir));
    let first: u64 = std::env::var("GX_STORE_TEST_FIRST").unwrap().parse().unwrap();
    for n in first.. {
        store.commit(&[nth(n).1]).unwrap();
        println!("done {n}");
        std::io::stdout().flush().unwrap();
    }
}

#[test]
fn a_killed_writer_loses_nothing_it_reported() {
    let dir = temporary();
    let dir = dir.path().join("store");
    let mut first = 0;
    for round in 0..12u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["child_that_writes", "--exact", "--nocapture", "--test-threads=1"])
            .env(CHILD, &dir)
            .env("GX_STORE_TEST_FIRST", first.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let number = |line: &String| line.rsplit_once("done ").and_then(|(_, n)| n.parse::<u64>().ok());
        let mut last = None;
        for line in lines.by_ref() {
            last = number(&line).or(last);
            if last.is_some_and(|n| n >= first + round) {
                break;
            }
        }
        child.kill().unwrap();
        last = lines.filter_map(|line| number(&line)).last().or(last);
        child.wait().unwrap();
        let last = last.unwrap();

        let store = open(&dir);
        for n in 0..=last + 1 {
            let (action, _, contents) = nth(n);
            let outcome = store.outcome(&action).unwrap();
            assert!(outcome.is_some() || n > last, "commit {n} was reported and is not there");
            if outcome.is_some() {
                for bytes in contents {
                    assert_eq!(store.blob(&BlobId(digest(&bytes))).unwrap(), bytes);
                }
            }
        }
        assert!(store.verify().unwrap().is_sound());
        assert_eq!(store.leases().unwrap(), vec![]);
        first = last + 1;
    }
}

fn write_into(path: &Path, bytes: &[u8]) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).unwrap();
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn a_corrupt_file_goes_to_quarantine_and_can_be_made_again() {
    let dir = temporary();
    let content = vec![5u8; 100_000];
    type Use = fn(&Store, &BlobId) -> Result<(), StoreError>;
    let uses: [(&str, Use); 4] = [
        ("blob", |store, id| store.blob(id).map(|_| ())),
        ("open_blob", |store, id| match std::io::copy(&mut store.open_blob(id)?, &mut std::io::sink()) {
            Ok(_) => Ok(()),
            Err(e) if e.kind() == std::io::ErrorKind::InvalidData => Err(StoreError::Corrupt(id.0)),
            Err(e) => panic!("{e}"),
        }),
        ("blob_file", |store, id| store.blob_file(id, false).map(|_| ())),
        ("blob_file, executable", |store, id| store.blob_file(id, true).map(|_| ())),
    ];
    for (name, using) in uses {
        // Same size, other bytes; and cut short.
        for bad in [vec![6u8; 100_000], vec![5u8; 99_999]] {
            let store = open(dir.path());
            let id = store.put_blob(&content).unwrap();
            let file = store.blob_file(&id, false).unwrap();
            write_into(&file, &bad);
            let epoch = store.epoch();
            assert!(matches!(using(&store, &id), Err(StoreError::Corrupt(_))), "{name}");
            assert!(!store.has_blob(&id).unwrap(), "{name}");
            assert!(matches!(store.blob(&id), Err(StoreError::Missing(_))), "{name}");
            assert_ne!(store.epoch(), epoch);
            assert_eq!(std::fs::read_dir(dir.path().join("quarantine")).unwrap().count(), 1);
            store.put_blob(&content).unwrap();
            using(&store, &id).unwrap();
            store.set_root("r", &[Node::File { blob: id, executable: false }], &[]).unwrap();
            store.gc(&GcOptions::default()).unwrap();
            assert_eq!(std::fs::read_dir(dir.path().join("quarantine")).unwrap().count(), 0);
            store.remove_root("r").unwrap();
            store.gc(&GcOptions::default()).unwrap();
        }
    }
}

#[test]
fn verify_finds_corrupt_files() {
    let dir = temporary();
    let store = open(dir.path());
    let (action, commit, contents) = nth(7);
    store.commit(&[commit]).unwrap();
    let id = BlobId(digest(&contents[1]));
    write_into(&store.blob_file(&id, false).unwrap(), &vec![0; contents[1].len()]);
    let report = store.verify().unwrap();
    assert_eq!(report.corrupt, vec![(ObjectKind::Blob, id.0)]);
    assert_eq!(report.incomplete, vec![action]);
    assert!(store.verify().unwrap().is_sound());
}

#[test]
fn a_changed_tree_is_made_again() {
    let dir = temporary();
    let mut tree = Directory::default();
    for (name, size) in [("small", 10), ("large", 50_000)] {
        let blob = open(&dir.path().join("store")).put_blob(&vec![1u8; size]).unwrap();
        tree.add(name.to_owned(), Node::File { blob, executable: false }).unwrap();
    }
    let changes: [fn(&Path); 5] = [
        |path| write_into(&path.join("small"), b"other"),
        |path| std::fs::remove_file(path.join("large")).unwrap(),
        |path| std::fs::write(path.join("more"), "x").unwrap(),
        |path| {
            std::fs::remove_file(path.join("small")).unwrap();
            std::fs::create_dir(path.join("small")).unwrap();
        },
        |path| {
            // The same bytes under another inode: sound, but the seal is another one.
            let bytes = std::fs::read(path.join("small")).unwrap();
            std::fs::remove_file(path.join("small")).unwrap();
            std::fs::write(path.join("small"), bytes).unwrap();
        },
    ];
    for change in changes {
        let store = open(&dir.path().join("store"));
        let id = store.put_tree(&tree.encode()).unwrap();
        let path = store.materialise(&id).unwrap();
        drop(store);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        change(&path);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o555)).unwrap();
        let store = open(&dir.path().join("store"));
        let path = store.materialise(&id).unwrap();
        assert_eq!(store.ingest_tree(&path).unwrap(), id);
    }
}

#[test]
fn two_openers() {
    let dir = temporary();
    let store = open(dir.path());
    assert!(matches!(Store::open(dir.path(), HashFunction::Blake3), Err(StoreError::Locked(_))));
    drop(store);
    open(dir.path());
}

/// Not a test of its own: holds a store until its input ends.
#[test]
fn child_that_holds() {
    let Some(dir) = std::env::var_os("GX_STORE_TEST_HOLD") else { return };
    let _store = open(Path::new(&dir));
    println!("holding");
    std::io::stdout().flush().unwrap();
    let _ = std::io::stdin().lines().count();
}

#[test]
fn an_opener_in_another_process() {
    let dir = temporary();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["child_that_holds", "--exact", "--nocapture", "--test-threads=1"])
        .env("GX_STORE_TEST_HOLD", dir.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.ends_with("holding")));
    assert!(matches!(Store::open(dir.path(), HashFunction::Blake3), Err(StoreError::Locked(_))));
    drop(child.stdin.take());
    child.wait().unwrap();
    open(dir.path());
}

#[test]
fn what_is_lost_is_read_again_from_where_it_came_from() {
    let dir = temporary();
    let store = open(&dir.path().join("store"));
    let file = dir.path().join("file");
    std::fs::write(&file, vec![3u8; 50_000]).unwrap();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    let Node::File { blob, .. } = store.ingest_file(&file).unwrap() else { panic!() };
    // Until the stat cache believes the file: its clock must have moved on.
    let cached = || store.row(Table::Stats, file.to_str().unwrap().as_bytes()).unwrap().is_some();
    while !cached() && std::time::Instant::now() < deadline {
        store.ingest_file(&file).unwrap();
    }
    assert!(cached());
    let content = vec![3u8; 50_000];
    let remove = |executable| std::fs::remove_file(store.blob_file(&blob, executable).unwrap()).unwrap();
    // Read again from where it came from, by each way of using it.
    remove(false);
    assert_eq!(store.blob(&blob).unwrap(), content);
    remove(false);
    store.blob_file(&blob, false).unwrap();
    remove(false);
    store.blob_file(&blob, true).unwrap();
    store.open_blob(&blob).unwrap();
    write_into(&store.blob_file(&blob, false).unwrap(), b"corrupt");
    assert_eq!(std::fs::read(store.blob_file(&blob, false).unwrap()).unwrap(), content);
    // Not when the file has other content by now; then the new content is what is ingested.
    std::fs::write(&file, vec![4u8; 50_000]).unwrap();
    remove(false);
    assert!(matches!(store.blob(&blob), Err(StoreError::Missing(_))));
    assert!(matches!(store.blob_file(&blob, false), Err(StoreError::Missing(_))));
    std::fs::write(&file, content).unwrap();
    assert_eq!(store.ingest_file(&file).unwrap(), Node::File { blob, executable: false });
    store.blob_file(&blob, false).unwrap();
}

#[test]
fn a_newer_store_is_not_touched() {
    let dir = temporary();
    drop(open(dir.path()));
    std::fs::write(dir.path().join("version"), "2\n").unwrap();
    let error = Store::open(dir.path(), HashFunction::Blake3).unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 2, known: 1, .. }), "{error}");
    std::fs::write(dir.path().join("version"), "what\n").unwrap();
    assert!(matches!(Store::open(dir.path(), HashFunction::Blake3), Err(StoreError::Database(_))));
}

/// Mounts a file system for the length of a test; `None`, said loudly, where that is not allowed.
struct Mount(PathBuf);

impl Mount {
    fn tmpfs(at: &Path, options: &str) -> Option<Mount> {
        std::fs::create_dir_all(at).unwrap();
        let status = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(at).output();
        if status.is_ok_and(|output| output.status.success()) {
            return Some(Mount(at.to_owned()));
        }
        println!("SKIPPED: a tmpfs cannot be mounted here (root is needed)");
        None
    }

    fn remount(&self, options: &str) -> bool {
        let status = Command::new("mount").args(["-o", &format!("remount,{options}")]).arg(&self.0).status();
        status.is_ok_and(|status| status.success())
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_loses_nothing() {
    let dir = temporary();
    let Some(mount) = Mount::tmpfs(&dir.path().join("disk"), "size=24m") else { return };
    let path = mount.0.join("store");
    let store = open(&path);
    let mut committed = Vec::new();
    let mut full = false;
    for n in 0..2_000u64 {
        let (action, mut commit, _) = nth(n);
        let big = vec![n as u8; 200_000];
        commit.objects.push(Object::Blob(BlobId(digest(&big)), big));
        match store.commit(&[commit]) {
            Ok(()) => committed.push((n, action)),
            Err(StoreError::Full(_)) => {
                full = true;
                break;
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert!(full && !committed.is_empty());
    let file = dir.path().join("large file");
    std::fs::write(&file, vec![1u8; 30 << 20]).unwrap();
    assert!(matches!(store.put_file(&file, false), Err(StoreError::Full(_))));
    assert_eq!(std::fs::read_dir(store.scratch()).unwrap().count(), 0, "nothing half-made is left");
    // A full disk can still be read and cleaned.
    for (n, action) in &committed {
        assert!(store.outcome(action).unwrap().is_some(), "{n}");
    }
    assert!(mount.remount("size=40m"));
    store.commit(&[nth(4_000).1]).unwrap();
    drop(store);
    assert!(mount.remount("size=64m"));
    let store = open(&path);
    for (n, action) in &committed {
        assert!(store.outcome(action).unwrap().is_some(), "{n}");
    }
    assert!(store.verify().unwrap().is_sound());
    store.commit(&[nth(5_000).1]).unwrap();
}

#[test]
fn a_read_only_store_says_so() {
    let dir = temporary();
    let Some(mount) = Mount::tmpfs(&dir.path().join("disk"), "size=24m") else { return };
    let path = mount.0.join("store");
    drop(open(&path));
    assert!(mount.remount("ro"));
    let error = Store::open(&path, HashFunction::Blake3).unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly(_)), "{error:?}");
    let error = Store::open(&mount.0.join("new"), HashFunction::Blake3).unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly(_)), "{error:?}");
}

#[test]
fn a_folder_without_permission_says_so() {
    if rustix::process::geteuid().is_root() {
        println!("SKIPPED: permissions do not bind root");
        return;
    }
    let dir = temporary();
    let path = dir.path().join("store");
    drop(open(&path));
    for folder in [dir.path().to_owned(), path.clone()] {
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o555)).unwrap();
    }
    for path in [path.clone(), dir.path().join("new")] {
        let error = Store::open(&path, HashFunction::Blake3).unwrap_err();
        assert!(matches!(error, StoreError::ReadOnly(_)), "{error:?}");
    }
    for folder in [dir.path().to_owned(), path] {
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}

#[test]
fn what_a_dead_process_left_in_scratch_goes() {
    let dir = temporary();
    drop(open(dir.path()));
    let left = dir.path().join("scratch/1-1");
    std::fs::create_dir_all(left.join("deep")).unwrap();
    let store = open(dir.path());
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while left.exists() && std::time::Instant::now() < deadline {
        std::thread::yield_now();
    }
    assert!(!left.exists());
    drop(store);
}
