//! `gate`: a gate looks at contracts and files, and writes down what it finds.
//!
//! It never fails for what it finds: its report is always there to be read, and `verdict` fails. Inputs: `contracts`
//! with their `facts`, `imports` of them, `former` with `former_facts`, and files by the part that they play.

use super::{Given, Made, Step};
use crate::gate::{self, Document, Input};
use gx_store::ExecuteError;

pub(super) const STEP: Step = Step {
    name: "gate",
    revision: 3,
    inputs: &[
        "contracts",
        "drift",
        "evidence",
        "facts",
        "former",
        "former_facts",
        "frozen",
        "imports",
        "lock",
        "policy",
        "registry",
        "reports",
        "traces",
        "waivers",
    ],
    outputs: &["report", "twin", "text"],
    arguments: &["gate", "date", "documents", "migrations", "profile"],
    run,
};

/// Files that a gate may look at.
const FILES: [&str; 9] = ["drift", "evidence", "frozen", "lock", "policy", "registry", "reports", "traces", "waivers"];

fn run(given: &Given<'_>) -> Result<Made, ExecuteError> {
    let name = given.word("gate");
    let gate = gate::gate(name).ok_or_else(|| {
        let known: Vec<&str> = gate::GATES.iter().map(|gate| gate.name).collect();
        given.refuse(format!("there is no gate '{name}'; there are {}", known.join(", ")))
    })?;
    let mut input = Input {
        members: given.members("contracts", "facts")?,
        former: given.members("former", "former_facts")?,
        ..Input::default()
    };
    for part in FILES {
        let files = given.files(part)?.into_iter();
        let files: Vec<Document> = files.map(|it| Document { path: it.path, bytes: it.bytes }).collect();
        if !files.is_empty() {
            input.files.insert(part, files);
        }
    }
    for word in ["date", "documents", "migrations", "profile"] {
        input.arguments.insert(word.to_owned(), given.word(word).to_owned());
    }
    let report = gate.report(&input);
    Ok(vec![
        ("report", report.value().encode().into()),
        ("twin", report.twin().into_bytes().into()),
        ("text", report.text().into_bytes().into()),
    ])
}
