//! Collecting garbage: mark what roots and leases keep, sweep the rest.
//!
//! Invariants: the gate is held alone from the first mark to the last removal, so nothing that a build asks
//! for or writes meanwhile is lost; outcomes go before what they name, and a process that dies in between
//! leaves objects that nobody names, never an outcome that names nothing. What a build under a lease touched
//! is kept (`lease.rs`). This file does not know what a workspace or a build is.

use crate::cas;
use crate::digest::{BlobId, Digest, HashFunction};
use crate::error::StoreError;
use crate::files;
use crate::mark::{Mark, Present};
use crate::materialise::seal_row;
use crate::stat_cache::known_digest;
use crate::store::Store;
use crate::traits::{ObjectKind, RowChange, Table};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// How to collect.
#[derive(Debug, Clone, Copy, Default)]
pub struct GcOptions {
    /// Only count what would go.
    pub dry_run: bool,
}

/// Objects and their bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    /// How many.
    pub objects: u64,
    /// How large, together.
    pub bytes: u64,
}

impl Count {
    /// Counts one more.
    pub(crate) fn add(&mut self, bytes: u64) {
        self.objects += 1;
        self.bytes += bytes;
    }
}

/// What a collection did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GcReport {
    /// What stays, by kind.
    pub kept: BTreeMap<ObjectKind, Count>,
    /// What went, by kind.
    pub removed: BTreeMap<ObjectKind, Count>,
    /// Outcomes that went although a root named their action, because something they name is lost.
    pub incomplete: u64,
    /// Materialised trees that went.
    pub folders: u64,
    /// Files that went: copies of blobs, and what lay in quarantine.
    pub files: Count,
}

impl GcReport {
    /// Bytes of everything that went, materialised trees not counted: most of their bytes are shared.
    pub fn freed(&self) -> u64 {
        self.removed.values().map(|count| count.bytes).sum::<u64>() + self.files.bytes
    }
}

impl Store {
    /// Collects garbage. Builds wait for its end; what they rely on stays.
    pub fn gc(&self, options: &GcOptions) -> Result<GcReport, StoreError> {
        let scratch = self.new_scratch()?;
        let alone = self.shared().gate.close();
        // What is touched before the roots: a build sets its root before it drops its lease, so that one of the
        // two is seen, whenever it ends.
        let touched = self.shared().gate.touched();
        let roots = self.roots()?;
        let present = Present::list(self.backend())?;
        let mut mark = Mark::new(self.backend(), &present);
        for (_, root) in &roots {
            mark.root(root)?;
        }
        for id in touched {
            mark.touched(&id)?;
        }
        let mut report = GcReport::default();
        for (_, root) in &roots {
            let lost = |id: &Digest| present.has(ObjectKind::Outcome, id) && !mark.has(ObjectKind::Outcome, id);
            report.incomplete += root.actions.iter().filter(|id| lost(&id.0)).count() as u64;
        }
        // Outcomes first: an outcome must never stand without what it names.
        for kind in [ObjectKind::Outcome, ObjectKind::Derivation, ObjectKind::Tree, ObjectKind::Blob] {
            let mut gone: Vec<Digest> = Vec::new();
            for (id, bytes) in present.of(kind) {
                if mark.has(kind, id) {
                    report.kept.entry(kind).or_default().add(bytes);
                } else {
                    report.removed.entry(kind).or_default().add(bytes);
                    gone.push(*id);
                }
            }
            if !options.dry_run && !gone.is_empty() {
                gone.sort();
                self.backend().remove(kind, &gone)?;
            }
        }
        self.sweep_copies(&mark, options, &mut report)?;
        self.sweep_folders(&mark, options, &mut report, scratch.path().join("trees"))?;
        if !options.dry_run {
            self.sweep_rows(&mark)?;
        }
        // The folders moved to scratch are removed with it, after builds were let in again.
        drop(alone);
        drop(scratch);
        if !options.dry_run && !report.removed.is_empty() {
            self.backend().compact()?;
        }
        Ok(report)
    }

    /// Files below `cas/` that are copies of blobs, and what lies in quarantine.
    fn sweep_copies(&self, mark: &Mark<'_>, options: &GcOptions, report: &mut GcReport) -> Result<(), StoreError> {
        let cas = &self.shared().cas;
        let mut gone: Vec<BlobId> = Vec::new();
        cas.list_files(&mut |id, executable, size| {
            if !cas.is_primary(&id, executable) && !mark.has(ObjectKind::Blob, &id.0) {
                report.files.add(size);
                gone.push(id);
            }
        })?;
        for entry in cas::folder_entries(&self.quarantine_directory())? {
            report.files.add(entry.metadata().map_or(0, |metadata| metadata.len()));
            if !options.dry_run {
                files::remove_all(&entry.path())?;
            }
        }
        if !options.dry_run {
            gone.iter().try_for_each(|id| cas.remove(id))?;
        }
        Ok(())
    }

    /// Materialised trees that nothing keeps are moved aside.
    fn sweep_folders(
        &self,
        mark: &Mark<'_>,
        options: &GcOptions,
        report: &mut GcReport,
        aside: PathBuf,
    ) -> Result<(), StoreError> {
        for (id, path) in self.tree_folders()? {
            if id.is_some_and(|id| mark.has(ObjectKind::Tree, &id)) {
                continue;
            }
            report.folders += 1;
            if options.dry_run {
                continue;
            }
            files::move_folder(&path, &aside.join(report.folders.to_string()))?;
            if let Some(id) = id {
                self.shared().trees.forget(&crate::digest::TreeId(id));
                self.backend().change_rows(Table::Meta, &[(seal_row(&id), None)])?;
            }
        }
        Ok(())
    }

    /// Rows about objects that went.
    fn sweep_rows(&self, mark: &Mark<'_>) -> Result<(), StoreError> {
        let mut stats: Vec<RowChange> = Vec::new();
        self.backend().scan(Table::Stats, b"", &mut |key, value| {
            if !known_digest(value).is_some_and(|id| mark.has(ObjectKind::Blob, &id)) {
                stats.push((key.to_vec(), None));
            }
            true
        })?;
        self.backend().change_rows(Table::Stats, &stats)?;
        let mut quarantined: Vec<RowChange> = Vec::new();
        self.backend().scan(Table::Quarantine, b"", &mut |key, _| {
            quarantined.push((key.to_vec(), None));
            true
        })?;
        self.backend().change_rows(Table::Quarantine, &quarantined)
    }

    pub(crate) fn quarantine_directory(&self) -> PathBuf {
        self.directory().join("quarantine")
    }

    /// Folders below `trees/`, each with its id when the tree is in the store.
    pub(crate) fn tree_folders(&self) -> Result<Vec<(Option<Digest>, PathBuf)>, StoreError> {
        let mut found = Vec::new();
        for entry in cas::folder_entries(&self.trees_directory())? {
            let name = entry.file_name();
            let id = match name.to_str().and_then(parse_folder) {
                Some((function, hex)) => self.tree_of_hex(function, &hex)?,
                None => None,
            };
            found.push((id, entry.path()));
        }
        found.sort();
        Ok(found)
    }

    /// A folder's name lacks the size of the tree's bytes; the list of trees has it.
    fn tree_of_hex(&self, function: HashFunction, hash: &[u8; 32]) -> Result<Option<Digest>, StoreError> {
        let mut found = None;
        let prefix = [&[function.code()], hash.as_slice()].concat();
        self.backend().list(ObjectKind::Tree, &prefix, &mut |id, _| {
            found = Some(*id);
            false
        })?;
        Ok(found)
    }
}

fn parse_folder(name: &str) -> Option<(HashFunction, [u8; 32])> {
    let function = HashFunction::from_code(*name.as_bytes().first()?)?;
    Some((function, Digest::from_hex(function, name.get(1..)?, 0).ok()?.hash))
}
