//! Outcomes that became durable while questions were open.
//!
//! A question about an action may have looked at the table of outcomes just before the action's commit, and be
//! answered just after it. The action is then in flight no more and unknown to the answer: without this memory
//! it would run twice. Invariant: an outcome is kept here as long as any question asked before it is open.
//! This file does not know what a question is about.

use gx_store::{ActionId, Outcome};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

/// The memory.
#[derive(Debug, Default)]
pub(super) struct Settled {
    next: u64,
    open: BTreeSet<u64>,
    outcomes: HashMap<ActionId, (u64, Arc<Outcome>)>,
    order: VecDeque<(u64, ActionId)>,
}

impl Settled {
    /// A question is asked; its number.
    pub(super) fn asked(&mut self) -> u64 {
        let number = self.next;
        self.next += 1;
        self.open.insert(number);
        number
    }

    /// A question was answered.
    pub(super) fn answered(&mut self, number: u64) {
        self.open.remove(&number);
        let oldest = self.open.first().copied().unwrap_or(self.next);
        while let Some((asked_before, action)) = self.order.front().copied() {
            if asked_before > oldest {
                break;
            }
            self.order.pop_front();
            if self.outcomes.get(&action).is_some_and(|(n, _)| *n == asked_before) {
                self.outcomes.remove(&action);
            }
        }
    }

    /// An outcome became durable.
    pub(super) fn insert(&mut self, outcome: &Arc<Outcome>) {
        if !self.open.is_empty() {
            self.outcomes.insert(outcome.action, (self.next, outcome.clone()));
            self.order.push_back((self.next, outcome.action));
        }
    }

    /// The outcome of an action, if it is that fresh.
    pub(super) fn get(&self, action: &ActionId) -> Option<Arc<Outcome>> {
        self.outcomes.get(action).map(|(_, outcome)| outcome.clone())
    }

    /// It was forgotten.
    pub(super) fn remove(&mut self, action: &ActionId) {
        self.outcomes.remove(action);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gx_store::{BlobId, Cost, Ending, HashFunction, Level};

    fn outcome(name: &str) -> Arc<Outcome> {
        let digest = HashFunction::Blake3.digest(name.as_bytes());
        Arc::new(Outcome {
            action: ActionId(digest),
            ending: Ending::Exit(0),
            outputs: vec![],
            stdout: BlobId(digest),
            stderr: BlobId(digest),
            undeclared: vec![],
            level: Level::Sandboxed,
            executor: String::new(),
            cost: Cost::default(),
        })
    }

    #[test]
    fn an_outcome_is_kept_while_an_older_question_is_open() {
        let (mut settled, a) = (Settled::default(), outcome("a"));
        settled.insert(&a);
        assert!(settled.get(&a.action).is_none(), "nobody asked before");
        let first = settled.asked();
        settled.insert(&a);
        let second = settled.asked();
        settled.answered(second);
        assert!(settled.get(&a.action).is_some());
        settled.answered(first);
        assert!(settled.get(&a.action).is_none());
    }
}
