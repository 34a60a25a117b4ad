//! Flights: one run of one action, shared by every vertex of every build that wants it.
//!
//! The first waiter owns the flight: its build's surroundings are used, and it alone counts the run. When it
//! leaves, the next one owns it. Among builds, the one with the fewest running actions is served first; within
//! a build the longest path, then the order of the plan. Invariant: the running actions' expected memory stays
//! within the budget, except that one action always may run.
//! This file does not know why an action is not known.

use super::Loop;
use super::build::{Build, Finish};
use crate::context::{BuildKey, Context};
use crate::error::ActionError;
use crate::event::Executed;
use crate::execute::Task;
use crate::graph::Vertex;
use crate::rebuild::{Reason, lost_object};
use gx_store::{ActionId, Cancel, ExecuteError, Job, Outcome, StoreError};
use std::cmp::Reverse;
use std::sync::Arc;

/// How far a flight is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Waits for a slot.
    Ready,
    /// An executor has it, for this build.
    Running(BuildKey),
    /// The commit thread has its outcome.
    Committing,
}

/// One run of one action.
pub(super) struct Flight {
    pub(super) job: Arc<Job>,
    pub(super) waiters: Vec<(BuildKey, Vertex)>,
    pub(super) phase: Phase,
    pub(super) cancel: Cancel,
    reason: Reason,
    kib: u64,
}

/// Actions that are passed over because they need more memory than is left, at most, before giving up.
const LOOK_AHEAD: usize = 16;

impl Loop {
    /// Opens a flight.
    pub(super) fn open(&mut self, context: &Arc<Context>, vertex: Vertex, job: Arc<Job>, reason: Reason) {
        let Some(build) = self.builds.get_mut(&context.key) else { return };
        build.estimate_all(&self.durations);
        build.board(vertex);
        let action = job.lowered.id;
        build.ready.push((build.priority(vertex), Reverse(vertex), action));
        let kib = build.kib(vertex);
        let waiters = vec![(context.key, vertex)];
        self.flights.insert(action, Flight { job, waiters, phase: Phase::Ready, cancel: Cancel::new(), reason, kib });
    }

    /// Joins a flight.
    pub(super) fn join(&mut self, key: BuildKey, vertex: Vertex, action: ActionId) {
        let (Some(build), Some(flight)) = (self.builds.get_mut(&key), self.flights.get_mut(&action)) else { return };
        build.board(vertex);
        flight.waiters.push((key, vertex));
        if flight.phase != Phase::Ready {
            build.tell_started(vertex, action);
        }
    }

    /// Starts what can be started.
    pub(super) fn start(&mut self) {
        let asked = self.builds.values().map(|build| build.context.slots).max();
        let most = self.config.jobs.max(asked.unwrap_or(1)).min(self.crew.size());
        while self.running < most {
            let Some(action) = self.next() else { return };
            self.launch(action);
        }
    }

    fn next(&mut self) -> Option<ActionId> {
        let can = |build: &Build| !build.stopping && !build.ready.is_empty() && build.running < build.context.slots;
        let mut keys: Vec<(usize, BuildKey)> =
            self.builds.iter().filter(|(_, build)| can(build)).map(|(key, build)| (build.running, *key)).collect();
        keys.sort_unstable();
        keys.into_iter().find_map(|(_, key)| self.next_of(key))
    }

    fn next_of(&mut self, key: BuildKey) -> Option<ActionId> {
        let budget = self.config.memory_kib.filter(|_| self.running > 0).unwrap_or(u64::MAX);
        let build = self.builds.get_mut(&key)?;
        let (mut aside, mut found) = (Vec::new(), None);
        while let Some(entry) = build.ready.pop() {
            let (_, Reverse(vertex), action) = entry;
            let Some(flight) = self.flights.get(&action) else { continue };
            if flight.phase != Phase::Ready || flight.waiters.first() != Some(&(key, vertex)) {
                continue;
            }
            if self.running_kib.saturating_add(flight.kib) <= budget {
                found = Some(action);
                break;
            }
            aside.push(entry);
            if aside.len() == LOOK_AHEAD {
                break;
            }
        }
        build.ready.extend(aside);
        found
    }

    fn launch(&mut self, action: ActionId) {
        let Some(flight) = self.flights.get_mut(&action) else { return };
        let Some((owner, _)) = flight.waiters.first().copied() else { return };
        let Some(build) = self.builds.get_mut(&owner) else { return };
        flight.phase = Phase::Running(owner);
        build.running += 1;
        self.running += 1;
        self.running_kib += flight.kib;
        let task = Task { context: build.context.clone(), job: flight.job.clone(), cancel: flight.cancel.clone() };
        for (key, vertex) in &flight.waiters {
            if let Some(build) = self.builds.get_mut(key) {
                build.tell_started(*vertex, action);
            }
        }
        // The job slots live as long as the loop.
        let _ = self.outlets.tasks.send(task);
    }

    /// An executor is done.
    pub(super) fn executed(&mut self, action: ActionId, result: Result<Executed, ExecuteError>) {
        let Some(flight) = self.flights.get_mut(&action) else { return };
        if let Phase::Running(owner) = flight.phase {
            self.running -= 1;
            self.running_kib -= flight.kib;
            if let Some(build) = self.builds.get_mut(&owner) {
                build.running -= 1;
            }
        }
        match result {
            Ok(Executed { commit, visible }) => {
                flight.phase = Phase::Committing;
                if visible && commit.outcome.succeeded() {
                    let outcome = Arc::new(commit.outcome.clone());
                    for (place, (key, vertex)) in flight.waiters.iter().enumerate() {
                        if let Some(build) = self.builds.get_mut(key) {
                            build.release_early(*vertex, &outcome, place == 0);
                        }
                    }
                }
                // The commit thread lives as long as the loop.
                let _ = self.outlets.commits.send(commit);
            }
            Err(ExecuteError::Cancelled) if flight.cancel.is_cancelled() => self.grounded(action),
            Err(error) => self.abort(action, Arc::new(ActionError::Execute(error))),
        }
    }

    /// A run was cancelled. Whoever came after that still wants it.
    fn grounded(&mut self, action: ActionId) {
        let Some(flight) = self.flights.get_mut(&action) else { return };
        let builds = &mut self.builds;
        flight.waiters.retain(|(key, vertex)| match builds.get_mut(key) {
            Some(build) if build.stopping => {
                build.leave(*vertex);
                false
            }
            other => other.is_some(),
        });
        flight.cancel = Cancel::new();
        self.reopen(action);
    }

    /// Puts a flight back among those that can start, or ends it when nobody waits.
    pub(super) fn reopen(&mut self, action: ActionId) {
        let Some(flight) = self.flights.get_mut(&action) else { return };
        match flight.waiters.first().copied() {
            None => {
                self.flights.remove(&action);
            }
            Some((key, vertex)) => {
                flight.phase = Phase::Ready;
                if let Some(build) = self.builds.get_mut(&key) {
                    build.estimate_all(&self.durations);
                    build.ready.push((build.priority(vertex), Reverse(vertex), action));
                }
            }
        }
    }

    /// A run could not be tried, or its outcome not be kept.
    fn abort(&mut self, action: ActionId, error: Arc<ActionError>) {
        let Some(flight) = self.flights.remove(&action) else { return };
        let lost = lost_object(&error);
        for (key, vertex) in flight.waiters {
            let Some(build) = self.builds.get_mut(&key) else { continue };
            build.leave(vertex);
            match lost {
                Some(lost) if !build.stopping => self.blame(key, vertex, lost),
                _ => self.finish(key, vertex, Finish::Impossible(error.clone())),
            }
        }
    }

    /// An outcome is durable, or could not be kept.
    pub(super) fn committed(&mut self, action: ActionId, result: Result<Arc<Outcome>, Arc<StoreError>>) {
        let outcome = match result {
            Ok(outcome) => outcome,
            Err(error) => return self.abort(action, Arc::new(ActionError::Commit(error))),
        };
        let Some(flight) = self.flights.remove(&action) else { return };
        self.settled.insert(&outcome);
        for (place, (key, vertex)) in flight.waiters.into_iter().enumerate() {
            let Some(build) = self.builds.get_mut(&key) else { continue };
            build.leave(vertex);
            let outcome = outcome.clone();
            let finish = match place {
                0 => Finish::Ran(outcome, flight.reason),
                _ => Finish::Known { outcome, remembered: false },
            };
            self.finish(key, vertex, finish);
        }
    }
}
