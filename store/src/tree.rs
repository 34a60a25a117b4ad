//! Trees: a folder's entries, in memory and in the canonical bytes of a Remote Execution API `Directory`.
//!
//! Invariants: names are unique across files, folders and symlinks; each list is sorted by the UTF-8 bytes of
//! its names; a symlink's target is relative, not empty, without NUL. `add` and `TreeBuilder` keep these, and
//! `decode` refuses bytes that break them (also bytes with unknown fields: they would not encode back to
//! themselves). This file does not know where trees rest.

use crate::digest::{BlobId, Digest, DigestError, HashFunction, TreeId};
use crate::path::{Name, PathError, RelPath};
use crate::proto::{DigestProto, DirectoryNode, DirectoryProto, FileNode, SymlinkNode};
use prost::Message;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a path can be. Also what an output is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Node {
    /// A file.
    File {
        /// Its content.
        blob: BlobId,
        /// May it be executed?
        executable: bool,
    },
    /// A folder.
    Directory(TreeId),
    /// A symlink and its relative target.
    Symlink(String),
}

/// A folder: names and what they are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Directory {
    /// Sorted by name.
    pub entries: BTreeMap<Name, Node>,
}

/// Why bytes are not a canonical tree, or entries not a tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// The bytes are no `Directory` message.
    #[error("not a Directory message: {0}")]
    Proto(String),
    /// They are one, but not in canonical form.
    #[error("the Directory is not canonical (unsorted, a name twice, or unknown fields)")]
    NotCanonical,
    /// A name or path is not usable.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A digest is not well formed.
    #[error(transparent)]
    Digest(#[from] DigestError),
    /// A symlink's target is empty, absolute or has a NUL.
    #[error("symlink '{name}' has the target '{target}', which a tree cannot hold (empty, absolute or with a NUL)")]
    Symlink {
        /// Its name.
        name: String,
        /// Its target.
        target: String,
    },
    /// Two different things want one path.
    #[error("two inputs want the path '{0}'")]
    Conflict(String),
}

impl Directory {
    /// The canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut proto = DirectoryProto::default();
        for (name, node) in &self.entries {
            let name = name.as_str().to_owned();
            match node {
                Node::File { blob, executable } => proto.files.push(FileNode {
                    name,
                    digest: Some(digest_to_proto(&blob.0)),
                    is_executable: *executable,
                }),
                Node::Directory(tree) => {
                    proto.directories.push(DirectoryNode { name, digest: Some(digest_to_proto(&tree.0)) })
                }
                Node::Symlink(target) => {
                    proto.symlinks.push(SymlinkNode { name, target: target.clone() });
                }
            }
        }
        proto.encode_to_vec()
    }

    /// The digest of the canonical bytes.
    pub fn id(&self, function: HashFunction) -> TreeId {
        TreeId(function.digest(&self.encode()))
    }

    /// Reads canonical bytes; every other form is refused.
    pub fn decode(function: HashFunction, bytes: &[u8]) -> Result<Directory, TreeError> {
        let proto = DirectoryProto::decode(bytes).map_err(|e| TreeError::Proto(e.to_string()))?;
        let mut directory = Directory::default();
        for file in proto.files {
            let blob = BlobId(digest_from_proto(function, file.digest)?);
            directory.add(file.name, Node::File { blob, executable: file.is_executable })?;
        }
        for folder in proto.directories {
            let tree = TreeId(digest_from_proto(function, folder.digest)?);
            directory.add(folder.name, Node::Directory(tree))?;
        }
        for link in proto.symlinks {
            directory.add(link.name, Node::Symlink(link.target))?;
        }
        if directory.encode() == bytes { Ok(directory) } else { Err(TreeError::NotCanonical) }
    }

    /// Adds an entry; a name that is there already is an error.
    pub fn add(&mut self, name: String, node: Node) -> Result<(), TreeError> {
        if let Node::Symlink(target) = &node {
            check_target(&name, target)?;
        }
        match self.entries.entry(Name::new(name)?) {
            std::collections::btree_map::Entry::Vacant(place) => {
                place.insert(node);
                Ok(())
            }
            std::collections::btree_map::Entry::Occupied(place) => {
                Err(TreeError::Conflict(place.key().as_str().to_owned()))
            }
        }
    }

    /// The entry of that name.
    pub fn get(&self, name: &str) -> Option<&Node> {
        Name::new(name).ok().and_then(|name| self.entries.get(&name))
    }
}

pub(crate) fn check_target(name: &str, target: &str) -> Result<(), TreeError> {
    if target.is_empty() || target.starts_with('/') || target.contains('\0') {
        return Err(TreeError::Symlink { name: name.to_owned(), target: target.to_owned() });
    }
    Ok(())
}

/// Digest to its message.
pub(crate) fn digest_to_proto(digest: &Digest) -> DigestProto {
    DigestProto { hash: digest.hex(), size_bytes: i64::try_from(digest.size).unwrap_or(i64::MAX) }
}

fn digest_from_proto(function: HashFunction, proto: Option<DigestProto>) -> Result<Digest, TreeError> {
    let proto = proto.ok_or(TreeError::NotCanonical)?;
    let size = u64::try_from(proto.size_bytes).map_err(|_| TreeError::NotCanonical)?;
    Ok(Digest::from_hex(function, &proto.hash, size)?)
}

/// Puts a tree together from paths. Children are handed out before their parents.
#[derive(Debug, Clone, Default)]
pub struct TreeBuilder {
    root: BTreeMap<String, Entry>,
}

#[derive(Debug, Clone)]
enum Entry {
    Leaf(Node),
    Folder(BTreeMap<String, Entry>),
}

impl TreeBuilder {
    /// An empty tree.
    pub fn new() -> TreeBuilder {
        TreeBuilder::default()
    }

    /// Puts `node` at `path`, making the folders above it. The same node twice is no conflict.
    pub fn insert(&mut self, path: &RelPath, node: Node) -> Result<(), TreeError> {
        let Some(name) = path.file_name() else {
            return Err(TreeError::Conflict("the root".to_owned()));
        };
        if let Node::Symlink(target) = &node {
            check_target(name, target)?;
        }
        let parent = path.parent().unwrap_or_default();
        let folder = self.folder(&parent, path)?;
        match folder.get(name) {
            None => {
                folder.insert(name.to_owned(), Entry::Leaf(node));
                Ok(())
            }
            Some(Entry::Leaf(there)) if *there == node => Ok(()),
            Some(_) => Err(TreeError::Conflict(path.as_str().to_owned())),
        }
    }

    /// Makes an (empty) folder at `path`.
    pub fn insert_folder(&mut self, path: &RelPath) -> Result<(), TreeError> {
        self.folder(path, path).map(|_| ())
    }

    fn folder(&mut self, path: &RelPath, wanted: &RelPath) -> Result<&mut BTreeMap<String, Entry>, TreeError> {
        let mut folder = &mut self.root;
        for component in path.components() {
            let entry = folder.entry(component.to_owned()).or_insert_with(|| Entry::Folder(BTreeMap::new()));
            folder = match entry {
                Entry::Folder(inner) => inner,
                Entry::Leaf(_) => return Err(TreeError::Conflict(wanted.as_str().to_owned())),
            };
        }
        Ok(folder)
    }

    /// Hashes the tree. `sink` gets the id and the bytes of every folder, children before parents.
    pub fn build(&self, function: HashFunction, sink: &mut dyn FnMut(TreeId, Vec<u8>)) -> Result<TreeId, TreeError> {
        build_folder(&self.root, function, sink)
    }
}

fn build_folder(
    folder: &BTreeMap<String, Entry>,
    function: HashFunction,
    sink: &mut dyn FnMut(TreeId, Vec<u8>),
) -> Result<TreeId, TreeError> {
    let mut directory = Directory::default();
    for (name, entry) in folder {
        let node = match entry {
            Entry::Leaf(node) => node.clone(),
            Entry::Folder(inner) => Node::Directory(build_folder(inner, function, sink)?),
        };
        directory.entries.insert(Name::new(name.clone())?, node);
    }
    let bytes = directory.encode();
    let id = TreeId(function.digest(&bytes));
    sink(id, bytes);
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::HashFunction::Blake3;

    fn file(text: &str) -> Node {
        Node::File { blob: BlobId(Blake3.digest(text.as_bytes())), executable: false }
    }

    fn path(text: &str) -> RelPath {
        RelPath::new(text).unwrap()
    }

    #[test]
    fn order_of_insertion_does_not_matter() {
        let paths = ["b/x", "a", "b/a", "c/d/e"];
        let build = |paths: &[&str]| {
            let mut builder = TreeBuilder::new();
            for p in paths {
                builder.insert(&path(p), file(p)).unwrap();
            }
            builder.build(Blake3, &mut |_, _| {}).unwrap()
        };
        let mut reversed = paths;
        reversed.reverse();
        assert_eq!(build(&paths), build(&reversed));
    }

    #[test]
    fn conflicts_are_found() {
        let mut builder = TreeBuilder::new();
        builder.insert(&path("a/b"), file("1")).unwrap();
        builder.insert(&path("a/b"), file("1")).unwrap();
        assert!(builder.insert(&path("a/b"), file("2")).is_err());
        assert!(builder.insert(&path("a/b/c"), file("2")).is_err());
        assert!(builder.insert(&path("a"), file("2")).is_err());
    }

    #[test]
    fn only_canonical_bytes_are_read() {
        let mut directory = Directory::default();
        directory.add("a".into(), file("1")).unwrap();
        directory.add("b".into(), Node::Symlink("a".into())).unwrap();
        let bytes = directory.encode();
        assert_eq!(Directory::decode(Blake3, &bytes), Ok(directory));
        let mut longer = bytes.clone();
        longer.extend_from_slice(&[0x7a, 0x00]);
        assert_eq!(Directory::decode(Blake3, &longer), Err(TreeError::NotCanonical));
        assert!(Directory::decode(Blake3, bytes.split_last().unwrap().1).is_err());
        assert!(Directory::default().add("x".into(), Node::Symlink("/etc".into())).is_err());
    }
}
