//! What a build keeps from being collected: outputs, actions and derivations of what was asked for.
//!
//! One root for each workspace and set of patterns, so that builds of different targets do not drop each other's. A
//! build that fails adds to what its patterns keep, so that the state before the mistake is there when it is mended.

use crate::house::{House, lock};
use crate::project::Project;
use gx_engine::BuildResult;
use gx_rules::Loaded;
use gx_store::{ActionId, DerivationId, Node, Root, Source, StoreError};

/// So many sets of patterns are kept for a workspace.
const KEPT: usize = 256;

/// Makes what a build made a root. False when that would take the whole of it and only the goals are known: the engine
/// found all done by its shortcut, and the root of the build that made it is gone.
pub(super) fn keep(
    house: &House,
    project: &Project,
    patterns: &[String],
    loaded: &Loaded,
    result: &BuildResult,
) -> Result<bool, StoreError> {
    let (store, epoch) = (&house.store, house.store.epoch());
    let prefix = format!("build/{}/", project.root.display());
    let name = format!("{prefix}{}", patterns.join(" "));
    let before = store.root(&name)?;
    if result.outcomes.len() < result.counts.total.saturating_sub(result.counts.skipped + result.counts.failed) {
        if before.is_some() {
            store.use_root(&name)?;
        }
        return Ok(before.is_some());
    }
    let mut nodes: Vec<Node> = loaded
        .targets
        .iter()
        .flat_map(|target| &target.outputs)
        .filter_map(|file| match &file.source {
            Source::Known(node) => Some(node.clone()),
            Source::Output { derivation, path } => result.output(derivation, path).cloned(),
        })
        .collect();
    let mut actions: Vec<ActionId> = result.outcomes.values().map(|outcome| outcome.action).collect();
    let mut derivations: Vec<DerivationId> = result.outcomes.keys().copied().collect();
    if let Some(before) = before.as_ref().filter(|_| !result.succeeded()) {
        nodes.extend(before.nodes.iter().cloned());
        actions.extend(&before.actions);
        derivations.extend(&before.derivations);
    }
    nodes.sort();
    nodes.dedup();
    actions.sort();
    actions.dedup();
    derivations.sort();
    derivations.dedup();
    let root = Root { nodes, actions, derivations };
    if before.as_ref() != Some(&root) {
        // What the root of an earlier build of this process keeps is in the store, while nothing was removed.
        let before = before.filter(|_| lock(&house.rooted).get(&name) == Some(&epoch));
        let kept = |id: &DerivationId| before.as_ref().is_some_and(|it| it.derivations.binary_search(id).is_ok());
        let planned = |id: &DerivationId| Some(&*loaded.plan.derivations.get(id).filter(|_| !kept(id))?.derivation);
        store.put_derivations(&root.derivations.iter().filter_map(planned).collect::<Vec<_>>())?;
        store.put_root(&name, &root)?;
        store.keep_newest_roots(&prefix, KEPT)?;
        lock(&house.rooted).insert(name, epoch);
    } else {
        store.use_root(&name)?;
    }
    Ok(true)
}
