//! `write`: a file whose content is an argument.
//!
//! Arguments: `content`, `executable` (`true` or `false`, the latter when it is not given). No inputs.
//! This file does not know what is written.

use super::{check_arguments, flag, one_output_of, refuse};
use gx_store::{Blobs, Builtin, Call, ExecuteError, Node, Output, OutputKind, RelPath, Store};
use std::collections::BTreeMap;

/// The builtin.
#[derive(Debug, Clone, Copy, Default)]
pub struct Write;

impl Builtin for Write {
    fn name(&self) -> &'static str {
        "write"
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
        check_arguments(call, &["content", "executable"])?;
        if !inputs.is_empty() {
            return Err(refuse(self.name(), format!("takes no inputs, not {}", inputs.len())));
        }
        let output = one_output_of(call, outputs, OutputKind::File)?;
        let executable = flag(call, "executable")?;
        let content =
            call.arguments.get("content").ok_or_else(|| refuse(self.name(), "argument 'content' is missing"))?;
        let blob = store.put_blob(content.as_bytes())?;
        Ok(vec![(output.path.clone(), Node::File { blob, executable })])
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{call, file_output, path, store};
    use super::*;

    #[test]
    fn golden() {
        let (_folder, store) = store();
        let call = call("write", Write.revision(), &[("content", "hello\n"), ("executable", "true")]);
        let outputs = Write.call(&call, &BTreeMap::new(), &file_output("out/p/a.sh"), &store).unwrap();
        let [(at, Node::File { blob, executable: true })] = outputs.as_slice() else { panic!("{outputs:?}") };
        assert_eq!(at, &path("out/p/a.sh"));
        assert_eq!(store.blob(blob).unwrap(), b"hello\n");
        // A changed digest needs a changed revision.
        assert_eq!(blob.to_string(), "8e4c7c1b99dbfd50e7a95185fead5ee1448fa904a2fdd778eaf5f2dbfd629a99");
    }

    #[test]
    fn content_must_be_given() {
        let (_folder, store) = store();
        let call = call("write", 1, &[]);
        let error = Write.call(&call, &BTreeMap::new(), &file_output("out/a"), &store).unwrap_err();
        insta::assert_snapshot!(error.to_string());
    }
}
