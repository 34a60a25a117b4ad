//! Builds, collections and checks at once: what a lease or a root keeps is never missed, and an outcome is
//! complete or absent at every moment.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test ends when something is wrong")]

use gx_store::outcome::Cost;
use gx_store::*;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

const BUILDERS: usize = 4;
const ROUNDS: usize = 60;

/// An action whose output is a tree of a small and a large file; many builders make the same ones.
fn action(store: &Store, n: usize) -> (Commit, Vec<BlobId>) {
    let function = store.function();
    let contents = [format!("small {n}").into_bytes(), vec![n as u8; 33_000 + n]];
    let blobs: Vec<BlobId> = contents.iter().map(|bytes| BlobId(function.digest(bytes))).collect();
    let mut tree = Directory::default();
    tree.add("small".into(), Node::File { blob: blobs[0], executable: false }).unwrap();
    tree.add("large".into(), Node::File { blob: blobs[1], executable: false }).unwrap();
    let id = tree.id(function);
    let mut objects: Vec<Object> = blobs.iter().zip(contents).map(|(id, bytes)| Object::Blob(*id, bytes)).collect();
    objects.push(Object::Tree(id, tree.encode()));
    let empty = BlobId(function.digest(b""));
    let outcome = Outcome {
        action: ActionId(function.digest(format!("action {n}").as_bytes())),
        ending: Ending::Exit(0),
        outputs: vec![(RelPath::new("out/d").unwrap(), Node::Directory(id))],
        stdout: empty,
        stderr: empty,
        undeclared: vec![],
        level: Level::Sandboxed,
        executor: "local".into(),
        cost: Cost::default(),
    };
    (Commit { outcome, objects }, blobs)
}

fn build(store: &Store, builder: usize, hits: &AtomicU64) {
    for round in 0..ROUNDS {
        let lease = store.lease().unwrap();
        let n = (round * 7 + builder * 3) % 20;
        let (commit, blobs) = action(store, n);
        let id = commit.outcome.action;
        let Node::Directory(tree) = commit.outcome.outputs[0].1 else { panic!() };
        match store.outcome(&id).unwrap() {
            Some(outcome) => {
                hits.fetch_add(1, Ordering::Relaxed);
                assert_eq!(outcome, commit.outcome);
            }
            None => store.commit(&[commit]).unwrap(),
        }
        let check = |when: &str| {
            assert!(store.outcome(&id).unwrap().is_some(), "{when}");
            for blob in &blobs {
                store.blob(blob).unwrap();
            }
            store.tree(&tree).unwrap();
        };
        check("under the lease");
        let folder = store.materialise(&tree).unwrap();
        assert_eq!(std::fs::read(folder.join("small")).unwrap(), format!("small {n}").into_bytes());
        store.set_root(&format!("build/{builder}"), &[], &[id]).unwrap();
        drop(lease);
        check("under the root");
        if round % 5 == 0 {
            store.remove_root(&format!("build/{builder}")).unwrap();
        }
    }
}

fn stress(store: &Store) {
    let (running, hits) = (AtomicBool::new(true), AtomicU64::new(0));
    let removed = std::thread::scope(|scope| {
        let collector = scope.spawn(|| {
            let mut removed = 0;
            while running.load(Ordering::Relaxed) {
                let report = store.gc(&GcOptions::default()).unwrap();
                assert_eq!(report.incomplete, 0);
                removed += report.removed.get(&ObjectKind::Outcome).map_or(0, |count| count.objects);
            }
            removed
        });
        let hits = &hits;
        let builders: Vec<_> = (0..BUILDERS).map(|b| scope.spawn(move || build(store, b, hits))).collect();
        let done: Vec<_> = builders.into_iter().map(|builder| builder.join()).collect();
        running.store(false, Ordering::Relaxed);
        assert!(done.iter().all(Result::is_ok));
        // Whether the collector met anything while they ran is chance; the last rounds left something for sure.
        let last = store.gc(&GcOptions::default()).unwrap();
        collector.join().unwrap() + last.removed.get(&ObjectKind::Outcome).map_or(0, |count| count.objects)
    });
    println!("{} hits, {removed} outcomes collected", hits.load(Ordering::Relaxed));
    assert!(removed > 0, "the collector had something to do");
    assert!(store.verify().unwrap().is_sound());
}

#[test]
fn memory() {
    let dir = tempfile::tempdir().unwrap();
    stress(&Store::in_memory(dir.path(), HashFunction::Blake3));
}

#[test]
fn rocksdb() {
    let dir = tempfile::tempdir().unwrap();
    stress(&Store::open(dir.path(), HashFunction::Blake3).unwrap());
}
