//! What ships inside gx: the rules that BUILD files use, and the toolchains that the rules use.
//!
//! The files are those of the repository `@gx`: `rules/cc.bzl` is `@gx//rules:cc.bzl`. They are ordinary Starlark,
//! a workspace could bring its own. Invariant: every `.bzl` and `BUILD.gx` below this folder is in the list.
//! This crate does not know how they are evaluated.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test ends when something is wrong"))]

macro_rules! shipped {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../", $path)))),*]
    };
}

const FILES: &[(&str, &str)] = shipped![
    "rules/cc.bzl",
    "rules/cc_compile.bzl",
    "rules/cc_info.bzl",
    "rules/cc_link.bzl",
    "rules/contract.bzl",
    "rules/debian_tree.bzl",
    "rules/default_toolchain.bzl",
    "rules/filegroup.bzl",
    "rules/gates.bzl",
    "rules/genrule.bzl",
    "rules/host_toolchain.bzl",
    "rules/make_variables.bzl",
    "rules/prelude.bzl",
    "rules/run_environment.bzl",
    "rules/sh.bzl",
    "rules/toolchain.bzl",
    "rules/write_file.bzl",
    "toolchains/BUILD.gx",
    "toolchains/chosen.bzl",
];

/// The files of the repository `@gx`, sorted: path and text.
pub fn files() -> &'static [(&'static str, &'static str)] {
    FILES
}

#[cfg(test)]
mod tests {
    use super::files;
    use starlark::syntax::{AstModule, Dialect};
    use std::path::Path;

    fn on_disk(folder: &str) -> Vec<String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        std::fs::read_dir(root.join(folder))
            .unwrap()
            .map(|entry| format!("{folder}/{}", entry.unwrap().file_name().into_string().unwrap()))
            .collect()
    }

    #[test]
    fn every_file_is_shipped() {
        let mut expected = on_disk("rules");
        expected.extend(on_disk("toolchains"));
        expected.sort();
        let shipped: Vec<&str> = files().iter().map(|(path, _)| *path).collect();
        assert_eq!(shipped, expected);
    }

    #[test]
    fn every_file_parses() {
        for (path, text) in files() {
            AstModule::parse(path, (*text).to_owned(), &Dialect::Extended).unwrap();
        }
    }

    #[test]
    fn every_rule_has_a_doc() {
        for (path, text) in files() {
            for block in text.split("= rule(").skip(1) {
                let head = block.split("attrs").next().unwrap();
                assert!(head.contains("doc ="), "{path}: a rule without doc");
            }
        }
    }
}
