//! Marking: which objects are reachable from roots and leases.
//!
//! Invariants: an outcome is marked only when everything it names is there, and then all of that is marked
//! too; what an action was made from is marked as far as it is there. Walks use no recursion over outcomes
//! and visit each tree once. This file does not remove anything.

use crate::digest::{ActionId, BlobId, Digest, HashFunction, TreeId};
use crate::error::StoreError;
use crate::outcome::Outcome;
use crate::proto::{ActionProto, DigestProto};
use crate::roots::Root;
use crate::store::Backend;
use crate::traits::ObjectKind;
use crate::tree::{Directory, Node};
use prost::Message;
use std::collections::{HashMap, HashSet};

/// Objects of each kind that a store holds, with the bytes each takes.
#[derive(Debug, Default)]
pub(crate) struct Present {
    kinds: HashMap<ObjectKind, HashMap<Digest, u64>>,
}

impl Present {
    /// Lists everything.
    pub(crate) fn list(backend: &dyn Backend) -> Result<Present, StoreError> {
        let mut present = Present::default();
        for kind in ObjectKind::ALL {
            let found = present.kinds.entry(kind).or_default();
            backend.list(kind, b"", &mut |id, size| {
                found.insert(*id, size);
                true
            })?;
        }
        Ok(present)
    }

    pub(crate) fn has(&self, kind: ObjectKind, id: &Digest) -> bool {
        self.kinds.get(&kind).is_some_and(|found| found.contains_key(id))
    }

    pub(crate) fn of(&self, kind: ObjectKind) -> impl Iterator<Item = (&Digest, u64)> {
        self.kinds.get(&kind).into_iter().flatten().map(|(id, size)| (id, *size))
    }
}

/// The reachable objects.
pub(crate) struct Mark<'a> {
    backend: &'a dyn Backend,
    present: &'a Present,
    marked: HashSet<(ObjectKind, Digest)>,
    /// Trees whose whole closure is there, or is not.
    whole: HashMap<TreeId, bool>,
}

impl<'a> Mark<'a> {
    /// Nothing is marked yet but what is always there.
    pub(crate) fn new(backend: &'a dyn Backend, present: &'a Present) -> Mark<'a> {
        let mut marked = HashSet::new();
        for function in HashFunction::ALL {
            marked.insert((ObjectKind::Blob, function.digest(b"")));
            marked.insert((ObjectKind::Tree, Directory::default().id(function).0));
        }
        Mark { backend, present, marked, whole: HashMap::new() }
    }

    pub(crate) fn has(&self, kind: ObjectKind, id: &Digest) -> bool {
        self.marked.contains(&(kind, *id))
    }

    /// Everything a root keeps.
    pub(crate) fn root(&mut self, root: &Root) -> Result<(), StoreError> {
        for node in &root.nodes {
            self.node(node)?;
        }
        for action in &root.actions {
            self.action(action)?;
        }
        for derivation in &root.derivations {
            self.one(ObjectKind::Derivation, derivation.0);
        }
        Ok(())
    }

    /// An object that a running build relies on, whatever kinds have that digest.
    pub(crate) fn touched(&mut self, id: &Digest) -> Result<(), StoreError> {
        self.one(ObjectKind::Blob, *id);
        self.one(ObjectKind::Derivation, *id);
        self.tree(&TreeId(*id))?;
        self.action(&ActionId(*id))
    }

    fn one(&mut self, kind: ObjectKind, id: Digest) {
        if self.present.has(kind, &id) {
            self.marked.insert((kind, id));
        }
    }

    fn node(&mut self, node: &Node) -> Result<(), StoreError> {
        match node {
            Node::File { blob, .. } => self.one(ObjectKind::Blob, blob.0),
            Node::Directory(tree) => self.tree(tree)?,
            Node::Symlink(_) => {}
        }
        Ok(())
    }

    /// A tree and all below it, as far as it is there.
    fn tree(&mut self, root: &TreeId) -> Result<(), StoreError> {
        let mut todo = vec![*root];
        while let Some(id) = todo.pop() {
            if !self.present.has(ObjectKind::Tree, &id.0) || !self.marked.insert((ObjectKind::Tree, id.0)) {
                continue;
            }
            let Some(directory) = self.read_tree(&id)? else { continue };
            for node in directory.entries.values() {
                match node {
                    Node::Directory(below) => todo.push(*below),
                    other => self.node(other)?,
                }
            }
        }
        Ok(())
    }

    /// A corrupt tree is as good as a missing one.
    fn read_tree(&self, id: &TreeId) -> Result<Option<std::sync::Arc<Directory>>, StoreError> {
        match self.backend.tree(id) {
            Ok(directory) => Ok(Some(directory)),
            Err(StoreError::Missing(_) | StoreError::Corrupt(_) | StoreError::Tree(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn action(&mut self, id: &ActionId) -> Result<(), StoreError> {
        if self.present.has(ObjectKind::Outcome, &id.0) && !self.has(ObjectKind::Outcome, &id.0) {
            let outcome = match self.backend.outcome(id) {
                Ok(outcome) => outcome,
                Err(StoreError::Corrupt(_)) => None,
                Err(error) => return Err(error),
            };
            if let Some(outcome) = outcome
                && self.is_complete(&outcome)?
            {
                self.marked.insert((ObjectKind::Outcome, id.0));
                self.one(ObjectKind::Blob, outcome.stdout.0);
                self.one(ObjectKind::Blob, outcome.stderr.0);
                for (_, node) in &outcome.outputs {
                    self.node(node)?;
                }
            }
        }
        self.sources(id)
    }

    /// The messages of an action and its input root.
    fn sources(&mut self, id: &ActionId) -> Result<(), StoreError> {
        if !self.present.has(ObjectKind::Blob, &id.0) {
            return Ok(());
        }
        self.one(ObjectKind::Blob, id.0);
        let Ok(bytes) = self.backend.blob(&BlobId(id.0)) else { return Ok(()) };
        let Ok(action) = ActionProto::decode(bytes.as_slice()) else { return Ok(()) };
        let function = id.0.function;
        let digest = |proto: Option<DigestProto>| {
            let proto = proto?;
            Digest::from_hex(function, &proto.hash, u64::try_from(proto.size_bytes).ok()?).ok()
        };
        if let Some(command) = digest(action.command_digest) {
            self.one(ObjectKind::Blob, command);
        }
        if let Some(root) = digest(action.input_root_digest) {
            self.tree(&TreeId(root))?;
        }
        Ok(())
    }

    /// Is everything there that an outcome names?
    pub(crate) fn is_complete(&mut self, outcome: &Outcome) -> Result<bool, StoreError> {
        for blob in [outcome.stdout, outcome.stderr] {
            if !self.present.has(ObjectKind::Blob, &blob.0) {
                return Ok(false);
            }
        }
        for (_, node) in &outcome.outputs {
            if !self.is_whole(node)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn is_whole(&mut self, node: &Node) -> Result<bool, StoreError> {
        match node {
            Node::File { blob, .. } => Ok(self.present.has(ObjectKind::Blob, &blob.0)),
            Node::Symlink(_) => Ok(true),
            Node::Directory(id) => {
                if let Some(whole) = self.whole.get(id) {
                    return Ok(*whole);
                }
                let mut whole = self.present.has(ObjectKind::Tree, &id.0);
                if whole {
                    match self.read_tree(id)? {
                        None => whole = false,
                        Some(directory) => {
                            for node in directory.entries.values() {
                                whole = whole && self.is_whole(node)?;
                            }
                        }
                    }
                }
                self.whole.insert(*id, whole);
                Ok(whole)
            }
        }
    }
}
