//! Leases: what protects running builds while garbage is collected.
//!
//! While a lease lives, the store notes every object that is put, asked for or found (the "touched" ones), and
//! collecting garbage takes them as roots. The gate makes the two exclude each other: calls that look for or
//! write objects hold it shared for their length, a collection holds it alone. So a build under a lease never
//! loses what the store said was there since the lease was taken; what was learnt before it must be asked for
//! again (`Store::epoch` tells whether anything went). One process owns a store, so leases live in memory; the
//! table `Leases` shows them, with process id and start time, and rows of dead processes are dropped on opening.
//! This file does not know what is garbage.

use crate::digest::Digest;
use crate::error::StoreError;
use crate::row;
use crate::store::Store;
use crate::traits::{RowChange, Rows, Table};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Keeps calls and collections apart, and remembers what was touched.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    lock: RwLock<()>,
    live: AtomicUsize,
    next: AtomicU64,
    touched: Mutex<HashSet<Digest>>,
}

impl Gate {
    /// Held shared, for the length of a call.
    pub(crate) fn enter(&self) -> RwLockReadGuard<'_, ()> {
        self.lock.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same, and notes the object that the call is about.
    pub(crate) fn enter_for(&self, id: &Digest) -> RwLockReadGuard<'_, ()> {
        let guard = self.enter();
        self.touch(id);
        guard
    }

    /// Held alone, by a collection.
    pub(crate) fn close(&self) -> RwLockWriteGuard<'_, ()> {
        self.lock.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes an object, if any build runs.
    pub(crate) fn touch(&self, id: &Digest) {
        if self.live.load(Ordering::SeqCst) > 0 {
            self.touched.lock().unwrap_or_else(PoisonError::into_inner).insert(*id);
        }
    }

    /// What was touched since the oldest living lease.
    pub(crate) fn touched(&self) -> HashSet<Digest> {
        self.touched.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Protects what a build uses, until it is dropped.
#[derive(Debug)]
pub struct Lease {
    store: Store,
    key: Vec<u8>,
}

/// Who holds a lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Process id.
    pub pid: u32,
    /// When that process started, in clock ticks since boot: tells it from a later one with the same id.
    pub started: u64,
}

impl Holder {
    fn me() -> Holder {
        let pid = std::process::id();
        Holder { pid, started: start_time(pid).unwrap_or(0) }
    }

    /// Does the process still run?
    pub fn is_alive(&self) -> bool {
        start_time(self.pid) == Some(self.started)
    }
}

/// Field 22 of `/proc/<pid>/stat`, counted behind the last `)`, as a program's name may hold anything.
fn start_time(pid: u32) -> Option<u64> {
    let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    let text = String::from_utf8_lossy(&stat);
    text.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}

impl Store {
    /// Takes a lease. Take it before the first question of a build, hold it until its roots are set.
    pub fn lease(&self) -> Result<Lease, StoreError> {
        let gate = &self.shared().gate;
        let _open = gate.enter();
        let holder = Holder::me();
        let key = format!("{:010}/{:020}", holder.pid, gate.next.fetch_add(1, Ordering::SeqCst)).into_bytes();
        self.backend().change_rows(Table::Leases, &[(key.clone(), row::encode(&holder))])?;
        gate.live.fetch_add(1, Ordering::SeqCst);
        Ok(Lease { store: self.clone(), key })
    }

    /// Leases that are held, with the name of each.
    pub fn leases(&self) -> Result<Vec<(String, Holder)>, StoreError> {
        let mut found = Vec::new();
        self.scan(Table::Leases, b"", &mut |key, value| {
            if let Some(holder) = row::decode::<Holder>(value) {
                found.push((String::from_utf8_lossy(key).into_owned(), holder));
            }
            true
        })?;
        Ok(found)
    }

    /// This process has the store alone and has just opened it: every lease is left over.
    pub(crate) fn drop_dead_leases(&self) -> Result<(), StoreError> {
        let me = Holder::me();
        let mut dead: Vec<RowChange> = Vec::new();
        self.scan(Table::Leases, b"", &mut |key, value| {
            if row::decode::<Holder>(value).is_none_or(|holder| holder == me || !holder.is_alive()) {
                dead.push((key.to_vec(), None));
            }
            true
        })?;
        self.change_rows(Table::Leases, &dead)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let gate = &self.store.shared().gate;
        if gate.live.fetch_sub(1, Ordering::SeqCst) == 1 {
            let mut touched = gate.touched.lock().unwrap_or_else(PoisonError::into_inner);
            // A lease taken just now keeps the set; at worst it protects more than it must.
            if gate.live.load(Ordering::SeqCst) == 0 {
                *touched = HashSet::new();
            }
        }
        if let Err(error) = self.store.change_rows(Table::Leases, &[(std::mem::take(&mut self.key), None)]) {
            tracing::warn!(%error, "a lease's row cannot be removed");
        }
    }
}
