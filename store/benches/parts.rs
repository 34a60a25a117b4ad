//! What the parts of the store cost: `cargo bench -p gx-store`. Times are printed, nothing is judged.
//!
//! Everything is measured on a real store (RocksDB) in a temporary folder of its own. This file does not know the
//! engine.
#![expect(clippy::unwrap_used, reason = "a bench ends when something is wrong")]

use criterion::{BatchSize, Criterion, Throughput};
use gx_store::action::lower;
use gx_store::*;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

const FUNCTION: HashFunction = HashFunction::Blake3;

fn path(text: &str) -> RelPath {
    RelPath::new(text).unwrap()
}

fn blob(text: &str) -> BlobId {
    BlobId(FUNCTION.digest(text.as_bytes()))
}

fn file(text: &str) -> Node {
    Node::File { blob: blob(text), executable: false }
}

fn hashing(c: &mut Criterion) {
    let bytes = vec![7u8; 1 << 20];
    let mut group = c.benchmark_group("hash 1 MiB");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    for function in [HashFunction::Blake3, HashFunction::Sha256] {
        group.bench_function(function.name(), |b| b.iter(|| function.digest(black_box(&bytes))));
    }
    group.finish();
}

fn trees(c: &mut Criterion) {
    let mut directory = Directory::default();
    for n in 0..1000 {
        directory.add(format!("file{n:04}.c"), file(&n.to_string())).unwrap();
    }
    let bytes = directory.encode();
    c.bench_function("encode a folder of 1,000 files", |b| b.iter(|| black_box(&directory).encode()));
    c.bench_function("decode a folder of 1,000 files", |b| {
        b.iter(|| Directory::decode(FUNCTION, black_box(&bytes)).unwrap());
    });
    let mut builder = TreeBuilder::new();
    for n in 0..1000 {
        builder.insert(&path(&format!("d{}/e/f{n}", n % 20)), file(&n.to_string())).unwrap();
    }
    c.bench_function("build and hash a tree of 1,000 files in 40 folders", |b| {
        b.iter(|| builder.build(FUNCTION, &mut |_, bytes| drop(black_box(bytes))).unwrap());
    });
}

/// Cat-like: so many sources, one output.
fn derivation(inputs: usize) -> (Derivation, BTreeMap<RelPath, Node>) {
    let nodes: BTreeMap<RelPath, Node> =
        (0..inputs).map(|n| (path(&format!("pkg/d{}/source{n}.txt", n % 10)), file(&n.to_string()))).collect();
    let run = Run {
        arguments: ["/bin/bash", "-c", "cat pkg/* > out/pkg/all"].map(str::to_owned).to_vec(),
        environment: Arc::new(BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())])),
        platform: BTreeMap::new(),
        level: Level::Sandboxed,
        loopback: false,
    };
    let inputs = nodes.iter().map(|(path, node)| Input { path: path.clone(), source: Source::Known(node.clone()) });
    let derivation = Derivation {
        work: Work::Run(run),
        inputs: inputs.collect(),
        input_sets: vec![],
        roots: vec![],
        outputs: vec![Output { path: path("out/pkg/all"), kind: OutputKind::File }],
    };
    (derivation, nodes)
}

fn actions(c: &mut Criterion) {
    let root = Directory::default();
    for inputs in [10, 1000] {
        let (derivation, nodes) = derivation(inputs);
        c.bench_function(&format!("encode and hash a derivation of {inputs} inputs"), |b| {
            b.iter(|| black_box(&derivation).id(FUNCTION));
        });
        let resolved = action::Resolved { derivation: &derivation, root: &root, inputs: &nodes };
        c.bench_function(&format!("lower an action of {inputs} inputs"), |b| {
            b.iter(|| lower(FUNCTION, black_box(&resolved)).unwrap());
        });
    }
}

fn commit_of(n: usize) -> Commit {
    let bytes = format!("output of action {n}").into_bytes();
    let made = BlobId(FUNCTION.digest(&bytes));
    let command = format!("command of action {n}").into_bytes();
    let action = format!("action {n}").into_bytes();
    let outcome = Outcome {
        action: ActionId(FUNCTION.digest(&action)),
        ending: Ending::Exit(0),
        outputs: vec![(path(&format!("out/pkg/{n}")), Node::File { blob: made, executable: false })],
        stdout: blob(""),
        stderr: blob(""),
        undeclared: vec![],
        level: Level::Sandboxed,
        executor: "local".into(),
        cost: Cost::default(),
    };
    let object = |bytes: Vec<u8>| Object::Blob(BlobId(FUNCTION.digest(&bytes)), bytes);
    Commit { outcome, objects: vec![object(bytes), object(command), object(action)] }
}

fn storage(c: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("store"), FUNCTION).unwrap();
    // Every round writes what is not there yet.
    let mut next = 0;
    let mut fresh = |count: usize| {
        next += count;
        next - count..next
    };
    c.bench_function("put a blob of 100 bytes", |b| {
        let small = |n: usize| format!("{n:0>100}").into_bytes();
        b.iter_batched(|| small(fresh(1).start), |bytes| store.put_blob(&bytes).unwrap(), BatchSize::SmallInput);
    });
    c.bench_function("commit 16 small outcomes in one batch", |b| {
        b.iter_batched(
            || fresh(16).map(commit_of).collect::<Vec<_>>(),
            |commits| store.commit(&commits).unwrap(),
            BatchSize::SmallInput,
        );
    });
    let known: Vec<Commit> = (0..1000).map(|n| commit_of(1_000_000_000 + n)).collect();
    store.commit(&known).unwrap();
    c.bench_function("read 1,000 outcomes", |b| {
        b.iter(|| known.iter().for_each(|c| drop(black_box(store.outcome(&c.outcome.action).unwrap().unwrap()))));
    });
    let one = store.put_blob(&[9; 100]).unwrap();
    c.bench_function("get a blob of 100 bytes", |b| b.iter(|| store.blob(black_box(&one)).unwrap()));
    let rows: Vec<RowChange> = (0..1000u32).map(|n| (n.to_be_bytes().to_vec(), Some(vec![7; 100]))).collect();
    c.bench_function("1,000 private rows in one batch", |b| {
        b.iter(|| store.change_rows(Table::History, black_box(&rows)).unwrap());
    });
}

fn ingest(c: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("store"), FUNCTION).unwrap();
    let sources = folder.path().join("sources");
    let paths: Vec<RelPath> = (0..1000).map(|n| path(&format!("d{}/f{n}", n % 10))).collect();
    for path in &paths {
        let file = sources.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, path.as_str()).unwrap();
    }
    let all = |store: &Store, sources: &Path| assert!(store.ingest_files(sources, &paths).iter().all(Result::is_ok));
    // Files settle when the file system's clock has moved on from them.
    std::thread::sleep(std::time::Duration::from_millis(50));
    all(&store, &sources);
    c.bench_function("ingest 1,000 files that the stat cache knows", |b| b.iter(|| all(&store, &sources)));
    c.bench_function("ingest 1,000 new files", |b| {
        let empty = || {
            let folder = tempfile::tempdir().unwrap();
            (Store::in_memory(folder.path(), FUNCTION), folder)
        };
        b.iter_batched(empty, |(store, folder)| (all(&store, &sources), folder), BatchSize::PerIteration);
    });
}

fn whole(c: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("store");
    let store = Store::open(&directory, FUNCTION).unwrap();
    let commits: Vec<Commit> = (0..10_000).map(commit_of).collect();
    commits.chunks(16).for_each(|group| store.commit(group).unwrap());
    drop(store);
    c.bench_function("open and close a store of 10,000 outcomes", |b| {
        b.iter(|| drop(Store::open(&directory, FUNCTION).unwrap()));
    });
}

fn main() {
    let mut criterion = Criterion::default().sample_size(20).configure_from_args();
    hashing(&mut criterion);
    trees(&mut criterion);
    actions(&mut criterion);
    storage(&mut criterion);
    ingest(&mut criterion);
    whole(&mut criterion);
    criterion.final_summary();
}
