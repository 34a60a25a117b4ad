//! Where BUILD files and sources are read from: the workspace's folder, a fetched tree, or the standard library.
//!
//! Invariants: a listing is sorted; within one load a folder is listed once (`Look`), and everything that was
//! looked at in the workspace is noted there. Folders that are symlinks are not entered.
//! This file does not know packages.

use crate::error::{LoadError, LoadErrorKind};
use crate::request::Seen;
use gx_store::{Blobs, Digest, Node, RelPath, Store, StoreError, TreeId, Trees};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// What stands in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    File,
    Folder,
    /// A symlink to a folder, a socket, ...
    Other,
}

/// A folder's content.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Listing {
    pub(crate) entries: BTreeMap<Arc<str>, Entry>,
    /// Names that are not UTF-8, made printable.
    pub(crate) unusable: Vec<String>,
}

/// A repository.
#[derive(Debug)]
pub(crate) struct Repo {
    /// Empty for the workspace.
    pub(crate) name: Arc<str>,
    pub(crate) place: Place,
    /// A BUILD file of the root package that is not in the tree itself: where it comes from, and its text.
    pub(crate) overlay: Option<(String, Arc<str>)>,
}

/// Where a repository's files are.
#[derive(Debug)]
pub(crate) enum Place {
    /// A folder of the workspace, `below` its root; empty for all of it.
    Workspace {
        root: PathBuf,
        below: String,
    },
    Tree(TreeId, Store),
    Texts(BTreeMap<String, Arc<str>>),
}

/// A folder's content, if it is there.
type Listed = Option<Arc<Listing>>;

/// What one load looked at.
#[derive(Debug, Default)]
pub(crate) struct Look {
    listings: Mutex<HashMap<(Arc<str>, String), Listed>>,
    files: Mutex<BTreeMap<RelPath, Digest>>,
    folders: Mutex<BTreeSet<RelPath>>,
    absent: Mutex<BTreeSet<RelPath>>,
}

fn held<T>(lock: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // A panic elsewhere cannot leave these tables half changed: each change is one insertion.
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Look {
    /// Notes a file that the answer depends on.
    pub(crate) fn saw_file(&self, path: RelPath, digest: Digest) {
        held(&self.files).insert(path, digest);
    }

    /// Notes a path that was not there.
    pub(crate) fn saw_nothing(&self, path: RelPath) {
        held(&self.absent).insert(path);
    }

    /// Every folder that was listed, with what was in it.
    pub(crate) fn listed(&self) -> Vec<(Arc<str>, String, Option<Arc<Listing>>)> {
        let listings = held(&self.listings);
        listings.iter().map(|((repo, folder), found)| (Arc::clone(repo), folder.clone(), found.clone())).collect()
    }

    /// Everything that was looked at.
    pub(crate) fn seen(&self) -> Seen {
        Seen {
            files: held(&self.files).iter().map(|(path, digest)| (path.clone(), *digest)).collect(),
            folders: held(&self.folders).iter().cloned().collect(),
            absent: held(&self.absent).iter().cloned().collect(),
        }
    }
}

impl Repo {
    /// The folder's content; `None` when there is no such folder.
    pub(crate) fn list(&self, folder: &str, look: &Look) -> Result<Option<Arc<Listing>>, LoadError> {
        let key = (Arc::clone(&self.name), folder.to_owned());
        if let Some(known) = held(&look.listings).get(&key) {
            return Ok(known.clone());
        }
        let listing = match &self.place {
            Place::Workspace { root, below } => list_disk(root, &crate::glob::join(below, folder), look)?,
            Place::Tree(tree, store) => list_tree(*tree, store, folder)?,
            Place::Texts(texts) => list_texts(texts, folder),
        }
        .map(Arc::new);
        held(&look.listings).insert(key, listing.clone());
        Ok(listing)
    }

    /// A file's bytes; `None` when there is no such file.
    pub(crate) fn read(&self, path: &str, look: &Look, store: &Store) -> Result<Option<Vec<u8>>, LoadError> {
        match &self.place {
            Place::Workspace { root, below } => {
                let path = crate::glob::join(below, path);
                let relative = usable(&path)?;
                match text_at(&root.join(&path)) {
                    Ok(bytes) if bytes.len() as u64 > TEXT_MOST => {
                        let message = format!("'{path}' is larger than {} MiB", TEXT_MOST >> 20);
                        Err(LoadError::new(LoadErrorKind::Limit, message))
                    }
                    Ok(bytes) => {
                        look.saw_file(relative, store.function().digest(&bytes));
                        Ok(Some(bytes))
                    }
                    Err(error) if not_there(&error) => {
                        look.saw_nothing(relative);
                        Ok(None)
                    }
                    Err(error) if error.kind() == std::io::ErrorKind::InvalidInput => {
                        let message = format!("'{path}' is a device, a socket or a pipe, and is not read");
                        Err(LoadError::new(LoadErrorKind::SpecialFile, message))
                    }
                    Err(error) => Err(unreadable(&path, &error)),
                }
            }
            Place::Tree(tree, store) => match tree_node(*tree, store, path)? {
                Some(Node::File { blob, .. }) => Ok(Some(store.blob(&blob).map_err(|e| store_error(&e))?)),
                _ => Ok(None),
            },
            Place::Texts(texts) => Ok(texts.get(path).map(|text| text.as_bytes().to_vec())),
        }
    }

    /// How a file of the repository is called in messages.
    pub(crate) fn display(&self, path: &str) -> String {
        if self.name.is_empty() { path.to_owned() } else { format!("@{}//{path}", self.name) }
    }
}

/// No BUILD or .bzl file is larger than this.
const TEXT_MOST: u64 = 64 << 20;
/// Opening does not wait for the other end of a pipe, as Linux numbers it.
const O_NONBLOCK: i32 = 0o4000;

/// The bytes of a file, one more than the most at most. What is no file would end never: it is not opened.
fn text_at(path: &Path) -> std::io::Result<Vec<u8>> {
    let special = |data: &std::fs::Metadata| !data.is_file() && !data.is_dir();
    if special(&std::fs::metadata(path)?) {
        return Err(std::io::ErrorKind::InvalidInput.into());
    }
    let file = File::options().read(true).custom_flags(O_NONBLOCK).open(path)?;
    // It may have been another one a moment ago.
    let data = file.metadata()?;
    if special(&data) {
        return Err(std::io::ErrorKind::InvalidInput.into());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(data.len().min(TEXT_MOST)).unwrap_or(0));
    file.take(TEXT_MOST + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn usable(path: &str) -> Result<RelPath, LoadError> {
    RelPath::new(path).map_err(|e| LoadError::new(LoadErrorKind::Source, e.to_string()))
}

fn not_there(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
}

fn unreadable(path: &str, error: &std::io::Error) -> LoadError {
    LoadError::new(LoadErrorKind::Unreadable, format!("'{path}' cannot be read: {error}"))
}

pub(crate) fn store_error(error: &StoreError) -> LoadError {
    LoadError::new(store_kind(error), error.to_string())
}

/// Which kind a failure of the store is.
pub(crate) fn store_kind(error: &StoreError) -> LoadErrorKind {
    match error {
        StoreError::Missing(_) | StoreError::Dangling { .. } => LoadErrorKind::StoreMissing,
        StoreError::Corrupt(_) | StoreError::WrongDigest { .. } => LoadErrorKind::StoreCorrupt,
        StoreError::Record(_) | StoreError::Tree(_) => LoadErrorKind::StoreRecord,
        StoreError::Full(_) => LoadErrorKind::StoreFull,
        StoreError::ReadOnly(_) => LoadErrorKind::StoreReadOnly,
        StoreError::Database(_) => LoadErrorKind::StoreDatabase,
        StoreError::Path(_) => LoadErrorKind::Source,
        StoreError::NotUtf8(_) => LoadErrorKind::NotUtf8,
        StoreError::SpecialFile(_) => LoadErrorKind::SpecialFile,
        StoreError::Escapes { .. } => LoadErrorKind::Symlink,
        StoreError::Changed(_) => LoadErrorKind::Changed,
        StoreError::Io { .. } | StoreError::Locked(_) | StoreError::Newer { .. } => LoadErrorKind::Store,
    }
}

fn list_disk(root: &Path, folder: &str, look: &Look) -> Result<Option<Listing>, LoadError> {
    let relative = usable(folder)?;
    let reader = match std::fs::read_dir(root.join(folder)) {
        Ok(reader) => reader,
        Err(error) if not_there(&error) => {
            look.saw_nothing(relative);
            return Ok(None);
        }
        Err(error) => return Err(unreadable(folder, &error)),
    };
    held(&look.folders).insert(relative);
    let mut listing = Listing::default();
    for entry in reader {
        let entry = entry.map_err(|e| unreadable(folder, &e))?;
        let Ok(name) = entry.file_name().into_string() else {
            listing.unusable.push(entry.file_name().to_string_lossy().into_owned());
            continue;
        };
        let kind = entry.file_type().map_err(|e| unreadable(&name, &e))?;
        let kind = if kind.is_file() {
            Entry::File
        } else if kind.is_dir() {
            Entry::Folder
        } else if kind.is_symlink() && std::fs::metadata(entry.path()).is_ok_and(|m| m.is_file()) {
            Entry::File
        } else {
            Entry::Other
        };
        listing.entries.insert(name.into(), kind);
    }
    Ok(Some(listing))
}

/// The node at a path of a tree; `None` when it is not there.
pub(crate) fn tree_node(tree: TreeId, store: &Store, path: &str) -> Result<Option<Node>, LoadError> {
    let mut node = Node::Directory(tree);
    for name in path.split('/').filter(|n| !n.is_empty()) {
        let Node::Directory(id) = node else { return Ok(None) };
        let folder = store.tree(&id).map_err(|e| store_error(&e))?;
        match folder.get(name) {
            Some(found) => node = found.clone(),
            None => return Ok(None),
        }
    }
    Ok(Some(node))
}

fn list_tree(tree: TreeId, store: &Store, folder: &str) -> Result<Option<Listing>, LoadError> {
    let Some(Node::Directory(id)) = tree_node(tree, store, folder)? else { return Ok(None) };
    let directory = store.tree(&id).map_err(|e| store_error(&e))?;
    let entries = directory.entries.iter().map(|(name, node)| {
        let kind = match node {
            Node::File { .. } => Entry::File,
            Node::Directory(_) => Entry::Folder,
            Node::Symlink(_) => Entry::Other,
        };
        (Arc::from(name.as_str()), kind)
    });
    Ok(Some(Listing { entries: entries.collect(), unusable: Vec::new() }))
}

fn list_texts(texts: &BTreeMap<String, Arc<str>>, folder: &str) -> Option<Listing> {
    let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let mut listing = Listing::default();
    for path in texts.keys() {
        if let Some(rest) = path.strip_prefix(&prefix) {
            match rest.split_once('/') {
                Some((name, _)) => listing.entries.insert(name.into(), Entry::Folder),
                None => listing.entries.insert(rest.into(), Entry::File),
            };
        }
    }
    (!listing.entries.is_empty() || folder.is_empty()).then_some(listing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_of_the_store_keep_their_kind() {
        let kind = |error: StoreError| store_error(&error).kind;
        assert_eq!(kind(StoreError::Full("/s".into())), LoadErrorKind::StoreFull);
        assert_eq!(kind(StoreError::ReadOnly("/s".into())), LoadErrorKind::StoreReadOnly);
        assert_eq!(kind(StoreError::Database("bad".into())), LoadErrorKind::StoreDatabase);
        let other = std::io::Error::other("why");
        assert_eq!(kind(StoreError::io("reading", "/s", other)), LoadErrorKind::Store);
    }
}
