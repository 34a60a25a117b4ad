//! A workspace in a temporary folder, with a realiser and host tools that make things up.

use gx_rules::{Levels, LoadError, LoadRequest, Loaded, Workspace, WorkspaceConfig};
use gx_store::{
    Blobs, Directory, HashFunction, HostImport, HostSpec, HostTools, Level, Node, Plan, Realise, RealiseError,
    Realised, Store, Trees, Work,
};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// A workspace.
pub(crate) struct Space {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) store: Store,
    pub(crate) archives: Arc<Archives>,
    pub(crate) host: Arc<Host>,
    pub(crate) repositories: BTreeMap<String, toml::Table>,
    pub(crate) stdlib: Vec<(String, String)>,
    pub(crate) levels: Levels,
}

/// Fetched trees by the declared hash.
pub(crate) struct Archives {
    store: Store,
    pub(crate) trees: Mutex<BTreeMap<String, Vec<(String, String)>>>,
    pub(crate) asked: AtomicUsize,
}

impl Realise for Archives {
    fn realise(&self, plan: &Plan) -> Result<Realised, RealiseError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let sha256 = plan
            .derivations
            .values()
            .find_map(|p| if let Work::Fetch(fetch) = &p.derivation.work { Some(fetch.sha256.clone()) } else { None })
            .unwrap();
        let Some(files) = self.trees.lock().unwrap().get(&sha256).cloned() else {
            return Err(RealiseError::Failed { owner: "fetch".into(), why: "no such archive".into() });
        };
        let mut builder = gx_store::TreeBuilder::new();
        for (path, text) in files {
            let blob = self.store.put_blob(text.as_bytes())?;
            let path = gx_store::RelPath::new(path).unwrap();
            builder.insert(&path, Node::File { blob, executable: false }).unwrap();
        }
        let mut bytes = Vec::new();
        let tree = builder.build(self.store.function(), &mut |_, folder| bytes.push(folder)).unwrap();
        for folder in bytes {
            self.store.put_tree(&folder)?;
        }
        let goal = &plan.goals[0].outputs[0];
        Ok([(goal.0, vec![(goal.1.clone(), Node::Directory(tree))])].into())
    }
}

/// A host that has everything but what is called `missing`.
pub(crate) struct Host {
    store: Store,
    pub(crate) asked: AtomicUsize,
}

impl HostTools for Host {
    fn import(&self, spec: &HostSpec) -> Result<HostImport, RealiseError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if spec.programs.iter().any(|p| p == "missing") {
            return Err(RealiseError::HostLacks { what: "missing".into(), hint: "apt install missing".into() });
        }
        let manifest = self.store.put_blob(format!("{spec:?}").as_bytes())?;
        Ok(HostImport { manifest, digest: manifest.0, files: 1 })
    }
}

impl Space {
    /// A workspace with the standard library that ships.
    pub(crate) fn new() -> Space {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../stdlib");
        let mut stdlib = Vec::new();
        for folder in ["rules", "toolchains"] {
            for entry in std::fs::read_dir(root.join(folder)).unwrap() {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_str().unwrap();
                stdlib.push((format!("{folder}/{name}"), std::fs::read_to_string(&path).unwrap()));
            }
        }
        stdlib.sort();
        Space::with_stdlib(stdlib)
    }

    fn with_stdlib(stdlib: Vec<(String, String)>) -> Space {
        let folder = tempfile::tempdir().unwrap();
        let store_folder = folder.path().join(".store");
        std::fs::create_dir_all(&store_folder).unwrap();
        let store = Store::in_memory(&store_folder, HashFunction::Blake3);
        store.put_tree(&Directory::default().encode()).unwrap();
        Space {
            archives: Arc::new(Archives { store: store.clone(), trees: Mutex::default(), asked: AtomicUsize::new(0) }),
            host: Arc::new(Host { store: store.clone(), asked: AtomicUsize::new(0) }),
            folder,
            store,
            repositories: BTreeMap::new(),
            stdlib,
            levels: Levels::Default(Level::Sandboxed),
        }
    }

    pub(crate) fn write(&self, path: &str, text: &str) -> &Space {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    pub(crate) fn remove(&self, path: &str) {
        std::fs::remove_file(self.folder.path().join(path)).unwrap();
    }

    pub(crate) fn open(&self) -> Workspace {
        self.try_open().unwrap()
    }

    pub(crate) fn try_open(&self) -> Result<Workspace, Vec<LoadError>> {
        Workspace::open(WorkspaceConfig {
            root: self.folder.path().to_owned(),
            repositories: self.repositories.clone(),
            stdlib: self.stdlib.clone(),
            store: self.store.clone(),
            realise: Arc::clone(&self.archives) as Arc<dyn Realise>,
            host: Arc::clone(&self.host) as Arc<dyn HostTools>,
            levels: self.levels,
        })
    }

    /// Loads patterns in a fresh workspace.
    pub(crate) fn load(&self, patterns: &[&str]) -> Result<Loaded, Vec<LoadError>> {
        self.open().load(&request(patterns))
    }

    /// The errors of a load, as a person reads them.
    pub(crate) fn errors(&self, patterns: &[&str]) -> String {
        match self.load(patterns) {
            Ok(loaded) => format!("no error; {} targets", loaded.targets.len()),
            Err(errors) => errors.iter().map(|e| format!("[{:?}] {e}", e.kind)).collect::<Vec<_>>().join("\n"),
        }
    }
}

/// `packages` packages with together `count` genrules, each of which reads a source and the output before it.
pub(crate) fn wide(packages: usize, count: usize) -> Space {
    let space = Space::new();
    let each = count / packages;
    for package in 0..packages {
        let mut build = String::from("package(default_visibility = ['//visibility:public'])\n");
        for n in 0..each {
            let before = if n == 0 { String::new() } else { format!(", ':o{}.txt'", n - 1) };
            let before = if n % 100 == 0 { String::new() } else { before };
            writeln!(
                build,
                "genrule(name = 't{n}', srcs = ['s{n}.txt'{before}], outs = ['o{n}.txt'], cmd = 'cat $(SRCS) > $@')"
            )
            .unwrap();
            space.write(&format!("p{package}/s{n}.txt"), &format!("{package} {n}"));
        }
        space.write(&format!("p{package}/BUILD"), &build);
    }
    space
}

pub(crate) fn request(patterns: &[&str]) -> LoadRequest {
    LoadRequest {
        patterns: patterns.iter().map(|p| (*p).to_owned()).collect(),
        with_tests: true,
        ..LoadRequest::default()
    }
}

/// Every derivation of a plan as text, sorted: what a person would compare.
pub(crate) fn shown(loaded: &Loaded) -> String {
    let mut lines = Vec::new();
    for planned in loaded.plan.derivations.values() {
        let derivation = &planned.derivation;
        let outputs: Vec<&str> = derivation.outputs.iter().map(|o| o.path.as_str()).collect();
        let inputs: Vec<&str> = derivation.inputs.iter().map(|i| i.path.as_str()).collect();
        let work = match &derivation.work {
            Work::Run(run) => format!("run {:?}", run.arguments),
            Work::Fetch(fetch) => format!("fetch {}", fetch.sha256),
            Work::Builtin(call) => format!("{} {:?}", call.name, call.arguments),
        };
        lines.push(format!(
            "{} {} <- {} | {} | roots {} sets {} | {}",
            planned.note.owner,
            outputs.join(" "),
            inputs.join(" "),
            work,
            derivation.roots.len(),
            derivation.input_sets.len(),
            planned.note.message
        ));
    }
    lines.sort();
    lines.join("\n")
}
