//! The steps of the pipeline as builtins: what derivations call by name and revision.
//!
//! An input or output plays a part, which the call's arguments name: `in:source` holds paths, one a line, `out:ir` one
//! path. Invariants: a step is a pure function of its call and its inputs; a changed output needs a changed revision
//! (the tests hold golden digests). This folder does not know who calls a step, nor BUILD files.

mod admit;
mod compare;
mod conformance;
mod contract;
mod coverage;
mod drift;
mod emit;
mod evidence;
mod gate;
mod layout;
mod lock;
mod project;
mod registry;
#[cfg(test)]
mod tests;
mod trace;
mod trial;
mod vectors;
mod verdict;

use crate::facts::Facts;
use crate::gate::Member;
use crate::ir::Contract;
use crate::load::{decode_all, with_stack};
use gx_store::{
    Blobs, Builtin, Call, ExecuteError, Node, Output, OutputKind, RelPath, Store, StoreError, TreeBuilder, Trees,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Every builtin of this crate.
pub fn all() -> Vec<Arc<dyn Builtin>> {
    STEPS.iter().map(|step| Arc::new(*step) as Arc<dyn Builtin>).collect()
}

/// The steps, by name.
const STEPS: &[Step] = &[
    admit::STEP,
    crate::release::BUNDLE,
    crate::release::DEPLOYMENT,
    crate::release::IMAGE,
    compare::STEP,
    conformance::STEP,
    contract::STEP,
    coverage::STEP,
    drift::STEP,
    emit::STEP,
    evidence::STEP,
    gate::STEP,
    layout::STEP,
    lock::STEP,
    project::STEP,
    registry::STEP,
    trace::STEP,
    trial::STEP,
    vectors::STEP,
    verdict::STEP,
];

/// What a step makes, by the part that it plays.
pub(crate) type Made = Vec<(&'static str, Product)>;

/// What plays a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Product {
    File(Vec<u8>),
    /// Texts by their path in a folder.
    Folder(BTreeMap<String, String>),
    /// What is in the store already, by its path in a folder.
    Nodes(BTreeMap<RelPath, Node>),
}

impl From<Vec<u8>> for Product {
    fn from(bytes: Vec<u8>) -> Product {
        Product::File(bytes)
    }
}

/// A step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) revision: u32,
    /// Parts of inputs, parts of outputs, and other arguments that it knows.
    pub(crate) inputs: &'static [&'static str],
    pub(crate) outputs: &'static [&'static str],
    pub(crate) arguments: &'static [&'static str],
    pub(crate) run: fn(&Given<'_>) -> Result<Made, ExecuteError>,
}

impl Builtin for Step {
    fn name(&self) -> &'static str {
        self.name
    }

    fn revision(&self) -> u32 {
        self.revision
    }

    fn call(
        &self,
        call: &Call,
        inputs: &BTreeMap<RelPath, Node>,
        outputs: &[Output],
        store: &Store,
    ) -> Result<Vec<(RelPath, Node)>, ExecuteError> {
        self.check(call)?;
        let given = Given { call, inputs, store };
        // Contracts nest deeper than the stack of a job's thread is meant for.
        let made = with_stack(|| (self.run)(&given))?;
        let mut placed = Vec::with_capacity(made.len());
        for (part, product) in made {
            let Some(path) = call.arguments.get(&format!("out:{part}")) else { continue };
            let (kind, word) = match &product {
                Product::File(_) => (OutputKind::File, "file"),
                Product::Folder(_) | Product::Nodes(_) => (OutputKind::Directory, "folder"),
            };
            let output = outputs.iter().find(|it| it.path.as_str() == path && it.kind == kind);
            let output = output.ok_or_else(|| given.refuse(format!("'{path}' is not declared as a {word}")))?;
            placed.push((output.path.clone(), given.put(product)?));
        }
        Ok(placed)
    }
}

impl Step {
    /// Refuses arguments and parts that it does not know.
    fn check(&self, call: &Call) -> Result<(), ExecuteError> {
        for key in call.arguments.keys() {
            let known = match key.split_once(':') {
                Some(("in", part)) => self.inputs.contains(&part),
                Some(("out", part)) => self.outputs.contains(&part),
                _ => self.arguments.contains(&key.as_str()),
            };
            if !known {
                let all = self.inputs.iter().map(|part| format!("in:{part}"));
                let all = all.chain(self.outputs.iter().map(|part| format!("out:{part}")));
                let all: Vec<String> = all.chain(self.arguments.iter().map(|it| (*it).to_owned())).collect();
                let why = format!("unknown argument '{key}' (known: {})", all.join(", "));
                return Err(ExecuteError::Builtin { name: self.name.to_owned(), why });
            }
        }
        Ok(())
    }
}

/// JSON as outputs have it: two blanks a level, and a newline at its end.
fn pretty(json: &serde_json::Value) -> String {
    format!("{json:#}\n")
}

/// A file that a step was given.
struct Source {
    /// As the action sees it: for sources the path in the workspace.
    path: String,
    bytes: Vec<u8>,
}

/// What a step was given.
pub(crate) struct Given<'a> {
    call: &'a Call,
    inputs: &'a BTreeMap<RelPath, Node>,
    pub(crate) store: &'a Store,
}

impl Given<'_> {
    pub(crate) fn refuse(&self, why: impl Into<String>) -> ExecuteError {
        ExecuteError::Builtin { name: self.call.name.clone(), why: why.into() }
    }

    /// A product in the store.
    fn put(&self, product: Product) -> Result<Node, ExecuteError> {
        let mut nodes = BTreeMap::new();
        match product {
            Product::File(bytes) => return self.put_file(&bytes),
            Product::Nodes(all) => nodes = all,
            Product::Folder(texts) => {
                for (path, text) in texts {
                    let path = RelPath::new(path).map_err(StoreError::from)?;
                    nodes.insert(path, self.put_file(text.as_bytes())?);
                }
            }
        }
        let mut builder = TreeBuilder::new();
        for (at, node) in nodes {
            builder.insert(&at, node).map_err(|error| self.refuse(error.to_string()))?;
        }
        Ok(Node::Directory(self.store.put_built(&builder)?))
    }

    /// Bytes in the store, as a file.
    pub(crate) fn put_file(&self, bytes: &[u8]) -> Result<Node, ExecuteError> {
        Ok(Node::File { blob: self.store.put_blob(bytes)?, executable: false })
    }

    /// An input.
    pub(crate) fn node(&self, path: &str) -> Result<Node, ExecuteError> {
        let known = RelPath::new(path).ok().and_then(|path| self.inputs.get(&path));
        known.cloned().ok_or_else(|| self.refuse(format!("'{path}' is no input")))
    }

    /// What plays a part, in its order, each once.
    fn nodes(&self, part: &str) -> Result<Vec<Node>, ExecuteError> {
        let paths = self.call.arguments.get(&format!("in:{part}")).map_or("", String::as_str);
        let mut seen = BTreeSet::new();
        paths.lines().filter(|path| seen.insert(*path)).map(|path| self.node(path)).collect()
    }

    /// The files and symlinks below a node, by their paths there; what is no folder itself is at none.
    pub(crate) fn leaves(&self, node: Node) -> Result<BTreeMap<Option<RelPath>, Node>, ExecuteError> {
        let mut leaves = BTreeMap::new();
        let mut ahead = vec![(None::<RelPath>, node)];
        while let Some((at, node)) = ahead.pop() {
            let Node::Directory(tree) = node else {
                leaves.insert(at, node);
                continue;
            };
            for (name, node) in &self.store.tree(&tree)?.entries {
                let name = RelPath::new(name.as_str()).map_err(StoreError::from)?;
                let below = at.as_ref().map_or_else(|| name.clone(), |at| at.join(&name));
                ahead.push((Some(below), node.clone()));
            }
        }
        Ok(leaves)
    }

    /// The files of a part, in their order, each once.
    fn files(&self, part: &str) -> Result<Vec<Source>, ExecuteError> {
        let paths = self.call.arguments.get(&format!("in:{part}")).map_or("", String::as_str);
        let mut seen = BTreeSet::new();
        let mut files = Vec::new();
        for path in paths.lines().filter(|path| seen.insert(*path)) {
            let known = RelPath::new(path).ok().and_then(|path| self.inputs.get(&path));
            let Some(Node::File { blob, .. }) = known else {
                return Err(self.refuse(format!("'{path}' is no file among the inputs")));
            };
            files.push(Source { path: path.to_owned(), bytes: self.store.blob(blob)? });
        }
        Ok(files)
    }

    /// The contracts of a part, in the order of their names; `imports` holds what they use.
    fn contracts(&self, part: &str) -> Result<Vec<Arc<Contract>>, ExecuteError> {
        let own = self.files(part)?;
        let count = own.len();
        let bytes: Vec<Vec<u8>> = own.into_iter().chain(self.files("imports")?).map(|it| it.bytes).collect();
        let mut all = decode_all(&bytes).map_err(|fault| self.refuse(fault))?;
        all.truncate(count);
        Ok(all)
    }

    /// The one contract of the part `contract`.
    fn contract(&self) -> Result<Arc<Contract>, ExecuteError> {
        let mut contracts = self.contracts("contract")?;
        match (contracts.pop(), contracts.is_empty()) {
            (Some(only), true) => Ok(only),
            _ => Err(self.refuse("the input 'contract' is one contract")),
        }
    }

    /// Contracts with what their texts say beside their meaning, sorted by name and version.
    fn members(&self, part: &str, facts: &str) -> Result<Vec<Member>, ExecuteError> {
        let contracts = self.contracts(part)?;
        let files = self.files(facts)?;
        let mut members = Vec::with_capacity(contracts.len());
        for (at, contract) in contracts.into_iter().enumerate() {
            let file =
                files.get(at).ok_or_else(|| self.refuse(format!("'{part}' and '{facts}' do not go together")))?;
            let facts = Facts::decode(&file.bytes).map_err(|error| self.refuse(error.to_string()))?;
            if *facts.contract != *contract.name {
                return Err(self
                    .refuse(format!("the facts of {} stand where those of {} belong", facts.contract, contract.name)));
            }
            members.push(Member { contract, facts });
        }
        members.sort_by(|a, b| {
            let key = |it: &Member| (it.contract.name.clone(), it.contract.version, it.facts.file.clone());
            key(a).cmp(&key(b))
        });
        Ok(members)
    }

    /// The lines of the argument `files`: words with tabs between them, `N` each.
    pub(crate) fn rows<const N: usize>(&self) -> Result<Vec<[&str; N]>, ExecuteError> {
        let row = |line| {
            let words: Vec<&str> = str::split(line, '\t').collect();
            words.try_into().map_err(|_| self.refuse(format!("the line '{line}' of 'files' has not {N} words")))
        };
        self.word("files").lines().map(row).collect()
    }

    /// A word; empty when it was not given.
    pub(crate) fn word(&self, name: &str) -> &str {
        self.call.arguments.get(name).map_or("", String::as_str)
    }

    /// The one file of a part.
    fn file(&self, part: &str) -> Result<Source, ExecuteError> {
        let mut files = self.files(part)?;
        match (files.pop(), files.is_empty()) {
            (Some(only), true) => Ok(only),
            _ => Err(self.refuse(format!("the input '{part}' is one file"))),
        }
    }
}

#[cfg(test)]
mod testing {
    //! A step, its inputs, and what it makes.
    use super::*;
    use gx_store::HashFunction;

    pub(super) struct Bench {
        name: String,
        _folder: tempfile::TempDir,
        store: Store,
        arguments: BTreeMap<String, String>,
        inputs: BTreeMap<RelPath, Node>,
    }

    impl Bench {
        pub(super) fn new(name: &str) -> Bench {
            let folder = tempfile::tempdir().unwrap();
            let store = Store::in_memory(folder.path(), HashFunction::Blake3);
            let (arguments, inputs) = (BTreeMap::new(), BTreeMap::new());
            Bench { name: name.to_owned(), _folder: folder, store, arguments, inputs }
        }

        /// Adds a file to a part; of one path the last counts.
        pub(super) fn input(&mut self, part: &str, path: &str, bytes: impl AsRef<[u8]>) {
            let blob = self.store.put_blob(bytes.as_ref()).unwrap();
            self.inputs.insert(RelPath::new(path).unwrap(), Node::File { blob, executable: false });
            self.arguments.entry(format!("in:{part}")).or_default().push_str(&format!("{path}\n"));
        }

        /// Adds a word.
        pub(super) fn word(&mut self, name: &str, value: &str) {
            self.arguments.insert(name.to_owned(), value.to_owned());
        }

        /// What the step makes of it, by part.
        pub(super) fn run(&self, parts: &[&str]) -> Result<BTreeMap<String, Vec<u8>>, String> {
            let mut arguments = self.arguments.clone();
            arguments.extend(parts.iter().map(|part| (format!("out:{part}"), format!("out/{part}"))));
            let call = Call { name: self.name.clone(), revision: 1, arguments };
            let path = |part: &str| RelPath::new(format!("out/{part}")).unwrap();
            let outputs: Vec<Output> =
                parts.iter().map(|part| Output { path: path(part), kind: OutputKind::File }).collect();
            let builtin = all().into_iter().find(|it| it.name() == self.name).unwrap();
            let made = builtin.call(&call, &self.inputs, &outputs, &self.store).map_err(|error| error.to_string())?;
            let bytes = |node: &Node| match node {
                Node::File { blob, .. } => self.store.blob(blob).unwrap(),
                other => panic!("{other:?}"),
            };
            let part = |path: &RelPath| path.as_str().trim_start_matches("out/").to_owned();
            Ok(made.iter().map(|(path, node)| (part(path), bytes(node))).collect())
        }

        /// The digest of each output.
        pub(super) fn digests(&self, made: &BTreeMap<String, Vec<u8>>) -> String {
            let line =
                |(part, bytes): (&String, &Vec<u8>)| format!("{part} {}\n", HashFunction::Blake3.digest(bytes).hex());
            made.iter().map(line).collect()
        }
    }
}
