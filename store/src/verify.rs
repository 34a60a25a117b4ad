//! Verifying: hash everything again.
//!
//! Invariants: what is corrupt is in quarantine afterwards, so that the next build makes it again; an outcome
//! that names something lost is forgotten; a materialised tree that differs is removed, to be made again.
//! This file does not know how corrupt objects are made again.

use crate::digest::{ActionId, BlobId, DerivationId, Digest, TreeId};
use crate::error::StoreError;
use crate::files;
use crate::gc::Count;
use crate::mark::{Mark, Present};
use crate::store::Store;
use crate::traits::{Blobs, ObjectKind, Outcomes, Trees};
use rayon::prelude::*;
use std::path::PathBuf;

/// What a check of the whole store found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VerifyReport {
    /// What was hashed or decoded.
    pub checked: Count,
    /// What was corrupt and is in quarantine now.
    pub corrupt: Vec<(ObjectKind, Digest)>,
    /// Outcomes that named something that is not there, and are forgotten.
    pub incomplete: Vec<ActionId>,
    /// Materialised trees that were not what they should be, and are removed.
    pub folders: Vec<PathBuf>,
}

impl VerifyReport {
    /// Was everything as it should be?
    pub fn is_sound(&self) -> bool {
        self.corrupt.is_empty() && self.incomplete.is_empty() && self.folders.is_empty()
    }
}

impl Store {
    /// Reads and checks every object, the outcomes' completeness, and the materialised trees.
    pub fn verify(&self) -> Result<VerifyReport, StoreError> {
        let mut report = VerifyReport::default();
        let present = Present::list(self.backend())?;
        for kind in ObjectKind::ALL {
            let mut ids: Vec<Digest> = present.of(kind).map(|(id, _)| *id).collect();
            ids.sort();
            present.of(kind).for_each(|(_, bytes)| report.checked.add(bytes));
            let bad: Vec<Option<Digest>> =
                ids.par_iter().map(|id| self.is_bad(kind, id)).collect::<Result<_, StoreError>>()?;
            report.corrupt.extend(bad.into_iter().flatten().map(|id| (kind, id)));
        }
        self.shared().cas.forget_checks();
        self.shared().trees.forget_checks();
        self.verify_outcomes(&mut report)?;
        self.verify_folders(&mut report)?;
        Ok(report)
    }

    /// Reading puts what is corrupt in quarantine.
    fn is_bad(&self, kind: ObjectKind, id: &Digest) -> Result<Option<Digest>, StoreError> {
        let read = match kind {
            ObjectKind::Blob => self.read_through(&BlobId(*id)),
            ObjectKind::Tree => self.tree(&TreeId(*id)).map(|_| ()),
            ObjectKind::Outcome => self.outcome(&ActionId(*id)).map(|_| ()),
            ObjectKind::Derivation => self.derivation(&DerivationId(*id)).map(|_| ()),
        };
        match read {
            Ok(()) | Err(StoreError::Missing(_)) => Ok(None),
            Err(StoreError::Corrupt(_)) => Ok(Some(*id)),
            Err(StoreError::Record(_) | StoreError::Tree(_)) => {
                self.backend().quarantine(kind, id)?;
                Ok(Some(*id))
            }
            Err(error) => Err(error),
        }
    }

    fn read_through(&self, id: &BlobId) -> Result<(), StoreError> {
        match std::io::copy(&mut self.open_blob(id)?, &mut std::io::sink()) {
            Ok(_) => Ok(()),
            Err(e) if e.kind() == std::io::ErrorKind::InvalidData => Err(StoreError::Corrupt(id.0)),
            Err(e) => Err(StoreError::io("reading", self.shared().cas.path(id, false), e)),
        }
    }

    fn verify_outcomes(&self, report: &mut VerifyReport) -> Result<(), StoreError> {
        // Alone: a commit in between would look incomplete.
        let _alone = self.shared().gate.close();
        let present = Present::list(self.backend())?;
        let mut mark = Mark::new(self.backend(), &present);
        let mut ids: Vec<Digest> = present.of(ObjectKind::Outcome).map(|(id, _)| *id).collect();
        ids.sort();
        for id in ids.into_iter().map(ActionId) {
            let Some(outcome) = self.backend().outcome(&id)? else { continue };
            if !mark.is_complete(&outcome)? {
                self.backend().forget(&id)?;
                report.incomplete.push(id);
            }
        }
        Ok(())
    }

    fn verify_folders(&self, report: &mut VerifyReport) -> Result<(), StoreError> {
        for (id, path) in self.tree_folders()? {
            let sound = match id {
                None => false,
                Some(id) => match self.same_folder(&TreeId(id), &path) {
                    Ok(same) => same,
                    Err(StoreError::Missing(_) | StoreError::Corrupt(_)) => false,
                    Err(error) => return Err(error),
                },
            };
            if !sound {
                if let Some(id) = id {
                    self.shared().trees.forget(&TreeId(id));
                }
                files::remove_all(&path)?;
                report.folders.push(path);
            }
        }
        Ok(())
    }
}
