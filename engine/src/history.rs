//! Builds of a workspace: what each of its derivations was last, and when and why it last ran.
//!
//! Rows of `Table::History`, one for each piece of work (owner, mnemonic, first output) of a workspace, written in one
//! step at the end of each build, also of one that failed or was cancelled. Disposable: without them only `why` knows
//! less. This file does not know what the difference between two actions is.

use crate::context::Context;
use crate::durations::{WorkKey, short, work_key};
use crate::graph::Vertex;
use crate::rebuild::Reason;
use crate::schedule::Ended;
use gx_store::{ActionId, HashFunction, RowChange, Rows, Store, StoreError, Table, row};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// One piece of work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Its action in the last build that got so far.
    pub(crate) last: ActionId,
    /// Its last run.
    pub(crate) ran: Option<Ran>,
    pub(crate) mnemonic: String,
    /// Its first output; empty when it has none.
    pub(crate) output: String,
}

/// A run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ran {
    /// In which build.
    pub(crate) build: u64,
    /// The action before.
    pub(crate) from: Option<ActionId>,
    /// The action that ran.
    pub(crate) to: ActionId,
    pub(crate) failed: bool,
    pub(crate) cause: Cause,
}

/// Why the table of outcomes did not have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Cause {
    Unknown,
    Lost,
    Retried,
}

/// The last actions of one workspace, shortened: enough to see that one is another.
type LastActions = HashMap<(WorkKey, WorkKey), [u8; 8]>;

/// History of every workspace that this engine built.
#[derive(Debug)]
pub(crate) struct History {
    store: Store,
    known: Mutex<HashMap<WorkKey, LastActions>>,
}

impl History {
    pub(crate) fn new(store: Store) -> History {
        History { store, known: Mutex::default() }
    }

    /// Writes what a build did; gives the number of the build.
    pub(crate) fn record(&self, context: &Context, ended: &Ended) -> Result<u64, StoreError> {
        let function = self.store.function();
        let workspace = text_key(function, &context.options.workspace);
        // One build of all workspaces at a time: two of one workspace would give one number twice.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let last = match known.entry(workspace) {
            std::collections::hash_map::Entry::Occupied(place) => place.into_mut(),
            std::collections::hash_map::Entry::Vacant(place) => place.insert(self.read(&workspace)?),
        };
        let number = self.number(&workspace)? + 1;
        let mut changes: Vec<RowChange> = vec![(number_key(&workspace), row::encode(&number))];
        for vertex in 0..context.graph.len() as Vertex {
            let (Some((_, planned)), Some(outcome)) = (context.planned(vertex), context.outcome(vertex)) else {
                continue;
            };
            let key = (text_key(function, &planned.note.owner), work_key(function, planned));
            let (before, now) = (last.get(&key).copied(), fingerprint(&outcome.action));
            let reason = ended.reasons.get(&vertex);
            if before == Some(now) && reason.is_none() {
                continue;
            }
            let row_key = entry_key(&workspace, &key.0, &key.1);
            let old: Option<Entry> = match before {
                Some(_) => self.store.row(Table::History, &row_key)?.and_then(|bytes| row::decode(&bytes)),
                None => None,
            };
            let ran = reason.map(|reason| Ran {
                build: number,
                from: old.as_ref().map(|entry| entry.last),
                to: outcome.action,
                failed: !outcome.succeeded(),
                cause: cause(reason),
            });
            let entry = Entry {
                last: outcome.action,
                ran: ran.or(old.and_then(|entry| entry.ran)),
                mnemonic: planned.note.mnemonic.to_string(),
                output: planned.derivation.outputs.first().map(|o| o.path.to_string()).unwrap_or_default(),
            };
            last.insert(key, now);
            changes.push((row_key, row::encode(&entry)));
        }
        self.store.change_rows(Table::History, &changes)?;
        Ok(number)
    }

    fn number(&self, workspace: &WorkKey) -> Result<u64, StoreError> {
        let row = self.store.row(Table::History, &number_key(workspace))?;
        Ok(row.and_then(|bytes| row::decode(&bytes)).unwrap_or_default())
    }

    fn read(&self, workspace: &WorkKey) -> Result<LastActions, StoreError> {
        let mut last = LastActions::new();
        self.store.scan(Table::History, &entry_prefix(workspace), &mut |key, value| {
            let parts = key.get(17..33).zip(key.get(33..));
            if let Some((owner, work)) = parts.and_then(|(a, b)| Some((a.try_into().ok()?, b.try_into().ok()?)))
                && let Some(entry) = row::decode::<Entry>(value)
            {
                last.insert((owner, work), fingerprint(&entry.last));
            }
            true
        })?;
        Ok(last)
    }
}

/// The entries of an owner in a workspace, by mnemonic and output.
pub(crate) fn entries(store: &Store, workspace: &str, owner: &str) -> Result<Vec<Entry>, StoreError> {
    let function = store.function();
    let mut prefix = entry_prefix(&text_key(function, workspace));
    prefix.extend_from_slice(&text_key(function, owner));
    let mut entries = Vec::new();
    store.scan(Table::History, &prefix, &mut |_, value| {
        entries.extend(row::decode::<Entry>(value));
        true
    })?;
    entries.sort_by(|a, b| (&a.mnemonic, &a.output).cmp(&(&b.mnemonic, &b.output)));
    Ok(entries)
}

/// The entries of an owner in every workspace that built it, in the order of keys.
pub(crate) fn entries_anywhere(store: &Store, owner: &str) -> Result<Vec<Entry>, StoreError> {
    let owner = text_key(store.function(), owner);
    let mut entries = Vec::new();
    store.scan(Table::History, &[], &mut |key, value| {
        if key.get(16) == Some(&b'a') && key.get(17..33) == Some(owner.as_slice()) {
            entries.extend(row::decode::<Entry>(value));
        }
        true
    })?;
    Ok(entries)
}

fn cause(reason: &Reason) -> Cause {
    match reason {
        Reason::Unknown => Cause::Unknown,
        Reason::Lost(_) => Cause::Lost,
        Reason::Retried => Cause::Retried,
    }
}

fn text_key(function: HashFunction, text: &str) -> WorkKey {
    short(&function.digest(text.as_bytes()).hash)
}

fn number_key(workspace: &WorkKey) -> Vec<u8> {
    [workspace.as_slice(), b"n"].concat()
}

fn entry_prefix(workspace: &WorkKey) -> Vec<u8> {
    [workspace.as_slice(), b"a"].concat()
}

fn entry_key(workspace: &WorkKey, owner: &WorkKey, work: &WorkKey) -> Vec<u8> {
    [entry_prefix(workspace).as_slice(), owner, work].concat()
}

fn fingerprint(action: &ActionId) -> [u8; 8] {
    let mut print = [0; 8];
    print.iter_mut().zip(action.0.hash).for_each(|(place, byte)| *place = byte);
    print
}
