//! A call of a builtin that makes one folder, and what it is given.
//!
//! Files are named by lines of the argument `files`: words with tabs between them, the path of the input the last but
//! one or the last, as the builtin says. Invariant: an argument that is not known is refused, so that a misspelt one
//! is found. This file does not know what is made.

use gx_store::{
    BlobId, Blobs, Builtin, Call, ExecuteError, Node, Output, OutputKind, RelPath, Store, StoreError, TreeBuilder,
    Trees,
};
use std::collections::BTreeMap;

/// What lies in a folder that is made, by its path there.
pub(super) type Folder = BTreeMap<String, Item>;

/// What lies at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    /// New bytes.
    New(Vec<u8>),
    /// What the store has.
    There(Node),
}

/// What is not a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Leaf {
    File { blob: BlobId, executable: bool },
    Link(String),
}

/// A builtin that makes one folder.
#[derive(Debug, Clone, Copy)]
pub(super) struct Task {
    pub(super) name: &'static str,
    pub(super) arguments: &'static [&'static str],
    pub(super) run: fn(&Job<'_>) -> Result<Folder, ExecuteError>,
}

/// A call.
pub(super) struct Job<'a> {
    call: &'a Call,
    inputs: &'a BTreeMap<RelPath, Node>,
    pub(super) store: &'a Store,
}

impl Builtin for Task {
    fn name(&self) -> &'static str {
        self.name
    }

    fn revision(&self) -> u32 {
        1
    }

    fn call(
        &self,
        call: &Call,
        inputs: &BTreeMap<RelPath, Node>,
        outputs: &[Output],
        store: &Store,
    ) -> Result<Vec<(RelPath, Node)>, ExecuteError> {
        let job = Job { call, inputs, store };
        let known = |key: &str| matches!(key, "in:files" | "out:folder") || self.arguments.contains(&key);
        if let Some(key) = call.arguments.keys().find(|key| !known(key)) {
            return Err(job.refuse(format!("unknown argument '{key}' (known: {})", self.arguments.join(", "))));
        }
        let [output] = outputs else { return Err(job.refuse(format!("makes one folder, not {}", outputs.len()))) };
        if output.kind != OutputKind::Directory {
            return Err(job.refuse(format!("'{}' is not declared as a folder", output.path)));
        }
        let mut builder = TreeBuilder::new();
        for (path, item) in (self.run)(&job)? {
            let node = match item {
                Item::There(node) => node,
                Item::New(bytes) => Node::File { blob: store.put_blob(&bytes)?, executable: false },
            };
            let at = RelPath::new(path).map_err(StoreError::from)?;
            builder.insert(&at, node).map_err(|error| job.refuse(error.to_string()))?;
        }
        Ok(vec![(output.path.clone(), Node::Directory(store.put_built(&builder)?))])
    }
}

impl Job<'_> {
    pub(super) fn refuse(&self, why: impl Into<String>) -> ExecuteError {
        ExecuteError::Builtin { name: self.call.name.clone(), why: why.into() }
    }

    /// A word; empty when it was not given.
    pub(super) fn word(&self, name: &str) -> &str {
        self.call.arguments.get(name).map_or("", String::as_str)
    }

    /// The lines of `files`, each of `N` words.
    pub(super) fn rows<const N: usize>(&self) -> Result<Vec<[&str; N]>, ExecuteError> {
        let row = |line| {
            let words: Vec<&str> = str::split(line, '\t').collect();
            words.try_into().map_err(|_| self.refuse(format!("the line '{line}' of 'files' has not {N} words")))
        };
        self.word("files").lines().map(row).collect()
    }

    /// An input.
    pub(super) fn node(&self, path: &str) -> Result<&Node, ExecuteError> {
        let known = RelPath::new(path).ok().and_then(|path| self.inputs.get(&path));
        known.ok_or_else(|| self.refuse(format!("'{path}' is no input")))
    }

    /// What is below an input, by its path there; an input that is no folder is at the path "".
    pub(super) fn leaves(&self, path: &str) -> Result<BTreeMap<String, Leaf>, ExecuteError> {
        let mut leaves = BTreeMap::new();
        let mut ahead = vec![(String::new(), self.node(path)?.clone())];
        while let Some((at, node)) = ahead.pop() {
            match node {
                Node::File { blob, executable } => drop(leaves.insert(at, Leaf::File { blob, executable })),
                Node::Symlink(target) => drop(leaves.insert(at, Leaf::Link(target))),
                Node::Directory(tree) => {
                    for (name, node) in &self.store.tree(&tree)?.entries {
                        let below =
                            if at.is_empty() { name.as_str().to_owned() } else { format!("{at}/{}", name.as_str()) };
                        ahead.push((below, node.clone()));
                    }
                }
            }
        }
        Ok(leaves)
    }

    /// The bytes of a file.
    pub(super) fn bytes(&self, blob: &BlobId) -> Result<Vec<u8>, ExecuteError> {
        Ok(self.store.blob(blob)?)
    }
}

impl Leaf {
    /// It as a node.
    pub(super) fn node(&self) -> Node {
        match self {
            Leaf::File { blob, executable } => Node::File { blob: *blob, executable: *executable },
            Leaf::Link(target) => Node::Symlink(target.clone()),
        }
    }
}
