//! Cancelling: one flag that many threads watch, and callbacks for those who sleep.
//!
//! Invariant: once cancelled, always cancelled; every callback runs exactly once. This file does not know
//! what is cancelled.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

type Callback = Box<dyn FnOnce() + Send>;

/// A flag shared between whoever cancels and whoever must stop.
#[derive(Clone, Default)]
pub struct Cancel {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    flag: AtomicBool,
    callbacks: Mutex<Vec<(u64, Callback)>>,
    next: std::sync::atomic::AtomicU64,
}

impl std::fmt::Debug for Cancel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cancel").field("cancelled", &self.is_cancelled()).finish()
    }
}

impl Cancel {
    /// A flag that is not set.
    pub fn new() -> Cancel {
        Cancel::default()
    }

    /// Sets the flag and runs the callbacks.
    pub fn cancel(&self) {
        if self.inner.flag.swap(true, Ordering::SeqCst) {
            return;
        }
        let callbacks = std::mem::take(&mut *self.lock());
        for (_, callback) in callbacks {
            callback();
        }
    }

    /// Is it set?
    pub fn is_cancelled(&self) -> bool {
        self.inner.flag.load(Ordering::SeqCst)
    }

    /// Runs `callback` when the flag is set, at once if it is already. Dropping the guard takes it back.
    pub fn on_cancel(&self, callback: impl FnOnce() + Send + 'static) -> CancelGuard {
        let id = self.inner.next.fetch_add(1, Ordering::SeqCst);
        let mut callbacks = self.lock();
        if self.is_cancelled() {
            drop(callbacks);
            callback();
        } else {
            callbacks.push((id, Box::new(callback)));
        }
        CancelGuard { cancel: self.clone(), id }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(u64, Callback)>> {
        self.inner.callbacks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes a callback back when dropped.
#[derive(Debug)]
pub struct CancelGuard {
    cancel: Cancel,
    id: u64,
}

impl Drop for CancelGuard {
    fn drop(&mut self) {
        self.cancel.lock().retain(|(id, _)| *id != self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[test]
    fn callbacks_run_once_and_can_be_taken_back() {
        let (cancel, count) = (Cancel::new(), Arc::new(AtomicUsize::new(0)));
        let add = |n: usize| {
            let count = count.clone();
            move || {
                count.fetch_add(n, Ordering::SeqCst);
            }
        };
        let kept = cancel.on_cancel(add(1));
        drop(cancel.on_cancel(add(10)));
        cancel.cancel();
        cancel.cancel();
        let late = cancel.on_cancel(add(100));
        assert_eq!(count.load(Ordering::SeqCst), 101);
        drop((kept, late));
    }
}
