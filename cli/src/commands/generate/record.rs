//! The file that says what was generated last: target, digest function, and a digest of each file.
//!
//! Invariant: a record that cannot be read whole is refused, since what it does not name would be taken for somebody's
//! own. This file does not know what is done with it.

use crate::error::Report;
use gx_store::{BlobId, Digest, HashFunction};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// Its name in the folder.
pub(super) const FILE: &str = ".gx-generated.json";
/// Its form.
const SCHEMA: &str = "gx.generated/1";

/// What was generated last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    schema: String,
    /// The label as it was given.
    pub(super) target: String,
    function: String,
    /// By path in the folder.
    pub(super) files: BTreeMap<String, Entry>,
}

/// A generated file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    digest: String,
    size: u64,
    pub(super) executable: bool,
}

impl Entry {
    pub(super) fn new(blob: &BlobId, executable: bool) -> Entry {
        Entry { digest: blob.0.hex(), size: blob.0.size, executable }
    }

    /// The bytes' name in the store.
    pub(super) fn blob(&self, function: HashFunction) -> Option<BlobId> {
        Digest::from_hex(function, &self.digest, self.size).ok().map(BlobId)
    }

    /// Is it of these bytes?
    pub(super) fn is_of(&self, bytes: &[u8], function: HashFunction) -> bool {
        self.size == bytes.len() as u64 && self.digest == function.digest(bytes).hex()
    }
}

impl Record {
    pub(super) fn new(target: &str, function: HashFunction) -> Record {
        let (schema, function) = (SCHEMA.to_owned(), function.to_string());
        Record { schema, target: target.to_owned(), function, files: BTreeMap::new() }
    }

    /// The same of other files.
    pub(super) fn with(self, files: BTreeMap<String, Entry>) -> Record {
        Record { files, ..self }
    }

    /// Reads it; `None` when nothing was generated there.
    pub(super) fn read(folder: &Path, shown: &str, function: HashFunction) -> Result<Option<Record>, Report> {
        let broken = |why: String| {
            Report::new(1233, format!("'{shown}/{FILE}' does not say what was generated last: {why}"))
                .hint("get it back from version control")
        };
        let bytes = match std::fs::read(folder.join(FILE)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(broken(error.to_string())),
        };
        let record: Record = serde_json::from_slice(&bytes).map_err(|error| broken(error.to_string()))?;
        if record.schema != SCHEMA {
            return Err(broken(format!("its schema is '{}', and this gx reads '{SCHEMA}'", record.schema)));
        }
        if record.function != function.to_string() {
            return Err(broken(format!("its digests are made by {}, and this store's by {function}", record.function)));
        }
        let usable = |path: &String| gx_store::RelPath::new(path.as_str()).is_ok();
        if let Some(path) = record.files.keys().find(|path| !usable(path)) {
            return Err(broken(format!("'{path}' is no path in a folder")));
        }
        Ok(Some(record))
    }

    /// Writes it, when it is another one.
    pub(super) fn write(&self, folder: &Path) -> Result<(), Report> {
        let path = folder.join(FILE);
        let failed = |error: &dyn std::error::Error| {
            Report::new(804, format!("'{}' cannot be written", path.display())).cause(error)
        };
        let mut bytes = serde_json::to_vec_pretty(self).map_err(|error| failed(&error))?;
        bytes.push(b'\n');
        if std::fs::read(&path).is_ok_and(|there| there == bytes) {
            return Ok(());
        }
        std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
        super::plan::replace(&path, &bytes, false).map_err(|error| failed(&error))
    }
}
