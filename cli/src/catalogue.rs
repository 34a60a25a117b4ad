//! The table of error codes: every error that gx prints has one, and each is explained here once.
//!
//! `gx explain CODE` prints an entry; `docs/errors.md` is generated from the table and a test compares the two.
//! Invariants: codes are sorted, unique and never reused. This file does not know when an error is raised.

mod audit;
mod bundles;
mod contracts;
mod documents;
mod gates;
mod table;

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::LazyLock;

/// Every code, sorted.
pub static CATALOGUE: LazyLock<Vec<Entry>> =
    LazyLock::new(|| [table::ROWS, audit::ROWS, contracts::ROWS, documents::ROWS, gates::ROWS, bundles::ROWS].concat());

/// A code: `GX0123`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Code(pub u16);

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GX{:04}", self.0)
    }
}

impl Code {
    /// Reads `GX0123`, `gx123` or `123`.
    pub fn parse(text: &str) -> Option<Code> {
        let digits = text.strip_prefix("GX").or_else(|| text.strip_prefix("gx")).unwrap_or(text);
        digits.parse().ok().map(Code)
    }

    /// Its entry.
    pub fn entry(self) -> Option<&'static Entry> {
        CATALOGUE.binary_search_by_key(&self, |entry| entry.code).ok().and_then(|at| CATALOGUE.get(at))
    }
}

/// What is to be known of one code.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// The code.
    pub code: Code,
    /// A few words.
    pub title: &'static str,
    /// What it means.
    pub explanation: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
}

const fn entry(code: u16, title: &'static str, explanation: &'static str, remedy: &'static str) -> Entry {
    Entry { code: Code(code), title, explanation, remedy }
}

/// The groups: first two digits and what they are about.
pub const GROUPS: [(u16, &str); 12] = [
    (1, "Workspace and BUILD files"),
    (2, "Analysis"),
    (3, "Actions"),
    (4, "Sandbox"),
    (5, "Store"),
    (6, "Fetches and toolchains"),
    (7, "Daemon"),
    (8, "Command line"),
    (9, "Audit"),
    (10, "Contracts"),
    (11, "Gates"),
    (12, "Releases"),
];

/// The text of `gx explain`.
pub fn explain(entry: &Entry) -> String {
    format!("{}: {}\n\n{}\n\nWhat to do: {}\n", entry.code, entry.title, entry.explanation, entry.remedy)
}

/// The text of `docs/errors.md`.
pub fn document() -> String {
    let mut text = String::from(
        "# Error codes\n\n<!-- Generated from cli/src/catalogue.rs; `UPDATE_DOCS=1 cargo test -p gx` writes it. -->\n\n\
         Every error that gx prints has a code. `gx explain CODE` prints its entry.\n",
    );
    for (group, title) in GROUPS {
        text.push_str(&format!("\n## GX{group:02}xx: {title}\n"));
        for entry in CATALOGUE.iter().filter(|entry| entry.code.0 / 100 == group) {
            text.push_str(&format!(
                "\n### {}: {}\n\n{}\n\n*What to do:* {}\n",
                entry.code, entry.title, entry.explanation, entry.remedy
            ));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_unique_and_in_a_group() {
        assert!(CATALOGUE.windows(2).all(|pair| pair[0].code < pair[1].code));
        let known = |code: &gx_spec::gate::codes::Code| Code(code.number).entry().is_some();
        assert!(gx_spec::gate::codes::CODES.iter().chain(gx_spec::release::codes::CODES).all(known));
        assert!(gx_spec::said::Kind::ALL.iter().all(|kind| Code(kind.code()).entry().is_some()));
        assert!(CATALOGUE.iter().all(|entry| GROUPS.iter().any(|(group, _)| entry.code.0 / 100 == *group)));
    }

    #[test]
    fn a_code_is_read_as_it_is_printed() {
        for entry in CATALOGUE.iter() {
            assert_eq!(Code::parse(&entry.code.to_string()), Some(entry.code));
            assert!(entry.code.entry().is_some());
        }
        assert_eq!(Code::parse("GXabc"), None);
    }

    /// A code that nothing raises would be a promise that nobody keeps.
    #[test]
    fn every_code_is_raised_somewhere() {
        let mut sources = String::new();
        let mut folders = vec![std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                // The rows themselves raise nothing.
                if entry.is_dir() && !entry.ends_with("catalogue") {
                    folders.push(entry);
                } else if entry.extension().is_some_and(|it| it == "rs") && !entry.ends_with("catalogue.rs") {
                    sources.extend(std::fs::read_to_string(entry).unwrap().chars().filter(|c| !c.is_whitespace()));
                }
            }
        }
        // Rules of contracts name their codes themselves.
        let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/../spec/src/rules.rs");
        sources.extend(std::fs::read_to_string(rules).unwrap().chars().filter(|c| !c.is_whitespace()));
        // So do the codes of gates and of documents, with the names that findings show.
        let gates = gx_spec::gate::codes::CODES.iter().chain(gx_spec::release::codes::CODES).map(|code| code.number);
        let named: Vec<u16> = gates.chain(gx_spec::said::Kind::ALL.iter().map(|kind| kind.code())).collect();
        for entry in CATALOGUE.iter().filter(|entry| !named.contains(&entry.code.0)) {
            let code = entry.code.0;
            let forms = [
                format!("({code}"),
                format!("=>{code}"),
                format!("GX{code:04}"),
                format!("{code},"),
                format!("(Code({code}"),
                format!("\"{code}\""),
            ];
            assert!(forms.iter().any(|form| sources.contains(form.as_str())), "nothing raises {}", entry.code);
        }
    }

    #[test]
    fn the_document_is_the_table() {
        crate::testing::same_document("docs/errors.md", &document());
    }
}
