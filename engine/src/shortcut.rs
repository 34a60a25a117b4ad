//! The shortcut: a build that was done whole, and of which nothing can have changed since.
//!
//! The ids of the goals' derivations determine everything below them. So when the same workspace asks for goals
//! with the ids of its last whole success, and no object was removed from the store since (the store's epoch says
//! so), nothing has to be looked at. One row of `Table::History` for each list of labels, replaced by the next
//! success. Invariant: only successes, only with the epoch from before the build. Disposable.
//! This file does not know how a build is done.

use crate::context::Context;
use crate::durations::{WorkKey, short};
use gx_store::{
    ActionId, BlobId, Cost, DerivationId, Ending, Level, Node, Outcome, Plan, RelPath, RowChange, Rows, Store,
    StoreError, Table, row,
};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Whole builds that are kept in memory.
const KEPT: usize = 16;

/// A build of more outputs takes no shortcut: writing all of them after each edit costs more than it ever saves, as
/// what each derivation came to is remembered anyway (`remembered.rs`).
const FEW: usize = 512;

/// A build that was done whole.
#[derive(Debug, Clone)]
pub(crate) struct Whole {
    /// Actions that it needed.
    pub(crate) total: usize,
    /// Outcomes of the goals.
    pub(crate) outcomes: Arc<HashMap<DerivationId, Arc<Outcome>>>,
    goals: [u8; 32],
    epoch: u64,
}

/// What of an outcome is kept in a row.
#[derive(Serialize, Deserialize)]
struct Kept {
    derivation: DerivationId,
    action: ActionId,
    outputs: Vec<(RelPath, Node)>,
    stdout: BlobId,
    stderr: BlobId,
    undeclared: Vec<String>,
    level: Level,
    executor: String,
    cost: (u64, u64, u64, u64),
}

/// A row: goals, epoch, total, outcomes.
type Row = ([u8; 32], u64, u64, Vec<Kept>);

/// The whole builds of all workspaces.
#[derive(Debug)]
pub(crate) struct Shortcuts {
    store: Store,
    recent: Mutex<Vec<(Vec<u8>, Whole)>>,
}

impl Shortcuts {
    pub(crate) fn new(store: Store) -> Shortcuts {
        Shortcuts { store, recent: Mutex::default() }
    }

    /// The whole build that this plan would repeat.
    pub(crate) fn find(&self, workspace: &str, plan: &Plan) -> Result<Option<Whole>, StoreError> {
        if is_large(plan) {
            return Ok(None);
        }
        let (key, goals) = (self.key(workspace, plan), self.goals(plan));
        let fits = |whole: &Whole| whole.goals == goals && whole.epoch == self.store.epoch();
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, whole)) = recent.iter().find(|(k, _)| *k == key) {
            return Ok(Some(whole).filter(|whole| fits(whole)).cloned());
        }
        drop(recent);
        let found: Option<Row> = self.store.row(Table::History, &key)?.and_then(|bytes| row::decode(&bytes));
        let Some((goals, epoch, total, kept)) = found else { return Ok(None) };
        let outcomes = kept.into_iter().map(|kept| (kept.derivation, Arc::new(kept.outcome()))).collect();
        let whole = Whole { total: total as usize, outcomes: Arc::new(outcomes), goals, epoch };
        if !fits(&whole) {
            return Ok(None);
        }
        self.remember(key, &whole);
        Ok(Some(whole))
    }

    /// Keeps a build that was done whole, `epoch` being that of the store before it began.
    pub(crate) fn keep(&self, context: &Context, epoch: u64) -> Result<(), StoreError> {
        let plan = &context.plan;
        if is_large(plan) {
            return Ok(());
        }
        let key = self.key(&context.options.workspace, plan);
        let ids = plan.goals.iter().flat_map(|goal| goal.outputs.iter().map(|(id, _)| id).chain(&goal.also));
        let outcomes: HashMap<DerivationId, Arc<Outcome>> =
            ids.filter_map(|id| Some((*id, context.outcome_of(id)?))).collect();
        let total = context.graph.actions();
        let whole = Whole { total, outcomes: Arc::new(outcomes), goals: self.goals(plan), epoch };
        let mut kept: Vec<Kept> = whole.outcomes.iter().map(|(id, outcome)| Kept::new(*id, outcome)).collect();
        kept.sort_by_key(|kept| kept.derivation);
        let row: Row = (whole.goals, epoch, total as u64, kept);
        self.remember(key.clone(), &whole);
        let change: RowChange = (key, row::encode(&row));
        self.store.change_rows(Table::History, &[change])
    }

    fn remember(&self, key: Vec<u8>, whole: &Whole) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.retain(|(k, _)| *k != key);
        recent.truncate(KEPT - 1);
        recent.insert(0, (key, whole.clone()));
    }

    /// Workspace and labels: what a person would call the same build.
    fn key(&self, workspace: &str, plan: &Plan) -> Vec<u8> {
        let function = self.store.function();
        let workspace: WorkKey = short(&function.digest(workspace.as_bytes()).hash);
        let mut hasher = function.hasher();
        for goal in &plan.goals {
            hasher.update(goal.label.as_bytes());
            hasher.update(&[0]);
        }
        [workspace.as_slice(), b"w", &hasher.finish().hash].concat()
    }

    /// Everything that decides what the goals are.
    fn goals(&self, plan: &Plan) -> [u8; 32] {
        let mut hasher = self.store.function().hasher();
        for goal in &plan.goals {
            for (id, path) in &goal.outputs {
                hasher.update(&id.0.key());
                hasher.update(path.as_str().as_bytes());
                hasher.update(&[0]);
            }
            hasher.update(&[1]);
            goal.also.iter().for_each(|id| hasher.update(&id.0.key()));
            hasher.update(&[2]);
        }
        hasher.finish().hash
    }
}

fn is_large(plan: &Plan) -> bool {
    plan.goals.iter().map(|goal| goal.outputs.len() + goal.also.len()).sum::<usize>() > FEW
}

impl Kept {
    fn new(derivation: DerivationId, outcome: &Outcome) -> Kept {
        let Cost { wall_us, user_us, system_us, max_rss_kib } = outcome.cost;
        Kept {
            derivation,
            action: outcome.action,
            outputs: outcome.outputs.clone(),
            stdout: outcome.stdout,
            stderr: outcome.stderr,
            undeclared: outcome.undeclared.clone(),
            level: outcome.level,
            executor: outcome.executor.clone(),
            cost: (wall_us, user_us, system_us, max_rss_kib),
        }
    }

    fn outcome(self) -> Outcome {
        let (wall_us, user_us, system_us, max_rss_kib) = self.cost;
        Outcome {
            action: self.action,
            ending: Ending::Exit(0),
            outputs: self.outputs,
            stdout: self.stdout,
            stderr: self.stderr,
            undeclared: self.undeclared,
            level: self.level,
            executor: self.executor,
            cost: Cost { wall_us, user_us, system_us, max_rss_kib },
        }
    }
}
