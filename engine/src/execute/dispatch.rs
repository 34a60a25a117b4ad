//! Who runs what: processes go to the executor of the configuration, fetches to fetchers, builtins to the registry.
//!
//! A dispatch belongs to one build, because a fetch may use what the person who asked has (proxies, `CARGO_HOME`).
//! This file does not know how any of the three is done.

use crate::config::EngineConfig;
use crate::execute::{builtin, fetch};
use gx_store::{Cancel, Commit, ExecuteError, Executor, Job, Store, Surroundings, Work};
use std::sync::Arc;

/// An executor for every kind of work.
#[derive(Debug, Clone)]
pub(crate) struct Dispatch {
    config: Arc<EngineConfig>,
    surroundings: Surroundings,
}

impl Dispatch {
    pub(crate) fn new(config: Arc<EngineConfig>, surroundings: Surroundings) -> Dispatch {
        Dispatch { config, surroundings }
    }

    /// The store that everything goes into.
    pub(crate) fn store(&self) -> &Store {
        &self.config.store
    }

    /// How many actions of a build the engine runs at once when the build does not say.
    pub(crate) fn jobs(&self) -> usize {
        self.config.jobs
    }
}

impl Executor for Dispatch {
    fn make_room(&self, jobs: usize) {
        self.config.executor.make_room(jobs);
    }

    fn execute(&self, job: &Job, cancel: &Cancel) -> Result<Commit, ExecuteError> {
        match &job.derivation.work {
            Work::Run(_) => self.config.executor.execute(job, cancel),
            Work::Fetch(wanted) => fetch::fetch(&self.config, &self.surroundings, job, wanted, cancel),
            Work::Builtin(call) => builtin::call(&self.config, job, call),
        }
    }
}
