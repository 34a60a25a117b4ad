//! Sources and host toolchains: what lowering needs from outside the graph, in one batch.
//!
//! Invariants: files of the workspace are read through the store's ingest, files of repositories come from their
//! trees. This file does not know actions but by what they ask for.

use crate::action::ActionWork;
use crate::error::{LoadError, LoadErrorKind};
use crate::files::{Place, store_error, store_kind, tree_node};
use crate::lower::{ActionAt, Need, World};
use crate::session::Session;
use crate::values::file::File;
use gx_store::{BlobId, Blobs, ExecuteError, HostSpec, Node, RealiseError, RelPath, StoreError};
use rayon::prelude::*;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where a source was found.
enum Found {
    /// Below the workspace's root.
    At(RelPath),
    There(Node),
}

/// Paths that one thread looks at, at least.
const MANY: usize = 64;

impl Session<'_> {
    /// Every source by path.
    pub(crate) fn read_sources(&self, files: &[File]) -> Result<HashMap<Arc<str>, Node>, Vec<LoadError>> {
        let mut found = HashMap::with_capacity(files.len());
        let mut errors = Vec::new();
        let mut paths: Vec<RelPath> = Vec::new();
        let mut names: Vec<&Arc<str>> = Vec::new();
        for file in files {
            match self.place_of(file) {
                Ok(Found::There(node)) => drop(found.insert(Arc::clone(&file.0.path), node)),
                Ok(Found::At(path)) => {
                    paths.push(path);
                    names.push(&file.0.path);
                }
                Err(error) => errors.push(error),
            }
        }
        errors.extend(self.leading_out(&paths));
        if !errors.is_empty() {
            return Err(errors);
        }
        let nodes = self.config.store.ingest_files(&self.config.root, &paths);
        for ((name, path), node) in names.into_iter().zip(paths).zip(nodes) {
            let shown = path.clone();
            match node {
                Ok(node) => {
                    match &node {
                        Node::File { blob, .. } => self.look.saw_file(path, blob.0),
                        Node::Directory(tree) => self.look.saw_file(path, tree.0),
                        Node::Symlink(_) => {}
                    }
                    found.insert(Arc::clone(name), node);
                }
                Err(error) => errors.push(unreadable(shown.as_str(), &error)),
            }
        }
        if errors.is_empty() { Ok(found) } else { Err(errors) }
    }

    /// Sources that a symlink, their own or one of a folder above them, takes out of the workspace. What lies there
    /// is not watched, so a change of it would go unnoticed. Folders are asked about once each.
    fn leading_out(&self, paths: &[RelPath]) -> Vec<LoadError> {
        let root = &self.config.root;
        let Ok(real) = root.canonicalize() else { return Vec::new() };
        let inside = |path: &Path| path.canonicalize().map_or(true, |path| path.starts_with(&real));
        let folder_of = |path: &RelPath| root.join(path.as_str()).parent().unwrap_or(root).to_owned();
        let folders: HashSet<PathBuf> = paths.iter().map(folder_of).collect();
        let fine: HashSet<PathBuf> = folders.into_par_iter().filter(|folder| inside(folder)).collect();
        let is_fine = |path: &RelPath| {
            let full = root.join(path.as_str());
            let is_link = full.symlink_metadata().is_ok_and(|data| data.is_symlink());
            full.parent().is_some_and(|folder| fine.contains(folder)) && (!is_link || inside(&full))
        };
        let bad: Vec<&RelPath> = paths.par_iter().with_min_len(MANY).filter(|path| !is_fine(path)).collect();
        let bad = bad.into_iter();
        bad.map(|path| {
            LoadError::new(LoadErrorKind::Symlink, format!("the source file '{path}' leads out of the workspace"))
                .hint("replace the symlink by a copy of what it leads to")
        })
        .collect()
    }

    /// Where a source is: below the workspace's root, or what is in the store of it.
    fn place_of(&self, file: &File) -> Result<Found, LoadError> {
        let label = &file.0.owner;
        let usable = |path: &str| {
            let path = RelPath::new(path).map_err(|error| LoadError::new(LoadErrorKind::Source, error.to_string()))?;
            Ok(Found::At(path))
        };
        if label.package.repository.is_empty() {
            return usable(file.path());
        }
        let repo = self.repo(&label.package.repository)?;
        let path = crate::glob::join(&label.package.path, &label.name);
        let missing = || LoadError::new(LoadErrorKind::Source, format!("there is no file '{}'", repo.display(&path)));
        match &repo.place {
            Place::Tree(tree, store) => tree_node(*tree, store, &path)?.ok_or_else(missing).map(Found::There),
            Place::Texts(texts) => {
                let text = texts.get(&path).ok_or_else(missing)?;
                let blob = self.config.store.put_blob(text.as_bytes()).map_err(|e| store_error(&e))?;
                Ok(Found::There(Node::File { blob, executable: false }))
            }
            Place::Workspace { below, .. } => usable(&crate::glob::join(below, &path)),
        }
    }

    /// The manifests of the host toolchains that are needed; each spec is imported once.
    pub(crate) fn import_hosts(&self, need: &Need, world: &World) -> Result<HashMap<ActionAt, BlobId>, Vec<LoadError>> {
        let mut known: HashMap<HostSpec, BlobId> = HashMap::new();
        let mut manifests = HashMap::new();
        let mut errors = Vec::new();
        for at in &need.hosts {
            let (spec, or_nothing) = match world.action(*at).map(|action| &action.work) {
                Some(ActionWork::Host(spec)) => (spec, false),
                Some(ActionWork::HostIfThere(spec)) => (spec, true),
                _ => continue,
            };
            if let Some(blob) = known.get(spec) {
                manifests.insert(*at, *blob);
                continue;
            }
            let imported = match self.config.host.import(spec) {
                Err(RealiseError::HostLacks { .. }) if or_nothing => self.config.host.import(&HostSpec::default()),
                other => other,
            };
            match imported {
                Ok(import) => {
                    known.insert(spec.clone(), import.manifest);
                    manifests.insert(*at, import.manifest);
                }
                Err(error) => {
                    let owner = world.owner(*at);
                    let label = owner.map(|node| node.label.to_string()).unwrap_or_default();
                    let ours = LoadError::new(LoadErrorKind::Toolchain, format!("toolchain '{label}': {error}"));
                    errors.push(match &error {
                        RealiseError::HostLacks { hint, .. } => ours.hint(hint.clone()),
                        RealiseError::Store(error) | RealiseError::Execute(ExecuteError::Store(error)) => {
                            store_error(error)
                        }
                        _ => ours,
                    });
                }
            }
        }
        if errors.is_empty() { Ok(manifests) } else { Err(errors) }
    }
}

fn unreadable(name: &str, error: &StoreError) -> LoadError {
    let kind = match error {
        StoreError::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
            return LoadError::new(LoadErrorKind::Source, format!("the source file '{name}' is not there"));
        }
        StoreError::Io { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied => {
            let message = format!("the source file '{name}' may not be read: {source}");
            return LoadError::new(LoadErrorKind::Unreadable, message).hint("give yourself read permission on it");
        }
        StoreError::Changed(_) => {
            let message = format!("the source file '{name}' changed while it was read");
            return LoadError::new(LoadErrorKind::Changed, message).hint("build again when it is written");
        }
        StoreError::Io { source, .. } if source.raw_os_error() == Some(ELOOP) => LoadErrorKind::Symlink,
        StoreError::Io { .. } => LoadErrorKind::Unreadable,
        StoreError::Full(_) | StoreError::ReadOnly(_) | StoreError::Database(_) => return store_error(error),
        _ => store_kind(error),
    };
    LoadError::new(kind, format!("the source file '{name}' cannot be an input: {error}"))
}

/// Too many symlinks on the way, as Linux numbers it.
const ELOOP: i32 = 40;
