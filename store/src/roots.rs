//! Roots: names that keep objects from being collected.
//!
//! A root names nodes, actions and derivations. An action keeps its outcome with everything the outcome names,
//! its `Action` and `Command` messages, and what is there of its input root. Names are paths by custom:
//! `build/<workspace>/<patterns>`; the newest of a prefix are those that were put or used last.
//! This file does not know how objects are collected (`gc.rs`).

use crate::digest::{ActionId, DerivationId};
use crate::error::StoreError;
use crate::row;
use crate::store::Store;
use crate::traits::{RowChange, Rows, Table};
use crate::tree::Node;
use serde::{Deserialize, Serialize};

/// Row of `Table::Meta`: the last number that was given to a use.
const LAST_USE: &[u8] = b"root-use";

/// Row of `Table::Meta`: when a root was used.
fn use_row(name: &[u8]) -> Vec<u8> {
    [b"root-use/".as_slice(), name].concat()
}

/// What a root keeps.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Root {
    /// Files and folders.
    pub nodes: Vec<Node>,
    /// Actions, with their outcomes and all these name.
    pub actions: Vec<ActionId>,
    /// Derivations.
    pub derivations: Vec<DerivationId>,
}

impl Store {
    /// Makes `name` keep these nodes and actions, and nothing else. See `put_root`.
    pub fn set_root(&self, name: &str, nodes: &[Node], actions: &[ActionId]) -> Result<(), StoreError> {
        let root = Root { nodes: nodes.to_vec(), actions: actions.to_vec(), derivations: Vec::new() };
        self.put_root(name, &root)
    }

    /// Makes `name` keep what `root` says, and nothing else. Set the roots of a build before its lease is dropped.
    pub fn put_root(&self, name: &str, root: &Root) -> Result<(), StoreError> {
        let bytes = row::encode(root).ok_or_else(|| StoreError::Database("a root cannot be encoded".to_owned()))?;
        self.change_rows(Table::Roots, &[(name.as_bytes().to_vec(), Some(bytes))])?;
        self.use_root(name)
    }

    /// Makes a root the newest.
    pub fn use_root(&self, name: &str) -> Result<(), StoreError> {
        let last = self.row(Table::Meta, LAST_USE)?.and_then(|row| row.try_into().ok()).map_or(0, u64::from_be_bytes);
        if self.use_of(name.as_bytes())? == last && last > 0 {
            return Ok(());
        }
        let next = last.saturating_add(1).to_be_bytes().to_vec();
        self.change_rows(
            Table::Meta,
            &[(LAST_USE.to_vec(), Some(next.clone())), (use_row(name.as_bytes()), Some(next))],
        )
    }

    /// When a root was put or used: counts up.
    fn use_of(&self, name: &[u8]) -> Result<u64, StoreError> {
        let row = self.row(Table::Meta, &use_row(name))?;
        Ok(row.and_then(|row| row.try_into().ok()).map_or(0, u64::from_be_bytes))
    }

    /// The root of that name.
    pub fn root(&self, name: &str) -> Result<Option<Root>, StoreError> {
        Ok(self.row(Table::Roots, name.as_bytes())?.and_then(|bytes| row::decode(&bytes)))
    }

    /// Every root, in order of the names.
    pub fn roots(&self) -> Result<Vec<(String, Root)>, StoreError> {
        let mut found = Vec::new();
        self.scan(Table::Roots, b"", &mut |key, value| {
            if let Some(root) = row::decode::<Root>(value) {
                found.push((String::from_utf8_lossy(key).into_owned(), root));
            }
            true
        })?;
        Ok(found)
    }

    /// Removes a root; what only it kept goes with the next collection. Was it there?
    pub fn remove_root(&self, name: &str) -> Result<bool, StoreError> {
        let there = self.row(Table::Roots, name.as_bytes())?.is_some();
        self.change_rows(Table::Roots, &[(name.as_bytes().to_vec(), None)])?;
        self.change_rows(Table::Meta, &[(use_row(name.as_bytes()), None)])?;
        Ok(there)
    }

    /// Removes the roots below `prefix` but for the `count` that were put or used last.
    pub fn keep_newest_roots(&self, prefix: &str, count: usize) -> Result<(), StoreError> {
        let mut names: Vec<Vec<u8>> = Vec::new();
        self.scan(Table::Roots, prefix.as_bytes(), &mut |key, _| {
            names.push(key.to_vec());
            true
        })?;
        let old = names.len().saturating_sub(count);
        if old == 0 {
            return Ok(());
        }
        let mut by_use =
            names.into_iter().map(|name| Ok((self.use_of(&name)?, name))).collect::<Result<Vec<_>, StoreError>>()?;
        by_use.sort();
        by_use.truncate(old);
        let uses: Vec<RowChange> = by_use.iter().map(|(_, name)| (use_row(name), None)).collect();
        self.change_rows(Table::Meta, &uses)?;
        let changes: Vec<RowChange> = by_use.into_iter().map(|(_, name)| (name, None)).collect();
        self.change_rows(Table::Roots, &changes)
    }
}
