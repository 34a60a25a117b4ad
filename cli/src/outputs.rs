//! `gx-out`: where the outputs of targets are placed for their owner to use.
//!
//! Invariants: a file there is a copy (or a reflink), never a hard link, so that nothing done to it reaches the
//! store; what is there already with the right content is left alone. This file does not know where outputs come from.

use crate::error::Report;
use crate::map;
use gx_engine::BuildResult;
use gx_rules::{LoadedFile, LoadedTarget};
use gx_store::{Node, RelPath, Source, Store, StoreError};
use std::path::{Path, PathBuf};

/// The folder below the workspace.
pub const FOLDER: &str = "gx-out";

/// The node of a file, once it is made.
pub fn node(file: &LoadedFile, result: &BuildResult) -> Option<Node> {
    match &file.source {
        Source::Known(node) => Some(node.clone()),
        Source::Output { derivation, path } => result.output(derivation, path).cloned(),
    }
}

/// Places a target's outputs; gives their paths relative to the workspace, or nothing when one was not made.
pub fn place(
    store: &Store,
    root: &Path,
    target: &LoadedTarget,
    result: &BuildResult,
) -> Result<Option<Vec<String>>, Report> {
    let made = target.outputs.iter().filter(|file| matches!(file.source, Source::Output { .. }));
    let Some(nodes) = made.map(|file| Some((file, node(file, result)?))).collect::<Option<Vec<_>>>() else {
        return Ok(None);
    };
    let folder = if nodes.is_empty() { root.join(FOLDER) } else { own_folder(root)? };
    let mut placed = Vec::new();
    for (file, node) in nodes {
        let Some(below) = file.path.as_str().strip_prefix("out/").and_then(|path| RelPath::new(path).ok()) else {
            continue;
        };
        write(store, &folder, &below, &node)?;
        placed.push(format!("{FOLDER}/{below}"));
    }
    Ok(Some(placed))
}

/// The folder of outputs. A symlink or a file in its place is refused: nothing is ever written outside the workspace.
pub fn own_folder(root: &Path) -> Result<PathBuf, Report> {
    let folder = root.join(FOLDER);
    match std::fs::symlink_metadata(&folder) {
        Ok(meta) if !meta.is_dir() => {
            let what = if meta.is_symlink() { "a symlink" } else { "no folder" };
            Err(Report::new(804, format!("'{}' is {what}, so outputs cannot be placed below it", folder.display()))
                .hint(format!("move '{FOLDER}' away: gx makes a folder of its own there")))
        }
        // It is there, or is made by the first output; any other trouble shows when that is written.
        _ => Ok(folder),
    }
}

/// Writes one node below a folder.
pub fn write(store: &Store, folder: &Path, below: &RelPath, node: &Node) -> Result<(), Report> {
    store.checkout_below(folder, below, node).map_err(|error| match &error {
        StoreError::Io { path, source, .. } if !path.starts_with(store.directory()) => {
            Report::new(804, format!("'{}' cannot be written", path.display())).cause(source)
        }
        _ => map::store(&error),
    })
}
