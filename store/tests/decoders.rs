//! Every decoder, with random records and with bytes that were meant to be records: what is read encodes back
//! to the same bytes, and nothing panics.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test ends when something is wrong")]

use gx_store::encode::Value;
use gx_store::outcome::Cost;
use gx_store::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn digest() -> impl Strategy<Value = Digest> {
    (any::<bool>(), any::<[u8; 32]>(), any::<u32>()).prop_map(|(sha, hash, size)| Digest {
        function: if sha { HashFunction::Sha256 } else { HashFunction::Blake3 },
        hash,
        size: u64::from(size),
    })
}

fn path() -> impl Strategy<Value = RelPath> {
    prop::collection::vec("[a-zA-Z0-9 ü\n-]{1,6}", 1..4).prop_map(|parts| RelPath::new(parts.join("/")).unwrap())
}

fn node() -> impl Strategy<Value = Node> {
    prop_oneof![
        (digest(), any::<bool>()).prop_map(|(d, executable)| Node::File { blob: BlobId(d), executable }),
        digest().prop_map(|d| Node::Directory(TreeId(d))),
        "[a-z.][a-z./]{0,8}".prop_map(Node::Symlink),
    ]
}

fn source() -> impl Strategy<Value = Source> {
    prop_oneof![
        node().prop_map(Source::Known),
        (digest(), path()).prop_map(|(d, path)| Source::Output { derivation: DerivationId(d), path }),
    ]
}

fn texts() -> impl Strategy<Value = BTreeMap<String, String>> {
    prop::collection::btree_map(".{0,30}", ".{0,30}", 0..4)
}

fn work() -> impl Strategy<Value = Work> {
    prop_oneof![
        (prop::collection::vec(".{0,20}", 0..4), texts(), texts(), any::<bool>(), any::<bool>()).prop_map(
            |(arguments, environment, platform, none, loopback)| Work::Run(Run {
                arguments,
                environment: environment.into(),
                platform,
                level: if none { Level::None } else { Level::Sandboxed },
                loopback,
            })
        ),
        (".{0,9}", texts(), "[0-9a-f]{64}").prop_map(|(fetcher, parameters, sha256)| Work::Fetch(Fetch {
            fetcher,
            parameters,
            sha256
        })),
        (".{0,9}", any::<u32>(), texts()).prop_map(|(name, revision, arguments)| Work::Builtin(Call {
            name,
            revision,
            arguments
        })),
    ]
}

fn derivation() -> impl Strategy<Value = Derivation> {
    let inputs = prop::collection::btree_map(path(), source(), 0..5);
    let outputs = prop::collection::btree_map(path(), any::<bool>(), 0..3);
    let sets = prop::collection::vec(digest().prop_map(InputSetId), 0..3);
    (work(), inputs, sets, prop::collection::vec(source(), 0..3), outputs).prop_map(
        |(work, inputs, input_sets, roots, outputs)| Derivation {
            work,
            inputs: inputs.into_iter().map(|(path, source)| Input { path, source }).collect(),
            input_sets,
            roots,
            outputs: outputs
                .into_iter()
                .map(|(path, file)| Output {
                    path: RelPath::new("out").unwrap().join(&path),
                    kind: if file { OutputKind::File } else { OutputKind::Directory },
                })
                .collect(),
        },
    )
}

fn ending() -> impl Strategy<Value = Ending> {
    prop_oneof![
        any::<i32>().prop_map(Ending::Exit),
        any::<i32>().prop_map(Ending::Signal),
        any::<u64>().prop_map(Ending::TimedOut),
        (0..3usize, any::<u64>()).prop_map(|(at, most)| Ending::Exceeded(Resource::ALL[at], most)),
        ".{0,9}".prop_map(Ending::BadOutputs),
    ]
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let outputs = prop::collection::btree_map(path(), node(), 0..4);
    let strings = prop::collection::vec(".{0,9}", 0..3);
    (digest(), ending(), outputs, digest(), digest(), strings, ".{0,9}", any::<[u64; 4]>()).prop_map(
        |(action, ending, outputs, stdout, stderr, undeclared, executor, cost)| Outcome {
            action: ActionId(action),
            ending,
            outputs: outputs.into_iter().collect(),
            stdout: BlobId(stdout),
            stderr: BlobId(stderr),
            undeclared,
            level: Level::Sandboxed,
            executor,
            cost: Cost { wall_us: cost[0], user_us: cost[1], system_us: cost[2], max_rss_kib: cost[3] },
        },
    )
}

/// Every decoder of the crate; each one that reads the bytes must give them back.
fn decode_all(bytes: &[u8]) {
    if let Ok(value) = Value::decode(bytes) {
        assert_eq!(value.encode(), bytes);
    }
    if let Ok(derivation) = Derivation::decode(bytes) {
        assert_eq!(derivation.encode(), bytes);
    }
    if let Ok(outcome) = Outcome::decode(bytes) {
        assert_eq!(outcome.encode(), bytes);
    }
    if let Ok(set) = InputSet::decode(bytes) {
        assert_eq!(set.encode(), bytes);
    }
    for function in HashFunction::ALL {
        if let Ok(directory) = Directory::decode(function, bytes) {
            assert_eq!(directory.encode(), bytes);
        }
    }
    if let Some(digest) = Digest::from_key(bytes) {
        assert_eq!(digest.key().as_slice(), bytes);
    }
    let text = String::from_utf8_lossy(bytes);
    if let Ok(digest) = text.parse::<Digest>() {
        assert_eq!(digest.to_string(), text);
    }
    let _ = row::decode::<Root>(bytes);
    let _ = RelPath::new(text);
}

/// Cuts, flips, doubles.
fn damage(bytes: &mut Vec<u8>, at: usize, with: u8, how: u8) {
    if bytes.is_empty() {
        return;
    }
    let at = at % bytes.len();
    match how % 4 {
        0 => bytes[at] ^= with,
        1 => bytes.truncate(at),
        2 => bytes.insert(at, with),
        _ => drop(bytes.remove(at)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn derivations_read_back(derivation in derivation(), at: usize, with: u8, how: u8) {
        let mut bytes = derivation.encode();
        prop_assert_eq!(Derivation::decode(&bytes), Ok(derivation));
        damage(&mut bytes, at, with, how);
        decode_all(&bytes);
    }

    #[test]
    fn outcomes_read_back(outcome in outcome(), at: usize, with: u8, how: u8) {
        let mut bytes = outcome.encode();
        prop_assert_eq!(Outcome::decode(&bytes), Ok(outcome));
        damage(&mut bytes, at, with, how);
        decode_all(&bytes);
    }

    #[test]
    fn input_sets_read_back(
        inputs in prop::collection::vec((path(), source()), 0..4),
        children in prop::collection::vec(digest().prop_map(InputSetId), 0..4),
        at: usize, with: u8, how: u8,
    ) {
        let inputs = inputs.into_iter().map(|(path, source)| Input { path, source }).collect();
        let set = InputSet { inputs, children };
        let mut bytes = set.encode();
        prop_assert_eq!(InputSet::decode(&bytes), Ok(set.normalise()));
        damage(&mut bytes, at, with, how);
        decode_all(&bytes);
    }

    #[test]
    fn trees_read_back(
        entries in prop::collection::btree_map("[a-z ü\n]{1,9}", node(), 0..6),
        at: usize, with: u8, how: u8,
    ) {
        let mut directory = Directory::default();
        for (name, node) in entries {
            // One build uses one function: the digests inside take that of the tree.
            let same = |d: Digest| Digest { function: HashFunction::Blake3, ..d };
            let node = match node {
                Node::File { blob, executable } => Node::File { blob: BlobId(same(blob.0)), executable },
                Node::Directory(tree) => Node::Directory(TreeId(same(tree.0))),
                link => link,
            };
            let _ = directory.add(name, node);
        }
        let mut bytes = directory.encode();
        prop_assert_eq!(Directory::decode(HashFunction::Blake3, &bytes), Ok(directory));
        damage(&mut bytes, at, with, how);
        decode_all(&bytes);
    }

    #[test]
    fn any_bytes(bytes: Vec<u8>) {
        decode_all(&bytes);
    }

    #[test]
    fn any_text(text: String) {
        decode_all(text.as_bytes());
    }
}
