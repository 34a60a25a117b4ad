//! The host's own programs as an input: a closure of files, imported by content.
//!
//! `closure` finds the files (`view` looks at the host, `elf`, `texts`, `compiler` and `language` read what files and
//! programs say, `libraries`, `packages`, `dependencies`, `library` and `rustup` know where things lie), `manifest` is
//! the canonical list of them, `memory` tells whether an earlier import still holds. Invariant: two hosts with the same
//! packages give the same manifest: no times, owners, caches, nor state of alternatives are in it, and nothing of the
//! person's environment is asked. This file does not know the sandbox nor rules.

mod alternatives;
mod closure;
mod compiler;
mod dependencies;
pub(crate) mod elf;
mod hints;
mod language;
mod libraries;
mod library;
mod manifest;
mod memory;
mod packages;
mod rustup;
pub(crate) mod texts;
mod view;

pub use manifest::{Manifest, ManifestError};
pub use packages::packages_of;

use closure::Closure;
use gx_store::Node;
use gx_store::{Blobs, HostImport, HostSpec, HostTools, RealiseError, RelPath, Store, StoreError};
use memory::Found;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use view::{Entry, View};

/// What an import tells while it runs. A request that an earlier import answers tells nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostProgress {
    /// The host is being looked at.
    Looking,
    /// So many files are being imported.
    Importing {
        /// How many.
        files: usize,
    },
    /// Done.
    Imported {
        /// How many.
        files: usize,
    },
    /// Something to know of the result.
    Note(String),
}

/// Who is told.
pub type OnProgress = Arc<dyn Fn(&HostProgress) + Send + Sync>;

/// Imports from this host.
#[derive(Clone)]
pub struct HostImporter {
    store: Store,
    root: Arc<Path>,
    packages: bool,
    rustup: Option<Arc<Path>>,
    progress: OnProgress,
    known: Arc<Mutex<HashMap<Asked, Arc<Found>>>>,
}

/// A request, and where else than below `/usr` it was looked.
type Asked = (HostSpec, Option<Arc<Path>>);

impl std::fmt::Debug for HostImporter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HostImporter").field("root", &self.root).finish_non_exhaustive()
    }
}

impl HostImporter {
    /// Imports into `store`, and tells nobody.
    pub fn new(store: Store) -> HostImporter {
        HostImporter {
            store,
            root: Path::new("/").into(),
            packages: true,
            rustup: None,
            progress: Arc::new(|_| {}),
            known: Arc::default(),
        }
    }

    /// Tells `progress`.
    pub fn with_progress(mut self, progress: OnProgress) -> HostImporter {
        self.progress = progress;
        self
    }

    /// Looks for Rust in this folder of rustup's first.
    pub fn with_rustup(mut self, home: Option<&Path>) -> HostImporter {
        self.rustup = home.map(Arc::from);
        self
    }

    /// Takes the headers by the compilers' folders even where there is dpkg, as on a host without.
    pub fn without_packages(mut self) -> HostImporter {
        self.packages = false;
        self.known = Arc::default();
        self
    }

    /// What was found, when all of it is in the store.
    fn still_stored(&self, asked: &Asked, found: Arc<Found>) -> Result<Option<Arc<Found>>, StoreError> {
        let Some(still) = found.still_stored(&self.store)? else { return Ok(None) };
        if still.epoch == found.epoch {
            return Ok(Some(found));
        }
        if self.packages {
            memory::remember(&self.store, asked, &still)?;
        }
        Ok(Some(Arc::new(still)))
    }

    /// Makes the import anew.
    fn make(&self, (spec, rustup): &Asked) -> Result<Found, RealiseError> {
        (self.progress)(&HostProgress::Looking);
        let epoch = self.store.epoch();
        let note = |text: String| (self.progress)(&HostProgress::Note(text));
        let view = Closure::of(&self.root, spec, rustup.as_deref(), self.packages, &note)?;
        let files = view.entries.values().filter(|entry| !matches!(entry, Entry::Link(_))).count();
        (self.progress)(&HostProgress::Importing { files });
        let manifest = self.ingest(&view)?;
        let tree = manifest.put_tree(&self.store)?;
        let found = Found {
            manifest: self.store.put_blob(manifest.format().as_bytes())?,
            tree,
            epoch,
            files,
            stamps: view.stamps.into_iter().collect(),
            listings: view.listings.into_iter().collect(),
        };
        (self.progress)(&HostProgress::Imported { files });
        Ok(found)
    }

    /// Brings the files into the store.
    fn ingest(&self, view: &View) -> Result<Manifest, RealiseError> {
        let mut manifest = Manifest::default();
        let mut files = Vec::new();
        for (path, entry) in &view.entries {
            let path = RelPath::new(path.as_str()).map_err(StoreError::from)?;
            match entry {
                Entry::File => files.push((self.root.join(path.as_str()), path)),
                Entry::From(place) => files.push((self.root.join(place), path)),
                Entry::Link(target) => {
                    manifest.entries.insert(path, Some(Node::Symlink(target.clone())));
                }
            }
        }
        let places: Vec<PathBuf> = files.iter().map(|(place, _)| place.clone()).collect();
        for ((_, path), node) in files.into_iter().zip(self.store.ingest_paths(&places)) {
            manifest.entries.insert(path, Some(node?));
        }
        Ok(manifest)
    }
}

impl HostTools for HostImporter {
    fn import(&self, spec: &HostSpec) -> Result<HostImport, RealiseError> {
        let mut spec = spec.clone();
        for names in [&mut spec.programs, &mut spec.compilers, &mut spec.languages, &mut spec.packages] {
            names.sort();
            names.dedup();
        }
        let rustup = self.rustup.clone().filter(|_| spec.languages.iter().any(|language| language == "rust"));
        let asked = (spec, rustup);
        // Held all along: a second request for the same waits, and finds the answer.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let earlier = match known.get(&asked) {
            Some(found) => Some(found.clone()),
            None if self.packages => memory::recall(&self.store, &asked)?.map(Arc::new),
            None => None,
        };
        if let Some(found) = earlier
            && found.unchanged(&self.root)
            && let Some(still) = self.still_stored(&asked, found)?
        {
            let import = still.import();
            known.insert(asked, still);
            return Ok(import);
        }
        let found = self.make(&asked)?;
        if self.packages {
            memory::remember(&self.store, &asked, &found)?;
        }
        let import = found.import();
        known.insert(asked, Arc::new(found));
        Ok(import)
    }
}

#[cfg(test)]
mod tests;
