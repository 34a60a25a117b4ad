//! What each target writes of the example `ledger`, and of a contract with names that clash.

use super::docs::DocSet;
use super::{Files, Target, contract};
use crate::diagnostic::Rules;
use crate::ir::Contract;
use crate::load::{Source, load};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A target that ships.
fn target(id: &str) -> Target {
    fn add(folder: &Path, prefix: &str, texts: &mut BTreeMap<String, String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                add(&entry.path(), &format!("{name}/"), texts);
            } else {
                texts.insert(name, std::fs::read_to_string(entry.path()).unwrap());
            }
        }
    }
    let mut texts = BTreeMap::new();
    let mut next = Some(id.to_owned());
    while let Some(id) = next {
        let mut own = BTreeMap::new();
        add(&root().join("stdlib/targets").join(&id), &format!("{id}/"), &mut own);
        next = Target::base(&own);
        texts.append(&mut own);
    }
    Target::read(&texts).unwrap()
}

/// Contracts of texts.
fn contracts(texts: &[(&str, String)]) -> Vec<Arc<Contract>> {
    let sources =
        texts.iter().map(|(name, text)| Source { name: (*name).to_owned(), bytes: text.clone().into_bytes() });
    let loaded = load(sources.collect(), Rules::all(), 1);
    let one = |it: crate::load::Loaded| it.contract.unwrap_or_else(|| panic!("{}: {:?}", it.source.name, it.faults));
    loaded.into_iter().map(one).collect()
}

fn ledger() -> Vec<Arc<Contract>> {
    let folder = root().join("examples/ledger/contracts");
    let names = ["accounts", "fees", "limits", "money"];
    let texts = names.map(|name| (name, std::fs::read_to_string(folder.join(format!("{name}.upel"))).unwrap()));
    contracts(&texts)
}

fn all(files: &Files) -> String {
    files.iter().map(|(path, text)| format!("==> {path}\n{text}")).collect()
}

fn emitted(id: &str) {
    let target = target(id);
    for it in ledger() {
        let output = contract(&it, &DocSet::of(&it), &target).unwrap();
        let lost: Vec<_> = output.operators.iter().filter(|it| it.reason.is_some()).collect();
        let name = it.name.rsplit('.').next().unwrap().to_lowercase();
        insta::assert_snapshot!(format!("{id}_{name}"), format!("{}lost: {lost:?}\n", all(&output.source)));
    }
}

#[test]
fn c() {
    emitted("c");
}

#[test]
fn go() {
    emitted("go");
}

#[test]
fn java() {
    emitted("java");
}

#[test]
fn typescript() {
    emitted("typescript");
}

#[test]
fn javascript() {
    emitted("javascript");
}

#[test]
fn python() {
    emitted("python");
}

#[test]
fn ada() {
    emitted("ada");
}

#[test]
fn forth() {
    emitted("forth");
}

#[test]
fn haskell() {
    emitted("haskell");
}

#[test]
fn lisp() {
    emitted("lisp");
}

#[test]
fn ocaml() {
    emitted("ocaml");
}

#[test]
fn rust() {
    emitted("rust");
}

/// What a target with a base has of its own; the modules are those of the base.
#[test]
fn targets_with_a_base_write_what_it_writes() {
    let money = &ledger()[3];
    let written = |id: &str| contract(money, &DocSet::of(money), &target(id)).unwrap();
    for id in ["aarch64", "avr", "riscv64", "wasm"] {
        let (own, base) = (written(id), written("c"));
        assert_eq!(own.source, base.source, "{id}");
        let differs = own.runner.iter().filter(|it| base.runner.get(it.0) != Some(it.1));
        let said: String = differs.map(|(path, text)| format!("==> {path}\n{text}")).collect();
        insta::assert_snapshot!(format!("base_{id}"), said);
    }
}

/// Chains of values: one contract as all three write it, and what of the others has no room.
#[test]
fn straight_targets() {
    for id in ["smtlib", "verilog", "vhdl"] {
        let target = target(id);
        let mut lost = Vec::new();
        for it in ledger() {
            let output = contract(&it, &DocSet::of(&it), &target).unwrap();
            lost.extend(output.operators.into_iter().filter(|it| it.reason.is_some()));
            if &*it.name == "Ledger.Money" {
                let claims = output.runner.get("test/claims_ledger_money.smt2").cloned().unwrap_or_default();
                insta::assert_snapshot!(format!("{id}_money"), all(&output.source) + &claims);
            }
        }
        insta::assert_debug_snapshot!(format!("{id}_lost"), lost);
    }
}

/// Names that are words of a language, names of what modules use, and names that differ in case only once they are
/// spelt as the language does.
const CLASHES: &str = "contract Names.Clash 1.0.0 layer L1 invalid CLASS;

error CLASS = 1 severity ERROR category input retry no message \"bad\";

record Match {
  class: u8,
  def: u8,
  fn: u8,
  int: u8,
}

record Exact {
  self: u8,
}

/// Reserved everywhere.
pure operator Return(while: Match, exact: Exact, list: u8) -> u16 {
  let static = while.class + while.def + list;
  let struct = while.fn + while.int + exact.self;
  static + struct
}
";

#[test]
fn names_that_clash() {
    let made = contracts(&[("clash", CLASHES.to_owned())]);
    for id in [
        "ada",
        "c",
        "forth",
        "go",
        "haskell",
        "java",
        "javascript",
        "lisp",
        "ocaml",
        "python",
        "rust",
        "smtlib",
        "typescript",
        "verilog",
        "vhdl",
    ] {
        let output = contract(&made[0], &DocSet::of(&made[0]), &target(id)).unwrap();
        assert!(output.operators.iter().all(|it| it.reason.is_none()), "{id}: {:?}", output.operators);
        insta::assert_snapshot!(format!("clashes_{id}"), all(&output.source));
    }
}
