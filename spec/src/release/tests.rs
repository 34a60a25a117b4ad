//! A bundle made of reports, a verdict and files; what profiles say of it, and what the check says of faults.
use super::bundle;
use super::manifest;
use super::verify::{Fault, Lying, Source, verify};
use crate::gate::evidence::Evidence;
use crate::gate::report::Report;
use gx_store::encode::Value as Cbor;
use gx_store::{
    Blobs, Builtin, Call, HashFunction, Node, Output, OutputKind, RelPath, Store, TreeBuilder, TreeId, Trees,
};
use std::collections::BTreeMap;

/// What gates of the profile regulated say, and the verdict on them.
const GATES: [&str; 8] = ["closure", "digests", "evidence", "interface", "references", "registry", "schema", "vectors"];

fn report(gate: &str, shown: u64) -> Vec<u8> {
    let mut report = Report::new(gate, BTreeMap::new(), Vec::new());
    report.metrics.extend([("owed".to_owned(), 100), ("shown".to_owned(), shown)]);
    report.value().encode()
}

fn conformance(reports: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let gates = reports.iter().map(|(gate, bytes)| {
        let digest = HashFunction::Blake3.digest(bytes).hex();
        Cbor::record([("gate", Cbor::text(*gate)), ("report", Cbor::text(digest))])
    });
    let subjects = BTreeMap::from([("Shop.Money 1.0.0".to_owned(), "aa/3".to_owned())]);
    Cbor::record([
        ("schema", Cbor::text("gx.conformance/1")),
        ("verdict", Cbor::text("PASS")),
        ("gates", Cbor::Array(gates.collect())),
        ("subjects", Cbor::text_map(&subjects)),
    ])
    .encode()
}

struct Bench {
    _folder: tempfile::TempDir,
    store: Store,
    inputs: BTreeMap<RelPath, Node>,
    files: String,
}

impl Bench {
    fn empty() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::in_memory(folder.path(), HashFunction::Blake3);
        Bench { _folder: folder, store, inputs: BTreeMap::new(), files: String::new() }
    }

    /// Everything that the profile regulated asks for but evidence, policies and proofs.
    fn new(shown: u64) -> Bench {
        let mut bench = Bench::empty();
        let reports: Vec<(&str, Vec<u8>)> = GATES.iter().map(|gate| (*gate, report(gate, shown))).collect();
        for (gate, bytes) in &reports {
            bench.file("report", "//:c", &format!("{gate}.cbor"), bytes);
        }
        bench.file("verdict", "//:c", "c.cbor", &conformance(&reports));
        let tool = bench.store.put_blob(b"#!/bin/sh\n").unwrap();
        let mut tree = TreeBuilder::new();
        let path = |text: &str| RelPath::new(text).unwrap();
        tree.insert(&path("bin/run"), Node::File { blob: tool, executable: true }).unwrap();
        tree.insert(&path("run"), Node::Symlink("bin/run".to_owned())).unwrap();
        let tree = bench.store.put_built(&tree).unwrap();
        bench.add("content", "//:tree", "out/tree", "tree", Node::Directory(tree));
        bench
    }

    fn add(&mut self, role: &str, label: &str, path: &str, at: &str, node: Node) {
        self.inputs.insert(RelPath::new(path).unwrap(), node);
        self.files.push_str(&format!("{role}\t{label}\t{path}\t{at}\n"));
    }

    fn file(&mut self, role: &str, label: &str, at: &str, bytes: &[u8]) {
        let blob = self.store.put_blob(bytes).unwrap();
        self.add(role, label, &format!("in/{role}/{at}"), at, Node::File { blob, executable: false });
    }

    fn evidence(&mut self) {
        let mut chain = Evidence::default();
        for gate in GATES {
            chain.add("1.0.0", &report(gate, 100)).unwrap();
        }
        self.file("evidence", "//:e", "e.json", chain.text().as_bytes());
    }

    fn run(&self, profile: &str) -> Result<TreeId, String> {
        let words = [("files", &*self.files), ("name", "shop"), ("version", "1.0.0"), ("profile", profile)];
        let words = words.into_iter().chain([("target", "//:release"), ("out:folder", "out/b")]);
        let arguments = words.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        let call = Call { name: "bundle".to_owned(), revision: 1, arguments };
        let outputs = [Output { path: RelPath::new("out/b").unwrap(), kind: OutputKind::Directory }];
        let made = bundle::STEP.call(&call, &self.inputs, &outputs, &self.store).map_err(|error| error.to_string())?;
        match made.as_slice() {
            [(_, Node::Directory(tree))] => Ok(*tree),
            other => panic!("{other:?}"),
        }
    }

    fn bundle(&self, profile: &str) -> Held {
        let (mut held, mut ahead) = (Held::default(), vec![(String::new(), self.run(profile).unwrap())]);
        while let Some((at, tree)) = ahead.pop() {
            for (name, node) in &self.store.tree(&tree).unwrap().entries {
                let below = format!("{at}{}", name.as_str());
                match node {
                    Node::Directory(tree) => ahead.push((below + "/", *tree)),
                    Node::Symlink(target) => drop(held.links.insert(below, target.clone())),
                    Node::File { blob, executable } => {
                        held.files.insert(below, (self.store.blob(blob).unwrap(), *executable));
                    }
                }
            }
        }
        held
    }
}

/// A bundle in memory.
#[derive(Debug, Clone, Default)]
struct Held {
    files: BTreeMap<String, (Vec<u8>, bool)>,
    links: BTreeMap<String, String>,
}

impl Source for Held {
    fn list(&self) -> Result<BTreeMap<String, Lying>, String> {
        let file = |(path, (bytes, executable)): (&String, &(Vec<u8>, bool))| {
            (path.clone(), Lying::File { size: bytes.len() as u64, executable: *executable })
        };
        let links = self.links.iter().map(|(path, target)| (path.clone(), Lying::Link(target.clone())));
        Ok(self.files.iter().map(file).chain(links).collect())
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        self.files.get(path).map(|it| it.0.clone()).ok_or_else(|| format!("no '{path}'"))
    }
}

#[test]
fn golden() {
    let bench = Bench::new(95);
    // A changed digest needs a changed revision.
    assert_eq!(
        bench.run("managed").unwrap().0.hex(),
        "747b62eaa1f441310bb85bfaef8889048610123f9425293492c4a79a1d3cc55b"
    );
    let held = bench.bundle("managed");
    let verified = verify(&held, None).unwrap();
    assert_eq!(verified.root, manifest::sha256(&held.files[manifest::FILE].0));
    assert_eq!(verify(&held, Some(&verified.root)).unwrap(), verified);
    insta::assert_snapshot!(String::from_utf8_lossy(&held.files[manifest::SBOM].0));
    insta::assert_snapshot!(String::from_utf8_lossy(&held.files[manifest::PROVENANCE].0));
}

#[test]
fn each_profile_asks_for_more() {
    let mut told = String::new();
    let mut say = |what: &str, bench: &Bench, profile: &str| {
        let said = bench.run(profile).map_or_else(|why| why, |_| "made\n".to_owned());
        told.push_str(&format!("## {profile}: {what}\n{said}"));
    };
    let mut bench = Bench::new(97);
    for profile in ["managed", "confidential", "regulated", "secret"] {
        say("97 percent, and nothing beside", &bench, profile);
    }
    bench = Bench::new(100);
    bench.evidence();
    bench.file("policy", "//:p", "authorization.toml", b"x = 1\n");
    say("evidence and authorization", &bench, "confidential");
    bench.file("policy", "//:p", "redaction.v2.toml", b"y = 1\n");
    say("all but proofs", &bench, "regulated");
    bench.file("proof", "//:k", "kill.json", br#"{"schema": "gx.proof/1", "suite": "kill", "outcome": "PASS"}"#);
    say("all", &bench, "regulated");
    bench.file("proof", "//:k", "lost.json", br#"{"schema": "gx.proof/1", "suite": "lost", "outcome": "FAIL"}"#);
    bench.file("proof", "//:k", "none.json", b"{}");
    say("a proof that failed", &bench, "managed");
    bench = Bench::new(100);
    bench.file("deployment", "//:d", "d/policy_bindings.json", br#"{"profile": "regulated"}"#);
    say("a deployment for another profile", &bench, "managed");
    insta::assert_snapshot!(told);
}

#[test]
fn what_is_not_of_one_state_is_not_bundled() {
    let mut bench = Bench::new(100);
    bench.file("report", "//:c", "other.cbor", &report("closure", 1));
    let mut told = bench.run("managed").unwrap_err();
    let mut bench = Bench::empty();
    bench.file("verdict", "//:c", "c.cbor", &conformance(&[("closure", report("closure", 1))]));
    told += &bench.run("managed").unwrap_err();
    told += &Bench::empty().run("managed").unwrap_err();
    let mut bench = Bench::new(100);
    bench.file("evidence", "//:e", "e.json", b"{}");
    told += &bench.run("managed").unwrap_err();
    let mut bench = Bench::new(100);
    bench.file("secret", "//:e", "e.json", b"{}");
    told += &bench.run("managed").unwrap_err();
    insta::assert_snapshot!(told);
}

/// Any bit of any file: it is found, and the file that is named is the one that was changed.
#[test]
fn every_bit_counts() {
    let held = Bench::new(95).bundle("managed");
    for (path, (bytes, _)) in &held.files {
        // All bytes of what says something of others, some of the rest.
        let step = if path.contains('/') { bytes.len().div_ceil(5).max(1) } else { 1 };
        for at in (0..bytes.len()).step_by(step) {
            let mut other = held.clone();
            other.files.get_mut(path).unwrap().0[at] ^= 1 << (at % 8);
            let named = match verify(&other, None).unwrap_err() {
                Fault::NoManifest { .. } => manifest::FILE.to_owned(),
                Fault::Off(off) => off.file,
                Fault::Unreadable(why) => panic!("{path} byte {at}: {why}"),
            };
            assert_eq!(&named, path, "byte {at}");
        }
    }
}

#[test]
fn what_is_missing_surplus_cut_or_swapped_is_named() {
    let held = Bench::new(95).bundle("managed");
    let mut told = String::new();
    let mut say = |what: &str, change: &dyn Fn(&mut Held)| {
        let mut other = held.clone();
        change(&mut other);
        match verify(&other, None).unwrap_err() {
            Fault::Off(it) => {
                told.push_str(&format!("{what}: {} {}: {} <> {}\n", it.file, it.what, it.expected, it.found))
            }
            other => told.push_str(&format!("{what}: {other:?}\n")),
        }
    };
    let run = "content/tree/bin/run";
    say("taken out", &|it| drop(it.files.remove(run)));
    say("put in", &|it| drop(it.files.insert("content/extra".to_owned(), (Vec::new(), false))));
    say("cut", &|it| it.files.get_mut(run).unwrap().0.truncate(3));
    say("another mode", &|it| it.files.get_mut(run).unwrap().1 = false);
    say("leads elsewhere", &|it| drop(it.links.insert("content/tree/run".to_owned(), "../x".to_owned())));
    say("no symlink", &|it| {
        it.links.clear();
        it.files.insert("content/tree/run".to_owned(), (Vec::new(), false));
    });
    say("swapped", &|it| {
        let (a, b) = ("report/closure.cbor", "report/digests.cbor");
        let (first, second) = (it.files[a].clone(), it.files[b].clone());
        it.files.extend([(a.to_owned(), second), (b.to_owned(), first)]);
    });
    say("no manifest", &|it| drop(it.files.remove(manifest::FILE)));
    say("no evidence", &|it| drop(it.files.remove(manifest::EVIDENCE)));
    say("manifest cut", &|it| it.files.get_mut(manifest::FILE).unwrap().0.truncate(99));
    insta::assert_snapshot!(told);
    let other = verify(&held, Some("00")).unwrap_err();
    assert!(matches!(other, Fault::Off(off) if off.file == manifest::FILE && off.expected == "sha256 00"));
}
