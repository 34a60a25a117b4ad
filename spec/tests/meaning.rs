//! Every rule of evaluation has a program whose vectors are what the rule says, and one whose vector is what another
//! meaning would give: an interpreter that does otherwise refuses the first, or takes the second.
//!
//! The programs are `tests/meaning/NUMBER/{accepted,rejected}.upel`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends when something is wrong")]

use gx_spec::diagnostic::render;
use gx_spec::load::{Source, load};
use gx_spec::rules::{Rule, Rules};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/meaning")
}

/// The rules of evaluation in the reference, `E1` and so on.
fn numbers() -> Vec<String> {
    let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/upel.md");
    let text = std::fs::read_to_string(reference).unwrap();
    let number = |line: &str| line.strip_prefix("| E")?.split(' ').next()?.parse().ok().map(|n: u32| format!("E{n}"));
    text.lines().filter_map(number).collect()
}

/// The rules that a program breaks, and what is said of it.
fn broken(number: &str, name: &str) -> (Vec<Rule>, String) {
    let path = folder().join(number).join(name);
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let file = load(vec![Source { name: name.to_owned(), bytes }], Rules::all(), 1).remove(0);
    let said = file.faults.iter().map(|fault| render(fault, name, file.text())).collect();
    (file.faults.iter().map(|fault| fault.rule).collect(), said)
}

#[test]
fn every_rule_of_evaluation_is_what_its_programs_say() {
    let numbers = numbers();
    assert!(numbers.len() >= 13, "{numbers:?}");
    let mut all = Vec::new();
    for number in &numbers {
        let (faults, said) = broken(number, "accepted.upel");
        assert!(faults.is_empty(), "{number} refuses what it says:\n{said}");
        let (faults, said) = broken(number, "rejected.upel");
        assert_eq!(faults, [Rule::VectorHolds], "{number} takes another meaning:\n{said}");
        all.push(format!("{number}\n{said}"));
    }
    insta::assert_snapshot!(all.join("\n"));
    let folders: BTreeSet<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(folders, numbers.into_iter().collect(), "a rule without a folder, or a folder without a rule");
}

/// The two programs of a rule differ in one vector: nothing else can be what is refused.
#[test]
fn the_programs_of_a_rule_differ_in_one_line() {
    for number in numbers() {
        let text = |name: &str| std::fs::read_to_string(folder().join(&number).join(name)).unwrap();
        let (accepted, rejected) = (text("accepted.upel"), text("rejected.upel"));
        let other: Vec<(&str, &str)> = accepted.lines().zip(rejected.lines()).filter(|(a, b)| a != b).collect();
        assert_eq!(accepted.lines().count(), rejected.lines().count(), "{number}");
        assert!(other.len() == 1, "{number}: {other:?}");
    }
}
