//! How long work took before, and what that says about the work to come.
//!
//! Rows of `Table::Durations`: hash of owner, mnemonic and first output -> wall time and memory of the last run.
//! Read once, when something has to run for the first time; changes of a build are written at its end in one
//! step. Invariants: work that never ran counts as the mean of its mnemonic in this plan; the estimates decide
//! order and words on the screen, never bytes. This file does not know who uses the order.

use crate::context::Context;
use crate::graph::Vertex;
use gx_store::{Cost, HashFunction, Planned, RowChange, Rows, Store, StoreError, Table, row};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is counted for work of which nothing is known.
const UNKNOWN_US: u64 = 100_000;

/// Names a piece of work across its changes.
pub(crate) type WorkKey = [u8; 16];

/// The key of a derivation by what does not change when its inputs do.
pub(crate) fn work_key(function: HashFunction, planned: &Planned) -> WorkKey {
    let output = planned.derivation.outputs.first().map(|o| o.path.as_str()).unwrap_or_default();
    let mut hasher = function.hasher();
    for part in [&planned.note.owner, &planned.note.mnemonic, output] {
        hasher.update(part.as_bytes());
        hasher.update(&[0]);
    }
    short(&hasher.finish().hash)
}

/// The first half of a hash.
pub(crate) fn short(hash: &[u8; 32]) -> WorkKey {
    let mut key = [0; 16];
    key.iter_mut().zip(hash).for_each(|(place, byte)| *place = *byte);
    key
}

/// Wall time in microseconds and memory in KiB.
type Spent = (u64, u64);

/// What work took before.
#[derive(Debug)]
pub(crate) struct Durations {
    store: Store,
    known: Mutex<Option<HashMap<WorkKey, Spent>>>,
}

impl Durations {
    pub(crate) fn new(store: Store) -> Durations {
        Durations { store, known: Mutex::default() }
    }

    fn known(&self) -> MutexGuard<'_, Option<HashMap<WorkKey, Spent>>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.is_none() {
            let mut rows = HashMap::new();
            let read = self.store.scan(Table::Durations, &[], &mut |key, value| {
                if let (Ok(key), Some(spent)) = (key.try_into(), row::decode(value)) {
                    rows.insert(key, spent);
                }
                true
            });
            if let Err(error) = read {
                tracing::warn!(%error, "recorded durations cannot be read");
            }
            *known = Some(rows);
        }
        known
    }

    /// Keeps what the actions of a build took.
    pub(crate) fn record(&self, spent: &[(WorkKey, Cost)]) -> Result<(), StoreError> {
        let mut known = self.known();
        let known = known.get_or_insert_default();
        let mut changes: Vec<RowChange> = Vec::with_capacity(spent.len());
        for (key, cost) in spent {
            let value: Spent = (cost.wall_us, cost.max_rss_kib);
            if known.insert(*key, value) != Some(value) {
                changes.push((key.to_vec(), row::encode(&value)));
            }
        }
        self.store.change_rows(Table::Durations, &changes)
    }

    /// Estimates for every vertex of a build. Linear in the graph.
    pub(crate) fn estimate(&self, context: &Context) -> Estimates {
        let graph = &context.graph;
        let function = self.store.function();
        let known = self.known();
        let mut spent: Vec<Option<Spent>> = vec![None; graph.len()];
        let mut kib: Vec<u64> = vec![0; graph.len()];
        let mut sums: HashMap<&str, (u64, u64)> = HashMap::new();
        for (vertex, (spent, kib)) in spent.iter_mut().zip(&mut kib).enumerate() {
            let Some((_, planned)) = context.planned(vertex as Vertex) else { continue };
            *spent = known.as_ref().and_then(|rows| rows.get(&work_key(function, planned))).copied();
            *kib = planned.note.memory_kib.or(spent.map(|(_, kib)| kib)).unwrap_or_default();
            if let Some((us, _)) = *spent {
                let (sum, count) = sums.entry(&planned.note.mnemonic).or_default();
                *sum += us;
                *count += 1;
            }
        }
        let mean = |mnemonic: &str| sums.get(mnemonic).map_or(UNKNOWN_US, |(sum, count)| sum / (*count).max(1));
        let us: Vec<u64> = (0..graph.len())
            .map(|vertex| match (spent.get(vertex).copied().flatten(), context.planned(vertex as Vertex)) {
                (Some((us, _)), _) => us,
                (None, Some((_, planned))) => mean(&planned.note.mnemonic),
                (None, None) => 0,
            })
            .collect();
        let priority = priorities(context, &us);
        Estimates { us, priority, kib }
    }
}

/// For each vertex: its own time and that of the longest chain of those who wait for it.
fn priorities(context: &Context, us: &[u64]) -> Vec<u64> {
    let mut priority = vec![0_u64; us.len()];
    for vertex in context.graph.order().iter().rev() {
        let users = context.graph.needed_by(*vertex).filter_map(|user| priority.get(user as usize).copied());
        let longest = users.max().unwrap_or_default();
        let own = us.get(*vertex as usize).copied().unwrap_or_default();
        if let Some(place) = priority.get_mut(*vertex as usize) {
            *place = own + longest;
        }
    }
    priority
}

/// Estimates for the vertices of one build.
#[derive(Debug)]
pub(crate) struct Estimates {
    us: Vec<u64>,
    priority: Vec<u64>,
    kib: Vec<u64>,
}

impl Estimates {
    /// How long a vertex will take, in microseconds.
    pub(crate) fn us(&self, vertex: Vertex) -> u64 {
        self.us.get(vertex as usize).copied().unwrap_or_default()
    }

    /// The time from its start to the end of the build on the longest path.
    pub(crate) fn priority(&self, vertex: Vertex) -> u64 {
        self.priority.get(vertex as usize).copied().unwrap_or_default()
    }

    /// Memory it will need.
    pub(crate) fn kib(&self, vertex: Vertex) -> u64 {
        self.kib.get(vertex as usize).copied().unwrap_or_default()
    }
}
