//! Every rule of the language has a program that keeps it and one that breaks it, and matters: switched off, the
//! program that breaks it is not refused by it any more.
//!
//! The programs are `tests/rules/NUMBER/{accepted,rejected}.upel`; rules about versions have a `before.upel` too.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test ends when something is wrong")]

use gx_spec::diagnostic::render;
use gx_spec::diff;
use gx_spec::load::{Loaded, Source, load};
use gx_spec::rules::{Rule, Rules};
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules")
}

fn source(path: &Path) -> Source {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Source { name: path.file_name().unwrap().to_string_lossy().into_owned(), bytes }
}

/// A program with what it may import.
fn loaded(rule: Rule, name: &str, rules: Rules) -> Vec<Loaded> {
    let imports = ["money", "circle"].map(|name| source(&folder().join("imports").join(format!("{name}.upel"))));
    let program = source(&folder().join(rule.number()).join(name));
    load([program].into_iter().chain(imports).collect(), rules, 1)
}

/// The rules that a program breaks, and what is said of it.
fn broken(rule: Rule, name: &str, rules: Rules) -> (Vec<Rule>, String) {
    let files = loaded(rule, name, rules);
    let file = files.first().unwrap();
    let mut broken: Vec<Rule> = file.faults.iter().map(|fault| fault.rule).collect();
    let mut said: String = file.faults.iter().map(|fault| render(fault, name, file.text())).collect();
    let before = folder().join(rule.number()).join("before.upel");
    if before.exists() {
        let before = load(vec![source(&before)], Rules::all(), 1);
        let (old, new) = (before[0].contract.as_ref().unwrap(), file.contract.as_ref().unwrap());
        let diff = diff::diff(old, new);
        for fault in diff.faults.iter().filter(|fault| rules.has(fault.0)) {
            broken.push(fault.0);
            said.push_str(&format!("{}: {}\n", fault.0.number(), fault.1));
        }
    }
    (broken, said)
}

#[test]
fn every_rule_accepts_and_rejects() {
    for rule in Rule::ALL {
        let (faults, said) = broken(*rule, "accepted.upel", Rules::all());
        assert!(faults.is_empty(), "{} ({rule:?}) refuses what it should accept:\n{said}", rule.number());
        let (faults, said) = broken(*rule, "rejected.upel", Rules::all());
        assert!(faults.contains(rule), "{} ({rule:?}) does not refuse: {said}", rule.number());
        assert_eq!(faults.iter().filter(|it| *it != rule).count(), 0, "{}: more than one rule:\n{said}", rule.number());
    }
}

#[test]
fn a_rule_that_is_switched_off_refuses_nothing() {
    for rule in Rule::ALL {
        let (faults, said) = broken(*rule, "rejected.upel", Rules::without(*rule));
        assert!(!faults.contains(rule), "{} is told though it is off:\n{said}", rule.number());
    }
}

#[test]
fn every_folder_is_of_a_rule_and_every_rule_is_in_the_reference() {
    let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/upel.md");
    let reference = std::fs::read_to_string(reference).unwrap();
    for rule in Rule::ALL {
        let row = format!("| {} | {} |", rule.number(), rule.title());
        assert!(reference.contains(&row), "docs/upel.md has no row `{row}`");
    }
    for entry in std::fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        let known = name == "imports" || Rule::ALL.iter().any(|rule| rule.number() == name);
        assert!(known, "tests/rules/{name} is of no rule");
    }
}

/// What is said is part of the product.
#[test]
fn what_is_said_of_each_rejected_program() {
    let said: Vec<String> = Rule::ALL.iter().map(|rule| broken(*rule, "rejected.upel", Rules::all()).1).collect();
    insta::assert_snapshot!(said.join("\n"));
}
