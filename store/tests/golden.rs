//! The golden vectors of `tests/golden`: bytes made by an independent program, which gx must make too.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test ends when something is wrong")]

use gx_store::action::lower;
use gx_store::outcome::Cost;
use gx_store::*;
use std::collections::BTreeMap;
use std::path::PathBuf;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/golden")
}

struct Golden {
    function: HashFunction,
    made: BTreeMap<String, Vec<u8>>,
}

fn path(text: &str) -> RelPath {
    RelPath::new(text).unwrap()
}

fn texts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

impl Golden {
    fn blob(&self, text: &str) -> BlobId {
        BlobId(self.function.digest(text.as_bytes()))
    }

    fn file(&self, text: &str, executable: bool) -> Node {
        Node::File { blob: self.blob(text), executable }
    }

    fn keep(&mut self, name: &str, bytes: Vec<u8>) -> Digest {
        let digest = self.function.digest(&bytes);
        self.made.insert(name.to_owned(), bytes);
        digest
    }

    fn tree(&mut self, name: &str, entries: Vec<(&str, Node)>) -> (TreeId, Directory) {
        let mut directory = Directory::default();
        for (name, node) in entries {
            directory.add(name.to_owned(), node).unwrap();
        }
        let bytes = directory.encode();
        assert_eq!(Directory::decode(self.function, &bytes).unwrap(), directory, "{name}");
        (TreeId(self.keep(name, bytes)), directory)
    }

    fn derivation(&mut self, name: &str, derivation: &Derivation) -> DerivationId {
        let bytes = derivation.encode();
        assert_eq!(Derivation::decode(&bytes).as_ref(), Ok(derivation), "{name}");
        DerivationId(self.keep(name, bytes))
    }

    fn input_set(&mut self, name: &str, inputs: Vec<(&str, Node)>, children: Vec<InputSetId>) -> InputSetId {
        let inputs = inputs.into_iter().map(|(p, n)| Input { path: path(p), source: Source::Known(n) }).collect();
        let set = InputSet { inputs, children };
        assert_eq!(InputSet::decode(&set.encode()).as_ref(), Ok(&set), "{name}");
        InputSetId(self.keep(name, set.encode()))
    }

    fn action(&mut self, name: &str, derivation: &Derivation, root: &Directory, inputs: Vec<(&str, Node)>) -> ActionId {
        let inputs: BTreeMap<RelPath, Node> = inputs.into_iter().map(|(p, n)| (path(p), n)).collect();
        let lowered = lower(self.function, &Resolved { derivation, root, inputs: &inputs }).unwrap();
        let folder = |id: &TreeId| lowered.directories.iter().find(|(i, _)| i == id).unwrap().1.clone();
        let (root, work) = (folder(&lowered.input_root), folder(&lowered.work_tree));
        self.keep(&format!("{name}.root"), root);
        self.keep(&format!("{name}.work"), work);
        assert_eq!(self.keep(&format!("{name}.command"), lowered.command), lowered.command_id.0);
        assert_eq!(self.keep(name, lowered.action), lowered.id.0);
        lowered.id
    }

    fn outcome(&mut self, name: &str, outcome: &Outcome) {
        let bytes = outcome.encode();
        assert_eq!(Outcome::decode(&bytes).as_ref(), Ok(outcome), "{name}");
        self.keep(name, bytes);
    }
}

fn output(place: &str, kind: OutputKind) -> Output {
    Output { path: path(place), kind }
}

fn derivation(work: Work, inputs: Vec<Input>, outputs: Vec<Output>) -> Derivation {
    Derivation { work, inputs, input_sets: vec![], roots: vec![], outputs }
}

fn make(function: HashFunction) -> BTreeMap<String, Vec<u8>> {
    let mut g = Golden { function, made: BTreeMap::new() };
    let (empty, nothing) = g.tree("tree_empty", vec![]);
    let sub = vec![
        ("übung", g.file("", false)),
        ("a b\nc", g.file("#!/bin/sh\n", true)),
        ("file", g.file("hello\n", false)),
        ("up", Node::Symlink("../BUILD.gx".into())),
        ("Z", g.file("z", false)),
    ];
    let (sub, _) = g.tree("tree_sub", sub);
    let full = vec![
        ("sub", Node::Directory(sub)),
        ("empty", Node::Directory(empty)),
        ("BUILD.gx", g.file("x\n", false)),
        ("run.sh", g.file("#!/bin/sh\n", true)),
        ("link", Node::Symlink("sub/file".into())),
    ];
    let (full_id, full) = g.tree("tree_full", full);

    let fetch = derivation(
        Work::Fetch(Fetch {
            fetcher: "crate".into(),
            parameters: texts(&[("name", "lua52-sys"), ("version", "0.1.2")]),
            sha256: "ab".repeat(32),
        }),
        vec![],
        vec![output("out/external/lua/archive", OutputKind::File)],
    );
    let made =
        Source::Output { derivation: g.derivation("derivation_fetch", &fetch), path: path("out/external/lua/archive") };
    let builtin = derivation(
        Work::Builtin(Call {
            name: "unpack".into(),
            revision: 1,
            arguments: texts(&[("type", "tar.gz"), ("strip_prefix", "lua52-sys-0.1.2")]),
        }),
        vec![Input { path: path("archive"), source: made.clone() }],
        vec![output("out/external/lua/src", OutputKind::Directory)],
    );
    g.derivation("derivation_builtin", &builtin);
    let leaf = vec![("pkg/a.h", g.file("a", false)), ("pkg/link.h", Node::Symlink("a.h".into()))];
    let leaf = g.input_set("input_set_leaf", leaf, vec![]);
    let parent = vec![("pkg/b.h", g.file("b", false))];
    let parent = g.input_set("input_set_parent", parent, vec![leaf]);
    let known = |place: &str, node: Node| Input { path: path(place), source: Source::Known(node) };
    let run = Derivation {
        work: Work::Run(Run {
            arguments: ["/usr/bin/cc", "-c", "pkg/a.c", "-o", "out/pkg/a.o", ""].map(str::to_owned).to_vec(),
            environment: texts(&[("PATH", "/usr/bin"), ("LC_ALL", "C"), ("TZ", "UTC")]).into(),
            platform: texts(&[("OSFamily", "linux")]),
            level: Level::Sandboxed,
            loopback: false,
        }),
        inputs: vec![
            Input { path: path("external"), source: made },
            known("pkg/a.c", g.file("int a;\n", false)),
            known("pkg/data", Node::Directory(full_id)),
        ],
        input_sets: vec![parent],
        roots: vec![Source::Known(Node::Directory(full_id))],
        outputs: vec![output("out/pkg/a.o", OutputKind::File), output("out/pkg/dir", OutputKind::Directory)],
    };
    g.derivation("derivation_run", &run);

    let inputs = vec![("pkg/a.c", g.file("int a;\n", false)), ("out/pkg/gen.h", g.file("g", true))];
    let action = g.action("action_run", &run, &full, inputs);
    g.action("action_fetch", &fetch, &nothing, vec![]);
    let archive = vec![("archive", g.file("bytes", false))];
    g.action("action_builtin", &builtin, &nothing, archive);

    let failed = |ending: Ending| Outcome {
        action,
        ending,
        outputs: vec![],
        stdout: BlobId(function.digest(b"")),
        stderr: BlobId(function.digest(b"")),
        undeclared: vec![],
        level: Level::Sandboxed,
        executor: "local".into(),
        cost: Cost::default(),
    };
    let success = Outcome {
        outputs: vec![(path("out/pkg/a.o"), g.file("object", false)), (path("out/pkg/dir"), Node::Directory(sub))],
        stderr: g.blob("a.c:1: warning\n"),
        undeclared: vec!["out/pkg/a.d".into()],
        cost: Cost { wall_us: 1_500_000, user_us: 1000, system_us: 70_000, max_rss_kib: 2048 },
        ..failed(Ending::Exit(0))
    };
    g.outcome("outcome_success", &success);
    g.outcome("outcome_exit", &failed(Ending::Exit(-2)));
    g.outcome("outcome_signal", &failed(Ending::Signal(9)));
    g.outcome("outcome_timeout", &failed(Ending::TimedOut(60_000)));
    g.outcome("outcome_memory", &failed(Ending::Exceeded(Resource::Memory, 512 << 20)));
    g.outcome("outcome_processes", &failed(Ending::Exceeded(Resource::Processes, 64)));
    g.outcome("outcome_disk", &failed(Ending::Exceeded(Resource::Disk, 1 << 30)));
    g.outcome("outcome_outputs", &failed(Ending::BadOutputs("no a.o".into())));
    g.made
}

#[test]
fn every_vector_is_made_byte_by_byte() {
    for function in HashFunction::ALL {
        let folder = folder().join(function.name());
        let made = make(function);
        let mut ids = String::new();
        for (name, bytes) in &made {
            let golden = std::fs::read_to_string(folder.join(format!("{name}.hex"))).expect(name);
            assert_eq!(hex::encode(bytes), golden.trim_end(), "{function} {name}");
            ids.push_str(&format!("{name} {}\n", function.digest(bytes)));
        }
        assert_eq!(ids, std::fs::read_to_string(folder.join("ids.txt")).unwrap());
        let files = std::fs::read_dir(&folder).unwrap().count();
        assert_eq!(files, made.len() + 1, "every golden file is compared");
    }
}

#[test]
fn the_independent_program_agrees() {
    let run = |python: &str, arguments: &[&str]| std::process::Command::new(python).args(arguments).output();
    let has = |python: &&str| {
        run(python, &["-c", "from google.protobuf import message_factory"]).is_ok_and(|o| o.status.success())
    };
    // The distribution's own comes second: another one may stand before it on PATH, without the packages.
    let Some(python) = ["python3", "/usr/bin/python3"].into_iter().find(has) else {
        println!("SKIPPED: python3 with protobuf is not there (Debian: python3-protobuf)");
        return;
    };
    let script = folder().join("cross_check.py");
    let output = run(python, &[script.to_str().unwrap(), "--check"]).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
