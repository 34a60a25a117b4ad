//! What the threads that work for one build share: the plan, its graph, and the outcomes so far.
//!
//! Invariant: only the scheduling loop writes an outcome, and it does so before it lets anybody start who needs
//! it. This file does not know in which order things are done.

use crate::config::BuildOptions;
use crate::execute::Dispatch;
use crate::graph::{Graph, Vertex};
use crate::resolve::SetCache;
use gx_store::{DerivationId, Outcome, Plan, Planned};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Number of a build of this engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct BuildKey(pub(crate) u64);

/// One build, as its workers see it.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) key: BuildKey,
    pub(crate) plan: Arc<Plan>,
    pub(crate) graph: Graph,
    pub(crate) options: BuildOptions,
    /// Runs actions with this build's surroundings.
    pub(crate) executor: Dispatch,
    /// Flattened input sets that several actions name.
    pub(crate) sets: SetCache,
    pub(crate) started: Instant,
    /// How many of its actions may run at once.
    pub(crate) slots: usize,
    outcomes: Vec<Mutex<Option<Arc<Outcome>>>>,
    goals: Vec<bool>,
}

impl Context {
    pub(crate) fn new(
        key: BuildKey,
        plan: Arc<Plan>,
        graph: Graph,
        options: BuildOptions,
        executor: Dispatch,
    ) -> Context {
        let mut goals = vec![false; graph.len()];
        for (id, _) in plan.goals.iter().flat_map(|goal| &goal.outputs) {
            if let Some(goal) = graph.vertex(id).and_then(|v| goals.get_mut(v as usize)) {
                *goal = true;
            }
        }
        let outcomes = (0..graph.len()).map(|_| Mutex::default()).collect();
        let slots = options.jobs.unwrap_or(executor.jobs()).max(1);
        let (sets, started) = (SetCache::default(), Instant::now());
        Context { key, plan, graph, options, executor, sets, started, slots, outcomes, goals }
    }

    /// Must the outputs of this vertex be there at the end?
    pub(crate) fn is_goal(&self, vertex: Vertex) -> bool {
        self.goals.get(vertex as usize).copied().unwrap_or_default()
    }

    /// The derivation of a vertex with its note.
    pub(crate) fn planned(&self, vertex: Vertex) -> Option<(DerivationId, &Planned)> {
        let id = self.graph.derivation(vertex)?;
        Some((id, self.plan.derivations.get(&id)?))
    }

    /// What came of a vertex so far.
    pub(crate) fn outcome(&self, vertex: Vertex) -> Option<Arc<Outcome>> {
        let slot = self.outcomes.get(vertex as usize)?;
        slot.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What came of a derivation so far.
    pub(crate) fn outcome_of(&self, id: &DerivationId) -> Option<Arc<Outcome>> {
        self.outcome(self.graph.vertex(id)?)
    }

    /// Notes what came of a vertex; `None` takes it back.
    pub(crate) fn set_outcome(&self, vertex: Vertex, outcome: Option<Arc<Outcome>>) {
        if let Some(slot) = self.outcomes.get(vertex as usize) {
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = outcome;
        }
    }
}
