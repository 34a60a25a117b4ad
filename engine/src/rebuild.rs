//! Is it known? Resolves a derivation to its action and asks the table of outcomes.
//!
//! Invariants: the answer depends on the plan, the outcomes of what the derivation needs, and the store, never
//! on the order in which things are asked; nothing is written but merged toolchain trees. A remembered failure
//! is known, unless the build retries. A goal whose outputs are not all there is not known. What was known before
//! is known again while nothing can have changed (`remembered.rs`).
//! This file does not know scheduling: who asks, when, and what happens then is `schedule`'s.

use crate::context::Context;
use crate::error::ActionError;
use crate::event::{Event, Question};
use crate::graph::Vertex;
use crate::queue::{Receiver, Sender};
use crate::remembered::Remembered;
use crate::resolve;
use crate::roots::Roots;
use gx_store::action::lower;
use gx_store::{ActionId, Blobs, Digest, Ending, Job, Node, Outcome, Outcomes, Resolved, Store, StoreError, Trees};
use std::sync::Arc;

/// Why an action has to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// No outcome is known.
    Unknown,
    /// Its outputs are lost.
    Lost(Digest),
    /// It failed before and is to be retried.
    Retried,
}

/// Is it known?
#[derive(Debug)]
pub(crate) enum Answer {
    /// Yes: a success or a remembered failure.
    Known(Arc<Outcome>),
    /// No: this is what has to run.
    Run(Arc<Job>, Reason),
    /// The action cannot even be named.
    Impossible(Arc<ActionError>),
}

/// Answers questions.
#[derive(Debug)]
pub(crate) struct Rebuilder {
    store: Store,
    roots: Roots,
    remembered: Arc<Remembered>,
}

impl Rebuilder {
    pub(crate) fn new(store: Store, remembered: Arc<Remembered>) -> Rebuilder {
        Rebuilder { roots: Roots::new(store.clone()), store, remembered }
    }

    /// Answers until nobody can ask or hear any more.
    pub(crate) fn serve(&self, questions: &Receiver<Question>, events: &Sender<Event>) {
        while let Some(question) = questions.recv() {
            let event = match question {
                Question::Check { batch, context, vertices } => {
                    let answers = vertices.into_iter().map(|v| (v, self.check(&context, v))).collect();
                    Event::Checked { batch, context, answers }
                }
                Question::Blame { context, vertex, lost } => {
                    let makers = self.blame(&context, vertex, &lost);
                    Event::Blamed { context, vertex, lost, makers }
                }
            };
            if events.send(event).is_err() {
                return;
            }
        }
    }

    fn check(&self, context: &Context, vertex: Vertex) -> Answer {
        let id = context.graph.derivation(vertex).filter(|_| context.options.may_repeat());
        if let Some(outcome) = id.and_then(|id| self.remembered.get(&id)) {
            return Answer::Known(Arc::new(outcome));
        }
        let answer = self.try_check(context, vertex).unwrap_or_else(|error| Answer::Impossible(Arc::new(error)));
        if matches!(answer, Answer::Run(_, Reason::Lost(_))) {
            self.remembered.clear();
        }
        answer
    }

    fn try_check(&self, context: &Context, vertex: Vertex) -> Result<Answer, ActionError> {
        let job = self.job(context, vertex)?;
        let outcome = match self.store.outcome(&job.lowered.id) {
            Ok(Some(outcome)) => outcome,
            Ok(None) => return Ok(Answer::Run(Arc::new(job), Reason::Unknown)),
            Err(StoreError::Corrupt(lost)) => return Ok(Answer::Run(Arc::new(job), Reason::Lost(lost))),
            Err(other) => return Err(other.into()),
        };
        // What ran out of time may well end when it is given more; and what used too much is no fact of the action.
        let more_time = |had: u64| job.timeout_ms.is_none_or(|now| now > had);
        let may_end = match outcome.ending {
            Ending::TimedOut(had) => more_time(had),
            Ending::Exceeded(..) => true,
            _ => false,
        };
        if !outcome.succeeded() && (context.options.retry || may_end) {
            return Ok(Answer::Run(Arc::new(job), Reason::Retried));
        }
        if context.is_goal(vertex) {
            for (_, node) in &outcome.outputs {
                if let Some(lost) = first_lost(&self.store, node)? {
                    return Ok(Answer::Run(Arc::new(job), Reason::Lost(lost)));
                }
            }
        }
        Ok(Answer::Known(Arc::new(outcome)))
    }

    /// The action of a derivation, ready for an executor.
    pub(crate) fn job(&self, context: &Context, vertex: Vertex) -> Result<Job, ActionError> {
        let Some((id, planned)) = context.planned(vertex) else {
            return Err(ActionError::Internal(format!("vertex {vertex} is no derivation of the plan")));
        };
        let derivation = &planned.derivation;
        let inputs = resolve::inputs(context, derivation)?;
        let mut trees = Vec::with_capacity(derivation.roots.len());
        for source in &derivation.roots {
            match resolve::node(context, source)? {
                Node::Directory(tree) => trees.push(tree),
                _ => return Err(ActionError::RootNotFolder(format!("a root of {id}"))),
            }
        }
        let root = self.roots.merged(&trees)?;
        let resolved = Resolved { derivation, root: &root.directory, inputs: &inputs };
        let lowered = lower(self.store.function(), &resolved).map_err(gx_store::ExecuteError::Inputs)?;
        Ok(Job {
            lowered: Arc::new(lowered),
            derivation: derivation.clone(),
            note: planned.note.clone(),
            inputs: Arc::new(inputs),
            root: root.id,
            timeout_ms: shortest(planned.note.timeout_ms, context.options.longest_run_ms),
            allowance: context.options.allowance,
        })
    }

    /// Which of the actions that `vertex` needs made the lost object, or have lost something else?
    fn blame(&self, context: &Context, vertex: Vertex, lost: &Digest) -> Vec<(Vertex, ActionId)> {
        // Merged toolchain trees are nobody's output; they are made again on the way.
        self.roots.clear();
        self.remembered.clear();
        let mut guilty = Vec::new();
        for maker in context.graph.makers(vertex) {
            let Some(outcome) = context.outcome(maker) else { continue };
            if outcome.outputs.iter().any(|(_, node)| names(node, lost) || self.is_broken(node)) {
                guilty.push((maker, outcome.action));
            }
        }
        guilty
    }

    fn is_broken(&self, node: &Node) -> bool {
        !matches!(first_lost(&self.store, node), Ok(None))
    }
}

/// What a target states and what the build allows: the shorter holds.
fn shortest(stated: Option<u64>, allowed: Option<u64>) -> Option<u64> {
    stated.into_iter().chain(allowed).min()
}

fn names(node: &Node, digest: &Digest) -> bool {
    match node {
        Node::File { blob, .. } => blob.0 == *digest,
        Node::Directory(tree) => tree.0 == *digest,
        Node::Symlink(_) => false,
    }
}

/// The first object of an output that is not there, trees to their ends.
pub(crate) fn first_lost(store: &Store, node: &Node) -> Result<Option<Digest>, StoreError> {
    let mut stack = vec![node.clone()];
    let mut seen = std::collections::HashSet::new();
    while let Some(node) = stack.pop() {
        match node {
            Node::Symlink(_) => {}
            Node::File { blob, .. } => {
                if !store.has_blob(&blob)? {
                    return Ok(Some(blob.0));
                }
            }
            Node::Directory(tree) => {
                if !seen.insert(tree) {
                    continue;
                }
                match store.tree(&tree) {
                    Ok(directory) => stack.extend(directory.entries.values().cloned()),
                    Err(StoreError::Missing(lost) | StoreError::Corrupt(lost)) => return Ok(Some(lost)),
                    Err(other) => return Err(other),
                }
            }
        }
    }
    Ok(None)
}

/// The object that an error says is lost.
pub(crate) fn lost_object(error: &ActionError) -> Option<Digest> {
    use gx_store::{ExecuteError, FetchError};
    let store = match error {
        ActionError::Execute(ExecuteError::Store(store)) => store,
        ActionError::Execute(ExecuteError::Fetch(FetchError::Store(store))) => store,
        ActionError::Commit(store) => store,
        _ => return None,
    };
    match store {
        StoreError::Missing(digest) | StoreError::Corrupt(digest) => Some(*digest),
        StoreError::Dangling { child, .. } => Some(*child),
        _ => None,
    }
}
