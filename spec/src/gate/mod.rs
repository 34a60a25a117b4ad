//! Gates: what must hold of a set of contracts before anything is made of them.
//!
//! Each is a function from meanings, facts and files to findings; none stops at the first. Invariants: a gate's
//! findings depend on its inputs only, never on the order in which contracts are given; the day comes from outside.
//! This folder does not know who runs a gate, nor BUILD files.

mod closure;
pub mod codes;
mod compatibility;
pub(crate) mod conformance;
mod digests;
pub mod drift;
pub mod evidence;
mod failures;
mod interface;
pub mod lock;
mod policy;
mod references;
mod registry;
mod release;
mod replay;
pub mod report;
mod schema;
mod suites;
mod vectors;
pub mod waiver;

use crate::facts::Facts;
use crate::ir::{self, Contract};
use codes::Code;
use report::{Finding, Report};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A contract with what its text says beside its meaning.
#[derive(Debug, Clone)]
pub struct Member {
    /// What it means.
    pub contract: Arc<Contract>,
    /// Where things stand.
    pub facts: Facts,
}

impl Member {
    /// A finding about something of this contract.
    pub fn finding(&self, code: Code, subject: &str, message: impl Into<String>) -> Finding {
        let place = self.facts.place(subject);
        Finding::new(code, &self.facts.file, self.subject(subject), message).at(place)
    }

    /// A subject's full name.
    pub fn subject(&self, subject: &str) -> String {
        match subject {
            "contract" => self.contract.name.to_string(),
            _ => format!("{} {subject}", self.contract.name),
        }
    }
}

/// A file of the workspace, or an output.
#[derive(Debug, Clone)]
pub struct Document {
    /// Its path.
    pub path: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What a gate looks at.
#[derive(Debug, Default)]
pub struct Input {
    /// The contracts, sorted by name and version.
    pub members: Vec<Member>,
    /// The versions that were before, sorted too.
    pub former: Vec<Member>,
    /// Other files, by the part that they play.
    pub files: BTreeMap<&'static str, Vec<Document>>,
    /// Other words.
    pub arguments: BTreeMap<String, String>,
}

impl Input {
    /// The files that play a part.
    pub fn files(&self, part: &str) -> &[Document] {
        self.files.get(part).map_or(&[], Vec::as_slice)
    }

    /// The first of them.
    pub fn file(&self, part: &str) -> Option<&Document> {
        self.files(part).first()
    }

    /// A word; empty when it was not given.
    pub fn argument(&self, name: &str) -> &str {
        self.arguments.get(name).map_or("", String::as_str)
    }
}

/// What a gate gives.
#[derive(Debug, Default)]
pub struct Found {
    /// What is wrong, in any order.
    pub findings: Vec<Finding>,
    /// What was counted.
    pub metrics: BTreeMap<String, u64>,
    /// What was judged on the way, in its order.
    pub verdicts: Vec<(String, String)>,
}

impl Found {
    fn count(&mut self, what: &str, n: usize) {
        self.metrics.insert(what.to_owned(), n as u64);
    }
}

/// A gate.
#[derive(Debug, Clone, Copy)]
pub struct Gate {
    /// Its name.
    pub name: &'static str,
    /// The codes that it finds.
    pub codes: &'static [Code],
    /// How it looks.
    pub look: fn(&Input) -> Found,
}

/// Every gate, by name.
pub const GATES: &[Gate] = &[
    replay::CHECKPOINT,
    closure::GATE,
    compatibility::GATE,
    digests::GATE,
    drift::GATE,
    evidence::GATE,
    failures::FAILURES,
    interface::GATE,
    failures::RECOVERY,
    references::GATE,
    registry::GATE,
    release::GATE,
    replay::REPLAY,
    schema::GATE,
    suites::GATE,
    vectors::GATE,
];

/// The gate of a name.
pub fn gate(name: &str) -> Option<&'static Gate> {
    GATES.iter().find(|gate| gate.name == name)
}

impl Gate {
    /// Looks at an input, and lets waivers take what they are for.
    pub fn report(&self, input: &Input) -> Report {
        let Found { mut findings, mut metrics, verdicts } = (self.look)(input);
        for file in input.files("waivers") {
            waiver::apply(&mut findings, &file.path, &file.bytes, self.codes, input.argument("date"));
        }
        let contracts = input.members.iter().chain(&input.former);
        let mut subjects: BTreeMap<String, String> = contracts
            .map(|it| (format!("{} {}", it.contract.name, it.contract.version), ir::digest(&it.contract).to_string()))
            .collect();
        for file in input.files.values().flatten() {
            subjects.insert(file.path.clone(), gx_store::HashFunction::Blake3.digest(&file.bytes).to_string());
        }
        metrics.insert("contracts".to_owned(), input.members.len() as u64);
        let mut report = Report::new(self.name, subjects, findings);
        report.metrics = metrics;
        report.verdicts = verdicts;
        report
    }
}

/// The line of a text in which something stands first; the first line when it does not.
pub(crate) fn line_of(bytes: &[u8], what: &str) -> (u32, u32) {
    let text = String::from_utf8_lossy(bytes);
    let found = (1u32..).zip(text.lines()).find_map(|(line, text)| Some((line, text.find(what)? as u32 + 1)));
    found.unwrap_or((1, 1))
}
