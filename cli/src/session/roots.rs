//! What a build keeps from being collected: outputs, actions and derivations of what was asked for.
//!
//! One root for each workspace and set of patterns, so that builds of different targets do not drop each other's.

use crate::project::Project;
use gx_engine::BuildResult;
use gx_rules::Loaded;
use gx_store::{ActionId, DerivationId, Node, Root, Source, Store, StoreError};

/// So many sets of patterns are kept for a workspace.
const KEPT: usize = 64;

/// Makes what a build made a root.
pub(super) fn keep(
    store: &Store,
    project: &Project,
    patterns: &[String],
    loaded: &Loaded,
    result: &BuildResult,
) -> Result<(), StoreError> {
    // The engine found all done by its shortcut: what was made is a root already, from the build that made it.
    if result.outcomes.len() < result.counts.total.saturating_sub(result.counts.skipped + result.counts.failed) {
        return Ok(());
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
    nodes.sort();
    nodes.dedup();
    let mut actions: Vec<ActionId> = result.outcomes.values().map(|outcome| outcome.action).collect();
    actions.sort();
    let mut derivations: Vec<DerivationId> = result.outcomes.keys().copied().collect();
    derivations.sort();
    let root = Root { nodes, actions, derivations };
    let prefix = format!("build/{}/", project.root.display());
    let name = format!("{prefix}{}", patterns.join(" "));
    if store.root(&name)?.as_ref() != Some(&root) {
        let planned = |id: &DerivationId| Some(&*loaded.plan.derivations.get(id)?.derivation);
        store.put_derivations(&root.derivations.iter().filter_map(planned).collect::<Vec<_>>())?;
        store.put_root(&name, &root)?;
        store.keep_newest_roots(&prefix, KEPT)?;
    }
    Ok(())
}
