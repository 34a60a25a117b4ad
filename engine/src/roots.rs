//! The toolchain trees of an action, merged into one `/`.
//!
//! Each list of trees is merged once for the life of the engine. Invariants: the merged tree and every folder
//! made on the way are in the store before anybody hears of them; two trees may share folders and equal
//! entries, anything else at one path is an error that names the path. This file does not know derivations.

use crate::error::ActionError;
use gx_store::{Directory, Node, Store, TreeId, Trees};
use std::collections::HashMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};

/// A merged tree.
#[derive(Debug, Clone)]
pub(crate) struct Root {
    /// Its id; `None` when there are no toolchains.
    pub(crate) id: Option<TreeId>,
    /// Its top folder.
    pub(crate) directory: Arc<Directory>,
}

/// What was merged before.
#[derive(Debug)]
pub(crate) struct Roots {
    store: Store,
    empty: Root,
    merged: Mutex<HashMap<Vec<TreeId>, Root>>,
}

impl Roots {
    pub(crate) fn new(store: Store) -> Roots {
        let empty = Root { id: None, directory: Arc::default() };
        Roots { store, empty, merged: Mutex::default() }
    }

    /// The trees as one.
    pub(crate) fn merged(&self, trees: &[TreeId]) -> Result<Root, ActionError> {
        let Some((first, rest)) = trees.split_first() else { return Ok(self.empty.clone()) };
        if let Some(root) = self.lock().get(trees) {
            return Ok(root.clone());
        }
        let mut id = *first;
        for tree in rest {
            id = self.merge(id, *tree, "")?;
        }
        let root = Root { id: Some(id), directory: self.store.tree(&id)? };
        self.lock().insert(trees.to_vec(), root.clone());
        Ok(root)
    }

    /// Forgets everything: an object was lost, and merged trees are nobody's output.
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Vec<TreeId>, Root>> {
        self.merged.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Recursion is as deep as the folders that both trees have.
    fn merge(&self, a: TreeId, b: TreeId, at: &str) -> Result<TreeId, ActionError> {
        if a == b {
            return Ok(a);
        }
        let mut merged = (*self.store.tree(&a)?).clone();
        for (name, node) in &self.store.tree(&b)?.entries {
            let path = format!("{at}{name}");
            match merged.entries.entry(name.clone()) {
                Entry::Vacant(place) => {
                    place.insert(node.clone());
                }
                Entry::Occupied(mut place) => match (place.get(), node) {
                    (Node::Directory(a), Node::Directory(b)) => {
                        let both = self.merge(*a, *b, &format!("{path}/"))?;
                        place.insert(Node::Directory(both));
                    }
                    (a, b) if a == b => {}
                    _ => return Err(ActionError::RootClash(path)),
                },
            }
        }
        Ok(self.store.put_tree(&merged.encode())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gx_store::{Blobs, HashFunction, RelPath, TreeBuilder};

    fn tree(store: &Store, files: &[(&str, &str)]) -> TreeId {
        let mut builder = TreeBuilder::new();
        for (path, text) in files {
            let blob = store.put_blob(text.as_bytes()).unwrap();
            builder.insert(&RelPath::new(*path).unwrap(), Node::File { blob, executable: false }).unwrap();
        }
        store.put_built(&builder).unwrap()
    }

    #[test]
    fn trees_are_merged_folder_by_folder() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::in_memory(folder.path(), HashFunction::Blake3);
        let roots = Roots::new(store.clone());
        let cc = tree(&store, &[("usr/bin/cc", "cc"), ("usr/lib/libc", "libc")]);
        let sh = tree(&store, &[("usr/bin/sh", "sh"), ("usr/lib/libc", "libc"), ("bin/sh", "sh")]);
        let both =
            tree(&store, &[("usr/bin/cc", "cc"), ("usr/bin/sh", "sh"), ("usr/lib/libc", "libc"), ("bin/sh", "sh")]);
        assert_eq!(roots.merged(&[cc, sh]).unwrap().id, Some(both));
        assert_eq!(roots.merged(&[sh, cc]).unwrap().id, Some(both));
        assert_eq!(roots.merged(&[]).unwrap().id, None);
        let other = tree(&store, &[("usr/lib/libc", "another libc")]);
        let clash = roots.merged(&[cc, other]).unwrap_err();
        insta::assert_snapshot!(clash, @"two toolchains of the action differ at '/usr/lib/libc'");
    }
}
