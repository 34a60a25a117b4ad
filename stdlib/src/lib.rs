//! What ships inside gx: the rules that BUILD files use, the toolchains that the rules use, packs of contracts, and the
//! targets that code is generated for.
//!
//! The files are those of the repository `@gx`: `rules/cc.bzl` is `@gx//rules:cc.bzl`. They are ordinary Starlark and
//! ordinary contracts, a workspace could bring its own. Invariant: every file below these folders is in the list.
//! This crate does not know how they are evaluated.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test ends when something is wrong"))]

macro_rules! shipped {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../", $path)))),*]
    };
}

const FILES: &[(&str, &str)] = shipped![
    "packs/BUILD.gx",
    "packs/audit.upel",
    "packs/identifiers.upel",
    "packs/money.upel",
    "packs/policy.toml",
    "packs/states.upel",
    "packs/time.upel",
    "packs/units.upel",
    "packs/vectors/audit.json",
    "packs/vectors/identifiers.json",
    "packs/vectors/money.json",
    "packs/vectors/states.json",
    "packs/vectors/time.json",
    "packs/vectors/units.json",
    "rules/cc.bzl",
    "rules/cc_compile.bzl",
    "rules/cc_info.bzl",
    "rules/cc_link.bzl",
    "rules/codegen.bzl",
    "rules/contract.bzl",
    "rules/contract_gates.bzl",
    "rules/debian_tree.bzl",
    "rules/default_toolchain.bzl",
    "rules/filegroup.bzl",
    "rules/gates.bzl",
    "rules/genrule.bzl",
    "rules/host_toolchain.bzl",
    "rules/make_variables.bzl",
    "rules/prelude.bzl",
    "rules/release.bzl",
    "rules/run_environment.bzl",
    "rules/sh.bzl",
    "rules/toolchain.bzl",
    "rules/write_file.bzl",
    "shapes/catalogue.upel",
    "shapes/journal.upel",
    "shapes/machine.upel",
    "shapes/measures.upel",
    "shapes/prices.upel",
    "shapes/schedule.upel",
    "shapes/state.upel",
    "shapes/values.upel",
    "targets/BUILD.gx",
    "targets/aarch64/target.toml",
    "targets/ada/conform.adb.jinja",
    "targets/ada/module.adb.jinja",
    "targets/ada/module.ads.jinja",
    "targets/ada/project.gpr.jinja",
    "targets/ada/support/src/exact.adb",
    "targets/ada/support/src/exact.ads",
    "targets/ada/support/src/exact_arithmetic.adb",
    "targets/ada/support/src/exact_arithmetic.ads",
    "targets/ada/support/test/wire.adb",
    "targets/ada/support/test/wire.ads",
    "targets/ada/target.toml",
    "targets/all.bzl",
    "targets/avr/support/include/exact.h",
    "targets/avr/support/src/exact.c",
    "targets/avr/support/test/board/board.c",
    "targets/avr/support/test/wire.c",
    "targets/avr/target.toml",
    "targets/c/Makefile.jinja",
    "targets/c/conform.c.jinja",
    "targets/c/module.c.jinja",
    "targets/c/module.h.jinja",
    "targets/c/support/include/exact.h",
    "targets/c/support/src/exact.c",
    "targets/c/support/test/wire.c",
    "targets/c/support/test/wire.h",
    "targets/c/target.toml",
    "targets/cvc5/target.toml",
    "targets/forth/conform.fs.jinja",
    "targets/forth/load.fs.jinja",
    "targets/forth/module.fs.jinja",
    "targets/forth/support/src/exact.fs",
    "targets/forth/support/test/wire.fs",
    "targets/forth/target.toml",
    "targets/go/conform.go.jinja",
    "targets/go/module.go.jinja",
    "targets/go/support/exact/big.go",
    "targets/go/support/exact/exact.go",
    "targets/go/support/exact/pattern.go",
    "targets/go/support/go.mod",
    "targets/go/support/wire/wire.go",
    "targets/go/target.toml",
    "targets/haskell/conform.hs.jinja",
    "targets/haskell/module.hs.jinja",
    "targets/haskell/project.cabal.jinja",
    "targets/haskell/support/src/Exact.hs",
    "targets/haskell/support/test/Wire.hs",
    "targets/haskell/target.toml",
    "targets/java/Conform.java.jinja",
    "targets/java/Module.java.jinja",
    "targets/java/pom.xml.jinja",
    "targets/java/support/contracts/exact/Bytes.java",
    "targets/java/support/contracts/exact/ContractException.java",
    "targets/java/support/contracts/exact/Exact.java",
    "targets/java/support/contracts/exact/Maps.java",
    "targets/java/support/contracts/exact/Texts.java",
    "targets/java/support/contracts/wire/Breach.java",
    "targets/java/support/contracts/wire/Out.java",
    "targets/java/support/contracts/wire/Words.java",
    "targets/java/target.toml",
    "targets/javascript/conform.mjs.jinja",
    "targets/javascript/module.mjs.jinja",
    "targets/javascript/package.json.jinja",
    "targets/javascript/support/conformance.mjs",
    "targets/javascript/support/exact.mjs",
    "targets/javascript/target.toml",
    "targets/lisp/conform.lisp.jinja",
    "targets/lisp/module.lisp.jinja",
    "targets/lisp/project.asd.jinja",
    "targets/lisp/support/src/exact.lisp",
    "targets/lisp/support/test/build.lisp",
    "targets/lisp/support/test/wire.lisp",
    "targets/lisp/target.toml",
    "targets/ocaml/conform.ml.jinja",
    "targets/ocaml/dune-project.jinja",
    "targets/ocaml/dune.jinja",
    "targets/ocaml/module.ml.jinja",
    "targets/ocaml/support/lib/exact.ml",
    "targets/ocaml/support/test/wire.ml",
    "targets/ocaml/target.toml",
    "targets/python/conform.py.jinja",
    "targets/python/module.py.jinja",
    "targets/python/pyproject.toml.jinja",
    "targets/python/support/conformance.py",
    "targets/python/support/exact.py",
    "targets/python/target.toml",
    "targets/riscv64/target.toml",
    "targets/rust/Cargo.toml.jinja",
    "targets/rust/conform.rs.jinja",
    "targets/rust/lib.rs.jinja",
    "targets/rust/module.rs.jinja",
    "targets/rust/support/rustfmt.toml",
    "targets/rust/support/src/exact.rs",
    "targets/rust/support/src/wire.rs",
    "targets/rust/target.toml",
    "targets/smtlib/ask.awk.jinja",
    "targets/smtlib/claims.smt2.jinja",
    "targets/smtlib/support/test/answers.awk",
    "targets/smtlib/support/test/prove.sh",
    "targets/smtlib/support/theory/exact.smt2",
    "targets/smtlib/target.toml",
    "targets/smtlib/terms.jinja",
    "targets/smtlib/theory.smt2.jinja",
    "targets/straight/cases.awk.jinja",
    "targets/straight/target.toml",
    "targets/typescript/conform.ts.jinja",
    "targets/typescript/module.ts.jinja",
    "targets/typescript/package.json.jinja",
    "targets/typescript/support/conformance.ts",
    "targets/typescript/support/exact.ts",
    "targets/typescript/support/node.d.ts",
    "targets/typescript/support/tsconfig.json",
    "targets/typescript/target.toml",
    "targets/verilog/conform.v.jinja",
    "targets/verilog/module.v.jinja",
    "targets/verilog/support/test/plan.awk",
    "targets/verilog/support/test/simulate.sh",
    "targets/verilog/target.toml",
    "targets/vhdl/conform.vhd.jinja",
    "targets/vhdl/module.vhd.jinja",
    "targets/vhdl/support/rtl/exact.vhd",
    "targets/vhdl/target.toml",
    "targets/wasm/support/test/run.mjs",
    "targets/wasm/target.toml",
    "toolchains/BUILD.gx",
    "toolchains/chosen.bzl",
];

/// The files of the repository `@gx`, sorted: path and text.
pub fn files() -> &'static [(&'static str, &'static str)] {
    FILES
}

/// The contracts of the packs, sorted: path and text.
pub fn packs() -> impl Iterator<Item = (&'static str, &'static str)> {
    FILES.iter().copied().filter(|(path, _)| path.starts_with("packs/") && path.ends_with(".upel"))
}

/// The numbers that errors of the packs have: lines `category = "first..last"` of a policy.
pub fn numbers_of_packs() -> impl Iterator<Item = &'static str> {
    let policy = FILES.iter().find(|(path, _)| *path == "packs/policy.toml").map_or("", |(_, text)| text);
    policy.lines().skip_while(|line| *line != "[errors]").skip(1).filter(|line| line.contains(" = "))
}

/// The contract that a new one of a shape begins as: its name is `New.Shape`, and its errors have numbers from 1000.
pub fn shape(name: &str) -> Option<&'static str> {
    FILES
        .iter()
        .find(|(path, _)| path.strip_prefix("shapes/").is_some_and(|it| it.strip_suffix(".upel") == Some(name)))
        .map(|it| it.1)
}

#[cfg(test)]
mod tests {
    use super::files;
    use starlark::syntax::{AstModule, Dialect};
    use std::path::Path;

    fn on_disk(folder: &str) -> Vec<String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut found = Vec::new();
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = format!("{folder}/{}", entry.unwrap().file_name().into_string().unwrap());
            if root.join(&path).is_dir() { found.extend(on_disk(&path)) } else { found.push(path) }
        }
        found
    }

    #[test]
    fn every_file_is_shipped() {
        let mut expected: Vec<String> =
            ["packs", "rules", "shapes", "targets", "toolchains"].into_iter().flat_map(on_disk).collect();
        expected.sort();
        let shipped: Vec<&str> = files().iter().map(|(path, _)| *path).collect();
        assert_eq!(shipped, expected);
    }

    #[test]
    fn every_file_parses() {
        let starlark = |path: &str| path.ends_with(".bzl") || path.ends_with("BUILD.gx");
        for (path, text) in files().iter().filter(|it| starlark(it.0)) {
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
