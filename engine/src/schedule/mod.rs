//! The one loop that owns all scheduling state, fed by one closed enum of events.
//!
//! For each vertex of a build: wait for what it needs, ask whether it is known, and if it is not, wait for a
//! flight: one run of one action, shared by every vertex of every build that wants it. Invariants: one action
//! is in flight once; an outcome is durable before it is told; the loop never waits for a disk or a process
//! (checking threads, job slots and the commit thread do, and send events); order is decided by recorded
//! durations, then by the plan. What needs an output may start when the output can be read, before it is durable: the
//! commit thread keeps the order. This file does not know how it is found out whether something is known.

mod build;
mod flight;
mod lost;
mod settled;
mod stop;
mod tell;

pub(crate) use build::Ended;

use crate::config::EngineConfig;
use crate::context::{BuildKey, Context};
use crate::durations::Durations;
use crate::event::{Event, Question};
use crate::execute::{Crew, Task};
use crate::graph::Vertex;
use crate::queue::{Receiver, Sender};
use crate::rebuild::{Answer, Reason, lost_object};
use build::{Build, Finish};
use flight::Flight;
use gx_store::{ActionId, Commit, Executor as _, Job, Outcomes};
use settled::Settled;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Vertices of one build that are asked about or wait for a flight, at most: bounds memory, while what is known
/// already passes through at once.
const WINDOW: usize = 1024;
/// Vertices in one question, at least (when there are as many) and at most. Those of one question can be put in
/// order against each other before the first of them starts.
const BATCH: (usize, usize) = (8, 64);

/// Where the loop sends work.
pub(crate) struct Outlets {
    pub(crate) questions: Sender<Question>,
    pub(crate) tasks: Sender<Task>,
    pub(crate) commits: Sender<Box<Commit>>,
    /// Actions that executors have, for the commit thread: while there are some, more commits will come.
    pub(crate) busy: Arc<AtomicUsize>,
}

/// All scheduling state.
pub(crate) struct Loop {
    config: Arc<EngineConfig>,
    durations: Arc<Durations>,
    outlets: Outlets,
    crew: Crew,
    checkers: usize,
    builds: BTreeMap<BuildKey, Build>,
    flights: HashMap<ActionId, Flight>,
    settled: Settled,
    /// Actions that executors have.
    running: usize,
    /// What they are expected to need.
    running_kib: u64,
}

impl Loop {
    pub(crate) fn new(
        config: Arc<EngineConfig>,
        durations: Arc<Durations>,
        outlets: Outlets,
        crew: Crew,
        checkers: usize,
    ) -> Loop {
        Loop {
            config,
            durations,
            outlets,
            crew,
            checkers,
            builds: BTreeMap::new(),
            flights: HashMap::new(),
            settled: Settled::default(),
            running: 0,
            running_kib: 0,
        }
    }

    /// Runs until the engine is dropped.
    pub(crate) fn run(mut self, events: &Receiver<Event>) {
        while let Some(event) = events.recv() {
            let mut next = Some(event);
            // Everything that happened is taken in before anything is started: better order, fewer wakeups.
            while let Some(event) = next.take() {
                if matches!(event, Event::Stop) {
                    let Loop { outlets, crew, .. } = self;
                    drop(outlets);
                    return crew.disband();
                }
                self.handle(event);
                next = events.try_recv();
            }
            self.ask();
            self.start();
            self.outlets.busy.store(self.running, Ordering::Relaxed);
            self.end_builds();
        }
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Begin { context, notices, ended } => {
                self.make_room(&context);
                let mut build = Build::new(context.clone(), notices, ended);
                build.begin();
                self.builds.insert(context.key, build);
            }
            Event::Cancel(key) => self.cancel(key),
            Event::Checked { batch, context, answers } => {
                for (vertex, answer) in answers {
                    self.checked(&context, vertex, answer);
                }
                self.settled.answered(batch);
            }
            Event::Executed { action, result } => self.executed(action, result),
            Event::Committed(kept) => {
                for (action, result) in kept {
                    self.committed(action, result);
                }
            }
            Event::Blamed { context, vertex, lost, makers } => self.blamed(&context, vertex, lost, &makers),
            Event::Stop => {}
        }
    }

    /// A build may run more actions at once than any before it.
    fn make_room(&mut self, context: &Context) {
        if context.slots > self.crew.size() {
            context.executor.make_room(context.slots);
            if let Err(error) = self.crew.grow(context.slots) {
                tracing::warn!(%error, "only {} actions can run at once: a thread cannot be made", self.crew.size());
            }
        }
    }

    /// Asks about vertices that have all they need.
    fn ask(&mut self) {
        for build in self.builds.values_mut() {
            loop {
                let free = WINDOW.saturating_sub(build.checking + build.waiting);
                let size = (build.ready_to_check() / (2 * self.checkers).max(1)).clamp(BATCH.0, BATCH.1).min(free);
                let vertices = build.take_to_check(size);
                if vertices.is_empty() {
                    break;
                }
                let batch = self.settled.asked();
                let question = Question::Check { batch, context: build.context.clone(), vertices };
                // Only fails when the checking threads are gone, and they live as long as the loop.
                let _ = self.outlets.questions.send(question);
            }
        }
    }

    fn checked(&mut self, context: &Arc<Context>, vertex: Vertex, answer: Answer) {
        let Some(build) = self.builds.get_mut(&context.key) else { return };
        build.answered(vertex);
        if build.stopping {
            return;
        }
        match answer {
            Answer::Known(outcome) => self.finish(context.key, vertex, Finish::known(outcome)),
            Answer::Run(job, reason) => self.wanted(context, vertex, job, reason),
            Answer::Impossible(error) => match lost_object(&error) {
                Some(lost) => self.blame(context.key, vertex, lost),
                None => self.finish(context.key, vertex, Finish::Impossible(error)),
            },
        }
    }

    /// A vertex wants an action to be run: it joins the flight, or opens one.
    fn wanted(&mut self, context: &Arc<Context>, vertex: Vertex, job: Arc<Job>, reason: Reason) {
        let action = job.lowered.id;
        if self.flights.contains_key(&action) {
            return self.join(context.key, vertex, action);
        }
        // Its run may have ended between the question and the answer.
        if let Some(outcome) = self.settled.get(&action) {
            return self.finish(context.key, vertex, Finish::Known { outcome, remembered: false });
        }
        if let Reason::Lost(lost) = reason {
            self.forget(context.key, vertex, action, lost);
        }
        self.open(context, vertex, job, reason);
    }

    /// Forgets an outcome whose outputs are lost. It is not in flight, so no commit of it can be under way, and
    /// the write here cannot take away a newer one.
    fn forget(&mut self, key: BuildKey, vertex: Vertex, action: ActionId, lost: gx_store::Digest) {
        self.settled.remove(&action);
        if let Err(error) = self.config.store.forget(&action) {
            tracing::warn!(%action, %error, "an outcome could not be forgotten");
        }
        if let Some(build) = self.builds.get(&key) {
            build.warn_lost(vertex, lost);
        }
    }

    /// Ends a vertex, and stops its build when that is what a failure means.
    fn finish(&mut self, key: BuildKey, vertex: Vertex, finish: Finish) {
        let Some(build) = self.builds.get_mut(&key) else { return };
        let failed = build.finish(vertex, finish);
        if failed && !build.context.options.keep_going {
            self.stop(key);
        }
    }
}
