//! Bringing files and folders of the host into the store.
//!
//! Invariants: a file whose stamp the stat cache knows is not opened; a file that changes while it is read is
//! read again, a few times; a tree holds no absolute and no escaping symlink; everything a returned node names
//! is in the store. This file does not know workspaces.

use crate::cas::hash_file;
use crate::digest::{BlobId, Digest, TreeId};
use crate::error::StoreError;
use crate::path::RelPath;
use crate::stamp::Stamp;
use crate::stat_cache::{Known, Now};
use crate::store::Store;
use crate::traits::{Blobs, Trees};
use crate::tree::{Node, TreeBuilder};
use rayon::prelude::*;
use std::path::{Component, Path, PathBuf};

/// How often a file that changes under our hands is read.
const TRIES: usize = 5;
/// From this many paths on, the stat cache of the whole folder is read at once.
const MANY: usize = 64;

/// What came of one path: the node, and the entry of the stat cache to write, if it is new.
type Found = (Node, Option<Known>);

impl Store {
    /// A file's content as a node. Symlinks are followed; a folder gives its tree.
    pub fn ingest_file(&self, path: &Path) -> Result<Node, StoreError> {
        self.ingest_paths(&[path.to_owned()]).pop().unwrap_or_else(|| Err(StoreError::SpecialFile(path.to_owned())))
    }

    /// Files below a folder, in parallel; answers in the order of `paths`.
    pub fn ingest_files(&self, root: &Path, paths: &[RelPath]) -> Vec<Result<Node, StoreError>> {
        if paths.len() >= MANY {
            self.shared().stats.load(self, root);
        }
        let paths: Vec<PathBuf> = paths.iter().map(|path| root.join(path)).collect();
        self.ingest_paths(&paths)
    }

    /// Files anywhere, in parallel; answers in the order of `paths`.
    pub fn ingest_paths(&self, paths: &[PathBuf]) -> Vec<Result<Node, StoreError>> {
        // Learnt before the first stat, so that a file changed after it cannot look settled.
        let now = std::sync::OnceLock::new();
        let learn = || *now.get_or_init(|| Now::learn(&self.shared().scratch).ok());
        learn();
        let one = |path: &PathBuf| self.ingest_one(path, true, learn());
        let found: Vec<Result<Found, StoreError>> = if paths.len() < 8 {
            paths.iter().map(one).collect()
        } else {
            paths.par_iter().with_min_len(16).map(one).collect()
        };
        let new: Vec<(PathBuf, Known)> = paths
            .iter()
            .zip(&found)
            .filter_map(|(path, found)| Some((path.clone(), found.as_ref().ok()?.1?)))
            .collect();
        self.shared().stats.persist(self, &new);
        found.into_iter().map(|found| found.map(|(node, _)| node)).collect()
    }

    /// The digest of a file's content, without keeping it. Symlinks are followed.
    pub fn file_digest(&self, path: &Path) -> Result<Digest, StoreError> {
        let now = Now::learn(&self.shared().scratch).ok();
        let (node, known) = self.ingest_one(path, false, now)?;
        if let Some(known) = known {
            self.shared().stats.persist(self, &[(path.to_owned(), known)]);
        }
        match node {
            Node::File { blob, .. } => Ok(blob.0),
            _ => Err(StoreError::SpecialFile(path.to_owned())),
        }
    }

    /// The digest of a file that `stat` just saw, without keeping its content; and the entry of the stat cache to
    /// write, if it is new. `now` was learnt before that.
    pub(crate) fn digest_seen(
        &self,
        path: &Path,
        seen: &std::fs::Metadata,
        now: Option<Now>,
    ) -> Result<(Digest, Option<Known>), StoreError> {
        let stamp = Stamp::of(seen);
        let found = match self.cached(path, &stamp, false)? {
            Some(found) => found,
            None => self.ingest_one(path, false, now)?,
        };
        match found {
            (Node::File { blob, .. }, known) => Ok((blob.0, known)),
            _ => Err(StoreError::SpecialFile(path.to_owned())),
        }
    }

    fn ingest_one(&self, path: &Path, keep: bool, now: Option<Now>) -> Result<Found, StoreError> {
        for _ in 0..TRIES {
            let metadata = std::fs::metadata(path).map_err(|e| StoreError::io("reading", path, e))?;
            if metadata.is_dir() && keep {
                return Ok((Node::Directory(self.ingest_tree(path)?), None));
            }
            if !metadata.is_file() {
                return Err(StoreError::SpecialFile(path.to_owned()));
            }
            let stamp = Stamp::of(&metadata);
            if let Some(found) = self.cached(path, &stamp, keep)? {
                return Ok(found);
            }
            let epoch = self.epoch();
            let digest = if keep { self.put_file(path, false)?.0 } else { self.hash_only(path)? };
            let after = std::fs::metadata(path).map_err(|e| StoreError::io("reading", path, e))?;
            if Stamp::of(&after) != stamp || digest.size != stamp.size {
                continue;
            }
            let known = Known { stamp, digest, stored: keep.then_some(epoch) };
            let settled = now.is_some_and(|now| now.settles(&stamp));
            if settled {
                self.shared().stats.insert(path, known);
            }
            return Ok((node_of(&known), settled.then_some(known)));
        }
        Err(StoreError::Changed(path.to_owned()))
    }

    /// The stat cache's answer, if it has one and the blob is where it should be.
    fn cached(&self, path: &Path, stamp: &Stamp, keep: bool) -> Result<Option<Found>, StoreError> {
        let Some(mut known) = self.shared().stats.get(self, path, stamp) else { return Ok(None) };
        let epoch = self.epoch();
        if !keep || known.stored == Some(epoch) {
            self.touch(&known.digest);
            return Ok(Some((node_of(&known), None)));
        }
        if !self.has_blob(&BlobId(known.digest))? {
            return Ok(None);
        }
        known.stored = Some(epoch);
        self.shared().stats.insert(path, known);
        Ok(Some((node_of(&known), Some(known))))
    }

    pub(crate) fn hash_only(&self, path: &Path) -> Result<Digest, StoreError> {
        let mut file = std::fs::File::open(path).map_err(|e| StoreError::io("opening", path, e))?;
        hash_file(self.function(), &mut file, path)
    }

    /// A folder with all below it. See `ingest_tree_seen_as`.
    pub fn ingest_tree(&self, path: &Path) -> Result<TreeId, StoreError> {
        self.ingest_tree_seen_as(path, path)
    }

    /// A folder with all below it, which those who made its symlinks saw at `seen_as`. An absolute symlink to
    /// below `path` or `seen_as` becomes relative; one that leads out of the tree is refused; a loop is kept.
    pub fn ingest_tree_seen_as(&self, path: &Path, seen_as: &Path) -> Result<TreeId, StoreError> {
        let mut walk = Walk { root: path, seen_as, builder: TreeBuilder::new(), files: Vec::new() };
        walk.folder(path, &RelPath::default())?;
        let nodes = self.ingest_paths(&walk.files.iter().map(|(host, _)| host.clone()).collect::<Vec<_>>());
        let mut builder = walk.builder;
        for ((_, place), node) in walk.files.iter().zip(nodes) {
            builder.insert(place, node?)?;
        }
        self.put_built(&builder)
    }

    /// Keeps a tree, folder by folder; its files must be there already.
    pub fn put_built(&self, builder: &TreeBuilder) -> Result<TreeId, StoreError> {
        let mut folders = Vec::new();
        let id = builder.build(self.function(), &mut |_, bytes| folders.push(bytes))?;
        for bytes in folders {
            self.put_tree(&bytes)?;
        }
        Ok(id)
    }
}

fn node_of(known: &Known) -> Node {
    Node::File { blob: BlobId(known.digest), executable: known.stamp.executable() }
}

/// A walk over a folder: symlinks and folders are put in the builder, files are collected.
struct Walk<'a> {
    root: &'a Path,
    seen_as: &'a Path,
    builder: TreeBuilder,
    files: Vec<(PathBuf, RelPath)>,
}

impl Walk<'_> {
    fn folder(&mut self, host: &Path, place: &RelPath) -> Result<(), StoreError> {
        let listing = |e| StoreError::io("listing", host, e);
        for entry in std::fs::read_dir(host).map_err(listing)? {
            let entry = entry.map_err(listing)?;
            let path = entry.path();
            let name = entry.file_name().into_string().map_err(|_| StoreError::NotUtf8(path.clone()))?;
            let below = place.join(&RelPath::new(name)?);
            let kind = entry.file_type().map_err(|e| StoreError::io("reading", &path, e))?;
            if kind.is_dir() {
                self.builder.insert_folder(&below)?;
                self.folder(&path, &below)?;
            } else if kind.is_symlink() {
                let target = self.link(&path, place)?;
                self.builder.insert(&below, Node::Symlink(target))?;
            } else if kind.is_file() {
                self.files.push((path, below));
            } else {
                return Err(StoreError::SpecialFile(path));
            }
        }
        Ok(())
    }

    /// The target of a symlink that lies in the folder `place`, relative and inside the tree.
    fn link(&self, path: &Path, place: &RelPath) -> Result<String, StoreError> {
        let target = std::fs::read_link(path).map_err(|e| StoreError::io("reading", path, e))?;
        let text = target.to_str().ok_or_else(|| StoreError::NotUtf8(path.to_owned()))?;
        let escapes = || StoreError::Escapes { path: path.to_owned(), target: text.to_owned() };
        if !target.is_absolute() {
            return if stays_inside(place, &target) { Ok(text.to_owned()) } else { Err(escapes()) };
        }
        let inside = target.strip_prefix(self.seen_as).or_else(|_| target.strip_prefix(self.root));
        let inside = inside.map_err(|_| escapes())?;
        if !stays_inside(&RelPath::default(), inside) {
            return Err(escapes());
        }
        let mut relative: Vec<&str> = place.components().map(|_| "..").collect();
        relative.extend(inside.to_str().filter(|rest| !rest.is_empty()));
        Ok(if relative.is_empty() { ".".to_owned() } else { relative.join("/") })
    }
}

/// Does a relative target, from the folder `place`, never climb above the root? Judged by its text alone.
fn stays_inside(place: &RelPath, target: &Path) -> bool {
    let mut depth = place.components().count();
    for component in target.components() {
        match component {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir if depth > 0 => depth -= 1,
            _ => return false,
        }
    }
    true
}
