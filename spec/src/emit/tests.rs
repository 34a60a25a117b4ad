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
    add(&root().join("stdlib/targets").join(id), "", &mut texts);
    Target::read(texts).unwrap()
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
fn javascript() {
    emitted("javascript");
}

#[test]
fn python() {
    emitted("python");
}

#[test]
fn rust() {
    emitted("rust");
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
    for id in ["c", "javascript", "python", "rust"] {
        let output = contract(&made[0], &DocSet::of(&made[0]), &target(id)).unwrap();
        assert!(output.operators.iter().all(|it| it.reason.is_none()), "{id}: {:?}", output.operators);
        insta::assert_snapshot!(format!("clashes_{id}"), all(&output.source));
    }
}
