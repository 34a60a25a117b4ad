//! `layout`: folders and files as one folder.
//!
//! Inputs: `folders`, whose entries meet at the root, and `files`, each at its line of the argument `paths`. Output:
//! `folder`. Two files at one path are refused.

use super::{Given, Made, Product, Step};
use gx_store::{ExecuteError, Node, RelPath, StoreError, Trees};
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
        let mut ahead = vec![(None::<RelPath>, node)];
        while let Some((at, node)) = ahead.pop() {
            match (at, node) {
                (at, Node::Directory(tree)) => {
                    for (name, node) in &given.store.tree(&tree)?.entries {
                        let name = RelPath::new(name.as_str()).map_err(StoreError::from)?;
                        let path = at.as_ref().map_or_else(|| name.clone(), |at| at.join(&name));
                        ahead.push((Some(path), node.clone()));
                    }
                }
                (Some(at), node) => put(at, node)?,
                (None, _) => return Err(given.refuse("the input 'folders' is made of folders")),
            }
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
