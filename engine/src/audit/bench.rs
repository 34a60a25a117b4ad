//! Running one action again, in a world that is asked for, with nothing of it kept in the store.
//!
//! An executor belongs to a world; those in use are kept. Invariant: what is made goes into a store aside.
//! This file does not know what is compared.

use super::differ::Made;
use super::perturbation::{Perturbation, Setting};
use crate::config::EngineConfig;
use crate::execute::builtin;
use crate::level;
use crate::sandbox::{LocalExecutor, SandboxOptions, World};
use gx_store::{Cancel, Commit, ExecuteError, Executor, Job, Level, Outcomes, Store, Work};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

/// Where actions run again.
pub(crate) struct Bench {
    /// As the engine's, over the store aside.
    config: EngineConfig,
    sandbox: SandboxOptions,
    /// The executors that were used last.
    executors: Mutex<Vec<(World, Arc<LocalExecutor>)>>,
    cancel: Cancel,
}

/// Executors that are kept, each with its spawners.
const KEPT: usize = 4;

impl Bench {
    /// A bench over a store aside.
    pub(crate) fn new(config: &EngineConfig, store: Store, sandbox: SandboxOptions, cancel: &Cancel) -> Bench {
        let config = EngineConfig { store, ..config.clone() };
        Bench { config, sandbox, executors: Mutex::default(), cancel: cancel.clone() }
    }

    /// The store aside.
    pub(crate) fn store(&self) -> &Store {
        &self.config.store
    }

    /// How many actions run at once.
    pub(crate) fn jobs(&self, setting: &Setting) -> usize {
        let all = self.config.jobs.max(1);
        if setting.unlike.contains(&Perturbation::Scheduling) { all.div_ceil(2) } else { all }
    }

    /// Was the audit stopped?
    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }

    /// Runs an action once.
    pub(crate) fn run(&self, job: &Job, setting: &Setting) -> Result<Made, ExecuteError> {
        let job = setting.job(job);
        let commit = match self.commit(&job, setting) {
            Ok(commit) => commit,
            Err(error @ (ExecuteError::Cancelled | ExecuteError::Store(_) | ExecuteError::Sandbox { .. })) => {
                return Err(error);
            }
            Err(other) => return Ok(Made::Refused(other.to_string())),
        };
        self.store().prepare(&commit.objects)?;
        let outcome = commit.outcome;
        if outcome.succeeded() { Ok(Made::Outputs(outcome.outputs)) } else { Ok(Made::Ended(outcome.ending)) }
    }

    fn commit(&self, job: &Job, setting: &Setting) -> Result<Commit, ExecuteError> {
        match &job.derivation.work {
            Work::Run(run) => {
                level::check(&job.derivation)?;
                let executor = self.executor(setting.world(run.level))?;
                let tried = catch_unwind(AssertUnwindSafe(|| executor.execute(job, &self.cancel)));
                tried.unwrap_or_else(|_| Err(panicked(job)))
            }
            Work::Builtin(call) => {
                let tried = catch_unwind(AssertUnwindSafe(|| builtin::call(&self.config, job, call)));
                tried.unwrap_or_else(|_| Err(panicked(job)))
            }
            Work::Fetch(_) => Err(ExecuteError::Spawn {
                program: job.derivation.kind().to_owned(),
                why: "bytes whose hash is declared are not fetched again".to_owned(),
            }),
        }
    }

    fn executor(&self, world: World) -> Result<Arc<LocalExecutor>, ExecuteError> {
        let mut executors = self.executors.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, executor)) = executors.iter().find(|(known, _)| *known == world) {
            return Ok(executor.clone());
        }
        let options = SandboxOptions { world: world.clone(), ..self.sandbox.clone() };
        let executor = Arc::new(LocalExecutor::start(self.store().clone(), self.config.jobs.max(2), options)?);
        executors.insert(0, (world, executor.clone()));
        executors.truncate(KEPT);
        Ok(executor)
    }

    /// Runs an action in two settings at the same moment.
    pub(crate) fn pair(&self, job: &Job, one: &Setting, other: &Setting) -> Result<(Made, Made), ExecuteError> {
        // Made before, so that neither has to wait for it.
        if let Work::Run(run) = &setting_level(job, one) {
            self.executor(one.world(run.level))?;
            self.executor(other.world(run.level))?;
        }
        std::thread::scope(|scope| {
            let first = scope.spawn(|| self.run(job, one));
            let second = self.run(job, other);
            let first = first.join().unwrap_or_else(|_| Err(panicked(job)));
            Ok((first?, second?))
        })
    }
}

fn setting_level(job: &Job, setting: &Setting) -> Work {
    setting.job(job).derivation.work.clone()
}

fn panicked(job: &Job) -> ExecuteError {
    ExecuteError::Spawn { program: job.derivation.kind().to_owned(), why: "gx is at fault: a panic".to_owned() }
}

/// Can the question be asked of a job at this level?
pub(crate) fn level_of(job: &Job) -> Option<Level> {
    match &job.derivation.work {
        Work::Run(run) => Some(run.level),
        Work::Builtin(_) | Work::Fetch(_) => None,
    }
}
