//! Evaluated packages in the store: private, disposable rows.
//!
//! Two rows a package: what it loads and globs, by the digest of its text; and the result, by the digest of
//! everything. A row that cannot be read is no row. This file does not know how packages are evaluated.

use crate::glob::GlobSpec;
use crate::label::{Label, PackageId};
use crate::package::PackageData;
use gx_store::{Digest, HashFunction, Rows, Store, Table};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::sync::Arc;

/// Revision of what evaluation means: a changed result of an unchanged file needs a new one.
const REVISION: u32 = 1;

/// What a BUILD file reaches for besides its own text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Shape {
    pub(crate) loads: Vec<Label>,
    pub(crate) globs: Vec<GlobSpec>,
}

/// The digest of a BUILD file's text, its package's name and the environment it is evaluated in.
pub(crate) fn text_key(function: HashFunction, id: &PackageId, text: &[u8], prelude: Option<Digest>) -> Digest {
    let mut hasher = function.hasher();
    hasher.update(format!("gx.evaluation/{REVISION} {} {}\0", env!("CARGO_PKG_VERSION"), id).as_bytes());
    if let Some(prelude) = prelude {
        hasher.update(&prelude.key());
    }
    hasher.update(text);
    hasher.finish()
}

/// The digest of what a glob found.
pub(crate) fn names_digest(function: HashFunction, names: &[Arc<str>]) -> Digest {
    let mut hasher = function.hasher();
    for name in names {
        hasher.update(name.as_bytes());
        hasher.update(b"\0");
    }
    hasher.finish()
}

fn row_key(kind: u8, digest: &Digest) -> Vec<u8> {
    let mut key = vec![kind];
    key.extend_from_slice(&digest.key());
    key
}

fn read<T: DeserializeOwned>(store: &Store, key: &[u8]) -> Option<T> {
    let bytes = store.row(Table::Evaluations, key).ok()??;
    let (version, rest) = bytes.split_first()?;
    if *version != 1 {
        return None;
    }
    bincode::serde::decode_from_slice(rest, bincode::config::standard()).ok().map(|(value, _)| value)
}

fn row<T: Serialize>(value: &T) -> Option<Vec<u8>> {
    let mut bytes = vec![1];
    bytes.extend(bincode::serde::encode_to_vec(value, bincode::config::standard()).ok()?);
    Some(bytes)
}

/// What the file with that text reaches for, when it was evaluated before.
pub(crate) fn read_shape(store: &Store, text: &Digest) -> Option<Shape> {
    read(store, &row_key(b's', text))
}

/// The result, when everything was the same before.
pub(crate) fn read_data(store: &Store, full: &Digest) -> Option<PackageData> {
    read(store, &row_key(b'd', full))
}

/// Keeps a result. A store that cannot be written only costs time.
pub(crate) fn write(store: &Store, text: &Digest, shape: &Shape, full: &Digest, data: &PackageData) {
    let rows = [(row_key(b's', text), row(shape)), (row_key(b'd', full), row(data))];
    let rows: Vec<_> = rows.into_iter().filter(|(_, row)| row.is_some()).collect();
    if let Err(error) = store.change_rows(Table::Evaluations, &rows) {
        tracing::debug!(%error, "an evaluated package was not kept");
    }
}
