//! Measures what a store costs: `cargo test -p gx-store --test measure -- --ignored --nocapture`. Times are
//! printed, nothing is judged.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use gx_store::outcome::Cost;
use gx_store::*;
use std::path::Path;
use std::time::Instant;

const ACTIONS: usize = 10_000;

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let value = work();
    println!("{what:<56} {:>9.2} ms", start.elapsed().as_secs_f64() * 1e3);
    value
}

fn commit_of(function: HashFunction, n: usize) -> Commit {
    let bytes = format!("output of action {n}").into_bytes();
    let blob = BlobId(function.digest(&bytes));
    let empty = BlobId(function.digest(b""));
    let command = format!("command of action {n}").into_bytes();
    let action = format!("action {n}").into_bytes();
    let outcome = Outcome {
        action: ActionId(function.digest(&action)),
        ending: Ending::Exit(0),
        outputs: vec![(RelPath::new(format!("out/pkg/{n}")).unwrap(), Node::File { blob, executable: false })],
        stdout: empty,
        stderr: empty,
        undeclared: vec![],
        level: Level::Sandboxed,
        executor: "local".into(),
        cost: Cost::default(),
    };
    let object = |bytes: Vec<u8>| Object::Blob(BlobId(function.digest(&bytes)), bytes);
    Commit { outcome, objects: vec![object(bytes), object(command), object(action)] }
}

#[test]
#[ignore = "it measures, and judges nothing"]
fn measure() {
    let temporary = tempfile::tempdir().unwrap();
    let (dir, sources) = (temporary.path().join("store"), temporary.path().join("sources"));
    let function = HashFunction::Blake3;
    let open = |what: &str| timed(what, || Store::open(&dir, function).unwrap());

    let store = open("open an empty store");
    let commits: Vec<Commit> = (0..ACTIONS).map(|n| commit_of(function, n)).collect();
    timed("commit 10,000 small outcomes, 16 at a time", || {
        commits.chunks(16).for_each(|group| store.commit(group).unwrap());
    });
    let rows: Vec<RowChange> = (0..20_000u32).map(|n| (n.to_be_bytes().to_vec(), Some(vec![n as u8; 100]))).collect();
    timed("20,000 private rows in one batch", || store.change_rows(Table::History, &rows).unwrap());
    let read = |store: &Store| commits.iter().for_each(|c| drop(store.outcome(&c.outcome.action).unwrap().unwrap()));
    timed("read 10,000 outcomes, just written", || read(&store));
    timed("clean close", || drop(store));
    let store = open("open the store of 60,000 rows");
    timed("read 10,000 outcomes, first time", || read(&store));
    timed("read 10,000 outcomes, again", || read(&store));
    files(&store, &sources);
    timed("clean close", || drop(store));
    let store = open("open again");
    let paths = paths();
    timed("stat 10,000 files, cold process", || check(&store, &sources, &paths));
    timed("stat 10,000 files, warm", || check(&store, &sources, &paths));
    timed("collect garbage (everything)", || store.gc(&GcOptions::default()).unwrap());
    timed("clean close", || drop(store));
    drop(open("open after the collection"));
}

fn paths() -> Vec<RelPath> {
    (0..10_000).map(|n| RelPath::new(format!("d{}/f{n}", n % 100)).unwrap()).collect()
}

fn check(store: &Store, sources: &Path, paths: &[RelPath]) {
    assert!(store.ingest_files(sources, paths).iter().all(Result::is_ok));
}

fn files(store: &Store, sources: &Path) {
    let paths = paths();
    for n in 0..100 {
        std::fs::create_dir_all(sources.join(format!("d{n}"))).unwrap();
    }
    for path in &paths {
        std::fs::write(sources.join(path), path.as_str()).unwrap();
    }
    // Files settle when the file system's clock has moved on from them.
    std::thread::sleep(std::time::Duration::from_millis(50));
    timed("ingest 10,000 new files", || check(store, sources, &paths));
    for _ in 0..3 {
        timed("stat 10,000 files, warm", || check(store, sources, &paths));
    }
    let large = sources.join("large");
    std::fs::write(&large, vec![1u8; 64 << 20]).unwrap();
    timed("ingest one file of 64 MiB", || store.ingest_file(&large).unwrap());
}
