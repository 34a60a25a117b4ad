//! `gx-out`: where the outputs of targets are placed for their owner to use.
//!
//! Invariants: a file there is a copy (or a reflink), never a hard link, so that nothing done to it reaches the
//! store; what is there already with the right content is left alone. This file does not know where outputs come from.

use crate::error::Report;
use crate::map;
use gx_engine::BuildResult;
use gx_rules::{LoadedFile, LoadedTarget};
use gx_store::{Digest, Node, RelPath, Source, Store, StoreError};
use std::collections::HashMap;
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

/// What of a target was placed: paths relative to the workspace; nothing when one of its outputs was not made.
type Placed = Option<Vec<String>>;

/// Places the outputs of targets, each target's for itself: one that fails does not keep back another's.
pub fn place(
    store: &Store,
    root: &Path,
    targets: &[LoadedTarget],
    result: &BuildResult,
) -> Vec<Result<Placed, Report>> {
    let mut wanted: Vec<(RelPath, Node)> = Vec::new();
    let mut shares: Vec<Option<std::ops::Range<usize>>> = Vec::with_capacity(targets.len());
    for target in targets {
        let first = wanted.len();
        let made = target.outputs.iter().filter(|file| matches!(file.source, Source::Output { .. }));
        let nodes = made.map(|file| Some((file, node(file, result)?))).collect::<Option<Vec<_>>>();
        let below = |path: &RelPath| path.as_str().strip_prefix("out/").and_then(|path| RelPath::new(path).ok());
        for (file, node) in nodes.iter().flatten() {
            wanted.extend(below(&file.path).map(|below| (below, node.clone())));
        }
        shares.push(nodes.map(|_| first..wanted.len()));
    }
    let folder = if wanted.is_empty() { Ok(root.join(FOLDER)) } else { own_folder(root) };
    let mut ends = match &folder {
        Ok(folder) => store.checkout_below(folder, &wanted).into_iter(),
        Err(_) => Vec::new().into_iter(),
    };
    let one = |share: Option<std::ops::Range<usize>>| {
        let Some(share) = share else { return Ok(None) };
        match &folder {
            Err(report) if !share.is_empty() => return Err(report.clone()),
            _ => {}
        }
        let own: Vec<_> = ends.by_ref().take(share.len()).collect();
        own.into_iter().collect::<Result<(), _>>().map_err(|error| told(store, &error))?;
        Ok(Some(wanted.get(share).into_iter().flatten().map(|(at, _)| format!("{FOLDER}/{at}")).collect()))
    };
    shares.into_iter().map(one).collect()
}

/// Contents of the files that were placed, by path relative to the workspace.
pub fn contents(targets: &[LoadedTarget], result: &BuildResult) -> HashMap<String, Digest> {
    let files = targets.iter().flat_map(|target| &target.outputs);
    let known = files.filter_map(|file| match node(file, result)? {
        Node::File { blob, .. } => Some((format!("{FOLDER}/{}", file.path.as_str().strip_prefix("out/")?), blob.0)),
        _ => None,
    });
    known.collect()
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

/// Writes nodes below a folder.
pub fn write(store: &Store, folder: &Path, items: &[(RelPath, Node)]) -> Result<(), Report> {
    let ends = store.checkout_below(folder, items);
    ends.into_iter().collect::<Result<(), _>>().map_err(|error| told(store, &error))
}

fn told(store: &Store, error: &StoreError) -> Report {
    match error {
        StoreError::Io { path, source, .. } if !path.starts_with(store.directory()) => {
            // An output is written under another name first; what matters to a person is the folder.
            let folder = path.parent().filter(|_| path.extension().is_some_and(|it| it == "tmp")).unwrap_or(path);
            Report::new(804, format!("'{}' cannot be written", folder.display()))
                .cause(source)
                .hint(format!("give yourself write permission there, or move '{FOLDER}' away; what was built is kept"))
        }
        _ => map::store(error),
    }
}
