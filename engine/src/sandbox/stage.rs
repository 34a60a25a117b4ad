//! Staging: the working folder of an action and what is mounted into it.
//!
//! A folder in which (or below which) an output lies is *mixed*: a real folder of the action's own scratch, its
//! input files copied when small and mounted read-only when large. Every other folder of inputs is *pure*: it is
//! mounted read-only as a whole from the slot's staging area, which is kept between actions and brought from one
//! `TreeId` to the next by its differences; so the cost of an action grows with what changed since the last one in
//! its slot, not with the number of its inputs. A tree that is an input itself is materialised by the store once
//! and mounted. Invariant: whatever an action can write is a copy that nobody reads again.
//! This file does not know how mounts are made.

use super::area::{Staging, below};
use super::files;
use super::limits::{COPY_BYTES, STAGED_BYTES, STAGED_FILES};
use super::protocol::Mount;
use super::slot::Own;
use super::world::Placing;
use gx_store::tree::TreeError;
use gx_store::{Blobs, Directory, ExecuteError, Job, Node, OutputKind, RelPath, Store, StoreError, TreeId, Trees};
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// More input files than this in one mixed folder are seen through an overlay.
const OVERLAY_FROM: usize = 64;
/// An action of a kept room has at most so many inputs: they are copied.
const LIGHT_INPUTS: usize = 16;

/// A staged action.
#[derive(Debug)]
pub(crate) struct Staged {
    /// The folder that becomes `/w`.
    pub(crate) work: PathBuf,
    /// What is mounted into it, parents first.
    pub(crate) mounts: Vec<Mount>,
    /// Files that were made in it.
    pub(crate) files: Vec<PathBuf>,
    /// Folders that were made in it, parents before children.
    pub(crate) folders: Vec<PathBuf>,
    /// Those of them that the action may not write.
    pub(crate) sealed: Vec<PathBuf>,
}

impl Staged {
    fn new(work: PathBuf) -> Staged {
        Staged { work, mounts: Vec::new(), files: Vec::new(), folders: Vec::new(), sealed: Vec::new() }
    }
}

/// One action's inputs and outputs, ready to be walked.
pub(super) struct Plan<'a> {
    pub(super) store: &'a Store,
    job: &'a Job,
    /// Folders that were made for this action, by id: what is not among them is a tree that is an input itself.
    own: HashMap<TreeId, &'a [u8]>,
    /// Those that were read already.
    read: RefCell<HashMap<TreeId, Arc<Directory>>>,
    /// Folders on the way to an output, and `out`.
    way: BTreeSet<RelPath>,
}

impl<'a> Plan<'a> {
    fn new(store: &'a Store, job: &'a Job) -> Result<Plan<'a>, ExecuteError> {
        let mut way = BTreeSet::from([RelPath::default(), RelPath::new("out").map_err(StoreError::from)?]);
        for output in &job.derivation.outputs {
            let mut path = output.path.parent();
            while let Some(folder) = path {
                path = folder.parent();
                if !way.insert(folder) {
                    break;
                }
            }
        }
        let own = job.lowered.directories.iter().map(|(id, bytes)| (*id, bytes.as_slice())).collect();
        Ok(Plan { store, job, own, way, read: RefCell::default() })
    }

    pub(super) fn is_own(&self, id: &TreeId) -> bool {
        self.own.contains_key(id)
    }

    pub(super) fn directory(&self, id: &TreeId) -> Result<Arc<Directory>, StoreError> {
        if let Some(known) = self.read.borrow().get(id) {
            return Ok(known.clone());
        }
        let directory = match self.own.get(id) {
            Some(bytes) => Arc::new(Directory::decode(self.store.function(), bytes)?),
            None => self.store.tree(id)?,
        };
        self.read.borrow_mut().insert(*id, directory.clone());
        Ok(directory)
    }

    /// Is the folder small enough to be staged in memory?
    pub(super) fn is_light(&self, id: &TreeId) -> Result<bool, StoreError> {
        let (mut bytes, mut files) = (0, 0);
        let mut folders = vec![*id];
        while let Some(id) = folders.pop() {
            for node in self.directory(&id)?.entries.values() {
                files += 1;
                match node {
                    Node::File { blob, .. } => bytes += blob.0.size,
                    Node::Directory(id) if self.is_own(id) => folders.push(*id),
                    _ => {}
                }
            }
            if bytes > STAGED_BYTES || files > STAGED_FILES {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A path of the store as orders name it.
    fn relative(&self, path: &Path) -> Result<String, ExecuteError> {
        relative(self.store, path)
    }
}

/// A path below the store, as the spawner's root has it.
pub(crate) fn relative(store: &Store, path: &Path) -> Result<String, ExecuteError> {
    path.strip_prefix(store.directory())
        .ok()
        .and_then(|p| p.to_str())
        .map(|text| format!("ro/{text}"))
        .ok_or_else(|| StoreError::NotUtf8(path.to_owned()).into())
}

/// Can an action with these inputs be staged without mounts: a few small files?
pub(crate) fn is_light(job: &Job) -> bool {
    let small = |node: &Node| match node {
        Node::File { blob, .. } => blob.0.size <= COPY_BYTES,
        Node::Symlink(_) => true,
        Node::Directory(_) => false,
    };
    job.inputs.len() <= LIGHT_INPUTS && job.inputs.values().all(small)
}

/// Stages an action for the sandbox in its own folder. Without a staging area every input is copied; `is_light` says
/// for which actions that is right.
pub(crate) fn stage(
    store: &Store,
    staging: Option<&mut Staging>,
    job: &Job,
    own: &Own,
    overlays: bool,
    placing: &Placing,
) -> Result<Staged, ExecuteError> {
    let plan = Plan::new(store, job)?;
    let mut staged = Staged::new(own.path.join("w"));
    let mut walk = Walk { plan: &plan, staging, staged: &mut staged, own, overlays, placing };
    walk.mixed(&RelPath::default(), &job.lowered.work_tree, false)?;
    staged.folders.extend(make_outputs(&plan, &staged.work)?);
    settle(&staged)?;
    placing.age(&staged.work).map_err(|e| StoreError::io("setting the times in", &staged.work, e))?;
    // In a kept room it would tell what the command before did to it.
    files::set_fixed_time(&own.path.join("tmp"))?;
    Ok(staged)
}

/// Gives the folders that the action may write the time that all inputs have. What it writes itself is its own.
fn settle(staged: &Staged) -> Result<(), StoreError> {
    staged.folders.iter().rev().chain([&staged.work]).try_for_each(|folder| files::set_fixed_time(folder))
}

/// Folders on the way to outputs, and outputs that are folders.
fn make_outputs(plan: &Plan<'_>, work: &Path) -> Result<Vec<PathBuf>, ExecuteError> {
    let mut made = Vec::new();
    for folder in &plan.way {
        if !folder.is_root() {
            let at = work.join(folder);
            files::ensure_folder(&at)?;
            made.push(at);
        }
    }
    for output in &plan.job.derivation.outputs {
        if std::fs::symlink_metadata(work.join(&output.path)).is_ok_and(|m| !m.is_dir()) {
            return Err(ExecuteError::Inputs(TreeError::Conflict(output.path.to_string())));
        }
        if output.kind == OutputKind::Directory {
            files::ensure_folder(&work.join(&output.path))?;
        }
    }
    Ok(made)
}

struct Walk<'a, 'b> {
    plan: &'a Plan<'a>,
    staging: Option<&'b mut Staging>,
    staged: &'b mut Staged,
    own: &'a Own,
    overlays: bool,
    placing: &'a Placing,
}

impl Walk<'_, '_> {
    /// A mixed folder, which is there already.
    fn mixed(&mut self, path: &RelPath, id: &TreeId, in_overlay: bool) -> Result<(), ExecuteError> {
        let directory = self.plan.directory(id)?;
        let files = directory.entries.values().filter(|node| !matches!(node, Node::Directory(_))).count();
        // These characters separate an overlay's options; such a path is rare enough to be copied instead.
        let plain = !path.as_str().contains([',', ':', '\\']);
        let overlay = self.overlays && self.staging.is_some() && plain && !in_overlay && files > OVERLAY_FROM;
        if overlay {
            self.overlay(path, &directory)?;
        }
        let mut entries: Vec<_> = directory.entries.iter().collect();
        if self.placing.reversed {
            entries.reverse();
        }
        for (name, node) in entries {
            let child = below(path, name.as_str())?;
            let at = self.staged.work.join(&child);
            match node {
                Node::Directory(id) if self.plan.way.contains(&child) => {
                    files::make_folder(&at)?;
                    self.staged.folders.push(at);
                    self.mixed(&child, id, in_overlay || overlay)?;
                }
                Node::Directory(id) => self.pure(&child, *id, &at)?,
                _ if overlay => {}
                Node::Symlink(target) => files::make_link(&at, target)?,
                Node::File { blob, executable } if blob.0.size <= COPY_BYTES => {
                    files::write_file(&at, &self.plan.store.blob(blob)?, *executable)?;
                    self.staged.files.push(at);
                }
                Node::File { blob, executable } if self.placing.copies() => {
                    files::copy_blob(self.plan.store, blob, &at, *executable)?;
                    self.staged.files.push(at);
                }
                Node::File { blob, executable } => {
                    files::write_file(&at, b"", *executable)?;
                    self.staged.files.push(at);
                    let from = self.plan.store.blob_file(blob, *executable)?;
                    self.bind(self.plan.relative(&from)?, &child);
                }
            }
        }
        Ok(())
    }

    fn bind(&mut self, from: String, at: &RelPath) {
        self.staged.mounts.push(Mount::Bind { from, at: at.as_str().to_owned() });
    }

    /// A folder without outputs.
    fn pure(&mut self, path: &RelPath, id: TreeId, at: &Path) -> Result<(), ExecuteError> {
        if let Some(output) = self.plan.job.derivation.outputs.iter().find(|o| o.path == *path) {
            return Err(ExecuteError::Inputs(TreeError::Conflict(output.path.to_string())));
        }
        files::make_folder(at)?;
        self.staged.folders.push(at.to_owned());
        if !self.plan.is_own(&id) && !self.placing.copies() {
            return self.tree(path, id);
        }
        let Some(staging) = &mut self.staging else { return self.copies(path, id, at) };
        let (from, trees) = staging.bring(self.plan, path, id)?;
        self.bind(from, path);
        trees.into_iter().try_for_each(|(path, id)| self.tree(&path, id))
    }

    /// The files of a folder without outputs, which is there; in the end nothing can be added to it.
    fn copies(&mut self, path: &RelPath, id: TreeId, at: &Path) -> Result<(), ExecuteError> {
        self.mixed(path, &id, false)?;
        self.staged.sealed.push(at.to_owned());
        Ok(files::seal(at)?)
    }

    /// A tree of the store at a mount point that is there.
    fn tree(&mut self, path: &RelPath, id: TreeId) -> Result<(), ExecuteError> {
        if self.plan.store.tree(&id)?.entries.is_empty() {
            return Ok(());
        }
        let from = self.plan.store.materialise(&id)?;
        self.bind(self.plan.relative(&from)?, path);
        Ok(())
    }

    /// The files of a mixed folder, as the lower layer of an overlay whose upper layer is the folder itself.
    fn overlay(&mut self, path: &RelPath, directory: &Directory) -> Result<(), ExecuteError> {
        let mut files = directory.clone();
        files.entries.retain(|_, node| !matches!(node, Node::Directory(_)));
        let bytes = files.encode();
        let id = TreeId(self.plan.store.function().digest(&bytes));
        let mut own = self.plan.own.clone();
        own.insert(id, &bytes);
        let plan =
            Plan { store: self.plan.store, job: self.plan.job, own, read: RefCell::default(), way: BTreeSet::new() };
        let Some(staging) = &mut self.staging else { return Ok(()) };
        let (lower, _) = staging.bring(&plan, path, id)?;
        let number = self.staged.mounts.len();
        files::make_folder(&self.own.path.join(format!("o{number}")))?;
        let work = format!("{}/o{number}", self.own.seen_as);
        let upper = format!("{}/w/{path}", self.own.seen_as);
        self.staged.mounts.push(Mount::Overlay { lower, upper, work, at: path.as_str().to_owned() });
        Ok(())
    }
}

/// Stages an action that runs without a sandbox: copies of everything.
pub(crate) fn stage_copies(store: &Store, job: &Job, own: &Own, placing: &Placing) -> Result<Staged, ExecuteError> {
    let work = own.path.join("w");
    let mut inputs: Vec<_> = job.inputs.iter().collect();
    if placing.reversed {
        inputs.reverse();
    }
    for (path, node) in inputs {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(work.join(&parent)).map_err(|e| StoreError::io("making", work.join(&parent), e))?;
        }
        files::copy_node(store, node, &work.join(path))?;
    }
    let folders = make_outputs(&Plan::new(store, job)?, &work)?;
    let staged = Staged { folders, ..Staged::new(work) };
    settle(&staged)?;
    placing.age(&staged.work).map_err(|e| StoreError::io("setting the times in", &staged.work, e))?;
    Ok(staged)
}
