//! The contract of the storage traits, run over every backend.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test ends when something is wrong")]

use gx_store::outcome::Cost;
use gx_store::*;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

/// Runs each function over each backend and each hash function.
macro_rules! contract {
    ($($name:ident),* $(,)?) => {
        mod memory {
            $( #[test] fn $name() { super::each(|dir, f| gx_store::Store::in_memory(dir, f), super::$name); } )*
        }
        mod rocksdb {
            $( #[test] fn $name() { super::each(|dir, f| gx_store::Store::open(dir, f).unwrap(), super::$name); } )*
        }
    };
}

contract!(
    blobs_read_back,
    files_are_kept_and_taken,
    trees_read_back,
    commits_are_whole,
    prepared_objects_can_be_read_at_once,
    rows_are_sorted,
    objects_can_be_removed,
    files_are_ingested,
    trees_are_ingested_and_materialised,
    blob_files_are_read_only_and_sound,
    checkout_is_a_copy,
    scratch_goes_away,
    derivations_are_kept,
    roots_and_leases_keep_what_they_name,
    outcomes_are_complete_or_absent,
    everything_verifies,
    objects_are_found_by_prefix,
);

fn each(open: fn(&Path, HashFunction) -> Store, test: fn(&Store, &Path)) {
    for function in HashFunction::ALL {
        let dir = tempfile::tempdir().unwrap();
        let host = dir.path().join("host");
        std::fs::create_dir(&host).unwrap();
        test(&open(&dir.path().join("store"), function), &host);
    }
}

/// Small, on the border, large.
fn contents() -> Vec<Vec<u8>> {
    [0, 1, 32 * 1024, 32 * 1024 + 1, 700_000].into_iter().map(|n| (0..n).map(|i| (i % 251) as u8).collect()).collect()
}

fn read(store: &Store, id: &BlobId) -> Vec<u8> {
    let mut bytes = Vec::new();
    store.open_blob(id).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

fn outcome(store: &Store, action: &str, outputs: Vec<(RelPath, Node)>) -> Outcome {
    let empty = BlobId(store.function().digest(b""));
    Outcome {
        action: ActionId(store.function().digest(action.as_bytes())),
        ending: Ending::Exit(0),
        outputs,
        stdout: empty,
        stderr: empty,
        undeclared: vec![],
        level: Level::Sandboxed,
        executor: "local".into(),
        cost: Cost::default(),
    }
}

fn path(text: &str) -> RelPath {
    RelPath::new(text).unwrap()
}

fn blobs_read_back(store: &Store, _: &Path) {
    for bytes in contents() {
        let id = store.put_blob(&bytes).unwrap();
        assert_eq!(id.0, store.function().digest(&bytes));
        assert!(store.has_blob(&id).unwrap());
        assert_eq!(store.blob(&id).unwrap(), bytes);
        assert_eq!(read(store, &id), bytes);
        assert_eq!(store.put_blob(&bytes).unwrap(), id);
    }
    for size in [3, 1 << 20] {
        let absent = BlobId(Digest { size, ..store.function().digest(b"absent") });
        assert!(!store.has_blob(&absent).unwrap());
        assert!(matches!(store.blob(&absent), Err(StoreError::Missing(_))));
        assert!(matches!(store.open_blob(&absent), Err(StoreError::Missing(_))));
        assert!(matches!(store.blob_file(&absent, true), Err(StoreError::Missing(_))));
    }
}

fn files_are_kept_and_taken(store: &Store, host: &Path) {
    for bytes in contents() {
        let file = host.join("file");
        std::fs::write(&file, &bytes).unwrap();
        let id = store.put_file(&file, false).unwrap();
        assert!(file.exists());
        assert_eq!(store.blob(&id).unwrap(), bytes);
        assert_eq!(store.put_file(&file, true).unwrap(), id);
        assert!(!file.exists());
        std::fs::write(&file, [&bytes[..], b"more"].concat()).unwrap();
        let other = host.join("other");
        let _ = std::fs::remove_file(&other);
        std::fs::hard_link(&file, &other).unwrap();
        let id = store.put_file(&file, true).unwrap();
        std::fs::write(&other, "changed through another name").unwrap();
        assert_eq!(store.blob(&id).unwrap(), [&bytes[..], b"more"].concat());
    }
    assert!(matches!(store.put_file(&host.join("absent"), true), Err(StoreError::Io { .. })));
}

fn trees_read_back(store: &Store, _: &Path) {
    let blob = store.put_blob(b"x").unwrap();
    let mut directory = Directory::default();
    directory.add("a b\nc".into(), Node::File { blob, executable: true }).unwrap();
    directory.add("link".into(), Node::Symlink("a b\nc".into())).unwrap();
    let bytes = directory.encode();
    let id = store.put_tree(&bytes).unwrap();
    assert!(store.has_tree(&id).unwrap());
    assert_eq!(*store.tree(&id).unwrap(), directory);
    assert!(store.put_tree(b"no tree").is_err());
    let empty = Directory::default().id(store.function());
    assert!(store.has_tree(&empty).unwrap(), "the empty tree is always there");
    assert!(matches!(store.tree(&TreeId(store.function().digest(b"?"))), Err(StoreError::Missing(_))));
}

fn prepared_objects_can_be_read_at_once(store: &Store, _: &Path) {
    for bytes in contents() {
        let blob = BlobId(store.function().digest(&bytes));
        let mut tree = Directory::default();
        tree.add("f".into(), Node::File { blob, executable: true }).unwrap();
        let id = tree.id(store.function());
        let objects = [Object::Blob(blob, bytes.clone()), Object::Tree(id, tree.encode())];
        store.prepare(&objects).unwrap();
        store.prepare(&objects).unwrap();
        assert_eq!(store.blob(&blob).unwrap(), bytes);
        assert_eq!(*store.tree(&id).unwrap(), tree);
    }
    let said = BlobId(store.function().digest(b"said"));
    let lie = Object::Blob(said, b"other".to_vec());
    assert!(matches!(store.prepare(&[lie]), Err(StoreError::WrongDigest { .. })));
    assert!(!store.has_blob(&said).unwrap());
}

fn commits_are_whole(store: &Store, _: &Path) {
    let commits: Vec<Commit> = (0..20)
        .map(|n: usize| {
            let bytes = vec![n as u8; n * 4000];
            let blob = BlobId(store.function().digest(&bytes));
            let node = Node::File { blob, executable: false };
            let mut tree = Directory::default();
            tree.add("f".into(), node.clone()).unwrap();
            let tree_id = tree.id(store.function());
            Commit {
                outcome: outcome(
                    store,
                    &n.to_string(),
                    vec![(path("out/d"), Node::Directory(tree_id)), (path("out/f"), node)],
                ),
                objects: vec![Object::Blob(blob, bytes), Object::Tree(tree_id, tree.encode())],
            }
        })
        .collect();
    store.commit(&commits).unwrap();
    for commit in &commits {
        assert_eq!(store.outcome(&commit.outcome.action).unwrap().as_ref(), Some(&commit.outcome));
        let Object::Blob(id, bytes) = &commit.objects[0] else { panic!() };
        assert_eq!(&store.blob(id).unwrap(), bytes);
    }
    store.forget(&commits[3].outcome.action).unwrap();
    assert_eq!(store.outcome(&commits[3].outcome.action).unwrap(), None);

    let said = BlobId(store.function().digest(b"said"));
    let lie = Commit { outcome: outcome(store, "lie", vec![]), objects: vec![Object::Blob(said, b"other".to_vec())] };
    assert!(matches!(store.commit(std::slice::from_ref(&lie)), Err(StoreError::WrongDigest { .. })));
    assert_eq!(store.outcome(&lie.outcome.action).unwrap(), None);
    assert!(!store.has_blob(&said).unwrap());
}

fn rows_are_sorted(store: &Store, _: &Path) {
    let row = |k: &str, v: &str| (k.as_bytes().to_vec(), Some(v.as_bytes().to_vec()));
    store.change_rows(Table::History, &[row("b/2", "2"), row("a", "0"), row("b/1", "1"), row("c", "3")]).unwrap();
    store.change_rows(Table::Durations, &[row("b/9", "9")]).unwrap();
    let scan = |prefix: &str, limit: usize| {
        let mut found = Vec::new();
        store
            .scan(Table::History, prefix.as_bytes(), &mut |_, value| {
                found.push(String::from_utf8(value.to_vec()).unwrap());
                found.len() < limit
            })
            .unwrap();
        found.join("")
    };
    assert_eq!(scan("", 9), "0123");
    assert_eq!(scan("b/", 9), "12");
    assert_eq!(scan("", 2), "01");
    assert_eq!(scan("x", 9), "");
    store.change_rows(Table::History, &[(b"b/1".to_vec(), None)]).unwrap();
    assert_eq!(scan("b", 9), "2");
    assert_eq!(store.row(Table::History, b"c").unwrap(), Some(b"3".to_vec()));
    assert_eq!(store.row(Table::History, b"b/1").unwrap(), None);
}

fn objects_can_be_removed(store: &Store, host: &Path) {
    for bytes in contents().into_iter().skip(1) {
        let file = host.join("file");
        std::fs::write(&file, &bytes).unwrap();
        let Node::File { blob, .. } = store.ingest_file(&file).unwrap() else { panic!() };
        let epoch = store.epoch();
        // A removed object is ingested again, although the file has not changed.
        store.gc(&GcOptions::default()).unwrap();
        assert_ne!(store.epoch(), epoch);
        assert!(!store.has_blob(&blob).unwrap());
        assert_eq!(store.ingest_file(&file).unwrap(), Node::File { blob, executable: false });
        assert_eq!(store.blob(&blob).unwrap(), bytes);
    }
}

fn files_are_ingested(store: &Store, host: &Path) {
    for n in 0..100 {
        std::fs::write(host.join(format!("f{n}")), format!("text {n}")).unwrap();
    }
    std::fs::set_permissions(host.join("f7"), std::fs::Permissions::from_mode(0o755)).unwrap();
    std::os::unix::fs::symlink("f3", host.join("link")).unwrap();
    let mut paths: Vec<RelPath> = (0..100).map(|n| path(&format!("f{n}"))).collect();
    paths.push(path("link"));
    paths.push(path("absent"));
    for _ in 0..2 {
        let found = store.ingest_files(host, &paths);
        for (n, found) in found.iter().take(100).enumerate() {
            let blob = BlobId(store.function().digest(format!("text {n}").as_bytes()));
            assert_eq!(*found.as_ref().unwrap(), Node::File { blob, executable: n == 7 });
            assert!(store.has_blob(&blob).unwrap());
        }
        assert_eq!(found[100].as_ref().unwrap(), found[3].as_ref().unwrap(), "symlinks are followed");
        assert!(matches!(found[101], Err(StoreError::Io { .. })));
    }
    // A change right after the first reading, of the same size, is seen.
    for round in 0..50 {
        let text = format!("abc{:02}", round);
        std::fs::write(host.join("f1"), &text).unwrap();
        let blob = BlobId(store.function().digest(text.as_bytes()));
        assert_eq!(store.ingest_file(&host.join("f1")).unwrap(), Node::File { blob, executable: false });
    }
    assert!(matches!(store.ingest_file(Path::new("/dev/null")), Err(StoreError::SpecialFile(_))));
}

fn sample(host: &Path) -> std::path::PathBuf {
    let root = host.join("tree");
    std::fs::create_dir_all(root.join("d/e")).unwrap();
    std::fs::create_dir(root.join("empty")).unwrap();
    std::fs::write(root.join("d/small"), "small").unwrap();
    std::fs::write(root.join("d/e/large"), vec![7u8; 100_000]).unwrap();
    std::fs::write(root.join("d/e/tool"), vec![8u8; 100_000]).unwrap();
    std::fs::set_permissions(root.join("d/e/tool"), std::fs::Permissions::from_mode(0o700)).unwrap();
    std::os::unix::fs::symlink("../d/small", root.join("d/rel")).unwrap();
    std::os::unix::fs::symlink(root.join("d/small"), root.join("d/e/abs")).unwrap();
    std::os::unix::fs::symlink("loop", root.join("loop")).unwrap();
    root
}

fn trees_are_ingested_and_materialised(store: &Store, host: &Path) {
    let root = sample(host);
    let id = store.ingest_tree(&root).unwrap();
    let abs = store.lookup(&id, &path("d/e/abs")).unwrap();
    assert_eq!(abs, Some(Node::Symlink("../../d/small".into())), "absolute links become relative");

    let made = store.materialise(&id).unwrap();
    assert_eq!(store.ingest_tree(&made).unwrap(), id, "what is made is what was ingested");
    for (place, mode) in [("", 0o555), ("d/small", 0o444), ("d/e/large", 0o444), ("d/e/tool", 0o555), ("empty", 0o555)]
    {
        let metadata = std::fs::metadata(made.join(place)).unwrap();
        assert_eq!(metadata.mode() & 0o7777, mode, "{place}");
        assert_eq!(metadata.mtime(), 1, "{place}");
    }
    assert_eq!(store.materialise(&id).unwrap(), made);

    std::os::unix::fs::symlink("../..", root.join("d/out")).unwrap();
    assert!(matches!(store.ingest_tree(&root), Err(StoreError::Escapes { .. })));
    std::fs::remove_file(root.join("d/out")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", root.join("d/out")).unwrap();
    assert!(matches!(store.ingest_tree(&root), Err(StoreError::Escapes { .. })));
    std::fs::remove_file(root.join("d/out")).unwrap();
    std::os::unix::fs::symlink("/w/d/small", root.join("d/out")).unwrap();
    let seen = store.ingest_tree_seen_as(&root, Path::new("/w")).unwrap();
    assert_eq!(store.lookup(&seen, &path("d/out")).unwrap(), Some(Node::Symlink("../d/small".into())));
    std::fs::remove_file(root.join("d/out")).unwrap();

    let _socket = std::os::unix::net::UnixListener::bind(root.join("socket")).unwrap();
    assert!(matches!(store.ingest_tree(&root), Err(StoreError::SpecialFile(_))));
    std::fs::remove_file(root.join("socket")).unwrap();
    use std::os::unix::ffi::OsStrExt;
    std::fs::write(root.join(std::ffi::OsStr::from_bytes(b"\xff")), "").unwrap();
    assert!(matches!(store.ingest_tree(&root), Err(StoreError::NotUtf8(_))));
}

fn blob_files_are_read_only_and_sound(store: &Store, _: &Path) {
    for bytes in contents() {
        let id = store.put_blob(&bytes).unwrap();
        for executable in [false, true] {
            let file = store.blob_file(&id, executable).unwrap();
            assert_eq!(std::fs::read(&file).unwrap(), bytes);
            let metadata = std::fs::metadata(&file).unwrap();
            assert_eq!(metadata.mode() & 0o7777, if executable { 0o555 } else { 0o444 });
            assert_eq!(store.blob_file(&id, executable).unwrap(), file);
        }
    }
}

fn checkout_is_a_copy(store: &Store, host: &Path) {
    let root = sample(host);
    let id = store.ingest_tree(&root).unwrap();
    let to = host.join("out/deep/copy");
    for _ in 0..2 {
        store.checkout(&Node::Directory(id), &to).unwrap();
        assert_eq!(store.ingest_tree(&to).unwrap(), id);
    }
    assert_eq!(std::fs::metadata(to.join("d/e/large")).unwrap().nlink(), 1);
    std::fs::write(to.join("d/e/large"), "mine").unwrap();
    let large = BlobId(store.function().digest(&vec![7u8; 100_000]));
    assert_eq!(store.blob(&large).unwrap(), vec![7u8; 100_000]);

    // A folder gives way to a file, a file to a folder, a symlink is not followed.
    let file = Node::File { blob: large, executable: true };
    store.checkout(&file, &to).unwrap();
    assert_eq!(std::fs::metadata(&to).unwrap().mode() & 0o7777, 0o755);
    let stamp = Stamp::of(&std::fs::metadata(&to).unwrap());
    store.checkout(&file, &to).unwrap();
    assert_eq!(Stamp::of(&std::fs::metadata(&to).unwrap()), stamp, "what is there already is left alone");
    store.checkout(&Node::Directory(id), &to).unwrap();
    assert_eq!(store.ingest_tree(&to).unwrap(), id);

    let outside = host.join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::os::unix::fs::symlink(&outside, host.join("out/link")).unwrap();
    let below = [(path("link/f"), file.clone()), (path("new/deep/g"), file.clone()), (path("h"), file.clone())];
    for _ in 0..2 {
        assert!(store.checkout_below(&host.join("out"), &below).iter().all(Result::is_ok));
    }
    assert!(!outside.join("f").exists());
    assert!(below.iter().all(|(place, _)| host.join("out").join(place).is_file()));
    std::fs::write(host.join("out/h"), "changed by hand").unwrap();
    assert!(store.checkout_below(&host.join("out"), &below).iter().all(Result::is_ok));
    assert_eq!(store.ingest_file(&host.join("out/h")).unwrap(), file);
    std::os::unix::fs::symlink(outside.join("target"), host.join("out/l")).unwrap();
    store.checkout(&file, &host.join("out/l")).unwrap();
    assert!(!outside.join("target").exists());
    let names: Vec<_> = std::fs::read_dir(host.join("out")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(names.iter().all(|n| !n.to_str().unwrap().ends_with(".tmp")), "{names:?}");
}

fn scratch_goes_away(store: &Store, _: &Path) {
    let scratch = store.new_scratch().unwrap();
    let path = scratch.path().to_owned();
    std::fs::create_dir(path.join("locked")).unwrap();
    std::fs::write(path.join("locked/f"), "x").unwrap();
    std::fs::set_permissions(path.join("locked"), std::fs::Permissions::from_mode(0o555)).unwrap();
    drop(scratch);
    assert!(!path.exists());
}

fn derivations_are_kept(store: &Store, _: &Path) {
    let derivation = Derivation {
        work: Work::Builtin(Call { name: "write".into(), revision: 1, arguments: Default::default() }),
        inputs: vec![],
        input_sets: vec![],
        roots: vec![],
        outputs: vec![Output { path: path("out/a"), kind: OutputKind::File }],
    };
    store.put_derivations(&[&derivation]).unwrap();
    let id = derivation.id(store.function());
    assert_eq!(store.derivation(&id).unwrap(), Some(derivation));
    assert_eq!(store.derivation(&DerivationId(store.function().digest(b"?"))).unwrap(), None);
}

/// An outcome with a tree of a small and a large file, committed; also its action's messages.
fn built(store: &Store, action: &str) -> (Outcome, Vec<BlobId>) {
    let blobs: Vec<Vec<u8>> = vec![format!("small {action}").into_bytes(), action.repeat(20_000).into_bytes()];
    let ids: Vec<BlobId> = blobs.iter().map(|bytes| BlobId(store.function().digest(bytes))).collect();
    let mut tree = Directory::default();
    tree.add("small".into(), Node::File { blob: ids[0], executable: false }).unwrap();
    tree.add("large".into(), Node::File { blob: ids[1], executable: true }).unwrap();
    let tree_id = tree.id(store.function());
    let mut objects: Vec<Object> = ids.iter().zip(blobs).map(|(id, bytes)| Object::Blob(*id, bytes)).collect();
    objects.push(Object::Tree(tree_id, tree.encode()));
    let outcome = outcome(store, action, vec![(path("out/d"), Node::Directory(tree_id))]);
    store.commit(&[Commit { outcome: outcome.clone(), objects }]).unwrap();
    (outcome, ids)
}

fn is_whole(store: &Store, outcome: &Outcome, blobs: &[BlobId]) -> bool {
    let there: Vec<bool> = blobs.iter().map(|id| store.has_blob(id).unwrap()).collect();
    let outcome = store.outcome(&outcome.action).unwrap().is_some();
    assert!(there.iter().all(|there| *there == outcome), "all or nothing");
    outcome
}

fn roots_and_leases_keep_what_they_name(store: &Store, _: &Path) {
    let (rooted, rooted_blobs) = built(store, "rooted action, ");
    let (loose, loose_blobs) = built(store, "loose action, ");
    let node = Node::File { blob: store.put_blob(b"a node that is kept").unwrap(), executable: false };
    store.set_root("build/w/0001", std::slice::from_ref(&node), &[rooted.action]).unwrap();
    let Node::Directory(tree) = rooted.outputs[0].1 else { panic!() };
    let Node::Directory(loose_tree) = loose.outputs[0].1 else { panic!() };
    let folder = store.materialise(&tree).unwrap();
    let loose_folder = store.materialise(&loose_tree).unwrap();

    let dry = store.gc(&GcOptions { dry_run: true }).unwrap();
    assert!(is_whole(store, &loose, &loose_blobs));
    let lease = store.lease().unwrap();
    assert_eq!(store.leases().unwrap().len(), 1);
    assert!(is_whole(store, &loose, &loose_blobs));
    let (during, during_blobs) = built(store, "made under the lease, ");
    store.gc(&GcOptions::default()).unwrap();
    assert!(is_whole(store, &loose, &loose_blobs), "asked for under a lease");
    assert!(is_whole(store, &during, &during_blobs), "made under a lease");
    drop(lease);
    assert_eq!(store.leases().unwrap().len(), 0);

    store.keep_newest_roots("build/w/", 1).unwrap();
    let report = store.gc(&GcOptions::default()).unwrap();
    assert!(is_whole(store, &rooted, &rooted_blobs));
    assert!(!is_whole(store, &loose, &loose_blobs));
    assert!(!is_whole(store, &during, &during_blobs));
    assert_eq!(report.removed[&ObjectKind::Outcome].objects, 2);
    assert_eq!(dry.removed[&ObjectKind::Outcome].objects, 1);
    assert_eq!(store.gc(&GcOptions::default()).unwrap().freed(), 0, "nothing is left to remove");
    assert!(folder.exists() && !loose_folder.exists());
    store.materialise(&tree).unwrap();

    store.set_root("build/w/0002", &[], &[]).unwrap();
    store.keep_newest_roots("build/w/", 1).unwrap();
    assert_eq!(store.roots().unwrap().len(), 1);
    store.gc(&GcOptions::default()).unwrap();
    assert!(!is_whole(store, &rooted, &rooted_blobs));
    assert!(!folder.exists());
    // What was used last stays, whatever it is called.
    store.set_root("build/w/0001", &[], &[]).unwrap();
    store.use_root("build/w/0002").unwrap();
    store.set_root("build/w/0000", &[], &[]).unwrap();
    store.keep_newest_roots("build/w/", 2).unwrap();
    let names: Vec<String> = store.roots().unwrap().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["build/w/0000", "build/w/0002"]);
    assert!(store.remove_root("build/w/0002").unwrap());
    assert!(!store.remove_root("build/w/0002").unwrap());
}

fn outcomes_are_complete_or_absent(store: &Store, _: &Path) {
    let (outcome, blobs) = built(store, "an action that loses a blob, ");
    store.set_root("r", &[], &[outcome.action]).unwrap();
    let present = |id: &BlobId| store.has_blob(id).unwrap();
    lose(store, &blobs[1]);
    assert!(!present(&blobs[1]));
    let report = store.gc(&GcOptions::default()).unwrap();
    assert_eq!(report.incomplete, 1);
    assert_eq!(store.outcome(&outcome.action).unwrap(), None);
}

/// Loses one blob while everything else stays: only it is not rooted.
fn lose(store: &Store, lost: &BlobId) {
    let backend = store.inventory();
    backend.quarantine(ObjectKind::Blob, lost.digest()).unwrap();
}

fn everything_verifies(store: &Store, _: &Path) {
    let (outcome, blobs) = built(store, "an action that verifies, ");
    let Node::Directory(tree) = outcome.outputs[0].1 else { panic!() };
    store.materialise(&tree).unwrap();
    let report = store.verify().unwrap();
    assert!(report.is_sound(), "{report:?}");
    assert!(report.checked.objects >= 4);
    lose(store, &blobs[0]);
    let report = store.verify().unwrap();
    assert_eq!(report.incomplete, vec![outcome.action]);
    assert!(store.verify().unwrap().is_sound());
}

fn objects_are_found_by_prefix(store: &Store, _: &Path) {
    for bytes in contents() {
        let id = store.put_blob(&bytes).unwrap();
        let hex = id.0.hex();
        for text in [&hex[..7], &hex[..8], &hex, &id.0.to_string()] {
            let found = store.resolve_prefix(text, 10).unwrap();
            assert!(found.contains(&(ObjectKind::Blob, id.0)), "{text}");
        }
    }
    for text in ["zz", "é", "blake3:", "0123456789abcdef0123"] {
        assert_eq!(store.resolve_prefix(text, 10).unwrap(), vec![], "{text}");
    }
    let usage = store.usage().unwrap();
    assert_eq!(usage.objects[&ObjectKind::Blob].objects, contents().len() as u64);
}
