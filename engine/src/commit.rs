//! Group commit: the thread that makes outcomes durable, many at a time.
//!
//! Invariants: an outcome's event is sent after its batch is durable; when a batch fails, each of its commits is
//! tried alone, so one bad outcome does not take others with it. While actions run, a batch waits a moment for more:
//! what needs an outcome has started already, so nobody waits for the disk but the last.
//! This file does not know what an outcome is for.

use crate::event::{Event, Kept};
use crate::queue::{Receiver, Sender};
use gx_store::{Commit, Outcomes, Store};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Commits in one batch, at most: bounds the memory of a batch.
const BATCH: usize = 512;
/// How long a batch waits for more while actions run: a few times what a sync of a log costs.
const LINGER: Duration = Duration::from_millis(4);

/// Keeps commits until nobody can send any more.
pub(crate) fn serve(store: &Store, commits: &Receiver<Box<Commit>>, busy: &AtomicUsize, events: &Sender<Event>) {
    while let Some(first) = commits.recv() {
        if busy.load(Ordering::Relaxed) > 0 {
            std::thread::sleep(LINGER);
        }
        let mut batch = vec![*first];
        batch.extend(commits.take(BATCH - 1).into_iter().map(|commit| *commit));
        let all = store.commit(&batch);
        let kept: Vec<Kept> = batch.into_iter().map(|commit| keep(store, commit, all.is_ok())).collect();
        // The loop outlives this thread's channel; when it is gone nobody waits for the answer.
        let _ = events.send(Event::Committed(kept));
    }
}

/// The answer for one commit of a batch; it is tried alone when the batch failed.
fn keep(store: &Store, commit: Commit, kept: bool) -> Kept {
    let result = if kept { Ok(()) } else { store.commit(std::slice::from_ref(&commit)) };
    (commit.outcome.action, result.map(|()| Arc::new(commit.outcome)).map_err(Arc::new))
}
