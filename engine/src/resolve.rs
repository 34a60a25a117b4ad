//! Resolving: every input of a derivation to the node that it is in this build.
//!
//! Invariants: each node of a nested input set is visited once for an action; two different nodes at one path
//! are an error that names where both come from. Flattened sets are kept only while they are small and used,
//! so a chain of sets does not cost its square in memory. This file does not know actions.

use crate::context::Context;
use crate::error::ActionError;
use gx_store::input_set::flatten;
use gx_store::{Derivation, Input, InputSetId, Node, RelPath, Source};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Inputs by path.
pub(crate) type Inputs = BTreeMap<RelPath, Node>;

/// A derivation's own inputs and those of its sets.
pub(crate) fn inputs(context: &Context, derivation: &Derivation) -> Result<Inputs, ActionError> {
    let mut inputs = Inputs::new();
    if !derivation.input_sets.is_empty() {
        for (path, node) in context.sets.flat(context, &derivation.input_sets)?.iter() {
            insert(context, derivation, &mut inputs, path, node.clone())?;
        }
    }
    for input in &derivation.inputs {
        insert(context, derivation, &mut inputs, &input.path, node(context, &input.source)?)?;
    }
    Ok(inputs)
}

/// What a source is in this build.
pub(crate) fn node(context: &Context, source: &Source) -> Result<Node, ActionError> {
    match source {
        Source::Known(node) => Ok(node.clone()),
        Source::Output { derivation, path } => {
            let outcome = context.outcome_of(derivation);
            let output = outcome.as_deref().and_then(|outcome| outcome.output(path)).cloned();
            output.ok_or_else(|| ActionError::Internal(format!("the outcome of {derivation} has no output '{path}'")))
        }
    }
}

fn insert(
    context: &Context,
    derivation: &Derivation,
    inputs: &mut Inputs,
    path: &RelPath,
    node: Node,
) -> Result<(), ActionError> {
    match inputs.get(path) {
        None => {
            inputs.insert(path.clone(), node);
            Ok(())
        }
        Some(there) if *there == node => Ok(()),
        Some(_) => Err(clash(context, derivation, path)),
    }
}

/// Finds the first two different sources at a path. Slow, and only for the error.
fn clash<'a>(context: &'a Context, derivation: &'a Derivation, path: &RelPath) -> ActionError {
    let mut found: Vec<&'a Source> = Vec::new();
    let mut visit = |input: &'a Input| -> Result<(), std::convert::Infallible> {
        if input.path == *path && !found.contains(&&input.source) {
            found.push(&input.source);
        }
        Ok(())
    };
    let _ = flatten(&derivation.input_sets, &|id| context.plan.input_sets.get(id).map(Arc::as_ref), &mut visit);
    let _ = derivation.inputs.iter().try_for_each(visit);
    let mut names = found.iter().map(|source| origin(context, source));
    let mut next = || names.next().unwrap_or_else(|| "another input".to_owned());
    ActionError::Clash { path: path.clone(), first: next(), second: next() }
}

fn origin(context: &Context, source: &Source) -> String {
    match source {
        Source::Known(Node::File { .. }) => "a source file".to_owned(),
        Source::Known(Node::Directory(_)) => "a source folder".to_owned(),
        Source::Known(Node::Symlink(target)) => format!("a symlink to '{target}'"),
        Source::Output { derivation, path } => match context.plan.derivations.get(derivation) {
            Some(planned) => format!("'{path}' of {}", planned.note.owner),
            None => format!("'{path}' of {derivation}"),
        },
    }
}

/// What an action's list of sets comes to.
type Flat = Arc<[(RelPath, Node)]>;

/// The flattened sets that were used last: the actions of one target name the same ones, one after the other.
#[derive(Debug, Default)]
pub(crate) struct SetCache {
    last: Mutex<Vec<(Vec<InputSetId>, Flat)>>,
}

/// Lists that are kept, and the longest that is.
const KEPT: usize = 8;
const KEPT_LENGTH: usize = 50_000;

impl SetCache {
    /// The inputs of these sets, each node visited once.
    fn flat(&self, context: &Context, sets: &[InputSetId]) -> Result<Flat, ActionError> {
        if let Some((_, flat)) = self.lock().iter().find(|(key, _)| key == sets) {
            return Ok(flat.clone());
        }
        let mut flat: Vec<(RelPath, Node)> = Vec::new();
        let walked = flatten(sets, &|id| context.plan.input_sets.get(id).map(Arc::as_ref), &mut |input| {
            flat.push((input.path.clone(), node(context, &input.source)?));
            Ok::<(), ActionError>(())
        })?;
        if let Err(missing) = walked {
            return Err(ActionError::Internal(format!("the input set {missing} is not in the plan")));
        }
        let flat: Flat = flat.into();
        if flat.len() <= KEPT_LENGTH {
            let mut last = self.lock();
            last.truncate(KEPT - 1);
            last.insert(0, (sets.to_vec(), flat.clone()));
        }
        Ok(flat)
    }

    /// Forgets everything: an outcome was taken back.
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(Vec<InputSetId>, Flat)>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
