//! Group commit: the thread that makes outcomes durable, many at a time.
//!
//! Invariants: an outcome's event is sent after its batch is durable; when a batch fails, each of its commits is
//! tried alone, so one bad outcome does not take others with it.
//! This file does not know what an outcome is for.

use crate::event::{Event, Kept};
use crossbeam_channel::{Receiver, Sender};
use gx_store::{Commit, Outcomes, Store};
use std::sync::Arc;

/// Commits in one batch, at most: bounds the memory of a batch.
const BATCH: usize = 512;

/// Keeps commits until nobody can send any more.
pub(crate) fn serve(store: &Store, commits: &Receiver<Box<Commit>>, events: &Sender<Event>) {
    while let Ok(first) = commits.recv() {
        let mut batch = vec![*first];
        batch.extend(commits.try_iter().take(BATCH - 1).map(|commit| *commit));
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
