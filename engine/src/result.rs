//! What came of a build.
//!
//! Invariant: the counts are disjoint and sum to the number of actions that the goals needed.
//! This file does not know how any of it was found out.

use crate::error::ActionError;
use gx_store::{ActionId, DerivationId, Outcome, RelPath};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// How many actions ended how. Disjoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Actions that the goals need.
    pub total: usize,
    /// Ran in this build and succeeded. When several builds wait for one run, exactly one of them counts it here.
    pub run: usize,
    /// Were known, or were run at the same time by somebody else.
    pub cached: usize,
    /// Were known although something they depend on ran in this build (or was itself cut off): its outputs came
    /// out with the same bytes as in some build before.
    pub cutoff: usize,
    /// Failed now, or failed before and are remembered.
    pub failed: usize,
    /// Were not tried, because of a failure or because the build was cancelled.
    pub skipped: usize,
}

/// An action that failed.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Which derivation. The plan has its inputs and its note.
    pub derivation: DerivationId,
    /// Whose it is.
    pub owner: Arc<str>,
    /// What kind of work.
    pub mnemonic: Arc<str>,
    /// What progress shows.
    pub message: String,
    /// Its action, when the inputs could be resolved.
    pub action: Option<ActionId>,
    /// Its outcome (ending, stdout, stderr), when it could be tried.
    pub outcome: Option<Arc<Outcome>>,
    /// Why it could not be tried.
    pub error: Option<Arc<ActionError>>,
    /// Was the failure remembered from an earlier build?
    pub remembered: bool,
}

/// What came of a build.
#[derive(Debug, Clone, Default)]
pub struct BuildResult {
    /// Outcomes by derivation, failures too. When nothing can have changed since the last build of the same goals,
    /// those of the goals alone (see `BuildOptions::thorough`).
    pub outcomes: Arc<HashMap<DerivationId, Arc<Outcome>>>,
    /// How many actions ended how.
    pub counts: Counts,
    /// What failed, in the order in which it was found.
    pub failures: Vec<Failure>,
    /// Was the build cancelled before its end?
    pub cancelled: bool,
    /// How long it took, by the monotonic clock.
    pub took: Duration,
    /// The number of this build among those of its workspace; 0 without a workspace, or when nothing can have
    /// changed since the last one.
    pub number: u64,
}

impl BuildResult {
    /// Did everything that was asked for succeed?
    pub fn succeeded(&self) -> bool {
        !self.cancelled && self.failures.is_empty() && self.counts.skipped == 0
    }

    /// An output that was made.
    pub fn output(&self, derivation: &DerivationId, path: &RelPath) -> Option<&gx_store::Node> {
        self.outcomes.get(derivation)?.output(path)
    }
}
