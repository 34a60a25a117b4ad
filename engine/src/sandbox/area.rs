//! The staging area of a slot: pure folders of inputs, kept between actions and brought from one tree to the next.
//!
//! Invariant: an entry of the record is on the disk exactly so; after an error that may have broken this, `reset` makes
//! it true again. This file does not know actions, nor how mounts are made.

use super::files;
use super::limits::COPY_BYTES;
use super::stage::Plan;
use gx_store::{BlobId, Blobs, Directory, ExecuteError, Node, RelPath, Store, StoreError, TreeId};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

/// Pure folders kept in a slot's staging area.
const KEPT: usize = 32;

/// A folder here, and as the spawner's root has it.
type Place = (PathBuf, String);

/// The staging area of a slot: small folders in memory, large ones on disk.
#[derive(Debug)]
pub(crate) struct Staging {
    disk: Place,
    fast: Place,
    roots: HashMap<RelPath, Root>,
    next: u64,
    clock: u64,
}

#[derive(Debug)]
struct Root {
    number: u64,
    used: u64,
    on_disk: bool,
    folder: Folder,
}

/// A staged folder: what is on the disk.
#[derive(Debug)]
struct Folder {
    id: TreeId,
    entries: BTreeMap<String, Entry>,
    /// Is there a mount point in it or below?
    has_mounts: bool,
}

#[derive(Debug)]
enum Entry {
    Leaf(Node),
    Mount(TreeId),
    Folder(Folder),
}

impl Staging {
    /// An empty area in two fresh folders.
    pub(crate) fn new(disk: Place, fast: Place) -> Result<Staging, StoreError> {
        files::make_folder(&disk.0)?;
        files::make_folder(&fast.0)?;
        Ok(Staging { disk, fast, roots: HashMap::new(), next: 0, clock: 0 })
    }

    /// Forgets everything, after an error that may have left it half changed.
    pub(crate) fn reset(&mut self) -> Result<(), StoreError> {
        self.roots.clear();
        for (folder, _) in [&self.disk, &self.fast] {
            files::remove(folder)?;
            files::make_folder(folder)?;
        }
        Ok(())
    }

    fn path_of(&self, root: &Root) -> PathBuf {
        let (folder, _) = if root.on_disk { &self.disk } else { &self.fast };
        folder.join(root.number.to_string())
    }

    /// Brings the folder for `path` to the wanted tree. Gives its path in the spawner's root, and trees to mount in it.
    pub(super) fn bring(
        &mut self,
        plan: &Plan<'_>,
        path: &RelPath,
        id: TreeId,
    ) -> Result<(String, Vec<Tree>), ExecuteError> {
        self.clock += 1;
        let same = self.roots.get(path).is_some_and(|root| root.folder.id == id);
        let on_disk = if same { false } else { !plan.is_light(&id)? };
        let mut root = match self.roots.remove(path) {
            Some(root) if same || root.on_disk == on_disk => root,
            other => {
                self.discard(other)?;
                self.next += 1;
                let root = Root { number: self.next, used: 0, on_disk, folder: Folder::empty(plan) };
                files::make_folder(&self.path_of(&root))?;
                root
            }
        };
        root.used = self.clock;
        let at = self.path_of(&root);
        root.folder.bring(plan, &at, id, root.on_disk)?;
        let mut trees = Vec::new();
        root.folder.mounts(path, &mut trees)?;
        let (_, base) = if root.on_disk { &self.disk } else { &self.fast };
        let seen_as = format!("{base}/{}", root.number);
        self.roots.insert(path.clone(), root);
        if self.roots.len() > KEPT {
            let oldest = self.roots.iter().min_by_key(|(_, root)| root.used).map(|(path, _)| path.clone());
            let root = oldest.and_then(|path| self.roots.remove(&path));
            self.discard(root)?;
        }
        Ok((seen_as, trees))
    }

    fn discard(&self, root: Option<Root>) -> Result<(), StoreError> {
        root.map_or(Ok(()), |root| files::remove(&self.path_of(&root)))
    }
}

/// A tree of the store to mount, and where below `/w`.
pub(super) type Tree = (RelPath, TreeId);

impl Folder {
    fn empty(plan: &Plan<'_>) -> Folder {
        Folder { id: Directory::default().id(plan.store.function()), entries: BTreeMap::new(), has_mounts: false }
    }

    fn bring(&mut self, plan: &Plan<'_>, at: &Path, id: TreeId, on_disk: bool) -> Result<(), ExecuteError> {
        if self.id == id {
            return Ok(());
        }
        files::unseal(at);
        let wanted = plan.directory(&id)?;
        let gone: Vec<String> = self.entries.keys().filter(|name| wanted.get(name).is_none()).cloned().collect();
        for name in gone {
            files::remove(&at.join(&name))?;
            self.entries.remove(&name);
        }
        for (name, node) in &wanted.entries {
            self.bring_entry(plan, &at.join(name.as_str()), name.as_str(), node, on_disk)?;
        }
        self.has_mounts = self.entries.values().any(|entry| match entry {
            Entry::Mount(_) => true,
            Entry::Folder(folder) => folder.has_mounts,
            Entry::Leaf(_) => false,
        });
        self.id = id;
        // As in a room that is kept, and in a tree of the store: no action can tell them apart.
        files::seal(at)?;
        Ok(files::set_fixed_time(at)?)
    }

    fn bring_entry(
        &mut self,
        plan: &Plan<'_>,
        at: &Path,
        name: &str,
        node: &Node,
        on_disk: bool,
    ) -> Result<(), ExecuteError> {
        match (self.entries.get_mut(name), node) {
            (Some(Entry::Leaf(there)), node) if there == node => return Ok(()),
            (Some(Entry::Mount(there)), Node::Directory(id)) if !plan.is_own(id) => {
                *there = *id;
                return Ok(());
            }
            (Some(Entry::Folder(folder)), Node::Directory(id)) if plan.is_own(id) => {
                return folder.bring(plan, at, *id, on_disk);
            }
            (Some(_), _) => {
                files::remove(at)?;
                self.entries.remove(name);
            }
            (None, _) => {}
        }
        let entry = match node {
            Node::Directory(id) => {
                files::make_folder(at)?;
                if plan.is_own(id) {
                    let mut folder = Folder::empty(plan);
                    folder.bring(plan, at, *id, on_disk)?;
                    Entry::Folder(folder)
                } else {
                    Entry::Mount(*id)
                }
            }
            Node::Symlink(target) => {
                files::make_link(at, target)?;
                Entry::Leaf(node.clone())
            }
            Node::File { blob, executable } => {
                stage_file(plan.store, blob, *executable, at, on_disk)?;
                Entry::Leaf(node.clone())
            }
        };
        self.entries.insert(name.to_owned(), entry);
        Ok(())
    }

    /// Trees to mount in it and below.
    fn mounts(&self, at: &RelPath, found: &mut Vec<Tree>) -> Result<(), ExecuteError> {
        if !self.has_mounts {
            return Ok(());
        }
        for (name, entry) in &self.entries {
            let path = below(at, name)?;
            match entry {
                Entry::Mount(id) => found.push((path, *id)),
                Entry::Folder(folder) => folder.mounts(&path, found)?,
                Entry::Leaf(_) => {}
            }
        }
        Ok(())
    }
}

/// A file of the staging area: nothing writes it, so on disk a hard link of a large file will do.
fn stage_file(store: &Store, blob: &BlobId, executable: bool, at: &Path, on_disk: bool) -> Result<(), StoreError> {
    if !on_disk || blob.0.size <= COPY_BYTES {
        return files::write_file(at, &store.blob(blob)?, executable);
    }
    let from = store.blob_file(blob, executable)?;
    match std::fs::hard_link(&from, at) {
        Ok(()) => Ok(()),
        // Another file system, or as many links as it can hold.
        Err(_) => files::copy_blob(store, blob, at, executable),
    }
}

pub(super) fn below(path: &RelPath, name: &str) -> Result<RelPath, ExecuteError> {
    Ok(path.join(&RelPath::new(name).map_err(StoreError::from)?))
}
