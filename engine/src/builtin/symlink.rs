//! `symlink`: an input under another name.
//!
//! The output is the input's own node: a content-addressed tree needs no link to share bytes. With `executable` =
//! `true` a file that may not be executed is refused, as Bazel's `is_executable` does. An input that is itself a
//! symlink is turned so that it leads from its new place to where it led before.
//! This file does not know what the input holds.

use super::{check_arguments, flag, one_input, one_output, refuse};
use gx_store::{Builtin, Call, ExecuteError, Node, Output, OutputKind, RelPath, Store};
use std::collections::BTreeMap;

/// The builtin.
#[derive(Debug, Clone, Copy, Default)]
pub struct Symlink;

impl Builtin for Symlink {
    fn name(&self) -> &'static str {
        "symlink"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn call(
        &self,
        call: &Call,
        inputs: &BTreeMap<RelPath, Node>,
        outputs: &[Output],
        _store: &Store,
    ) -> Result<Vec<(RelPath, Node)>, ExecuteError> {
        check_arguments(call, &["executable"])?;
        let (from, node) = one_input(call, inputs)?;
        let output = one_output(call, outputs)?;
        let must_run = flag(call, "executable")?;
        let node = match (node, output.kind) {
            (Node::File { executable, .. }, OutputKind::File) => {
                if must_run && !executable {
                    return Err(refuse(self.name(), format!("'{from}' must be executable and is not")));
                }
                node.clone()
            }
            (Node::Directory(_), OutputKind::Directory) => node.clone(),
            (Node::Symlink(target), OutputKind::File) => {
                let turned = turn(from, target, &output.path);
                Node::Symlink(turned.ok_or_else(|| {
                    refuse(
                        self.name(),
                        format!("the symlink '{from}' leads out of the working directory, to '{target}'"),
                    )
                })?)
            }
            (_, OutputKind::File) => {
                return Err(refuse(
                    self.name(),
                    format!("'{from}' is a folder, but '{}' is declared as a file", output.path),
                ));
            }
            (_, OutputKind::Directory) => {
                return Err(refuse(
                    self.name(),
                    format!("'{from}' is no folder, but '{}' is declared as one", output.path),
                ));
            }
        };
        Ok(vec![(output.path.clone(), node)])
    }
}

/// The target that leads from `to` where `target` led from `from`; `None` when that is outside.
fn turn(from: &RelPath, target: &str, to: &RelPath) -> Option<String> {
    let mut goal: Vec<&str> = from.components().collect();
    goal.pop();
    for component in target.split('/') {
        match component {
            "" | "." => {}
            ".." => {
                goal.pop()?;
            }
            name => goal.push(name),
        }
    }
    let mut start: Vec<&str> = to.components().collect();
    start.pop();
    let shared = start.iter().zip(&goal).take_while(|(a, b)| a == b).count();
    let mut turned: Vec<&str> = vec![".."; start.len().saturating_sub(shared)];
    turned.extend(goal.iter().skip(shared));
    Some(if turned.is_empty() { ".".to_owned() } else { turned.join("/") })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{call, file_output, folder_output, path, store};
    use super::*;
    use gx_store::Blobs;

    fn run(node: Node, arguments: &[(&str, &str)], outputs: &[Output]) -> Result<Node, String> {
        let (_folder, store) = store();
        let inputs = BTreeMap::from([(path("pkg/a"), node)]);
        let made = Symlink.call(&call("symlink", 1, arguments), &inputs, outputs, &store);
        made.map(|mut nodes| nodes.pop().unwrap().1).map_err(|e| e.to_string())
    }

    #[test]
    fn golden() {
        let (_folder, store) = store();
        let file = Node::File { blob: store.put_blob(b"x").unwrap(), executable: true };
        assert_eq!(run(file.clone(), &[("executable", "true")], &file_output("out/pkg/b")), Ok(file));
        let folder = Node::Directory(gx_store::Directory::default().id(store.function()));
        assert_eq!(run(folder.clone(), &[], &folder_output("out/pkg/b")), Ok(folder));
        let link = Node::Symlink("../lib/x".to_owned());
        assert_eq!(run(link, &[], &file_output("out/pkg/b")), Ok(Node::Symlink("../../lib/x".to_owned())));
    }

    #[test]
    fn refusals() {
        let (_folder, store) = store();
        let file = Node::File { blob: store.put_blob(b"x").unwrap(), executable: false };
        let mut said = vec![run(file.clone(), &[("executable", "true")], &file_output("out/b")).unwrap_err()];
        said.push(run(file.clone(), &[("executable", "yes")], &file_output("out/b")).unwrap_err());
        said.push(run(file, &[], &folder_output("out/b")).unwrap_err());
        said.push(run(Node::Symlink("../../x".to_owned()), &[], &file_output("out/b")).unwrap_err());
        insta::assert_snapshot!(said.join("\n"));
    }
}
