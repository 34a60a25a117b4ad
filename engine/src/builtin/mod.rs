//! Builtins: functions of gx itself that derivations name by name and revision.
//!
//! Invariants: a builtin is a pure function of its arguments and inputs; an argument it does not know is refused, so
//! that a misspelt one is found; a changed output needs a changed revision (each file's `golden` test).
//! This file does not know who calls them nor when.

mod debian_tree;
mod host_toolchain;
mod symlink;
mod tree;
mod unpack;
mod write;

pub use debian_tree::DebianTree;
pub use host_toolchain::HostToolchain;
pub use symlink::Symlink;
pub use tree::Tree;
pub use unpack::Unpack;
pub use write::Write;

use gx_store::{Builtin, Call, ExecuteError, Node, Output, OutputKind, RelPath};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Every builtin of this crate.
pub fn all() -> Vec<Arc<dyn Builtin>> {
    vec![
        Arc::new(DebianTree),
        Arc::new(HostToolchain),
        Arc::new(Symlink),
        Arc::new(Tree),
        Arc::new(Unpack::default()),
        Arc::new(Write),
    ]
}

/// The refusal of a builtin.
fn refuse(name: &str, why: impl Into<String>) -> ExecuteError {
    ExecuteError::Builtin { name: name.to_owned(), why: why.into() }
}

/// Refuses arguments that are not `known`.
fn check_arguments(call: &Call, known: &[&str]) -> Result<(), ExecuteError> {
    match call.arguments.keys().find(|key| !known.contains(&key.as_str())) {
        None => Ok(()),
        Some(key) => Err(refuse(&call.name, format!("unknown argument '{key}' (known: {})", known.join(", ")))),
    }
}

/// A truth value; `false` when it is not given.
fn flag(call: &Call, key: &str) -> Result<bool, ExecuteError> {
    match call.arguments.get(key).map(String::as_str) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(other) => Err(refuse(&call.name, format!("argument '{key}' is '{other}', not 'true' or 'false'"))),
    }
}

/// The one input.
fn one_input<'a>(call: &Call, inputs: &'a BTreeMap<RelPath, Node>) -> Result<(&'a RelPath, &'a Node), ExecuteError> {
    match inputs.iter().next() {
        Some(only) if inputs.len() == 1 => Ok(only),
        _ => Err(refuse(&call.name, format!("takes one input, not {}", inputs.len()))),
    }
}

/// The one output.
fn one_output<'a>(call: &Call, outputs: &'a [Output]) -> Result<&'a Output, ExecuteError> {
    match outputs {
        [only] => Ok(only),
        _ => Err(refuse(&call.name, format!("makes one output, not {}", outputs.len()))),
    }
}

/// The one output, which must be declared as `kind`.
fn one_output_of<'a>(call: &Call, outputs: &'a [Output], kind: OutputKind) -> Result<&'a Output, ExecuteError> {
    let output = one_output(call, outputs)?;
    if output.kind == kind {
        return Ok(output);
    }
    let (makes, declared) = match kind {
        OutputKind::File => ("file", "folder"),
        OutputKind::Directory => ("folder", "file"),
    };
    Err(refuse(&call.name, format!("makes a {makes}, but '{}' is declared as a {declared}", output.path)))
}

#[cfg(test)]
mod testing {
    //! What the tests of builtins share.
    use super::*;
    use gx_store::{HashFunction, Store};

    pub(super) fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::in_memory(folder.path(), HashFunction::Blake3);
        (folder, store)
    }

    pub(super) fn call(name: &str, revision: u32, arguments: &[(&str, &str)]) -> Call {
        let arguments = arguments.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Call { name: name.to_owned(), revision, arguments }
    }

    pub(super) fn path(text: &str) -> RelPath {
        RelPath::new(text).unwrap()
    }

    pub(super) fn file_output(text: &str) -> Vec<Output> {
        vec![Output { path: path(text), kind: OutputKind::File }]
    }

    pub(super) fn folder_output(text: &str) -> Vec<Output> {
        vec![Output { path: path(text), kind: OutputKind::Directory }]
    }

    #[test]
    fn names_are_unique_and_calls_are_checked() {
        let all = all();
        let mut names: Vec<_> = all.iter().map(|b| (b.name(), b.revision())).collect();
        names.dedup();
        let known =
            [("debian_tree", 1), ("host_toolchain", 1), ("symlink", 1), ("tree", 1), ("unpack", 1), ("write", 1)];
        assert_eq!(names, known);
        let (_folder, store) = store();
        let bad = call("write", 1, &[("contents", "x")]);
        let error = Write.call(&bad, &BTreeMap::new(), &file_output("out/a"), &store).unwrap_err();
        insta::assert_snapshot!(error.to_string());
        let good = call("write", 1, &[("content", "x")]);
        let error = Write.call(&good, &BTreeMap::new(), &folder_output("out/a"), &store).unwrap_err();
        insta::assert_snapshot!(error.to_string());
    }
}
