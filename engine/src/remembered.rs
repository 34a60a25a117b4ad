//! What derivations came to, in memory: an edit of one source leaves the others' outcomes known at once.
//!
//! A derivation's id names everything below it. So while no object was removed from the store (its epoch says so) and
//! no action of a remembered derivation ran again, each of them has the outcome that it had. Invariants: only
//! successes; what is given is protected by the lease of whoever asks; when anything is found lost, or came out
//! otherwise than before, everything is forgotten. This file does not know who needs whom.

use crate::context::Context;
use crate::graph::Vertex;
use crate::notice::How;
use crate::schedule::Ended;
use gx_store::{ActionId, BlobId, Cost, DerivationId, Ending, HashFunction, Level, Node, Outcome, RelPath, Store, row};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// So many derivations are kept, at least, before those that the last build did not need are dropped.
const SOME: usize = 1024;

/// What is kept of an outcome. Logs are nearly always empty.
#[derive(Serialize, Deserialize)]
struct Brief {
    action: ActionId,
    outputs: Vec<(RelPath, Node)>,
    stdout: Option<BlobId>,
    stderr: Option<BlobId>,
    undeclared: Vec<String>,
    level: Level,
    executor: String,
    cost: (u64, u64, u64, u64),
}

/// Outcomes by derivation, for every workspace.
#[derive(Debug)]
pub(crate) struct Remembered {
    store: Store,
    kept: Mutex<Kept>,
}

/// A derivation's hash; the function is the store's.
type Key = [u8; 32];

#[derive(Debug, Default)]
struct Kept {
    epoch: u64,
    outcomes: HashMap<Key, Box<[u8]>>,
}

impl Remembered {
    pub(crate) fn new(store: Store) -> Remembered {
        Remembered { store, kept: Mutex::default() }
    }

    /// The outcome of a derivation, if it must be what it was.
    pub(crate) fn get(&self, id: &DerivationId) -> Option<Outcome> {
        let (epoch, outcome) = {
            let kept = self.lock();
            (kept.epoch, Brief::outcome(kept.outcomes.get(&id.0.hash)?, self.store.function())?)
        };
        // First protected, then asked whether it went before that.
        (self.store.rely(&outcome.action) == epoch).then_some(outcome)
    }

    /// Remembers what a build came to, `epoch` being that of the store before it began.
    pub(crate) fn keep(&self, context: &Context, ended: &Ended, epoch: u64) {
        let mut kept = self.lock();
        if epoch != self.store.epoch() || kept.epoch != epoch {
            *kept = Kept { epoch: self.store.epoch(), ..Kept::default() };
        }
        if epoch != kept.epoch {
            return;
        }
        let function = self.store.function();
        for (vertex, how) in ended.hows.iter().enumerate() {
            let how = how.filter(|how| matches!(how, How::Ran | How::Cached | How::CutOff));
            let (Some(how), Some(id)) = (how, context.graph.derivation(vertex as Vertex)) else { continue };
            let known = kept.outcomes.contains_key(&id.0.hash);
            if known && how != How::Ran {
                continue;
            }
            let Some(outcome) = context.outcome(vertex as Vertex).filter(|outcome| outcome.succeeded()) else {
                continue;
            };
            if known {
                // It ran again: what depends on it may have been made from other bytes.
                kept.outcomes.clear();
            }
            if let Some(bytes) = Brief::bytes(&outcome, function) {
                kept.outcomes.insert(id.0.hash, bytes);
            }
        }
        if kept.outcomes.len() > 2 * context.graph.actions() + SOME {
            let vertices = 0..context.graph.len() as Vertex;
            let needed: HashSet<Key> = vertices.filter_map(|v| Some(context.graph.derivation(v)?.0.hash)).collect();
            kept.outcomes.retain(|key, _| needed.contains(key));
            kept.outcomes.shrink_to_fit();
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        self.lock().outcomes = HashMap::new();
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Brief {
    fn bytes(outcome: &Outcome, function: HashFunction) -> Option<Box<[u8]>> {
        let Cost { wall_us, user_us, system_us, max_rss_kib } = outcome.cost;
        let empty = BlobId(function.digest(b""));
        let log = |blob: BlobId| Some(blob).filter(|blob| *blob != empty);
        let brief = Brief {
            action: outcome.action,
            outputs: outcome.outputs.clone(),
            stdout: log(outcome.stdout),
            stderr: log(outcome.stderr),
            undeclared: outcome.undeclared.clone(),
            level: outcome.level,
            executor: outcome.executor.clone(),
            cost: (wall_us, user_us, system_us, max_rss_kib),
        };
        row::encode(&brief).map(Vec::into_boxed_slice)
    }

    fn outcome(bytes: &[u8], function: HashFunction) -> Option<Outcome> {
        let brief: Brief = row::decode(bytes)?;
        let empty = BlobId(function.digest(b""));
        let (wall_us, user_us, system_us, max_rss_kib) = brief.cost;
        Some(Outcome {
            action: brief.action,
            ending: Ending::Exit(0),
            outputs: brief.outputs,
            stdout: brief.stdout.unwrap_or(empty),
            stderr: brief.stderr.unwrap_or(empty),
            undeclared: brief.undeclared,
            level: brief.level,
            executor: brief.executor,
            cost: Cost { wall_us, user_us, system_us, max_rss_kib },
        })
    }
}
