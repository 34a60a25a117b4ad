//! A store, an executor and a tiny toolchain, and jobs put together in a line or two.
//!
//! The toolchain is the host's static busybox; `None` (with a loud line) where there is none. This file does not
//! know what is tested.

use gx_engine::sandbox::{LocalExecutor, SandboxOptions};
use gx_store::action::{Resolved, lower};
use gx_store::{
    Allowance, Blobs, Cancel, Derivation, Directory, Ending, ExecuteError, Executor, HashFunction, Job, Level, Node,
    Note, Outcome, Outcomes, Output, OutputKind, RelPath, Run, Store, TreeId, Trees, Work,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) const HELPER: &str = env!("CARGO_BIN_EXE_gx-sandbox-helper");

/// Where the helper lies for whoever runs this (another user gets a copy).
pub(crate) fn helper() -> PathBuf {
    std::env::var_os("GX_TEST_HELPER").map_or_else(|| PathBuf::from(HELPER), PathBuf::from)
}

pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) executor: LocalExecutor,
    pub(crate) tools: TreeId,
    pub(crate) folder: tempfile::TempDir,
}

pub(crate) fn path(text: &str) -> RelPath {
    RelPath::new(text).unwrap()
}

/// A statically linked busybox of this machine.
fn busybox() -> Option<PathBuf> {
    ["/bin/busybox", "/usr/bin/busybox", "/bin/busybox.static"].into_iter().map(PathBuf::from).find(|path| {
        std::fs::read(path).is_ok_and(|bytes| !bytes.windows(9).take(4096).any(|window| window == b"/ld-linux"))
    })
}

const APPLETS: &[&str] = &[
    "sh",
    "ls",
    "cat",
    "echo",
    "id",
    "hostname",
    "env",
    "touch",
    "mkdir",
    "mkfifo",
    "ln",
    "rm",
    "chmod",
    "cp",
    "mv",
    "sleep",
    "sort",
    "wc",
    "readlink",
    "head",
    "dd",
    "test",
    "ps",
    "find",
    "kill",
    "true",
    "false",
    "printf",
    "stat",
    "nslookup",
    "wget",
    "umask",
    "seq",
    "tr",
    "setsid",
    "nohup",
    "mount",
    "dnsdomainname",
    "yes",
    "pwd",
    "grep",
    "od",
    "uname",
    "date",
];

impl World {
    pub(crate) fn new(slots: usize) -> Option<World> {
        World::with(slots, |options| options)
    }

    pub(crate) fn with(slots: usize, change: impl FnOnce(SandboxOptions) -> SandboxOptions) -> Option<World> {
        let Some(busybox) = busybox() else {
            println!("SKIPPED: no statically linked busybox (Debian: busybox-static)");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let store = Store::in_memory(&folder.path().join("store"), HashFunction::Blake3);
        let bin = folder.path().join("tools/bin");
        std::fs::create_dir_all(&bin).unwrap();
        std::fs::copy(busybox, bin.join("busybox")).unwrap();
        for applet in APPLETS {
            std::os::unix::fs::symlink("busybox", bin.join(applet)).unwrap();
        }
        // Plain commands ask for bash and do not start it.
        std::os::unix::fs::symlink("busybox", bin.join("bash")).unwrap();
        let tools = store.ingest_tree(&folder.path().join("tools")).unwrap();
        let options = change(SandboxOptions::new(helper()));
        let executor = LocalExecutor::start(store.clone(), slots, options).unwrap();
        let world = World { store, executor, tools, folder };
        match world.job().sh("exit 0").run() {
            Ok(_) => Some(world),
            Err(error @ ExecuteError::Sandbox { .. }) => {
                println!("SKIPPED: {error:?}");
                None
            }
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) fn job(&self) -> Builder<'_> {
        Builder {
            world: self,
            run: Run {
                arguments: Vec::new(),
                environment: BTreeMap::from([("PATH".to_owned(), "/bin".to_owned())]).into(),
                platform: BTreeMap::new(),
                level: crate::normalised::level(),
                loopback: false,
            },
            inputs: BTreeMap::new(),
            outputs: Vec::new(),
            root: Some(self.tools),
            timeout_ms: Some(60_000),
            allowance: Allowance::default(),
            cancel: Cancel::new(),
        }
    }

    pub(crate) fn text(&self, outcome: &Outcome) -> String {
        let stderr = String::from_utf8(self.store.blob(&outcome.stderr).unwrap()).unwrap();
        let stdout = String::from_utf8(self.store.blob(&outcome.stdout).unwrap()).unwrap();
        stdout + &stderr
    }

    /// Content of a file output.
    pub(crate) fn content(&self, outcome: &Outcome, output: &str) -> String {
        match outcome.output(&path(output)) {
            Some(Node::File { blob, .. }) => String::from_utf8(self.store.blob(blob).unwrap()).unwrap(),
            other => panic!("{output} is {other:?} in {outcome:?}"),
        }
    }

    /// The helper with the libraries it needs, as a tree.
    pub(crate) fn helper_tree(&self) -> TreeId {
        let root = self.folder.path().join("helper");
        let put = |from: &Path, to: &str| {
            let to = root.join(to);
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::copy(from, to).unwrap();
        };
        put(&helper(), "bin/helper");
        let listed = std::process::Command::new("ldd").arg(helper()).output().unwrap();
        for word in String::from_utf8(listed.stdout).unwrap().split_whitespace().filter(|word| word.starts_with('/')) {
            put(Path::new(word), word.trim_start_matches('/'));
        }
        self.store.ingest_tree(&root).unwrap()
    }
}

/// A tree of these entries, kept in the store.
pub(crate) trait PutTree {
    fn put_tree_of(&self, entries: &[(&str, Node)]) -> TreeId;
}

impl PutTree for Store {
    fn put_tree_of(&self, entries: &[(&str, Node)]) -> TreeId {
        let mut directory = Directory::default();
        for (name, node) in entries {
            directory.add((*name).to_owned(), node.clone()).unwrap();
        }
        self.put_tree(&directory.encode()).unwrap()
    }
}

pub(crate) struct Builder<'a> {
    world: &'a World,
    pub(crate) run: Run,
    inputs: BTreeMap<RelPath, Node>,
    outputs: Vec<Output>,
    root: Option<TreeId>,
    timeout_ms: Option<u64>,
    pub(crate) allowance: Allowance,
    pub(crate) cancel: Cancel,
}

impl Builder<'_> {
    pub(crate) fn sh(self, script: &str) -> Self {
        self.args(&["sh", "-c", script])
    }
    /// A plain command, as a `genrule` has it.
    pub(crate) fn plain(self, command: &str) -> Self {
        self.args(&["/bin/bash", "-c", command])
    }
    pub(crate) fn args(mut self, arguments: &[&str]) -> Self {
        self.run.arguments = arguments.iter().map(|a| (*a).to_owned()).collect();
        self
    }
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        Arc::make_mut(&mut self.run.environment).insert(name.to_owned(), value.to_owned());
        self
    }
    pub(crate) fn input(self, at: &str, content: impl AsRef<[u8]>) -> Self {
        let blob = self.world.store.put_blob(content.as_ref()).unwrap();
        self.node(at, Node::File { blob, executable: false })
    }
    pub(crate) fn node(mut self, at: &str, node: Node) -> Self {
        self.inputs.insert(path(at), node);
        self
    }
    pub(crate) fn output(mut self, at: &str) -> Self {
        self.outputs.push(Output { path: path(at), kind: OutputKind::File });
        self
    }
    pub(crate) fn folder(mut self, at: &str) -> Self {
        self.outputs.push(Output { path: path(at), kind: OutputKind::Directory });
        self
    }
    pub(crate) fn root(mut self, root: Option<TreeId>) -> Self {
        self.root = root;
        self
    }
    pub(crate) fn loopback(mut self) -> Self {
        self.run.loopback = true;
        self
    }
    pub(crate) fn level(mut self, level: Level) -> Self {
        self.run.level = level;
        self
    }
    pub(crate) fn timeout(mut self, ms: u64) -> Self {
        self.timeout_ms = Some(ms);
        self
    }
    pub(crate) fn cancel(mut self, cancel: &Cancel) -> Self {
        self.cancel = cancel.clone();
        self
    }

    pub(crate) fn job(self) -> (Job, Cancel) {
        let store = &self.world.store;
        let derivation = Derivation {
            work: Work::Run(self.run),
            inputs: Vec::new(),
            input_sets: Vec::new(),
            roots: Vec::new(),
            outputs: self.outputs,
        };
        let derivation = derivation.normalise();
        let root = self.root.map_or_else(Arc::<Directory>::default, |tree| store.tree(&tree).unwrap());
        let resolved = Resolved { derivation: &derivation, root: &root, inputs: &self.inputs };
        let lowered = Arc::new(lower(store.function(), &resolved).unwrap());
        let (derivation, inputs) = (Arc::new(derivation), Arc::new(self.inputs));
        let (note, root, timeout_ms, allowance) = (Note::default(), self.root, self.timeout_ms, self.allowance);
        let job = Job { lowered, derivation, note, inputs, root, timeout_ms, allowance };
        (job, self.cancel)
    }

    /// Runs it and commits what came of it.
    pub(crate) fn run(self) -> Result<Outcome, ExecuteError> {
        let world = self.world;
        let (job, cancel) = self.job();
        let commit = world.executor.execute(&job, &cancel)?;
        let outcome = commit.outcome.clone();
        world.store.commit(&[commit])?;
        Ok(outcome)
    }

    /// Runs it, expects success, gives what it wrote.
    pub(crate) fn text(self) -> String {
        let world = self.world;
        let outcome = self.run().unwrap();
        let text = world.text(&outcome);
        assert_eq!(outcome.ending, Ending::Exit(0), "{text}");
        text
    }
}

/// A spawner that lives under a filter of the helper's.
pub(crate) fn confined(how: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let script = tempfile::tempdir().unwrap();
    let spawner = script.path().join("spawner");
    let text = format!("#!/bin/sh\nexec '{0}' {how} '{0}' \"$@\"\n", helper().display());
    // By a process of its own: a file that is open for writing here may be inherited by what another test starts.
    let made = std::process::Command::new("sh")
        .args(["-c", "printf %s \"$1\" > \"$2\"; chmod 755 \"$2\"", "sh", &text])
        .arg(&spawner)
        .status();
    assert!(made.unwrap().success());
    (script, spawner)
}
