//! Random sequences of calls give the same answers from both backends, also after the database was reopened.
#![expect(clippy::unwrap_used, reason = "a test ends when something is wrong")]

use gx_store::*;
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Call {
    PutBlob(u8),
    Blob(u8),
    PutTree(Vec<u8>),
    Tree(Vec<u8>),
    Remove(ObjectKind, u8),
    ChangeRow(u8, Option<u8>),
    Scan(u8),
    List(ObjectKind),
    Root(Option<u8>),
    Collect,
    Reopen,
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let n = || 0u8..6;
    let names = || prop::collection::vec(0u8..6, 0..3);
    let kind = || prop::sample::select(ObjectKind::ALL.to_vec());
    let call = prop_oneof![
        4 => n().prop_map(Call::PutBlob),
        3 => n().prop_map(Call::Blob),
        3 => names().prop_map(Call::PutTree),
        2 => names().prop_map(Call::Tree),
        1 => (kind(), n()).prop_map(|(kind, n)| Call::Remove(kind, n)),
        2 => (n(), prop::option::of(any::<u8>())).prop_map(|(k, v)| Call::ChangeRow(k, v)),
        1 => n().prop_map(Call::Scan),
        2 => kind().prop_map(Call::List),
        2 => prop::option::of(n()).prop_map(Call::Root),
        1 => Just(Call::Collect),
        1 => Just(Call::Reopen),
    ];
    prop::collection::vec(call, 1..40)
}

/// Even ones are small, odd ones are large enough for a file.
fn content(n: u8) -> Vec<u8> {
    vec![n; if n.is_multiple_of(2) { 10 } else { 40_000 } + usize::from(n)]
}

fn blob(n: u8) -> BlobId {
    BlobId(HashFunction::Blake3.digest(&content(n)))
}

fn tree(names: &[u8]) -> Directory {
    let mut directory = Directory::default();
    for n in names {
        let _ = directory.add(format!("f{n}"), Node::File { blob: blob(*n), executable: false });
    }
    directory
}

/// What a call says, as text; ids and counts, but no sizes on disk.
fn answer(store: &Store, call: &Call) -> String {
    match call {
        Call::PutBlob(n) => format!("{:?}", store.put_blob(&content(*n)).map_err(|e| e.to_string())),
        Call::Blob(n) => format!(
            "{:?} {:?}",
            store.has_blob(&blob(*n)).unwrap(),
            store.blob(&blob(*n)).map(|b| b.len()).map_err(|e| e.to_string())
        ),
        Call::PutTree(names) => {
            // The memory backend refuses a tree before its children: put them first.
            for n in names {
                store.put_blob(&content(*n)).unwrap();
            }
            format!("{:?}", store.put_tree(&tree(names).encode()).map_err(|e| e.to_string()))
        }
        Call::Tree(names) => {
            let id = tree(names).id(HashFunction::Blake3);
            format!("{} {:?}", store.has_tree(&id).unwrap(), store.tree(&id).map_err(|e| e.to_string()))
        }
        Call::Remove(kind, n) => {
            let id = if *kind == ObjectKind::Tree { tree(&[*n]).id(HashFunction::Blake3).0 } else { blob(*n).0 };
            format!("{:?}", store.inventory().remove(*kind, &[id]).map_err(|e| e.to_string()))
        }
        Call::ChangeRow(k, v) => {
            let change = (vec![b'k', *k], v.map(|v| vec![v]));
            format!("{:?}", store.change_rows(Table::History, &[change]).map_err(|e| e.to_string()))
        }
        Call::Scan(k) => {
            let mut found = Vec::new();
            store
                .scan(Table::History, &[b'k', *k], &mut |key, value| {
                    found.push((key.to_vec(), value.to_vec()));
                    true
                })
                .unwrap();
            format!("{found:?} {:?}", store.row(Table::History, &[b'k', *k]).unwrap())
        }
        Call::List(kind) => {
            let mut found = Vec::new();
            store
                .objects(*kind, &mut |id, _| {
                    found.push(*id);
                    true
                })
                .unwrap();
            found.sort();
            format!("{found:?}")
        }
        Call::Root(n) => {
            let nodes: Vec<Node> = n
                .iter()
                .flat_map(|n| {
                    [
                        Node::Directory(tree(&[*n]).id(HashFunction::Blake3)),
                        Node::Directory(tree(&[0, *n]).id(HashFunction::Blake3)),
                    ]
                })
                .collect();
            format!("{:?}", store.set_root("r", &nodes, &[]).map_err(|e| e.to_string()))
        }
        Call::Collect => {
            let report = store.gc(&GcOptions::default()).unwrap();
            let counts = |map: &std::collections::BTreeMap<ObjectKind, gx_store::Count>| {
                map.iter().map(|(kind, count)| format!("{}={} ", kind.name(), count.objects)).collect::<String>()
            };
            format!("kept {} removed {}", counts(&report.kept), counts(&report.removed))
        }
        Call::Reopen => String::new(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn both_backends_say_the_same(calls in calls()) {
        let dir = tempfile::tempdir().unwrap();
        let memory = Store::in_memory(&dir.path().join("memory"), HashFunction::Blake3);
        let path = dir.path().join("rocksdb");
        let mut rocksdb = Store::open(&path, HashFunction::Blake3).unwrap();
        for call in &calls {
            if matches!(call, Call::Reopen) {
                drop(rocksdb);
                rocksdb = Store::open(&path, HashFunction::Blake3).unwrap();
            }
            prop_assert_eq!(answer(&memory, call), answer(&rocksdb, call), "{:?}", call);
        }
        prop_assert!(rocksdb.verify().unwrap().is_sound());
    }
}
