//! The account of a plan that was built: each action with what went in and what came out, in dependency order.
//!
//! Two accounts of one plan are equal: the order is by depth (how many actions one after another lie below), then by
//! owner and outputs, and does not depend on how the plan was walked. This file does not know how an account is
//! written down, nor who compares it.

use super::Base;
use crate::error::EngineError;
use crate::graph::{Graph, Vertex};
use gx_store::{ActionId, BlobId, DerivationId, Level, Node, Outcome, RelPath, TreeId, Work};
use std::sync::Arc;

/// An action that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// How many actions one after another lie below it.
    pub depth: u32,
    /// Its derivation.
    pub derivation: DerivationId,
    /// Its action: everything that went in, by one digest.
    pub action: ActionId,
    /// Whose.
    pub owner: Arc<str>,
    /// The kind of work.
    pub mnemonic: Arc<str>,
    /// The level that it asks for; none for a builtin and a fetch.
    pub level: Option<Level>,
    /// Its command.
    pub command: BlobId,
    /// Its inputs, toolchain and all.
    pub inputs: TreeId,
    /// What it made, in the order of paths.
    pub outputs: Vec<(RelPath, Node)>,
}

/// Every action of the plan that succeeded.
pub(crate) fn account(base: &Base<'_>) -> Result<Vec<Entry>, EngineError> {
    let (context, rebuilder) = base.context()?;
    let depths = depths(&context.graph);
    let mut entries = Vec::new();
    for vertex in context.graph.order() {
        let Some((derivation, planned)) = context.planned(*vertex) else { continue };
        let Some(outcome) = context.outcome(*vertex).filter(|outcome| outcome.succeeded()) else { continue };
        let job = rebuilder.job(&context, *vertex).map_err(|error| EngineError::Account(error.to_string()))?;
        let level = match &planned.derivation.work {
            Work::Run(run) => Some(run.level),
            Work::Fetch(_) | Work::Builtin(_) => None,
        };
        let Outcome { action, outputs, .. } = Outcome::clone(&outcome);
        entries.push(Entry {
            depth: depths.get(*vertex as usize).copied().unwrap_or_default(),
            derivation,
            action,
            owner: planned.note.owner.clone(),
            mnemonic: planned.note.mnemonic.clone(),
            level,
            command: job.lowered.command_id,
            inputs: job.lowered.input_root,
            outputs,
        });
    }
    entries.sort_by(|a, b| key(a).cmp(&key(b)));
    Ok(entries)
}

fn key(entry: &Entry) -> (u32, &str, &str, Option<&RelPath>, String) {
    let first = entry.outputs.first().map(|(path, _)| path);
    (entry.depth, &entry.owner, &entry.mnemonic, first, entry.derivation.0.hex())
}

/// Actions below each vertex, the longest way down. Input sets count for nothing.
fn depths(graph: &Graph) -> Vec<u32> {
    let mut depths = vec![0u32; graph.len()];
    for vertex in graph.order() {
        let below = graph.needs(*vertex).map(|need: Vertex| {
            let own = u32::from(graph.derivation(need).is_some());
            depths.get(need as usize).copied().unwrap_or_default() + own
        });
        let deepest = below.max().unwrap_or_default();
        if let Some(depth) = depths.get_mut(*vertex as usize) {
            *depth = deepest;
        }
    }
    depths
}
