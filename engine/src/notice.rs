//! What a person can be shown while a build goes on: one closed enum, one channel for each build.
//!
//! Invariants: `BuildStarted` comes first and `Finished` last; every action that the goals need has one
//! `ActionFinished`, and one more for each time that its outputs were lost (after `Warning::OutputLost`); when it says
//! that an action ran, its outcome is durable. A build in which nothing can have changed since the last tells of no
//! action. Times are durations since the
//! build's start by the monotonic clock: the wall clock is `cli`'s. This file does not know the terminal.

use crate::error::ActionError;
use crate::result::Counts;
use gx_store::{ActionId, DerivationId, Digest, Outcome};
use std::sync::Arc;
use std::time::Duration;

/// How an action ended. See `Counts` for the exact meaning of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum How {
    /// Ran in this build.
    Ran,
    /// Was known, or ran for another build at the same time.
    Cached,
    /// Was known although something below it ran.
    CutOff,
    /// Failed, now or before.
    Failed,
    /// Was not tried.
    Skipped,
}

/// Something to tell.
#[derive(Debug, Clone)]
pub enum Notice {
    /// The plan is understood.
    BuildStarted {
        /// Actions that the goals need.
        total: usize,
    },
    /// An action was given to an executor.
    ActionStarted {
        /// Which derivation.
        derivation: DerivationId,
        /// Which action.
        action: ActionId,
        /// Whose.
        owner: Arc<str>,
        /// What kind of work.
        mnemonic: Arc<str>,
        /// What progress shows.
        message: String,
        /// Since the build's start.
        at: Duration,
        /// Time the rest of the build will take, from recorded durations.
        remaining: Option<Duration>,
    },
    /// An action ended, or needed no run.
    ActionFinished {
        /// Which derivation.
        derivation: DerivationId,
        /// Which action; `None` when its inputs never were known.
        action: Option<ActionId>,
        /// Whose.
        owner: Arc<str>,
        /// What kind of work.
        mnemonic: Arc<str>,
        /// How it ended.
        how: How,
        /// Its outcome, with the blobs of its log: kept from the first run on a cache hit.
        outcome: Option<Arc<Outcome>>,
        /// Why it could not be tried.
        error: Option<Arc<ActionError>>,
        /// Is this a failure remembered from an earlier build?
        remembered: bool,
        /// Since the build's start.
        at: Duration,
        /// When it was given to the executor, if it was in this build.
        started: Option<Duration>,
        /// Time the rest of the build will take, from recorded durations.
        remaining: Option<Duration>,
    },
    /// Something a person should know.
    Warning(Warning),
    /// The build ended.
    Finished {
        /// How many actions ended how.
        counts: Counts,
        /// Since the build's start.
        at: Duration,
    },
}

/// Something that is no failure.
#[derive(Debug, Clone)]
pub enum Warning {
    /// An action made files below `out/` that it did not declare; they were not kept.
    UndeclaredOutputs {
        /// Whose action.
        owner: Arc<str>,
        /// What kind of work.
        mnemonic: Arc<str>,
        /// The files.
        paths: Vec<String>,
    },
    /// A kept output is lost or corrupt; the action that makes it is run again.
    OutputLost {
        /// Whose action.
        owner: Arc<str>,
        /// What kind of work.
        mnemonic: Arc<str>,
        /// What is lost.
        object: Digest,
    },
    /// History or durations could not be written; nothing else is affected.
    RecordsNotKept(String),
}
