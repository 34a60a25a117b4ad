//! `layout`: folders and files as one folder.
//!
//! Inputs: `folders`, whose entries meet at the root, and `files`, each at its line of the argument `paths`. Output:
//! `folder`. Two files at one path are refused.

use super::{Given, Made, Product, Step};
use gx_store::{ExecuteError, Node, RelPath, StoreError};
use std::collections::BTreeMap;

pub(super) const STEP: Step = Step {
    name: "layout",
    revision: 1,
    inputs: &["folders", "files"],
    outputs: &["folder"],
    arguments: &["paths"],
    run,
};

fn run(given: &Given<'_>) -> Result<Made, ExecuteError> {
    let mut made: BTreeMap<RelPath, Node> = BTreeMap::new();
    let mut put = |path: RelPath, node: Node| match made.insert(path.clone(), node.clone()) {
        Some(other) if other != node => Err(given.refuse(format!("two files are to be '{path}'"))),
        _ => Ok(()),
    };
    for node in given.nodes("folders")? {
        for (at, node) in given.leaves(node)? {
            put(at.ok_or_else(|| given.refuse("the input 'folders' is made of folders"))?, node)?;
        }
    }
    let nodes = given.nodes("files")?;
    let paths: Vec<&str> = given.word("paths").lines().collect();
    if nodes.len() != paths.len() {
        return Err(given.refuse("each file has its path"));
    }
    for (node, path) in nodes.into_iter().zip(paths) {
        put(RelPath::new(path).map_err(StoreError::from)?, node)?;
    }
    Ok(vec![("folder", Product::Nodes(made))])
}
