//! What an engine is started with, and what a build is asked for with.
//!
//! This file does not know where the values come from: flags and `gx.toml` are read by `cli`.

use gx_store::{Allowance, Builtin, Executor, Fetcher, Store, Surroundings};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// What an engine is made of.
#[derive(Clone)]
pub struct EngineConfig {
    /// Where everything rests.
    pub store: Store,
    /// How many actions run at once, over all builds together, unless a build asks for more. At least 1.
    pub jobs: usize,
    /// Memory that running actions may use together, in KiB, by what they declare or used before; `None`: no limit.
    pub memory_kib: Option<u64>,
    /// Runs processes: the sandbox, or a decorator around it.
    pub executor: Arc<dyn Executor>,
    /// Functions of gx itself.
    pub builtins: Vec<Arc<dyn Builtin>>,
    /// Who fetches, by the name that fetch derivations use.
    pub fetchers: BTreeMap<String, Arc<dyn Fetcher>>,
}

/// Two more than there are processors: an action is handed from process to process a few times before and after it
/// runs, and in those moments another one has the processor.
#[must_use]
pub fn default_jobs() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from) + 2
}

impl EngineConfig {
    /// An engine with `default_jobs`, without builtins and fetchers.
    pub fn new(store: Store, executor: Arc<dyn Executor>) -> EngineConfig {
        EngineConfig {
            store,
            jobs: default_jobs(),
            memory_kib: None,
            executor,
            builtins: Vec::new(),
            fetchers: BTreeMap::new(),
        }
    }
}

impl fmt::Debug for EngineConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineConfig")
            .field("store", &self.store)
            .field("jobs", &self.jobs)
            .field("memory_kib", &self.memory_kib)
            .field("builtins", &self.builtins.iter().map(|b| b.name()).collect::<Vec<_>>())
            .field("fetchers", &self.fetchers.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// How one build is to be done.
#[derive(Debug, Clone, Default)]
pub struct BuildOptions {
    /// Whose history this build belongs to: the workspace's path, or any stable name. Empty: no history is kept.
    pub workspace: String,
    /// Go on after a failure with everything that does not depend on it.
    pub keep_going: bool,
    /// Run actions again whose failure is remembered.
    pub retry: bool,
    /// Look at every action even when nothing can have changed since the last build: to get the outcome of each for
    /// its log, to be told of each action, or after an output turned out to be lost.
    pub thorough: bool,
    /// At most this many actions of this build at once; `None`: as many as the engine has jobs.
    pub jobs: Option<usize>,
    /// Longest run of any action, in milliseconds; a shorter timeout in an action's note holds.
    pub longest_run_ms: Option<u64>,
    /// What each action may use.
    pub allowance: Allowance,
    /// What fetches may use of the machine.
    pub surroundings: Surroundings,
}

impl BuildOptions {
    /// May what was found by earlier builds be taken as it is, while nothing can have changed?
    pub(crate) fn may_repeat(&self) -> bool {
        !self.thorough && !self.workspace.is_empty()
    }
}
