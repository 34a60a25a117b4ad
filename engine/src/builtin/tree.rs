//! `tree`: files at paths of one's choice, as a folder.
//!
//! Inputs: files and folders. Argument `files`: a line `<input> <path>` for each. This file does not know what the
//! folder is for.

use super::{check_arguments, one_output_of, refuse};
use gx_store::{Builtin, Call, ExecuteError, Node, Output, OutputKind, RelPath, Store, StoreError, TreeBuilder, Trees};
use std::collections::BTreeMap;

/// The builtin.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tree;

impl Builtin for Tree {
    fn name(&self) -> &'static str {
        "tree"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn call(
        &self,
        call: &Call,
        inputs: &BTreeMap<RelPath, Node>,
        outputs: &[Output],
        store: &Store,
    ) -> Result<Vec<(RelPath, Node)>, ExecuteError> {
        check_arguments(call, &["files"])?;
        let output = one_output_of(call, outputs, OutputKind::Directory)?;
        let mut builder = TreeBuilder::new();
        for line in call.arguments.get("files").map_or("", String::as_str).lines() {
            let (from, to) = line.split_once(' ').unwrap_or((line, ""));
            let from = RelPath::new(from).map_err(StoreError::from)?;
            let to = RelPath::new(to).map_err(|e| refuse(self.name(), e.to_string()))?;
            let node = inputs.get(&from).ok_or_else(|| refuse(self.name(), format!("'{from}' is no input")))?;
            add(&mut builder, &to, node, store)?;
        }
        Ok(vec![(output.path.clone(), Node::Directory(store.put_built(&builder)?))])
    }
}

/// A folder is added entry by entry, so that two of them may meet.
fn add(builder: &mut TreeBuilder, at: &RelPath, node: &Node, store: &Store) -> Result<(), ExecuteError> {
    let mut ahead = vec![(at.clone(), node.clone())];
    while let Some((at, node)) = ahead.pop() {
        let added = match &node {
            Node::Directory(tree) => {
                for (name, node) in &store.tree(tree)?.entries {
                    ahead.push((at.join(&RelPath::new(name.as_str()).map_err(StoreError::from)?), node.clone()));
                }
                builder.insert_folder(&at)
            }
            other => builder.insert(&at, other.clone()),
        };
        added.map_err(|e| refuse("tree", e.to_string()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{call, folder_output, path, store};
    use super::*;
    use gx_store::Blobs;

    fn run(files: &str) -> Result<String, String> {
        let (_folder, store) = store();
        let file = |text: &str| Node::File { blob: store.put_blob(text.as_bytes()).unwrap(), executable: false };
        let mut builder = TreeBuilder::new();
        builder.insert(&path("x/y"), file("y")).unwrap();
        let tree = store.put_built(&builder).unwrap();
        let inputs = BTreeMap::from([(path("a"), file("a")), (path("t"), Node::Directory(tree))]);
        let made = Tree.call(&call("tree", 1, &[("files", files)]), &inputs, &folder_output("out/t"), &store);
        match made.map_err(|e| e.to_string())?.pop() {
            Some((_, Node::Directory(tree))) => Ok(tree.to_string()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn golden() {
        // A changed digest needs a changed revision.
        assert_eq!(
            run("a etc/a\nt etc\n").as_deref(),
            Ok("6aeb0723aabe971e6afc2407a3f4ee444f6f685c0f295f4e5ac3cbe18908a9b0")
        );
    }

    #[test]
    fn what_cannot_be_placed_is_refused() {
        let said = ["a ../x", "b x", "a x\na x/y", "a x\nt ."].map(|files| run(files).unwrap_err());
        insta::assert_snapshot!(said.join("\n"));
    }
}
