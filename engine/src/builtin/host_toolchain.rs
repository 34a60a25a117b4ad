//! `host_toolchain`: the tree that a host import's manifest names.
//!
//! One input, the manifest; no arguments. The files it names were put into the store by the import.
//! This file does not know the host: it is a pure function of the manifest.

use super::{check_arguments, one_input, one_output_of, refuse};
use crate::host::Manifest;
use gx_store::{Blobs, Builtin, Call, ExecuteError, Node, Output, OutputKind, RelPath, Store, StoreError};
use std::collections::BTreeMap;

/// The builtin.
#[derive(Debug, Clone, Copy, Default)]
pub struct HostToolchain;

impl Builtin for HostToolchain {
    fn name(&self) -> &'static str {
        "host_toolchain"
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
        check_arguments(call, &[])?;
        let output = one_output_of(call, outputs, OutputKind::Directory)?;
        let (from, node) = one_input(call, inputs)?;
        let Node::File { blob, .. } = node else {
            return Err(refuse(self.name(), format!("'{from}' is no file")));
        };
        let text = String::from_utf8(store.blob(blob)?)
            .map_err(|_| refuse(self.name(), format!("'{from}' is no manifest: it is not UTF-8")))?;
        let manifest = Manifest::parse(&text).map_err(|e| refuse(self.name(), e.to_string()))?;
        for node in manifest.entries.values().flatten() {
            if let Node::File { blob, .. } = node
                && !store.has_blob(blob)?
            {
                return Err(StoreError::Missing(blob.0).into());
            }
        }
        let tree = manifest.put_tree(store)?;
        Ok(vec![(output.path.clone(), Node::Directory(tree))])
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{call, folder_output, path, store};
    use super::*;

    fn run(store: &Store, text: &str) -> Result<Node, ExecuteError> {
        let blob = store.put_blob(text.as_bytes()).unwrap();
        let inputs = BTreeMap::from([(path("out/manifest"), Node::File { blob, executable: false })]);
        let made = HostToolchain.call(&call("host_toolchain", 1, &[]), &inputs, &folder_output("out/root"), store);
        made.map(|mut nodes| nodes.pop().unwrap().1)
    }

    #[test]
    fn golden() {
        let (_folder, store) = store();
        let blob = store.put_blob(b"x").unwrap();
        let text = format!("l usr/bin bin\nd - tmp\nx {0} usr/bin/cc\nf {0} usr/include/a.h\n", blob.0);
        let Node::Directory(tree) = run(&store, &text).unwrap() else { panic!("no tree") };
        // A changed digest needs a changed revision.
        assert_eq!(tree.to_string(), "567edf5142db3033e3b8f1ffb3a9f193bb24bd0416180c08381863e650d427f9");
    }

    #[test]
    fn what_is_not_in_the_store_is_named() {
        let (_folder, store) = store();
        let digest = store.function().digest(b"never put");
        assert!(matches!(
            run(&store, &format!("f {digest} a\n")),
            Err(ExecuteError::Store(StoreError::Missing(missing))) if missing == digest
        ));
        insta::assert_snapshot!(run(&store, "nonsense").unwrap_err().to_string());
    }
}
