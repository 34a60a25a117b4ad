//! The memory backend: for tests, and stricter than the database.
//!
//! Invariant beyond the traits': a tree is refused before its children, an outcome before what it names, so
//! that a caller who writes in the wrong order is found out. This file does not know disks.

use crate::digest::{ActionId, BlobId, Digest, HashFunction, TreeId};
use crate::error::StoreError;
use crate::outcome::Outcome;
use crate::traits::{Blobs, Commit, Inventory, Object, ObjectKind, Outcomes, RowChange, Rows, Table, Trees};
use crate::tree::{Directory, Node};
use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Objects and rows in maps.
#[derive(Debug)]
pub struct Memory {
    function: HashFunction,
    state: RwLock<State>,
}

#[derive(Debug, Default)]
struct State {
    blobs: HashMap<BlobId, Arc<[u8]>>,
    trees: HashMap<TreeId, Arc<Directory>>,
    outcomes: HashMap<ActionId, Outcome>,
    rows: BTreeMap<(Table, Vec<u8>), Vec<u8>>,
    epoch: u64,
}

impl Memory {
    /// An empty backend. The empty blob and the empty tree are always there.
    pub fn new(function: HashFunction) -> Memory {
        let mut state = State::default();
        state.blobs.insert(BlobId(function.digest(b"")), Arc::from(&b""[..]));
        state.trees.insert(Directory::default().id(function), Arc::default());
        Memory { function, state: RwLock::new(state) }
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn put_tree(&mut self, function: HashFunction, bytes: &[u8]) -> Result<TreeId, StoreError> {
        let directory = Directory::decode(function, bytes)?;
        let id = TreeId(function.digest(bytes));
        for node in directory.entries.values() {
            self.check_child(id.digest(), node)?;
        }
        self.trees.insert(id, Arc::new(directory));
        Ok(id)
    }

    fn check_child(&self, parent: &Digest, node: &Node) -> Result<(), StoreError> {
        let missing = match node {
            Node::File { blob, .. } => (!self.blobs.contains_key(blob)).then_some(blob.0),
            Node::Directory(tree) => (!self.trees.contains_key(tree)).then_some(tree.0),
            Node::Symlink(_) => None,
        };
        missing.map_or(Ok(()), |child| Err(StoreError::Dangling { tree: *parent, child }))
    }
}

impl Blobs for Memory {
    fn has_blob(&self, id: &BlobId) -> Result<bool, StoreError> {
        Ok(self.read().blobs.contains_key(id))
    }

    fn blob(&self, id: &BlobId) -> Result<Vec<u8>, StoreError> {
        self.read().blobs.get(id).map(|b| b.to_vec()).ok_or(StoreError::Missing(id.0))
    }

    fn open_blob(&self, id: &BlobId) -> Result<Box<dyn Read + Send>, StoreError> {
        Ok(Box::new(std::io::Cursor::new(self.blob(id)?)))
    }

    fn put_blob(&self, bytes: &[u8]) -> Result<BlobId, StoreError> {
        let id = BlobId(self.function.digest(bytes));
        self.write().blobs.insert(id, Arc::from(bytes));
        Ok(id)
    }

    fn put_file(&self, file: &Path, take: bool) -> Result<BlobId, StoreError> {
        let bytes = std::fs::read(file).map_err(|e| StoreError::io("reading", file, e))?;
        let id = self.put_blob(&bytes)?;
        if take {
            std::fs::remove_file(file).map_err(|e| StoreError::io("removing", file, e))?;
        }
        Ok(id)
    }
}

impl Trees for Memory {
    fn has_tree(&self, id: &TreeId) -> Result<bool, StoreError> {
        Ok(self.read().trees.contains_key(id))
    }

    fn tree(&self, id: &TreeId) -> Result<Arc<Directory>, StoreError> {
        self.read().trees.get(id).cloned().ok_or(StoreError::Missing(id.0))
    }

    fn put_tree(&self, bytes: &[u8]) -> Result<TreeId, StoreError> {
        self.write().put_tree(self.function, bytes)
    }
}

impl Outcomes for Memory {
    fn outcome(&self, id: &ActionId) -> Result<Option<Outcome>, StoreError> {
        Ok(self.read().outcomes.get(id).cloned())
    }

    fn prepare(&self, objects: &[Object]) -> Result<(), StoreError> {
        let mut state = self.write();
        objects.iter().try_for_each(|object| put_object(&mut state, self.function, object))
    }

    fn commit(&self, commits: &[Commit]) -> Result<(), StoreError> {
        let mut state = self.write();
        for commit in commits {
            for object in &commit.objects {
                put_object(&mut state, self.function, object)?;
            }
            let outcome = &commit.outcome;
            let action = outcome.action.0;
            for (_, node) in &outcome.outputs {
                state.check_child(&action, node)?;
            }
            for blob in [outcome.stdout, outcome.stderr] {
                state.check_child(&action, &Node::File { blob, executable: false })?;
            }
            state.outcomes.insert(outcome.action, outcome.clone());
        }
        Ok(())
    }

    fn forget(&self, id: &ActionId) -> Result<(), StoreError> {
        self.write().outcomes.remove(id);
        Ok(())
    }
}

fn put_object(state: &mut State, function: HashFunction, object: &Object) -> Result<(), StoreError> {
    let (said, found) = match object {
        Object::Blob(id, bytes) => {
            let found = function.digest(bytes);
            if found == id.0 {
                state.blobs.insert(*id, Arc::from(bytes.as_slice()));
            }
            (id.0, found)
        }
        Object::Tree(id, bytes) => (id.0, state.put_tree(function, bytes)?.0),
    };
    if said == found { Ok(()) } else { Err(StoreError::WrongDigest { said, found }) }
}

impl Rows for Memory {
    fn row(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.read().rows.get(&(table, key.to_vec())).cloned())
    }

    fn change_rows(&self, table: Table, changes: &[RowChange]) -> Result<(), StoreError> {
        let mut state = self.write();
        for (key, value) in changes {
            match value {
                Some(value) => state.rows.insert((table, key.clone()), value.clone()),
                None => state.rows.remove(&(table, key.clone())),
            };
        }
        Ok(())
    }

    fn scan(&self, table: Table, prefix: &[u8], visit: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), StoreError> {
        let found: Vec<(Vec<u8>, Vec<u8>)> = self
            .read()
            .rows
            .range((table, prefix.to_vec())..)
            .take_while(|((t, key), _)| *t == table && key.starts_with(prefix))
            .map(|((_, key), value)| (key.clone(), value.clone()))
            .collect();
        for (key, value) in found {
            if !visit(&key, &value) {
                break;
            }
        }
        Ok(())
    }
}

impl Inventory for Memory {
    fn list(
        &self,
        kind: ObjectKind,
        prefix: &[u8],
        visit: &mut dyn FnMut(&Digest, u64) -> bool,
    ) -> Result<(), StoreError> {
        let state = self.read();
        let mut found: Vec<(Digest, u64)> = match kind {
            ObjectKind::Blob => state.blobs.keys().map(|id| (id.0, id.0.size)).collect(),
            ObjectKind::Tree => state.trees.keys().map(|id| (id.0, id.0.size)).collect(),
            ObjectKind::Outcome => state.outcomes.iter().map(|(id, o)| (id.0, o.encode().len() as u64)).collect(),
            ObjectKind::Derivation => state
                .rows
                .iter()
                .filter(|((table, _), _)| *table == Table::Derivations)
                .filter_map(|((_, key), value)| Some((Digest::from_key(key)?, value.len() as u64)))
                .collect(),
        };
        drop(state);
        found.retain(|(id, _)| id.key().starts_with(prefix));
        found.sort();
        for (id, size) in found {
            if !visit(&id, size) {
                break;
            }
        }
        Ok(())
    }

    fn remove(&self, kind: ObjectKind, ids: &[Digest]) -> Result<(), StoreError> {
        let mut state = self.write();
        for id in ids {
            match kind {
                ObjectKind::Blob => drop(state.blobs.remove(&BlobId(*id))),
                ObjectKind::Tree => drop(state.trees.remove(&TreeId(*id))),
                ObjectKind::Outcome => drop(state.outcomes.remove(&ActionId(*id))),
                ObjectKind::Derivation => drop(state.rows.remove(&(Table::Derivations, id.key().to_vec()))),
            }
        }
        state.epoch += 1;
        Ok(())
    }

    fn quarantine(&self, kind: ObjectKind, id: &Digest) -> Result<(), StoreError> {
        self.remove(kind, &[*id])
    }

    fn epoch(&self) -> u64 {
        self.read().epoch
    }

    fn compact(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
