//! Stopping: after a failure, on cancel, and at the end.
//!
//! After a failure nothing new starts and what is running goes on to its end. A cancelled build also ends those of its
//! running actions that nobody else waits for, and ends itself only when they have ended.
//! This file does not know how a process is ended.

use super::Loop;
use super::build::Ended;
use super::flight::Phase;
use crate::context::BuildKey;
use gx_store::ActionId;

impl Loop {
    /// Starts nothing more for a build.
    pub(super) fn stop(&mut self, key: BuildKey) {
        let Some(build) = self.builds.get_mut(&key) else { return };
        if build.stopping {
            return;
        }
        build.stopping = true;
        build.to_check.clear();
        build.ready.clear();
        let mut changed: Vec<ActionId> = Vec::new();
        for (action, flight) in &mut self.flights {
            if flight.phase != Phase::Ready {
                continue;
            }
            let before = flight.waiters.len();
            flight.waiters.retain(|(waiter, vertex)| {
                if *waiter == key {
                    build.leave(*vertex);
                }
                *waiter != key
            });
            if flight.waiters.len() != before {
                changed.push(*action);
            }
        }
        for action in changed {
            self.reopen(action);
        }
    }

    /// Somebody does not want a build any more.
    pub(super) fn cancel(&mut self, key: BuildKey) {
        let Some(build) = self.builds.get_mut(&key) else { return };
        build.cancelled = true;
        self.stop(key);
        let cancelled = |builds: &std::collections::BTreeMap<BuildKey, super::Build>, key: &BuildKey| {
            builds.get(key).is_none_or(|build| build.cancelled)
        };
        for flight in self.flights.values_mut() {
            if !flight.waiters.iter().any(|(waiter, _)| *waiter == key) || !matches!(flight.phase, Phase::Running(_)) {
                continue;
            }
            if flight.waiters.iter().all(|(waiter, _)| cancelled(&self.builds, waiter)) {
                flight.cancel.cancel();
                continue;
            }
            let Some(build) = self.builds.get_mut(&key) else { continue };
            flight.waiters.retain(|(waiter, vertex)| {
                if *waiter == key {
                    build.leave(*vertex);
                }
                *waiter != key
            });
        }
    }

    /// Ends the builds that have nothing more to do.
    pub(super) fn end_builds(&mut self) {
        let over = |build: &super::Build| build.checking == 0 && build.waiting == 0 && build.to_check.is_empty();
        while let Some(key) = self.builds.iter().find(|(_, build)| over(build)).map(|(key, _)| *key) {
            let Some(mut build) = self.builds.remove(&key) else { return };
            build.skip_rest();
            let super::Build { counts, failures, cancelled, hows, reasons, ended, notices, .. } = build;
            drop(notices);
            // Whoever waited may be gone.
            let _ = ended.send(Ended { counts, failures, cancelled, hows, reasons });
        }
        // A large build leaves room for many flights behind.
        if self.builds.is_empty() {
            self.flights.shrink_to_fit();
        }
    }
}
