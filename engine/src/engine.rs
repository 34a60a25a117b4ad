//! The engine as its users hold it: cheap to clone, many builds at once from many threads.
//!
//! Invariants: one loop, one set of job slots and one commit thread serve every build; the last clone that is
//! dropped ends the threads. This file does not know how anything is scheduled.

use crate::audit::{Audit, AuditOptions, Auditor, Base, Entry, Progress, Proof};
use crate::commit;
use crate::config::{BuildOptions, EngineConfig};
use crate::context::{BuildKey, Context};
use crate::durations::{Durations, WorkKey, work_key};
use crate::error::EngineError;
use crate::event::Event;
use crate::execute::{Crew, Dispatch};
use crate::graph::{Graph, Vertex};
use crate::history::History;
use crate::notice::{How, Notice, Warning};
use crate::queue::{self, queue};
use crate::rebuild::Rebuilder;
use crate::remembered::Remembered;
use crate::result::{BuildResult, Counts};
use crate::sandbox::SandboxOptions;
use crate::schedule::{Ended, Loop, Outlets};
use crate::shortcut::{Shortcuts, Whole};
use crossbeam_channel::{Sender, bounded};
use gx_store::{Cancel, Cost, DerivationId, Outcome, Plan, Store, StoreError};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

/// A running engine. The last clone that is dropped stops it.
#[derive(Debug, Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    config: Arc<EngineConfig>,
    durations: Arc<Durations>,
    history: History,
    shortcuts: Shortcuts,
    remembered: Arc<Remembered>,
    events: queue::Sender<Event>,
    next: AtomicU64,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// Checking threads, at most: they read the store and hash, which more of them than this do not speed up.
const MOST_CHECKERS: usize = 8;

impl Engine {
    /// Starts the threads.
    pub fn start(config: EngineConfig) -> Result<Engine, EngineError> {
        let config = Arc::new(config);
        let durations = Arc::new(Durations::new(config.store.clone()));
        let (events, heard) = queue();
        let remembered = Arc::new(Remembered::new(config.store.clone()));
        let rebuilder = Rebuilder::new(config.store.clone(), remembered.clone());
        let threads = Threads { config: config.clone(), events: events.clone(), started: Vec::new() };
        let threads = threads.start(heard, durations.clone(), rebuilder)?;
        let (history, shortcuts) = (History::new(config.store.clone()), Shortcuts::new(config.store.clone()));
        let shared = Shared {
            config,
            durations,
            history,
            shortcuts,
            remembered,
            events,
            next: AtomicU64::new(0),
            threads: Mutex::new(threads),
        };
        Ok(Engine { shared: Arc::new(shared) })
    }

    /// The store it works on.
    pub fn store(&self) -> &Store {
        &self.shared.config.store
    }

    /// Makes the goals of a plan; returns when all is done, failed or cancelled. An action that fails is part of
    /// the result, an error means that the plan cannot be built at all.
    ///
    /// When an output turns out to be lost or corrupt afterwards (`StoreError::Missing` or `Corrupt` while it is
    /// checked out), building the same plan again makes it again.
    pub fn build(
        &self,
        plan: Arc<Plan>,
        options: BuildOptions,
        notices: Sender<Notice>,
        cancel: &Cancel,
    ) -> Result<BuildResult, EngineError> {
        let shared = &self.shared;
        let started = Instant::now();
        let _lease = self.store().lease()?;
        let epoch = self.store().epoch();
        let shortcut = options.may_repeat() && !cancel.is_cancelled();
        if shortcut && let Some(whole) = shared.shortcuts.find(&options.workspace, &plan)? {
            return Ok(repeated(whole, started, &notices));
        }
        let graph = Graph::new(&plan)?;
        let key = BuildKey(shared.next.fetch_add(1, Ordering::Relaxed));
        let executor = Dispatch::new(shared.config.clone(), options.surroundings.clone());
        let context = Arc::new(Context::new(key, plan, graph, options, executor));
        let (ended, end) = bounded(1);
        let begin = Event::Begin { context: context.clone(), notices: notices.clone(), ended };
        shared.events.send(begin).map_err(|_| EngineError::Stopped)?;
        let events = shared.events.clone();
        let guard = cancel.on_cancel(move || {
            // The engine lives as long as this call.
            let _ = events.send(Event::Cancel(key));
        });
        let ended = end.recv().map_err(|_| EngineError::Stopped)?;
        drop(guard);
        let number = self.record(&context, &ended, &notices);
        shared.remembered.keep(&context, &ended, epoch);
        let outcomes = outcomes(&context, &ended.hows);
        let Ended { counts, failures, cancelled, .. } = ended;
        let took = started.elapsed();
        let result = BuildResult { outcomes: Arc::new(outcomes), counts, failures, cancelled, took, number };
        if number > 0 && result.succeeded() {
            self.warn(&notices, shared.shortcuts.keep(&context, epoch));
        }
        // Whoever asked may not listen any more.
        let _ = notices.send(Notice::Finished { counts, at: took });
        Ok(result)
    }

    /// Runs every action of a plan that was built again in a perturbed world and compares; `None` when it was
    /// cancelled. `outcomes` has that of each action (see `BuildOptions::thorough`). The store is not changed.
    pub fn audit(
        &self,
        plan: Arc<Plan>,
        outcomes: &HashMap<DerivationId, Arc<Outcome>>,
        options: &AuditOptions,
        tell: &(dyn Fn(Progress<'_>) + Sync),
        cancel: &Cancel,
    ) -> Result<Option<Audit>, EngineError> {
        let _lease = self.store().lease()?;
        Auditor { base: self.base(plan, outcomes), options, tell, cancel }.audit()
    }

    /// Every action of a plan that was built, with what went in and what came out, in dependency order.
    pub fn account(
        &self,
        plan: Arc<Plan>,
        outcomes: &HashMap<DerivationId, Arc<Outcome>>,
    ) -> Result<Vec<Entry>, EngineError> {
        let _lease = self.store().lease()?;
        self.base(plan, outcomes).account()
    }

    /// Runs every action of a plan that was built again and follows it, to see which files it opens; `None` when it was
    /// cancelled. `tell` hears how many are through, and of how many.
    pub fn prove(
        &self,
        plan: Arc<Plan>,
        outcomes: &HashMap<DerivationId, Arc<Outcome>>,
        sandbox: &SandboxOptions,
        tell: &(dyn Fn(usize, usize) + Sync),
        cancel: &Cancel,
    ) -> Result<Option<Vec<Proof>>, EngineError> {
        let _lease = self.store().lease()?;
        self.base(plan, outcomes).prove(sandbox, tell, cancel)
    }

    fn base<'a>(&self, plan: Arc<Plan>, outcomes: &'a HashMap<DerivationId, Arc<Outcome>>) -> Base<'a> {
        let (config, remembered) = (self.shared.config.clone(), self.shared.remembered.clone());
        Base { config, remembered, plan, outcomes }
    }

    fn warn(&self, notices: &Sender<Notice>, kept: Result<(), StoreError>) {
        if let Err(error) = kept {
            let _ = notices.send(Notice::Warning(Warning::RecordsNotKept(error.to_string())));
        }
    }

    /// Keeps what was learnt, and numbers the build. The build is done whether that works or not.
    fn record(&self, context: &Context, ended: &Ended, notices: &Sender<Notice>) -> u64 {
        let spent = spent(self.store(), context, ended);
        if !spent.is_empty() {
            self.warn(notices, self.shared.durations.record(&spent));
        }
        if context.options.workspace.is_empty() {
            return 0;
        }
        let number = self.shared.history.record(context, ended);
        let kept = number.as_ref().copied().unwrap_or_default();
        self.warn(notices, number.map(|_| ()));
        kept
    }
}

/// A build that repeats one that was done whole.
fn repeated(whole: Whole, started: Instant, notices: &Sender<Notice>) -> BuildResult {
    let Whole { total, outcomes, .. } = whole;
    let (counts, took) = (Counts { total, cached: total, ..Counts::default() }, started.elapsed());
    // Whoever asked may not listen any more.
    let _ = notices.send(Notice::BuildStarted { total });
    let _ = notices.send(Notice::Finished { counts, at: took });
    BuildResult { outcomes, counts, took, ..BuildResult::default() }
}

/// What the actions that ran took.
fn spent(store: &Store, context: &Context, ended: &Ended) -> Vec<(WorkKey, Cost)> {
    let function = store.function();
    let ran = ended.hows.iter().enumerate().filter(|(_, how)| **how == Some(How::Ran));
    ran.filter_map(|(vertex, _)| {
        let (_, planned) = context.planned(vertex as Vertex)?;
        Some((work_key(function, planned), context.outcome(vertex as Vertex)?.cost))
    })
    .collect()
}

/// Outcomes by derivation. One that could not be kept is none.
fn outcomes(context: &Context, hows: &[Option<How>]) -> HashMap<DerivationId, Arc<Outcome>> {
    let known = hows.iter().enumerate().filter_map(|(vertex, how)| {
        let outcome = context.outcome(vertex as Vertex).filter(|o| !(o.succeeded() && *how == Some(How::Failed)))?;
        Some((context.graph.derivation(vertex as Vertex)?, outcome))
    });
    known.collect()
}

impl Drop for Shared {
    fn drop(&mut self) {
        // Builds borrow the engine, so none is under way.
        let _ = self.events.send(Event::Stop);
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a thread of the engine panicked");
            }
        }
    }
}

/// Starts the threads. When one cannot be started, the others end because their channels do.
struct Threads {
    config: Arc<EngineConfig>,
    events: queue::Sender<Event>,
    started: Vec<JoinHandle<()>>,
}

impl Threads {
    fn start(
        mut self,
        heard: queue::Receiver<Event>,
        durations: Arc<Durations>,
        rebuilder: Rebuilder,
    ) -> Result<Vec<JoinHandle<()>>, EngineError> {
        let (questions, asked) = queue();
        let (tasks, to_run) = queue();
        let (commits, to_commit) = queue();
        let busy = Arc::new(AtomicUsize::new(0));
        let checkers = std::thread::available_parallelism().map_or(1, usize::from).min(MOST_CHECKERS);
        let rebuilder = Arc::new(rebuilder);
        for number in 0..checkers {
            let (rebuilder, asked, events) = (rebuilder.clone(), asked.clone(), self.events.clone());
            self.spawn(format!("gx-check-{number}"), move || rebuilder.serve(&asked, &events))?;
        }
        let mut crew = Crew::new(to_run, self.events.clone());
        crew.grow(self.config.jobs.max(1)).map_err(EngineError::Threads)?;
        let (store, events) = (self.config.store.clone(), self.events.clone());
        let running = busy.clone();
        self.spawn("gx-commit".to_owned(), move || commit::serve(&store, &to_commit, &running, &events))?;
        let outlets = Outlets { questions, tasks, commits, busy };
        let main = Loop::new(self.config.clone(), durations, outlets, crew, checkers);
        self.spawn("gx-loop".to_owned(), move || main.run(&heard))?;
        Ok(self.started)
    }

    fn spawn(&mut self, name: String, work: impl FnOnce() + Send + 'static) -> Result<(), EngineError> {
        let thread = std::thread::Builder::new().name(name).spawn(work).map_err(EngineError::Threads)?;
        self.started.push(thread);
        Ok(())
    }
}
